/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long loading and compiling a policy takes, and what comes out of it.
 *   compile [--explain | --json] [FILE]    without FILE: the coding-agent profile
 * The facts are made up, so that the figures are those of the compiler alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../facts.h"
#include "policy/policy.h"

#define ROUNDS 300

extern char **environ;

static double now_us(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct round {
    double load_us, compile_us;
};

static int one_round(const char *file, const char *show, struct round *ret_round)
{
    static char cwd[4096];
    struct variables variables = {
        .workspace = getcwd(cwd, sizeof(cwd)),
        .home = getenv("HOME"),
        .user = getenv("USER") ? getenv("USER") : "nobody",
        .tmp = "/tmp",
    };
    struct load_options load = {
        .kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    struct compile_options options = {
        .variables = &variables,
        .is_dry_run = true,
        .caller_path = getenv("PATH"),
        .cache_directory = "/tmp/cordon-bench-cache",
        .caller_env = (const char *const *)environ,
        .caller_cwd = cwd,
    };
    struct facts facts = facts_made_up();
    auto_policy struct policy *policy = NULL;
    auto_plan struct plan *plan = NULL;
    auto_free char *text = NULL;
    struct document *document;
    struct error err = ERROR_INIT;
    double start = now_us(), loaded;
    int r = policy_new(&policy, &err);

    if (r == 0)
        r = file ? document_load_file(policy->arena, file, &load, &document, &err)
                 : document_load_profile(policy->arena, "coding-agent", &load, &document, &err);
    if (r == 0)
        r = policy_add_layer(policy, document, &err);
    loaded = now_us();
    if (r == 0)
        r = policy_compile(policy, &facts, &options, &plan, &err);
    ret_round->load_us = loaded - start;
    ret_round->compile_us = now_us() - loaded;
    if (r == 0 && show)
        r = strcmp(show, "--json") == 0 ? plan_explain_json(plan, &text, &err)
                                        : plan_explain_text(plan, &text, &err);
    if (r < 0) {
        fprintf(stderr, "compile: %s\n", err.text);
        return 1;
    }
    if (text)
        fputs(text, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    bool is_shown = argc > 1 && strncmp(argv[1], "--", 2) == 0;
    const char *show = is_shown ? argv[1] : NULL;
    const char *file = argc > 1 + is_shown ? argv[1 + is_shown] : NULL;
    static double load[ROUNDS], compile[ROUNDS];
    struct round round;

    if (show)
        return one_round(file, show, &round);
    for (int i = 0; i < ROUNDS; i++) {
        if (one_round(file, NULL, &round))
            return 1;
        load[i] = round.load_us;
        compile[i] = round.compile_us;
    }
    qsort(load, ROUNDS, sizeof(load[0]), compare);
    qsort(compile, ROUNDS, sizeof(compile[0]), compare);
    printf("load    p50 %.0f us, p90 %.0f us\n", load[ROUNDS / 2], load[ROUNDS * 9 / 10]);
    printf("compile p50 %.0f us, p90 %.0f us\n", compile[ROUNDS / 2], compile[ROUNDS * 9 / 10]);
    return 0;
}
