/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as sensitive, and what is only called like it. */
#include "author/sensitive.h"
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
