/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starter's side of what stands beside cordond: the logger, ... For the system they are there by themselves, behind private sockets; for a user they
 * are the starter's own children, behind sockets that it listens on, so that whoever connects while one is being started again waits and loses nothing.
 */
#ifndef CORDON_DAEMON_PARTS_H
#define CORDON_DAEMON_PARTS_H

#include <limits.h>
#include <signal.h>

#include "daemon/daemon.h"

struct parts;

/* `before`: the signals that are blocked for them. */
int parts_new(const struct daemon_settings *settings, const sigset_t *before, struct parts **ret_parts, struct error *err) must_check;
/* Start those that are to be started by now. How long until there is something to do, as poll() has it. */
int parts_step(struct parts *parts);
/* Was it one of them? */
bool parts_reaped(struct parts *parts, pid_t pid, int status);
/* CONNECT_PART: answered on `core`. */
void parts_connect(struct parts *parts, int core, const struct protocol_message *message);
/* In the core, which has nothing to do with their sockets. */
void parts_forget(struct parts *parts);
/* $XDG_STATE_HOME/cordon/NAME, or below ~/.local/state; "" = there is no such place. */
void parts_find_state(char state[PATH_MAX], const char *name);
/* They are told to end. */
void parts_end(struct parts *parts);

#endif
