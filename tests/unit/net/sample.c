/* SPDX-License-Identifier: Apache-2.0 */
#include "sample.h"

#include "say.h"

static const char sample[] = "open; deny to=*.b.test any:25-26 | allow to=a.test@10.0.0.0/8!10.1.0.0/16 to=2001:db8::/32 tcp:443 "
                             "udp; allow icmp; deny to=93.184.216.34";

static const char *const sample_methods[] = {"GET", "POST"}, *const sample_paths[] = {"/v1/**", "/%C3%A4/*.json"};
static const char *const sample_calls[] = {"resources/list"}, *const sample_tools[] = {"search", "read file"};
static const uint16_t sample_programs[] = {2, 1};
static const struct net_requests sample_http = {.methods = sample_methods, .method_count = 2, .paths = sample_paths,
                                                .path_count = 2, .has_websocket = true};
static const struct net_requests sample_mcp = {.has_calls = true, .is_mcp = true, .calls = sample_calls, .call_count = 1,
                                               .tools = sample_tools, .tool_count = 2};

/* What a rule says of requests, programs and budgets. */
static void add_narrow(struct arena *arena, struct net_rules *rules)
{
    struct net_rule *narrow = &rules->layers[1].allow[1];

    for (int i = 0; i < 2; i++) {
        struct net_program *program = arena_append(arena, rules->programs, rules->program_count);
        struct net_budget *budget = arena_append(arena, rules->budgets, rules->budget_count);

        *program = (struct net_program){i ? "/usr/bin/git" : "/usr/bin/curl", 1ull << 40, 7, 9, -5, 999999999, {[31] = 3}};
        *budget = (struct net_budget){1, 2, 3, 4, 1ull << 33, i, "budget"};
    }
    rules->total_count = 1;
    narrow->terminates = true;
    narrow->programs = sample_programs;
    narrow->program_count = 2;
    narrow->budget = 2;
    narrow->requests = &sample_http;
    rules->layers[1].deny[0].requests = &sample_mcp;
}

struct net_rules *sample_rules(struct arena *arena)
{
    struct net_rules *rules = say_rules(arena, sample);
    struct net_door *door = arena_append(arena, rules->inward, rules->inward_count);

    add_narrow(arena, rules);
    *door = (struct net_door){8080, 80, "ingress.ports[0]"};
    door = arena_append(arena, rules->outward, rules->outward_count);
    *door = (struct net_door){5432, 5432, "ingress.hostLoopback[0]"};
    rules->layers[1].where = NULL;
    return rules;
}
