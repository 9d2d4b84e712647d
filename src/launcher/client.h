/* SPDX-License-Identifier: Apache-2.0 */
/* Asking the launcher: cordond for keepers, a keeper for first processes of containers. */
#ifndef CORDON_LAUNCHER_CLIENT_H
#define CORDON_LAUNCHER_CLIENT_H

#include "launcher/launch.h"
#include "tier/spawner.h"

/* One question at a time over a connection; any thread. */
struct launcher;

/* `socket` stays the caller's and has to outlive it. NULL without memory. */
struct launcher *launcher_new(int socket);
void launcher_free(struct launcher *launcher);

/* As a keeper: for struct tier_start; belongs to the launcher object. */
const struct tier_spawner *launcher_spawner(const struct launcher *launcher);

/*
 * As a keeper: cordon-nester, in the group of its container `around`, with `channel` as its descriptor 3. It is no child
 * of this process; *ret_pidfd is the caller's.
 */
int launcher_nester(struct launcher *launcher, const char *around, int channel, pid_t *ret_pid, int *ret_pidfd, struct error *err) must_check;

/* As cordond. `client` is the end that the client made and sent; further descriptors get these names. */
struct launcher_keeper {
    pid_t pid;
    int pidfd; /* the caller's */
    uint32_t uid, gid, login_uid;
    char group[LAUNCH_GROUP_SIZE];
};
int launcher_keeper(struct launcher *launcher, int client, const char *client_name, const int *fds, const char *const *names, size_t count,
                    struct launcher_keeper *ret_keeper, struct error *err) must_check;

/* As cordond: from now on this connection hears what the launcher does, and asks nothing more. */
int launcher_hear(struct launcher *launcher, struct error *err) must_check;

/* As a keeper: would it have been started for the maker of this socket, too? ERROR_FORBIDDEN. */
int launcher_admit(struct launcher *launcher, int client, bool or_root, struct error *err) must_check;

/*
 * As a keeper that lost its launcher, first on a new connection. `group` "": as the kernel says. Neither waits: the answer is -EAGAIN as long as there is
 * none, and before it is heard nothing else is said there.
 */
int launcher_attach_send(int socket, const char *group, struct error *err) must_check;
int launcher_attach_hear(int socket, struct error *err) must_check;

/* As a keeper: what there is on disk of its key, for that it is started again. */
int launcher_keep(struct launcher *launcher, const unsigned char key[LAUNCH_KEY_SIZE], enum launch_keeping what, struct error *err) must_check;

/* As cordond: what is kept and waits for a keeper. */
struct launcher_kept {
    char name[LAUNCH_GROUP_SIZE]; /* "" = there is none */
    uint32_t uid, gid;
    unsigned char key[LAUNCH_KEY_SIZE];
    uint32_t next;    /* behind it */
    uint32_t wait_ms; /* until there may be one more; 0 = none waits */
};
/* `name` NULL: the first from that number on. */
int launcher_kept(struct launcher *launcher, const char *name, uint32_t from, struct launcher_kept *ret_kept, struct error *err) must_check;
/* A keeper for it, with its channel; `groups` that its user has now. */
int launcher_again(struct launcher *launcher, const char *name, const gid_t *groups, size_t count, int channel, struct launcher_keeper *ret_keeper,
                   struct error *err) must_check;

/* `group` NULL: a keeper's own container. */
int launcher_order(struct launcher *launcher, const char *group, const char *id, enum tier_order order, struct error *err) must_check;
int launcher_count(struct launcher *launcher, const char *group, const char *id, struct launch_counts *ret_counts,
                   struct error *err) must_check;

/* One record and its answer, as it is; for tests, too. *ret_fd (NULL = none may come): -1 = none. */
int launcher_ask(struct launcher *launcher, const struct launch_request *request, const int *fds, size_t count,
                 struct launch_reply *ret_reply, int *ret_fd, struct error *err) must_check;

#endif
