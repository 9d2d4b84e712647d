/* SPDX-License-Identifier: Apache-2.0 */
/* Rules from bytes that another process gave. Nothing is believed: what is read is canonical, or all of it is refused. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/record.h"
#include "net/rules.h"

/* After the first failure everything reads as zero. */
struct reader {
    struct arena *arena;
    const unsigned char *data;
    size_t size, at;
    struct error *err;
    int status;
};

static void fail(struct reader *reader, const char *what)
{
    if (reader->status == 0)
        reader->status = error_set(reader->err, ERROR_INVALID, EINVAL, "rules of the network, byte %zu of %zu: %s",
                                   reader->at, reader->size, what);
}

static void *allocate(struct reader *reader, size_t size)
{
    void *memory = reader->status == 0 ? arena_alloc(reader->arena, size) : NULL;

    if (!memory && reader->status == 0)
        reader->status = error_memory(reader->err);
    return memory;
}

static const unsigned char *take_bytes(struct reader *reader, size_t size)
{
    if (reader->status == 0 && size > reader->size - reader->at)
        fail(reader, "it ends too early");
    if (reader->status < 0)
        return NULL;
    reader->at += size;
    return reader->data + reader->at - size;
}

static uint32_t take_number(struct reader *reader)
{
    uint32_t number = 0;
    const unsigned char *bytes = take_bytes(reader, sizeof(number));

    if (bytes)
        memcpy(&number, bytes, sizeof(number));
    return number;
}

static uint32_t take_within(struct reader *reader, uint32_t first, uint32_t last, const char *what)
{
    uint32_t number = take_number(reader);

    if (number < first || number > last)
        fail(reader, what);
    return reader->status == 0 ? number : 0;
}

static bool take_bool(struct reader *reader)
{
    return take_within(reader, 0, 1, "neither yes nor no");
}

/* An array of so many elements, each of which takes at least `least` bytes of what is left. */
static void *take_array(struct reader *reader, size_t element_size, size_t least, size_t *ret_count)
{
    uint32_t count = take_number(reader);
    void *array;

    if (count > (reader->size - reader->at) / least)
        fail(reader, "a count of more than there is");
    array = allocate(reader, count * element_size);
    *ret_count = array ? count : 0;
    return *ret_count ? array : NULL;
}

/* NULL where there is none, which only `is_optional` permits. */
static const char *take_text(struct reader *reader, size_t length_max, bool is_optional)
{
    uint32_t length = take_number(reader);
    const unsigned char *bytes;

    if (reader->status == 0 && length == RECORD_NONE) {
        if (!is_optional)
            fail(reader, "a text is missing");
        return NULL;
    }
    if (length > length_max)
        fail(reader, "a text that is too long");
    bytes = take_bytes(reader, length);
    if (bytes && memchr(bytes, '\0', length))
        fail(reader, "a text with NUL in it");
    if (reader->status == 0) {
        char *text = arena_string_n(reader->arena, (const char *)bytes, length);

        if (!text)
            reader->status = error_memory(reader->err);
        return text;
    }
    return NULL;
}

static const char *take_host(struct reader *reader)
{
    const char *host = take_text(reader, NET_NAME_SIZE - 1, true);
    char canonical[NET_NAME_SIZE];

    if (!host || reader->status < 0)
        return NULL;
    reader->status = net_pattern_canonical(host, strlen(host), canonical, reader->err);
    if (reader->status == 0 && strcmp(host, canonical) != 0)
        fail(reader, "a name with capital letters");
    return host;
}

static void take_block(struct reader *reader, struct net_block *block)
{
    uint32_t version = take_within(reader, 4, 6, "neither IPv4 nor IPv6");
    unsigned size = version == 4 ? 4 : 16;
    const unsigned char *bytes;

    if (version == 5)
        fail(reader, "neither IPv4 nor IPv6");
    block->family = version == 4 ? AF_INET : AF_INET6;
    block->prefix = take_within(reader, 0, size * 8, "a prefix longer than its address");
    bytes = take_bytes(reader, size);
    if (!bytes)
        return;
    memcpy(block->address, bytes, size);
    for (unsigned bit = block->prefix; bit < size * 8; bit++)
        if (block->address[bit / 8] & (0x80u >> bit % 8))
            fail(reader, "address bits behind a prefix");
}

static void take_peer(struct reader *reader, struct net_peer *peer)
{
    peer->host = take_host(reader);
    peer->has_block = take_bool(reader);
    if (!peer->host && !peer->has_block)
        fail(reader, "a peer that is nobody");
    if (!peer->has_block)
        return;
    take_block(reader, &peer->block);
    peer->except = take_array(reader, sizeof(*peer->except), 12, &peer->except_count);
    for (size_t i = 0; i < peer->except_count && reader->status == 0; i++) {
        take_block(reader, &peer->except[i]);
        if (!net_block_contains(&peer->block, &peer->except[i]))
            fail(reader, "an exception to what is not in the block");
    }
}

static void take_ports(struct reader *reader, struct net_ports *ports)
{
    ports->protocol = (enum net_protocol)take_within(reader, NET_ANY, NET_ICMP, "an unknown protocol");
    ports->has_port = take_bool(reader);
    ports->first = (uint16_t)take_within(reader, ports->has_port, UINT16_MAX, "a port that is none");
    ports->last = (uint16_t)take_within(reader, ports->first, UINT16_MAX, "a port that is none");
    if (!ports->has_port && (ports->first != 0 || ports->last != UINT16_MAX))
        fail(reader, "a range of ports where no port is named");
    if (ports->has_port && ports->protocol == NET_ICMP)
        fail(reader, "a port of ICMP");
}

static struct net_rule *take_rules(struct reader *reader, size_t *ret_count)
{
    struct net_rule *rules = take_array(reader, sizeof(*rules), 12, ret_count);

    for (size_t i = 0; i < *ret_count && reader->status == 0; i++) {
        struct net_rule *rule = &rules[i];

        rule->where = take_text(reader, RECORD_WHERE_MAX, false);
        rule->peers = take_array(reader, sizeof(*rule->peers), 8, &rule->peer_count);
        for (size_t j = 0; j < rule->peer_count && reader->status == 0; j++)
            take_peer(reader, &rule->peers[j]);
        rule->ports = take_array(reader, sizeof(*rule->ports), 16, &rule->port_count);
        for (size_t j = 0; j < rule->port_count && reader->status == 0; j++)
            take_ports(reader, &rule->ports[j]);
    }
    return rules;
}

static struct net_door *take_doors(struct reader *reader, size_t *ret_count)
{
    struct net_door *doors = take_array(reader, sizeof(*doors), 12, ret_count);

    for (size_t i = 0; i < *ret_count && reader->status == 0; i++) {
        doors[i].port = (uint16_t)take_within(reader, 1, UINT16_MAX, "a port that is none");
        doors[i].to_port = (uint16_t)take_within(reader, 1, UINT16_MAX, "a port that is none");
        doors[i].where = take_text(reader, RECORD_WHERE_MAX, false);
    }
    return doors;
}

static void take_all(struct reader *reader, struct net_rules *rules)
{
    bool is_granting = false;

    if (take_number(reader) != RECORD_MAGIC)
        fail(reader, "not such a record, or one of another version");
    if (take_number(reader) != reader->size)
        fail(reader, "a size that is not its own");
    rules->layers = take_array(reader, sizeof(*rules->layers), 20, &rules->layer_count);
    for (size_t i = 0; i < rules->layer_count && reader->status == 0; i++) {
        struct net_layer *layer = &rules->layers[i];

        layer->is_open = take_bool(reader);
        layer->only_denies = take_bool(reader);
        layer->where = take_text(reader, RECORD_WHERE_MAX, true);
        layer->allow = take_rules(reader, &layer->allow_count);
        layer->deny = take_rules(reader, &layer->deny_count);
        if (layer->only_denies && (!layer->is_open || layer->allow_count))
            fail(reader, "a layer that only denies, and more");
        is_granting = is_granting || !layer->only_denies;
    }
    if (rules->layer_count && !is_granting)
        fail(reader, "layers that only deny, and none that says what may be reached");
    rules->inward = take_doors(reader, &rules->inward_count);
    rules->outward = take_doors(reader, &rules->outward_count);
    if (reader->at != reader->size)
        fail(reader, "more behind its end");
}

int net_rules_read(struct arena *arena, const void *record, size_t size, struct net_rules **ret_rules,
                   struct error *err)
{
    struct reader reader = {.arena = arena, .data = record, .size = size, .err = err};
    struct net_rules *rules;

    if (size > NET_RECORD_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "rules of the network: more than 1 MiB");
    rules = allocate(&reader, sizeof(*rules));
    if (rules)
        take_all(&reader, rules);
    if (reader.status < 0)
        return reader.status;
    *ret_rules = rules;
    return 0;
}
