/* SPDX-License-Identifier: Apache-2.0 */
/* Loading a text as a request, and what a refused one must say. */
#ifndef CORDON_TESTS_POLICY_READ_LOAD_H
#define CORDON_TESTS_POLICY_READ_LOAD_H

#include "policy/document.h"

extern const struct variables test_variables;
extern const struct load_options
    test_options; /* a request with workspace /work/space, home /home/u */

#define NATIVE "version: cordon/1\n"

/* One arena per test process; a test that fails to load fails. */
struct document *must_load(const char *text);
struct document *must_load_as(const char *name, const char *text,
                              const struct load_options *options);

/* The text must be refused as invalid with exactly this error. */
void must_refuse(const char *text, const char *error);
void must_refuse_as(const char *name, const char *text, const char *error);

struct arena *test_arena(void);

#endif
