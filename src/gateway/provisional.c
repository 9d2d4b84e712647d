/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A short table. Numbers come again as late as can be, so that what a program remembers for too long leads to nobody.
 *
 * System calls: none.
 */
#include "gateway/provisional.h"

#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/name.h"

#define HOSTS 0xfffeu /* of 198.19.0.0/16, without its first and last; the pins' own addresses are in the other half of the /15 */

struct provisional {
    uint32_t last;
    struct slot {
        char name[NET_NAME_SIZE];
        uint64_t until_ns; /* 0 = never used */
        uint32_t host;
    } slots[PROVISIONAL_MAX];
};

struct provisional *provisional_new(void)
{
    return mem_alloc(sizeof(struct provisional));
}

void provisional_free(struct provisional *provisional)
{
    mem_free(provisional);
}

static struct net_address address_of(uint32_t host)
{
    return (struct net_address){.family = AF_INET, .bytes = {198, 19, (unsigned char)(host >> 8), (unsigned char)host}};
}

static void prolong(struct slot *slot, uint64_t now_ns)
{
    slot->until_ns = now_ns + PROVISIONAL_LIFE_S * NS_PER_S;
}

bool provisional_give(struct provisional *provisional, const char *name, uint64_t now_ns, struct net_address *ret_address)
{
    struct slot *found = NULL;

    for (size_t i = 0; i < PROVISIONAL_MAX; i++) {
        struct slot *slot = &provisional->slots[i];

        if (slot->until_ns > now_ns && strcmp(slot->name, name) == 0) {
            prolong(slot, now_ns);
            *ret_address = address_of(slot->host);
            return true;
        }
        if (!found && slot->until_ns <= now_ns)
            found = slot;
    }
    if (!found || strlen(name) >= NET_NAME_SIZE)
        return false;
    provisional->last = provisional->last % HOSTS + 1;
    memcpy(found->name, name, strlen(name) + 1);
    found->host = provisional->last;
    prolong(found, now_ns);
    *ret_address = address_of(found->host);
    return true;
}

const char *provisional_find(struct provisional *provisional, const struct net_address *address, uint64_t now_ns)
{
    for (size_t i = 0; i < PROVISIONAL_MAX; i++) {
        struct slot *slot = &provisional->slots[i];
        struct net_address given = address_of(slot->host);

        if (slot->until_ns <= now_ns || !net_address_equals(&given, address))
            continue;
        prolong(slot, now_ns);
        return slot->name;
    }
    return NULL;
}
