/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes are read as rules of the network, or refused with one line. What is read is canonical: it is
 * written as exactly these bytes, its names are read again as they are, and what it could reach can be said. The unit tests
 * replay the corpus. ninja -C DIR tests/unit/net/fuzz-rules
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void check_rules(const struct net_rule *rules, size_t count)
{
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        hold(rules[i].where, "a rule without a place");
        for (size_t j = 0; j < rules[i].peer_count; j++) {
            const char *host = rules[i].peers[j].host;

            hold(host || rules[i].peers[j].has_block, "a peer that is nobody");
            hold(!host || (net_pattern_canonical(host, strlen(host), name, NULL) == 0 && strcmp(host, name) == 0),
                 "a name that is not canonical");
        }
        for (size_t j = 0; j < rules[i].port_count; j++)
            hold(rules[i].ports[j].first <= rules[i].ports[j].last, "a range that is none");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena auto_arena = arena_new();
    void *exact auto_free = mem_alloc(size), *again auto_free = NULL;
    struct net_rules *rules = NULL;
    struct error err = ERROR_INIT;
    struct reachable reachable = {0};
    char why[WHY_SIZE] = "";
    size_t again_size = 0;

    hold(arena && exact, "no memory");
    if (size)
        memcpy(exact, data, size); /* a byte read behind it is found */
    if (net_rules_read(arena, exact, size, &rules, &err) < 0) {
        hold(!rules && err.text[0] && !strchr(err.text, '\n'), "a refusal that does not say why");
        return 0;
    }
    for (size_t i = 0; i < rules->layer_count; i++) {
        check_rules(rules->layers[i].allow, rules->layers[i].allow_count);
        check_rules(rules->layers[i].deny, rules->layers[i].deny_count);
    }
    hold(net_rules_write(rules, &again, &again_size, &err) == 0, err.text);
    hold(again_size == size && memcmp(again, exact, size) == 0, "it is written otherwise than it was read");
    hold(reachable_init(&reachable, arena, rules, why) == 0, why);
    return 0;
}
