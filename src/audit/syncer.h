/* SPDX-License-Identifier: Apache-2.0 */
/* sync_all() of a machine, by another thread where it may be: appending goes on meanwhile. */
#ifndef CORDON_AUDIT_SYNCER_H
#define CORDON_AUDIT_SYNCER_H

#include "audit/machine.h"
#include "base/error.h"

struct syncer;

int syncer_new(const struct log_machine *machine, int directory, struct syncer **ret_syncer, struct error *err) must_check;
/* Waits for one that is under way. */
void syncer_free(struct syncer *syncer);

/* Begin one; none is under way. */
void syncer_start(struct syncer *syncer);
/* true = the one that was begun is done, once: *ret_status is 0 or -errno. */
bool syncer_done(struct syncer *syncer, int *ret_status);
bool syncer_is_busy(const struct syncer *syncer);

#endif
