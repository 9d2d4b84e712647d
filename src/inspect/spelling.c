/* SPDX-License-Identifier: Apache-2.0 */
/* Raw, percent-encoded (all but the unreserved of RFC 3986), within a string of JSON (RFC 8259, 7), and Base64. */
#include "inspect/spelling.h"

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
