/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps: of a container's user namespace, and of mounts in which the caller's files appear as the container's. In such a mount
 * every other id stays what it is, so that what others own is to the container what it is to the caller; ids of the launcher's range
 * are nobody's there, so that nothing can be made on disk with one of them.
 */
#ifndef CORDON_LAUNCHER_IDMAP_H
#define CORDON_LAUNCHER_IDMAP_H

#include "launcher/range.h"

#include <stddef.h>
#include <sys/types.h>

#define IDMAP_TEXT_SIZE 256

/* "OUTSIDE_ON_DISK AS_SEEN COUNT" lines for one kind of id. */
void idmap_print(char ret_text[IDMAP_TEXT_SIZE], const struct range *range, uint32_t caller, uint32_t container);

/* Of a process that waits in a user namespace of its own. */
int idmap_write(pid_t pid, const char *name, const char *text, struct error *err) must_check;

/*
 * The mounts below each of these descriptors, which are detached (the kernel refuses others), get the map of the namespace, and never
 * set-user-ID nor devices. -EOPNOTSUPP where a file system among them has no id maps.
 */
int idmap_mount(int mount, int namespace, struct error *err) must_check;

#endif
