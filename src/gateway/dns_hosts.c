/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of pairs, looked through from the beginning: it is short, and asked only where the network would be asked.
 *
 * System calls: none once it is read.
 */
#include "gateway/dns_hosts.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "net/name.h"

struct pair {
    const char *name;
    struct net_address address;
};

struct dns_hosts {
    struct arena *arena;
    struct pair *pairs;
    size_t count;
};

static bool is_reachable(const struct net_address *address)
{
    enum net_address_class class = net_address_class(address);

    return class != NET_LOOPBACK && class != NET_UNUSABLE;
}

static int add_name(struct dns_hosts *hosts, const struct net_address *address, const char *text, size_t size,
                    const char *path, struct error *err)
{
    char name[NET_NAME_SIZE];
    struct pair *pair;

    if (net_name_canonical(text, size, name, NULL) < 0)
        return 0;
    if (hosts->count == DNS_HOSTS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG,
                         "%s: more than %d names; move them to a name server that /etc/resolv.conf names", path,
                         DNS_HOSTS_MAX);
    pair = arena_append(hosts->arena, hosts->pairs, hosts->count);
    if (!pair)
        return error_memory(err);
    pair->address = *address;
    pair->name = arena_string(hosts->arena, name);
    return pair->name ? 0 : error_memory(err);
}

static int read_line(struct dns_hosts *hosts, const char *line, size_t size, const char *path, struct error *err)
{
    static const char blanks[] = " \t\r\v\f";
    const char *end = memchr(line, '#', size), *at = line;
    struct net_address address;
    bool has_address = false;

    if (!end)
        end = line + size;
    while (at < end) {
        const char *word;
        int status = 0;

        while (at < end && strchr(blanks, *at))
            at++;
        for (word = at; at < end && !strchr(blanks, *at);)
            at++;
        if (word == at)
            break;
        if (has_address)
            status = add_name(hosts, &address, word, (size_t)(at - word), path, err);
        else if (net_address_parse(word, (size_t)(at - word), &address) < 0 || !is_reachable(&address))
            return 0;
        has_address = true;
        if (status < 0)
            return status;
    }
    return 0;
}

static int read_all(struct dns_hosts *hosts, const char *path, struct error *err)
{
    char *data auto_free = NULL;
    struct error cause = ERROR_INIT;
    size_t size = 0;
    int status = file_read(path, DNS_HOSTS_SIZE_MAX, &data, &size, &cause);

    if (status == -ENOENT)
        return 0;
    if (status < 0) {
        if (err)
            *err = cause;
        return status;
    }
    for (size_t at = 0; at < size && status == 0;) {
        const char *end = memchr(data + at, '\n', size - at);
        size_t length = end ? (size_t)(end - data) - at : size - at;

        status = read_line(hosts, data + at, length, path, err);
        at += length + 1;
    }
    return status;
}

int dns_hosts_read(const char *path, struct dns_hosts **ret_hosts, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct dns_hosts *hosts = arena ? arena_alloc(arena, sizeof(*hosts)) : NULL;
    int status;

    if (!hosts)
        return error_memory(err);
    hosts->arena = arena;
    status = read_all(hosts, path, err);
    if (status < 0)
        return status;
    *ret_hosts = hosts;
    arena = NULL; /* the hosts' own */
    return 0;
}

void dns_hosts_free(struct dns_hosts *hosts)
{
    if (hosts)
        arena_free(hosts->arena);
}

bool dns_hosts_find(const struct dns_hosts *hosts, const char *name, int family, struct net_address *ret_addresses,
                    size_t room, size_t *ret_count)
{
    bool is_there = false;
    size_t count = 0;

    for (size_t i = 0; i < hosts->count; i++) {
        if (strcmp(hosts->pairs[i].name, name) != 0)
            continue;
        is_there = true;
        if (hosts->pairs[i].address.family == family && count < room)
            ret_addresses[count++] = hosts->pairs[i].address;
    }
    *ret_count = count;
    return is_there;
}
