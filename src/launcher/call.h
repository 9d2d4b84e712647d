/* SPDX-License-Identifier: Apache-2.0 */
/* One request while it is served. Which there are, and who may ask, is in requests.c; those that have something started are served in starts.c. */
#ifndef CORDON_LAUNCHER_CALL_H
#define CORDON_LAUNCHER_CALL_H

#include "launcher/server.h"

struct call {
    struct server *server;
    struct source *from;
    const struct launch_request *request;
    int *fds;
    size_t count;
    struct group *group;         /* where the row asks for one */
    struct container *container; /* likewise */
    uint32_t user;               /* of whom it is about, where no group says it; UINT32_MAX = nobody */
    struct launch_reply *reply;
    int *ret_fd;
    bool has_ordered; /* something of the hand, whose number is used until the request is served */
};

/* starts.c */
int serve_keeper(struct call *call, struct error *err) must_check;
int serve_again(struct call *call, struct error *err) must_check;
int serve_spawn(struct call *call, struct error *err) must_check;
int serve_nester(struct call *call, struct error *err) must_check;
/* For the id maps of its mounts: once for each container. */
int namespace_make(struct call *call, struct error *err) must_check;

#endif
