/* SPDX-License-Identifier: Apache-2.0 */
/* Names inside and outside, links of the plan, and what the index costs. */
#include <limits.h>
#include <sys/stat.h>
#include <time.h>

#include "asked.h"

static struct fixture f;

TEST(a_view_has_two_names)
{
    struct plan_index *index;
    char path[PATH_MAX];

    fixture_open(&f);
    make_directory(&f, "data/in");
    make_file(&f, "ws/secret");
    accept_text(&f, "filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/secret']\n"
                    "  views: [{source: '@/data', target: /srv/data, access: readonly}]\n");
    check_int(plan_index_new(f.plan, &index, &f.err), 0);
    check(plan_path_outside(index, "/srv/data/in/x", path));
    check_string(path, full_path(&f, "data/in/x"));
    check(plan_path_inside(index, full_path(&f, "data/in/x"), path));
    check_string(path, "/srv/data/in/x");
    check(plan_path_inside(index, full_path(&f, "ws/a"), path));
    check_string(path, full_path(&f, "ws/a"));
    check(plan_path_outside(index, full_path(&f, "ws/secret"), path));
    check_string(path, full_path(&f, "ws/secret"));
    check(!plan_path_inside(index, "/nowhere", path));
    check(!plan_path_outside(index, "/tmp/x", path));
    check(!plan_path_outside(index, "/srv", path));
    plan_index_free(index);
    fixture_close(&f);
}

TEST(a_link_of_the_plan_leads_where_it_says)
{
    struct stat st;

    if (lstat("/bin", &st) < 0 || !S_ISLNK(st.st_mode))
        test_skip("usrmerge");
    fixture_open(&f);
    accept_text(&f, "filesystem:\n  readonlyPaths: [/bin]\n");
    ask_about(&f);
    check_answer(READ, "/bin/sh", "allowed");
    check_answer(WRITE, "/bin/sh", "refused EROFS mount");
    check_answer(LIST, "/bin", "allowed");
    check_answer(LOOK, "/bin", "allowed");
    check_answer(DELETE, "/bin", "refused EROFS mount");
    check_answer(READ, "/usr/lib/x", "hidden ENOENT absence");
    ask_end();
    fixture_close(&f);
}

static int make_index(void)
{
    struct plan_index *index = NULL;
    int r = plan_index_new(f.plan, &index, &f.err);

    plan_index_free(index);
    return r;
}

TEST(an_index_without_memory_is_none)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/a");
    accept_text(&f, "filesystem:\n  readwritePaths: ['@/ws']\n  deniedPaths: ['@/ws/a', '@/ws/**/*.pem']\n"
                    "network:\n  egress:\n    allow: [{to: [{host: example.com}]}]\n");
    test_each_allocation_fails(make_index, 200);
    fixture_close(&f);
}

static double seconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

TEST(a_thousand_rules_answer_as_fast_as_one)
{
    enum { RULES = 1000, QUESTIONS = 200000 };
    auto_text struct text yaml = {0};
    char *text = NULL, path[128];
    double began, took;
    unsigned refused = 0;

    fixture_open(&f);
    f.facts.keeps_names = true;
    text_add(&yaml, "filesystem:\n  readwritePaths: ['@/ws']\n  protectBuiltin: true\n  deniedPaths:\n");
    for (int i = 0; i < RULES; i++) {
        if (i % 4) {
            snprintf(path, sizeof(path), "ws/d%d", i);
            make_directory(&f, path);
        }
        text_printf(&yaml, i % 4 ? "    - '@/ws/d%d'\n" : "    - '@/ws/d%d/**/*.key'\n", i);
    }
    check_int(text_take(&yaml, &text, &f.err), 0);
    accept_text(&f, text);
    ask_about(&f);
    began = seconds();
    for (int i = 0; i < QUESTIONS; i++) {
        snprintf(path, sizeof(path), "%s/ws/d%d/src/deep/file.%s", f.root, i % RULES, i & 8 ? "key" : "c");
        struct question question = {.operation = i & 1 ? OPERATION_WRITE : OPERATION_READ, .path = path, .exists = true};

        answer_to(&question);
        refused += last_judged.judgement == JUDGED_REFUSED;
    }
    took = seconds() - began;
    check(refused > QUESTIONS / 2 && refused < QUESTIONS);
    printf("%.0f questions a second with %d rules\n", QUESTIONS / took, RULES);
#if !defined(CORDON_SANITIZED)
    check(took < 4); /* 50,000 a second, printing included, on any machine */
#endif
    mem_free(text);
    ask_end();
    fixture_close(&f);
}
