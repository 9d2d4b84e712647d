/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: rules from a record or made of the bytes, then questions made of the rest. Each is answered as by the
 * reference, what is permitted lies within what could be reached, and neither what is said nor another layer makes a refused
 * one possible. The unit tests replay the corpus.
 *
 *   'r', the record's size in two bytes (low one first), the record, questions      anything else: rules, questions
 *   'p', a pattern, NUL, a path: they match as the reference says, and the path has one spelling
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "generate.h"
#include "net/request.h"
#include "properties.h"
#include "reference.h"

#define QUESTIONS_MAX 32
#define REFERENCE_MAX 4096 /* bytes of a record: the reference takes its time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

/* The rules, and what follows them in `source`. NULL where the record is none. */
static const struct net_rules *take_rules(struct arena *arena, struct source *source)
{
    struct net_rules *rules = NULL;
    size_t size;

    if (source->size < 3 || source->data[0] != 'r') {
        rules = generate_rules(arena, source, 3, GENERATE_ALL);
        hold(rules, "no memory");
        return rules;
    }
    size = source->data[1] | (size_t)source->data[2] << 8;
    source->data += 3;
    source->size -= 3;
    if (size > source->size || size > REFERENCE_MAX ||
        net_rules_read(arena, source->data, size, &rules, NULL) < 0)
        return NULL;
    source->data += size;
    source->size -= size;
    return rules;
}

static void check_path(const uint8_t *data, size_t size)
{
    const uint8_t *end = memchr(data, '\0', size);
    char path[NET_PATH_SIZE], again[NET_PATH_SIZE];
    const char *pattern = (const char *)data;
    struct net_requests requests = {.paths = &pattern, .path_count = 1};
    struct net_request request = {.method = "GET", .path = path};
    size_t length = end ? size - (size_t)(end + 1 - data) : 0;

    if (!end || net_path_canonical((const char *)end + 1, length, path, sizeof(path)) < 0)
        return;
    hold(net_path_canonical(path, strlen(path), again, sizeof(again)) == 0 && strcmp(path, again) == 0,
         "a canonical path has another spelling");
    hold(!strstr(path, "//") && !strstr(path, "/../") && !strstr(path, "/./") && !strchr(path, '\\') && !strstr(path, "%2F") &&
             !strstr(path, "%25"),
         "a path with two readings");
    if (net_path_pattern_check(pattern) < 0 || strlen(path) > 256)
        return;
    for (int is_deny = 0; is_deny < 2; is_deny++)
        hold(net_requests_match(&requests, &request, is_deny) == reference_match(&requests, &request, is_deny),
             "a pattern matches otherwise than the reference says");
    hold(!net_requests_match(&requests, &request, false) || net_requests_match(&requests, &request, true),
         "what a pattern grants it would not deny");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t nothing[1];
    struct source source = {.data = size ? data : nothing, .size = size};
    struct arena *arena auto_arena = arena_new();
    struct reachable reachable = {0};
    const struct net_rules *rules;
    char why[WHY_SIZE] = "";

    hold(arena, "no memory");
    if (size && data[0] == 'p')
        check_path(data + 1, size - 1);
    rules = take_rules(arena, &source);
    if (!rules)
        return 0;
    hold(reachable_init(&reachable, arena, rules, why) == 0, why);
    hold(check_record(arena, rules, why) == 0, why);
    for (unsigned i = 0; i < QUESTIONS_MAX && (source.size || !i); i++) {
        struct net_question *question = generate_question(arena, &source, rules);

        hold(question, "no memory");
        hold(check_question(rules, &reachable, question, why) == 0, why);
    }
    return 0;
}
