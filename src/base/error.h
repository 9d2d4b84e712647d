/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What went wrong, in a plain value that needs no allocation: it works after clone() and one
 * write() carries it through a pipe. The failing line fills it, a caller that knows more prepends
 * its context.
 */
#ifndef CORDON_BASE_ERROR_H
#define CORDON_BASE_ERROR_H

#include <stdint.h>

#include "base/compiler.h"

/* Kinds decide the exit status and, for MXC documents, the error code. Values are part of the
 * public interface. */
enum error_kind {
    ERROR_NONE = 0,
    ERROR_INVALID = 1,       /* a document, an option or an argument is wrong */
    ERROR_UNENFORCEABLE = 2, /* valid, but this build, kernel or caller cannot enforce it */
    ERROR_FORBIDDEN =
        3, /* valid and enforceable, but the caller or a ceiling does not have that right */
    ERROR_SYSTEM = 4,         /* a system call failed while a container was set up or run */
    ERROR_LIMIT = 5,          /* a named maximum was passed */
    ERROR_NOT_FOUND = 6,      /* the program to run does not exist inside (exit status 127) */
    ERROR_NOT_EXECUTABLE = 7, /* the program to run cannot be executed (exit status 126) */
    ERROR_MEMORY = 8,         /* an allocation failed */
    ERROR_INTERNAL = 9,       /* our own mistake */
    ERROR_SCHEMA = 10, /* a document is well formed but of another version, phase or containment */
};

#define ERROR_TEXT_MAX 504

struct error {
    int32_t kind;              /* enum error_kind */
    int32_t errnum;            /* positive errno, 0 where none applies */
    char text[ERROR_TEXT_MAX]; /* one line, NUL-terminated, no trailing newline */
};

_Static_assert(sizeof(struct error) == 512, "one write() carries it");

#define ERROR_INIT ((struct error){.kind = ERROR_NONE})

/*
 * Fill `err` (may be NULL). Control characters in the formatted text are escaped. Returns -errnum,
 * or -EINVAL when errnum is 0, so that a failing line reads: return error_set(err, ERROR_SYSTEM,
 * errno, "open %s: ...", path);
 * "%m" is understood and prints errnum's text only if errno still holds it.
 */
int error_set(struct error *err, enum error_kind kind, int errnum, const char *format, ...)
    printf_like(4, 5);

/* As error_set() with ": <strerror(errnum)>" after the text. */
int error_system(struct error *err, int errnum, const char *format, ...) printf_like(3, 4);

/* The one way to report a failed allocation. Returns -ENOMEM. */
int error_memory(struct error *err);

/* Put "context: " before the text; where both do not fit, the beginning of the context goes. Returns
 * what error_set() returned for it. */
int error_prepend(struct error *err, const char *format, ...) printf_like(2, 3);

/* Name of a kind as JSON reports it: "invalid", "unenforceable", ... */
const char *error_kind_name(int kind);

#endif
