/* SPDX-License-Identifier: Apache-2.0 */
/* What a run left behind, over a tier whose notes are directories of the test's own. */
#include "sdk/findings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "runs.h"
#include "sdk/git_keys.h"
#include "test.h"

/* ---- the table ---- */

static char found[4096];

static int find_entry(const struct git_config_entry *entry, void *data)
{
    const struct git_key *row = git_key_find(entry);

    if (row)
        snprintf(found + strlen(found), sizeof(found) - strlen(found), "%s.%s ", entry->section, entry->key);
    return 0;
}

static const char *judge(const char *text)
{
    found[0] = '\0';
    check_int(git_config_each(text, strlen(text), find_entry, NULL, NULL), 0);
    return found;
}

TEST(each_row_is_found_where_git_reads_it_and_not_elsewhere)
{
    static const char *const values[] = {[GIT_ANY] = "x",      [GIT_SHELL] = "!x",    [GIT_NOT_BOOL] = "x",
                                         [GIT_NOT_OFF] = "always", [GIT_HELPER] = "ext::x", [GIT_DIRECTORY] = "/x"};
    size_t count;
    const struct git_key *rows = git_keys(&count);

    check(count > 60);
    for (size_t i = 0; i < count; i++) {
        const struct git_key *row = &rows[i];
        const char *key = row->key ? row->key : "some";
        char text[256], name[128];

        snprintf(name, sizeof(name), "%s.%s ", row->section, key);
        snprintf(text, sizeof(text), "[%s]\n%s = %s\n", row->section, key, values[row->value]);
        check_string(judge(text), row->has_none ? name : "");
        snprintf(text, sizeof(text), "[%s \"A b\"]\n%s = %s\n", row->section, key, values[row->value]);
        check_string(judge(text), row->has_any ? name : "");
        snprintf(text, sizeof(text), "[x%s]\n%s = %s\n[%s]\n%s =\n%s\n", row->section, key, values[row->value],
                 row->section, key, key);
        check_string(judge(text), "");
    }
}

TEST(what_a_clone_and_a_submodule_say_is_harmless)
{
    check_string(judge("[core]\nrepositoryformatversion = 0\nfilemode = true\nbare = false\nlogallrefupdates = true\n"
                       "fsmonitor = true\n[remote \"origin\"]\nurl = https://example.org/x.git\n"
                       "fetch = +refs/heads/*:refs/remotes/origin/*\n[branch \"main\"]\nremote = origin\n"
                       "merge = refs/heads/main\n[submodule \"s\"]\nactive = true\nurl = ../s\nupdate = rebase\n"
                       "[user]\nname = A\nemail = a@b\n[alias]\nst = status\n[pager]\nlog = false\n"
                       "[protocol \"ext\"]\nallow = never\n[remote \"r\"]\nurl = git@host:a::b\n[extensions]\n"
                       "worktreeConfig = true\n[diff]\ntool = meld\n"),
                 "");
}

TEST(a_number_that_git_does_not_take_for_yes_or_no_is_a_command)
{
    check_string(judge("[core]\nfsmonitor = 0\nfsmonitor = 2\nfsmonitor = 999999999\n[pager]\nlog = 1\n"), "");
    check_string(judge("[core]\nfsmonitor = 08\n[pager]\nlog = 99999999999\n"), "core.fsmonitor pager.log ");
}

TEST(a_helper_s_name_is_what_git_takes_for_one)
{
    check_string(judge("[remote \"a\"]\nurl = a+b.c-1::x\n"), "remote.url ");
    check_string(judge("[remote \"a\"]\nurl = ::x\nurl = a/b::x\nurl = a:b::x\n"), "");
}

/* ---- a run ---- */

static char *findings_text;

static int note(const char *path, enum tier_note_kind kind)
{
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

    check(fd >= 0);
    fake_script.notes[fake_script.note_count++] = (struct tier_note){kind, fd};
    return fd;
}

/* Run, and leave what was found in `findings_text`. */
static void look(enum cordon_format format)
{
    struct cordon_container *container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);

    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(cordon_container_findings(container, format, &findings_text, &err), 0);
    check_int(status.flags & CORDON_STATUS_FINDINGS ? 1 : 0, findings_text[0] && !strstr(findings_text, "[]"));
    cordon_container_free(container);
    for (size_t i = 0; i < fake_script.note_count; i++)
        if (fake_script.notes[i].directory >= 0)
            close(fake_script.notes[i].directory);
}

static void close_all(void)
{
    cordon_string_free(findings_text);
    fixture_close();
}

static void shell(const char *command)
{
    check_int(system(command), 0);
}

TEST(a_key_is_reported_with_file_value_and_remedy)
{
    const char *root = fixture_open();
    char text[512];

    shell("mkdir -p a/.git && printf '[core]\\n\\tfsmonitor = rm \\033[1m\\n' >a/.git/config");
    note("a/.git", TIER_NOTE_PARTS);
    look(CORDON_TEXT);
    snprintf(text, sizeof(text),
             "cordon: %s/work/a/.git/config: core.fsmonitor = rm \\x1b[1m: git runs it at git status and most other commands; "
             "to undo: git config --file %s/work/a/.git/config --unset-all core.fsmonitor\n",
             root, root);
    check_string(findings_text, text);
    check_events("\"type\":\"run.finding\",\"kind\":\"git.key\"");
    check_events("\"key\":\"core.fsmonitor\",\"value\":\"rm \\u001b[1m\",\"valueIsCut\":false");
    close_all();
}

TEST(a_key_in_a_name_that_ends_at_a_nul_is_reported)
{
    fixture_open();
    shell("mkdir -p a/.git && printf '[core \"fsmonitor\\000z\"]\\n\\tx = rm\\n' >a/.git/config");
    note("a/.git", TIER_NOTE_PARTS);
    look(CORDON_TEXT);
    check_contains(findings_text, "core.fsmonitor = rm: git runs it at git status");
    check_contains(findings_text, "to undo: remove it from the file\n"); /* git config --unset does not find it */
    close_all();
}

TEST(a_clean_repository_and_one_that_was_removed_are_nobody_s_business)
{
    fixture_open();
    shell("mkdir -p a b c && printf '[core]\\nbare = false\\n' >a/config");
    note("a", TIER_NOTE_PARTS);
    note("b", TIER_NOTE_PARTS);
    note("c", TIER_NOTE_NAME);
    shell("rmdir b");
    look(CORDON_TEXT);
    check_string(findings_text, "");
    check_events("\"kind\":\"git.removed\"");
    close_all();
}

TEST(a_directory_is_found_by_its_name_of_the_end)
{
    fixture_open();
    shell("mkdir -p x/y/.git && echo '[core]pager=p' >x/y/.git/config");
    note("x/y/.git", TIER_NOTE_PARTS);
    shell("mv x z");
    look(CORDON_JSON);
    check_contains(findings_text, "/work/z/y/.git/config\",\"key\":\"core.pager\",\"value\":\"p\"");
    close_all();
}

TEST(what_cannot_be_read_is_said_and_not_followed)
{
    fixture_open();
    shell("mkdir -p l f g h d && echo '[core]pager=outside' >real && ln -s ../real l/config && mkfifo f/config &&"
          "head -c 300000 /dev/zero >g/config && mkdir h/config && echo '[core]pager=w' >d/config.worktree");
    note("l", TIER_NOTE_PARTS);
    note("f", TIER_NOTE_PARTS);
    note("g", TIER_NOTE_PARTS);
    note("h", TIER_NOTE_PARTS);
    look(CORDON_TEXT);
    check_contains(findings_text, "/l/config: it is a symbolic link");
    check_contains(findings_text, "/f/config: it is no regular file");
    check_contains(findings_text, "/g/config: it is too large");
    check_contains(findings_text, "/h/config: it is no regular file");
    check(!strstr(findings_text, "outside"));
    close_all();
}

TEST(a_work_tree_s_own_configuration_counts)
{
    fixture_open();
    shell("mkdir d && echo '[core]pager=w' >d/config.worktree && echo '[core]pager=c' >d/config");
    note("d", TIER_NOTE_NAME);
    look(CORDON_TEXT);
    check_contains(findings_text, "/d/config.worktree: core.pager = w");
    check(!strstr(findings_text, "/d/config:"));
    close_all();
}

TEST(a_work_tree_counts_when_it_leads_out)
{
    fixture_open();
    shell("mkdir -p in out link sub && echo '[core]worktree=../sub' >in/config && echo '[core]worktree=../../..' >out/config &&"
          "ln -s /usr away && echo '[core]worktree=../away' >link/config");
    note("in", TIER_NOTE_PARTS);
    note("out", TIER_NOTE_PARTS);
    note("link", TIER_NOTE_PARTS);
    look(CORDON_TEXT);
    check(!strstr(findings_text, "/in/config"));
    check_contains(findings_text, "/out/config: core.worktree = ../../..");
    check_contains(findings_text, "/link/config: core.worktree = ../away");
    close_all();
}

TEST(hooks_that_the_run_made_count_and_the_caller_s_own_do_not)
{
    struct findings findings = {0};
    struct plan plan = {0};
    struct tier_note one = {.kind = TIER_NOTE_PARTS};

    fixture_open();
    shell("mkdir -p r/hooks && : >r/config && echo >r/hooks/pre-commit && chmod 700 r/hooks/pre-commit &&"
          "echo >r/hooks/a.sample && chmod 700 r/hooks/a.sample && echo >r/hooks/plain");
    one.directory = open("r", O_PATH | O_CLOEXEC);
    check_int(findings_look(&plan, &one, 1, 0, &findings, &*(struct error[]){ERROR_INIT}), 0);
    check_int(findings.count, 1);
    check_string(findings.items[0].kind, "git.hook");
    check_contains(findings.items[0].path, "/r/hooks/pre-commit");
    findings_finish(&findings);
    check_int(findings_look(&plan, &one, 1, clock_real_ns() + NS_PER_S, &findings, &*(struct error[]){ERROR_INIT}), 0);
    check_int(findings.count, 0);
    findings_finish(&findings);
    close(one.directory);
    fixture_close();
}

TEST(more_than_is_shown_is_said)
{
    fixture_open();
    shell("mkdir r && { echo '[alias]'; i=0; while [ $i -lt 100 ]; do echo \"a$i = !x\"; i=$((i+1)); done; } >r/config");
    note("r", TIER_NOTE_PARTS);
    fake_script.notes[fake_script.note_count++] = (struct tier_note){TIER_NOTE_MORE, -1};
    look(CORDON_TEXT);
    check_contains(findings_text, "alias.a63 = !x");
    check(!strstr(findings_text, "alias.a64 = !x"));
    check_contains(findings_text, "there is more of this kind than is shown");
    close_all();
}

TEST(a_directory_that_did_not_arrive_is_said)
{
    fixture_open();
    fake_script.notes[fake_script.note_count++] = (struct tier_note){TIER_NOTE_PARTS, -1};
    fake_script.notes[fake_script.note_count++] = (struct tier_note){TIER_NOTE_MORE, -1};
    look(CORDON_TEXT);
    check_contains(findings_text, "could not be looked at");
    check_contains(findings_text, "more repositories than are looked at");
    close_all();
}

TEST(a_run_that_is_given_up_says_that_nobody_looked)
{
    struct cordon_container *container;

    fixture_open();
    fake_script.runs_forever = true;
    container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);
    check_int(cordon_container_findings(container, CORDON_TEXT, &findings_text, &err), -EAGAIN);
    fake_script.notes[fake_script.note_count++] = (struct tier_note){TIER_NOTE_PARTS, -1};
    cordon_container_free(container);
    check_events("\"type\":\"run.finding\",\"kind\":\"git.unread\"");
    check_events("\"end\":\"abandoned\"");
    fixture_close();
}

static int attempt(void)
{
    struct findings findings = {0};
    struct plan plan = {0};
    struct tier_note one = {.kind = TIER_NOTE_PARTS, .directory = open("r", O_PATH | O_CLOEXEC)};
    int result = findings_look(&plan, &one, 1, 0, &findings, &*(struct error[]){ERROR_INIT});

    findings_finish(&findings);
    close(one.directory);
    return result;
}

TEST(looking_fails_cleanly_without_memory)
{
    fixture_open();
    shell("mkdir -p r/hooks && echo '[core]worktree=../x' >r/config && echo '[alias]a=!b' >>r/config && ln -s x r/hooks/y");
    test_each_allocation_fails(attempt, 100);
    fixture_close();
}
