/* SPDX-License-Identifier: Apache-2.0 */
/* A table of at most WRITERS_MAX, hashed with a secret: names come from outside. */
#include "audit/writers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "base/memory.h"

#define SLOTS        (2 * WRITERS_MAX) /* a power of two */
#define NUMBERS_SIZE (3 * sizeof(uint64_t))

struct writers {
    struct hash_secret secret;
    struct writer *all;
    size_t count, capacity;
    uint32_t slots[SLOTS]; /* index + 1 */
};

int writers_new(struct writers **ret_writers, struct error *err)
{
    struct writers *writers = mem_alloc(sizeof(*writers));

    if (!writers)
        return error_memory(err);
    if (getrandom(&writers->secret, sizeof(writers->secret), 0) != sizeof(writers->secret)) {
        mem_free(writers);
        return error_system(err, errno, "random bytes");
    }
    *ret_writers = writers;
    return 0;
}

void writers_free(struct writers *writers)
{
    if (writers)
        mem_free(writers->all);
    mem_free(writers);
}

static uint32_t *slot_of(const struct writers *writers, const char *name)
{
    size_t at = hash_bytes(&writers->secret, name, strlen(name)) % SLOTS;

    while (writers->slots[at] && strcmp(writers->all[writers->slots[at] - 1].name, name) != 0)
        at = (at + 1) % SLOTS;
    return (uint32_t *)(uintptr_t)&writers->slots[at];
}

struct writer *writers_find(const struct writers *writers, const char *name)
{
    uint32_t slot = *slot_of(writers, name);

    return slot ? &writers->all[slot - 1] : NULL;
}

static void fill_slots(struct writers *writers)
{
    memset(writers->slots, 0, sizeof(writers->slots));
    for (size_t i = 0; i < writers->count; i++)
        *slot_of(writers, writers->all[i].name) = (uint32_t)i + 1;
}

static int later_first(const void *a, const void *b)
{
    const struct writer *first = a, *second = b;

    return first->index > second->index ? -1 : first->index < second->index;
}

/* The quarter that was silent the longest. What waits is of nobody's who is forgotten: it has just been appended. */
static void forget_some(struct writers *writers)
{
    qsort(writers->all, writers->count, sizeof(*writers->all), later_first);
    writers->count -= writers->count / 4;
    fill_slots(writers);
}

struct writer *writers_get(struct writers *writers, const char *name)
{
    uint32_t *slot = slot_of(writers, name);
    struct writer *writer;

    if (*slot)
        return &writers->all[*slot - 1];
    if (writers->count == WRITERS_MAX) {
        forget_some(writers);
        slot = slot_of(writers, name);
    }
    if (writers->count == writers->capacity) {
        size_t capacity = writers->capacity ? 2 * writers->capacity : 64;
        struct writer *all = mem_resize(writers->all, capacity * sizeof(*all));

        if (!all)
            return NULL;
        writers->all = all;
        writers->capacity = capacity;
    }
    writer = &writers->all[writers->count++];
    *writer = (struct writer){.number = 0};
    memcpy(writer->name, name, strnlen(name, STAMP_WRITER_MAX));
    *slot = (uint32_t)writers->count;
    return writer;
}

void writers_commit(struct writers *writers)
{
    for (size_t i = 0; i < writers->count; i++)
        writers->all[i].number = writers->all[i].pending;
}

void writers_cancel(struct writers *writers)
{
    for (size_t i = 0; i < writers->count; i++)
        writers->all[i].pending = writers->all[i].number;
}

size_t writers_count(const struct writers *writers)
{
    return writers->count;
}

struct writer *writers_at(const struct writers *writers, size_t i)
{
    return &writers->all[i];
}

/* ---- for the journal ---- */

int writers_print(const struct writers *writers, struct text *out, struct error *err)
{
    for (size_t i = 0; i < writers->count; i++) {
        const struct writer *writer = &writers->all[i];
        const uint64_t numbers[] = {writer->number, writer->lost, writer->index};
        char length = (char)strlen(writer->name);

        text_add_n(out, &length, 1);
        text_add_n(out, writer->name, (size_t)length);
        text_add_n(out, (const char *)numbers, sizeof(numbers));
    }
    return out->is_broken ? error_memory(err) : 0;
}

int writers_read(struct writers *writers, const void *bytes, size_t size, struct error *err)
{
    const unsigned char *at = bytes, *end = at + size;

    writers->count = 0;
    fill_slots(writers);
    while (at < end) {
        char name[STAMP_WRITER_MAX + 1] = "";
        size_t length = *at++;
        uint64_t numbers[3];
        struct writer *writer;

        if (length == 0 || length > STAMP_WRITER_MAX || (size_t)(end - at) < length + NUMBERS_SIZE || writers->count == WRITERS_MAX)
            return error_set(err, ERROR_INVALID, EBADMSG, "journal: the list of writers is damaged");
        memcpy(name, at, length);
        memcpy(numbers, at + length, sizeof(numbers));
        at += length + NUMBERS_SIZE;
        writer = writers_get(writers, name);
        if (!writer)
            return error_memory(err);
        writer->number = writer->pending = numbers[0];
        writer->lost = writer->told = numbers[1];
        writer->index = numbers[2];
    }
    return 0;
}
