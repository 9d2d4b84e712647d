/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bytes are read as questions, a line each, and as records. What is a question has an answer, a suggestion that
 * comes to edits or to a reason, and is printed without a byte that a terminal obeys; what is refused says why. Every record is put
 * to the plan, alone and in a simulation, whose sums are those of what it took.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../facts.h"
#include "author/recorded.h"
#include "author/simulate.h"
#include "author/why.h"
#include "author/why_run.h"
#include "policy/policy.h"

#define LINE_MAX_SIZE 65536

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] = "version: cordon/1\n"
                               "filesystem:\n"
                               "  readonlyPaths: [/usr/share, {path: /srv/nothing, optional: true}]\n"
                               "  readwritePaths: [/var/tmp]\n"
                               "  deniedPaths: [/usr/share/doc, '/var/tmp/cordon-fuzz/**/*.key']\n"
                               "  protectBuiltin: true\n"
                               "network:\n"
                               "  egress:\n"
                               "    allow: [{to: [{host: '*.example.org'}], ports: [{port: 443, protocol: tcp}]}, {to: [{cidr: 10.0.0.0/8}]}]\n"
                               "    deny: [{to: [{host: bad.example.org}]}]\n"
                               "syscalls: {deny: [ptrace]}\n"
                               "resources: {memory: 1GiB}\n";

static const struct variables variables = {.workspace = "/var/tmp", .home = "/home/fuzz", .user = "fuzz", .tmp = "/tmp"};

/* Made once. */
static struct {
    struct policy *policy;
    struct plan *plan;
    struct plan_index *index;
} world;

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void make_world(void)
{
    static const char *const no_environment[] = {NULL};
    const struct load_options load = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    const struct compile_options options = {.variables = &variables, .is_dry_run = true, .cache_directory = "/tmp/cordon-fuzz-cache",
                                            .caller_env = no_environment, .caller_cwd = "/"};
    struct facts facts = facts_made_up();
    struct document *loaded;
    struct error err = ERROR_INIT;

    facts.keeps_names = true;
    hold(policy_new(&world.policy, &err) == 0, err.text);
    hold(document_load_text(world.policy->arena, "fuzz.yaml", document, strlen(document), &load, &loaded, &err) == 0, err.text);
    hold(policy_add_layer(world.policy, loaded, &err) == 0, err.text);
    hold(policy_compile(world.policy, &facts, &options, &world.plan, &err) == 0, err.text);
    hold(plan_index_new(world.plan, &world.index, &err) == 0, err.text);
}

static void check_printed(const struct text *text, bool is_json)
{
    hold(!text->is_broken && text->data, "nothing was printed");
    for (size_t i = 0; i < text->length; i++) {
        unsigned char byte = (unsigned char)text->data[i];

        hold(byte >= ' ' || byte == '\n', "a control character was printed");
        hold(byte != '\n' || !is_json || i + 1 == text->length, "an answer in JSON has more than one line");
    }
    hold(!strstr(text->data, "\xe2\x80\xae"), "a bidirectional control was printed");
}

static void answer(struct arena *arena, const struct question *question)
{
    const struct suggest_input input = {.policy = world.policy, .plan = world.plan, .index = world.index, .variables = &variables};
    auto_text struct text out = {0}, json = {0}, patch = {0};
    struct suggestion suggestion = {0};
    struct error err = ERROR_INIT;
    struct judged judged, again;
    struct why why = {.question = question, .judged = &judged, .suggestion = &suggestion};

    plan_judge(world.index, question, &judged);
    plan_judge(world.index, question, &again);
    hold(judged.judgement >= JUDGED_ALLOWED && judged.judgement <= JUDGED_DEPENDS && judged.reason, "no verdict");
    hold(judged.judgement == again.judgement && judged.origin == again.origin, "another answer to the same question");
    hold(suggest(arena, &input, question, &judged, &suggestion, &err) == 0, err.text);
    hold((suggestion.edit_count > 0) != (suggestion.none != NULL), "neither edits nor a reason");
    why_print_text(&out, &why, false);
    why_print_json(&json, &why);
    check_printed(&out, false);
    check_printed(&json, true);
    if (suggestion.edit_count)
        suggest_print_patch(&patch, &suggestion, suggestion.edits[0].file);
}

static void check_questions(const char *data, size_t size)
{
    const char *end = data + size;

    while (data < end) {
        const char *stop = memchr(data, '\n', (size_t)(end - data));
        size_t length = (size_t)((stop ? stop : end) - data);
        auto_arena struct arena *arena = arena_new();
        struct why_asked asked = {0};
        struct error err = ERROR_INIT;

        hold(arena != NULL, "no memory");
        if (length <= LINE_MAX_SIZE && why_read_question(arena, data, length, "/var/tmp", &asked, &err) == 0)
            answer(arena, &asked.question);
        else
            hold(length > LINE_MAX_SIZE || err.text[0], "refused without a word");
        data += length + 1;
    }
}

static struct event_reader *read_again(const char *data, size_t size)
{
    int fd = memfd_create("events", MFD_CLOEXEC);
    struct event_reader *reader = NULL;
    struct error err = ERROR_INIT;

    hold(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0, "no file");
    hold(event_reader_new(fd, NULL, &reader, &err) == 0, err.text);
    return reader;
}

static void check_records(const char *data, size_t size)
{
    auto_event_reader struct event_reader *reader = read_again(data, size), *groups = read_again(data, size);
    auto_simulation struct simulation *simulation = NULL;
    auto_arena struct arena *arena = arena_new();
    auto_free char *text = NULL;
    static struct recorded recorded;
    struct event_record record;
    struct simulation_sum sum;
    struct why_run run;
    struct error err = ERROR_INIT;
    int status;

    hold(arena && simulation_new(world.index, &simulation, &err) == 0, "no memory");
    while ((status = event_reader_next(reader, &record, &err)) > 0) {
        recorded_read(&record, "/var", "/srv", &recorded);
        if (recorded.verdict != RECORDED_NOTHING)
            answer(arena, &recorded.question);
        hold(simulation_take(simulation, &record, "/srv", &err) == 0, err.text);
    }
    hold(status == 0, err.text);
    sum = simulation_sum(simulation);
    hold(sum.events >= sum.counts[SIMULATED_DENIED] && sum.events >= sum.counts[SIMULATED_ALLOWED], "a sum is less than its parts");
    hold(simulation_print_text(simulation, &text, &err) == 0, err.text);
    hold(why_run_read(arena, groups, &run, &err) == 0, err.text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!world.index)
        make_world();
    check_questions((const char *)data, size);
    check_records((const char *)data, size);
    return 0;
}
