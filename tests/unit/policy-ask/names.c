/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns: what exists and what does not exist yet. */
#include "asked.h"

static struct fixture f;

static void open_with(const char *yaml)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/.git/hooks");
    make_file(&f, "ws/.git/config");
    make_file(&f, "ws/.bashrc");
    make_file(&f, "ws/key.pem");
    accept_text(&f, yaml);
    ask_about(&f);
}

static void close_all(void)
{
    ask_end();
    fixture_close(&f);
}

TEST(a_protected_name_that_is_not_there_is_not_made)
{
    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  protectBuiltin: true\n");
    check_new(CREATE, "ws/.envrc", "refused EACCES keeper");
    check_string(last_judged.origin->member, "filesystem.protectBuiltin");
    check_string(last_judged.reason, "a protected name: it stays as it is");
    check(last_judged.name != NULL);
    check_both(RENAME, "ws/x", "ws/.envrc", "refused EACCES keeper");
    check_string(last_judged.what, full_path(&f, "ws/.envrc"));
    check_new(CREATE, "ws/envrc", "allowed");
    check_answer(WRITE, "ws/.bashrc", "refused EACCES keeper");
    check_answer(READ, "ws/.bashrc", "allowed");
    check_new(CREATE, "ws/sub/.git/hooks/pre-commit", "refused EACCES keeper");
    check_answer(WRITE, "ws/sub/.git/config", "refused EACCES keeper");
    check_new(CREATE, "ws/sub/.git/config", "allowed"); /* of a repository that is made now */
    close_all();
}

TEST(a_denied_pattern_holds_for_every_name_that_it_matches)
{
    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/**/*.pem']\n");
    check_answer(READ, "ws/key.pem", "refused EACCES mode");
    check_new(CREATE, "ws/deep/new.pem", "refused EACCES keeper");
    check_string(last_judged.origin->member, "filesystem.deniedPaths[0]");
    check_new(CREATE, "ws/deep/new.pe", "allowed");
    check_both(LINK, "ws/other", "ws/linked.pem", "refused EACCES keeper");
    close_all();
}

TEST(a_name_keeps_its_mode_and_not_its_times)
{
    struct question question = {.operation = OPERATION_METADATA, .exists = true};

    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/**/*.pem']\n");
    question.path = full_path(&f, "ws/deep/x.pem");
    check_string(answer_to(&question), "depends");
    question.call = 90; /* chmod */
    check_string(answer_to(&question), "refused EACCES keeper");
    question.call = 280; /* utimensat */
    check_string(answer_to(&question), "allowed");
    close_all();
}

TEST(a_directory_with_protected_names_may_not_move_where_they_would_be_others)
{
    struct question question = {.operation = OPERATION_RENAME, .exists = true, .is_directory = true};

    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/a/*.pem']\n");
    question.path = full_path(&f, "ws/a");
    question.second = full_path(&f, "ws/b");
    check_string(answer_to(&question), "depends");
    question.path = full_path(&f, "ws/c");
    question.second = full_path(&f, "ws/d");
    check_string(answer_to(&question), "allowed");
    close_all();
}

TEST(where_letter_case_may_not_count_other_spellings_are_kept_too)
{
    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/**/*.pem']\n  protectBuiltin: true\n");
    f.plan->names_fold = true;
    ask_about(&f);
    check_new(CREATE, "ws/deep/NEW.PEM", "refused EACCES keeper");
    check_new(CREATE, "ws/.ENVRC", "refused EACCES keeper");
    check_new(CREATE, "ws/ENVRC~1", "refused EACCES keeper");
    f.plan->names_fold = false;
    ask_about(&f);
    check_new(CREATE, "ws/deep/NEW.PEM", "allowed");
    check_new(CREATE, "ws/.ENVRC", "allowed");
    close_all();
}

TEST(a_pattern_about_what_a_view_shows_holds_under_both_names)
{
    open_with("filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/*.pem', '/srv/v/*.key']\n"
              "  views: [{source: '@/ws', target: /srv/v, access: readwrite}]\n");
    check_new(CREATE, "/srv/v/new.pem", "refused EACCES keeper");
    check_new(CREATE, "ws/new.key", "refused EACCES keeper");
    check_new(CREATE, "/srv/v/new.txt", "allowed");
    close_all();
}
