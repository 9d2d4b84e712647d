/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Are a writer's records all there? Each has its number and how many the log knows to be lost: what is skipped and not lost is missing.
 * Chunks of a log are counted apart and joined.
 */
#include <string.h>

#include "audit/verify/verify.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/text.h"

#define WRITERS_MAX 65536
#define SLOTS       (2 * WRITERS_MAX)

struct seen {
    char name[STAMP_WRITER_MAX + 1];
    uint64_t first, first_lost, last, last_lost, missing;
};

struct verify_numbers {
    struct seen *all;
    size_t count, room;
    bool is_partial; /* more writers than there is room for */
    uint32_t slots[SLOTS];
};

struct verify_numbers *verify_numbers_new(void)
{
    return mem_alloc(sizeof(struct verify_numbers));
}

void verify_numbers_free(struct verify_numbers *numbers)
{
    if (numbers)
        mem_free(numbers->all);
    mem_free(numbers);
}

static struct seen *find(struct verify_numbers *numbers, const char *name)
{
    size_t at = hash_mix(HASH_START, name, strlen(name)) % SLOTS, room;

    for (; numbers->slots[at]; at = (at + 1) % SLOTS)
        if (strcmp(numbers->all[numbers->slots[at] - 1].name, name) == 0)
            return &numbers->all[numbers->slots[at] - 1];
    if (numbers->count == numbers->room) {
        struct seen *all = NULL;

        room = numbers->room ? 2 * numbers->room : 64;
        if (room <= WRITERS_MAX)
            all = mem_resize(numbers->all, room * sizeof(*all));
        if (!all) {
            numbers->is_partial = true;
            return NULL;
        }
        numbers->all = all;
        numbers->room = room;
    }
    numbers->all[numbers->count] = (struct seen){.first = 0};
    text_put(numbers->all[numbers->count].name, sizeof(numbers->all[numbers->count].name), name);
    numbers->slots[at] = (uint32_t)++numbers->count;
    return &numbers->all[numbers->count - 1];
}

/* What is between a record and the next of the same writer that is neither in the log nor known to be lost. */
static uint64_t missing_between(uint64_t number, uint64_t lost, uint64_t next, uint64_t next_lost)
{
    uint64_t skipped = next > number ? next - number - 1 : 0, known = next_lost > lost ? next_lost - lost : 0;

    return skipped > known ? skipped - known : 0;
}

void verify_numbers_take(struct verify_numbers *numbers, const struct stamp *stamp)
{
    struct seen *seen = find(numbers, stamp->label.writer);

    if (!seen)
        return;
    if (seen->first)
        seen->missing += missing_between(seen->last, seen->last_lost, stamp->number, stamp->lost);
    else {
        seen->first = stamp->number;
        seen->first_lost = stamp->lost;
    }
    seen->last = stamp->number;
    seen->last_lost = stamp->lost;
}

void verify_numbers_join(struct verify_numbers *numbers, const struct verify_numbers *next)
{
    for (size_t i = 0; i < next->count; i++) {
        const struct seen *later = &next->all[i];
        struct seen *seen = find(numbers, later->name);

        if (!seen)
            continue;
        if (!seen->first)
            *seen = *later;
        else {
            seen->missing += later->missing + missing_between(seen->last, seen->last_lost, later->first, later->first_lost);
            seen->last = later->last;
            seen->last_lost = later->last_lost;
        }
    }
    numbers->is_partial = numbers->is_partial || next->is_partial;
}

void verify_numbers_say(const struct verify_numbers *numbers, struct verify *verify, bool is_whole)
{
    for (size_t i = 0; i < numbers->count; i++) {
        const struct seen *seen = &numbers->all[i];
        uint64_t missing = seen->missing + (is_whole ? missing_between(0, 0, seen->first, seen->first_lost) : 0);

        if (missing)
            verify_say(verify, VERIFY_FOUND_NUMBERS, seen->name, "%llu of this writer's records are neither in the log nor counted as lost",
                       (unsigned long long)missing);
    }
    if (numbers->is_partial)
        verify_say(verify, VERIFY_FOUND_UNREADABLE, "writers", "more than %d of them: the numbers of the others were not checked", WRITERS_MAX);
}
