/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a caller stands: in the container's own file tree, or in a mount namespace or below a root directory that a
 * sandbox of its own made (nested.namespaces); and what an object that it sees there is called in the container's tree.
 */
#ifndef CORDON_TIER_PROCESS_INIT_VIEW_H
#define CORDON_TIER_PROCESS_INIT_VIEW_H

#include "tier/process/init/keeper.h"

/* Before the program exists: the container's own mounts. */
void view_prepare(struct init *init, struct keeper *keeper);

/* For one call: find out where the caller stands. view_leave() afterwards, whatever came of it. */
long view_enter(struct keeper *keeper, const struct call *call);
void view_leave(struct keeper *keeper);

/*
 * The container's name of an object of which `text` is the name that the kernel gives a descriptor. 0 = found, 1 = it
 * lies in a file system that the sandbox made itself, or has no name; negative errno = it cannot be told.
 */
long view_name(struct keeper *keeper, const struct call *call, int fd, const char *text, char name[PATH_MAX]);

/* The same as the patterns see it. */
long view_names(struct keeper *keeper, const struct call *call, int fd, const char *text, struct names_at *ret_at);

/* O_PATH of the same object, or of the directory that it lies in, in the container's own tree; -ENOENT = it is not there. */
long view_open(struct keeper *keeper, const struct call *call, int fd);
long view_open_parent(struct keeper *keeper, const struct call *call, int fd);

/* Does the descriptor lead into the container's own tree? `text` as above. */
long view_check_own(struct keeper *keeper, int fd, const char *text);

/* Is it on one of the container's own mounts? */
int view_is_own(struct keeper *keeper, int fd);

/* More patterns that cover an object. */
void view_join(struct names_at *at, const struct names_at *other);

/* Is it the caller's root directory? */
int view_is_root(const struct keeper *keeper, int fd);

#endif
