/* SPDX-License-Identifier: Apache-2.0 */
/* What init says while the program runs. */
#ifndef CORDON_TIER_PROCESS_HEAR_H
#define CORDON_TIER_PROCESS_HEAR_H

#include "tier/process/run.h"

/* MESSAGE_NOTED; takes the descriptor. */
int hear_note(struct tier_run *run, const struct message *message, int *directory, struct error *err) must_check;

/*
 * MESSAGE_REFUSED: to be told when the run has begun. What the keeper says of connections may come before the word of
 * process 1 that the program runs.
 */
void hear_later(struct tier_run *run, const struct message *message);

/* MESSAGE_ASKS; takes the descriptor. */
void hear_channel(struct tier_run *run, int *fd);

/* A socket whose other end asks about itself goes to whom watches, who may get it before the program is known to run. */
void hear_self(struct tier_run *run, const struct message *message, int *fd);

/* All that has come; when it is the end, run->status. Never blocks, but for the kernel's end of a container that was killed. */
int hear_all(struct tier_run *run, struct error *err) must_check;

/* As long as it takes, until the program that was asked for began or did not (run->asked), or the container has ended. */
int hear_asked(struct tier_run *run, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

#endif
