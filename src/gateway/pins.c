/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of pins: chains by the address that was given. What has run out is swept when room is needed, and is not found
 * before that. Slots that were never used are not touched, so a small table costs little memory.
 *
 * System calls: none.
 */
#include "gateway/pins.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"

#define CHAINS   1024u
#define NOTHING  UINT32_MAX
#define HOSTS4   0xffffu     /* of 198.18.0.0/16, without its first and last: the other half of the /15 is provisional.c's */
#define HOSTS6   0xffffffffu /* as many of the /64 as are ever used */

struct pins {
    uint32_t chains[CHAINS];
    uint32_t free;              /* chain of slots that were used before */
    uint32_t fresh;             /* slots from here on never were */
    uint64_t earliest_ns;       /* no pin runs out before */
    uint32_t next4, next6;      /* host parts: a number comes again as late as can be */
    struct pin slots[PINS_MAX];
};

int pins_new(struct pins **ret_pins, struct error *err)
{
    struct pins *pins = mem_alloc(sizeof(*pins));

    if (!pins)
        return error_memory(err);
    memset(pins->chains, 0xff, sizeof(pins->chains));
    pins->free = NOTHING;
    pins->earliest_ns = UINT64_MAX;
    *ret_pins = pins;
    return 0;
}

void pins_free(struct pins *pins)
{
    mem_free(pins);
}

uint32_t pins_ttl(uint32_t ttl_s)
{
    if (ttl_s < PINS_TTL_MIN_S)
        return PINS_TTL_MIN_S;
    return ttl_s < PINS_TTL_MAX_S ? ttl_s : PINS_TTL_MAX_S;
}

static uint32_t chain_of(const struct net_address *address)
{
    uint32_t hash = 2166136261u ^ (uint32_t)address->family;

    for (size_t i = 0; i < sizeof(address->bytes); i++)
        hash = (hash ^ address->bytes[i]) * 16777619u;
    return (hash ^ hash >> 16) % CHAINS;
}

static bool is_live(const struct pin *pin, uint64_t now_ns)
{
    return pin->uses || pin->until_ns > now_ns;
}

/* ---- room ---- */

static void sweep_chain(struct pins *pins, uint32_t *link, uint64_t now_ns)
{
    while (*link != NOTHING) {
        uint32_t slot = *link;
        struct pin *pin = &pins->slots[slot];

        if (is_live(pin, now_ns)) {
            if (!pin->uses && pin->until_ns < pins->earliest_ns)
                pins->earliest_ns = pin->until_ns;
            link = &pin->next;
            continue;
        }
        *link = pin->next;
        pin->next = pins->free;
        pins->free = slot;
    }
}

static void sweep(struct pins *pins, uint64_t now_ns)
{
    if (pins->earliest_ns > now_ns)
        return;
    pins->earliest_ns = UINT64_MAX;
    for (uint32_t chain = 0; chain < CHAINS; chain++)
        sweep_chain(pins, &pins->chains[chain], now_ns);
}

static uint32_t take_slot(struct pins *pins, uint64_t now_ns)
{
    uint32_t slot;

    if (pins->free == NOTHING && pins->fresh == PINS_MAX)
        sweep(pins, now_ns);
    slot = pins->free;
    if (slot != NOTHING)
        pins->free = pins->slots[slot].next;
    else if (pins->fresh < PINS_MAX)
        slot = pins->fresh++;
    return slot;
}

/* ---- adding ---- */

static void promise(struct pins *pins, struct pin *pin, uint64_t now_ns, uint32_t ttl_s)
{
    uint64_t until_ns = now_ns + pins_ttl(ttl_s) * NS_PER_S;

    if (until_ns > pin->until_ns)
        pin->until_ns = until_ns;
    if (pin->until_ns < pins->earliest_ns)
        pins->earliest_ns = pin->until_ns;
}

static int add(struct pins *pins, const char *name, const struct net_address *given, const struct net_address *real,
               uint64_t now_ns, uint32_t ttl_s)
{
    uint32_t *chain = &pins->chains[chain_of(given)], slot = take_slot(pins, now_ns);
    struct pin *pin;

    if (slot == NOTHING)
        return -ENOSPC;
    pin = &pins->slots[slot];
    *pin = (struct pin){.given = *given, .real = *real, .next = *chain};
    memcpy(pin->name, name, strnlen(name, NET_NAME_SIZE - 1));
    promise(pins, pin, now_ns, ttl_s);
    *chain = slot;
    return 0;
}

static struct pin *find_name(struct pins *pins, const struct net_address *given, const char *name)
{
    for (uint32_t slot = pins->chains[chain_of(given)]; slot != NOTHING; slot = pins->slots[slot].next)
        if (net_address_equals(&pins->slots[slot].given, given) && strcmp(pins->slots[slot].name, name) == 0)
            return &pins->slots[slot];
    return NULL;
}

int pins_add(struct pins *pins, const char *name, const struct net_address *real, uint64_t now_ns, uint32_t ttl_s)
{
    const struct pin *others[PINS_NAMES_MAX];
    struct pin *pin = find_name(pins, real, name);

    if (pin && is_live(pin, now_ns)) {
        promise(pins, pin, now_ns, ttl_s);
        return 0;
    }
    if (pins_find(pins, real, now_ns, others, PINS_NAMES_MAX) == PINS_NAMES_MAX)
        return -E2BIG;
    if (pin) { /* has run out and was not swept yet */
        promise(pins, pin, now_ns, ttl_s);
        return 0;
    }
    return add(pins, name, real, real, now_ns, ttl_s);
}

/* ---- synthetic addresses ---- */

bool pins_is_synthetic(const struct net_address *address)
{
    static const struct net_block blocks[] = {
        {.family = AF_INET, .address = {198, 18}, .prefix = 15},
        {.family = AF_INET6, .address = {0xfd, 0xc0, 0x7d, 0x09, 0, 1}, .prefix = 64},
    };

    return net_block_has(&blocks[0], address) || net_block_has(&blocks[1], address);
}

static struct net_address next_synthetic(struct pins *pins, int family)
{
    struct net_address address = {.family = family};
    uint32_t host;

    if (family == AF_INET) {
        host = pins->next4 = pins->next4 % (HOSTS4 - 1) + 1;
        memcpy(address.bytes, "\xc6\x12", 2);
        address.bytes[2] = (unsigned char)(host >> 8);
        address.bytes[3] = (unsigned char)host;
        return address;
    }
    host = pins->next6 = pins->next6 % HOSTS6 + 1;
    memcpy(address.bytes, "\xfd\xc0\x7d\x09\0\1", 6);
    for (int i = 0; i < 4; i++)
        address.bytes[12 + i] = (unsigned char)(host >> (24 - 8 * i));
    return address;
}

/* Rare enough that the whole table is looked through. */
static struct pin *find_synthetic(struct pins *pins, const char *name, const struct net_address *real, uint64_t now_ns)
{
    for (uint32_t slot = 0; slot < pins->fresh; slot++) {
        struct pin *pin = &pins->slots[slot];

        if (pins_is_synthetic(&pin->given) && is_live(pin, now_ns) && net_address_equals(&pin->real, real) &&
            strcmp(pin->name, name) == 0)
            return pin;
    }
    return NULL;
}

int pins_add_synthetic(struct pins *pins, const char *name, const struct net_address *real, uint64_t now_ns,
                       uint32_t ttl_s, struct net_address *ret_given)
{
    struct pin *pin = find_synthetic(pins, name, real, now_ns);
    const struct pin *other;
    int status;

    if (pin) {
        promise(pins, pin, now_ns, ttl_s);
        *ret_given = pin->given;
        return 0;
    }
    for (int attempt = 0; attempt <= PINS_MAX; attempt++) {
        struct net_address given = next_synthetic(pins, real->family);

        if (pins_find(pins, &given, now_ns, &other, 1))
            continue;
        status = add(pins, name, &given, real, now_ns, ttl_s);
        if (!status)
            *ret_given = given;
        return status;
    }
    return -ENOSPC;
}

/* ---- asking ---- */

size_t pins_find(const struct pins *pins, const struct net_address *given, uint64_t now_ns, const struct pin **ret_pins,
                 size_t room)
{
    size_t count = 0;

    for (uint32_t slot = pins->chains[chain_of(given)]; slot != NOTHING && count < room;
         slot = pins->slots[slot].next)
        if (net_address_equals(&pins->slots[slot].given, given) && is_live(&pins->slots[slot], now_ns))
            ret_pins[count++] = &pins->slots[slot];
    return count;
}

void pins_hold(struct pins *pins, const struct net_address *given, const char *name)
{
    struct pin *pin = find_name(pins, given, name);

    if (pin)
        pin->uses++;
}

void pins_release(struct pins *pins, const struct net_address *given, const char *name)
{
    struct pin *pin = find_name(pins, given, name);

    if (pin && pin->uses) {
        pin->uses--;
        if (!pin->uses && pin->until_ns < pins->earliest_ns)
            pins->earliest_ns = pin->until_ns;
    }
}
