/* SPDX-License-Identifier: Apache-2.0 */
/* Whose keepers keep containers on disk, and are started again without a client. */
#ifndef CORDON_LAUNCHER_KEPT_H
#define CORDON_LAUNCHER_KEPT_H

#include "launcher/server.h"

#define KEPT_MAX           4096
#define KEPT_OF_CALLER_MAX 100 /* less than keepers, so that something else can be run */

/* A key of a caller's. */
struct kept {
    struct kept *next;
    char name[LAUNCH_GROUP_SIZE]; /* of its record, and what cordond calls it */
    uint32_t uid, gid;
    unsigned char key[LAUNCH_KEY_SIZE];
    bool is_wanted;  /* there may be something that no keeper has, */
    uint64_t wanted_ns; /* since then; 0 = since before this launcher */
    unsigned tries;  /* to start one, since one stood */
    uint64_t due_ns; /* not before */
};

/* Below the launcher's state: records, and callers' directories. Before rights are given up. */
int kept_open(struct server *server, const char *state, struct error *err) must_check;
/* Behind records_load(). */
int kept_load(struct server *server, struct error *err) must_check;

/* What a keeper says of its key. KEEPS: its record is on the disk. */
int kept_say(struct server *server, struct group *group, const unsigned char key[LAUNCH_KEY_SIZE], enum launch_keeping what, struct error *err) must_check;
/* This one has ended. */
void kept_left(struct group *group);

struct kept *kept_find(const struct server *server, const char *name);
/* The first from that number on that waits for a keeper; NULL = none. *ret_wait_ns: until one does; UINT64_MAX = for ever. */
void kept_next(struct server *server, uint32_t from, struct kept **ret_kept, uint32_t *ret_next, uint64_t *ret_wait_ns);
/* As whom its keeper is to be started: who it was, with no group that its user has not now, by the request. */
int kept_read(const struct server *server, const struct kept *kept, const struct launch_request *request, struct peer *ret_peer, struct hand_manner *ret_manner,
              struct error *err) must_check;
/* `group` NULL: it could not be. */
void kept_tried(struct server *server, struct kept *kept, struct group *group);

#endif
