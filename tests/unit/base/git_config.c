/* SPDX-License-Identifier: Apache-2.0 */
#include "base/git_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* ---- every entry ---- */

static char listed[65536];
static size_t listed_length;

/* As `git config --list -z` writes it. */
static int list_entry(const struct git_config_entry *entry, void *data)
{
    int length = snprintf(listed + listed_length, sizeof(listed) - listed_length, "%s%s%s.%s%s%s", entry->section,
                          entry->subsection ? "." : "", entry->subsection ? entry->subsection : "", entry->key,
                          entry->value ? "\n" : "", entry->value ? entry->value : "");

    listed_length += (size_t)length + 1;
    return 0;
}

static const char *list(const char *text, size_t size)
{
    memset(listed, '|', sizeof(listed));
    listed_length = 0;
    check_int(git_config_each(text, size, list_entry, NULL, NULL), 0);
    for (size_t i = 0; i + 1 < listed_length; i++)
        if (!listed[i])
            listed[i] = '|';
    listed[listed_length] = '\0';
    return listed;
}

/* Of a text that may hold NUL. */
#define LIST(text) list(text, sizeof(text) - 1)

TEST(every_entry_is_given_with_its_subsection)
{
    check_string(LIST("[core]\nbare\n[Alias]St = !x\n[diff \"A.b\"]\ncommand=c\n[Filter.X]Clean=d"),
                 "core.bare|alias.st\n!x|diff.A.b.command\nc|filter.x.clean\nd");
    check_string(LIST("[a \"b\\\"c\\\\d\"] e = f\n"), "a.b\"c\\d.e\nf");
    check_string(LIST("[core] a = b\n[core]# c\n\td=e"), "core.a\nb|core.d\ne");
}

TEST(nothing_hides_behind_what_git_refuses_or_passes_over)
{
    check_string(LIST("# \0\n[core]\npager = x\n"), "core.pager\nx");
    check_string(LIST("[core]\npager = x\0y\neditor=z\n"), "core.pager\nx|core.editor\nz");
    check_string(LIST("[core]\n=\n1a=b\nc d\npager = x"), "core.pager\nx");
    check_string(LIST("[core\n[x \"\n[core]pager=x"), "core.pager\nx");
    check_string(LIST("[core]\npager = \"x\neditor=y"), "core.pager\nx|core.editor\ny");
    check_string(LIST("[core]\r\npager = x\\\r\ny\r\n"), "core.pager\nxy");
    check_string(LIST(""), "");
}

/* git puts the parts of a name together to a string that ends at the NUL, so what is below says what the section names. */
TEST(a_name_ends_at_a_nul_in_its_subsection)
{
    check_string(LIST("[core \"fsmonitor\0z\"]\nx = rm\n y\n[core] pager = p\n"), "core.fsmonitor\nrm|core.fsmonitor|core.pager\np");
    check_string(LIST("[Filter \"a.B.Clean\0\"]\nx = c\n"), "filter.a.B.clean\nc");
    check_string(LIST("[diff.x \"Y.command\0.z\"]\nx = c\n"), "diff.x.Y.command\nc");
    check_string(LIST("[core \"\0pager\"]\nx = p\n"), "core.\np");
    check_string(LIST("[core \"pager\0\nx = p\n"), ".x\np");
    check_string(LIST("[core \"pager\0\"] #]\n[alias \"a\"]\nst = !x\n"), "alias.a.st\n!x");
}

/* Before 2.46 git made every blank within a value a space. */
static const char *with_spaces(char *text)
{
    for (char *at = text; *at; at++)
        if (*at == '\t' || *at == '\r')
            *at = ' ';
    return text;
}

/* The same as git's own, for random texts of what matters to the syntax; what git refuses whole is passed over. */
TEST(random_texts_are_read_as_git_reads_them)
{
    static const char *const pieces[] = {"\nK-1=", "\n[Core]", "\n[x \"Y\"] a =", "\n[B.c]\nd", "\nk = \"", "\"", "\"", " ", "\t",
                                         "#", ";", "a", "B.c", "\r\n", "\\\n", "\\n", "\\\"", "!", "\r", "1", "]", "[", "\\"};
    char path[] = "/tmp/cordon-unit-XXXXXX", command[128], theirs[65536];
    int fd = mkstemp(path), accepted = 0;
    unsigned seed = 12345;

    check(fd >= 0);
    if (system("git --version >/dev/null 2>&1") != 0)
        test_skip("git");
    for (int round = 0; round < 400; round++) {
        char text[512] = "[s]\n";
        size_t size = 4, got;
        FILE *pipe;

        for (int i = 0; i < 6; i++) {
            const char *piece = pieces[rand_r(&seed) % ARRAY_COUNT(pieces)];

            size += (size_t)snprintf(text + size, sizeof(text) - size, "%s", piece);
        }
        check_int(ftruncate(fd, 0), 0);
        check_int(pwrite(fd, text, size, 0), (long)size);
        snprintf(command, sizeof(command), "git config --file %s --list -z 2>/dev/null", path);
        pipe = popen(command, "r");
        check(pipe != NULL);
        got = fread(theirs, 1, sizeof(theirs) - 1, pipe);
        if (pclose(pipe) != 0)
            continue;
        accepted++;
        for (size_t i = 0; i + 1 < got; i++)
            if (!theirs[i])
                theirs[i] = '|';
        theirs[got] = '\0';
        list(text, size);
        check_string(with_spaces(listed), with_spaces(theirs));
    }
    check(accepted > 40);
    close(fd);
    unlink(path);
}
