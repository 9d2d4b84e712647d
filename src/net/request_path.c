/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one spelling of a path, and patterns of it. What is refused here is known from attacks on chains of servers: each of
 * them is read as another path by at least one that is in use.
 */
#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "net/path.h"
#include "net/request.h"

static int hex_value(char digit)
{
    const char *digits = "0123456789abcdef0123456789ABCDEF", *at = digit ? strchr(digits, digit) : NULL;

    return at ? (int)((at - digits) % 16) : -1;
}

/* The byte that three characters encode, -1 where they are no encoding. */
static int decoded(const char *text, size_t length)
{
    int high, low;

    if (length < 3 || text[0] != '%')
        return -1;
    high = hex_value(text[1]);
    low = hex_value(text[2]);
    return high < 0 || low < 0 ? -1 : high * 16 + low;
}

static bool is_control(int byte)
{
    return byte < 0x20 || byte == 0x7f;
}

/* RFC 3986, 2.3. */
static bool is_unreserved(int byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
           (byte && byte < 0x80 && strchr("-._~", byte));
}

/* What may stand in a component as it is (RFC 3986, 3.3), but for ';'. */
static bool may_be_raw(int byte)
{
    return is_unreserved(byte) || (byte && byte < 0x80 && strchr("!$&'()*+,=:@", byte));
}

int net_path_byte(const char **text)
{
    int byte = **text == '%' ? hex_value((*text)[1]) * 16 + hex_value((*text)[2]) : (unsigned char)**text;

    *text += **text == '%' ? 3 : 1;
    return byte;
}

/* Two programs of a chain could disagree about where it ends, or write it into a header. */
static bool is_sendable(const char *target, size_t length)
{
    if (!length || target[0] != '/')
        return length == 1 && target[0] == '*';
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)target[i];
        int inner = decoded(target + i, length - i);

        if (byte <= ' ' || byte >= 0x7f || byte == '#' || byte == '?' || (inner >= 0 && is_control(inner)))
            return false;
    }
    return true;
}

/* Characters that become '.', '/', '\', ';', '%' or the end of a line in some normalisation (NFKC, Windows' best fit). */
static bool is_disguise(unsigned point)
{
    static const unsigned points[] = {0xa5,   0x2024, 0x2025, 0x2026, 0x2028, 0x2029, 0x2044, 0x20a9, 0x2100, 0x2101, 0x2105,
                                      0x2106, 0x2215, 0x2216, 0x29f5, 0x29f8, 0xfe52, 0xfe54, 0xfe68, 0xfe6a, 0xff05, 0xff0e,
                                      0xff0f, 0xff1b, 0xff3c, 0xff61};

    for (size_t i = 0; i < ARRAY_COUNT(points); i++)
        if (points[i] == point)
            return true;
    return point >= 0x80 && point < 0xa0;
}

/* Of a character beyond ASCII, encoded byte by byte: the length of its encoding, 0 where it is none that may stand here. */
static size_t encoded_character(const char *text, size_t length)
{
    char bytes[5] = {0};
    unsigned point;
    size_t count = 0, size;

    while (count < 4 && decoded(text + 3 * count, length - 3 * count) >= 0x80) {
        bytes[count] = (char)decoded(text + 3 * count, length - 3 * count);
        count++;
        if (3 * count >= length)
            break;
    }
    size = utf8_length(bytes);
    if (!size)
        return 0;
    point = (unsigned char)bytes[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++)
        point = point << 6 | ((unsigned char)bytes[i] & 0x3f);
    return is_disguise(point) ? 0 : 3 * size;
}

struct writer {
    char *to;
    size_t size, length;
};

static void put(struct writer *writer, char byte)
{
    if (writer->length < writer->size)
        writer->to[writer->length] = byte;
    writer->length++;
}

static void put_byte(struct writer *writer, int byte, bool is_raw)
{
    static const char digits[] = "0123456789ABCDEF";

    if (is_raw) {
        put(writer, (char)byte);
        return;
    }
    put(writer, '%');
    put(writer, digits[byte >> 4]);
    put(writer, digits[byte & 15]);
}

/* One character of a component from `text` on: how many bytes it takes there, 0 where it has two readings. */
static size_t take_character(const char *text, size_t length, struct writer *writer, bool *ret_is_dot)
{
    int byte = text[0] == '%' ? decoded(text, length) : (unsigned char)text[0];
    size_t size;

    if (byte < 0 || byte == '\\' || byte == ';' || (text[0] == '%' && (byte == '/' || byte == '%')))
        return 0;
    *ret_is_dot = byte == '.' || byte == ' ';
    if (byte < 0x80) {
        put_byte(writer, byte, is_unreserved(byte) || (text[0] != '%' && may_be_raw(byte)));
        return text[0] == '%' ? 3 : 1;
    }
    size = encoded_character(text, length);
    for (size_t i = 0; i < size; i += 3)
        put_byte(writer, decoded(text + i, length - i), false);
    return size;
}

int net_path_canonical(const char *target, size_t length, char *ret, size_t size)
{
    struct writer writer = {.to = ret, .size = size};
    bool is_dots = true; /* what the component has so far: nothing but dots and spaces */
    size_t step;

    if (!is_sendable(target, length))
        return -EBADMSG;
    put(&writer, target[0]);
    for (size_t i = 1; i < length; i += step) {
        bool is_dot;

        step = 1;
        if (target[i] == '/') {
            if (is_dots)
                return -EINVAL;
            is_dots = true;
            put(&writer, '/');
            continue;
        }
        step = take_character(target + i, length - i, &writer, &is_dot);
        if (!step)
            return -EINVAL;
        is_dots = is_dots && is_dot;
    }
    if (is_dots && length > 1 && target[length - 1] != '/')
        return -EINVAL;
    if (writer.length >= size)
        return -ENAMETOOLONG;
    ret[writer.length] = '\0';
    return 0;
}

int net_path_pattern_check(const char *pattern)
{
    char canonical[NET_PATTERN_SIZE];

    if (net_path_canonical(pattern, strlen(pattern), canonical, sizeof(canonical)) < 0 ||
        strcmp(pattern, canonical) != 0 || pattern[0] != '/')
        return -EINVAL;
    for (const char *at = pattern; *at;) {
        bool is_encoded = *at == '%';
        int byte = net_path_byte(&at);

        if (is_encoded && byte != '*' && may_be_raw(byte))
            return -EINVAL;
    }
    for (const char *at = strstr(pattern, "**"); at; at = strstr(at + 2, "**"))
        if (at[-1] != '/' || (at[2] && at[2] != '/'))
            return -EINVAL;
    return 0;
}
