/* SPDX-License-Identifier: Apache-2.0 */
/* The starter's side of one worker: a child process and the channel to it, whose end ends it. */
#ifndef CORDON_SDK_WORKER_H
#define CORDON_SDK_WORKER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"
#include "worker/wire.h"

struct worker {
    const char *name; /* "the gateway", for people */
    pid_t pid;
    int pidfd, channel; /* -1 = none */
    bool is_ready;      /* it serves, and holds no right any more */
};
#define WORKER_INIT(text) ((struct worker){.name = (text), .pidfd = -1, .channel = -1})

/* Execute `program`, called `file` in lists of processes, with one end of a new channel. */
int worker_begin(struct worker *worker, const char *program, const char *file, struct error *err) must_check;

/* With a descriptor, which stays the caller's; -1 = none. One that is gone has left a word of why: that is no failure here. */
int worker_tell(const struct worker *worker, uint32_t type, int fd, struct error *err) must_check;
/* The same with a kind. */
int worker_tell_kind(const struct worker *worker, uint32_t type, uint32_t kind, int fd, struct error *err) must_check;

/* 1 = a message, 0 = none now, -ECONNRESET = it is gone. *ret_fd (NULL = none belongs to it): its descriptor, or -1. */
int worker_hear(const struct worker *worker, struct worker_message *ret_message, int *ret_fd) must_check;

/*
 * Wait until it is ready. -ETIMEDOUT after `deadline_ns` (monotonic, 0 = ten seconds from now), -ECANCELED when `cancel_fd`
 * (-1 = none) becomes readable; what it says that it cannot do is `err`. *ret_fd (NULL = none belongs to it): what it gives, -1 = nothing.
 */
int worker_await_ready(struct worker *worker, uint64_t deadline_ns, int cancel_fd, int *ret_fd, struct error *err) must_check;

/* What an answer of type WORKER_ERROR says. Always negative. */
int worker_refusal(const struct worker_message *message, struct error *err);

/* Until it has something to say: 0 also when woken for nothing. */
int worker_wait(const struct worker *worker, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

/* It has said its last word, or has nothing to say: it ends, and nobody waits for what the kernel does to that end. */
void worker_leave(struct worker *worker);

/* At once, without a word. *ret_how (NULL = nobody asks) says how it ended; nothing of it is left. */
void worker_kill(struct worker *worker, siginfo_t *ret_how);

/* Has it ended, whatever of it is still unread? */
bool worker_has_ended(const struct worker *worker);

/* A pair for two workers to talk by; the caller closes both. */
int worker_pair(int ret_ends[2], struct error *err) must_check;

/* `size` bytes in a memory file that nobody can change any more; `what` for errors. */
int worker_seal(const char *what, const void *bytes, size_t size, int *ret_fd, struct error *err) must_check;

#endif
