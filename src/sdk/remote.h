/* SPDX-License-Identifier: Apache-2.0 */
/* A container that the daemon's keeper runs: what the library does here is asked of it there. */
#ifndef CORDON_SDK_REMOTE_H
#define CORDON_SDK_REMOTE_H

#include "sdk/container.h"

struct remote;

/*
 * Where the daemon is to be used, have it start what the request asks for: 1 = it runs, and `container` stands for it; 0 = it is to be
 * run here; else the failure is final.
 */
int remote_start(struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;
/* Stand for one that is there. */
int remote_attach(struct cordon_container *container, const char *name, struct error *err) must_check;
/* A program in one that is there: `container` stands for the program. */
int remote_exec(struct cordon_container *container, const char *name, const struct cordon_request *request, struct error *err) must_check;
/* One that is kept. */
int remote_create(const struct cordon_request *request, char ret_id[CORDON_RUN_SIZE], struct error *err) must_check;
void remote_free(struct remote *remote);

/* A program in the container that `program` names: its numbers and streams, and what stands for it. */
struct cordon_program;
int remote_program_begin(struct cordon_program *program, const struct cordon_request *request, struct error *err) must_check;
/* Has it ended? Whatever it was, it is known then. */
void remote_program_step(struct cordon_program *program);

/* The library's functions of these names, for such a container. */
int remote_step(struct cordon_container *container, struct error *err) must_check;
int remote_signal(struct remote *remote, int signal_number, struct error *err) must_check;
int remote_stop(struct remote *remote, uint64_t grace_ms, struct error *err) must_check;
int remote_freeze(struct remote *remote, bool is_frozen, struct error *err) must_check;
int remote_kill(struct remote *remote, struct error *err) must_check;
/* Of one that is attached: PROTOCOL_START, PROTOCOL_DROP. */
int remote_order(struct remote *remote, uint16_t type, struct error *err) must_check;
int remote_stats(struct remote *remote, uint64_t ret_numbers[4], struct error *err) must_check;
int remote_logs(struct remote *remote, struct cordon_logs *logs, struct error *err) must_check;
int remote_answer(struct remote *remote, uint64_t number, const char *digest, enum cordon_answer answer, uint64_t for_ms, struct error *err) must_check;
int remote_set_limits(struct remote *remote, const char *const *members, struct error *err) must_check;
int remote_renew(struct remote *remote, const struct until *until, struct error *err) must_check;
int remote_set_network(struct remote *remote, const struct cordon_request *request, struct error *err) must_check;
int remote_changes(struct remote *remote, size_t *ret_count, struct error *err) must_check;
int remote_approval(const struct remote *remote, struct cordon_approval *ret_approval);
int remote_poll_fd(const struct remote *remote);
int remote_tty_fd(const struct remote *remote);
pid_t remote_pid(const struct remote *remote);
const char *remote_id(const struct remote *remote);
bool remote_may_write_clipboard(const struct remote *remote);
/* Of one that has ended: "" where there is nothing. */
const char *remote_findings(const struct remote *remote, enum cordon_format format);
const char *remote_denials(const struct remote *remote, uint64_t *ret_count);

#endif
