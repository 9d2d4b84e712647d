/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of sets: an answer is in one of the WAYS places of its name's set, or nowhere.
 *
 * System calls: none.
 */
#include "gateway/dns_cache.h"

#include <string.h>

#include "base/clock.h"
#include "base/memory.h"

#define SETS 128u
#define WAYS 4u

struct entry {
    char name[NET_NAME_SIZE]; /* empty = unused */
    enum dns_type type;
    uint64_t until_ns;
    struct dns_result result;
};

struct dns_cache {
    struct entry entries[SETS][WAYS];
};

struct dns_cache *dns_cache_new(void)
{
    return mem_alloc(sizeof(struct dns_cache));
}

void dns_cache_free(struct dns_cache *cache)
{
    mem_free(cache);
}

static uint32_t set_of(const char *name, enum dns_type type)
{
    uint32_t hash = 2166136261u ^ (uint32_t)type;

    while (*name)
        hash = (hash ^ (unsigned char)*name++) * 16777619u;
    return (hash ^ hash >> 16) % SETS;
}

static bool is_entry(const struct entry *entry, const char *name, enum dns_type type)
{
    return entry->type == type && strcmp(entry->name, name) == 0;
}

void dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type, const struct dns_result *result,
                   uint64_t now_ns)
{
    struct entry *set = cache->entries[set_of(name, type)], *place = &set[0];

    for (unsigned i = 0; i < WAYS; i++) {
        if (is_entry(&set[i], name, type)) {
            place = &set[i];
            break;
        }
        if (set[i].until_ns < place->until_ns)
            place = &set[i];
    }
    *place = (struct entry){.type = type, .until_ns = now_ns + result->ttl_s * NS_PER_S, .result = *result};
    memcpy(place->name, name, strnlen(name, NET_NAME_SIZE - 1));
}

bool dns_cache_get(const struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now_ns,
                   struct dns_result *ret_result)
{
    const struct entry *set = cache->entries[set_of(name, type)];

    for (unsigned i = 0; i < WAYS; i++) {
        if (!is_entry(&set[i], name, type) || set[i].until_ns <= now_ns)
            continue;
        *ret_result = set[i].result;
        ret_result->ttl_s = (uint32_t)((set[i].until_ns - now_ns + NS_PER_S - 1) / NS_PER_S);
        return true;
    }
    return false;
}
