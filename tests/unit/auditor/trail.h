/* SPDX-License-Identifier: Apache-2.0 */
/* A log with records of several actors, for tests of what is asked of it. */
#ifndef CORDON_TESTS_AUDITOR_TRAIL_H
#define CORDON_TESTS_AUDITOR_TRAIL_H

#include "audit/log.h"
#include "auditor/command.h"

struct trail {
    char directory[64], log[96], secret[96], index[96], keys[96], state[96], out[96];
    struct note_signer *signer;
    struct log *writer;
    unsigned random; /* of a sequence that is the same each time */
    uint64_t numbers[64];
};

#define TRAIL_ORIGIN "cordon/test/host"

void trail_open(struct trail *trail);
void trail_close(struct trail *trail); /* the log's writer */
/* So many records of people, agents and parts of Cordon, taken at random. */
void trail_fill(struct trail *trail, unsigned count);
void trail_add(struct trail *trail, unsigned actor, const char *event);
/* As it is said, under the label of user 1000 and that kind of actor. */
void trail_add_body(struct trail *trail, const char *actor, const char *identity, const char *body);
unsigned trail_random(struct trail *trail, unsigned below);

#define TRAIL_AGENTS 5
const char *trail_identity(unsigned agent);

/* What a command says on standard output: the caller's to free(). It must succeed, or fail with *err where err is not NULL. */
char *trail_run(struct trail *trail, int (*command)(const struct options *, struct error *), const struct options *options, struct error *err);
struct options trail_options(const struct trail *trail);

#endif
