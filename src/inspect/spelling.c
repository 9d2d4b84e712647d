/* SPDX-License-Identifier: Apache-2.0 */
/* Raw, percent-encoded (all but the unreserved of RFC 3986), within a string of JSON (RFC 8259, 7), and Base64. */
#include "inspect/spelling.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

static size_t form_byte(unsigned char byte, char out[6])
{
    static const char digits[] = "0123456789ABCDEF";

    out[0] = (char)byte;
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
        (byte && strchr("-._~", byte)))
        return 1;
    out[0] = '%';
    out[1] = digits[byte >> 4];
    out[2] = digits[byte & 15];
    return 3;
}

static size_t json_byte(unsigned char byte, char out[6])
{
    static const char digits[] = "0123456789abcdef";

    out[0] = (char)byte;
    if (byte == '"' || byte == '\\') {
        out[0] = '\\';
        out[1] = (char)byte;
        return 2;
    }
    if (byte >= ' ')
        return 1;
    memcpy(out, "\\u00", 4);
    out[4] = digits[byte >> 4];
    out[5] = digits[byte & 15];
    return 6;
}

size_t spelling_write(enum hold_encoding encoding, const char *value, size_t size, char *ret)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)value[i];
        char out[6] = {value[i]};
        size_t count = encoding == HOLD_FORM ? form_byte(byte, out) : encoding == HOLD_JSON ? json_byte(byte, out) : 1;

        if (ret)
            memcpy(ret + length, out, count);
        length += count;
    }
    return length;
}

size_t spelling_base64(const void *bytes, size_t size, char *ret)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    char *out = ret;

    for (size_t i = 0; i < size; i += 3) {
        size_t left = size - i;
        uint32_t group = (uint32_t)at[i] << 16 | (left > 1 ? (uint32_t)at[i + 1] << 8 : 0) | (left > 2 ? at[i + 2] : 0);

        *out++ = digits[group >> 18];
        *out++ = digits[group >> 12 & 63];
        *out++ = left > 1 ? digits[group >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[group & 63] : '=';
    }
    return (size_t)(out - ret);
}

static int digit_of(char byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    if (byte >= 'a' && byte <= 'f')
        return byte - 'a' + 10;
    if (byte >= 'A' && byte <= 'F')
        return byte - 'A' + 10;
    return -1;
}

int spelling_form_read(const char *text, size_t size, char *ret)
{
    size_t length = 0;

    for (size_t i = 0; i < size; i++) {
        char byte = text[i] == '+' ? ' ' : text[i];

        if (byte == '%') {
            int high = size - i > 2 ? digit_of(text[i + 1]) : -1, low = size - i > 2 ? digit_of(text[i + 2]) : -1;

            if (high < 0 || low < 0)
                return -EINVAL;
            byte = (char)(high << 4 | low);
            i += 2;
        }
        if (!byte)
            return -EINVAL;
        ret[length++] = byte;
    }
    return (int)length;
}

static int sextet_of(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return byte - 'A';
    if (byte >= 'a' && byte <= 'z')
        return byte - 'a' + 26;
    if (byte >= '0' && byte <= '9')
        return byte - '0' + 52;
    return byte == '+' ? 62 : byte == '/' ? 63 : -1;
}

int spelling_base64_read(const char *text, size_t size, char *ret)
{
    size_t length = 0, digits = size;
    uint32_t bits = 0;

    if (size % 4 == 0)
        for (int i = 0; i < 2 && digits && text[digits - 1] == '='; i++)
            digits--;
    if (digits % 4 == 1)
        return -EINVAL;
    for (size_t i = 0; i < digits; i++) {
        int sextet = sextet_of(text[i]);

        if (sextet < 0)
            return -EINVAL;
        bits = bits << 6 | (uint32_t)sextet;
        if (i % 4 != 0)
            ret[length++] = (char)(bits >> (6 - 2 * (i % 4)) & 0xff);
    }
    if ((digits % 4 == 2 && (bits & 0xf)) || (digits % 4 == 3 && (bits & 3)))
        return -EINVAL;
    return (int)length;
}
