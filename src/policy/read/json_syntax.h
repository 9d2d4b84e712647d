/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is a text strict JSON (RFC 8259)? jansson judges and its tree is thrown away: libfyaml, which
 * knows where each value stands, lets comments through. Members given twice are the tree's to
 * refuse, since it can say where the first one is.
 */
#ifndef CORDON_POLICY_READ_JSON_SYNTAX_H
#define CORDON_POLICY_READ_JSON_SYNTAX_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"

/* 0 when `text` is one JSON value, -EINVAL or -E2BIG (nested too deep) with *ret_offset at the last
 * byte that was looked at and a text without a position, or -ENOMEM. */
int json_syntax_check(const char *text, size_t size, size_t *ret_offset,
                      struct error *err) must_check;

#endif
