/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

#include <stdint.h>

static int value_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static int is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

ssize_t base64_decode(const char *text, size_t length, unsigned char *ret_bytes)
{
    uint32_t bits = 0;
    unsigned digits = 0, padding = 0;
    ssize_t count = 0;

    for (size_t i = 0; i < length; i++) {
        int value = value_of(text[i]);

        if (is_space(text[i]))
            continue;
        if (text[i] == '=') {
            padding++;
            value = 0;
        } else if (value < 0 || padding) {
            return -1;
        }
        bits = bits << 6 | (uint32_t)value;
        if (++digits % 4)
            continue;
        if (padding > 2 || (padding && bits & ((1u << 8 * padding) - 1)))
            return -1;
        for (unsigned byte = 0; byte < 3 - padding; byte++)
            ret_bytes[count++] = (unsigned char)(bits >> (16 - 8 * byte));
        bits = 0;
    }
    return digits % 4 || padding > 2 ? -1 : count;
}

size_t base64_encode(const void *bytes, size_t size, char *ret_text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *at = bytes;
    char *out = ret_text;

    for (; size >= 3; size -= 3, at += 3) {
        *out++ = digits[at[0] >> 2];
        *out++ = digits[(at[0] & 3) << 4 | at[1] >> 4];
        *out++ = digits[(at[1] & 15) << 2 | at[2] >> 6];
        *out++ = digits[at[2] & 63];
    }
    if (size) {
        unsigned second = size == 2 ? at[1] : 0;

        *out++ = digits[at[0] >> 2];
        *out++ = digits[(at[0] & 3) << 4 | second >> 4];
        *out++ = size == 2 ? digits[(second & 15) << 2] : '=';
        *out++ = '=';
    }
    *out = '\0';
    return (size_t)(out - ret_text);
}

ssize_t base64_decode_exact(const char *text, size_t length, unsigned char *ret_bytes, size_t most)
{
    size_t padding = 0;

    if (length % 4)
        return -1;
    while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
        padding++;
    if (length / 4 * 3 - padding > most)
        return -1;
    for (size_t i = 0; i < length; i++)
        if (is_space(text[i]))
            return -1;
    return base64_decode(text, length, ret_bytes);
}
