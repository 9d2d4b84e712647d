/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are kept, on disk: they are found there by the next keeper of their key. */
#ifndef CORDON_KEEPER_KEPT_H
#define CORDON_KEEPER_KEPT_H

#include "keeper/keeper.h"

/* The place for them, which cordond's starter names ($CORDON_CONTAINERS); without one nothing is written. */
int kept_open(struct keeper *keeper, struct error *err) must_check;
/* One that is created, by what its client said (disk.record). Nothing is left of it where it fails. */
int kept_make(struct session *session, struct error *err) must_check;
/* It is another one than was written down. */
void kept_update(struct session *session);
/* It is to be no more. Where this fails it is still there, and would be found again. */
int kept_remove(struct session *session, struct error *err) must_check;
/* What this process has of it. */
void kept_forget(struct session *session);
/* Take up all of this keeper's key that nobody has. */
void kept_find(struct keeper *keeper);

#endif
