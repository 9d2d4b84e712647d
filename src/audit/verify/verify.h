/* SPDX-License-Identifier: Apache-2.0 */
/* What cordon-verify looks for, and what it found. */
#ifndef CORDON_AUDIT_VERIFY_H
#define CORDON_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

#include "audit/note.h"
#include "audit/reader.h"

#define VERIFY_WITNESSES_MAX 16

/* The kinds of finding: X(name, text, whether the log does not hold or only less than was asked for is known) */
#define VERIFY_FINDINGS(X)                                                    \
    X(CHECKPOINT_MISSING, "checkpoint-missing", VERIFY_BROKEN)                \
    X(CHECKPOINT_DAMAGED, "checkpoint-damaged", VERIFY_BROKEN)                \
    X(CHECKPOINT_UNSIGNED, "checkpoint-unsigned", VERIFY_BROKEN)              \
    X(CHECKPOINT_FORGED, "checkpoint-forged", VERIFY_BROKEN)                  \
    X(ORIGIN, "origin-differs", VERIFY_BROKEN)                                \
    X(ROOT, "root-differs", VERIFY_BROKEN)                                    \
    X(TILE_MISSING, "tile-missing", VERIFY_BROKEN)                            \
    X(TILE_LENGTH, "tile-length", VERIFY_BROKEN)                              \
    X(TILE_HASH, "tile-differs", VERIFY_BROKEN)                               \
    X(BUNDLE_MISSING, "bundle-missing", VERIFY_BROKEN)                        \
    X(BUNDLE_LENGTH, "bundle-length", VERIFY_BROKEN)                          \
    X(ENTRY_HASH, "entry-differs", VERIFY_BROKEN)                             \
    X(STAMP, "stamp-damaged", VERIFY_BROKEN)                                  \
    X(SEQUENCE, "sequence-differs", VERIFY_BROKEN)                            \
    X(NUMBERS, "numbers-missing", VERIFY_LACKING)                             \
    X(REWRITTEN, "rewritten", VERIFY_BROKEN)                                  \
    X(WITNESS_MISSING, "witness-missing", VERIFY_LACKING)                     \
    X(WITNESS_FORGED, "witness-forged", VERIFY_BROKEN)                        \
    X(STALE, "checkpoint-old", VERIFY_LACKING)                                \
    X(NO_KEY, "no-key", VERIFY_LACKING)                                       \
    X(PROOF_DAMAGED, "proof-damaged", VERIFY_BROKEN)                          \
    X(PROOF_FAILS, "proof-fails", VERIFY_BROKEN)                              \
    X(UNREADABLE, "unreadable", VERIFY_UNKNOWN)

enum verify_finding {
#define VERIFY_NAME(name, text, weight) VERIFY_FOUND_##name,
    VERIFY_FINDINGS(VERIFY_NAME)
#undef VERIFY_NAME
    VERIFY_FINDING_COUNT
};

/* Exit statuses. */
enum verify_weight {
    VERIFY_HOLDS = 0,
    VERIFY_BROKEN = 1,  /* something is not what was logged */
    VERIFY_USAGE = 2,
    VERIFY_UNKNOWN = 3, /* something could not be looked at */
    VERIFY_LACKING = 4, /* all that is there holds; something that was asked for is not there */
};

struct verify {
    bool has_key;
    struct note_key key;
    struct note_key witnesses[VERIFY_WITNESSES_MAX];
    unsigned witness_count, quorum;
    const char *since;  /* a file with a former checkpoint */
    const char *entry;  /* proof: a file with the entry that it is of */
    uint64_t from, to;  /* entries to look at: from..to - 1 */
    uint64_t max_age_s; /* 0 = any */
    unsigned thread_count;
    bool is_json;
    FILE *out;

    /* what was found */
    unsigned counts[VERIFY_FINDING_COUNT];
    uint64_t records, size;
};

/* Say one. May be called by several threads. `what` is a file or a record. */
void verify_say(struct verify *verify, enum verify_finding finding, const char *what, const char *format, ...) printf_like(4, 5);
/* The worst of what was found, as an exit status; the closing line. */
int verify_close(struct verify *verify, const char *what);

/* Who signed it, with what time; its witnesses. `name`: of the file, for findings. */
void verify_note(struct verify *verify, const struct note *note, const struct checkpoint *checkpoint, const char *name);
void verify_witnesses(struct verify *verify, const struct note *note, const char *name);

void verify_log(struct verify *verify, const char *directory);
void verify_proof(struct verify *verify, const char *path);

/* ---- verify_entries.c ---- */

struct verify_log {
    struct verify *verify;
    int directory;
    struct checkpoint checkpoint;
    uint64_t minimum;
};

/* Read a file of the log into a buffer of `room` bytes: its size, or -errno; -E2BIG when it is larger. */
ssize_t verify_read(const struct verify_log *log, const char *name, void *bytes, size_t room) must_check;

/*
 * Bundles and tiles of level 0 that hold entries from..to - 1. `roots` of full tiles of level 0 from first_root on, NULL = none are
 * known: what a tile of level 1 says.
 */
void verify_entries(const struct verify_log *log, uint64_t from, uint64_t to);

/* A hash in a tile, read through a cache of one tile a level. */
struct verify_cache {
    struct {
        uint64_t index;
        unsigned width;
        struct merkle_hash hashes[256];
    } tiles[8];
};
bool verify_hash(const struct verify_log *log, struct verify_cache *cache, int level, uint64_t at, struct merkle_hash *ret_hash);

/* The numbers of writers, chunk by chunk. */
struct verify_numbers;
struct verify_numbers *verify_numbers_new(void);
void verify_numbers_free(struct verify_numbers *numbers);
void verify_numbers_take(struct verify_numbers *numbers, const struct stamp *stamp);
/* `next` is of the records that follow. */
void verify_numbers_join(struct verify_numbers *numbers, const struct verify_numbers *next);
void verify_numbers_say(const struct verify_numbers *numbers, struct verify *verify, bool is_whole);

#endif
