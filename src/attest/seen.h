/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens that were taken before: a file of one line each, "<end> <id>", locked while it is looked at. Who keeps one takes no token a
 * second time.
 */
#ifndef CORDON_ATTEST_SEEN_H
#define CORDON_ATTEST_SEEN_H

#include <time.h>

#include "base/compiler.h"
#include "base/error.h"

#define SEEN_MAX 65536 /* that have not ended yet */

/* ERROR_FORBIDDEN (EALREADY): it was there already. What has ended is forgotten. It is noted for good before this returns. */
int seen_once(const char *file, const char *id, time_t until, time_t now, struct error *err) must_check;

#endif
