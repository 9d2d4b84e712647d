/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over all canonical paths, byte by byte, that goes on only where the patterns stand in a combination of positions that
 * was not met before. What is met is at least as fine as what net/request.h can tell apart, and that is all that counts: each
 * path found is judged there, so a difference made here in vain costs time and no more.
 */
#include "policy/model/request_paths.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "net/path.h"
#include "net/request.h"
#include "policy/model/states.h"

#define WORK_MAX ((uint64_t)200 * 1000 * 1000) /* words of states times bytes tried */
#define STAR     256                           /* beside the bytes */

/* One component of a pattern: bytes and stars, or any number of components. */
struct component {
    uint16_t *codes;
    size_t length;
    bool is_any_number;
    size_t first_bit; /* of length + 1: what comes next; of an is_any_number: one */
};

struct path_pattern {
    struct component *components;
    size_t count;
    size_t bits;     /* and one for the end behind all components */
    bool is_lenient; /* letter case does not count, nor what a component ends with, nor a '/' at the end */
    size_t first_word, words;
};

struct walk {
    struct arena *arena;
    struct path_pattern *patterns;
    size_t pattern_count, words;
    unsigned char alphabet[256];
    size_t alphabet_size;
    struct states states;
    uint64_t *next;
    char text[NET_PATH_SIZE];
    uint64_t work;
};

/* The first word of a state: where in the path it is. */
#define AT_START  1u /* of a component */
#define ALL_DOTS  2u /* the component has nothing else so far: no path ends or goes on there */
#define FLAG_WORD 0

static bool get_bit(const uint64_t *words, size_t bit)
{
    return words[bit / 64] >> (bit % 64) & 1;
}

static void set_bit(uint64_t *words, size_t bit)
{
    words[bit / 64] |= (uint64_t)1 << (bit % 64);
}

static int small(int byte)
{
    return byte >= 'A' && byte <= 'Z' ? byte - 'A' + 'a' : byte;
}

static int capital(int byte)
{
    return byte >= 'a' && byte <= 'z' ? byte - 'a' + 'A' : byte;
}

/* What Windows drops at the end of a name. */
static bool is_tail(int code)
{
    return code == '.' || code == ' ';
}

/* ---- patterns ---- */

static int read_component(struct walk *walk, const struct path_pattern *pattern, const char *text, size_t length,
                          struct component *component)
{
    const char *end = text + length;

    component->is_any_number = length == 2 && strncmp(text, "**", 2) == 0;
    if (component->is_any_number)
        return 0;
    component->codes = arena_alloc(walk->arena, (length + 1) * sizeof(*component->codes));
    if (!component->codes)
        return -ENOMEM;
    while (text < end) {
        int code = *text == '*' ? STAR : net_path_byte(&text);

        text += code == STAR;
        component->codes[component->length++] = (uint16_t)(pattern->is_lenient && code < STAR ? small(code) : code);
    }
    while (pattern->is_lenient && component->length && is_tail(component->codes[component->length - 1]))
        component->length--;
    return 0;
}

static int read_pattern(struct walk *walk, const char *text, bool is_lenient)
{
    struct path_pattern *pattern = arena_append(walk->arena, walk->patterns, walk->pattern_count);

    if (!pattern)
        return -ENOMEM;
    pattern->is_lenient = is_lenient;
    while (*text == '/') {
        size_t length = strcspn(text + 1, "/");
        struct component *component;

        if (is_lenient && !length && pattern->count) /* the '/' at the end */
            break;
        component = arena_append(walk->arena, pattern->components, pattern->count);
        if (!component || read_component(walk, pattern, text + 1, length, component) < 0)
            return -ENOMEM;
        component->first_bit = pattern->bits;
        pattern->bits += component->is_any_number ? 1 : component->length + 1;
        text += 1 + length;
    }
    pattern->words = pattern->bits / 64 + 1;
    pattern->first_word = walk->words;
    walk->words += pattern->words * (is_lenient ? 2 : 1); /* and where it stood before dots and spaces */
    return 0;
}

static int read_patterns(struct walk *walk, const struct request_patterns *patterns, bool is_lenient)
{
    int r = 0;

    for (size_t i = 0; i < patterns->count && r == 0; i++)
        r = read_pattern(walk, patterns->items[i], is_lenient);
    return r;
}

/* ---- bytes that make a difference ---- */

static void use_bytes(const struct path_pattern *pattern, bool used[256])
{
    for (size_t i = 0; i < pattern->count; i++)
        for (size_t j = 0; j < pattern->components[i].length; j++) {
            int code = pattern->components[i].codes[j];

            if (code == STAR)
                continue;
            used[small(code)] = used[capital(code)] = true;
        }
}

static int find_alphabet(struct walk *walk)
{
    static const char others[] = "xyzwvutsrqponmlkjihgfedcba0123456789_~-!$&'()+,=:@\"<>[]^`{|}";
    bool used[256] = {['.'] = true, [' '] = true};
    const char *other = others;

    for (size_t i = 0; i < walk->pattern_count; i++)
        use_bytes(&walk->patterns[i], used);
    while (*other && (used[(unsigned char)*other] || used[capital(*other)]))
        other++;
    if (!*other)
        return -E2BIG; /* no byte is left that stands for all that no pattern has */
    used[(unsigned char)*other] = true;
    for (int byte = 1; byte < 256; byte++)
        if (used[byte])
            walk->alphabet[walk->alphabet_size++] = (unsigned char)byte;
    return 0;
}

/* ---- steps ---- */

/* What may come next where component `index` begins: its first byte, and behind stars and "**" more. */
static void enter(const struct path_pattern *pattern, size_t index, uint64_t *bits)
{
    for (; index < pattern->count; index++) {
        const struct component *component = &pattern->components[index];

        for (size_t i = 0;; i++) {
            set_bit(bits, component->first_bit + i);
            if (component->is_any_number || i >= component->length || component->codes[i] != STAR)
                break;
        }
        if (!component->is_any_number)
            return;
    }
    set_bit(bits, pattern->bits);
}

static void step_component(const struct component *component, const uint64_t *from, int byte, uint64_t *to)
{
    for (size_t i = 0; i < component->length; i++) {
        bool is_star = component->codes[i] == STAR;

        if (!get_bit(from, component->first_bit + i) || (!is_star && component->codes[i] != byte))
            continue;
        set_bit(to, component->first_bit + i + !is_star);
        for (size_t j = i + !is_star; j < component->length && component->codes[j] == STAR; j++)
            set_bit(to, component->first_bit + j + 1);
    }
    if (component->is_any_number && get_bit(from, component->first_bit))
        set_bit(to, component->first_bit);
}

static void step_byte(const struct walk *walk, const uint64_t *from, int byte, uint64_t *to)
{
    to[FLAG_WORD] = (from[FLAG_WORD] & ALL_DOTS) && is_tail(byte) ? ALL_DOTS : 0;
    for (size_t i = 0; i < walk->pattern_count; i++) {
        const struct path_pattern *pattern = &walk->patterns[i];
        const uint64_t *at = from + pattern->first_word;
        uint64_t *next = to + pattern->first_word;

        for (size_t j = 0; j < pattern->count; j++)
            step_component(&pattern->components[j], at, pattern->is_lenient ? small(byte) : byte, next);
        if (pattern->is_lenient) /* a tail leaves the end where it was */
            memcpy(next + pattern->words, is_tail(byte) ? at + pattern->words : next, pattern->words * sizeof(*next));
    }
}

static void step_slash(const struct walk *walk, const uint64_t *from, uint64_t *to)
{
    to[FLAG_WORD] = AT_START | ALL_DOTS;
    for (size_t i = 0; i < walk->pattern_count; i++) {
        const struct path_pattern *pattern = &walk->patterns[i];
        const uint64_t *at = from + pattern->first_word + (pattern->is_lenient ? pattern->words : 0);
        uint64_t *next = to + pattern->first_word;

        for (size_t j = 0; j < pattern->count; j++) {
            const struct component *component = &pattern->components[j];

            if (component->is_any_number && get_bit(at, component->first_bit))
                enter(pattern, j, next);
            else if (!component->is_any_number && get_bit(at, component->first_bit + component->length))
                enter(pattern, j + 1, next);
        }
        if (pattern->is_lenient)
            memcpy(next + pattern->words, next, pattern->words * sizeof(*next));
    }
}

/* ---- the walk ---- */

/* `text` and a byte, in the one spelling; NULL when it is longer than any path that is looked at. */
static const char *with_byte(struct walk *walk, const char *text, int byte)
{
    static const char raw[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,=:@/";
    bool is_raw = memchr(raw, byte, sizeof(raw) - 1);
    int length = snprintf(walk->text, sizeof(walk->text), is_raw ? "%s%c" : "%s%%%02X", text, (unsigned)byte);

    return length > 0 && (size_t)length < sizeof(walk->text) ? walk->text : NULL;
}

static int add_state(struct walk *walk, const char *text)
{
    size_t index;

    return text ? states_add(&walk->states, walk->next, walk->words, text, &index) : -E2BIG;
}

static int go_on(struct walk *walk, size_t at)
{
    const uint64_t *from = walk->states.items[at].key;
    const char *text = walk->states.items[at].text;
    int r = 0;

    walk->work += walk->words * (walk->alphabet_size + 1);
    if (walk->work > WORK_MAX)
        return -E2BIG;
    for (size_t i = 0; i < walk->alphabet_size && r == 0; i++) {
        memset(walk->next, 0, walk->words * sizeof(*walk->next));
        step_byte(walk, from, walk->alphabet[i], walk->next);
        r = add_state(walk, with_byte(walk, text, walk->alphabet[i]));
    }
    if (r < 0 || (from[FLAG_WORD] & ALL_DOTS))
        return r;
    memset(walk->next, 0, walk->words * sizeof(*walk->next));
    step_slash(walk, from, walk->next);
    return add_state(walk, with_byte(walk, text, '/'));
}

static int start(struct walk *walk)
{
    walk->next = arena_alloc(walk->arena, walk->words * sizeof(*walk->next));
    if (!walk->next)
        return -ENOMEM;
    walk->next[FLAG_WORD] = AT_START | ALL_DOTS;
    for (size_t i = 0; i < walk->pattern_count; i++) {
        struct path_pattern *pattern = &walk->patterns[i];
        uint64_t *bits = walk->next + pattern->first_word;

        enter(pattern, 0, bits);
        if (pattern->is_lenient)
            memcpy(bits + pattern->words, bits, pattern->words * sizeof(*bits));
    }
    return add_state(walk, "/");
}

int request_paths_find(struct arena *arena, const struct request_patterns *granting, const struct request_patterns *denying,
                       const char ***ret_paths, size_t *ret_count)
{
    struct walk walk = {.arena = arena, .words = 1, .states = {.arena = arena}};
    const char **paths = NULL;
    size_t count = 0;
    int r = read_patterns(&walk, granting, false);

    if (r == 0)
        r = read_patterns(&walk, denying, true);
    if (r == 0)
        r = find_alphabet(&walk);
    if (r == 0)
        r = start(&walk);
    for (size_t i = 0; i < walk.states.count && r == 0; i++) {
        uint64_t flags = walk.states.items[i].key[FLAG_WORD];
        const char **path;

        r = go_on(&walk, i);
        if (r < 0 || ((flags & ALL_DOTS) && !(flags & AT_START)))
            continue;
        path = arena_append(arena, paths, count);
        if (!path)
            return -ENOMEM;
        *path = walk.states.items[i].text;
    }
    if (r < 0)
        return r;
    *ret_paths = paths;
    *ret_count = count;
    return 0;
}
