/* SPDX-License-Identifier: Apache-2.0 */
/* Ports that lead from one loopback to the other, and the proxy on the host's. */
#include <string.h>

#include "base/number.h"
#include "policy/read/reader.h"

int store_doors_open(struct reader *reader, const struct member *member, const struct place *place,
                     const struct value *value unused_arg)
{
    struct network *network = &reader->document->network;

    reader->doors = member->detail ? &network->outward : &network->inward;
    reader->doors->is_set = true;
    return reader_origin(reader, place, &reader->doors->origin);
}

static struct port_grant *last_door(struct reader *reader)
{
    return &reader->doors->items[reader->doors->count - 1];
}

int store_door_open(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                    const struct value *value unused_arg)
{
    struct port_grant *door = arena_append(reader->arena, reader->doors->items, reader->doors->count);

    return door ? reader_origin(reader, place, &door->origin) : error_memory(reader->err);
}

int store_door_port(struct reader *reader, const struct member *member unused_arg,
                    const struct place *place unused_arg, const struct value *value)
{
    last_door(reader)->port = (uint16_t)value->number;
    return 0;
}

int store_door_host_port(struct reader *reader, const struct member *member unused_arg,
                         const struct place *place unused_arg, const struct value *value)
{
    last_door(reader)->host_port = (uint16_t)value->number;
    return 0;
}

/* A port of the host has one listener: two doors there would be one too many. */
int store_door_close(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                     const struct value *value unused_arg)
{
    struct port_grant *door = last_door(reader);

    if (!door->host_port)
        door->host_port = door->port;
    for (size_t i = 0; i + 1 < reader->doors->count; i++)
        if (reader->doors->items[i].host_port == door->host_port)
            return reader_refuse(reader, place, "port %u of the host is named twice", door->host_port);
    return 0;
}

int store_ingress_close(struct reader *reader, const struct member *member unused_arg,
                        const struct place *place, const struct value *value unused_arg)
{
    const struct network *network = &reader->document->network;

    if (network->outward.is_set && network->host_loopback.is_set && !network->host_loopback.value)
        return reader_refuse(reader, place, "hostLoopback: deny contradicts hostLoopbackPorts; leave one of them out");
    return 0;
}

/* "http://127.0.0.1:3128": nothing that a program and the gateway could read in two ways. */
static bool proxy_parse(const char *text, uint16_t *ret_port)
{
    const char *host = strstr(text, "://");
    uint64_t port;

    if (!host || (strncmp(host, "://localhost:", 13) != 0 && strncmp(host, "://127.0.0.1:", 13) != 0))
        return false;
    if (host[13] == '0' || number_parse(host + 13, 1, 65535, &port, NULL) < 0)
        return false;
    *ret_port = (uint16_t)port;
    return true;
}

int store_proxy(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                const struct value *value)
{
    struct network *network = &reader->document->network;
    size_t length = strlen(value->text);
    const char *text = arena_string_n(reader->arena, value->text, length - (value->text[length - 1] == '/'));
    uint16_t port;

    if (!text)
        return error_memory(reader->err);
    if (!proxy_parse(text, &port))
        return reader_refuse(reader, place,
                             "is not a proxy on the host's loopback; write http://127.0.0.1:3128 (or localhost, or https, "
                             "without a user or a path)");
    network->is_set = true;
    network->proxy = text;
    network->proxy_port = port;
    return reader_origin(reader, place, &network->proxy_origin);
}
