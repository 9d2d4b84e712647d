/* SPDX-License-Identifier: Apache-2.0 */
/* Names as a case-insensitive directory compares them, or more of them than it does. */
#include "base/fold.h"

/* Characters that a case-insensitive directory leaves out of the comparison (Unicode: default ignorable), in UTF-8. */
static const struct {
    unsigned char bytes[2], low, high; /* the last byte lies between; high 0: there is none */
} ignored[] = {
    {{0xc2, 0xad}, 0, 0},          {{0xcd, 0x8f}, 0, 0},          {{0xd8, 0x9c}, 0, 0},
    {{0xe1, 0x85}, 0x9f, 0xa0},    {{0xe1, 0x9e}, 0xb4, 0xb5},    {{0xe1, 0xa0}, 0x8b, 0x8f},
    {{0xe2, 0x80}, 0x8b, 0x8f},    {{0xe2, 0x80}, 0xaa, 0xae},    {{0xe2, 0x81}, 0xa0, 0xaf},
    {{0xe3, 0x85}, 0xa4, 0xa4},    {{0xef, 0xb8}, 0x80, 0x8f},    {{0xef, 0xbb}, 0xbf, 0xbf},
    {{0xef, 0xbe}, 0xa0, 0xa0},    {{0xef, 0xbf}, 0xb0, 0xb8},
};

static size_t ignored_length(const unsigned char *at, size_t left)
{
    if (left >= 4 && at[0] == 0xf3 && at[1] == 0xa0)
        return 4;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]) && left >= 2; i++) {
        if (at[0] != ignored[i].bytes[0] || at[1] != ignored[i].bytes[1])
            continue;
        if (!ignored[i].high)
            return 2;
        if (left >= 3 && at[2] >= ignored[i].low && at[2] <= ignored[i].high)
            return 3;
    }
    return 0;
}

/* Lower case, and the two letters beyond ASCII that fold to ASCII (the Kelvin sign, the long s). Never longer. */
size_t fold_name(const char *name, size_t length, char ret_folded[FOLD_NAME_BYTES])
{
    const unsigned char *at = (const unsigned char *)name, *end = at + (length < FOLD_NAME_BYTES ? length : FOLD_NAME_BYTES);
    size_t used = 0;

    while (at < end) {
        size_t left = (size_t)(end - at), skipped = ignored_length(at, left);

        if (skipped) {
            at += skipped;
        } else if (left >= 3 && at[0] == 0xe2 && at[1] == 0x84 && at[2] == 0xaa) {
            ret_folded[used++] = 'k';
            at += 3;
        } else if (left >= 2 && at[0] == 0xc5 && at[1] == 0xbf) {
            ret_folded[used++] = 's';
            at += 2;
        } else {
            ret_folded[used++] = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
            at++;
        }
    }
    return used;
}

bool fold_is_short_name(const char *name, size_t length)
{
    for (size_t i = 0; i + 1 < length && i < 8; i++)
        if (name[i] == '~' && name[i + 1] >= '0' && name[i + 1] <= '9')
            return true;
    return false;
}
