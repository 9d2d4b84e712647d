/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as sensitive, and what is only called like it. */
#include "author/sensitive.h"

#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static const struct sensitive_places places = {.home = "/home/u", .workspace = "/home/u/src/p"};

static const char *kind(const char *path)
{
    const struct sensitive *row = sensitive_find(&places, path);

    return row ? sensitive_kind_name(row->kind) : "none";
}

TEST(known_places_are_found_by_their_names_and_by_what_is_in_them)
{
    check_string(kind("/home/u/.ssh"), "key");
    check_string(kind("/home/u/.ssh/id_ed25519"), "key");
    check_string(kind("/home/u/.aws/credentials"), "cloud");
    check_string(kind("/home/u/.config/chromium/Default/Cookies"), "browser");
    check_string(kind("/etc/shadow"), "password");
    check_string(kind("/run/docker.sock"), "session");
    check_string(kind("/home/u/src/p/.env"), "token");
    check_string(kind("/srv/deploy/id_rsa"), "key");
}

TEST(what_is_only_called_like_it_is_not)
{
    check_string(kind("/home/u/.sshx"), "none");
    check_string(kind("/home/u/src/.ssh"), "none");
    check_string(kind("/home/u/.config"), "none");
    check_string(kind("/home/u"), "none");
    check_string(kind("/"), "none");
    check_string(kind("/etc/shadowy"), "none");
    check_string(kind("/usr/share/doc/x/.env"), "none");
    check_string(kind("/home/u/src/p/.envrc"), "none");
}

TEST(another_users_home_is_another_users)
{
    struct sensitive_places nobody = {0};
    struct sensitive_places shared = {.home = "/root", .workspace = "/home/x/p"};

    check_string(kind("/home/other/file"), "other user");
    check_string(kind("/root/file"), "other user");
    check_string(kind("/home/u/file"), "none");
    check_string(kind("/home"), "none");
    check(sensitive_find(&nobody, "/home/u/.ssh")->kind == SENSITIVE_OTHER);
    check(sensitive_find(&shared, "/home/x/p/file") == NULL);
    check(sensitive_find(&shared, "/root/file") == NULL);
    check(sensitive_find(&shared, "/home/x/q")->kind == SENSITIVE_OTHER);
}

struct seen {
    unsigned count;
    bool has_ssh, has_shadow;
};

static int visit(const char *path, const struct sensitive *row, void *data)
{
    struct seen *seen = data;

    seen->count++;
    seen->has_ssh = seen->has_ssh || strcmp(path, "/home/u/.ssh") == 0;
    seen->has_shadow = seen->has_shadow || strcmp(path, "/etc/shadow") == 0;
    check(sensitive_find(&places, path) != NULL);
    return seen->count == 500;
}

TEST(what_lies_in_a_tree_is_visited_and_nothing_else)
{
    struct seen home = {0}, etc = {0}, file = {0}, none = {0};

    check_int(sensitive_visit(&places, "/home/u", visit, &home), 0);
    check(home.count > 50 && home.has_ssh && !home.has_shadow);
    check_int(sensitive_visit(&places, "/etc", visit, &etc), 0);
    check(etc.has_shadow && !etc.has_ssh);
    check_int(sensitive_visit(&places, "/home/u/.ssh", visit, &file), 0);
    check_int(file.count, 1);
    check_int(sensitive_visit(&places, "/home/u/.ssh/id_rsa", visit, &none), 0);
    check_int(none.count, 0);
}

TEST(a_pattern_of_the_table_is_one_name_at_any_depth)
{
    size_t count, patterns = 0;
    const struct sensitive *rows = sensitive_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (strchr(rows[i].path, '*')) {
            check(strncmp(rows[i].path, "/**/", 4) == 0 && !strchr(rows[i].path + 4, '/') && !strstr(rows[i].path + 4, "**"));
            patterns++;
        }
    check(patterns > 10);
}

TEST(no_row_is_there_twice)
{
    size_t count;
    const struct sensitive *rows = sensitive_rows(&count);

    for (size_t i = 0; i < count; i++) {
        check(*rows[i].what && strcmp(sensitive_kind_name(rows[i].kind), "unknown") != 0);
        for (size_t j = 0; j < i; j++)
            check(strcmp(rows[i].path, rows[j].path) != 0);
    }
}

static int count_hit(const char *path unused_arg, const struct sensitive *row unused_arg, void *data)
{
    ++*(unsigned *)data;
    return 0;
}

TEST(a_walk_ends_at_its_bounds_and_says_so)
{
    char root[] = "/tmp/cordon-walk.XXXXXX", path[128];
    unsigned count = 0;
    struct sensitive_walk whole = {.places = &places, .left = 1000, .visit = count_hit, .data = &count};
    struct sensitive_walk few = whole, late = whole;

    check(test_make_directory(root) != NULL);
    for (int i = 0; i < 200; i++) {
        snprintf(path, sizeof(path), "%s/%d", root, i);
        check_int(mkdir(path, 0700), 0);
        strcat(path, "/id_rsa");
        test_write_file(path, "", 0600);
    }
    check_int(sensitive_walk(&whole, root), 0);
    check(!whole.is_cut && whole.left == 600);
    check_int(count, 200);
    few.left = 399;
    count = 0;
    check_int(sensitive_walk(&few, root), 0);
    check(few.is_cut && !few.left && count < 200);
    late.until_ns = 1; /* long ago */
    count = 0;
    check_int(sensitive_walk(&late, root), 0);
    check(late.is_cut && count < 200);
}

TEST(a_walk_follows_no_link_and_ends_with_who_is_told)
{
    char root[] = "/tmp/cordon-walk.XXXXXX", path[128];
    unsigned count = 0;
    struct sensitive_walk walk = {.places = &places, .left = 1000, .visit = count_hit, .data = &count};

    check(test_make_directory(root) != NULL);
    snprintf(path, sizeof(path), "%s/a", root);
    check_int(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/b", root);
    check_int(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/a/x.pem", root);
    test_write_file(path, "-----BEGIN PRIVATE KEY-----", 0600);
    snprintf(path, sizeof(path), "%s/b/y.pem", root);
    check_int(symlink("../a/x.pem", path), 0);
    snprintf(path, sizeof(path), "%s/b/z", root);
    check_int(symlink("../a", path), 0);
    check_int(sensitive_walk(&walk, root), 0);
    check_int(count, 1);
    check_int(symlink(root, strcat(path, "0")), 0);
    check_int(sensitive_walk(&walk, path), 0); /* nor the tree itself */
    check_int(count, 1);
}
