/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other end of a local socket, by what the kernel says and nothing else. */
#ifndef CORDON_PROTOCOL_PEER_H
#define CORDON_PROTOCOL_PEER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/error.h"

struct peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    int pidfd; /* of the process that connected, as long as that lives */
    bool is_by_kernel; /* pidfd came with the socket (6.5); else it was opened by number, and proven to be the same user's */
};

#define PEER_INIT ((struct peer){.pidfd = -1})

/* Of a connected AF_UNIX socket, at the time of connect() or socketpair(). ERROR_FORBIDDEN: it is gone already. */
int peer_open(int socket, struct peer *ret_peer, struct error *err) must_check;
void peer_close(struct peer *peer);
/* Is this one of two sockets that socketpair() made? Whom the kernel names at the end of a connection is who listens, not who has accepted it. */
bool peer_is_of_pair(int socket);

/* Does the process still run? */
bool peer_is_there(const struct peer *peer);

/*
 * Is it held back by something that this process is not: no_new_privs, a filter of system calls, other namespaces? Whoever
 * serves it would give it back what was taken from it. ERROR_FORBIDDEN says which; 0 = no. `names_namespaces`: compare them too,
 * which needs the right to trace it.
 */
int peer_check_free(const struct peer *peer, bool names_namespaces, struct error *err) must_check;

#define PEER_NAMESPACES      7
#define PEER_CAPABILITY_SETS 3

/* What this process is in and may do, as /proc shows it. It holds for as long as the process does not change it. */
struct peer_self {
    struct peer_namespaces {
        char links[PEER_NAMESPACES][64]; /* "mnt:[4026531840]" */
    } namespaces;
    struct peer_capabilities {
        char sets[PEER_CAPABILITY_SETS][40]; /* "CapPrm:\t0000000000000000" */
    } capabilities;
};
int peer_look_at_self(struct peer_self *ret_self, struct error *err) must_check;

/*
 * Has it, of this connected socket, just what this process has: groups, capabilities, namespaces? Then whatever this process does for it, it
 * could do itself. ERROR_FORBIDDEN says what differs.
 */
int peer_check_like_me(const struct peer *peer, int socket, const struct peer_self *self, struct error *err) must_check;

/* The id of the cgroup that it is in, of the first hierarchy ("0::/..." where there is one of v2): at most `size` bytes. */
int peer_cgroup(const struct peer *peer, char *ret_path, size_t size, struct error *err) must_check;

#endif
