/* SPDX-License-Identifier: Apache-2.0 */
/* The leaves of a group, by two threads where the group is worth it: hashing is the largest part of what a record costs. */
#ifndef CORDON_AUDIT_HASHER_H
#define CORDON_AUDIT_HASHER_H

#include "audit/merkle.h"

struct hasher;

/* With a thread of its own, or without. */
int hasher_new(bool is_threaded, struct hasher **ret_hasher, struct error *err) must_check;
void hasher_free(struct hasher *hasher);

/* Of `count` entries as they stand in a bundle, which is whole: this process made it. */
void hasher_leaves(struct hasher *hasher, const unsigned char *entries, size_t size, size_t count, struct merkle_hash *ret_leaves);

#endif
