/* SPDX-License-Identifier: Apache-2.0 */
/* Where a caller in a sandbox stands, and a child process that goes there. Results are 0, a number or a negative errno. */
#ifndef CORDON_TIER_PROCESS_INIT_STANDING_H
#define CORDON_TIER_PROCESS_INIT_STANDING_H

#include "tier/process/init/keeper.h"

/* Descriptors, each perhaps negative. */
struct standing {
    int user_namespace, mount_namespace, root, directory;
};

/* -EPERM where the caller is not below the container's user namespace, or has given CAP_SYS_ADMIN up. */
long standing_check_rights(const struct keeper *keeper, const struct call *call);

/* Is it still the caller whose entries of /proc were opened? Its number may be another's by now. */
long standing_check_call(const struct keeper *keeper, const struct call *call);

/* One of its entries of /proc, `rest` with the slash. Ask standing_check_call() before it is used. */
long standing_open_about(const struct keeper *keeper, const struct call *call, const char *rest, int flags);

/* What the caller has under this number, as an O_PATH descriptor. */
long standing_descriptor(const struct keeper *keeper, const struct call *call, long number);

/* `directory` is a number of the caller's, or AT_FDCWD. Close it whatever this returns. */
long standing_open(const struct keeper *keeper, const struct call *call, int directory, struct standing *standing);
void standing_close(const struct standing *standing);

/* In a child: there, with the caller's root directory, and `directory` as the working directory. */
long standing_enter(const struct standing *standing);

/* The child shares the table of descriptors: 0 in it, its pid here. */
long child_start(void);
long child_wait(long pid);
void child_end(long status) __attribute__((noreturn));

/* A descriptor in whose place a child leaves another. */
long child_number(const struct keeper *keeper);

#endif
