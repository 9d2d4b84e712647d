/* SPDX-License-Identifier: Apache-2.0 */
/* One spelling for what a request says (net/rules.h judges only that). */
#ifndef CORDON_NET_REQUEST_H
#define CORDON_NET_REQUEST_H

#include <stddef.h>

#include "base/compiler.h"
#include "net/rules.h"

#define NET_PATH_SIZE   8192u
#define NET_METHOD_SIZE 33u

/*
 * The path of a request's target (origin form, without its query) in one spelling: percent-encoded unreserved characters
 * are decoded, the rest is encoded in upper case. -EINVAL for what servers read differently: dot components (encoded or
 * not), encoded '/', '\', NUL and control bytes, raw '\', a fragment, empty components, ';' parameters around dots, bytes
 * above 0x7f that are not encoded, incomplete or overlong encodings of UTF-8. `ret` holds `size` bytes, NUL included.
 */
int net_path_canonical(const char *target, size_t length, char *ret, size_t size) must_check;

/* A pattern of a rule, checked in the same way. -EINVAL. */
int net_path_pattern_check(const char *pattern) must_check;

bool net_requests_match(const struct net_requests *requests, const struct net_request *request);

#endif
