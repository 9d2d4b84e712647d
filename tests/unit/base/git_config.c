/* SPDX-License-Identifier: Apache-2.0 */
#include "base/git_config.h"

#include "test.h"

static struct arena *arena;

static const char *path_of(const char *text)
{
    const char *value = "unset";

    check_int(git_config_value(arena, text, "core", "hooksPath", &value, NULL), 0);
    return value;
}

TEST(a_value_is_read_as_git_reads_it)
{
    arena = arena_new();
    check_string(path_of("[core]\n\thooksPath = .githooks # ours\n"), ".githooks");
    check_string(path_of("[CORE] HOOKSPATH=a b ; c\n"), "a b");
    check_string(path_of("\t[core]\r\n hookspath = \"a # \\\"b\\\"\"  \r\n"), "a # \"b\"");
    check_string(path_of("[core]\nhooksPath=one\n[x]\n[core]\nhooksPath = two"), "two");
    check_string(path_of("[core]\nhooksPath = a\\\nb\n"), "ab");
    check_string(path_of("[core]\nhooksPath = a\\\r\nb\\tc\n"), "ab\tc");
    check_string(path_of("[core]\nx = y\\\n\nhooksPath = z\n"), "z");
    check_string(path_of("\xef\xbb\xbf[core]\nhooksPath = a\n"), "a");
    check_string(path_of("[core]\nhooksPath = \\\n h\n"), "h");
    check_string(path_of("[core]\nhooksPath = a \\\n  b\n"), "a   b");
    check_string(path_of("[core]\nhooksPath = \"\"\\\n  b\n"), "b");
    check_string(path_of("[core]\nhooksPath = \"a\\\n  b\"\n"), "a  b");
    check_string(path_of("[core]\nhooksPath = a\vb\v\n"), "a\vb\v");
    check_string(path_of("[core]\nhooksPath\t =\r a\n"), "a");
    check_string(path_of("[core]\nhooksPath = h \\\n\n"), "h ");
    check_string(path_of("[core]\nhooksPath = h \"\" # c\n"), "h ");
    check_string(path_of("[core]\nhooksPath = h # c\n"), "h");
    arena_free(arena);
}

TEST(another_section_a_subsection_and_a_comment_are_not_it)
{
    arena = arena_new();
    check(!path_of("[core \"x\"]\nhooksPath = a\n"));
    check(!path_of("[core.x]\nhooksPath = a\n"));
    check(!path_of("[a \"]\\\"[core]\"]\nhooksPath = a\n"));
    check(!path_of("[core]\n# hooksPath = a\n;hooksPath = a\nhooksPath\nhooksPathX = a\n"));
    check(!path_of("[core]\nx = y\\\nhooksPath = a\n"));
    check(!path_of("hooksPath = early\n[core]\n"));
    check(!path_of("[core]\nhooksPath =\n"));
    check(!path_of("[core"));
    check(!path_of(""));
    arena_free(arena);
}

static int attempt(void)
{
    struct arena *own = arena_new();
    const char *value;
    int status = own ? git_config_value(own, "[core]\na=b\n", "core", "a", &value, NULL) : -12;

    arena_free(own);
    return status;
}

TEST(a_value_fails_cleanly_without_memory)
{
    test_each_allocation_fails(attempt, 10);
}
