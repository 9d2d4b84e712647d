/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A log that somebody else writes, read from its directory: its last checkpoint, entries by index, hashes of its tree. What is
 * returned has been compared: an entry with the hash in its tile; against the checkpoint it is compared by a proof (proof.h) or
 * as a whole (cordon-verify). One thread at a time.
 */
#ifndef CORDON_AUDIT_READER_H
#define CORDON_AUDIT_READER_H

#include "audit/merkle.h"
#include "audit/note.h"
#include "audit/stamp.h"

struct reader;

/*
 * `key` (may be NULL): the log's verifier key; then a checkpoint that it has not signed is refused. The directory needs a
 * checkpoint: ERROR_NOT_FOUND where there is none yet.
 */
int reader_open(const char *directory, const struct note_key *key, struct reader **ret_reader, struct error *err) must_check;
void reader_close(struct reader *reader);
void reader_close_at(struct reader **reader);
#define auto_reader cleanup_with(reader_close_at)

/*
 * Look at the checkpoint again. 1 = the log has grown, 0 = it has not. ERROR_FORBIDDEN (-EBADMSG) when the new one is no
 * continuation of the old one: proved by the tree's hashes, not believed.
 */
int reader_refresh(struct reader *reader, struct error *err) must_check;

/* As the last checkpoint that was read says. Its text with all signatures: reader_note(). */
const struct checkpoint *reader_checkpoint(const struct reader *reader);
const struct note *reader_note(const struct reader *reader);
/* Entries below this index have been pruned. */
uint64_t reader_minimum(const struct reader *reader);

struct reader_entry {
    uint64_t index;
    const unsigned char *bytes; /* the whole entry, until the next call of reader_entry() */
    size_t size;
    bool is_stamped; /* what follows is there: the entry is of the form that stamp.h gives it */
    struct stamp stamp;
    const char *body; /* not terminated */
    size_t body_size;
    struct merkle_hash leaf;
};

/* By index; ascending calls read each file once. ERROR_NOT_FOUND: behind the end, or pruned. -EBADMSG: damaged, the text says where. */
int reader_entry(struct reader *reader, uint64_t index, struct reader_entry *ret_entry, struct error *err) must_check;

/* The root of the full subtree of 2^height leaves that begins with leaf index << height. */
int reader_node(struct reader *reader, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err) must_check;

#endif
