/* SPDX-License-Identifier: Apache-2.0 */
/* To which requests and programs a rule is narrowed, and its budget. */
#include <inttypes.h>
#include <string.h>

#include "policy/read/reader.h"

/* Of the rule that is being read, made by the first of http, mcp and jsonrpc. */
static struct net_requests *requests_of(struct reader *reader)
{
    return reader->requests;
}

static int open_requests(struct reader *reader, const struct place *place)
{
    if (reader->requests)
        return 0;
    reader->requests = arena_alloc(reader->arena, sizeof(*reader->requests));
    if (!reader->requests)
        return error_memory(reader->err);
    reader->rule->rule.requests = reader->requests;
    return reader_origin(reader, place, &reader->rule->requests_origin);
}

int store_http_open(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                    const struct value *value unused_arg)
{
    return open_requests(reader, place);
}

/* Calls of two kinds in one rule would be those of either kind: that is what two rules say. */
int store_calls_open(struct reader *reader, const struct member *member, const struct place *place,
                     const struct value *value unused_arg)
{
    int status;

    if (reader->requests && reader->requests->has_calls)
        return reader_refuse(reader, place, "stands beside 'mcp'; write two rules");
    status = open_requests(reader, place);
    if (status < 0)
        return status;
    reader->requests->has_calls = true;
    reader->requests->is_mcp = member->detail;
    return 0;
}

static int add_word(struct reader *reader, const char *const **list, size_t *count, const char *text)
{
    const char **words = (const char **)*list;
    const char **word;

    for (size_t i = 0; i < *count; i++)
        if (strcmp(words[i], text) == 0)
            return 0;
    word = arena_append(reader->arena, words, *count);
    if (!word)
        return error_memory(reader->err);
    *word = text;
    *list = words;
    return 0;
}

int store_method(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                 const struct value *value)
{
    return add_word(reader, &requests_of(reader)->methods, &requests_of(reader)->method_count, value->text);
}

int store_url_path(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                   const struct value *value)
{
    return add_word(reader, &requests_of(reader)->paths, &requests_of(reader)->path_count, value->text);
}

int store_call(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
               const struct value *value)
{
    return add_word(reader, &requests_of(reader)->calls, &requests_of(reader)->call_count, value->text);
}

int store_tool(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
               const struct value *value)
{
    return add_word(reader, &requests_of(reader)->tools, &requests_of(reader)->tool_count, value->text);
}

int store_websocket(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                    const struct value *value)
{
    requests_of(reader)->has_websocket = value->number;
    return 0;
}

int store_tls(struct reader *reader, const struct member *member unused_arg, const struct place *place,
              const struct value *value)
{
    reader->rule->rule.terminates = value->number;
    return reader_origin(reader, place, &reader->rule->tls_origin);
}

/* programs */

int store_programs_open(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                        const struct value *value unused_arg)
{
    reader->rule->programs.is_set = true;
    return reader_origin(reader, place, &reader->rule->programs.origin);
}

int store_program(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                  const struct value *value)
{
    struct string_list *list = &reader->rule->programs;
    struct string_item *item;

    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i].text, value->text) == 0)
            return 0;
    item = arena_append(reader->arena, list->items, list->count);
    if (!item)
        return error_memory(reader->err);
    item->text = value->text;
    return reader_origin(reader, place, &item->origin);
}

/* budgets */

/* member->detail: of the whole layer. A later one takes the place of a profile's. */
int store_budget_open(struct reader *reader, const struct member *member, const struct place *place,
                      const struct value *value unused_arg)
{
    int status;

    reader->budget = member->detail ? &reader->document->network.budget : &reader->rule->budget;
    *reader->budget = (struct budget){.is_set = true};
    status = reader_origin(reader, place, &reader->budget->origin);
    if (status < 0)
        return status;
    reader->budget->budget.where = origin_text(reader->arena, &reader->budget->origin);
    return reader->budget->budget.where ? 0 : error_memory(reader->err);
}

int store_budget(struct reader *reader, const struct member *member, const struct place *place,
                 const struct value *value)
{
    uint64_t *limit = (uint64_t *)(void *)((char *)&reader->budget->budget + member->offset);

    if (value->number > member->maximum)
        return reader_refuse(reader, place, "is more than %" PRIu64, member->maximum);
    *limit = value->number;
    return 0;
}

int store_budget_end(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                     const struct value *value)
{
    reader->budget->budget.ends_run = value->number;
    return 0;
}

int store_budget_close(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                       const struct value *value unused_arg)
{
    const struct net_budget *budget = &reader->budget->budget;

    if (!budget->connections && !budget->requests && !budget->bytes_up && !budget->bytes_down && !budget->bytes_per_second)
        return reader_refuse(reader, place, "says no limit; write connections, requests, bytesUp, bytesDown or bytesPerSecond");
    if (budget->ends_run && !budget->connections && !budget->requests && !budget->bytes_up && !budget->bytes_down)
        return reader_refuse(reader, place, "bytesPerSecond is never used up, what is more waits: leave onLimit out");
    return 0;
}

/* the rule as a whole */

/* What net/record_read.c would refuse too, without a member to name. */
static int check_mcp(struct reader *reader, const struct net_requests *requests, bool is_deny, const struct place *place)
{
    if (is_deny && !requests->tool_count && !requests->call_count)
        return reader_refuse(reader, place, "mcp names nothing that is denied: name mcp.tools or mcp.methods, or deny the destination");
    for (size_t i = 0; i < requests->call_count && requests->tool_count; i++)
        if (strcmp(requests->calls[i], "tools/call") == 0)
            return reader_refuse(reader, place, "tools/call in mcp.methods is every tool, beside mcp.tools: leave one of them out");
    return 0;
}

int store_rule_close(struct reader *reader, const struct member *member, const struct place *place,
                     const struct value *value unused_arg)
{
    const struct egress_rule *rule = reader->rule;
    bool reads = rule->rule.requests || rule->rule.terminates;
    int status;

    if (rule->rule.requests && rule->rule.requests->has_calls && rule->rule.requests->has_websocket)
        return reader_refuse(reader, place, "a WebSocket's messages are no calls that could be judged: leave http.websocket out, or "
                                            "write two rules");
    status = rule->rule.requests && rule->rule.requests->is_mcp ? check_mcp(reader, rule->rule.requests, !member->detail, place) : 0;
    if (status < 0)
        return status;
    for (size_t i = 0; i < rule->rule.port_count && reads; i++)
        if (rule->rule.ports[i].protocol == NET_UDP || rule->rule.ports[i].protocol == NET_ICMP)
            return reader_refuse(reader, place, "requests are read of TCP alone: put what is about udp or icmp in a rule of its "
                                                "own");
    if (rule->budget.is_set && rule->budget.budget.requests && !reads)
        return reader_refuse(reader, place, "budget.requests counts requests that are read, and this rule has none read: add "
                                            "'http: {}', or 'tls: terminate', or leave it out");
    return 0;
}
