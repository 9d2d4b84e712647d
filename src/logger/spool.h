/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer has not had acknowledged, in a file beside its memory: who is killed leaves it, and somebody else of the same user tells the log
 * (docs/decisions/0238). Each record has its number and who acts, so that the log keeps once what is sent twice. No wait for the disk: it holds against
 * the end of a process, not of the machine.
 */
#ifndef CORDON_LOGGER_SPOOL_H
#define CORDON_LOGGER_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define SPOOL_FOLDER  "unlogged" /* beside the store of runs */
#define SPOOL_RENEWED ".new"     /* behind the name, while one is written anew */

struct spool;

struct spooled {
    uint64_t number;
    const char *actor, *identity; /* actor = NULL: as the writer's label says; identity may be NULL */
    const char *body;
    size_t size;
};

/*
 * The file `name` in `directory` (which stays the caller's, and open), made where it is not there (0600), and this process's alone until its end: -EAGAIN
 * where another one has it. Its descriptors are `fd_least` or above.
 */
int spool_open(int directory, const char *name, int fd_least, struct spool **ret_spool, struct error *err) must_check;
void spool_free(struct spool *spool);
/* The same, and the file is no more. */
void spool_remove(struct spool *spool);
/* The same, and the file is kept for a person to look at, as NAME.bad. */
void spool_set_aside(struct spool *spool);
/* One that was being written anew (spool_renew_begin()) when its process was killed. Not of a name that this process itself has. */
void spool_clean(int directory, const char *name, int fd_least);

int spool_add(struct spool *spool, const struct spooled *record, struct error *err) must_check;
/* All that is in it is durable in the log. */
int spool_clear(struct spool *spool, struct error *err) must_check;
uint64_t spool_size(const struct spool *spool);
/* What is in it is replaced as a whole: between the two calls spool_add() adds to what will take its place. `status`: of what was done in between; where it
 * failed, all stays. */
int spool_renew_begin(struct spool *spool, struct error *err) must_check;
int spool_renew_end(struct spool *spool, int status, struct error *err) must_check;

struct spool_told {
    uint64_t count; /* of records */
    size_t rest;    /* bytes that came after them, and are none */
};

/*
 * Each record of a file, in its order, as long as it was written whole; what comes after anything else is no record of a writer's. ret_told may be NULL.
 * A status other than 0 that `hear` returns ends it.
 */
int spool_read(int fd, int (*hear)(void *context, const struct spooled *record, struct error *err), void *context, struct spool_told *ret_told,
               struct error *err) must_check;
int spool_file(const struct spool *spool);

#endif
