/* SPDX-License-Identifier: Apache-2.0 */
/* Machines that make no namespaces, for tests of what needs them. */
#ifndef CORDON_TEST_APART_H
#define CORDON_TEST_APART_H

#include <stdbool.h>

/* May a process like this one unshare() all of `flags` (CLONE_NEWUSER, ...) at once? */
bool apart_may(int flags);

/* From here on, in this process and what it executes: unshare() with any of `flags` fails with EPERM. */
void apart_forbid(int flags);

/* The same, and clone() with any of them; clone3(), whose flags no filter sees, is not there. */
void apart_forbid_all(int flags);

#endif
