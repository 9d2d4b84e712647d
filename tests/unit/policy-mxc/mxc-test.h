/* SPDX-License-Identifier: Apache-2.0 */
/* One MXC document in, its verdict out. Each test runs in a process of its own, which ends with it.
 */
#ifndef CORDON_TESTS_MXC_TEST_H
#define CORDON_TESTS_MXC_TEST_H

#include "policy/mxc/mxc.h"
#include "policy/read/node.h"
#include "test.h"

/* `members` stand behind version and process of a good one-shot document. */
#define ONE_SHOT_OF(version, members)                                                              \
    "{\"version\":\"" version "\",\"process\":{\"commandLine\":\"x\"}" members "}"
#define ONE_SHOT(members) ONE_SHOT_OF("1.0.0", members)
#define PROCESS(members)  "{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"x\"" members "}}"

struct verdict {
    struct arena *arena;
    struct document *document; /* NULL = refused */
    struct error err;
    int status;
};

struct verdict mxc_read(const char *text);
void verdict_finish(struct verdict *verdict);

/* The document is accepted and nothing stands against its launch. */
void check_accepted(const char *text);

/* It is valid, and `member` is why it is not launched. */
void check_unsupported(const char *text, const char *member);

/* It is refused with this code and with exactly this text behind the position. */
void check_refused(const char *text, enum mxc_code code, const char *message);

/* As check_refused(), but the text only has to contain `part`. */
void check_refused_about(const char *text, enum mxc_code code, const char *part);

/* It is accepted with exactly this warning, or none (NULL). */
void check_warning(const char *text, const char *warning);

#endif
