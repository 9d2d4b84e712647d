/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over path names. Nothing here allocates or backtracks. */
#include "base/glob.h"

#include <string.h>

#define NAME_WORDS ((PATH_LENGTH_MAX + 1 + 63) / 64)

enum element_kind { ELEMENT_END, ELEMENT_BYTE, ELEMENT_STAR, ELEMENT_ANY, ELEMENT_SET };

struct element {
    enum element_kind kind;
    size_t at, next;
};

static bool has_bit(const uint64_t *bits, size_t bit)
{
    return bits[bit / 64] >> (bit % 64) & 1;
}

static void set_bit(uint64_t *bits, size_t bit)
{
    bits[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* Bytes after the first of a UTF-8 sequence. */
static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* "[:" at `at`: where the name of that class ends, or 0. */
static size_t class_end(const char *pattern, size_t length, size_t at)
{
    if (at + 1 >= length || pattern[at] != '[' || !strchr(":.=", pattern[at + 1]))
        return 0;
    for (size_t i = at + 2; i + 1 < length; i++)
        if (pattern[i] == pattern[at + 1] && pattern[i + 1] == ']')
            return i + 2;
    return 0;
}

/* Where the set that begins at `at` ends, or 0 when it is never closed. */
static size_t set_end(const char *pattern, size_t length, size_t at)
{
    size_t i = at + 1;

    if (i < length && (pattern[i] == '!' || pattern[i] == '^'))
        i++;
    for (size_t first = i; i < length; i++) {
        size_t after = class_end(pattern, length, i);

        if (after)
            i = after - 1;
        else if (pattern[i] == ']' && i > first)
            return i + 1;
    }
    return 0;
}

static struct element element_at(const char *pattern, size_t length, size_t at)
{
    size_t end;

    if (at >= length)
        return (struct element){ELEMENT_END, at, at};
    if (pattern[at] == '*')
        return (struct element){ELEMENT_STAR, at, at + 1};
    if (pattern[at] == '?')
        return (struct element){ELEMENT_ANY, at, at + 1};
    end = pattern[at] == '[' ? set_end(pattern, length, at) : 0;
    if (end)
        return (struct element){ELEMENT_SET, at, end};
    return (struct element){ELEMENT_BYTE, at, at + 1};
}

static bool set_takes(const char *pattern, size_t length, const struct element *set,
                      unsigned char byte)
{
    size_t i = set->at + 1;
    bool is_negated = pattern[i] == '!' || pattern[i] == '^';
    bool is_member = false, has_foreign = false;

    for (i += is_negated; i < set->next - 1; i++) {
        unsigned char low = (unsigned char)pattern[i], high = low;

        if (class_end(pattern, length, i))
            return true;
        if (i + 2 < set->next - 1 && pattern[i + 1] == '-') {
            high = (unsigned char)pattern[i + 2];
            i += 2;
        }
        is_member = is_member || (low <= byte && byte <= high);
        has_foreign = has_foreign || low >= 0x80 || high >= 0x80;
    }
    if (byte >= 0x80)
        return is_negated || has_foreign;
    return is_member != is_negated;
}

static bool element_takes(const char *pattern, size_t length, const struct element *element,
                          unsigned char byte)
{
    switch (element->kind) {
    case ELEMENT_END:
        return false;
    case ELEMENT_BYTE:
        return (unsigned char)pattern[element->at] == byte;
    case ELEMENT_SET:
        return set_takes(pattern, length, element, byte);
    case ELEMENT_STAR:
    case ELEMENT_ANY:
        return true;
    }
    return false;
}

void glob_name_bytes(const char *pattern, size_t length, unsigned char byte, uint64_t *ret_bits)
{
    memset(ret_bits, 0, (length / 64 + 1) * sizeof(*ret_bits));
    for (size_t i = 0; i < length;) {
        struct element element = element_at(pattern, length, i);

        if (element_takes(pattern, length, &element, byte))
            set_bit(ret_bits, i);
        i = element.next;
    }
    if (is_continuation(byte))
        set_bit(ret_bits, length);
}

/* A star may stand for nothing. */
static void close_over_stars(const char *pattern, size_t length, uint64_t *bits)
{
    for (size_t i = 0; i < length;) {
        struct element element = element_at(pattern, length, i);

        if (element.kind == ELEMENT_STAR && has_bit(bits, i))
            set_bit(bits, element.next);
        i = element.next;
    }
}

void glob_name_start(const char *pattern, size_t length, uint64_t *bits)
{
    memset(bits, 0, (length / 64 + 1) * sizeof(*bits));
    set_bit(bits, 0);
    close_over_stars(pattern, length, bits);
}

void glob_name_step(const char *pattern, size_t length, const uint64_t *bits, unsigned char byte,
                    uint64_t *ret_next)
{
    bool is_after_character = false;

    memset(ret_next, 0, (length / 64 + 1) * sizeof(*ret_next));
    for (size_t i = 0;;) {
        struct element element = element_at(pattern, length, i);

        if (has_bit(bits, i)) {
            if (is_after_character && is_continuation(byte))
                set_bit(ret_next, i);
            if (element_takes(pattern, length, &element, byte))
                set_bit(ret_next, element.kind == ELEMENT_STAR ? i : element.next);
        }
        if (element.kind == ELEMENT_END)
            break;
        is_after_character = element.kind == ELEMENT_ANY || element.kind == ELEMENT_SET;
        i = element.next;
    }
    close_over_stars(pattern, length, ret_next);
}

bool glob_is_wild(const char *pattern, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (element_at(pattern, length, i).kind != ELEMENT_BYTE)
            return true;
    return false;
}

bool glob_matches_name(const char *pattern, size_t pattern_length, const char *name, size_t length)
{
    uint64_t bits[2][NAME_WORDS];
    int now = 0;

    if (!memchr(pattern, '*', pattern_length) && !memchr(pattern, '?', pattern_length) &&
        !memchr(pattern, '[', pattern_length))
        return pattern_length == length && memcmp(pattern, name, length) == 0;
    if (pattern_length > PATH_LENGTH_MAX)
        return true; /* longer than any path: nothing may depend on it */
    glob_name_start(pattern, pattern_length, bits[now]);
    for (size_t i = 0; i < length; i++, now = !now)
        glob_name_step(pattern, pattern_length, bits[now], (unsigned char)name[i], bits[!now]);
    return has_bit(bits[now], pattern_length);
}

bool glob_next_component(const char **text, const char **ret_start, size_t *ret_length)
{
    const char *start = *text, *end;

    while (*start == '/')
        start++;
    if (!*start)
        return false;
    for (end = start; *end && *end != '/'; end++)
        ;
    *ret_start = start;
    *ret_length = (size_t)(end - start);
    *text = end;
    return true;
}

static bool is_any_depth(const char *component, size_t length)
{
    return length == 2 && component[0] == '*' && component[1] == '*';
}

size_t glob_position_count(const char *pattern)
{
    const char *start;
    size_t length, count = 1;

    while (glob_next_component(&pattern, &start, &length))
        count++;
    return count;
}

/* '**' may stand for no component. Is the end among the positions then? */
static bool close_over_depths(const char *pattern, struct glob_state *state)
{
    const char *start;
    size_t length, i;

    for (i = 0; glob_next_component(&pattern, &start, &length); i++)
        if (is_any_depth(start, length) && has_bit(state->bits, i))
            set_bit(state->bits, i + 1);
    return has_bit(state->bits, i);
}

bool glob_start(const char *pattern, struct glob_state *ret_state)
{
    memset(ret_state, 0, sizeof(*ret_state));
    set_bit(ret_state->bits, 0);
    return close_over_depths(pattern, ret_state);
}

bool glob_step(const char *pattern, const struct glob_state *state, const char *name, size_t length,
               struct glob_state *ret_next)
{
    const char *rest = pattern, *start;
    size_t size;

    memset(ret_next, 0, sizeof(*ret_next));
    for (size_t i = 0; glob_next_component(&rest, &start, &size); i++) {
        if (!has_bit(state->bits, i))
            continue;
        if (is_any_depth(start, size))
            set_bit(ret_next->bits, i);
        else if (glob_matches_name(start, size, name, length))
            set_bit(ret_next->bits, i + 1);
    }
    return close_over_depths(pattern, ret_next);
}

/* false: what both begin with differs before the first wildcard. Most pairs of patterns and paths end here. */
static bool may_cover(const char *pattern, const char *path)
{
    while (*pattern == *path && *pattern && !strchr("*?[\\{", *pattern)) {
        pattern++;
        path++;
    }
    return !*pattern || strchr("*?[\\{/", *pattern) || *path == '/';
}

bool glob_covers(const char *pattern, const char *path)
{
    struct glob_state states[2];
    bool is_matched, now = false;
    const char *start;
    size_t length;

    if (strlen(pattern) > PATH_LENGTH_MAX)
        return true; /* longer than any path: nothing may depend on it */
    if (!may_cover(pattern, path))
        return false;
    is_matched = glob_start(pattern, &states[now]);
    while (!is_matched && glob_next_component(&path, &start, &length)) {
        is_matched = glob_step(pattern, &states[now], start, length, &states[!now]);
        now = !now;
    }
    return is_matched;
}
