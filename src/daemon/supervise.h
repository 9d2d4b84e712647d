/* SPDX-License-Identifier: Apache-2.0 */
/* All of the system's service without systemd: each part as the user and with the sockets that its unit gives it (packaging/systemd). */
#ifndef CORDON_DAEMON_SUPERVISE_H
#define CORDON_DAEMON_SUPERVISE_H

struct supervision {
    const char *runtime;        /* /run/cordon */
    const char *state;          /* /var/lib/cordon */
    const char *cgroup;         /* /cordon: where keepers and containers are, in each hierarchy */
    const char *keeper_program; /* beside which, or in whose build tree, the others are */
};

/* As root, until SIGTERM. The process's exit status. */
int supervise(const struct supervision *supervision);

#endif
