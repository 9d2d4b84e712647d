/* SPDX-License-Identifier: Apache-2.0 */
/* WSL: Windows' drives come in only where a rule names something in them; its programs are not started. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "test.h"

static struct fixture f;
static char mountinfo[512];

/* @/data/c is a drive, as WSL 2 mounts it; @/ws and @/data are not. */
static void open_wsl(bool is_wsl)
{
    auto_text struct text text = {0};

    fixture_open(&f);
    make_directory(&f, "data");
    make_directory(&f, "data/c");
    make_directory(&f, "data/c/project");
    text_printf(&text, "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / %s/data/c rw - 9p C:\\134 rw,aname=drvfs;path=C:\\\n",
                f.root);
    check(text.length < sizeof(mountinfo));
    memcpy(mountinfo, text.data, text.length + 1);
    f.options.mounts = mountinfo;
    f.facts.is_wsl = f.facts.has_windows_interop = is_wsl;
    f.facts.own_formats = is_wsl;
}

static const struct plan_statement *statement(const char *subject)
{
    for (size_t i = 0; i < f.plan->statement_count; i++)
        if (strcmp(f.plan->statements[i].subject, subject) == 0)
            return &f.plan->statements[i];
    return NULL;
}

TEST(a_drive_of_windows_does_not_come_in_with_what_is_above_it)
{
    open_wsl(true);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "data"), "bind ro");
    check_string(what_is_at(&f, "data/c"), "mask");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "data/c"), "mask");
    fixture_close(&f);
}

TEST(a_drive_that_is_named_or_a_directory_in_it_is_granted)
{
    open_wsl(true);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/data/c\"]\n");
    check_string(what_is_at(&f, "data/c"), "bind ro");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/data/c/project\"]\n");
    check_string(what_is_at(&f, "data/c/project"), "bind rw");
    check_string(what_is_at(&f, "data/c"), "directory"); /* on the way, with nothing else in it */
    fixture_close(&f);
}

TEST(a_grant_above_a_drive_beside_one_in_it_is_refused)
{
    open_wsl(true);
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/data\"]\n  readwritePaths: [\"@/data/c/project\"]\n"),
                   "name directories instead of");
    check_contains(refusal_of(&f, "filesystem:\n  views: [{source: \"@/data\", target: /other}]\n"), "would bring in the Windows drive");
    fixture_close(&f);
}

/* A virtual machine's shared directory is not Windows'. */
TEST(elsewhere_it_is_a_directory_like_others)
{
    open_wsl(false);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/data\"]\n  readwritePaths: [\"@/data/c/project\"]\n");
    check_string(what_is_at(&f, "data"), "bind ro");
    check(strcmp(what_is_at(&f, "data/c"), "mask") != 0);
    check(!f.plan->owns_formats);
    check(!statement("Windows programs (interop of WSL)"));
    fixture_close(&f);
}

TEST(tools_on_a_drive_are_not_inherited)
{
    open_wsl(true);
    make_directory(&f, "home/bin");
    f.options.caller_path = full_path(&f, "home/bin");
    accept_text(&f, "filesystem: {toolchains: inherit}\n");
    check_string(what_is_at(&f, "home/bin"), "bind ro");
    check(snprintf(mountinfo, sizeof(mountinfo),
                   "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 0:5 / %s/home rw - 9p C:\\134 rw,aname=drvfs\n",
                   f.root) < (int)sizeof(mountinfo));
    accept_text(&f, "filesystem: {toolchains: inherit}\n");
    check(strcmp(what_is_at(&f, "home/bin"), "bind ro") != 0);
    fixture_close(&f);
}

TEST(its_programs_are_not_started_where_a_namespace_can_have_its_own_formats)
{
    open_wsl(true);
    accept_text(&f, "name: x\n");
    check(f.plan->owns_formats);
    check_string(statement("Windows programs (interop of WSL)")->verdict, "not started");
    f.facts.own_formats = false;
    accept_text(&f, "name: x\n");
    check(!f.plan->owns_formats);
    check_string(statement("Windows programs (interop of WSL)")->verdict, "reach nothing");
    fixture_close(&f);
}
