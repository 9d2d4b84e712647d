/* SPDX-License-Identifier: Apache-2.0 */
/* Path names as text. Nothing here touches a file system. */
#ifndef CORDON_BASE_PATH_H
#define CORDON_BASE_PATH_H

#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"
#include "base/memory.h"

/* Longest path and deepest path that a policy may name. */
#define PATH_LENGTH_MAX 4095
#define PATH_DEPTH_MAX  128

/* Absolute `path` without doubled slashes, "." components and a trailing slash. ".." is kept. NULL
 * = out of memory. */
char *path_normalise(struct arena *arena, const char *path) must_check;

/* Is `path` the directory `directory` or below it? Both normalised and absolute. */
bool path_is_within(const char *path, const char *directory);

/* The same of paths whose lengths are known: they tell most of them apart. */
static inline bool path_of_length_is_within(const char *path, size_t path_length, const char *directory, size_t length)
{
    if (length <= 1)
        return true;
    return length <= path_length && (path[length] == '\0' || path[length] == '/') &&
           path[length - 1] == directory[length - 1] && memcmp(path, directory, length) == 0;
}

/* Does any component equal ".."? */
bool path_has_dotdot(const char *path);

/* Last component ("" for "/"); points into `path`. */
const char *path_base(const char *path);

/* Directory part, in the arena; "/" for "/" and "/x". */
char *path_parent(struct arena *arena, const char *path) must_check;

/* directory + "/" + name, without doubling the slash. */
char *path_join(struct arena *arena, const char *directory, const char *name) must_check;

#endif
