/* SPDX-License-Identifier: Apache-2.0 */
/* The few string functions that init needs, and the two that the compiler may call by itself. */
#include "tier/process/init/sys.h"

size_t string_length(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

int string_equal(const char *a, const char *b)
{
    while (*a && *a == *b)
        a++, b++;
    return *a == *b;
}

char *string_append(char *at, char *end, const char *text)
{
    while (*text && at + 1 < end)
        *at++ = *text++;
    *at = '\0';
    return at;
}

char *string_append_number(char *at, char *end, uint64_t number)
{
    char digits[24];
    size_t used = sizeof(digits) - 1;

    digits[used] = '\0';
    do
        digits[--used] = (char)('0' + number % 10);
    while (number /= 10);
    return string_append(at, end, digits + used);
}

void *memset(void *to, int value, size_t size)
{
    volatile unsigned char *at = to;

    while (size--)
        *at++ = (unsigned char)value;
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    volatile unsigned char *at = to;
    const unsigned char *in = from;

    while (size--)
        *at++ = *in++;
    return to;
}
