/* SPDX-License-Identifier: Apache-2.0 */
/* Requests, and rules about them. */
#include "generate.h"

#include <sys/socket.h>

#define PROGRAMS 3

static const char *const methods[] = {"GET", "POST", "DELETE", "get", "POST", "POST"};
static const char *const patterns[] = {"/**", "/v1/**", "/v1/*", "/v1/a*c", "/v1", "/v1/", "/**/x", "/*/x/**", "/%2A", "/"};
static const char *const paths[] = {"/", "/v1", "/v1/", "/v1/abc", "/v1/x", "/V1/x/", "/v1/x/y", "/%2A", "/v1./x", "*", NULL};
static const char *const calls[] = {"", "ping", "eth_call", "resources/list", "tools/call", "initialize"};
static const char *const tools[] = {"search", "write"};

/* 1 to `most` of them. */
static const char *const *some(struct arena *arena, struct source *source, const char *const *of, size_t count, unsigned most,
                               size_t *ret_count)
{
    size_t size = 1 + source_below(source, most);
    const char **list = arena_alloc(arena, size * sizeof(*list));

    for (size_t i = 0; i < size && list; i++)
        list[i] = of[source_below(source, (unsigned)count)];
    *ret_count = list ? size : 0;
    return list;
}

static bool add_calls(struct arena *arena, struct source *source, struct net_requests *requests)
{
    requests->has_calls = true;
    requests->is_mcp = source_below(source, 2);
    if (requests->is_mcp && source_below(source, 3)) {
        requests->tools = some(arena, source, tools, ARRAY_COUNT(tools), 1, &requests->tool_count);
        return requests->tools;
    }
    requests->calls = some(arena, source, calls + 1, ARRAY_COUNT(calls) - 1, 2, &requests->call_count);
    return requests->calls;
}

static bool add_requests(struct arena *arena, struct source *source, struct net_rule *rule)
{
    struct net_requests *requests = arena_alloc(arena, sizeof(*requests));
    bool is_good = requests;

    rule->requests = requests;
    if (is_good && source_below(source, 2))
        is_good = (requests->methods = some(arena, source, methods, ARRAY_COUNT(methods), 2, &requests->method_count));
    if (is_good && source_below(source, 2))
        is_good = (requests->paths = some(arena, source, patterns, ARRAY_COUNT(patterns), 2, &requests->path_count));
    if (is_good && source_below(source, 2))
        return add_calls(arena, source, requests);
    if (is_good)
        requests->has_websocket = source_below(source, 2);
    return is_good;
}

bool generate_narrow(struct arena *arena, struct source *source, struct net_rule *rule, bool is_deny)
{
    uint16_t *programs;

    if (source_below(source, 2) && !add_requests(arena, source, rule))
        return false;
    if (is_deny)
        return true;
    rule->terminates = source_below(source, 2);
    rule->budget = source_below(source, 3) ? 0 : (uint16_t)(2 + source_below(source, 2));
    if (source_below(source, 6))
        return true;
    programs = arena_alloc(arena, sizeof(*programs));
    if (!programs)
        return false;
    *programs = (uint16_t)(1 + source_below(source, PROGRAMS));
    rule->programs = programs;
    rule->program_count = 1;
    return true;
}

bool generate_lists(struct arena *arena, struct net_rules *rules)
{
    static const struct net_program program = {.path = "/usr/bin/program"};
    static const struct net_budget budget = {.connections = 1, .where = "budget"};

    for (int i = 0; i < PROGRAMS; i++) {
        struct net_program *one = arena_append(arena, rules->programs, rules->program_count);
        struct net_budget *other = arena_append(arena, rules->budgets, rules->budget_count);

        if (!one || !other)
            return false;
        *one = program;
        *other = budget;
    }
    rules->total_count = 1;
    return true;
}

/* What most often comes to requests: a name that was given, said at a port and an address with nothing special. */
static void make_common(struct net_question *question)
{
    question->protocol = NET_TCP;
    question->address = (struct net_address){.family = AF_INET, .bytes = {93, 184, 216, 34}};
    question->port = 443;
    question->is_own = false;
    if (!question->name_count)
        return;
    question->said = NET_SAID_NAME;
    question->name = question->names[0];
}

static bool has_spoken(const struct net_question *question)
{
    return question->protocol == NET_TCP && (question->said == NET_SAID_NAME || question->said == NET_SAID_NO_NAME);
}

bool generate_request(struct arena *arena, struct source *source, struct net_question *question)
{
    struct net_request *request;

    if (source_below(source, 2))
        make_common(question);
    question->program = (uint16_t)source_below(source, PROGRAMS + 2);
    if (question->program == PROGRAMS + 1)
        question->program = NET_PROGRAM_ANY;
    if (!has_spoken(question))
        return true;
    question->is_tls = source_below(source, 2);
    if (source_below(source, 4) == 0)
        return true;
    request = arena_alloc(arena, sizeof(*request));
    if (!request)
        return false;
    question->request = request;
    question->is_opened = question->is_tls;
    request->method = methods[source_below(source, ARRAY_COUNT(methods))];
    request->path = paths[source_below(source, ARRAY_COUNT(paths))];
    request->is_upgrade = source_below(source, 6) == 0;
    request->has_call = source_below(source, 2);
    if (request->has_call && source_below(source, 3))
        request->call = calls[source_below(source, ARRAY_COUNT(calls))];
    else
        request->is_empty = source_below(source, 2);
    if (request->call && source_below(source, 3))
        request->tool = tools[source_below(source, ARRAY_COUNT(tools))];
    return true;
}
