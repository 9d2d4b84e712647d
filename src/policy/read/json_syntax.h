/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a text strict JSON (RFC 8259)? A recogniser that builds nothing. libfyaml's JSON mode lets
 * comments and empty values through, so a document is held against the grammar first.
 */
#ifndef CORDON_POLICY_READ_JSON_SYNTAX_H
#define CORDON_POLICY_READ_JSON_SYNTAX_H

#include <stddef.h>

#include "base/compiler.h"

/* NULL when `text` is one JSON value nested at most `depth_max` deep, else what is wrong at
 * *ret_offset. `text` holds no NUL and is valid UTF-8. */
const char *json_syntax_fault(const char *text, size_t size, unsigned depth_max,
                              size_t *ret_offset) must_check;

#endif
