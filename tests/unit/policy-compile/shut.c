/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules behind directories that the caller may not enter. Whoever owns such a directory can open
 * it, the contained program included, so a rule below it must hold even then.
 */
#include "fixture.h"

#define WORKSPACE     "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
#define ALLOW_MISSING "isolation: {allowLoss: [protectedPaths.missing]}\n"

static struct fixture f;

TEST(an_unreadable_directory_is_refused_and_a_denial_below_it_is_kept)
{
    drop_root();
    fixture_open(&f);
    make_directory(&f, "ws/shut/inner");
    set_mode(&f, "ws/shut", 0);
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/ws/shut/inner\"]\n"),
                   "the caller may not enter");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/ws/shut\"]\n"),
                   "may not read");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/shut/inner/x\"]\n");
    check_string(what_is_at(&f, "ws/shut"), "mask");
    set_mode(&f, "ws/shut", 0700);
    fixture_close(&f);
    regain_root();
}

TEST(a_restriction_behind_a_directory_that_the_caller_shut_is_kept)
{
    drop_root();
    fixture_open(&f);
    make_directory(&f, "ws/shut");
    make_file(&f, "ws/shut/file");
    make_directory(&f, "ws/.git/hooks");
    set_mode(&f, "ws/shut", 0);
    set_mode(&f, "ws/.git", 0);
    accept_text(&f, WORKSPACE "  protectedPaths: [\"@/ws/shut/file\"]\n");
    check_string(what_is_at(&f, "ws/shut"), "mask");
    check_string(what_is_at(&f, "ws/.git"), "none");
    accept_text(&f, WORKSPACE "  readonlyPaths: [{path: \"@/ws/shut/file\", optional: true}]\n");
    check_string(what_is_at(&f, "ws/shut"), "mask");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git"), "mask");
    f.self[0] = full_path(&f, "ws/shut/file");
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/shut"), "mask");
    set_mode(&f, "ws/shut", 0700);
    set_mode(&f, "ws/.git", 0700);
    fixture_close(&f);
    regain_root();
}
