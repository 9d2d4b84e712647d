/* SPDX-License-Identifier: Apache-2.0 */
/* Where a name leads. */
#ifndef CORDON_AUTHOR_REAL_PATH_H
#define CORDON_AUTHOR_REAL_PATH_H

#include <stdbool.h>

/* As realpath(), of an absolute, normalised name that mostly is no link: asked by two calls, not by one a component. ret_path[PATH_MAX]. */
bool real_path_find(const char *path, char *ret_path);

#endif
