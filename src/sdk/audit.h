/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what is told to the daemon's audit log by whoever did it. */
#ifndef CORDON_SDK_AUDIT_H
#define CORDON_SDK_AUDIT_H

#include "base/error.h"

/* The records of a run in the caller's store from number `first` on. -ENOENT, -ECONNREFUSED: there is no daemon; -EAGAIN: it has no log at the moment. */
int audit_tell_run(const char *run_id, unsigned first, struct error *err) must_check;

#endif
