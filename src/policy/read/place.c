/* SPDX-License-Identifier: Apache-2.0 */
/* Where a value stands: text for errors, origins for what comes after. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/text.h"
#include "policy/read/reader.h"

static size_t place_length(const struct place *place)
{
    size_t length = 0;

    for (; place->up; place = place->up)
        length += place->name ? strlen(place->name) + 1 : sizeof("[18446744073709551615]");
    return length;
}

/* Returns where the text ends. No allocation and no format: a load makes one for every rule. */
static char *place_print(char *out, const struct place *place, const char *start)
{
    char digits[20];
    size_t count = 0, index = place->index, length;

    if (!place->up)
        return out;
    out = place_print(out, place->up, start);
    if (place->name) {
        if (out != start)
            *out++ = '.';
        length = strlen(place->name);
        memcpy(out, place->name, length + 1);
        return out + length;
    }
    *out++ = '[';
    do
        digits[count++] = (char)('0' + index % 10);
    while (index /= 10);
    while (count)
        *out++ = digits[--count];
    *out++ = ']';
    *out = '\0';
    return out;
}

const char *place_text(struct arena *arena, const struct place *place)
{
    char *text = arena_alloc(arena, place_length(place) + 1);

    if (text)
        place_print(text, place, text);
    return text;
}

/* "name:line:column: member: " without allocation, cut where it does not fit. */
static void place_prefix(const struct reader *reader, const struct place *place, char *out,
                         size_t size)
{
    const struct place *path[NODE_DEPTH_MAX + 2];
    size_t depth = 0, used;

    for (const struct place *p = place; p->up && depth < ARRAY_COUNT(path); p = p->up)
        path[depth++] = p;
    used = (size_t)snprintf(out, size, "%.200s:%u:%u", reader->name, place->line, place->column);
    for (size_t i = depth; i-- > 0 && used < size;)
        used += path[i]->name ? (size_t)snprintf(out + used, size - used, "%s%.60s",
                                                 i + 1 == depth ? ": " : ".", path[i]->name)
                              : (size_t)snprintf(out + used, size - used, "[%zu]", path[i]->index);
}

int reader_refuse(const struct reader *reader, const struct place *place, const char *format, ...)
{
    char prefix[ERROR_TEXT_MAX], what[ERROR_TEXT_MAX];
    va_list args;

    place_prefix(reader, place, prefix, sizeof(prefix));
    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    return error_set(reader->err, ERROR_INVALID, EINVAL, "%s: %s", prefix, what);
}

int reader_blame(const struct reader *reader, const struct place *place)
{
    char prefix[ERROR_TEXT_MAX];

    place_prefix(reader, place, prefix, sizeof(prefix));
    if (!reader->err)
        return -EINVAL;
    reader->err->errnum = EINVAL;
    return error_prepend(reader->err, "%s", prefix);
}

int reader_origin(const struct reader *reader, const struct place *place, struct origin *ret_origin)
{
    const char *member = place_text(reader->arena, place);

    if (!member)
        return error_memory(reader->err);
    *ret_origin = (struct origin){.layer = reader->layer,
                                  .file = reader->file,
                                  .line = place->line,
                                  .column = place->column,
                                  .member = member,
                                  .is_profile = reader->trail != NULL};
    return 0;
}

const char *origin_text(struct arena *arena, const struct origin *origin)
{
    const char *where = origin->file ? origin->file : origin->layer;
    const char *member = origin->member;
    struct text text auto_text = {0};

    text_add_safe(&text, where ? where : "built-in");
    if (origin->line)
        text_printf(&text, ":%u", origin->line);
    if (origin->line && origin->column)
        text_printf(&text, ":%u", origin->column);
    if (member && *member)
        text_printf(&text, ": %s", member);
    return text.is_broken ? NULL : arena_string(arena, text.data);
}

void origin_json(struct json *json, const char *key, const struct origin *origin)
{
    if (!origin) {
        json_add_null(json, key);
        return;
    }
    json_begin_object(json, key);
    json_add_string(json, "layer", origin->layer);
    json_add_string(json, "file", origin->file);
    json_add_uint(json, "line", origin->line);
    json_add_uint(json, "column", origin->column);
    json_add_string(json, "member", origin->member);
    json_end(json);
}
