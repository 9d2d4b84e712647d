/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 validation after RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

static size_t utf8_decode(const unsigned char *s, uint32_t *ret_point)
{
    static const uint32_t minimum[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t length = s[0] < 0x80       ? 1
                    : s[0] >> 5 == 6  ? 2
                    : s[0] >> 4 == 14 ? 3
                    : s[0] >> 3 == 30 ? 4
                                      : 0;
    uint32_t point = length == 1 ? s[0] : s[0] & (0x7fu >> length);

    if (!length || !s[0])
        return 0;
    for (size_t i = 1; i < length; i++) {
        if (s[i] >> 6 != 2) /* also stops at the terminating NUL */
            return 0;
        point = point << 6 | (s[i] & 0x3f);
    }
    if (point < minimum[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
        return 0;
    *ret_point = point;
    return length;
}

size_t utf8_length(const char *string)
{
    uint32_t point;

    return utf8_decode((const unsigned char *)string, &point);
}

/* What turns the direction of text, separates lines or has no width: two names that differ in it look the same. */
static bool is_unseen(uint32_t point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {
        {0xad, 0xad},     {0x34f, 0x34f},   {0x61c, 0x61c},   {0x115f, 0x1160}, {0x17b4, 0x17b5},   {0x180b, 0x180f},
        {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0x3164, 0x3164}, {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},
        {0xffa0, 0xffa0}, {0xfff0, 0xfffb}, {0x1bca0, 0x1bca3}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (point >= ranges[i].first && point <= ranges[i].last)
            return true;
    return false;
}

size_t utf8_printable(const char *string)
{
    uint32_t point;
    size_t length = utf8_decode((const unsigned char *)string, &point);

    if (!length || point < 0x20 || (point >= 0x7f && point < 0xa0))
        return 0;
    if (is_unseen(point))
        return 0;
    return length;
}

bool utf8_is_valid(const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        char window[5] = {0};
        size_t rest = length - at, step;

        memcpy(window, bytes + at, rest < 4 ? rest : 4);
        step = utf8_length(window);
        if (!step)
            return false;
        at += step;
    }
    return true;
}
