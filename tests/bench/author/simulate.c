/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many recorded events a simulation takes in a second of one processor: decoded ones in memory, and lines of a file.
 *   simulate POLICY EVENTS    prints {"decodedPerSecond": N, "linesPerSecond": N, "newlyDenied": N, "newlyAllowed": N}
 * The facts are made up: no machine changes what the policy comes to.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../facts.h"
#include "author/simulate.h"
#include "event/decode.h"
#include "policy/policy.h"

#define KEPT_MAX 4096 /* records that are held decoded */
#define SECONDS  1.0

struct kept {
    json_t *value;
    struct decoded store;
    struct event_record record;
};

static void fail(const char *what, const struct error *err)
{
    fprintf(stderr, "simulate: %s: %s\n", what, err ? err->text : strerror(errno));
    exit(1);
}

static double now_s(void)
{
    struct timespec at;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static struct plan *compile(const char *file, struct policy *policy)
{
    static const char *const no_environment[] = {NULL};
    struct variables variables = {.workspace = "/srv/work", .home = "/home/bench", .user = "bench", .tmp = "/tmp"};
    struct load_options load = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct compile_options options = {.variables = &variables, .is_dry_run = true, .cache_directory = "/tmp/cordon-bench-cache",
                                      .caller_env = no_environment, .caller_cwd = "/"};
    struct facts facts = facts_made_up();
    struct document *document;
    struct error err = ERROR_INIT;
    struct plan *plan;

    if (document_load_file(policy->arena, file, &load, &document, &err) < 0 || policy_add_layer(policy, document, &err) < 0 ||
        policy_compile(policy, &facts, &options, &plan, &err) < 0)
        fail(file, &err);
    return plan;
}

static struct kept *keep(const char *file, size_t *ret_count)
{
    struct kept *kept = calloc(KEPT_MAX, sizeof(*kept));
    FILE *lines = fopen(file, "re");
    char *line = NULL;
    size_t room = 0, count = 0;
    ssize_t length;

    if (!kept || !lines)
        fail(file, NULL);
    while (count < KEPT_MAX && (length = getline(&line, &room, lines)) > 0) {
        struct kept *one = &kept[count];

        one->value = json_loadb(line, (size_t)length - 1, JSON_REJECT_DUPLICATES, NULL);
        count += one->value && decode_record(one->value, &one->store, &one->record);
    }
    free(line);
    fclose(lines);
    *ret_count = count;
    return kept;
}

/* Rounds until a second is over: each is a simulation of its own. */
static double measure_decoded(const struct plan_index *index, const struct kept *kept, size_t count)
{
    double start = now_s(), spent;
    size_t taken = 0;

    do {
        auto_simulation struct simulation *simulation = NULL;
        struct error err = ERROR_INIT;

        if (simulation_new(index, &simulation, &err) < 0)
            fail("simulate", &err);
        for (int again = 0; again < 16; again++, taken += count)
            for (size_t i = 0; i < count; i++)
                if (simulation_take(simulation, &kept[i].record, NULL, &err) < 0)
                    fail("simulate", &err);
        spent = now_s() - start;
    } while (spent < SECONDS);
    return (double)taken / spent;
}

static double measure_lines(const struct plan_index *index, const char *file, struct simulation_sum *ret_sum)
{
    double start = now_s(), spent;
    uint64_t taken = 0;

    do {
        auto_simulation struct simulation *simulation = NULL;
        auto_event_reader struct event_reader *reader = NULL;
        struct error err = ERROR_INIT;
        struct event_record record;
        int fd = open(file, O_RDONLY | O_CLOEXEC), status;

        if (fd < 0 || simulation_new(index, &simulation, &err) < 0 || event_reader_new(fd, NULL, &reader, &err) < 0)
            fail(file, &err);
        while ((status = event_reader_next(reader, &record, &err)) > 0)
            if (simulation_take(simulation, &record, NULL, &err) < 0)
                fail("simulate", &err);
        if (status < 0 || event_reader_state(reader).damaged)
            fail(file, &err);
        taken += event_reader_state(reader).records;
        *ret_sum = simulation_sum(simulation);
        spent = now_s() - start;
    } while (spent < SECONDS);
    return (double)taken / spent;
}

int main(int argc, char **argv)
{
    auto_policy struct policy *policy = NULL;
    auto_plan struct plan *plan = NULL;
    auto_plan_index struct plan_index *index = NULL;
    struct error err = ERROR_INIT;
    struct simulation_sum sum;
    struct kept *kept;
    double decoded, lines;
    size_t count;

    if (argc != 3)
        return 2;
    if (policy_new(&policy, &err) < 0)
        fail("simulate", &err);
    plan = compile(argv[1], policy);
    if (plan_index_new(plan, &index, &err) < 0)
        fail("simulate", &err);
    kept = keep(argv[2], &count);
    decoded = measure_decoded(index, kept, count);
    lines = measure_lines(index, argv[2], &sum);
    printf("{\"decodedPerSecond\": %.0f, \"linesPerSecond\": %.0f, \"newlyDenied\": %llu, \"newlyAllowed\": %llu}\n", decoded, lines,
           (unsigned long long)sum.counts[SIMULATED_DENIED], (unsigned long long)sum.counts[SIMULATED_ALLOWED]);
    for (size_t i = 0; i < count; i++)
        json_decref(kept[i].value);
    free(kept);
    return 0;
}
