/* SPDX-License-Identifier: Apache-2.0 */
/* Where a value stands: text for errors, origins for what comes after. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "policy/read/reader.h"

static void place_print(struct text *out, const struct place *place)
{
    if (!place->up)
        return;
    place_print(out, place->up);
    if (place->name) {
        if (out->length)
            text_add(out, ".");
        text_add_safe(out, place->name);
    } else {
        text_printf(out, "[%zu]", place->index);
    }
}

const char *place_text(struct arena *arena, const struct place *place)
{
    struct text text auto_text = {0};

    place_print(&text, place);
    text_add(&text, "");
    return text.is_broken ? NULL : arena_string(arena, text.data);
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
                                  .member = member};
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
