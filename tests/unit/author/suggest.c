/* SPDX-License-Identifier: Apache-2.0 */
/* A suggestion allows what was asked for and nothing else: known cases, then thousands of made-up policies and questions. */
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/suggest.h"
#include "base/path.h"
#include "fixture.h"

static struct fixture f;
static struct plan_index *the_index;
static char yaml[4096];

static const char *const paths[] = {
    "ws",       "ws/src",      "ws/src/a.c", "ws/src/deep", "ws/src/deep/b.c", "ws/key.pem",  "ws/.bashrc", "ws/.git/config",
    "data",     "data/in",     "data/in/f",  "data/in/g",   "data/in/sub",     "data/in/sub/h", "alone",   "ws/src/deep/c.pem",
};

static void make_tree(void)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    f.options.is_dry_run = true;
    make_directory(&f, "ws/src/deep");
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "data/in/sub");
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        if (access(full_path(&f, paths[i]), F_OK) < 0)
            make_file(&f, paths[i]);
}

static void free_tree(void)
{
    plan_index_free_at(&the_index);
    fixture_close(&f);
}

/* false: such a policy is refused. */
static bool compile_again(void)
{
    plan_index_free_at(&the_index);
    if (compile_layers(&f) < 0)
        return false;
    check_int(plan_index_new(f.plan, &the_index, &f.err), 0);
    return true;
}

static bool load(void)
{
    f.policy->layer_count = 0;
    add_layer(&f, LAYER_REQUEST, yaml);
    return compile_again();
}

static struct judged judge(const struct question *question)
{
    struct judged judged;

    plan_judge(the_index, question, &judged);
    return judged;
}

static struct suggestion suggestion_for(const struct question *question)
{
    struct suggest_input input = {.policy = f.policy, .plan = f.plan, .index = the_index, .variables = &f.variables};
    struct suggestion suggestion = {0};
    struct judged judged = judge(question);

    check_int(suggest(f.policy->arena, &input, question, &judged, &suggestion, &f.err), 0);
    check((suggestion.edit_count > 0) != (suggestion.none != NULL));
    return suggestion;
}

static struct suggestion for_path(enum operation operation, const char *path)
{
    struct question question = {.operation = operation, .path = arena_string(f.policy->arena, full_path(&f, path)), .exists = true};

    return suggestion_for(&question);
}

static void use(const char *text)
{
    snprintf(yaml, sizeof(yaml), "%s", text);
    check(load());
}

TEST(a_file_is_granted_as_a_file)
{
    struct suggestion suggestion;
    auto_text struct text out = {0}, patch = {0};

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n  readonlyPaths: ['@/data']\n");
    suggestion = for_path(OPERATION_WRITE, "data/in/f");
    check_int(suggestion.edit_count, 1);
    check_string(suggestion.edits[0].member, "filesystem.readwritePaths");
    check(!suggestion.is_wider);
    suggest_print_yaml(&out, &suggestion, "test.yaml", "");
    check_contains(out.data, "filesystem:\n  readwritePaths:\n    - \"");
    check_contains(out.data, "data/in/f\"\n");
    suggest_print_patch(&patch, &suggestion, "test.yaml");
    check_contains(patch.data, "[{\"op\":\"add\",\"path\":\"/filesystem/readwritePaths/-\",\"value\":\"");
    suggestion = for_path(OPERATION_READ, "alone");
    check_string(suggestion.edits[0].member, "filesystem.readonlyPaths");
    free_tree();
}

TEST(a_directory_is_granted_only_where_names_come_and_go)
{
    struct suggestion suggestion;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n  readonlyPaths: ['@/data']\n");
    suggestion = for_path(OPERATION_DELETE, "data/in/f");
    check_string(suggestion.grant, full_path(&f, "data/in"));
    check(suggestion.is_wider && suggestion.is_write);
    suggestion = for_path(OPERATION_CREATE, "data/in/new/deeper");
    check_string(suggestion.grant, full_path(&f, "data/in"));
    use("filesystem:\n  readwritePaths: ['${workspace}']\n");
    suggestion = for_path(OPERATION_LIST, "data/in");
    check_contains(suggestion.note, "with all that is in it");
    check(suggestion.is_wider && !suggestion.is_write);
    free_tree();
}

TEST(a_rule_at_the_very_path_is_taken_away)
{
    struct suggestion suggestion;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n  deniedPaths: ['${workspace}/src/a.c', '${workspace}/src/deep']\n");
    suggestion = for_path(OPERATION_READ, "ws/src/a.c");
    check(suggestion.edits[0].removed != NULL);
    check_string(suggestion.edits[0].removed->member, "filesystem.deniedPaths[0]");
    check_string(suggestion.edits[0].value, "\"${workspace}/src/a.c\"");
    suggestion = for_path(OPERATION_READ, "ws/src/deep/b.c");
    check_int(suggestion.edit_count, 1);
    check(!suggestion.edits[0].removed);
    check_string(suggestion.edits[0].value, "\"${workspace}/src/deep/b.c\"");
    free_tree();
}

TEST(a_pattern_that_goes_is_shown_as_it_stands_and_says_where_it_held)
{
    struct suggestion suggestion;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n  deniedPaths: ['${workspace}/**/*.pem']\n");
    suggestion = for_path(OPERATION_READ, "ws/key.pem");
    check_string(suggestion.edits[0].value, "\"${workspace}/**/*.pem\"");
    check_string(suggestion.freed, full_path(&f, "ws"));
    check(!suggestion.grant && suggestion.is_wider && !suggestion.is_write);
    free_tree();
}

TEST(a_protected_name_is_given_up_by_name)
{
    struct suggestion suggestion;

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n  protectBuiltin: true\n");
    suggestion = for_path(OPERATION_WRITE, "ws/.bashrc");
    check_string(suggestion.edits[0].member, "filesystem.unprotectedPaths");
    check_string(suggestion.edits[0].value, "\".bashrc\"");
    check(suggestion.is_wider);
    free_tree();
}

TEST(what_no_rule_can_allow_is_said_with_the_reason)
{
    struct question call = {.operation = OPERATION_SYSCALL, .call = 165 /* mount */};

    make_tree();
    use("filesystem:\n  readwritePaths: ['${workspace}']\n");
    check_contains(for_path(OPERATION_READ, "/proc/kcore").none, "no rule can");
    check_contains(for_path(OPERATION_READ, "/srv/nothing-at-all").none, "nothing of that name");
    check_contains(suggestion_for(&call).none, "no rule can");
    add_layer(&f, LAYER_CEILING, "filesystem:\n  readonlyPaths: ['@/']\n");
    check(compile_again());
    check_contains(for_path(OPERATION_WRITE, "data/in/f").none, "the ceiling ceiling.yaml");
    free_tree();
}

TEST(what_the_caller_has_no_right_to_is_not_proposed)
{
    const char *file;

    drop_root();
    make_tree();
    file = full_path(&f, "data/in/f");
    use("filesystem:\n  readwritePaths: ['${workspace}']\n");
    check(!for_path(OPERATION_WRITE, "data/in/f").none);
    check_int(chmod(file, 0400), 0);
    check(!for_path(OPERATION_READ, "data/in/f").none);
    check_contains(for_path(OPERATION_WRITE, "data/in/f").none, "no rule can: you may not write ");
    check_int(chmod(file, 0), 0);
    check_contains(for_path(OPERATION_READ, "data/in/f").none, "no rule can: you may not read ");
    free_tree();
    regain_root();
}

TEST(a_host_is_granted_with_port_and_protocol)
{
    struct question question = {.operation = OPERATION_CONNECT, .host = "api.example.com", .port = 443};
    struct suggestion suggestion;
    auto_text struct text patch = {0};

    make_tree();
    use("network:\n  egress:\n    allow: [{to: [{host: other.example.com}]}]\n");
    suggestion = suggestion_for(&question);
    check_string(suggestion.edits[0].value,
                 "{\"to\":[{\"host\":\"api.example.com\"}],\"ports\":[{\"port\":443,\"protocol\":\"tcp\"}]}");
    check_int(suggest_apply(f.policy, &suggestion, &f.variables, &f.err), 0);
    check(compile_again());
    check_int(judge(&question).judgement, JUDGED_ALLOWED);
    question.port = 444;
    check_int(judge(&question).judgement, JUDGED_REFUSED);
    question.port = 0;
    question.host = "resolved.example.com";
    suggestion = suggestion_for(&question);
    check_string(suggestion.edits[0].value,
                 "{\"to\":[{\"host\":\"resolved.example.com\"}],\"ports\":[{\"port\":443,\"protocol\":\"tcp\"}]}");
    check_contains(suggestion.note, "supposed");
    question.host = "api.example.com";
    question.port = 444;
    use("filesystem:\n  readwritePaths: ['${workspace}']\n");
    suggestion = suggestion_for(&question);
    suggest_print_patch(&patch, &suggestion, "test.yaml");
    check_contains(patch.data, "{\"op\":\"add\",\"path\":\"/network\",\"value\":{\"egress\":{\"allow\":[{");
    free_tree();
}

TEST(a_name_server_is_not_what_a_program_wanted)
{
    struct question question = {.operation = OPERATION_CONNECT, .port = 53, .protocol = NET_UDP,
                                .address = {.family = AF_INET, .bytes = {10, 1, 2, 3}}};

    make_tree();
    use("network: {loopback: allow}\n");
    check_contains(suggestion_for(&question).none, "cordon why --host NAME");
    question.port = 54;
    check(!suggestion_for(&question).none);
    free_tree();
}

/* made up */

static unsigned long long seed;

static unsigned pick(unsigned count)
{
    seed = seed * 6364136223846793005ull + 1442695040888963407ull;
    return (unsigned)(seed >> 33) % count;
}

static void make_up(void)
{
    static const char *const members[] = {"readwritePaths", "readonlyPaths", "deniedPaths", "protectedPaths"};
    char lists[4][1024] = {"", "", "", ""};
    unsigned rules = 2 + pick(6);

    for (unsigned i = 0; i < rules; i++) {
        unsigned kind = pick(10), path = pick(sizeof(paths) / sizeof(paths[0]));
        char item[80];

        kind = kind < 4 ? 0 : kind < 7 ? 1 : kind < 9 ? 2 : 3;
        if (kind == 2 && pick(4) == 0)
            snprintf(item, sizeof(item), ", '@/ws/**/*.pem'");
        else
            snprintf(item, sizeof(item), ", '@/%s'", paths[path]);
        strncat(lists[kind], item, sizeof(lists[0]) - strlen(lists[kind]) - 1);
    }
    snprintf(yaml, sizeof(yaml), "filesystem:\n");
    for (unsigned i = 0; i < 4; i++)
        if (*lists[i])
            snprintf(yaml + strlen(yaml), sizeof(yaml) - strlen(yaml), "  %s: [%s]\n", members[i], lists[i] + 2);
    if (pick(3) == 0)
        strcat(yaml, "  protectBuiltin: true\n");
}

static const enum operation operations[] = {OPERATION_READ, OPERATION_WRITE, OPERATION_EXECUTE, OPERATION_DELETE, OPERATION_CREATE, OPERATION_METADATA};

enum { PATHS = sizeof(paths) / sizeof(paths[0]), KINDS = sizeof(operations) / sizeof(operations[0]) };

static void ask_all(enum judgement answers[PATHS][KINDS])
{
    for (unsigned i = 0; i < PATHS; i++)
        for (unsigned j = 0; j < KINDS; j++) {
            struct question question = {.operation = operations[j], .path = full_path(&f, paths[i]), .exists = operations[j] != OPERATION_CREATE};

            answers[i][j] = judge(&question).judgement;
        }
}

/* May this answer be another one with the suggestion? */
static bool may_change(const struct suggestion *suggestion, unsigned path, unsigned kind, unsigned asked)
{
    const char *name = full_path(&f, paths[path]);
    bool is_around = suggestion->grant && (path_is_within(name, suggestion->grant) || path_is_within(suggestion->grant, name));

    if (path == asked || is_around)
        return true;
    for (size_t i = 0; i < suggestion->edit_count && suggestion->is_wider; i++) /* a pattern, a protected name */
        if (suggestion->edits[i].removed || strcmp(suggestion->edits[i].member, "filesystem.unprotectedPaths") == 0)
            return true;
    return false;
}

static unsigned held, wider, none;

/* As whoever shows it does: applied to the documents, compiled, asked again, until it holds. */
static bool settle(const struct question *question, struct suggestion *ret_suggestion)
{
    struct suggestion suggestion = {0};

    for (int round = 0; round < 4; round++) {
        struct judged judged = judge(question);
        struct suggestion more;

        if (round && (judged.judgement == JUDGED_ALLOWED || judged.judgement == JUDGED_DEPENDS)) {
            *ret_suggestion = suggestion;
            return true;
        }
        more = suggestion_for(question);
        if (!suggest_join(&suggestion, &more)) {
            if (!suggestion.none)
                test_fail(__FILE__, __LINE__, "%s %s: nothing new for %s\n%s", operation_name(question->operation), question->path, judged.reason, yaml);
            none++;
            check(load());
            return false;
        }
        f.policy->layer_count = 0;
        add_layer(&f, LAYER_REQUEST, yaml);
        if (suggest_apply(f.policy, &suggestion, &f.variables, &f.err) < 0)
            test_fail(__FILE__, __LINE__, "%s\n%s", f.err.text, yaml);
        if (!compile_again())
            test_fail(__FILE__, __LINE__, "%s %s: %s\n%s", operation_name(question->operation), question->path, f.err.text, yaml);
    }
    test_fail(__FILE__, __LINE__, "%s %s does not come to an end\n%s", operation_name(question->operation), question->path, yaml);
}

static void try_one(unsigned path, unsigned kind)
{
    static enum judgement before[PATHS][KINDS], after[PATHS][KINDS];
    struct question question = {.operation = operations[kind], .exists = operations[kind] != OPERATION_CREATE};
    struct suggestion suggestion;

    question.path = arena_string(f.policy->arena, full_path(&f, paths[path]));
    if (judge(&question).judgement != JUDGED_REFUSED && judge(&question).judgement != JUDGED_HIDDEN)
        return;
    ask_all(before);
    if (!settle(&question, &suggestion))
        return;
    ask_all(after);
    for (unsigned i = 0; i < PATHS; i++)
        for (unsigned j = 0; j < KINDS; j++)
            /* what is granted below a private directory may end that the run makes files around it */
            if (before[i][j] != JUDGED_ALLOWED && after[i][j] == JUDGED_ALLOWED && !may_change(&suggestion, i, j, path))
                test_fail(__FILE__, __LINE__, "%s %s was %s and is %s, for %s %s\n%s", operation_name(operations[j]), paths[i],
                          judgement_name(before[i][j]), judgement_name(after[i][j]), operation_name(operations[kind]), paths[path], yaml);
    held++;
    wider += suggestion.is_wider;
    check(load());
}

TEST(a_suggestion_allows_what_was_refused_and_nothing_else)
{
    make_tree();
    for (seed = 1; held < 1500;) {
        unsigned long long kept;

        make_up();
        kept = seed;
        plan_index_free_at(&the_index);
        policy_free(f.policy);
        f.policy = NULL;
        check_int(policy_new(&f.policy, &f.err), 0);
        if (load())
            for (unsigned i = 0; i < 6; i++)
                try_one(pick(PATHS), pick(KINDS));
        check(seed != kept || held == 0);
    }
    printf("%u held, %u of them wider than the event; %u that no rule can allow\n", held, wider, none);
    check(none < held);
    free_tree();
}
