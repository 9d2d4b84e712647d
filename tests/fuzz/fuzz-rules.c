/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes are read as rules of the network and as secrets, or refused with one line. What is read is
 * canonical: it is written as exactly these bytes, its names are read again as they are, no number leads out of its list, and
 * what it could reach can be said. The unit tests replay the corpus. ninja -C DIR tests/unit/net/fuzz-rules
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/request.h"
#include "net/secrets.h"
#include "properties.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void check_requests(const struct net_requests *requests, bool is_deny)
{
    static const struct net_request probe = {.method = "POST", .path = "/v1/x", .has_call = true, .call = "tools/call", .tool = "x"};

    for (size_t i = 0; i < requests->path_count; i++)
        hold(net_path_pattern_check(requests->paths[i]) == 0, "a pattern that is not canonical");
    hold(!requests->has_calls || !requests->has_websocket, "calls in a WebSocket");
    hold(requests->has_calls || (!requests->is_mcp && !requests->call_count && !requests->tool_count), "calls of nothing");
    hold(net_requests_match(requests, &probe, is_deny) != NET_MATCH_BODY, "a body was asked for that is there");
}

static void check_grant(const struct net_rules *all, const struct net_rule *rule, bool is_deny)
{
    hold(!is_deny || (!rule->terminates && !rule->program_count && !rule->budget), "a deny rule that is more");
    hold(!rule->budget || (rule->budget > all->total_count && rule->budget <= all->budget_count), "a budget that is none");
    for (size_t i = 0; i < rule->program_count; i++)
        hold(rule->programs[i] >= 1 && rule->programs[i] <= all->program_count, "a program that is none");
    if (rule->requests)
        check_requests(rule->requests, is_deny);
}

static void check_rules(const struct net_rules *all, const struct net_rule *rules, size_t count, bool is_deny)
{
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < count; i++) {
        hold(rules[i].where, "a rule without a place");
        check_grant(all, &rules[i], is_deny);
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

static void check_secrets(const void *exact, size_t size)
{
    struct arena *arena auto_arena = arena_new();
    struct net_secrets *secrets = NULL;
    struct error err = ERROR_INIT;
    void *again auto_free = NULL;
    size_t again_size = 0;

    hold(arena, "no memory");
    if (net_secrets_read(arena, exact, size, &secrets, &err) < 0) {
        hold(!secrets && err.text[0] && !strchr(err.text, '\n'), "a refusal that does not say why");
        return;
    }
    hold(net_secrets_write(secrets, secrets->count && secrets->items[0].value, &again, &again_size, &err) == 0, err.text);
    hold(again_size == size && memcmp(again, exact, size) == 0, "secrets are written otherwise than read");
    for (size_t i = 0; i < secrets->count; i++)
        hold(secrets->items[i].host_count && secrets->items[i].field_count && secrets->items[i].value_length, "half a secret");
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
    check_secrets(exact, size);
    if (net_rules_read(arena, exact, size, &rules, &err) < 0) {
        hold(!rules && err.text[0] && !strchr(err.text, '\n'), "a refusal that does not say why");
        return 0;
    }
    for (size_t i = 0; i < rules->layer_count; i++) {
        check_rules(rules, rules->layers[i].allow, rules->layers[i].allow_count, false);
        check_rules(rules, rules->layers[i].deny, rules->layers[i].deny_count, true);
    }
    hold(net_rules_write(rules, &again, &again_size, &err) == 0, err.text);
    hold(again_size == size && memcmp(again, exact, size) == 0, "it is written otherwise than it was read");
    hold(reachable_init(&reachable, arena, rules, why) == 0, why);
    return 0;
}
