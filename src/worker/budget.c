/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counters in shared memory. Each has a key, so that it is found again in other rules; only who created the memory gives
 * counters away. The other side of the memory is not trusted more than with what it counts: it may count too much or too
 * little, and nothing that is read here is an index.
 *
 * A rate is one moment: until when what was taken is paid for (as in GCRA, ITU-T I.371). As much is free as
 * BURST_NS are worth.
 *
 * System calls: memfd_create, ftruncate, fcntl (F_ADD_SEALS, F_GET_SEALS), pread64, mmap, munmap.
 */
#include "worker/budget.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

#define MAGIC    0x43424731u
#define SLOTS    (2 * NET_BUDGETS_MAX) /* of the rules that held, and of those that will */
#define BURST_NS (NS_PER_S / 4)
#define SEALS    (F_SEAL_SHRINK | F_SEAL_GROW)

struct counter {
    _Atomic uint64_t key; /* 0 = free */
    _Atomic uint64_t used[BUDGET_KINDS];
    _Atomic uint64_t paid_ns; /* CLOCK_MONOTONIC, of all processes of this machine the same */
    _Atomic uint64_t ended; /* a bit for each kind, and above them the round (struct budgets) in which it was */
};

struct budget_memory {
    _Atomic uint32_t magic;
    struct counter counters[SLOTS];
};

const char *budget_kind_text(enum budget_kind kind)
{
    static const char *const texts[] = {[BUDGET_CONNECTIONS] = "connections", [BUDGET_REQUESTS] = "requests",
                                        [BUDGET_BYTES_UP] = "bytesUp", [BUDGET_BYTES_DOWN] = "bytesDown"};

    return (unsigned)kind < BUDGET_KINDS ? texts[kind] : "unknown";
}

struct budget_use budget_use_of(const struct net_decision *decision)
{
    struct budget_use use = {.count = decision->budget_count};

    memcpy(use.items, decision->budgets, sizeof(use.items));
    return use;
}

/* ---- memory ---- */

static int map(int fd, struct budget_memory **ret_memory)
{
    void *memory = mmap(NULL, sizeof(struct budget_memory), PROT_READ | PROT_WRITE,
                        fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);

    if (memory == MAP_FAILED)
        return -errno;
    *ret_memory = memory;
    return 0;
}

int budgets_create(struct budgets *budgets, int *ret_fd, struct error *err)
{
    auto_close int fd = ret_fd ? memfd_create("cordon-budgets", MFD_CLOEXEC | MFD_ALLOW_SEALING) : -1;
    int status;

    if (ret_fd && fd < 0)
        return error_system(err, errno, "make room for the counters of budgets");
    if (ret_fd && (ftruncate(fd, sizeof(struct budget_memory)) < 0 || fcntl(fd, F_ADD_SEALS, SEALS | F_SEAL_SEAL) < 0))
        return error_system(err, errno, "make room for the counters of budgets");
    status = map(fd, &budgets->memory);
    if (status < 0)
        return error_system(err, -status, "make room for the counters of budgets");
    atomic_store(&budgets->memory->magic, MAGIC);
    budgets->round = 0;
    if (ret_fd)
        *ret_fd = take_fd(fd);
    return 0;
}

/* The size of the memory, neither more nor less; a worker that is confined cannot ask for it. */
static bool has_size(int fd)
{
    char byte;

    return pread(fd, &byte, 1, sizeof(struct budget_memory) - 1) == 1 && pread(fd, &byte, 1, sizeof(struct budget_memory)) == 0;
}

int budgets_open(struct budgets *budgets, int fd, struct error *err)
{
    struct budget_memory *memory;
    int seals = fcntl(fd, F_GET_SEALS), status;

    /* memory that shrinks would end its reader */
    if (seals < 0 || (seals & SEALS) != SEALS || !has_size(fd))
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the counters of budgets are not what they should be");
    status = map(fd, &memory);
    if (status < 0)
        return error_system(err, -status, "take the counters of budgets");
    if (atomic_load(&memory->magic) != MAGIC) {
        munmap(memory, sizeof(*memory));
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the counters of budgets are of another version");
    }
    budgets->memory = memory;
    budgets->round = 0;
    return 0;
}

void budgets_close(struct budgets *budgets)
{
    if (budgets->memory)
        munmap(budgets->memory, sizeof(*budgets->memory));
    *budgets = (struct budgets){0};
}

/* ---- rules ---- */

/* Of the place where it stands, and how many stand at the same before it. Never 0. */
static uint64_t key_of(const struct net_rules *rules, size_t index)
{
    const char *where = rules->budgets[index].where ? rules->budgets[index].where : "";
    uint64_t key = 14695981039346656037ull, before = 0;

    for (size_t i = 0; i < index; i++)
        before += strcmp(rules->budgets[i].where ? rules->budgets[i].where : "", where) == 0;
    for (const char *at = where; *at; at++)
        key = (key ^ (unsigned char)*at) * 1099511628211ull;
    key = (key ^ before) * 1099511628211ull;
    return key ? key : 1;
}

static bool find_slot(const struct budgets *budgets, uint64_t key, uint16_t *ret_slot)
{
    for (uint16_t i = 0; i < SLOTS; i++)
        if (atomic_load(&budgets->memory->counters[i].key) == key) {
            *ret_slot = i;
            return true;
        }
    return false;
}

static bool is_in(const uint16_t *slots, size_t count, uint16_t slot)
{
    for (size_t i = 0; i < count; i++)
        if (slots[i] == slot)
            return true;
    return false;
}

/* One that neither the rules that hold nor those that come count in. There are enough for both. */
static uint16_t give_slot(struct budgets *budgets, uint64_t key, const uint16_t *coming, size_t coming_count)
{
    size_t held = budgets->rules ? budgets->rules->budget_count : 0;
    uint16_t slot = 0;
    struct counter *counter;

    while (slot + 1u < SLOTS && (is_in(budgets->slots, held, slot) || is_in(coming, coming_count, slot)))
        slot++;
    counter = &budgets->memory->counters[slot];
    for (unsigned i = 0; i < BUDGET_KINDS; i++)
        atomic_store(&counter->used[i], 0);
    atomic_store(&counter->paid_ns, 0);
    atomic_store(&counter->ended, 0);
    atomic_store(&counter->key, key);
    return slot;
}

int budgets_set_rules(struct budgets *budgets, const struct net_rules *rules, bool is_creator, struct error *err)
{
    uint16_t slots[NET_BUDGETS_MAX];
    bool is_found[NET_BUDGETS_MAX];

    if (rules->budget_count > NET_BUDGETS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the rules have more than %u budgets", NET_BUDGETS_MAX);
    if (rules->budget_count && !budgets->memory)
        return error_set(err, ERROR_INTERNAL, EINVAL, "the rules have budgets and there is nothing to count in");
    memset(slots, 0xff, sizeof(slots));
    for (size_t i = 0; i < rules->budget_count; i++)
        is_found[i] = find_slot(budgets, key_of(rules, i), &slots[i]);
    for (size_t i = 0; i < rules->budget_count; i++) {
        if (is_found[i])
            continue;
        if (!is_creator)
            return error_set(err, ERROR_INTERNAL, EBADMSG, "%s: no counter was made for this budget", rules->budgets[i].where);
        slots[i] = give_slot(budgets, key_of(rules, i), slots, rules->budget_count);
    }
    memcpy(budgets->slots, slots, sizeof(budgets->slots));
    budgets->rules = rules;
    budgets->round++; /* what had ended may have another limit */
    return 0;
}

/* ---- counting ---- */

static struct counter *counter_of(const struct budgets *budgets, uint16_t budget)
{
    return &budgets->memory->counters[budgets->slots[budget - 1]];
}

uint64_t budget_limit(const struct budgets *budgets, uint16_t budget, enum budget_kind kind)
{
    const struct net_budget *of = &budgets->rules->budgets[budget - 1];

    switch (kind) {
    case BUDGET_CONNECTIONS:
        return of->connections;
    case BUDGET_REQUESTS:
        return of->requests;
    case BUDGET_BYTES_UP:
        return of->bytes_up;
    case BUDGET_BYTES_DOWN:
        return of->bytes_down;
    case BUDGET_KINDS:
        break;
    }
    return 0;
}

static uint64_t rate_of(const struct budgets *budgets, uint16_t budget, enum budget_kind kind)
{
    return kind == BUDGET_BYTES_UP || kind == BUDGET_BYTES_DOWN ? budgets->rules->budgets[budget - 1].bytes_per_second : 0;
}

static uint64_t ns_of(uint64_t amount, uint64_t rate)
{
    unsigned __int128 ns = (unsigned __int128)amount * NS_PER_S / rate;

    return ns > INT64_MAX ? INT64_MAX : (uint64_t)ns;
}

static uint64_t take_count(_Atomic uint64_t *used, uint64_t limit, uint64_t want)
{
    uint64_t before = atomic_load(used), taken;

    do {
        taken = before >= limit ? 0 : limit - before < want ? limit - before : want;
        if (!taken)
            return 0;
    } while (!atomic_compare_exchange_weak(used, &before, before + taken));
    return taken;
}

static void give_count(_Atomic uint64_t *used, uint64_t amount)
{
    uint64_t before = atomic_load(used);

    while (!atomic_compare_exchange_weak(used, &before, before > amount ? before - amount : 0))
        ;
}

/* What the rate has free; with `is_whole` all, where anything is. *ret_wait_ms = how long until it is worth asking. */
static uint64_t take_rate(_Atomic uint64_t *paid_ns, uint64_t rate, uint64_t want, bool is_whole, uint64_t now_ns,
                          uint32_t *ret_wait_ms)
{
    uint64_t before = atomic_load(paid_ns), from, free_ns, taken;

    do {
        unsigned __int128 room;

        from = before > now_ns ? before : now_ns;
        free_ns = from - now_ns >= BURST_NS ? 0 : BURST_NS - (from - now_ns);
        room = (unsigned __int128)free_ns * rate / NS_PER_S;
        taken = is_whole && free_ns ? want : room < want ? (uint64_t)room : want;
        if (!taken) {
            uint64_t ns = from - now_ns + ns_of(1, rate);

            ns = ns > BURST_NS / 2 ? ns - BURST_NS / 2 : 1;
            *ret_wait_ms = (uint32_t)((ns < 60 * NS_PER_S ? ns : 60 * NS_PER_S) / NS_PER_MS) + 1;
            return 0;
        }
    } while (!atomic_compare_exchange_weak(paid_ns, &before, from + ns_of(taken, rate)));
    return taken;
}

static void give_rate(_Atomic uint64_t *paid_ns, uint64_t rate, uint64_t amount)
{
    if (rate && amount)
        give_count(paid_ns, ns_of(amount, rate));
}

static void give_one(struct budgets *budgets, uint16_t budget, enum budget_kind kind, uint64_t amount)
{
    struct counter *counter = counter_of(budgets, budget);

    give_count(&counter->used[kind], amount);
    give_rate(&counter->paid_ns, rate_of(budgets, budget, kind), amount);
}

static uint64_t take_one(struct budgets *budgets, uint16_t budget, enum budget_kind kind, uint64_t want, bool is_whole,
                         uint64_t now_ns, struct budget_short *ret_short)
{
    struct counter *counter = counter_of(budgets, budget);
    uint64_t limit = budget_limit(budgets, budget, kind), rate = rate_of(budgets, budget, kind);
    uint64_t counted = take_count(&counter->used[kind], limit ? limit : UINT64_MAX, want), paced = counted;
    uint32_t wait_ms = 0;

    if (counted < want)
        *ret_short = (struct budget_short){.budget = budget};
    if (is_whole && counted < want)
        paced = 0;
    else if (rate && counted)
        paced = take_rate(&counter->paid_ns, rate, counted, is_whole, now_ns, &wait_ms);
    give_count(&counter->used[kind], counted - paced);
    if (paced < counted && !(is_whole && counted < want))
        *ret_short = (struct budget_short){.budget = budget, .wait_ms = wait_ms ? wait_ms : 1};
    return paced;
}

/* The nth that is counted for: those in total, then those of the decision. 0 = no more. */
static uint16_t nth(const struct budgets *budgets, const struct budget_use *use, size_t n)
{
    size_t total = budgets->rules ? budgets->rules->total_count : 0;

    if (!budgets->memory)
        return 0;
    if (n < total)
        return (uint16_t)(n + 1);
    n -= total;
    return n < use->count && use->items[n] <= budgets->rules->budget_count ? use->items[n] : 0;
}

bool budgets_are_none(const struct budgets *budgets, const struct budget_use *use)
{
    return !nth(budgets, use, 0);
}

static uint64_t take(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t want,
                     bool is_whole, uint64_t now_ns, struct budget_short *ret_short)
{
    struct budget_short all = {0};
    uint64_t taken = want;
    uint16_t budget;

    for (size_t i = 0; taken && (budget = nth(budgets, use, i)); i++) {
        uint64_t had = taken;

        taken = take_one(budgets, budget, kind, had, is_whole, now_ns, &all);
        for (size_t j = 0; taken < had && j < i; j++)
            give_one(budgets, nth(budgets, use, j), kind, had - taken);
    }
    if (ret_short)
        *ret_short = taken < want ? all : (struct budget_short){0};
    return taken;
}

uint64_t budgets_take(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t want,
                      uint64_t now_ns, struct budget_short *ret_short)
{
    return take(budgets, use, kind, want, false, now_ns, ret_short);
}

bool budgets_take_whole(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t want,
                        uint64_t now_ns, struct budget_short *ret_short)
{
    return take(budgets, use, kind, want, true, now_ns, ret_short) == want;
}

static void add_saturated(_Atomic uint64_t *number, uint64_t least, uint64_t amount)
{
    uint64_t before = atomic_load(number), from;

    do {
        from = before > least ? before : least;
    } while (!atomic_compare_exchange_weak(number, &before, from > UINT64_MAX - amount ? UINT64_MAX : from + amount));
}

bool budgets_owe(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t amount, uint64_t now_ns,
                 struct budget_short *ret_short)
{
    uint16_t budget;

    *ret_short = (struct budget_short){0};
    for (size_t i = 0; amount && (budget = nth(budgets, use, i)); i++) {
        struct counter *counter = counter_of(budgets, budget);
        uint64_t limit = budget_limit(budgets, budget, kind), rate = rate_of(budgets, budget, kind);

        add_saturated(&counter->used[kind], 0, amount);
        if (rate)
            add_saturated(&counter->paid_ns, now_ns, ns_of(amount, rate));
        if (limit && atomic_load(&counter->used[kind]) > limit)
            *ret_short = (struct budget_short){.budget = budget};
        else if (rate && !ret_short->budget && atomic_load(&counter->paid_ns) > now_ns + BURST_NS)
            *ret_short = (struct budget_short){.budget = budget, .wait_ms = 1};
    }
    return !ret_short->budget || ret_short->wait_ms;
}

bool budget_uses_equal(const struct budget_use *a, const struct budget_use *b)
{
    return a->count == b->count && memcmp(a->items, b->items, a->count * sizeof(a->items[0])) == 0;
}

void budgets_give(struct budgets *budgets, const struct budget_use *use, enum budget_kind kind, uint64_t amount)
{
    uint16_t budget;

    for (size_t i = 0; (budget = nth(budgets, use, i)); i++)
        give_one(budgets, budget, kind, amount);
}

bool budgets_end(struct budgets *budgets, uint16_t budget, enum budget_kind kind)
{
    _Atomic uint64_t *ended = &counter_of(budgets, budget)->ended;
    uint64_t before = atomic_load(ended), after;

    do {
        if (before >> BUDGET_KINDS > budgets->round)
            return false; /* the other side has the next rules already */
        after = (before >> BUDGET_KINDS == budgets->round ? before : budgets->round << BUDGET_KINDS) | 1u << kind;
        if (after == before)
            return false;
    } while (!atomic_compare_exchange_weak(ended, &before, after));
    return true;
}

uint16_t budgets_ended(const struct budgets *budgets, const struct budget_use *use)
{
    uint16_t budget;

    for (size_t i = 0; (budget = nth(budgets, use, i)); i++) {
        uint64_t ended = atomic_load(&counter_of(budgets, budget)->ended);

        if (ended >> BUDGET_KINDS == budgets->round && ended & (1u << BUDGET_BYTES_UP | 1u << BUDGET_BYTES_DOWN))
            return budget;
    }
    return 0;
}
