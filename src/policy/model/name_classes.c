/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks all names at once, shortest first: a state is where each pattern stands and which of the
 * given names still begin like this. Bytes that no pattern tells apart are tried once.
 */
#include "policy/model/name_classes.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"

struct finder {
    struct arena *arena;
    const struct name *patterns;
    size_t pattern_count;
    struct name *names; /* sorted */
    size_t name_count;
    size_t pattern_words, pattern_bytes;
    unsigned char order[256]; /* bytes of names, friendly ones first */
    size_t order_count;
    unsigned char class_of[256];
    struct states states;
    uint64_t work;
};

/* Key of a state: the patterns' words, then first and count of the names that begin like this. */
enum { KEY_FIRST = 0, KEY_COUNT = 1, KEY_EXTRA = 2 };

static int compare_names(const void *a, const void *b)
{
    const struct name *first = a, *second = b;
    size_t length = first->length < second->length ? first->length : second->length;
    int order = memcmp(first->text, second->text, length);

    if (order)
        return order;
    return first->length < second->length ? -1 : first->length > second->length;
}

static void order_bytes(struct finder *finder)
{
    static const char friendly[] = "xabcdefghijklmnopqrstuvwyz0123456789_-.+=,@%^~";
    bool is_known[256] = {['\0'] = true, ['/'] = true};

    for (const char *c = friendly; *c; c++)
        finder->order[finder->order_count++] = (unsigned char)*c;
    for (size_t i = 0; i < finder->order_count; i++)
        is_known[finder->order[i]] = true;
    for (unsigned byte = 33; byte < 33 + 255; byte++)
        if (!is_known[byte & 255])
            finder->order[finder->order_count++] = byte & 255;
}

/* Bytes that every element of every pattern treats alike share a class. */
static int sort_bytes(struct finder *finder)
{
    size_t words = finder->pattern_words + 1;
    uint64_t *key = arena_alloc(finder->arena, words * sizeof(*key));
    struct states classes = {.arena = finder->arena};

    if (!key)
        return -ENOMEM;
    for (size_t i = 0; i < finder->order_count; i++) {
        unsigned char byte = finder->order[i];
        size_t at = 0, class;
        int status;

        for (size_t p = 0; p < finder->pattern_count; p++) {
            const struct name *pattern = &finder->patterns[p];

            glob_name_bytes(pattern->text, pattern->length, byte, key + at);
            at += pattern->length / 64 + 1;
        }
        status = states_add(&classes, key, words, "", &class);
        if (status < 0)
            return status;
        finder->class_of[byte] = (unsigned char)class;
    }
    return 0;
}

static int prepare(struct finder *finder, const struct name *names)
{
    order_bytes(finder);
    finder->names = arena_alloc(finder->arena, (finder->name_count + 1) * sizeof(*names));
    if (!finder->names)
        return -ENOMEM;
    if (finder->name_count) {
        memcpy(finder->names, names, finder->name_count * sizeof(*names));
        qsort(finder->names, finder->name_count, sizeof(*names), compare_names);
    }
    for (size_t p = 0; p < finder->pattern_count; p++) {
        finder->pattern_words += finder->patterns[p].length / 64 + 1;
        finder->pattern_bytes += finder->patterns[p].length + 1;
    }
    if (finder->pattern_bytes > NAME_CLASSES_WORK_MAX / 4096)
        return -E2BIG;
    return sort_bytes(finder);
}

/* Narrow the names that begin with `text` down to those that go on with `byte`. */
static void narrow_names(const struct finder *finder, size_t depth, unsigned char byte,
                         const uint64_t *from, uint64_t *to)
{
    size_t first = from[KEY_FIRST], end = first + from[KEY_COUNT];

    to[KEY_FIRST] = to[KEY_COUNT] = 0;
    for (size_t i = first; i < end; i++) {
        const struct name *name = &finder->names[i];

        if (name->length <= depth || (unsigned char)name->text[depth] != byte)
            continue;
        if (!to[KEY_COUNT])
            to[KEY_FIRST] = i;
        to[KEY_COUNT]++;
    }
}

static bool goes_on_with(const struct finder *finder, const uint64_t *extra, size_t depth,
                         unsigned char byte)
{
    uint64_t narrowed[KEY_EXTRA];

    narrow_names(finder, depth, byte, extra, narrowed);
    return narrowed[KEY_COUNT] > 0;
}

static int note_class(const struct finder *finder, const struct state *state,
                      struct states *classes)
{
    const uint64_t *extra = state->key + finder->pattern_words;
    size_t words = name_classes_words(finder->pattern_count), length = strlen(state->text);
    uint64_t *key;
    size_t at = 0, index;

    if (!length || (extra[KEY_COUNT] && finder->names[extra[KEY_FIRST]].length == length))
        return 0;
    key = arena_alloc(finder->arena, words * sizeof(*key));
    if (!key)
        return -ENOMEM;
    for (size_t p = 0; p < finder->pattern_count; p++) {
        size_t end = finder->patterns[p].length;

        if (state->key[at + end / 64] >> (end % 64) & 1)
            key[p / 64] |= (uint64_t)1 << (p % 64);
        at += end / 64 + 1;
    }
    return states_add(classes, key, words, state->text, &index);
}

static int step(struct finder *finder, size_t from, unsigned char byte, uint64_t *key)
{
    const struct state *state = &finder->states.items[from];
    size_t length = strlen(state->text), at = 0, index;
    char text[NAME_MAX + 1];

    finder->work += finder->pattern_bytes + 1;
    if (finder->work > NAME_CLASSES_WORK_MAX)
        return -E2BIG;
    for (size_t p = 0; p < finder->pattern_count; p++) {
        const struct name *pattern = &finder->patterns[p];

        glob_name_step(pattern->text, pattern->length, state->key + at, byte, key + at);
        at += pattern->length / 64 + 1;
    }
    narrow_names(finder, length, byte, state->key + at, key + at);
    memcpy(text, state->text, length);
    text[length] = (char)byte;
    text[length + 1] = '\0';
    return states_add(&finder->states, key, at + KEY_EXTRA, text, &index);
}

/* One byte of each class that no name goes on with, and every byte that one does. */
static int step_all(struct finder *finder, size_t from, uint64_t *key)
{
    size_t length = strlen(finder->states.items[from].text);
    bool is_tried[256] = {false};
    int status = 0;

    if (length == NAME_MAX)
        return 0;
    for (size_t i = 0; i < finder->order_count && status == 0; i++) {
        unsigned char byte = finder->order[i], class = finder->class_of[byte];
        const uint64_t *extra = finder->states.items[from].key + finder->pattern_words;

        if (extra[KEY_COUNT] && goes_on_with(finder, extra, length, byte)) {
            status = step(finder, from, byte, key);
        } else if (!is_tried[class]) {
            is_tried[class] = true;
            status = step(finder, from, byte, key);
        }
    }
    return status;
}

int name_classes_find(struct arena *arena, const struct name *patterns, size_t pattern_count,
                      const struct name *names, size_t name_count, struct states *ret_classes)
{
    struct finder finder = {.arena = arena,
                            .patterns = patterns,
                            .pattern_count = pattern_count,
                            .name_count = name_count,
                            .states = {.arena = arena}};
    struct states classes = {.arena = arena};
    uint64_t *key;
    size_t at = 0;
    int status = prepare(&finder, names);

    if (status < 0)
        return status;
    key = arena_alloc(arena, (finder.pattern_words + KEY_EXTRA) * sizeof(*key));
    if (!key)
        return -ENOMEM;
    for (size_t p = 0; p < pattern_count; p++) {
        glob_name_start(patterns[p].text, patterns[p].length, key + at);
        at += patterns[p].length / 64 + 1;
    }
    key[at + KEY_COUNT] = name_count;
    status = states_add(&finder.states, key, at + KEY_EXTRA, "", &at);
    for (size_t i = 0; i < finder.states.count && status == 0; i++) {
        status = note_class(&finder, &finder.states.items[i], &classes);
        if (status == 0)
            status = step_all(&finder, i, key);
    }
    if (status == 0)
        *ret_classes = classes;
    return status;
}

size_t name_classes_words(size_t pattern_count)
{
    return pattern_count / 64 + 1;
}

void name_classes_key(const struct name *patterns, size_t pattern_count, const struct name *name,
                      uint64_t *ret_key)
{
    memset(ret_key, 0, name_classes_words(pattern_count) * sizeof(*ret_key));
    for (size_t p = 0; p < pattern_count; p++)
        if (glob_matches_name(patterns[p].text, patterns[p].length, name->text, name->length))
            ret_key[p / 64] |= (uint64_t)1 << (p % 64);
}
