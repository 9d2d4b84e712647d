/* SPDX-License-Identifier: Apache-2.0 */
/* A merged policy allows no more than the person's and the learned one, each by itself; and evidence counts once. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "learn_fixture.h"
#include "policy/diff.h"

static uint64_t seed;

static unsigned below(unsigned limit)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(seed >> 33) % limit;
}

#define PICK(list) list[below(ARRAY_COUNT(list))]

/* ---- generated ---- */

static void some_events(struct text *out)
{
    static const char *const read[] = {"/home/u/work/src/a.c", "/home/u/work/.env", "/srv/data/one", "/srv/data/deep/two", "/etc/ssl/x",
                                       "/home/u/.config/app/c", "/home/u/notes"};
    static const char *const made[] = {"/home/u/work/out/new", "/home/u/work/new", "/srv/data/spool/x", "/home/u/.cache/ccache/1/x",
                                       "/home/u/work/out/.git/hooks/x", "/srv/data/deep/x"};

    used(out, "a", "execute", "/usr/bin/git", "/usr/bin/bash");
    for (unsigned i = 0; i < 4; i++) {
        used(out, "a", "read", PICK(read), GIT);
        if (below(2))
            used(out, "a", "create", PICK(made), MAKE);
    }
    if (below(2))
        host(out, "a", "network.connected", "example.org", 443);
}

static void add_list(struct text *out, const char *member, const char *const *items, size_t count)
{
    unsigned wanted = below(3);

    if (!wanted)
        return;
    text_printf(out, "  %s:\n", member);
    for (unsigned i = 0; i < wanted; i++)
        text_printf(out, "    - %s\n", items[below((unsigned)count)]);
}

static void some_document(struct text *out)
{
    static const char *const extended[] = {"extends: [base]\n", "extends:\n  - base\n  - git\n", "extends: coding-agent\n", ""};
    static const char *const protects[] = {"  protectBuiltin: true\n", "  protectBuiltin: false\n", "", ""};
    static const char *const granted[] = {"${workspace}", "${workspace}/src", "${workspace}/out", "/srv/data", "/srv/data/deep/two", "/srv",
                                          "{path: '${home}/notes', optional: true}", "'${home}/.config/app'"};
    static const char *const denied[] = {"'${workspace}/**/.env'", "/srv/data/one", "'${workspace}/out'", "'/srv/data/**/x'", "/srv/data/deep",
                                         "'${workspace}/**/*.pem'"};
    static const char *const networks[] = {"", "network: {loopback: deny}\n", "network:\n  egress:\n    allow:\n      - {to: [{host: example.org}], ports: [{port: 80}]}\n",
                                           "network:\n  egress:\n    default: deny\n    deny:\n    - {to: [{host: example.org}]}\n"};
    static const char *const offered[] = {"", "", "learned:\n  - \"readonly ${workspace}\"\n  - \"readwrite ${workspace}/out\"\n",
                                          "learned:\n  - \"readonly /srv/data/one\"\n  - \"readonly /srv/data/deep\"\n"};

    text_add(out, "version: cordon/1\n");
    text_add(out, PICK(extended));
    text_add(out, PICK(networks));
    text_add(out, PICK(offered));
    text_add(out, "filesystem:\n");
    add_list(out, "readonlyPaths", granted, ARRAY_COUNT(granted));
    add_list(out, "readwritePaths", granted, ARRAY_COUNT(granted));
    add_list(out, "deniedPaths", denied, ARRAY_COUNT(denied));
    text_add(out, PICK(protects));
}

static struct document *load(struct arena *arena, const char *text)
{
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    if (learn_load(arena, &usual.places, "document", text, strlen(text), &document, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s\n%s", err.text, text);
    return document;
}

/* The paths that rules of the three, or their neighbours, are about. */
static void check_bounds(const char *before_text, const char *alone_text, const char *after_text)
{
    static const char *const paths[] = {"/home/u/work", "/home/u/work/x", "/home/u/work/.env", "/home/u/work/src/.env", "/home/u/work/src/a.c",
                                        "/home/u/work/out", "/home/u/work/out/.env", "/home/u/work/out/new", "/home/u/work/out/.git/hooks/x",
                                        "/home/u/work/.git/hooks/x", "/home/u/work/key.pem", "/srv/data/one", "/srv/data/two", "/srv/data/spool/x",
                                        "/srv/data/deep/two", "/srv/data/deep/x", "/srv/other", "/home/u/notes", "/home/u/.config/app/c",
                                        "/home/u/.config/app/d", "/home/u/.ssh/id_rsa", "/etc/shadow", "/etc/ssl/y"};
    auto_arena struct arena *arena = arena_new();
    const struct document *before = load(arena, before_text), *alone = load(arena, alone_text), *after = load(arena, after_text);

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++) {
        enum access was = document_access(before, paths[i], NULL), is = document_access(after, paths[i], NULL);

        if (is < was)
            test_fail(__FILE__, __LINE__, "%s is lost\n%s---- merged\n%s", paths[i], before_text, after_text);
        if (is > was && is > document_access(alone, paths[i], NULL))
            test_fail(__FILE__, __LINE__, "%s is more than either allows\n%s---- learned\n%s---- merged\n%s", paths[i], before_text, alone_text,
                      after_text);
    }
}

TEST(a_merge_allows_no_more_than_both_sides_and_is_never_refused_for_it)
{
    unsigned merged_count = 0, added = 0;

    seed = getenv("CORDON_TEST_SEED") ? strtoull(getenv("CORDON_TEST_SEED"), NULL, 10) : 20261123;
    for (unsigned round = 0; round < test_rounds(400); round++) {
        struct text events auto_text = {0}, document auto_text = {0};
        struct learned *learned auto_learned = NULL;
        struct learn_merge result = {0};
        struct error err = ERROR_INIT;
        char *merged auto_free = NULL, *alone auto_free = NULL;

        some_events(&events);
        some_document(&document);
        learned = learn_with(&events, &usual);
        alone = written(learned);
        if (learned_merge(learned, "policy.yaml", document.data, document.length, &merged, &result, &err) < 0) {
            check_lacks(err.text, "nobody wrote and nothing learned");
            continue;
        }
        check_bounds(document.data, alone, merged);
        merged_count++;
        added += result.added > 0;
        mem_free(result.notes);
    }
    printf("     %u of %u merged, %u with something new\n", merged_count, test_rounds(400), added);
    check(merged_count > test_rounds(200) && added > test_rounds(100));
}

/* ---- the adversarial twin: documents as a misplaced line would make them ---- */

static const char person[] = "version: cordon/1\nextends: [base]\n"
                             "filesystem:\n  readonlyPaths:\n    - /srv/reference\n  readwritePaths:\n    - ${workspace}\n"
                             "  deniedPaths:\n    - ${workspace}/shut\n    - '${workspace}/**/*.pem'\n  protectBuiltin: true\n"
                             "resources: {memory: 1GiB}\nsyscalls: {deny: [ptrace]}\n"
                             "network:\n  egress:\n    allow:\n      - {to: [{host: example.org}], ports: [{port: 443}]}\n";

static char *replaced(const char *text, const char *part, const char *instead)
{
    const char *at = strstr(text, part);
    struct text out = {0};
    char *result = NULL;

    check(at != NULL);
    text_add_n(&out, text, (size_t)(at - text));
    text_add(&out, instead);
    text_add(&out, at + strlen(part));
    check_int(text_take(&out, &result, NULL), 0);
    return result;
}

TEST(a_document_that_allows_more_than_both_sides_is_refused_with_what_it_allows)
{
    static const struct {
        const char *part, *instead, *said; /* said NULL = it is within its bounds */
    } rows[] = {
        {"    - /srv/reference\n", "    - /srv/reference\n    - {path: /srv/data/one, optional: true}\n", NULL}, /* learned */
        {"    - /srv/reference\n", "    - /srv/reference\n    - /srv/more\n", "/srv/more"},
        {"  readwritePaths:\n", "  readwritePaths:\n    - /srv/data/one\n", "/srv/data/one"}, /* learned to be read */
        {"    - ${workspace}/shut\n", "", "/home/u/work/shut"},
        {"    - '${workspace}/**/*.pem'\n", "", "/home/u/work/**/*.pem"},
        {"protectBuiltin: true", "protectBuiltin: false", "filesystem.protectBuiltin"},
        {"protectBuiltin: true", "protectBuiltin: true\n  unprotectedPaths: [.git/hooks]", "/.git/hooks"},
        {"memory: 1GiB", "memory: 2GiB", "resources.memory"},
        {"{deny: [ptrace]}", "{deny: [bpf]}", "ptrace"},
        {"{host: example.org}", "{host: '*.example.org'}", "example.org"},
        {"{port: 443}", "{port: 444}", "port 444"},
        {"version: cordon/1\n", "version: cordon/1\nunixSockets: [/run/docker.sock]\n", "/run/docker.sock"},
        {"version: cordon/1\n", "version: cordon/1\nenvironment: {inherit: [GH_TOKEN]}\n", "GH_TOKEN"},
        {"version: cordon/1\n", "version: cordon/1\nnested: {namespaces: true}\n", "nested"},
        {"version: cordon/1\n", "version: cordon/1\ndevices: [/dev/kvm]\n", "/dev/kvm"},
    };
    struct text events auto_text = {0};
    struct learned *learned auto_learned = NULL;

    used(&events, "a", "read", "/srv/data/one", GIT);
    learned = learn_with(&events, &usual);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_arena struct arena *arena = arena_new();
        struct error err = ERROR_INIT;
        char *text auto_free = replaced(person, rows[i].part, rows[i].instead);
        int r = learn_check_bound(learned, arena, load(arena, person), load(arena, text), "p.yaml", &err);

        if ((r < 0) != (rows[i].said != NULL))
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].instead, r < 0 ? err.text : "accepted");
        if (rows[i].said) {
            check_has(err.text, rows[i].said);
            check_has(err.text, "p.yaml cannot be changed line by line");
        }
    }
}

/* ---- evidence ---- */

static void read_again(struct learn_input *input, const struct text *events)
{
    struct event_reader *reader auto_event_reader = NULL;
    struct error err = ERROR_INIT;
    int fd = memfd_create("record", MFD_CLOEXEC);

    check_int(file_write_all(fd, events->data, events->length), 0);
    check_int(lseek(fd, 0, SEEK_SET), 0);
    check_int(event_reader_new(fd, NULL, &reader, &err), 0);
    check_int(learn_input_read(input, reader, &err), 0);
}

TEST(a_run_that_is_read_twice_is_seen_once)
{
    struct text first auto_text = {0}, more auto_text = {0};
    struct learn_input *input auto_learn_input = NULL;
    struct learned *learned auto_learned = NULL;
    struct error err = ERROR_INIT;
    char *once auto_free = NULL, *twice auto_free = NULL;

    used(&first, "a", "read", "/srv/data/one", GIT);
    used(&first, "a", "read", "/srv/data/one", GIT);
    used(&first, "b", "read", "/srv/data/one", MAKE);
    once = policy_of(&first);
    check_has(once, "# seen 3 times by /usr/bin/git, /usr/bin/make in 2 of 2 runs");
    input = read_input(&first);
    read_again(input, &first);
    check_int(learn_policy(input, &usual, &learned, &err), 0);
    twice = written(learned);
    check_string(twice, once);
    /* What the run did since is new. */
    used(&more, "a", "read", "/srv/data/one", GIT);
    read_again(input, &more);
    learned_free(learned);
    check_int(learn_policy(input, &usual, &learned, &err), 0);
    mem_free(twice);
    twice = written(learned);
    check_has(twice, "# seen 4 times by /usr/bin/git, /usr/bin/make in 2 of 2 runs");
}

TEST(learning_the_same_run_again_makes_nothing_surer)
{
    struct text events auto_text = {0}, other auto_text = {0};
    struct learned *learned auto_learned = NULL, *later auto_learned = NULL;
    struct learn_merge result = {0};
    struct error err = ERROR_INIT;
    char *text auto_free = NULL, *again auto_free = NULL;

    used(&events, "a", "read", "/srv/data/one", GIT);
    learned = learn_with(&events, &usual);
    text = written(learned);
    check_has(text, "confidence medium: one run");
    for (int i = 0; i < 3; i++) {
        char *merged auto_free = NULL;

        check_int(learned_merge(learned, "p.yaml", text, strlen(text), &merged, &result, &err), 0);
        check_string(merged, text);
        check_int(result.added, 0);
        mem_free(result.notes);
    }
    /* Of another run, too, the comment says what it said: it tells what the rule was made from. */
    used(&other, "b", "read", "/srv/data/one", GIT);
    later = learn_with(&other, &usual);
    check_int(learned_merge(later, "p.yaml", text, strlen(text), &again, &result, &err), 0);
    check_string(again, text);
    mem_free(result.notes);
}
