/* SPDX-License-Identifier: Apache-2.0 */
/* A question in one line, and its answer in one text. Paths are relative to the fixture's root, or absolute. */
#ifndef CORDON_TESTS_POLICY_ASK_ASKED_H
#define CORDON_TESTS_POLICY_ASK_ASKED_H

#include <errno.h>

#include "fixture.h"
#include "policy/question.h"

/* Of fixture->plan; the former one is forgotten. */
void ask_about(struct fixture *fixture);
void ask_end(void);

extern struct judged last_judged;

/* "allowed", "refused EROFS mount", "hidden ENOENT absence", ... */
const char *answer(enum operation operation, const char *path, const char *second, bool exists);
const char *answer_to(const struct question *question);

#define check_answer(operation, path, expected) check_string(answer(OPERATION_##operation, path, NULL, true), expected)
#define check_new(operation, path, expected) check_string(answer(OPERATION_##operation, path, NULL, false), expected)
#define check_both(operation, path, second, expected) check_string(answer(OPERATION_##operation, path, second, true), expected)

#endif
