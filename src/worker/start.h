/* SPDX-License-Identifier: Apache-2.0 */
/* What every worker does first: let go of what it inherited, hear what it is given. */
#ifndef CORDON_WORKER_START_H
#define CORDON_WORKER_START_H

#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"
#include "worker/wire.h"

/* Nothing stays open but WORKER_CHANNEL, which becomes close-on-exec; 0 to 2 lead to /dev/null. */
int worker_close_others(struct error *err) must_check;

/*
 * The next message of the starter, of one of the types 1..31 in `types` (bit 1 << type). Blocks. *ret_fd: its descriptor or
 * -1. Ends the process with 0 when the starter is gone: nobody is left to tell.
 */
int worker_receive(uint32_t types, struct worker_message *ret_message, int *ret_fd, struct error *err) must_check;

/*
 * All of a sealed memory file, which can no longer change; at most `most` bytes. *ret_bytes is the caller's to mem_free();
 * a NUL that *ret_size does not count follows. `what`: "the rules", for errors.
 */
int worker_read_sealed(int fd, size_t most, const char *what, char **ret_bytes, size_t *ret_size, struct error *err) must_check;

#endif
