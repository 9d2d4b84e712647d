/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of this part: canonical paths (net/request.h) and patterns, byte by byte. */
#ifndef CORDON_NET_PATH_H
#define CORDON_NET_PATH_H

#include <stdbool.h>

/* The next byte that a canonical text means; *text is moved behind its spelling. Not at the end. */
int net_path_byte(const char **text);

/*
 * Does a pattern match a path, both canonical? `is_lenient`: as servers could do that are not strict, for rules that deny:
 * small and capital letters are the same, so are a path with and without '/' at its end, and a component with and without
 * dots and spaces at its end.
 */
bool net_path_matches(const char *pattern, const char *path, bool is_lenient);

#endif
