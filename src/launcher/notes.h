/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the launcher did, for the audit log: fixed records that it sends to the connection of cordond's that asked to hear them (LAUNCH_HEAR), and nothing
 * is heard there any more. Nobody is waited for: what is not taken is kept in a ring, and what finds no room there is counted, and the count is told.
 */
#ifndef CORDON_LAUNCHER_NOTES_H
#define CORDON_LAUNCHER_NOTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launcher/launch.h"

#define NOTES_MAX          512
#define NOTES_REFUSED_MAX  16 /* a second, of what no keeper asked */

struct server;
struct source;
struct group;
struct container;

/* Zeroed, it takes nothing. */
struct notes {
    struct launch_note *ring; /* NOTES_MAX */
    size_t first, count;
    uint64_t lost;      /* since the last one that found room */
    struct source *hearer; /* NULL = nobody asked */
    bool is_full;       /* its queue: the loop says when there is room */
    uint64_t second_ns; /* of refusals without a keeper: when the second began, */
    unsigned refused, untold; /* how many were told in it, and how many were not, since */
};

int notes_open(struct notes *notes, struct error *err) must_check;
/* It begins; which uids it has to give. */
void notes_began(struct server *server);
/* From now on these are told to this connection. */
void notes_hear(struct server *server, struct source *hearer);
/* What waits, as far as it is taken. After each round of the loop. */
void notes_flush(struct server *server);
/* This connection is closed. */
void notes_forget(struct server *server, const struct source *source);

void notes_keeper(struct server *server, enum launch_noted kind, const struct group *group);
/* A block of uids is this user's from now on, for ever. */
void notes_owned(struct server *server, uint32_t user, uint32_t first, uint32_t count);
/* `reply`: what it was given (NULL: it is taken back). */
void notes_container(struct server *server, enum launch_noted kind, const struct container *container, const struct launch_reply *reply);
/* `group` NULL: no keeper's. `user`: UINT32_MAX = not known. `id` may hold anything. */
void notes_refused(struct server *server, struct group *group, uint32_t user, uint32_t type, const char *id, const struct error *why);

#endif
