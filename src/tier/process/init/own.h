/* SPDX-License-Identifier: Apache-2.0 */
/* own.c, for tree.c. */
#ifndef CORDON_TIER_PROCESS_INIT_OWN_H
#define CORDON_TIER_PROCESS_INIT_OWN_H

#include "tier/process/init/init.h"

#define OWN_NAME_SIZE 32

int own_open(struct init *init);   /* the new root, mounted over the host's, which this process does not see */
void own_limit(struct init *init); /* how much the program may put into it */
int own_base(void);                /* the tmpfs; mounted nowhere, or beneath the new root */
int own_mounted_count(void);       /* how many lie over the host's root, below the new one */
void own_name(char name[OWN_NAME_SIZE]); /* for something new in the tmpfs */
void own_write(struct init *init, int fd, const char *bytes, size_t size, const char *target); /* all of it */
int own_directory(struct init *init, const char *target, uint32_t mode); /* a new one of it, not yet mounted */
/* The same, with the void beneath where `target` is a place of it and that can be had: what is looked for there is seen. */
int own_directory_over_void(struct init *init, const char *target, uint32_t mode);
/* To lie over `target`; NULL = of the system's own, of which nobody need know more than what was asked for. */
long own_mask(struct init *init, const char *target, int is_directory);

long object_check(struct init *init, int fd, const struct record_mount *mount, const char *name); /* tree.c: what the plan looked at: how many names it has */
long source_open(struct init *init, const char *source, uint64_t flags); /* tree.c: an object of the host; may be negative */
/* nameless.c: of a file without a name a mount of a copy, not yet mounted; -1 = it is no file. */
int nameless_open(struct init *init, int source_fd, const char *source, const struct record_mount *mount, uint64_t attributes);
int served_open(struct init *init, const char *target);            /* served.c: of its own, not yet mounted */
void served_keep(struct init *init, int fd, const char *target);   /* served.c: it is mounted */

#endif
