/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The Merkle tree of RFC 6962 (2.1) over SHA-256: leaves, nodes, roots, and whether a proof holds. It knows no file; which
 * hashes a proof is made of is proof.h's.
 */
#ifndef CORDON_AUDIT_MERKLE_H
#define CORDON_AUDIT_MERKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

#define MERKLE_HASH_SIZE 32
#define MERKLE_PROOF_MAX 63 /* hashes: as many as any two trees of less than 2^63 leaves need */

struct merkle_hash {
    unsigned char bytes[MERKLE_HASH_SIZE];
};

/* Once in each thread that hashes, before it is confined: what the library loads, it loads here. */
int merkle_prepare(struct error *err) must_check;
/* What merkle_prepare() took, when the thread ends. */
void merkle_release(void);

/* SHA-256 of what lies in two pieces; the second may be empty. */
void merkle_digest(const void *first, size_t first_size, const void *second, size_t second_size, struct merkle_hash *ret_hash);

void merkle_leaf(const void *entry, size_t size, struct merkle_hash *ret_hash);
void merkle_node(const struct merkle_hash *left, const struct merkle_hash *right, struct merkle_hash *ret_hash);
bool merkle_equal(const struct merkle_hash *a, const struct merkle_hash *b);

/* The tree over `count` hashes that are leaves, or roots of full trees of one height; count > 0. */
void merkle_over(const struct merkle_hash *hashes, size_t count, struct merkle_hash *ret_root);

/* A tree that only grows: the roots of its full subtrees, the widest first. Zeroed = empty. */
struct merkle_range {
    uint64_t size;
    unsigned count;
    struct merkle_hash roots[64];
};

void merkle_add(struct merkle_range *range, const struct merkle_hash *leaf);
/* The root of 2^height leaves behind those that are there; the size so far is a multiple of 2^height. */
void merkle_add_full(struct merkle_range *range, unsigned height, const struct merkle_hash *root);
/* Of no leaves: SHA-256 of nothing. */
void merkle_root(const struct merkle_range *range, struct merkle_hash *ret_root);

/* Is `leaf` number `index` of the tree of `size` leaves with this root? (RFC 9162, 2.1.3.2) */
bool merkle_is_included(const struct merkle_hash *leaf, uint64_t index, uint64_t size, const struct merkle_hash *proof,
                        size_t count, const struct merkle_hash *root);
/* Does the tree of `size` leaves begin with that of `old_size`? (RFC 9162, 2.1.4.2) Of 0: always, by the empty proof. */
bool merkle_is_consistent(uint64_t old_size, const struct merkle_hash *old_root, uint64_t size, const struct merkle_hash *root,
                          const struct merkle_hash *proof, size_t count);

#endif
