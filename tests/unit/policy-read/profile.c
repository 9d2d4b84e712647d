/* SPDX-License-Identifier: Apache-2.0 */
/* Built-in profiles and how profiles fold. */
#include "policy/read/profile.h"

#include <errno.h>

#include "load.h"
#include "policy/read/reader.h"
#include "test.h"

static struct document *must_load_profile(const char *name)
{
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    if (document_load_profile(test_arena(), name, &test_options, &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return document;
}

static const struct path_rule *find_path(const struct document *document, const char *path)
{
    for (size_t i = 0; i < document->path_count; i++)
        if (strcmp(document->paths[i].path, path) == 0)
            return &document->paths[i];
    return NULL;
}

static bool has_item(const struct string_list *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].text, text) == 0)
            return true;
    return false;
}

TEST(every_profile_loads_alone_and_as_its_text)
{
    static const char *const expected[] = {"base", "shell", "python",      "node",
                                           "git",  "build", "coding-agent", "restricted-host"};
    const char *const *names = profile_names();

    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        const struct document *built_in = must_load_profile(expected[i]), *text;

        check_string(names[i], expected[i]);
        text = must_load(profile_text(names[i]));
        check_int(built_in->path_count, text->path_count);
        check_int(built_in->env_set_count, text->env_set_count);
        check_string(built_in->digest, text->digest);
        check_string(built_in->name, expected[i]);
        check_int(built_in->unsupported_count, 0);
        check(!built_in->file);
    }
    check(!names[ARRAY_COUNT(expected)]);
}

TEST(an_unknown_profile_is_answered_with_all_of_them)
{
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    check(document_load_profile(test_arena(), "x", &test_options, &document, &err) < 0);
    check_string(err.text, "no profile 'x'; cordon policy profiles lists them");
    check(!profile_text("x"));
    must_refuse(NATIVE "extends: [bsae]\n",
                "p.yaml:2:11: extends[0]: no profile 'bsae'; expected one of base, shell, python, "
                "node, git, build, coding-agent, restricted-host");
}

TEST(coding_agent_grants_the_workspace_and_protects_it)
{
    const struct document *d = must_load_profile("coding-agent");
    const struct path_rule *workspace = find_path(d, "/work/space");

    check(workspace && workspace->kind == PATH_READWRITE && !workspace->is_optional);
    check_string(workspace->origin.layer, "profile coding-agent");
    check_string(workspace->origin.member, "filesystem.readwritePaths[0]");
    check(!workspace->origin.file && workspace->origin.line);
    check_int(find_path(d, "/usr")->kind, PATH_READONLY);
    check_string(find_path(d, "/usr")->origin.layer, "profile base");
    check_int(d->protect_builtin.value, 1);
    check_int(d->toolchains.value, 1);
    check_int(find_path(d, "/home/u/.cache")->kind, PATH_CACHE);
    check_int(d->allow_loss.count, 0);
    check_int(d->network.loopback.value, 1);
    check(d->network.egress_default.is_set && !d->network.egress_default.value);
}

/* Only the workspace and the private caches are writable, and nothing is granted that holds
 * credentials or sockets of the host. */
TEST(no_profile_opens_what_identifies_or_authenticates_the_user)
{
    static const char *const never[] = {
        "/",
        "/etc",
        "/root",
        "/home",
        "/home/u",
        "/home/u/.ssh",
        "/run",
        "/var",
        "/var/run",
        "/tmp",
        "/dev",
        "/proc",
        "/sys",
        "/etc/shadow",
        "/etc/gshadow",
        "/etc/sudoers",
        "/etc/machine-id",
        "/etc/ssh",
        "/etc/ssl",
        "/etc/ssl/private",
        "/etc/pki",
        "/etc/environment",
        "/etc/gitconfig",
        "/etc/npmrc",
        "/etc/pip.conf",
        "/etc/krb5.keytab",
        "/home/u/.gitconfig",
        "/home/u/.npmrc",
        "/home/u/.config",
        "/home/u/.cargo",
    };
    const struct document *d = must_load_profile("coding-agent");

    for (size_t i = 0; i < ARRAY_COUNT(never); i++)
        if (find_path(d, never[i]))
            test_fail(__FILE__, __LINE__, "%s is granted", never[i]);
    for (size_t i = 0; i < d->path_count; i++)
        check(d->paths[i].kind == PATH_READONLY || d->paths[i].kind == PATH_CACHE ||
              strcmp(d->paths[i].path, "/work/space") == 0);
    check_int(d->unix_sockets.count + d->devices.count + d->view_count, 0);
}

TEST(no_profile_inherits_what_names_code_sockets_or_credentials)
{
    static const char *const never[] = {
        "SSH_AUTH_SOCK",
        "DBUS_SESSION_BUS_ADDRESS",
        "DISPLAY",
        "WAYLAND_DISPLAY",
        "XAUTHORITY",
        "XDG_RUNTIME_DIR",
        "LD_PRELOAD",
        "LD_LIBRARY_PATH",
        "BASH_ENV",
        "ENV",
        "PYTHONPATH",
        "PYTHONSTARTUP",
        "NODE_OPTIONS",
        "NODE_PATH",
        "PERL5LIB",
        "GIT_SSH_COMMAND",
        "GIT_ASKPASS",
        "EDITOR",
        "PAGER",
        "http_proxy",
        "HTTPS_PROXY",
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "ANTHROPIC_API_KEY",
        "OPENAI_API_KEY",
        "NPM_TOKEN",
        "HOME",
    };
    const struct document *d = must_load_profile("coding-agent");

    for (size_t i = 0; i < ARRAY_COUNT(never); i++)
        for (size_t j = 0; j < d->env_inherit.count; j++) {
            const char *pattern = d->env_inherit.items[j].text;
            size_t length = strcspn(pattern, "*");

            if (strncmp(never[i], pattern, length) == 0 &&
                (pattern[length] == '*' || !never[i][length]))
                test_fail(__FILE__, __LINE__, "%s is inherited by %s", never[i], pattern);
        }
    check(has_item(&d->env_inherit, "PATH") && has_item(&d->env_inherit, "LC_*"));
}

TEST(a_document_comes_after_the_profiles_that_it_extends)
{
    const struct document *d =
        must_load(NATIVE "extends: [coding-agent]\nnetwork: {loopback: deny}\n"
                         "filesystem: {toolchains: none, readonlyPaths: [/srv]}\n"
                         "environment: {set: {EMAIL: me@example.org}, inherit: [EXTRA]}\n");
    size_t emails = 0;

    check_int(d->network.loopback.value, 0);
    check_string(d->network.loopback.origin.layer, "document");
    check_int(d->toolchains.value, 0);
    check(find_path(d, "/srv") && find_path(d, "/usr"));
    check(has_item(&d->env_inherit, "EXTRA") && has_item(&d->env_inherit, "PATH"));
    for (size_t i = 0; i < d->env_set_count; i++)
        if (strcmp(d->env_set[i].name, "EMAIL") == 0) {
            check_string(d->env_set[i].value, "me@example.org");
            emails++;
        }
    check_int(emails, 1);
    check_string(d->name, "p");
}

TEST(a_profile_counts_once_however_often_it_is_extended)
{
    const struct document *once = must_load(NATIVE "extends: [python]\n");
    const struct document *twice = must_load(NATIVE "extends: [python, base, python]\n");

    check_int(twice->path_count, once->path_count);
    check_int(twice->env_inherit.count, once->env_inherit.count);
}

/* Profiles of the test's own, because no built-in one is wrong. */
static int load_with(const struct profile_set *set, struct error *err)
{
    struct document document = {0};
    struct reader reader = {.arena = test_arena(),
                            .document = &document,
                            .options = &test_options,
                            .profiles = set,
                            .name = "t",
                            .layer = "document",
                            .err = err};
    const char *text = NATIVE "extends: [p0]\n";
    struct node *root;

    check_int(node_read(test_arena(), "t", text, strlen(text), NODE_YAML, &root, err), 0);
    return reader_read_document(&reader, root);
}

static void make_profiles(struct profile *profiles, size_t count, size_t last_extends)
{
    for (size_t i = 0; i < count; i++) {
        char *text = arena_printf(test_arena(), NATIVE "extends: [p%zu]\n",
                                  i + 1 < count ? i + 1 : last_extends);
        struct node *root;
        struct error err;

        if (i + 1 == count && last_extends >= count)
            text = arena_string(test_arena(), NATIVE);
        check_int(node_read(test_arena(), "t", text, strlen(text), NODE_YAML, &root, &err), 0);
        profiles[i] = (struct profile){.name = arena_printf(test_arena(), "p%zu", i), .root = root};
    }
}

TEST(profiles_that_extend_themselves_are_refused)
{
    struct profile profiles[3];
    const struct profile_set set = {profiles, 3}, alone = {profiles, 1};
    struct error err = ERROR_INIT;

    make_profiles(profiles, 3, 0);
    check_int(load_with(&set, &err), -EINVAL);
    check_string(err.text, "profile p2:2:11: extends[0]: profile 'p0' extends itself");
    make_profiles(profiles, 1, 0);
    check_int(load_with(&alone, &err), -EINVAL);
    check_string(err.text, "profile p0:2:11: extends[0]: profile 'p0' extends itself");
}

TEST(profiles_as_deep_as_the_bound_fold_and_one_deeper_does_not)
{
    struct profile profiles[PROFILE_DEPTH_MAX + 1];
    struct profile_set set = {profiles, PROFILE_DEPTH_MAX};
    struct error err = ERROR_INIT;

    make_profiles(profiles, set.count, set.count);
    check_int(load_with(&set, &err), 0);
    set.count++;
    make_profiles(profiles, set.count, set.count);
    check_int(load_with(&set, &err), -EINVAL);
    check_contains(err.text, "profiles extend each other more than 8 deep");
}

static int load_profile_once(void)
{
    struct arena *arena auto_arena = arena_new();
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    if (!arena)
        return -ENOMEM;
    return document_load_profile(arena, "coding-agent", &test_options, &document, &err);
}

TEST(a_profile_that_runs_out_of_memory_is_given_up_whole)
{
    test_each_allocation_fails(load_profile_once, 500);
}
