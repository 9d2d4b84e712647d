/* SPDX-License-Identifier: Apache-2.0 */
/* A frame's beginning in the file: between journal.c and journal_read.c. */
#ifndef CORDON_AUDIT_JOURNAL_FRAME_H
#define CORDON_AUDIT_JOURNAL_FRAME_H

#include "audit/journal.h"

#define JOURNAL_MAGIC 0x0a316c6e6a647263ull /* "crdjnl1\n" */
#define JOURNAL_ALIGN 8
#define JOURNAL_FRESH 1 /* the count of a segment's first frame: what is older no longer matters */

/* Numbers in this machine's byte order: a journal is not copied, tiles are. */
struct journal_head {
    uint64_t magic;
    uint32_t kind, size, count, zero;
    uint64_t first, group;
    struct merkle_hash before; /* the digest of the frame before this one, in this segment or the one before it */
    struct merkle_hash digest; /* of all of the above and of the content */
};

_Static_assert(sizeof(struct journal_head) <= JOURNAL_FRAME_SIZE && sizeof(struct journal_head) % JOURNAL_ALIGN == 0, "aligned");

void journal_head_digest(const struct journal_head *head, const struct merkle_hash *content, struct merkle_hash *ret_digest);

#endif
