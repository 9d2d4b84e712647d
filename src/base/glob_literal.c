/* SPDX-License-Identifier: Apache-2.0 */
/* A name as a pattern: apart from glob.c, which process 1 holds too and which allocates nothing. */
#include <string.h>

#include "base/glob.h"
#include "base/text.h"

const char *glob_literal(struct arena *arena, const char *path)
{
    auto_text struct text out = {0};
    auto_free char *pattern = NULL;

    for (; *path; path++)
        if (strchr("*?[", *path))
            text_printf(&out, "[%c]", *path);
        else
            text_add_n(&out, path, 1);
    return text_take(&out, &pattern, NULL) < 0 ? NULL : arena_string(arena, pattern);
}

const char *glob_literal_part(struct arena *arena, const char *pattern)
{
    const char *rest = pattern, *start, *end = pattern;
    size_t length;

    while (glob_next_component(&rest, &start, &length) && !glob_is_wild(start, length))
        end = start + length;
    return end == pattern ? "/" : arena_string_n(arena, pattern, (size_t)(end - pattern));
}
