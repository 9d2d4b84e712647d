/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of nests.h: how containers inside are begun, what is recorded of them, and what others are told of them. */
#ifndef CORDON_SDK_NEST_NESTS_INSIDE_H
#define CORDON_SDK_NEST_NESTS_INSIDE_H

#include "sdk/container.h"
#include "sdk/nest/wire.h"

/* ---- starts.c ---- */

bool nester_is_there(const struct nester *nester);
/* Is `place` inside the container of `around` (-1 = the outermost)? */
bool nests_is_inside(const struct nests *nests, int place, int around);
/* Is there somebody who signs for those inside? */
bool nests_has_signer(const struct cordon_container *container);
/* A nester inside of the container at `parent`, -1 = the outermost. The descriptors of NEST_HELLO are the caller's. */
int nests_begin_one(struct nests *nests, const struct cordon_container *container, int parent, const int *fds, size_t count,
                    struct error *err) must_check;
/* What failed outside is no business of a program's, but for a limit that it met. Closes its socket. */
void nests_refuse_plainly(int socket, const struct error *why);
/* Those that were asked for, as many as one step begins. */
void nests_begin_pending(struct nests *nests, const struct cordon_container *container);

/* ---- record.c ---- */

/* The name of the container at `place`, -1 = the outermost. */
void nests_put_identity(const struct nests *nests, const struct cordon_container *container, int place, struct text *out);
const char *nests_run_of(const struct nests *nests, const struct cordon_container *container, int place);

/* In the outermost one's own record. */
void nests_record_started(struct nests *nests, const struct cordon_container *container, int place);
void nests_record_ended(struct nests *nests, const struct cordon_container *container, struct nester *nester);

void nests_keep_record(struct nests *nests, const struct cordon_container *container, const char *id);

/* A piece of a record of its own, for whoever hears those of the outermost. What is none ends the nester. */
int nests_take_record(const struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet) must_check;
/* It waits until what it has recorded is where nobody changes it: that is answered. */
int nests_settle(const struct nests *nests, const struct nester *nester) must_check;
void nests_end_record(const struct nests *nests, struct nester *nester);

/* ---- launched.c: where the outermost one has a launcher ---- */

/* Inside of the container at `parent` (-1 = the outermost). What fails leaves what worker_kill() ends. */
int nests_launch_nester(const struct nests *nests, const struct cordon_container *container, int parent, struct worker *worker, struct error *err) must_check;
/* NEST_SPAWN with its descriptor, which stays the caller's. 1; negative = it says what it should not, or is gone. */
int nests_spawn(struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet, int channel) must_check;
/* Its first process has ended. */
void nests_launched_end(const struct cordon_container *container, struct nester *nester);

/* ---- children.c ---- */

/* It runs, or has ended: for whoever asks for news. */
void nests_told_runs(struct nester *nester, const struct nest_runs *runs);
void nests_told_end(struct nests *nests, struct nester *nester);

#endif
