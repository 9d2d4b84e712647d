/* SPDX-License-Identifier: Apache-2.0 */
/* Texts to values. One pass over a path finds every directory above it. */
#include <string.h>

#include "policy/ask/ask.h"

int ask_table_init(struct arena *arena, struct ask_table *table, size_t count, struct error *err)
{
    size_t size = 8;

    while (size < count * 2)
        size *= 2;
    table->entries = arena_alloc(arena, size * sizeof(*table->entries));
    if (!table->entries)
        return error_memory(err);
    table->size = size;
    return 0;
}

/* The entry of this text, or the empty one where it would be. */
static struct ask_entry *slot_of(const struct ask_table *table, const char *text, size_t length, uint64_t hash)
{
    size_t at = (size_t)(hash ^ hash >> 29) & (table->size - 1);

    for (;; at = (at + 1) & (table->size - 1)) {
        struct ask_entry *entry = &table->entries[at];

        if (!entry->text ||
            (entry->hash == hash && entry->length == length && memcmp(entry->text, text, length) == 0))
            return entry;
    }
}

void ask_table_put(struct ask_table *table, const char *text, size_t length, const void *value)
{
    uint64_t hash = ask_hash(text, length);

    *slot_of(table, text, length, hash) = (struct ask_entry){text, length, hash, value};
}

const void *ask_table_find(const struct ask_table *table, const char *text, size_t length, uint64_t hash)
{
    return slot_of(table, text, length, hash)->value;
}

const struct ask_entry *ask_table_deepest(const struct ask_table *table, const char *path, size_t length)
{
    uint64_t hash = hash_step(HASH_START, '/');
    const struct ask_entry *found = slot_of(table, "/", 1, hash);

    if (!found->text)
        found = NULL;
    for (size_t i = 1; i <= length; i++) {
        if (i > 1 && (i == length || path[i] == '/')) {
            const struct ask_entry *entry = slot_of(table, path, i, hash);

            found = entry->text ? entry : found;
        }
        if (i < length)
            hash = hash_step(hash, (unsigned char)path[i]);
    }
    return found;
}
