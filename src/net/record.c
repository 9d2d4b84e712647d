/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as one flat record (record.h). What is written is read again before anybody gets it. */
#include "net/record.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/request.h"
#include "net/rules.h"

static void put_block(struct text *out, const struct net_block *block)
{
    record_put_number(out, block->family == AF_INET ? 4 : block->family == AF_INET6 ? 6 : 0);
    record_put_number(out, block->prefix);
    text_add_n(out, (const char *)block->address, block->family == AF_INET ? 4 : 16);
}

static void put_peer(struct text *out, const struct net_peer *peer)
{
    record_put_text(out, peer->host, NET_NAME_SIZE);
    record_put_number(out, peer->has_block);
    if (!peer->has_block)
        return;
    put_block(out, &peer->block);
    record_put_count(out, peer->except_count);
    for (size_t i = 0; i < peer->except_count; i++)
        put_block(out, &peer->except[i]);
}

static void put_texts(struct text *out, const char *const *texts, size_t count, size_t length_max)
{
    record_put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++)
        record_put_text(out, texts[i], length_max);
}

/* A text is cut one byte behind what is read: refused then, instead of another text. */
static void put_requests(struct text *out, const struct net_requests *requests)
{
    record_put_number(out, requests != NULL);
    if (!requests)
        return;
    put_texts(out, requests->methods, requests->method_count, NET_METHOD_SIZE);
    put_texts(out, requests->paths, requests->path_count, NET_PATTERN_SIZE);
    record_put_number(out, requests->has_websocket);
    record_put_number(out, requests->has_calls);
    record_put_number(out, requests->is_mcp);
    put_texts(out, requests->calls, requests->call_count, RECORD_CALL_MAX + 1);
    put_texts(out, requests->tools, requests->tool_count, RECORD_CALL_MAX + 1);
}

static void put_ports(struct text *out, const struct net_rule *rule)
{
    record_put_count(out, rule->port_count);
    for (size_t i = 0; i < rule->port_count; i++) {
        record_put_number(out, (uint32_t)rule->ports[i].protocol);
        record_put_number(out, rule->ports[i].has_port);
        record_put_number(out, rule->ports[i].first);
        record_put_number(out, rule->ports[i].last);
    }
}

static void put_rules(struct text *out, const struct net_rule *rules, size_t count, bool is_deny)
{
    record_put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++) {
        const struct net_rule *rule = &rules[i];

        record_put_text(out, rule->where, RECORD_WHERE_MAX);
        record_put_count(out, rule->peer_count);
        for (size_t j = 0; j < rule->peer_count; j++)
            put_peer(out, &rule->peers[j]);
        put_ports(out, rule);
        put_requests(out, rule->requests);
        if (is_deny)
            continue;
        record_put_number(out, rule->terminates);
        record_put_count(out, rule->program_count);
        for (size_t j = 0; j < rule->program_count; j++)
            record_put_number(out, rule->programs[j]);
        record_put_number(out, rule->budget);
        record_put_long(out, rule->until_ms);
    }
}

static void put_programs(struct text *out, const struct net_program *programs, size_t count)
{
    record_put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++) {
        record_put_text(out, programs[i].path, RECORD_PATH_MAX + 1);
        record_put_long(out, programs[i].device);
        record_put_long(out, programs[i].inode);
        record_put_long(out, programs[i].size);
        record_put_long(out, (uint64_t)programs[i].change_s);
        record_put_number(out, programs[i].change_ns);
        text_add_n(out, (const char *)programs[i].digest, sizeof(programs[i].digest));
    }
}

static void put_budgets(struct text *out, const struct net_rules *rules)
{
    record_put_count(out, rules->budget_count);
    for (size_t i = 0; i < rules->budget_count && out->length <= NET_RECORD_MAX; i++) {
        const struct net_budget *budget = &rules->budgets[i];

        record_put_long(out, budget->connections);
        record_put_long(out, budget->requests);
        record_put_long(out, budget->bytes_up);
        record_put_long(out, budget->bytes_down);
        record_put_long(out, budget->bytes_per_second);
        record_put_number(out, budget->ends_run);
        record_put_text(out, budget->where, RECORD_WHERE_MAX);
    }
    record_put_count(out, rules->total_count);
}

static void put_doors(struct text *out, const struct net_door *doors, size_t count)
{
    record_put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++) {
        record_put_number(out, doors[i].port);
        record_put_number(out, doors[i].to_port);
        record_put_text(out, doors[i].where, RECORD_WHERE_MAX);
    }
}

static int check_readable(const void *record, size_t size, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules;

    return arena ? net_rules_read(arena, record, size, &rules, err) : error_memory(err);
}

/* What the record would not say is refused here, so that no rule is passed on as another. */
static int check_denials(const struct net_rules *rules, struct error *err)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].deny_count; j++) {
            const struct net_rule *rule = &rules->layers[i].deny[j];

            if (rule->terminates || rule->program_count || rule->budget || rule->until_ms)
                return error_set(err, ERROR_INVALID, EINVAL,
                                 "%s: a deny rule opens no TLS, has no budget and no end, and is about every program",
                                 rule->where ? rule->where : "rules of the network");
        }
    return 0;
}

int net_rules_write(const struct net_rules *rules, void **ret_record, size_t *ret_size, struct error *err)
{
    struct text out auto_text = {0};
    uint32_t size;
    char *record;
    int status = check_denials(rules, err);

    if (status < 0)
        return status;
    record_put_number(&out, RECORD_RULES);
    record_put_number(&out, 0);
    record_put_long(&out, rules->said_real_ms);
    record_put_long(&out, rules->said_boot_ms);
    put_programs(&out, rules->programs, rules->program_count);
    put_budgets(&out, rules);
    record_put_count(&out, rules->layer_count);
    for (size_t i = 0; i < rules->layer_count && out.length <= NET_RECORD_MAX; i++) {
        record_put_number(&out, rules->layers[i].is_open);
        record_put_number(&out, rules->layers[i].only_denies);
        record_put_text(&out, rules->layers[i].where, RECORD_WHERE_MAX);
        put_rules(&out, rules->layers[i].allow, rules->layers[i].allow_count + rules->layers[i].ended_count, false);
        record_put_count(&out, rules->layers[i].ended_count);
        put_rules(&out, rules->layers[i].deny, rules->layers[i].deny_count, true);
    }
    put_doors(&out, rules->inward, rules->inward_count);
    put_doors(&out, rules->outward, rules->outward_count);
    if (out.is_broken)
        return error_memory(err);
    if (out.length > NET_RECORD_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the rules of the network take more than 1 MiB; use fewer");
    size = (uint32_t)out.length;
    memcpy(out.data + sizeof(size), &size, sizeof(size));
    status = check_readable(out.data, out.length, err);
    if (status == 0)
        status = text_take(&out, &record, err);
    if (status < 0)
        return status;
    *ret_record = record;
    *ret_size = size;
    return 0;
}
