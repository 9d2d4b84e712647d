/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from bytes that another process gave. Nothing is believed: what is read is canonical, or all of it is refused. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/record.h"
#include "net/request.h"
#include "net/rules.h"

static const char *take_host(struct record_reader *reader)
{
    const char *host = record_take_text(reader, NET_NAME_SIZE - 1, true);
    char canonical[NET_NAME_SIZE];

    if (!host || reader->status < 0)
        return NULL;
    reader->status = net_pattern_canonical(host, strlen(host), canonical, reader->err);
    if (reader->status == 0 && strcmp(host, canonical) != 0)
        record_fail(reader, "a name with capital letters");
    return host;
}

static void take_block(struct record_reader *reader, struct net_block *block)
{
    uint32_t version = record_take_within(reader, 4, 6, "neither IPv4 nor IPv6");
    unsigned size = version == 4 ? 4 : 16;
    const unsigned char *bytes;

    if (version == 5)
        record_fail(reader, "neither IPv4 nor IPv6");
    block->family = version == 4 ? AF_INET : AF_INET6;
    block->prefix = record_take_within(reader, 0, size * 8, "a prefix longer than its address");
    bytes = record_take_bytes(reader, size);
    if (!bytes)
        return;
    memcpy(block->address, bytes, size);
    for (unsigned bit = block->prefix; bit < size * 8; bit++)
        if (block->address[bit / 8] & (0x80u >> bit % 8))
            record_fail(reader, "address bits behind a prefix");
}

static void take_peer(struct record_reader *reader, struct net_peer *peer)
{
    peer->host = take_host(reader);
    peer->has_block = record_take_bool(reader);
    if (!peer->host && !peer->has_block)
        record_fail(reader, "a peer that is nobody");
    if (!peer->has_block)
        return;
    take_block(reader, &peer->block);
    peer->except = record_take_array(reader, sizeof(*peer->except), 12, &peer->except_count);
    for (size_t i = 0; i < peer->except_count && reader->status == 0; i++) {
        take_block(reader, &peer->except[i]);
        if (!net_block_contains(&peer->block, &peer->except[i]))
            record_fail(reader, "an exception to what is not in the block");
    }
}

static void take_ports(struct record_reader *reader, struct net_ports *ports)
{
    ports->protocol = (enum net_protocol)record_take_within(reader, NET_ANY, NET_ICMP, "an unknown protocol");
    ports->has_port = record_take_bool(reader);
    ports->first = (uint16_t)record_take_within(reader, ports->has_port, UINT16_MAX, "a port that is none");
    ports->last = (uint16_t)record_take_within(reader, ports->first, UINT16_MAX, "a port that is none");
    if (!ports->has_port && (ports->first != 0 || ports->last != UINT16_MAX))
        record_fail(reader, "a range of ports where no port is named");
    if (ports->has_port && ports->protocol == NET_ICMP)
        record_fail(reader, "a port of ICMP");
}

static const char **take_texts(struct record_reader *reader, size_t length_max,
                               const char *(*take)(struct record_reader *, size_t), size_t *ret_count)
{
    const char **texts = record_take_array(reader, sizeof(*texts), 4, ret_count);

    for (size_t i = 0; i < *ret_count && reader->status == 0; i++)
        texts[i] = take(reader, length_max);
    return texts;
}

static const char *take_pattern(struct record_reader *reader, size_t length_max)
{
    const char *pattern = record_take_text(reader, length_max, false);

    if (pattern && net_path_pattern_check(pattern) < 0)
        record_fail(reader, "a pattern that is no path in its one spelling");
    return pattern;
}

static void check_requests(struct record_reader *reader, const struct net_requests *requests, bool is_deny)
{
    bool has_names = requests->call_count || requests->tool_count;

    if (!requests->has_calls && (requests->is_mcp || has_names))
        record_fail(reader, "calls where no body is judged");
    if (requests->has_calls && requests->has_websocket)
        record_fail(reader, "calls, and a WebSocket in which nobody would see them");
    if (requests->tool_count && !requests->is_mcp)
        record_fail(reader, "tools of something that is not MCP");
    if (requests->has_calls && !has_names && (is_deny || !requests->is_mcp))
        record_fail(reader, "calls, and none of them");
    for (size_t i = 0; i < requests->call_count && requests->tool_count && reader->status == 0; i++)
        if (strcmp(requests->calls[i], "tools/call") == 0)
            record_fail(reader, "tools, and tools/call of any");
}

static const struct net_requests *take_requests(struct record_reader *reader, bool is_deny)
{
    struct net_requests *requests = record_take_bool(reader) ? record_allocate(reader, sizeof(*requests)) : NULL;

    if (!requests)
        return NULL;
    requests->methods = take_texts(reader, NET_METHOD_SIZE - 1, record_take_token, &requests->method_count);
    requests->paths = take_texts(reader, NET_PATTERN_SIZE - 1, take_pattern, &requests->path_count);
    requests->has_websocket = record_take_bool(reader);
    requests->has_calls = record_take_bool(reader);
    requests->is_mcp = record_take_bool(reader);
    requests->calls = take_texts(reader, RECORD_CALL_MAX, record_take_words, &requests->call_count);
    requests->tools = take_texts(reader, RECORD_CALL_MAX, record_take_words, &requests->tool_count);
    check_requests(reader, requests, is_deny);
    return requests;
}

/* What only allow rules have. */
static void take_grant(struct record_reader *reader, const struct net_rules *rules, struct net_rule *rule)
{
    uint16_t *programs;

    rule->terminates = record_take_bool(reader);
    programs = record_take_array(reader, sizeof(*programs), 4, &rule->program_count);
    for (size_t i = 0; i < rule->program_count && reader->status == 0; i++)
        programs[i] = (uint16_t)record_take_within(reader, 1, (uint32_t)rules->program_count, "a program that is none");
    rule->programs = programs;
    rule->budget = (uint16_t)record_take_within(reader, 0, (uint32_t)rules->budget_count, "a budget that is none");
    if (rule->budget && rule->budget <= rules->total_count)
        record_fail(reader, "a rule with the budget of a whole layer");
    rule->until_ms = record_take_long(reader);
}

static struct net_rule *take_rules(struct record_reader *reader, const struct net_rules *all, bool is_deny, size_t *ret_count)
{
    struct net_rule *rules = record_take_array(reader, sizeof(*rules), is_deny ? 16 : 36, ret_count);

    for (size_t i = 0; i < *ret_count && reader->status == 0; i++) {
        struct net_rule *rule = &rules[i];

        rule->where = record_take_text(reader, RECORD_WHERE_MAX, false);
        rule->peers = record_take_array(reader, sizeof(*rule->peers), 8, &rule->peer_count);
        for (size_t j = 0; j < rule->peer_count && reader->status == 0; j++)
            take_peer(reader, &rule->peers[j]);
        rule->ports = record_take_array(reader, sizeof(*rule->ports), 16, &rule->port_count);
        for (size_t j = 0; j < rule->port_count && reader->status == 0; j++)
            take_ports(reader, &rule->ports[j]);
        rule->requests = take_requests(reader, is_deny);
        if (!is_deny)
            take_grant(reader, all, rule);
    }
    return rules;
}

static void take_programs(struct record_reader *reader, struct net_rules *rules)
{
    rules->programs = record_take_array(reader, sizeof(*rules->programs), 72, &rules->program_count);
    if (rules->program_count > NET_PROGRAMS_MAX)
        record_fail(reader, "too many programs");
    for (size_t i = 0; i < rules->program_count && reader->status == 0; i++) {
        struct net_program *program = &rules->programs[i];
        const unsigned char *digest;

        program->path = record_take_words(reader, RECORD_PATH_MAX);
        program->device = record_take_long(reader);
        program->inode = record_take_long(reader);
        program->size = record_take_long(reader);
        program->change_s = (int64_t)record_take_long(reader);
        program->change_ns = record_take_within(reader, 0, 999999999, "a time that is none");
        digest = record_take_bytes(reader, sizeof(program->digest));
        if (digest)
            memcpy(program->digest, digest, sizeof(program->digest));
    }
}

static void take_budgets(struct record_reader *reader, struct net_rules *rules)
{
    rules->budgets = record_take_array(reader, sizeof(*rules->budgets), 48, &rules->budget_count);
    if (rules->budget_count > NET_BUDGETS_MAX)
        record_fail(reader, "too many budgets");
    for (size_t i = 0; i < rules->budget_count && reader->status == 0; i++) {
        struct net_budget *budget = &rules->budgets[i];

        budget->connections = record_take_long(reader);
        budget->requests = record_take_long(reader);
        budget->bytes_up = record_take_long(reader);
        budget->bytes_down = record_take_long(reader);
        budget->bytes_per_second = record_take_long(reader);
        budget->ends_run = record_take_bool(reader);
        budget->where = record_take_text(reader, RECORD_WHERE_MAX, false);
    }
    rules->total_count = record_take_within(reader, 0, (uint32_t)rules->budget_count, "more budgets in total than budgets");
}

/* Each layer adds at most one to a decision, which has room for so many. */
static bool has_budgets(const struct net_layer *layer)
{
    for (size_t i = 0; i < layer->allow_count; i++)
        if (layer->allow[i].budget)
            return true;
    return false;
}

static struct net_door *take_doors(struct record_reader *reader, size_t *ret_count)
{
    struct net_door *doors = record_take_array(reader, sizeof(*doors), 12, ret_count);

    for (size_t i = 0; i < *ret_count && reader->status == 0; i++) {
        doors[i].port = (uint16_t)record_take_within(reader, 1, UINT16_MAX, "a port that is none");
        doors[i].to_port = (uint16_t)record_take_within(reader, 1, UINT16_MAX, "a port that is none");
        doors[i].where = record_take_text(reader, RECORD_WHERE_MAX, false);
    }
    return doors;
}

/* Only what has an end can have ended. */
static void take_ended(struct record_reader *reader, struct net_layer *layer)
{
    size_t count = record_take_within(reader, 0, (uint32_t)layer->allow_count, "more ended rules than rules");

    for (size_t i = layer->allow_count - count; i < layer->allow_count && reader->status == 0; i++)
        if (!layer->allow[i].until_ms)
            record_fail(reader, "a rule without an end that has ended");
    layer->allow_count -= count;
    layer->ended_count = count;
}

static void take_layers(struct record_reader *reader, struct net_rules *rules)
{
    bool is_granting = false;
    unsigned budget_count = 0;

    rules->layers = record_take_array(reader, sizeof(*rules->layers), 24, &rules->layer_count);
    for (size_t i = 0; i < rules->layer_count && reader->status == 0; i++) {
        struct net_layer *layer = &rules->layers[i];

        layer->is_open = record_take_bool(reader);
        layer->only_denies = record_take_bool(reader);
        layer->where = record_take_text(reader, RECORD_WHERE_MAX, true);
        layer->allow = take_rules(reader, rules, false, &layer->allow_count);
        take_ended(reader, layer);
        layer->deny = take_rules(reader, rules, true, &layer->deny_count);
        if (layer->only_denies && (!layer->is_open || layer->allow_count))
            record_fail(reader, "a layer that only denies, and more");
        is_granting = is_granting || !layer->only_denies;
        budget_count += has_budgets(layer);
    }
    if (budget_count > NET_DECISION_BUDGETS)
        record_fail(reader, "rules with budgets in more layers than can be counted");
    if (rules->layer_count && !is_granting)
        record_fail(reader, "layers that only deny, and none that says what may be reached");
}

static void take_all(struct record_reader *reader, struct net_rules *rules)
{
    if (record_take_number(reader) != RECORD_RULES)
        record_fail(reader, "not such a record, or one of another version");
    if (record_take_number(reader) != reader->size)
        record_fail(reader, "a size that is not its own");
    rules->said_real_ms = record_take_long(reader);
    rules->said_boot_ms = record_take_long(reader);
    take_programs(reader, rules);
    take_budgets(reader, rules);
    take_layers(reader, rules);
    rules->inward = take_doors(reader, &rules->inward_count);
    rules->outward = take_doors(reader, &rules->outward_count);
    if (reader->at != reader->size)
        record_fail(reader, "more behind its end");
}

int net_rules_read(struct arena *arena, const void *record, size_t size, struct net_rules **ret_rules,
                   struct error *err)
{
    struct record_reader reader = {
        .arena = arena, .data = record, .size = size, .of = "rules of the network", .errnum = EINVAL, .err = err};
    struct net_rules *rules;

    if (size > NET_RECORD_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "rules of the network: more than 1 MiB");
    rules = record_allocate(&reader, sizeof(*rules));
    if (rules)
        take_all(&reader, rules);
    if (reader.status < 0)
        return reader.status;
    *ret_rules = rules;
    return 0;
}
