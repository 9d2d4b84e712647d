/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of states, each with its children in a list: below the first bytes of a pattern that list has one element, and the
 * root has a table. A state that has no such child falls back to the longest other beginning that its bytes end with.
 *
 * System calls: mmap, munmap, mlock, madvise.
 */
#include "inspect/search.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "base/memory.h"

struct state {
    uint32_t child, sibling; /* 0 = none */
    uint32_t fall;
    uint16_t depth;
    uint16_t match; /* length of the longest pattern that ends here */
    uint16_t label; /* of it */
    uint8_t byte;
};

struct search {
    uint32_t root[256];
    struct state *states;
    size_t count, capacity;
    unsigned longest;
};

/* Without the lock it is as safe from swap as the machine's swap is. */
static void *secret_map(size_t size)
{
    void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (map == MAP_FAILED)
        return NULL;
    (void)!mlock(map, size);
    (void)!madvise(map, size, MADV_DONTDUMP);
    return map;
}

int search_new(size_t bytes_max, struct search **ret_search, struct error *err)
{
    auto_search struct search *search = NULL;

    if (bytes_max > SEARCH_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the values of all secrets together take more than %u bytes in all their forms",
                         SEARCH_BYTES_MAX);
    search = mem_alloc(sizeof(*search));
    if (!search)
        return error_memory(err);
    search->capacity = bytes_max + 1;
    search->states = secret_map(search->capacity * sizeof(*search->states));
    if (!search->states)
        return error_memory(err);
    search->count = 1;
    *ret_search = take_ptr(search);
    return 0;
}

void search_free(struct search *search)
{
    if (!search)
        return;
    if (search->states) {
        explicit_bzero(search->states, search->count * sizeof(*search->states));
        munmap(search->states, search->capacity * sizeof(*search->states));
    }
    mem_free(search);
}

void search_free_at(struct search **search)
{
    search_free(*search);
}

static uint32_t child_of(const struct search *search, uint32_t state, unsigned char byte)
{
    if (state == 0)
        return search->root[byte];
    for (uint32_t child = search->states[state].child; child; child = search->states[child].sibling)
        if (search->states[child].byte == byte)
            return child;
    return 0;
}

static uint32_t add_child(struct search *search, uint32_t parent, unsigned char byte)
{
    uint32_t number = (uint32_t)search->count++;
    struct state *state = &search->states[number];

    state->byte = byte;
    state->depth = (uint16_t)(search->states[parent].depth + 1);
    state->sibling = search->states[parent].child;
    search->states[parent].child = number;
    if (parent == 0)
        search->root[byte] = number;
    return number;
}

int search_add(struct search *search, const void *bytes, size_t size, uint16_t label)
{
    const unsigned char *at = bytes;
    uint32_t state = 0;

    if (size == 0 || size > SEARCH_PATTERN_MAX)
        return -E2BIG;
    for (size_t i = 0; i < size; i++) {
        uint32_t child = child_of(search, state, at[i]);

        if (!child && search->count == search->capacity)
            return -E2BIG;
        state = child ? child : add_child(search, state, at[i]);
    }
    if (!search->states[state].match) {
        search->states[state].match = (uint16_t)size;
        search->states[state].label = label;
    }
    if (size > search->longest)
        search->longest = (unsigned)size;
    return 0;
}

/* Where what `parent` falls back to goes on with this byte. The root's children fall back to it. */
static uint32_t fall_of(const struct search *search, uint32_t parent, unsigned char byte)
{
    return parent == 0 ? 0 : search_step(search, search->states[parent].fall, byte);
}

/* Level by level, since each state falls back to one nearer to the root. */
int search_link(struct search *search, struct error *err)
{
    auto_free uint32_t *order = mem_alloc(search->count * sizeof(*order));
    size_t count = 1;

    if (!order)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        for (uint32_t child = search->states[order[i]].child; child; child = search->states[child].sibling) {
            struct state *state = &search->states[child];
            const struct state *fall;

            state->fall = fall_of(search, order[i], state->byte);
            fall = &search->states[state->fall];
            if (!state->match) {
                state->match = fall->match;
                state->label = fall->label;
            }
            order[count++] = child;
        }
    }
    return 0;
}

uint32_t search_step(const struct search *search, uint32_t state, unsigned char byte)
{
    for (;;) {
        uint32_t child = child_of(search, state, byte);

        if (child || state == 0)
            return child;
        state = search->states[state].fall;
    }
}

unsigned search_depth(const struct search *search, uint32_t state)
{
    return search->states[state].depth;
}

unsigned search_match(const struct search *search, uint32_t state, uint16_t *ret_label)
{
    *ret_label = search->states[state].label;
    return search->states[state].match;
}

bool search_begins(const struct search *search, unsigned char byte)
{
    return search->root[byte] != 0;
}

unsigned search_longest(const struct search *search)
{
    return search->longest;
}
