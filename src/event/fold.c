/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A table of hashes under a secret of this run, so that the program can neither slow it down nor have two accesses taken for
 * one. The texts themselves are in the record and nowhere else.
 */
#include "event/fold.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/memory.h"

#define SLOTS_FIRST    256
#define REPEATED_BYTES 256 /* of an access.repeated */

void fold_finish(struct fold *fold)
{
    text_finish(&fold->key);
    mem_free(fold->items);
    mem_free(fold->slots);
    *fold = (struct fold){0};
}

static int find_secret(struct fold *fold, struct error *err)
{
    if (fold->has_secret)
        return 0;
    if (getrandom(&fold->secret, sizeof(fold->secret), 0) != (ssize_t)sizeof(fold->secret))
        return error_system(err, errno, "getrandom");
    fold->has_secret = true;
    return 0;
}

/* Readers of the record have signed numbers. */
static uint64_t sum(uint64_t a, uint64_t b)
{
    uint64_t both;

    return __builtin_add_overflow(a, b, &both) || both > INT64_MAX ? INT64_MAX : both;
}

void fold_count(struct folded *item, uint64_t count)
{
    item->more = sum(item->more, count);
}

/* With its end, and told apart from none, so that no two of these look like others. */
static void key_string(struct text *key, const char *string)
{
    text_add_n(key, string ? "+" : "-", 1);
    if (string)
        text_add_n(key, string, strlen(string) + 1);
}

static void key_of(struct text *key, const struct event_access *access)
{
    const int numbers[] = {(int)access->operation, access->errnum, access->is_hidden};

    key->length = 0;
    text_add_n(key, (const char *)numbers, sizeof(numbers));
    key_string(key, access->type);
    key_string(key, access->kind);
    key_string(key, access->named);
    key_string(key, access->path);
    key_string(key, access->second_named);
    key_string(key, access->second);
    key_string(key, access->outside);
    key_string(key, access->call);
    key_string(key, access->args);
    key_string(key, access->process.exe);
    key_string(key, access->rule);
    key_string(key, access->layer);
    key_string(key, access->source);
    key_string(key, access->reason);
}

/* Where `hash` is, or would be. */
static uint32_t *slot_of(const struct fold *fold, uint64_t hash)
{
    size_t at = hash & (fold->slot_count - 1);

    while (fold->slots[at] && fold->items[fold->slots[at] - 1].hash != hash)
        at = (at + 1) & (fold->slot_count - 1);
    return &fold->slots[at];
}

int fold_find(struct fold *fold, const struct event_access *access, struct folded **ret_item, uint64_t *ret_hash,
              struct error *err)
{
    int status = find_secret(fold, err);
    uint32_t slot;

    if (status < 0)
        return status;
    key_of(&fold->key, access);
    if (fold->key.is_broken) {
        fold->key.is_broken = false;
        return error_memory(err);
    }
    *ret_hash = hash_bytes(&fold->secret, fold->key.data, fold->key.length);
    slot = fold->slot_count ? *slot_of(fold, *ret_hash) : 0;
    *ret_item = slot ? &fold->items[slot - 1] : NULL;
    return 0;
}

int fold_reserve(struct fold *fold, struct error *err)
{
    size_t wanted = fold->slot_count ? 2 * fold->slot_count : SLOTS_FIRST;
    uint32_t *slots;
    void *items;

    if (fold->slot_count && fold->count < fold->slot_count / 2)
        return 0;
    items = mem_resize(fold->items, wanted / 2 * sizeof(*fold->items));
    if (!items)
        return error_memory(err);
    fold->items = items;
    slots = mem_alloc(wanted * sizeof(*slots));
    if (!slots)
        return error_memory(err);
    mem_free(fold->slots);
    fold->slots = slots;
    fold->slot_count = wanted;
    for (size_t i = 0; i < fold->count; i++)
        *slot_of(fold, fold->items[i].hash) = (uint32_t)i + 1;
    return 0;
}

void fold_add(struct fold *fold, struct fold_part *part, uint64_t hash, unsigned sequence, size_t bytes)
{
    fold->items[fold->count++] = (struct folded){.hash = hash, .sequence = sequence};
    *slot_of(fold, hash) = (uint32_t)fold->count;
    part->count++;
    part->bytes += bytes + REPEATED_BYTES;
}

struct fold_part *fold_room(struct fold *fold, const struct event_access *access)
{
    struct fold_part *kind = &fold->kinds[access->operation < OPERATION_COUNT_ ? access->operation : OPERATION_NONE];

    if (!access->errnum)
        return fold->used.count < EVENT_USES_MAX && fold->used.bytes < EVENT_USES_BYTES_MAX ? &fold->used : NULL;
    if (fold->refused.count < EVENT_ACCESS_MAX && fold->refused.bytes < EVENT_ACCESS_BYTES_MAX)
        return &fold->refused;
    return kind->count < EVENT_KIND_MAX && kind->bytes < EVENT_KIND_BYTES_MAX ? kind : NULL;
}

void fold_lose(struct fold *fold, const char *source, uint64_t count)
{
    size_t i = 0;

    while (i < fold->lost_count && strncmp(fold->lost[i].source, source, FOLD_SOURCE_SIZE - 1) != 0)
        i++;
    if (i == EVENT_SOURCES_MAX)
        i--;
    else if (i == fold->lost_count)
        snprintf(fold->lost[fold->lost_count++].source, FOLD_SOURCE_SIZE, "%s", source);
    fold->lost[i].count = sum(fold->lost[i].count, count);
}
