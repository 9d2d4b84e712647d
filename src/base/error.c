/* SPDX-License-Identifier: Apache-2.0 */
/* The error value. Nothing here allocates: it is used between clone() and exec(). */
#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

#define CONTEXT_MAX 5120 /* the longest path, and what stands behind it */

static int error_result(const struct error *err, int errnum)
{
    if (err && !errnum)
        errnum = err->errnum;
    return errnum > 0 ? -errnum : -EINVAL;
}

/* Text may quote what an agent wrote: a control character in it (of seven or eight bits) must not
 * reach a terminal or split a log line. A letter that was cut off by the size goes as well. */
static void error_escape(char *text)
{
    while (*text) {
        size_t length = utf8_printable(text);

        if (!length)
            *text = '?';
        text += length ? length : 1;
    }
}

static void error_vset(struct error *err, enum error_kind kind, int errnum, const char *format,
                       va_list args)
{
    err->kind = (int32_t)kind;
    err->errnum = errnum;
    vsnprintf(err->text, sizeof(err->text), format, args);
    error_escape(err->text);
}

int error_set(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
{
    if (err) {
        va_list args;

        va_start(args, format);
        error_vset(err, kind, errnum, format, args);
        va_end(args);
    }
    return error_result(err, errnum);
}

int error_system(struct error *err, int errnum, const char *format, ...)
{
    if (err) {
        va_list args;
        size_t used;

        va_start(args, format);
        error_vset(err, ERROR_SYSTEM, errnum, format, args);
        va_end(args);
        used = strlen(err->text);
        snprintf(err->text + used, sizeof(err->text) - used, ": %s",
                 strerrordesc_np(errnum) ? strerrordesc_np(errnum) : "unknown error");
    }
    return error_result(err, errnum);
}

int error_memory(struct error *err)
{
    return error_set(err, ERROR_MEMORY, ENOMEM, "out of memory");
}

int error_prepend(struct error *err, const char *format, ...)
{
    char context[CONTEXT_MAX];
    char text[ERROR_TEXT_MAX];
    size_t length, room, skipped = 0;
    va_list args;

    if (!err)
        return -EINVAL;
    va_start(args, format);
    vsnprintf(context, sizeof(context), format, args);
    va_end(args);
    memcpy(text, err->text, sizeof(text));
    length = strlen(context);
    room = sizeof(text) - 1 - strlen(text);
    if (length + strlen(": ") > room && room > strlen("...: "))
        skipped = length + strlen("...: ") - room;
    if (snprintf(err->text, sizeof(err->text), "%s%s: %s", skipped ? "..." : "", context + skipped,
                 text) < 0)
        memcpy(err->text, text, sizeof(text));
    error_escape(err->text);
    return error_result(err, 0);
}

const char *error_kind_name(int kind)
{
    static const char *const names[] = {
        [ERROR_NONE] = "none",
        [ERROR_INVALID] = "invalid",
        [ERROR_UNENFORCEABLE] = "unenforceable",
        [ERROR_FORBIDDEN] = "forbidden",
        [ERROR_SYSTEM] = "system",
        [ERROR_LIMIT] = "limit",
        [ERROR_NOT_FOUND] = "not-found",
        [ERROR_NOT_EXECUTABLE] = "not-executable",
        [ERROR_MEMORY] = "memory",
        [ERROR_INTERNAL] = "internal",
        [ERROR_SCHEMA] = "schema",
    };

    if (kind < 0 || (size_t)kind >= ARRAY_COUNT(names))
        return "unknown";
    return names[kind];
}
