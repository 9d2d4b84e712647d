/* SPDX-License-Identifier: Apache-2.0 */
/* Opening the file that a caller named for events, without being led elsewhere by what an earlier run left. */
#ifndef CORDON_EVENT_SINK_H
#define CORDON_EVENT_SINK_H

#include "base/error.h"

/*
 * Open `path` (absolute, or relative to the working directory) to append to, made with mode 0600 when it is not there. No
 * symbolic link is followed but those of the system: owned by root, and for a root caller those in the root directory
 * only, since what its programs leave is root's as well.
 */
int sink_open(const char *path, int *ret_fd, struct error *err) must_check;

#endif
