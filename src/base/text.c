/* SPDX-License-Identifier: Apache-2.0 */
/* The growing string. */
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

void text_put(char *to, size_t size, const char *text)
{
    size_t length = strlen(text);

    assert(length < size);
    memcpy(to, text, length + 1);
}

void text_finish(struct text *text)
{
    mem_free(text->data);
    *text = (struct text){0};
}

static bool text_reserve(struct text *text, size_t more)
{
    size_t wanted = text->length + more + 1;
    size_t capacity = text->capacity ? text->capacity : 256;
    char *grown;

    if (text->is_broken)
        return false;
    if (wanted <= text->capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    grown = mem_resize(text->data, capacity);
    if (!grown) {
        text->is_broken = true;
        return false;
    }
    text->data = grown;
    text->capacity = capacity;
    return true;
}

void text_add_n(struct text *text, const char *bytes, size_t length)
{
    if (!text_reserve(text, length))
        return;
    if (length)
        memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void text_add(struct text *text, const char *string)
{
    text_add_n(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    if (length < 0)
        text->is_broken = true;
    else if (text_reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(args);
}

void text_add_safe_n(struct text *text, const char *bytes, size_t length)
{
    for (size_t at = 0; at < length;) {
        char window[5] = {0};
        size_t step;

        memcpy(window, bytes + at, length - at < 4 ? length - at : 4);
        step = utf8_printable(window);
        if (step)
            text_add_n(text, window, step);
        else
            text_printf(text, "\\x%02x", (unsigned char)bytes[at]);
        at += step ? step : 1;
    }
}

void text_add_safe(struct text *text, const char *string)
{
    text_add_safe_n(text, string, strlen(string));
}

int text_take(struct text *text, char **ret_string, struct error *err)
{
    text_add_n(text, "", 0);
    if (text->is_broken)
        return error_memory(err);
    *ret_string = take_ptr(text->data);
    *text = (struct text){0};
    return 0;
}
