/* SPDX-License-Identifier: Apache-2.0 */
/* Percent-encoding (RFC 3986, 2.1), strings of JSON and JavaScript, character references of HTML. */
#include "inspect/lane.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/compiler.h"

static int digit_of(unsigned char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

/* All of them hexadecimal? */
static bool is_hex(const unsigned char *digits, size_t count, uint32_t *ret_number)
{
    uint32_t number = 0;

    for (size_t i = 0; i < count; i++) {
        int digit = digit_of(digits[i]);

        if (digit < 0)
            return false;
        number = number << 4 | (uint32_t)digit;
    }
    *ret_number = number;
    return true;
}

static int utf8_write(uint32_t point, unsigned char ret[4])
{
    if (point < 0x80) {
        ret[0] = (unsigned char)point;
        return 1;
    }
    if (point < 0x800) {
        ret[0] = (unsigned char)(0xc0 | point >> 6);
        ret[1] = (unsigned char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        ret[0] = (unsigned char)(0xe0 | point >> 12);
        ret[1] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
        ret[2] = (unsigned char)(0x80 | (point & 0x3f));
        return 3;
    }
    if (point > 0x10ffff)
        return -1;
    ret[0] = (unsigned char)(0xf0 | point >> 18);
    ret[1] = (unsigned char)(0x80 | (point >> 12 & 0x3f));
    ret[2] = (unsigned char)(0x80 | (point >> 6 & 0x3f));
    ret[3] = (unsigned char)(0x80 | (point & 0x3f));
    return 4;
}

/* `at` bytes that are fixed, then `count` digits. */
static int hex_unit(const unsigned char *unit, size_t size, size_t at, size_t count, uint32_t *ret_number)
{
    size_t there = size - at < count ? size - at : count;

    if (!is_hex(unit + at, there, ret_number))
        return -1;
    return there == count;
}

static int percent_read(const unsigned char *unit, size_t size, unsigned char ret[4])
{
    uint32_t number;
    int whole = hex_unit(unit, size, 1, 2, &number);

    ret[0] = (unsigned char)number;
    return whole;
}

/* \uXXXX, and a second one where the first is half of a pair. */
static int unicode_read(const unsigned char *unit, size_t size, unsigned char ret[4])
{
    uint32_t high, low;
    int whole = hex_unit(unit, size, 2, 4, &high);

    if (whole <= 0)
        return whole;
    if (high < 0xd800 || high > 0xdfff)
        return utf8_write(high, ret);
    if (high > 0xdbff || (size > 6 && unit[6] != '\\') || (size > 7 && unit[7] != 'u'))
        return -1;
    if (size <= 8)
        return 0;
    whole = hex_unit(unit, size, 8, 4, &low);
    if (whole <= 0)
        return whole;
    if (low < 0xdc00 || low > 0xdfff)
        return -1;
    return utf8_write(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00), ret);
}

static int json_read(const unsigned char *unit, size_t size, unsigned char ret[4])
{
    static const char from[] = "\"\\/'bfnrt", to[] = "\"\\/'\b\f\n\r\t";
    const char *at;
    uint32_t number;
    int whole;

    if (size < 2)
        return 0;
    if (unit[1] == 'u')
        return size < 3 ? 0 : unicode_read(unit, size, ret);
    if (unit[1] == 'x') {
        whole = hex_unit(unit, size, 2, 2, &number);
        return whole <= 0 ? whole : utf8_write(number, ret);
    }
    at = unit[1] ? strchr(from, unit[1]) : NULL;
    if (!at)
        return -1;
    ret[0] = (unsigned char)to[at - from];
    return 1;
}

/* "#65;" or "#x41;" behind the '&'. */
static int reference_read(const unsigned char *text, size_t size, unsigned char ret[4])
{
    bool is_hexadecimal = size > 1 && (text[1] == 'x' || text[1] == 'X');
    uint32_t point = 0;
    size_t first = is_hexadecimal ? 2 : 1;

    for (size_t i = first; i < size; i++) {
        int digit = digit_of(text[i]);

        if (text[i] == ';')
            return i == first ? -1 : utf8_write(point, ret);
        if (digit < 0 || (digit > 9 && !is_hexadecimal) || i - first > 6)
            return -1;
        point = point * (is_hexadecimal ? 16 : 10) + (uint32_t)digit;
    }
    return 0;
}

static int html_read(const unsigned char *unit, size_t size, unsigned char ret[4])
{
    static const struct {
        const char *name;
        char byte;
    } rows[] = {{"amp;", '&'}, {"lt;", '<'}, {"gt;", '>'}, {"quot;", '"'}, {"apos;", '\''}};

    if (size > 1 && unit[1] == '#')
        return reference_read(unit + 1, size - 1, ret);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t length = strlen(rows[i].name), there = size - 1 < length ? size - 1 : length;

        if (memcmp(rows[i].name, unit + 1, there) != 0)
            continue;
        ret[0] = (unsigned char)rows[i].byte;
        return there == length;
    }
    return -1;
}

int lane_escapes(enum lane_kind kind, unsigned char byte)
{
    switch (kind) {
    case LANE_PERCENT:
        return byte == '%';
    case LANE_FORM:
        return byte == '%' || byte == '+';
    case LANE_JSON:
        return byte == '\\';
    case LANE_HTML:
        return byte == '&';
    case LANE_WIDE:
        return !byte;
    default:
        return 0;
    }
}

int lane_read(enum lane_kind kind, const unsigned char *unit, size_t size, unsigned char ret[4])
{
    if (size == 0 || !lane_escapes(kind, unit[0]))
        return -1;
    if (unit[0] == '+') {
        ret[0] = ' ';
        return 1;
    }
    switch (kind) {
    case LANE_PERCENT:
    case LANE_FORM:
        return percent_read(unit, size, ret);
    case LANE_JSON:
        return json_read(unit, size, ret);
    case LANE_HTML:
        return html_read(unit, size, ret);
    default:
        return -1;
    }
}

/* Is the backslash at the end of these bytes itself what another stands for? */
static bool is_escaped(const unsigned char *text, size_t size)
{
    size_t count = 0;

    while (count < size && text[size - 1 - count] == '\\')
        count++;
    return count < LANE_UNIT_MAX && count % 2 == 0; /* of more it may not be known how many there are */
}

bool lane_is_begun(const void *text, size_t size)
{
    static const enum lane_kind kinds[] = {LANE_PERCENT, LANE_JSON};
    const unsigned char *bytes = text;
    unsigned char made[4];

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++)
        for (size_t length = 1; length <= size && length < LANE_UNIT_MAX; length++) {
            size_t first = size - length;

            if (lane_escapes(kinds[i], bytes[first]) && lane_read(kinds[i], bytes + first, length, made) == 0 &&
                !(kinds[i] == LANE_JSON && is_escaped(bytes, first + 1)))
                return true;
        }
    return false;
}
