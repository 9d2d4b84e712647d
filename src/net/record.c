/* SPDX-License-Identifier: Apache-2.0 */
/* Rules as one flat record (record.h). What is written is read again before anybody gets it. */
#include "net/record.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/text.h"
#include "net/rules.h"

static void put_number(struct text *out, uint32_t number)
{
    char bytes[sizeof(number)];

    memcpy(bytes, &number, sizeof(number));
    text_add_n(out, bytes, sizeof(bytes));
}

/* What does not fit is left out, and makes the whole too large. */
static void put_count(struct text *out, size_t count)
{
    put_number(out, count < NET_RECORD_MAX ? (uint32_t)count : NET_RECORD_MAX);
}

static void put_text(struct text *out, const char *string, size_t length_max)
{
    size_t length = string ? strlen(string) : 0;

    if (length > length_max)
        length = length_max;
    put_number(out, string ? (uint32_t)length : RECORD_NONE);
    text_add_n(out, string, length);
}

static void put_block(struct text *out, const struct net_block *block)
{
    put_number(out, block->family == AF_INET ? 4 : block->family == AF_INET6 ? 6 : 0);
    put_number(out, block->prefix);
    text_add_n(out, (const char *)block->address, block->family == AF_INET ? 4 : 16);
}

static void put_peer(struct text *out, const struct net_peer *peer)
{
    put_text(out, peer->host, NET_NAME_SIZE);
    put_number(out, peer->has_block);
    if (!peer->has_block)
        return;
    put_block(out, &peer->block);
    put_count(out, peer->except_count);
    for (size_t i = 0; i < peer->except_count; i++)
        put_block(out, &peer->except[i]);
}

static void put_rules(struct text *out, const struct net_rule *rules, size_t count)
{
    put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++) {
        const struct net_rule *rule = &rules[i];

        put_text(out, rule->where, RECORD_WHERE_MAX);
        put_count(out, rule->peer_count);
        for (size_t j = 0; j < rule->peer_count; j++)
            put_peer(out, &rule->peers[j]);
        put_count(out, rule->port_count);
        for (size_t j = 0; j < rule->port_count; j++) {
            put_number(out, (uint32_t)rule->ports[j].protocol);
            put_number(out, rule->ports[j].has_port);
            put_number(out, rule->ports[j].first);
            put_number(out, rule->ports[j].last);
        }
    }
}

static void put_doors(struct text *out, const struct net_door *doors, size_t count)
{
    put_count(out, count);
    for (size_t i = 0; i < count && out->length <= NET_RECORD_MAX; i++) {
        put_number(out, doors[i].port);
        put_number(out, doors[i].to_port);
        put_text(out, doors[i].where, RECORD_WHERE_MAX);
    }
}

static int check_readable(const void *record, size_t size, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules;

    return arena ? net_rules_read(arena, record, size, &rules, err) : error_memory(err);
}

int net_rules_write(const struct net_rules *rules, void **ret_record, size_t *ret_size, struct error *err)
{
    struct text out auto_text = {0};
    uint32_t size;
    char *record;
    int status;

    put_number(&out, RECORD_MAGIC);
    put_number(&out, 0);
    put_count(&out, rules->layer_count);
    for (size_t i = 0; i < rules->layer_count && out.length <= NET_RECORD_MAX; i++) {
        put_number(&out, rules->layers[i].is_open);
        put_number(&out, rules->layers[i].only_denies);
        put_text(&out, rules->layers[i].where, RECORD_WHERE_MAX);
        put_rules(&out, rules->layers[i].allow, rules->layers[i].allow_count);
        put_rules(&out, rules->layers[i].deny, rules->layers[i].deny_count);
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
