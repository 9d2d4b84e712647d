/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A witness (C2SP tlog-witness): for each log that it is told of it remembers the last checkpoint, and cosigns a new one only when that
 * continues it. Without HTTP, which is main.c's.
 */
#ifndef CORDON_WITNESS_WITNESS_H
#define CORDON_WITNESS_WITNESS_H

#include "audit/note.h"
#include "base/text.h"

#define WITNESS_LOGS_MAX 1024
#define WITNESS_BODY_MAX ((size_t)NOTE_SIZE_MAX + 64 * 50)

struct witness;

/*
 * `directory`: its state, made where it is not there: `key`, and a file for each log. `name`: of its key. Damaged state is refused
 * (-EBADMSG): a witness that forgets is none.
 */
int witness_open(const char *directory, const char *name, struct witness **ret_witness, struct error *err) must_check;
void witness_close(struct witness *witness);
void witness_close_at(struct witness **witness);
#define auto_witness cleanup_with(witness_close_at)

/* A log whose checkpoints are to be signed by this key. */
int witness_add_log(struct witness *witness, const struct note_key *key, struct error *err) must_check;
void witness_key(const struct witness *witness, struct note_key *ret_key);

enum witness_status { /* of HTTP */
    WITNESS_OK = 200,
    WITNESS_BAD_REQUEST = 400,
    WITNESS_FORBIDDEN = 403,
    WITNESS_NOT_FOUND = 404,
    WITNESS_CONFLICT = 409, /* `answer` is the size of the last checkpoint, or empty where sizes are alike and roots are not */
    WITNESS_UNPROCESSABLE = 422,
    WITNESS_FAILED = 500, /* its disk: nothing was signed */
};

/* The body of add-checkpoint; `time_s` is now. What it answers is appended to `answer`. */
enum witness_status witness_take(struct witness *witness, const char *body, size_t size, uint64_t time_s, struct text *answer);

#endif
