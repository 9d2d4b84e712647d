/* SPDX-License-Identifier: Apache-2.0 */
/* From records to policies: what is allowed, what is left out, how much, and what a person's edits mean. */
#include <errno.h>
#include <stdlib.h>

#include "learn_fixture.h"

/* A run of git and make: reads everywhere, writes in two directories of the workspace. */
static void build_run(struct text *out, const char *run)
{
    used(out, run, "execute", "/usr/bin/git", "/usr/bin/bash");
    used(out, run, "execute", "/usr/bin/make", "/usr/bin/bash");
    used(out, run, "read", "/usr/lib/x86_64-linux-gnu/libc.so.6", GIT);
    used(out, run, "read", "/etc/ld.so.cache", GIT);
    used(out, run, "read", "/etc/ld.so.conf", MAKE);
    used(out, run, "read", "/home/u/work/src/main.c", MAKE);
    used(out, run, "read", "/home/u/work/Makefile", MAKE);
    used(out, run, "create", "/home/u/work/build/main.o", MAKE);
    used(out, run, "write", "/home/u/work/build/main.o", MAKE);
    used(out, run, "create", "/tmp/ccAb12Cd.s", MAKE);
    used(out, run, "read", "/home/u/.cache/ccache/config", MAKE);
    used(out, run, "create", "/home/u/.cache/ccache/1/x", MAKE);
    used(out, run, "read", "/srv/data/one.txt", GIT);
    used(out, run, "look", "/srv/secret", GIT);
}

TEST(what_was_used_is_allowed_and_what_was_not_is_not)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    build_run(&events, "a");
    text = policy_of(&events);
    check_int(access_in(text, "/usr/bin/git"), ACCESS_READ);
    check_int(access_in(text, "/etc/ld.so.conf"), ACCESS_READ);
    check_int(access_in(text, "/home/u/work/src/main.c"), ACCESS_READ);
    check_int(access_in(text, "/home/u/work/build/main.o"), ACCESS_WRITE);
    check_int(access_in(text, "/home/u/.cache/ccache/1/x"), ACCESS_WRITE);
    check_int(access_in(text, "/srv/data/one.txt"), ACCESS_READ);
    check_int(access_in(text, "/srv/data/two.txt"), ACCESS_DENIED);
    check_int(access_in(text, "/srv/secret"), ACCESS_DENIED);
    check_int(access_in(text, "/home/u/work/new"), ACCESS_READ);
    check_int(access_in(text, "/etc/shadow"), ACCESS_DENIED);
    check_has(text, "- base\n");
    check_has(text, "- build\n");
    check_has(text, "- git\n");
    check_lacks(text, "- node\n");
    check_lacks(text, "ccAb12Cd");
}

TEST(a_rule_says_how_often_it_was_seen_by_whom_and_how_sure_it_is)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "read", "/srv/data/one.txt", GIT);
    used(&events, "a", "read", "/srv/data/one.txt", GIT);
    used(&events, "b", "read", "/srv/data/one.txt", MAKE);
    used(&events, "b", "read", "/srv/other/file", MAKE);
    used(&events, "c", "read", "/srv/data/one.txt", GIT);
    text = policy_of(&events);
    check_has(text, "# seen 4 times by /usr/bin/git, /usr/bin/make in 3 of 3 runs; confidence high: in every run\n"
                    "    - {path: \"/srv/data/one.txt\", optional: true}\n");
    check_has(text, "# seen 1 time by /usr/bin/make in 1 of 3 runs; confidence low: not in every run\n"
                    "    - {path: \"/srv/other/file\", optional: true}\n");
}

TEST(sensitive_names_are_left_out_and_listed_with_the_reason)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;
    static const char *const secret[] = {"/home/u/.ssh/id_rsa",   "/etc/shadow",          "/home/u/work/.env",
                                         "/home/other/file",      "/home/u/.npmrc",       "/home/u/work/sub/id_ed25519",
                                         "/home/u/.aws/credentials", "/home/u/.mozilla/x"};

    for (size_t i = 0; i < ARRAY_COUNT(secret); i++)
        used(&events, "a", "read", secret[i], GIT);
    used(&events, "a", "write", "/home/u/.ssh/config", GIT);
    used(&events, "a", "create", "/home/u/work/x", GIT);
    text = policy_of(&events);
    for (size_t i = 0; i < ARRAY_COUNT(secret); i++) {
        enum access access = access_in(text, secret[i]);

        check(strstr(text, secret[i]) != NULL);
        /* In the private home there is something of that name only if the program makes it. */
        if (access != ACCESS_DENIED)
            check(path_is_within(secret[i], "/home/u") && !path_is_within(secret[i], "/home/u/work"));
    }
    check_lacks(text, "- {path: \"${home}");
    check_has(text, "# - read /home/u/.ssh/id_rsa: keys of ssh (seen 1 time by /usr/bin/git in 1 of 1 run)");
    check_has(text, "\"${workspace}/**/.env\"");
}

TEST(several_files_of_a_directory_become_the_directory_but_never_a_shared_one)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;
    char path[64];

    for (int i = 0; i < 6; i++) {
        snprintf(path, sizeof(path), "/srv/data/file%c", 'a' + i);
        used(&events, "a", "read", path, GIT);
        snprintf(path, sizeof(path), "/srv/top%c", 'a' + i);
        used(&events, "a", "read", path, GIT);
        snprintf(path, sizeof(path), "/home/u/.config/app%c", 'a' + i);
        used(&events, "a", "read", path, GIT);
    }
    text = policy_of(&events);
    check_has(text, "- {path: \"/srv/data\", optional: true}");
    check_has(text, "6 things in it were used");
    check_int(access_in(text, "/srv/data/filez"), ACCESS_READ);
    check_int(access_in(text, "/srv/topa"), ACCESS_READ);
    check_int(access_in(text, "/srv/topz"), ACCESS_DENIED);
    check_lacks(text, "\"/srv\"");
    check_lacks(text, "\"${home}/.config\"");
}

TEST(names_that_are_others_each_time_are_told_from_names_that_stay)
{
    static const char *const varying[] = {"tmpab3x_9z1", "job-48213",  "x.9f86d081884c7d65", "ccAb12Cd.s",
                                          "run-20261122", "qX3fZ9Lm1k", "d41d8cd98f00b204e9800998ecf8427e"};
    static const char *const staying[] = {"main.c", "libX11.so.6", "python3.11", "cpython-311", "Makefile",
                                          "x86_64-linux-gnu", "README", "v1.2.3", "deadbeef", "index.html", "tmpfiles.d"};

    for (size_t i = 0; i < ARRAY_COUNT(varying); i++)
        if (!learn_name_varies(varying[i], strlen(varying[i]), NULL))
            test_fail(__FILE__, __LINE__, "%s stays", varying[i]);
    for (size_t i = 0; i < ARRAY_COUNT(staying); i++)
        if (learn_name_varies(staying[i], strlen(staying[i]), NULL))
            test_fail(__FILE__, __LINE__, "%s varies", staying[i]);
}

TEST(a_varying_name_becomes_its_directory_and_says_so)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "read", "/srv/jobs/all/job-48213/input", GIT);
    used(&events, "b", "read", "/srv/jobs/all/job-51112/input", GIT);
    text = policy_of(&events);
    check_has(text, "- {path: \"/srv/jobs/all\", optional: true}");
    check_has(text, "names in it are others each time, like job-*");
    check_lacks(text, "48213");
}

TEST(what_the_program_made_itself_needs_no_rule_of_its_own)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "create", "/home/u/work/out", GIT);
    used(&events, "a", "create", "/home/u/work/out/deep", GIT);
    used(&events, "a", "create", "/home/u/work/out/deep/file", GIT);
    used(&events, "a", "write", "/home/u/work/out/deep/file", GIT);
    text = policy_of(&events);
    check_has(text, "- {path: \"${workspace}\"}");
    check_lacks(text, "deep");
}

TEST(a_write_to_a_file_that_was_there_opens_that_file_alone)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "write", "/home/u/work/data.db", GIT);
    text = policy_of(&events);
    check_int(access_in(text, "/home/u/work/data.db"), ACCESS_WRITE);
    check_int(access_in(text, "/home/u/work/other"), ACCESS_DENIED);
}

TEST(protected_names_are_not_learned)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "create", "/home/u/work/file", GIT);
    used(&events, "a", "create", "/home/u/work/.git/hooks/pre-commit", GIT);
    text = policy_of(&events);
    check_has(text, "protectBuiltin: true");
    check_has(text, "# - create /home/u/work/.git/hooks/pre-commit: ");
    check(access_in(text, "/home/u/work/.git/hooks/pre-commit") != ACCESS_WRITE);
    check_lacks(text, "${workspace}/.git");
}

TEST(a_new_repository_is_learned_and_the_configuration_of_an_old_one_is_not)
{
    struct text new auto_text = {0}, old auto_text = {0};
    char *made auto_free = NULL, *changed auto_free = NULL;

    used(&new, "a", "create", "/home/u/work/clone", GIT);
    used(&new, "a", "create", "/home/u/work/clone/.git", GIT);
    used(&new, "a", "create", "/home/u/work/clone/.git/config", GIT);
    made = policy_of(&new);
    check_lacks(made, "Left out");
    used(&old, "a", "write", "/home/u/work/.git/config", GIT);
    changed = policy_of(&old);
    check_has(changed, "# - write /home/u/work/.git/config: a protected name");
}

TEST(refusals_are_needs_only_where_nothing_is_changed_outside)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    denied(&events, "a", "read", "/srv/hidden/file", "\"ENOENT\"", true);
    denied(&events, "a", "read", "/srv/missing/file", "\"ENOENT\"", false);
    denied(&events, "a", "create", "/usr/lib/python3/__pycache__", "\"EROFS\"", false);
    denied(&events, "a", "write", "/home/u/work/data", "\"EACCES\"", false);
    event(&events, "a", "access.denied", "syscall", GIT, "\"EPERM\"", 3, "\"kind\":\"syscall\",\"path\":null");
    text = policy_of(&events);
    check_int(access_in(text, "/srv/hidden/file"), ACCESS_READ);
    check_has(text, "confidence low: it was refused while it was recorded");
    check_int(access_in(text, "/srv/missing/file"), ACCESS_DENIED);
    check_lacks(text, "missing");
    check_int(access_in(text, "/usr/lib/python3/__pycache__"), ACCESS_READ);
    check_has(text, "# - create /usr/lib/python3/__pycache__: ");
    check_int(access_in(text, "/home/u/work/data"), ACCESS_WRITE);
    check_has(text, "# - syscall a system call: ");
}

TEST(hosts_are_learned_by_name_and_port_and_denied_ones_only_when_asked)
{
    struct text events auto_text = {0};
    struct learn_options taking = usual;
    char *text auto_free = NULL, *more auto_free = NULL;
    struct learned *learned auto_learned = NULL;

    host(&events, "a", "network.connected", "example.org", 443);
    host(&events, "a", "network.connected", NULL, 80);
    host(&events, "a", "network.denied", "evil.example", 443);
    text = policy_of(&events);
    check_has(text, "- {to: [{host: \"example.org\"}], ports: [{port: 443, protocol: tcp}]}");
    check_has(text, "- {to: [{cidr: \"192.0.2.1/32\"}], ports: [{port: 80, protocol: tcp}]}");
    check_lacks(text, "\n      - {to: [{host: \"evil");
    check_has(text, "# - connect evil.example: ");
    taking.takes_denied_hosts = true;
    learned = learn_with(&events, &taking);
    more = written(learned);
    check_has(more, "host: \"evil.example\"");
    check_has(more, "confidence low");
}

TEST(the_order_of_runs_and_of_records_means_nothing)
{
    struct text one auto_text = {0}, other auto_text = {0};
    char *first auto_free = NULL, *second auto_free = NULL;

    build_run(&one, "a");
    used(&one, "b", "read", "/srv/data/one.txt", MAKE);
    host(&one, "b", "network.connected", "example.org", 443);
    host(&other, "b", "network.connected", "example.org", 443);
    used(&other, "b", "read", "/srv/data/one.txt", MAKE);
    build_run(&other, "a");
    first = policy_of(&one);
    second = policy_of(&other);
    check_string(first, second);
}

/* Records of files all over, from a seed. */
static void random_run(struct text *out, unsigned *seed, const char *run)
{
    static const char *const places[] = {"/home/u/work", "/home/u/work/a/b", "/srv/data", "/etc/app", "/home/u/.config/app",
                                         "/home/u/.cache/thing", "/usr/share/x", "/var/lib/app/db", "/home/u/.cargo/bin"};
    static const char *const operations[] = {"read", "write", "create", "delete", "execute", "list", "metadata"};

    for (int i = 0; i < 60; i++) {
        char path[128];

        snprintf(path, sizeof(path), "%s/n%d", places[(unsigned)rand_r(seed) % ARRAY_COUNT(places)], rand_r(seed) % 6);
        used(out, run, operations[(unsigned)rand_r(seed) % ARRAY_COUNT(operations)], path, rand_r(seed) % 2 ? GIT : MAKE);
    }
}

static bool is_omitted(const struct learned *learned, const struct learn_use *use)
{
    for (size_t i = 0; i < learned->omission_count; i++)
        if (learned->omissions[i].operation == use->operation && strcmp(learned->omissions[i].text, use->path) == 0)
            return true;
    return false;
}

static enum access needed(enum operation operation)
{
    return operation_only_reads(operation) ? ACCESS_READ : ACCESS_WRITE;
}

static bool is_given(const struct document *document, const struct learn_use *use)
{
    if (policy_toolchain_covers(usual.places.home, usual.places.caller_path, use->path))
        return document->toolchains.value;
    return document_access(document, use->path, NULL) >= needed(use->operation);
}

TEST(every_use_is_allowed_or_listed_and_every_rule_is_needed)
{
    for (unsigned round = 1; round <= 40; round++) {
        struct arena *arena auto_arena = arena_new();
        struct text events auto_text = {0};
        struct learned *learned auto_learned = NULL;
        struct learn_input *input auto_learn_input = NULL;
        struct document *document;
        struct error err = ERROR_INIT;
        char *text auto_free = NULL;
        unsigned seed = round;

        random_run(&events, &seed, "a");
        random_run(&events, &seed, "b");
        input = read_input(&events);
        learned = learn_with(&events, &usual);
        text = written(learned);
        check_int(learn_load(arena, &usual.places, "policy", text, strlen(text), &document, &err), 0);
        for (size_t i = 0; i < input->count; i++)
            if (!is_given(document, &input->uses[i]) && !is_omitted(learned, &input->uses[i]))
                test_fail(__FILE__, __LINE__, "round %u: %s %s is neither allowed nor listed\n%s", round,
                          operation_name(input->uses[i].operation), input->uses[i].path, text);
        for (size_t i = 0; i < learned->rule_count; i++) {
            struct learn_rule taken = learned->rules[i];
            char *less auto_free = NULL;
            struct document *without;
            bool is_needed = false;

            if (taken.kind != LEARN_READONLY && taken.kind != LEARN_READWRITE)
                continue;
            learned->rules[i] = learned->rules[0]; /* twice the same profile */
            less = written(learned);
            learned->rules[i] = taken;
            check_int(learn_load(arena, &usual.places, "policy", less, strlen(less), &without, &err), 0);
            for (size_t j = 0; j < input->count && !is_needed; j++) {
                const struct learn_use *use = &input->uses[j];
                const struct origin *why;

                /* What remains in the private home is not the host's. */
                is_needed = is_given(document, use) && !is_omitted(learned, use) &&
                            (!is_given(without, use) || (document_access(without, use->path, &why) && why &&
                                                         strcmp(why->layer, "built-in") == 0));
            }
            if (!is_needed)
                test_fail(__FILE__, __LINE__, "round %u: nothing needs %s\n%s", round, taken.text, text);
        }
    }
}

static char *merge(const struct text *events, const char *document, struct learn_merge *ret_merge)
{
    struct learned *learned auto_learned = learn_with(events, &usual);
    struct error err = ERROR_INIT;
    char *text = NULL;

    if (learned_merge(learned, "policy.yaml", document, strlen(document), &text, ret_merge, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, document);
    return text;
}

TEST(learning_again_into_its_own_policy_changes_nothing)
{
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *text auto_free = NULL, *merged auto_free = NULL;

    build_run(&events, "a");
    host(&events, "a", "network.connected", "example.org", 443);
    used(&events, "a", "read", "/home/u/.cargo/bin/cargo", GIT);
    text = policy_of(&events);
    merged = merge(&events, text, &result);
    check_string(merged, text);
    check_int(result.added, 0);
    check_int(result.kept_out, 0);
    mem_free(result.notes);
}

TEST(new_rules_come_between_a_persons_lines_which_all_stay)
{
    static const char by_hand[] = "# mine\nversion: cordon/1\nextends: [base]   # as it was\n\nfilesystem:\n"
                                  "  readonlyPaths:\n    # the reference\n    - /srv/reference\n  protectBuiltin: true\n"
                                  "resources: {memory: 1GiB}\n";
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *merged auto_free = NULL, *copy auto_free = mem_string(by_hand), *rest;

    build_run(&events, "a");
    host(&events, "a", "network.connected", "example.org", 443);
    merged = merge(&events, by_hand, &result);
    check_has(merged, "extends: [build, git, base]   # as it was");
    check_int(access_in(merged, "/srv/data/one.txt"), ACCESS_READ);
    check_int(access_in(merged, "/srv/reference/x"), ACCESS_READ);
    check_int(access_in(merged, "/home/u/work/build/main.o"), ACCESS_WRITE);
    rest = merged;
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n")) {
        if (strncmp(line, "extends", 7) == 0)
            continue;
        rest = strstr(rest, line);
        if (!rest)
            test_fail(__FILE__, __LINE__, "'%s' is gone or moved:\n%s", line, merged);
    }
    check(result.added >= 5);
    mem_free(result.notes);
}

static char *without_line(const char *text, const char *part, const char *instead)
{
    const char *at = strstr(text, part), *start = at, *end;
    struct text out = {0};
    char *result = NULL;

    check(at != NULL);
    while (start > text && start[-1] != '\n')
        start--;
    end = at + strcspn(at, "\n") + 1;
    text_add_n(&out, text, (size_t)(start - text));
    text_add(&out, instead);
    text_add(&out, end);
    check_int(text_take(&out, &result, NULL), 0);
    return result;
}

TEST(what_a_person_took_out_stays_out)
{
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *text auto_free = NULL, *edited auto_free = NULL, *merged auto_free = NULL;

    build_run(&events, "a");
    text = policy_of(&events);
    edited = without_line(text, "- {path: \"/srv/data/one.txt\"", "");
    merged = merge(&events, edited, &result);
    check_string(merged, edited);
    check_int(result.kept_out, 1);
    check_has(result.notes, "kept out readonly /srv/data/one.txt: it was learned before and taken out");
    mem_free(result.notes);
}

TEST(what_a_person_narrowed_is_not_widened_again)
{
    struct text events auto_text = {0}, more auto_text = {0};
    struct learn_merge result = {0};
    char *text auto_free = NULL, *edited auto_free = NULL, *merged auto_free = NULL;

    used(&events, "a", "create", "/home/u/work/file", GIT);
    text = policy_of(&events);
    edited = without_line(text, "    - {path: \"${workspace}\"}", "    - {path: \"${workspace}/build\", optional: true}\n");
    used(&more, "b", "create", "/home/u/work/src/file", GIT);
    used(&more, "b", "create", "/home/u/work/build/file", GIT);
    merged = merge(&more, edited, &result);
    check_int(access_in(merged, "/home/u/work/src/file"), ACCESS_DENIED);
    check_int(access_in(merged, "/home/u/work/build/file"), ACCESS_WRITE);
    check_int(access_in(merged, "/home/u/work/file"), ACCESS_DENIED);
    check_has(result.notes, "'readwrite ${workspace}' was learned before and narrowed");
    mem_free(result.notes);
}

TEST(what_becomes_writable_in_a_persons_policy_keeps_the_names_that_programs_obey)
{
    static const char nothing[] = "version: cordon/1\nextends: [base]\n", writes[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths:\n    - ${workspace}/mine\n";
    static const char off[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  protectBuiltin: false\n";
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *first auto_free = NULL, *second auto_free = NULL, *third auto_free = NULL;

    used(&events, "a", "create", "/home/u/work/new", GIT);
    first = merge(&events, nothing, &result);
    check_int(access_in(first, "/home/u/work/new"), ACCESS_WRITE);
    check(access_in(first, "/home/u/work/.git/hooks/x") != ACCESS_WRITE);
    mem_free(result.notes);
    /* There it would take away from what a person granted. */
    second = merge(&events, writes, &result);
    check(access_in(second, "/home/u/work/new") != ACCESS_WRITE);
    check(access_in(second, "/home/u/work/.git/hooks/x") != ACCESS_WRITE);
    check_has(result.notes, "kept out readwrite ${workspace}: filesystem.protectBuiltin is not set");
    mem_free(result.notes);
    third = merge(&events, off, &result);
    check(access_in(third, "/home/u/work/.git/hooks/x") != ACCESS_WRITE);
    check_has(result.notes, "filesystem.protectBuiltin is not set");
    mem_free(result.notes);
}

/* The workspace that the document grants has nothing to do with it. */
TEST(a_tree_of_the_home_brings_its_denials_along)
{
    static const char apart[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths:\n    - ${workspace}\n  protectBuiltin: true\n";
    static const char part[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  readonlyPaths:\n    - ${home}/four/a\n  protectBuiltin: true\n";
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *first auto_free = NULL, *second auto_free = NULL, path[64];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof(path), "/home/u/four/%c", 'a' + i);
        used(&events, "a", "read", path, GIT);
    }
    first = merge(&events, apart, &result);
    check_int(access_in(first, "/home/u/four/x"), ACCESS_READ);
    check_int(access_in(first, "/home/u/four/deep/id_rsa"), ACCESS_DENIED);
    check_int(access_in(first, "/home/u/work/.env"), ACCESS_WRITE);
    mem_free(result.notes);
    second = merge(&events, part, &result);
    check_string(second, part);
    check_has(result.notes, "kept out readonly ${home}/four: secrets in it would have to be denied, and line 5 grants some of them");
    mem_free(result.notes);
}

TEST(a_tree_whose_secrets_a_person_granted_in_part_is_kept_out)
{
    static const char part[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  readwritePaths:\n    - ${workspace}/mine\n  protectBuiltin: true\n";
    static const char whole[] = "version: cordon/1\nextends: [base]\nfilesystem:\n  readonlyPaths:\n    - ${workspace}\n  protectBuiltin: true\n";
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *first auto_free = NULL, *second auto_free = NULL;

    used(&events, "a", "read", "/home/u/work/file", GIT);
    used(&events, "a", "create", "/home/u/work/out/new", GIT);
    first = merge(&events, part, &result);
    check_string(first, part);
    check_has(result.notes, "kept out readonly ${workspace}: secrets in it would have to be denied, and line 5 grants some of them");
    check_int(result.kept_out, 2);
    mem_free(result.notes);
    /* Read already: nothing is taken from that, and nothing secret can be written that could not be read. */
    second = merge(&events, whole, &result);
    check_has(result.notes, "line 5, which nobody learned, gives less");
    mem_free(result.notes);
}

TEST(what_was_learned_to_be_read_can_be_learned_to_be_written)
{
    struct text events auto_text = {0}, more auto_text = {0};
    struct learn_merge result = {0};
    char *text auto_free = NULL, *merged auto_free = NULL, *mine auto_free = NULL, *kept auto_free = NULL, *last auto_free = NULL;

    used(&events, "a", "read", "/home/u/work/file", GIT);
    text = policy_of(&events);
    check_int(access_in(text, "/home/u/work/new"), ACCESS_READ);
    used(&more, "b", "create", "/home/u/work/new", GIT);
    merged = merge(&more, text, &result);
    check_int(access_in(merged, "/home/u/work/new"), ACCESS_WRITE);
    check_lacks(merged, "readonlyPaths");
    check_int(result.added, 1);
    mem_free(result.notes);
    last = merge(&more, merged, &result); /* and that is all */
    check_string(last, merged);
    mem_free(result.notes);
    /* A person's own line of that path is not touched, and decides. */
    mine = without_line(text, "  - \"readonly ${workspace}\"", "");
    kept = merge(&more, mine, &result);
    check_int(access_in(kept, "/home/u/work/new"), ACCESS_READ);
    check_has(result.notes, "which nobody learned, gives less");
    mem_free(result.notes);
}

TEST(a_rule_that_a_person_wrote_is_not_overruled_within_it)
{
    static const char by_hand[] = "version: cordon/1\nextends: [base, git, build]\nfilesystem:\n  readonlyPaths:\n    - ${workspace}\n"
                                  "  deniedPaths:\n    - /srv/data\n";
    struct text events auto_text = {0};
    struct learn_merge result = {0};
    char *merged auto_free = NULL;

    build_run(&events, "a");
    merged = merge(&events, by_hand, &result);
    check_int(access_in(merged, "/home/u/work/build/main.o"), ACCESS_READ);
    check_int(access_in(merged, "/srv/data/one.txt"), ACCESS_DENIED);
    check_has(result.notes, "line 5, which nobody learned, gives less");
    mem_free(result.notes);
}

TEST(a_document_that_cannot_be_edited_line_by_line_is_refused)
{
    static const char *const documents[] = {"version: cordon/1\nextends: [base]\nfilesystem: {readonlyPaths: [/srv/x]}\n",
                                            "{\"version\": \"cordon/1\"}", "version: cordon/1\nfilesystem: [\n"};
    struct text events auto_text = {0};

    build_run(&events, "a");
    for (size_t i = 0; i < ARRAY_COUNT(documents); i++) {
        struct learned *learned auto_learned = learn_with(&events, &usual);
        struct learn_merge result = {0};
        struct error err = ERROR_INIT;
        char *text = NULL;

        check(learned_merge(learned, "p.yaml", documents[i], strlen(documents[i]), &text, &result, &err) < 0);
        check_int(err.kind, ERROR_INVALID);
        check(!text && !result.notes);
        if (i == 0)
            check_has(err.text, "filesystem is written in one line");
    }
}

TEST(hostile_names_neither_break_the_document_nor_reach_a_terminal_raw)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    event(&events, "a", "access.used", "read", "/x\\n- evil", "null", 1, "\"kind\":\"file\",\"path\":\"/srv/a\\nextends: [coding-agent]\"");
    event(&events, "a", "access.used", "read", GIT, "null", 1, "\"kind\":\"file\",\"path\":\"/srv/b: [\\\"\\u202e\\u001b[31m\"");
    event(&events, "a", "access.used", "read", GIT, "null", 1, "\"kind\":\"file\",\"path\":\"/srv/${home}/*\"");
    used(&events, "a", "read", "/srv/quote\\\"here # not a comment", GIT);
    text = policy_of(&events);
    check_int(access_in(text, "/srv/quote\"here # not a comment"), ACCESS_READ);
    check_int(access_in(text, "/srv/a"), ACCESS_DENIED);
    check(!strchr(text, '\033') && !strstr(text, "\xe2\x80\xae"));
    check_lacks(text, "\nextends: [coding");
}

TEST(what_is_no_record_is_counted_as_not_seen)
{
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    char *text auto_free = NULL;

    used(&events, "a", "read", "/srv/data/one.txt", GIT);
    text_add(&events, "nonsense\n");
    input = read_input(&events);
    check_int(input->count, 1);
    check_int(input->lost, 1);
    text = policy_of(&events);
    check_has(text, "# 1 uses were not seen while it was recorded");
}

TEST(what_was_only_counted_behind_the_first_counts)
{
    struct text events auto_text = {0};
    char *text auto_free = NULL;

    used(&events, "a", "read", "/srv/data/one.txt", GIT);
    used(&events, "a", "read", "/srv/data/two.txt", GIT);
    text_printf(&events, "{\"schema\":\"cordon-event/1\",\"id\":\"" RUN "a.%u\",\"time\":\"t\",\"run\":\"" RUN
                         "a\",\"type\":\"access.repeated\",\"of\":\"" RUN "a.%u\",\"count\":41}\n",
                sequence + 1, sequence);
    text = policy_of(&events);
    check_has(text, "# seen 1 time by /usr/bin/git in 1 of 1 run; confidence medium: one run\n    - {path: \"/srv/data/one.txt\"");
    check_has(text, "# seen 42 times by /usr/bin/git in 1 of 1 run; confidence medium: one run\n    - {path: \"/srv/data/two.txt\"");
}

TEST(nothing_to_learn_from_is_an_error_and_not_an_empty_policy)
{
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    struct learned *learned = NULL;
    struct error err = ERROR_INIT;

    host(&events, "a", "network.closed", "example.org", 443);
    input = read_input(&events);
    check_int(learn_policy(input, &usual, &learned, &err), -ENODATA);
    check(!learned);
}

TEST(each_failed_allocation_is_reported_and_leaves_nothing)
{
    struct text events auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    long left = 0;

    build_run(&events, "a");
    input = read_input(&events);
    for (long i = 0; left <= 0; i += 1 + i / 50) {
        struct learned *learned auto_learned = NULL;
        struct error err = ERROR_INIT;
        int r;

        mem_fail_after(i);
        r = learn_policy(input, &usual, &learned, &err);
        left = mem_fail_after(-1);
        if (r == 0)
            break;
        check_int(r, -ENOMEM);
        check_int(err.kind, ERROR_MEMORY);
    }
}

static bool is_of_git(const char *path)
{
    return strcmp(path, "/home/u/.git-credentials") == 0;
}

TEST(what_is_learned_in_lets_much_be_read_and_nothing_sensitive)
{
    static const char *const hosts[] = {"example.org", NULL};
    struct learn_confining confining = {.home = "/home/u", .exists = is_of_git, .hosts = hosts};
    struct error err = ERROR_INIT;
    char *text auto_free = NULL, *off auto_free = NULL, *recorded auto_free = NULL;

    check_int(learn_confinement(&confining, &text, &err), 0);
    confining.hosts = NULL;
    check_int(learn_confinement(&confining, &off, &err), 0);
    confining.records_hosts = true;
    check_int(learn_confinement(&confining, &recorded, &err), 0);
    check_int(access_in(text, "/etc/hostname"), ACCESS_READ);
    check_int(access_in(text, "/home/u/work/file"), ACCESS_WRITE);
    check_int(access_in(text, "/etc/shadow"), ACCESS_DENIED);
    check_int(access_in(text, "/etc/ssh/ssh_host_ed25519_key"), ACCESS_DENIED);
    check_int(access_in(text, "/home/u/work/deep/.env"), ACCESS_DENIED);
    check_int(access_in(text, "/home/u/.git-credentials"), ACCESS_DENIED);
    check_int(access_in(text, "/home/other/file"), ACCESS_DENIED);
    check_int(access_in(text, "/run/docker.sock"), ACCESS_DENIED);
    check_has(text, "- {to: [{host: \"example.org\"}]}");
    check_lacks(text, ".invalid");
    check_lacks(off, "network:");
    check_has(recorded, "- {to: [{host: \"cordon-learn.invalid\"}]}");
    check_lacks(recorded, "example.org");
}

TEST(a_host_that_is_no_name_does_not_break_out_of_the_confinement)
{
    static const char *const hosts[] = {"a\"}]}\nfilesystem: {readwritePaths: [/]}", NULL};
    const struct learn_confining confining = {.home = "/home/u", .exists = is_of_git, .hosts = hosts};
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    struct document *document;
    char *text auto_free = NULL;

    check_int(learn_confinement(&confining, &text, &err), 0);
    check(learn_load(arena, &usual.places, "learn", text, strlen(text), &document, &err) < 0);
    check_int(err.kind, ERROR_INVALID);
}
