/* SPDX-License-Identifier: Apache-2.0 */
/* Records as they are written, and what is learned from them: for the tests of learning. */
#ifndef CORDON_TESTS_LEARN_FIXTURE_H
#define CORDON_TESTS_LEARN_FIXTURE_H

#include "author/learn_parts.h"
#include "test.h"

#define GIT  "/usr/bin/git"
#define MAKE "/usr/bin/make"
#define RUN  "0123456789abcdefghjkmnpqr" /* and one letter is a run's id */

extern unsigned sequence; /* of the last record */
extern const struct learn_options usual;

/* One line of a record. `object` is the inside of "object". */
void event(struct text *out, const char *run, const char *type, const char *operation, const char *exe, const char *errnum,
           unsigned count, const char *object);
void used(struct text *out, const char *run, const char *operation, const char *path, const char *exe); /* the host's */
void used_inside(struct text *out, const char *run, const char *operation, const char *path, const char *exe); /* the container's own */
void denied(struct text *out, const char *run, const char *operation, const char *path, const char *errnum, bool hidden);
void host(struct text *out, const char *run, const char *type, const char *name, unsigned port);
struct learn_input *read_input(const struct text *events);
struct learned *learn_with(const struct text *events, const struct learn_options *options);
char *written(const struct learned *learned);
char *policy_of(const struct text *events);
enum access access_in(const char *text, const char *path);

#define check_has(text, part)                                                                                                     \
    do {                                                                                                                          \
        if (!strstr(text, part))                                                                                                  \
            test_fail(__FILE__, __LINE__, "lacks '%s':\n%s", part, text);                                                         \
    } while (0)
#define check_lacks(text, part)                                                                                                   \
    do {                                                                                                                          \
        if (strstr(text, part))                                                                                                   \
            test_fail(__FILE__, __LINE__, "has '%s':\n%s", part, text);                                                           \
    } while (0)

#endif
