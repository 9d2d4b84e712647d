/* SPDX-License-Identifier: Apache-2.0 */
/* Owners as stat() tells them. */
#ifndef CORDON_BASE_OWNER_H
#define CORDON_BASE_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Does `uid` exist in this process's user namespace? stat() shows every owner that does not as one and the same overflow
 * uid (65534), so two such owners that look alike need not be one, and none of them is known to be root: what depends on
 * who owns a file cannot be told. true where the map cannot be read.
 */
bool owner_is_mapped(uid_t uid);

/*
 * May a file hold a secret of `caller`? As ssh has it for keys: what others could read or change holds none; a file of root's
 * may be read by a group. NULL, or what to do about it.
 */
const char *owner_secret_fault(uid_t uid, mode_t mode, uid_t caller);

#endif
