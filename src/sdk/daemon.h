/* SPDX-License-Identifier: Apache-2.0 */
/* Whether the daemon is to be used, and where it is. */
#ifndef CORDON_SDK_DAEMON_H
#define CORDON_SDK_DAEMON_H

#include "base/error.h"
#include "sdk/request.h"

/*
 * What the first of these says: the request, $CORDON_DAEMON, the user's configuration, /etc/cordon/config.yaml; DAEMON_NEVER where none does. The last one's DAEMON_REQUIRED holds
 * whatever the others say.
 * A configuration that cannot be read or understood is an error.
 */
int daemon_find_use(const struct cordon_request *request, enum daemon_use *ret_use, struct error *err) must_check;

/* For tests: what holds of both, of which each may be 0: nothing said. */
enum daemon_use daemon_settle_use(enum daemon_use asked, enum daemon_use system);

/* For tests: one configuration. *ret_use stays where it says nothing about it. */
int daemon_config_parse(const char *path, const char *text, enum daemon_use *ret_use, struct error *err) must_check;

/*
 * Connected to the control socket of the user's service, else the system's; who listens is root or this user. *ret_is_own (NULL = it does not matter):
 * it is a daemon of this user's own, all of whose parts are this user. -ENOENT, -ECONNREFUSED: there is none.
 */
int daemon_connect(int *ret_fd, bool *ret_is_own, struct error *err) must_check;

/*
 * The daemon's audit log, as a writer of this user's. *ret_is_users: it is of the user's service, else the machine's. -ENOENT, -ECONNREFUSED: there is no
 * daemon; -EAGAIN: it has no log at the moment.
 */
int daemon_ask_log(int *ret_fd, bool *ret_is_users, struct error *err) must_check;

/* HELLO, on that. */
int daemon_greet(int control, struct error *err) must_check;

#endif
