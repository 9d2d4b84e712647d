/* SPDX-License-Identifier: Apache-2.0 */
/* Who commits: what is read of a git configuration, and which source ranks before which. */
#include "sdk/git_identity.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/git_config.h"
#include "test.h"

static struct arena *arena;
static char root[] = "/tmp/cordon-unit-git-XXXXXX";

static const char *user_of(const char *text, const char *key)
{
    const char *value = "untouched";

    check_int(git_config_value(arena, text, "user", key, &value, NULL), 0);
    return value;
}

static void write_below(const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    test_write_file(path, text, 0600);
}

static void make_below(const char *name)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    check_int(mkdir(path, 0700), 0);
}

TEST(name_and_address_are_read_as_git_reads_them)
{
    arena = arena_new();
    check_string(user_of("[user]\n\tname = Ada L. # comment\n", "name"), "Ada L.");
    check_string(user_of("[USER]\n  Name=\"A # \\\"B\\\"\"  \n", "name"), "A # \"B\"");
    check_string(user_of("[user]\nemail = old@x\n[core]\na=b\n[user]\nemail=new@x ; c\n", "email"), "new@x");
    arena_free(arena);
}

TEST(nothing_else_of_a_configuration_is_taken_for_it)
{
    arena = arena_new();
    check(user_of("[credential]\nname = secret\n[user \"x\"]\nname = other\n", "name") == NULL);
    check(user_of("[user]\nnamespace = x\nname\nsigningkey = k\n", "name") == NULL);
    check(user_of("name = early\n[user]\n", "name") == NULL);
    check(user_of("", "email") == NULL);
    arena_free(arena);
}

static const char *const *environment_for(const char *const *environment, bool is_inherited)
{
    static struct string_item item = {.text = "GIT_AUTHOR_NAME"};
    static struct document document;
    static struct document *layers[] = {&document};
    struct policy policy = {.layers = layers, .layer_count = 1};
    struct places places = {.user = "ada", .home = root};
    const char *const *result;
    char workspace[256];

    document.env_inherit = (struct string_list){.items = &item, .count = is_inherited};
    snprintf(workspace, sizeof(workspace), "%s/ws", root);
    check_int(git_identity_add(arena, &policy, &places, workspace, environment, &result, NULL), 0);
    return result;
}

TEST(sources_rank_and_a_repository_s_own_identity_is_left_to_git)
{
    static const char *const bare[] = {"PATH=/bin", NULL};
    static const char *const said[] = {"GIT_AUTHOR_NAME=Said", NULL};
    const char *const *result;

    arena = arena_new();
    check(test_make_directory(root) != NULL);
    make_below("ws");
    make_below("ws/.git");
    write_below(".gitconfig", "[user]\n name = From Home\n[credential]\n helper = secret\n");
    result = environment_for(bare, true);
    check_string(environment_get(result, "GIT_AUTHOR_NAME"), "From Home");
    check_string(environment_get(result, "GIT_COMMITTER_EMAIL"), "ada@cordon.invalid");
    check_string(environment_get(environment_for(said, true), "GIT_AUTHOR_NAME"), "Said");
    check(environment_for(bare, false) == bare);
    write_below("ws/.git/config", "[user]\n name = Repository\n");
    result = environment_for(bare, true);
    check(environment_get(result, "GIT_AUTHOR_NAME") == NULL);
    check_string(environment_get(result, "GIT_AUTHOR_EMAIL"), "ada@cordon.invalid");
    arena_free(arena);
}
