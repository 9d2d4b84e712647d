/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: what is valid, what may be shown. */
#include "base/utf8.h"

#include "base/compiler.h"
#include "test.h"

static const struct {
    const char *bytes;
    size_t length, printable;
} sequences[] = {
    {"a", 1, 1},
    {"~", 1, 1},
    {"", 0, 0},
    {"\n", 1, 0},
    {"\x7f", 1, 0},
    {"\xc2\x80", 2, 0}, /* C1 */
    {"\xc2\x9f", 2, 0}, /* the last of C1 */
    {"\xc2\xa0", 2, 2}, /* the first behind it */
    {"\xdf\xbf", 2, 2},
    {"\xe0\xa0\x80", 3, 3},
    {"\xed\x9f\xbf", 3, 3}, /* the last before the surrogates */
    {"\xee\x80\x80", 3, 3}, /* the first behind them */
    {"\xf0\x90\x80\x80", 4, 4},
    {"\xf4\x8f\xbf\xbf", 4, 4}, /* U+10FFFF */
    {"\xd8\x9c", 2, 0},         /* Arabic letter mark */
    {"\xe2\x80\x8e", 3, 0},     /* left-to-right mark */
    {"\xe2\x80\xae", 3, 0},     /* right-to-left override */
    {"\xe2\x81\xa9", 3, 0},     /* pop directional isolate */
    {"\xc2\xad", 2, 0},         /* soft hyphen */
    {"\xe2\x80\x8b", 3, 0},     /* no width */
    {"\xe2\x80\xa8", 3, 0},     /* line separator */
    {"\xef\xb8\x8f", 3, 0},     /* variation selector */
    {"\xef\xbb\xbf", 3, 0},     /* byte order mark */
    {"\xf3\xa0\x81\x81", 4, 0}, /* tag */
    {"\xe2\x80\x90", 3, 3},     /* hyphen, the next to those without a width */
    /* invalid */
    {"\x80", 0, 0},             /* a continuation alone */
    {"\xc0\x80", 0, 0},         /* overlong NUL */
    {"\xc1\xbf", 0, 0},         /* overlong */
    {"\xe0\x9f\xbf", 0, 0},     /* overlong */
    {"\xed\xa0\x80", 0, 0},     /* a surrogate */
    {"\xf0\x8f\xbf\xbf", 0, 0}, /* overlong */
    {"\xf4\x90\x80\x80", 0, 0}, /* above U+10FFFF */
    {"\xf8\x88\x80\x80\x80", 0, 0},
    {"\xff", 0, 0},
    {"\xe2\x80", 0, 0}, /* cut off by the end */
    {"\xc3(", 0, 0},    /* cut off by a letter */
};

TEST(utf8_is_what_rfc_3629_says)
{
    for (size_t i = 0; i < ARRAY_COUNT(sequences); i++) {
        if (utf8_length(sequences[i].bytes) != sequences[i].length)
            test_fail(__FILE__, __LINE__, "row %zu: length", i);
        if (utf8_printable(sequences[i].bytes) != sequences[i].printable)
            test_fail(__FILE__, __LINE__, "row %zu: printable", i);
    }
}

TEST(a_buffer_is_valid_as_a_whole_or_not_at_all)
{
    check(utf8_is_valid("", 0));
    check(utf8_is_valid("a\xc3\xbc\xf0\x9f\x98\x80", 7));
    check(!utf8_is_valid("a\xc3\xbc\xff", 4));
    check(!utf8_is_valid("a\0b", 3));
    check(!utf8_is_valid("\xed\xa0\x80", 3));
}

TEST(a_sequence_that_goes_on_behind_the_buffer_is_invalid)
{
    check(!utf8_is_valid("a\xc3\xbc", 2));
    check(!utf8_is_valid("\xf0\x9f\x98\x80", 3));
}
