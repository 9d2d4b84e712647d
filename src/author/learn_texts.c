/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts of records, each kept once: a file of events holds the same few names a million times, and what a program chose is
 * bounded by how much of it differs.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "author/learn_parts.h"
#include "base/hash.h"

#define SLOTS_MIN 1024 /* a power of two */

struct learn_texts {
    struct arena *arena;
    struct hash_secret secret;
    const char **slots;
    size_t slot_count, used, bytes;
};

struct learn_texts *learn_texts_new(struct arena *arena)
{
    struct learn_texts *texts = arena_alloc(arena, sizeof(*texts));

    if (!texts)
        return NULL;
    *texts = (struct learn_texts){.arena = arena, .slot_count = SLOTS_MIN, .slots = arena_alloc(arena, SLOTS_MIN * sizeof(char *))};
    /* Without a secret it is slower against somebody who means it, and as right. */
    if (getrandom(&texts->secret, sizeof(texts->secret), GRND_NONBLOCK) < 0)
        texts->secret = (struct hash_secret){0};
    return texts->slots ? texts : NULL;
}

static const char **find_slot(const struct learn_texts *texts, const char *text, size_t length)
{
    size_t at = hash_bytes(&texts->secret, text, length) & (texts->slot_count - 1);

    while (texts->slots[at] && strcmp(texts->slots[at], text) != 0)
        at = (at + 1) & (texts->slot_count - 1);
    return &texts->slots[at];
}

static bool grow(struct learn_texts *texts)
{
    struct learn_texts larger = *texts;

    larger.slot_count *= 2;
    larger.slots = arena_alloc(texts->arena, larger.slot_count * sizeof(*larger.slots));
    if (!larger.slots)
        return false;
    for (size_t i = 0; i < texts->slot_count; i++)
        if (texts->slots[i])
            *find_slot(&larger, texts->slots[i], strlen(texts->slots[i])) = texts->slots[i];
    *texts = larger;
    return true;
}

int learn_text_keep(struct learn_texts *texts, const char *text, const char **ret_text, struct error *err)
{
    size_t length = strlen(text);
    const char **slot = find_slot(texts, text, length);

    if (!*slot) {
        if (texts->bytes + length > LEARN_BYTES_MAX)
            return error_set(err, ERROR_LIMIT, E2BIG, "names of more than %zu MiB; learn from some of the runs",
                             LEARN_BYTES_MAX >> 20);
        if (texts->used * 2 >= texts->slot_count) {
            if (!grow(texts))
                return error_memory(err);
            slot = find_slot(texts, text, length);
        }
        *slot = arena_string(texts->arena, text);
        if (!*slot)
            return error_memory(err);
        texts->used++;
        texts->bytes += length;
    }
    *ret_text = *slot;
    return 0;
}
