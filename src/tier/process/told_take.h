/* SPDX-License-Identifier: Apache-2.0 */
/* What process 1 tells of refusals (told.h), as struct tier_access. */
#ifndef CORDON_TIER_PROCESS_TOLD_TAKE_H
#define CORDON_TIER_PROCESS_TOLD_TAKE_H

#include "base/error.h"
#include "tier/access.h"
#include "tier/process/record.h"
#include "tier/process/told.h"

struct told;

/* The memory, and a descriptor of it for process 1. */
int told_open(struct told **ret_told, int *ret_fd, struct error *err) must_check;
void told_free(struct told *told);

/* Process 1 handed a descriptor of one of the container's processes. */
void told_hand(struct told *told, const struct message *message, int fd);

/* So far it has been written. What was handed before is heard of first, then told_take() is called with this. */
uint32_t told_until(const struct told *told);

/*
 * Hand on what was written so far, and what was lost. `pids_are_ours`: they have the same numbers here. -EBADMSG for what
 * nobody could have written.
 */
int told_take(struct told *told, uint32_t until, const struct tier_watcher *watcher, bool pids_are_ours, struct error *err) must_check;

/* Nothing more was written: from now on process 1 says so (MESSAGE_TOLD). false = something was. */
bool told_await(struct told *told);

/* told_calls.c: what a call is about. `flags` are enum told_flag. */
enum operation told_operation(int call, const uint64_t args[6], bool is_of_filter, unsigned flags, bool *ret_is_directory);
/* The same where nobody but a file system saw it, which may be any call: OPERATION_LOOK where more is not known. */
enum operation told_look(int call, const uint64_t args[6], enum operation otherwise);
/* Does it make a file without a name, in the directory that it names? */
bool told_is_unnamed(int call, const uint64_t args[6]);

#endif
