/* SPDX-License-Identifier: Apache-2.0 */
/* The few string functions that init needs, and those that the compiler or base/glob.c call by their C names. */
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

int string_begins(const char *text, const char *with)
{
    while (*with && *text == *with)
        text++, with++;
    return !*with;
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

#if defined(__x86_64__)
void *memset(void *to, int value, size_t size)
{
    void *at = to;

    __asm__ volatile("rep stosb" : "+D"(at), "+c"(size) : "a"(value) : "memory");
    return to;
}

void *memcpy(void *to, const void *from, size_t size)
{
    void *at = to;

    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(size) : : "memory");
    return to;
}
#else
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
#endif

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *at = a, *other = b;

    for (; size; size--, at++, other++)
        if (*at != *other)
            return *at - *other;
    return 0;
}

void *memchr(const void *in, int value, size_t size)
{
    const volatile unsigned char *at = in;

    for (; size; size--, at++)
        if (*at == (unsigned char)value)
            return (void *)(uintptr_t)at;
    return 0;
}

char *strchr(const char *text, int value)
{
    for (;; text++) {
        if (*text == (char)value)
            return (char *)(uintptr_t)text;
        if (!*text)
            return 0;
    }
}

size_t strlen(const char *text)
{
    return string_length(text);
}
