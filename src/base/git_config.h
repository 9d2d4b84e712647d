/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value of a git configuration text, read without running git: git-config(1), "Configuration
 * file / Syntax". Files that the text includes are not followed.
 */
#ifndef CORDON_BASE_GIT_CONFIG_H
#define CORDON_BASE_GIT_CONFIG_H

#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* Longest configuration file that is read. */
#define GIT_CONFIG_MAX ((size_t)256 * 1024)

/*
 * Value of `key` in section [section], not in one of its subsections; letter case does not count,
 * the last one does. *ret_value is in the arena, NULL = none or empty.
 */
int git_config_value(struct arena *arena, const char *text, const char *section, const char *key,
                     const char **ret_value, struct error *err) must_check;

#endif
