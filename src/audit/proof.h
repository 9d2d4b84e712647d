/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Proofs about a log: which hashes show that an entry is in a tree, or that one tree begins with another; and the file that
 * carries the first to somebody who has no log at hand (C2SP tlog-proof).
 */
#ifndef CORDON_AUDIT_PROOF_H
#define CORDON_AUDIT_PROOF_H

#include "audit/merkle.h"
#include "audit/note.h"
#include "audit/reader.h"
#include "base/text.h"

#define PROOF_SIZE_MAX  (NOTE_SIZE_MAX + 128 * 1024)
#define PROOF_EXTRA_MAX 65535

struct proof {
    struct merkle_hash hashes[MERKLE_PROOF_MAX];
    size_t count;
};

/* Where hashes of full subtrees come from: reader_node(), or a writer's own. */
typedef int proof_node(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err);

/* That leaf `index` is in the tree of `size` leaves; index < size. */
int proof_inclusion(proof_node *node, void *context, uint64_t index, uint64_t size, struct proof *ret_proof,
                    struct error *err) must_check;
/* That the tree of `size` leaves begins with that of `old_size`; old_size <= size. */
int proof_consistency(proof_node *node, void *context, uint64_t old_size, uint64_t size, struct proof *ret_proof,
                      struct error *err) must_check;
/* The root of the tree of `size` leaves. */
int proof_root(proof_node *node, void *context, uint64_t size, struct merkle_hash *ret_root, struct error *err) must_check;

/* The first and the last with a reader; what they return holds against the reader's checkpoint, or they fail with -EBADMSG. */
int proof_of_entry(struct reader *reader, uint64_t index, struct proof *ret_proof, struct error *err) must_check;
int proof_of_growth(struct reader *reader, uint64_t old_size, const struct merkle_hash *old_root, struct proof *ret_proof,
                    struct error *err) must_check;

/* ---- the file ---- */

/* A proof file, parted. It points into the text. */
struct proof_file {
    const char *extra; /* base64, not terminated; NULL = none */
    size_t extra_size;
    uint64_t index;
    struct proof proof;
    struct note note;
    struct checkpoint checkpoint;
};

/* `extra` (may be NULL): what goes with it, as bytes: by Cordon's custom the entry itself. */
int proof_write(uint64_t index, const struct proof *proof, const struct note *note, const void *extra, size_t extra_size,
                struct text *out, struct error *err) must_check;
int proof_read(const char *text, size_t size, struct proof_file *ret_file, struct error *err) must_check;

#endif
