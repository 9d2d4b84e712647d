/* SPDX-License-Identifier: Apache-2.0 */
/* Who made a socket: only what the kernel says of it, and what follows from that. */
#ifndef CORDON_LAUNCHER_PEER_H
#define CORDON_LAUNCHER_PEER_H

#include <stdbool.h>

#include "launcher/hand.h"

struct peer {
    pid_t pid;
    int pidfd; /* -1 where nothing is held */
    uint32_t uid, gid;
    uint32_t group_count;
    gid_t groups[HAND_GROUPS_MAX];
    uint32_t login_uid; /* UINT32_MAX = none */
};

/* Of a connected socket: who connected, or made the pair. */
int peer_read(int socket, struct peer *ret_peer, struct error *err) must_check;
void peer_finish(struct peer *peer);

/*
 * One end of a pair that its peer made: neither end has a name, so it was never a listener's, whose credentials are not those of who
 * is at the other end. SOCK_SEQPACKET.
 */
int peer_check_pair(int socket, struct error *err) must_check;

/*
 * May something be started for it with the rights that its ids stand for? Not where it has less than that: no_new_privs (Landlock and
 * seccomp need it), a filter, or other namespaces or another root directory than the launcher's. ERROR_FORBIDDEN.
 */
int peer_check_whole(const struct peer *peer, struct error *err) must_check;

/* Limits, priority, processors, umask of a process, and its groups and login uid. It is still the one that its pidfd says. */
int peer_manner(const struct peer *peer, struct hand_manner *ret_manner, struct error *err) must_check;

/* When it began, in clock ticks since the machine did: with the pid it names a process. 0 = it is gone. */
uint64_t peer_started(pid_t pid);

#endif
