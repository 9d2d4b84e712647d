/* SPDX-License-Identifier: Apache-2.0 */
/* Whoever asks the signer: the keeper of containers, and who starts both. Without OpenSSL; each call waits for its answer. */
#ifndef CORDON_SIGNER_CLIENT_H
#define CORDON_SIGNER_CLIENT_H

#include <stdint.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#define SIGNER_AUDIENCES_MAX 16
#define SIGNER_WAIT_S        10

struct signer_question {
    const char *what; /* "x509", "bundle", "bundle-pem", "svid", "access", "delegation", "attestation", "statement", "tls13-client", "tls13-server" */
    const char *const *audiences;
    size_t audience_count;
    const char *subject_token, *to, *nonce, *context; /* NULL = none */
    uint64_t seconds;                                 /* 0 = as usual */
    const void *digest;
    size_t digest_size; /* 0 = none */
};

/* One of one's own. */
struct signer_process {
    int control, pidfd;
    pid_t pid;
};
#define SIGNER_PROCESS_INIT ((struct signer_process){.control = -1, .pidfd = -1})
#define SIGNER_CHANNEL      3 /* the descriptor under which it has its end */

/*
 * Start one, with the authority in `directory` of the machine `host`, which is made where it is not there, for what is within the name `within`.
 * *ret_fd is the connection for that, the caller's. Returns at once: signer_await() says whether it began. Its process is its lifeline.
 */
int signer_start(const char *program, const char *directory, const char *host, const char *within, struct signer_process *ret_process, int *ret_fd,
                 struct error *err) must_check;
/* Once, before anything is asked. */
int signer_await(const struct signer_process *process, struct error *err) must_check;
void signer_end(struct signer_process *process);

/* By the control connection: a connection for the containers within that name, *ret_fd the caller's. */
int signer_serve(int control, const char *within, int *ret_fd, struct error *err) must_check;

/* A container is there. `facts`: JSON, or NULL. `allowed`: audiences, NULL-terminated; NULL = any, an empty list = none. */
int signer_open(int fd, const char *name, const char *facts, const char *const *allowed, struct error *err) must_check;
int signer_close_name(int fd, const char *name, struct error *err) must_check;

/* A question as fields of a message. */
struct protocol_out;
void signer_question_put(struct protocol_out *out, const char *name, const struct signer_question *question);

/* The answer is added to `text`; *ret_until (may be NULL): when to ask again, or when it ends; s since 1970. */
int signer_ask(int fd, const char *name, const struct signer_question *question, struct text *text, uint64_t *ret_until, struct error *err) must_check;

struct signer_status {
    char host[1024], protection[17];
    uint64_t containers, sequence, pid;
};
int signer_status(int fd, struct signer_status *ret_status, struct error *err) must_check;

#endif
