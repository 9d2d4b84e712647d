/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names where letter case may not count: two spellings that some file system could take for one. Errs on the side of the
 * same. Works with and without a C library.
 */
#ifndef CORDON_BASE_FOLD_H
#define CORDON_BASE_FOLD_H

#include <stdbool.h>
#include <stddef.h>

#define FOLD_NAME_BYTES 256 /* a component has at most 255 */

/* Lower case, without what a case-insensitive directory leaves out of the comparison. Never longer than the name; its length. */
size_t fold_name(const char *name, size_t length, char ret_folded[FOLD_NAME_BYTES]);

/* "GIT~1": on file systems of Windows a second name of something longer, nobody knows of what. */
bool fold_is_short_name(const char *name, size_t length);

#endif
