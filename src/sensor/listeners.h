/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who hears what: containers by what marks their processes, users by who they are. Nobody is waited for: what finds no room in a
 * listener's socket is counted and told when there is.
 */
#ifndef CORDON_SENSOR_LISTENERS_H
#define CORDON_SENSOR_LISTENERS_H

#include <stdbool.h>

#include "base/error.h"
#include "sensor/fold.h"
#include "sensor/sensor.h"

#define LISTENERS_MAX        16384u
#define LISTENERS_ASKING_MAX 1024u /* connections; the rest are containers' */
#define LISTENERS_USER_MAX   128u  /* connections of one user other than root */
#define LISTENERS_OWNER_MAX  8192u /* containers that one user's keepers announce; as many as cordond lets him have */

enum listener_kind {
    LISTENER_NEW = 1, /* has not asked yet */
    LISTENER_MINE,
    LISTENER_ALL,
    LISTENER_CONTROL, /* announces containers, hears gaps */
    LISTENER_CONTAINER,
    LISTENER_KEEPER, /* announces containers of its own control group */
};

struct listener {
    int fd;
    enum listener_kind kind; /* 0 = free */
    uint32_t uid;            /* the peer's; CONTAINER, KEEPER: its owner's */
    uint32_t pid;            /* MINE: 0 = whatever its user made */
    uint32_t login_uid;      /* CONTAINER */
    uint32_t next;           /* CONTAINER: with the same hash of login_uid; 0 = none */
    bool is_gone;            /* to be removed */
    char *cgroup;            /* CONTAINER; NULL = none. KEEPER: that of all its containers */
    uint64_t lost;           /* what found no room */
};

struct listeners;

int listeners_new(struct listeners **ret_listeners, struct error *err) must_check;
void listeners_free(struct listeners *listeners);
void listeners_free_at(struct listeners **listeners);
#define auto_listeners cleanup_with(listeners_free_at)

/* Takes the descriptor. -ENOSPC: there are as many as may be, of all or of that user. */
int listeners_add(struct listeners *listeners, int fd, uint32_t uid, uint32_t *ret_number) must_check;

/* A container's, which takes the descriptor. -EEXIST: another one has that login uid; -EINVAL: nothing marks it; -ENOSPC, -ENOMEM. */
int listeners_announce(struct listeners *listeners, int fd, const struct sensor_ask *ask, uint32_t *ret_number) must_check;
/* How many containers are announced as this user's. */
uint32_t listeners_of_owner(const struct listeners *listeners, uint32_t owner);

/* A keeper's, which takes the descriptor. -ENOSPC, -ENOMEM. */
int listeners_add_keeper(struct listeners *listeners, int fd, uint32_t owner, const char *cgroup, uint32_t *ret_number) must_check;

/* From 1 on; NULL = free. */
struct listener *listeners_at(struct listeners *listeners, uint32_t number);
void listeners_remove(struct listeners *listeners, uint32_t number);
/* It is told nothing more, and goes when nothing is under way that has its number. */
void listeners_mark_gone(struct listeners *listeners, uint32_t number);
/* One that is gone, until there is none (0). */
uint32_t listeners_gone(struct listeners *listeners);

/* The container of a login uid, of the process that made its domain, of a cgroup (or one below); 0 = none. */
uint32_t listeners_of_login(const struct listeners *listeners, uint32_t login_uid);
uint32_t listeners_of_maker(const struct listeners *listeners, uint32_t pid);
uint32_t listeners_of_cgroup(const struct listeners *listeners, const char *path, size_t length);
bool listeners_has_cgroups(const struct listeners *listeners);

/* Whenever the answers above may have become others. */
uint64_t listeners_generation(const struct listeners *listeners);
void listeners_changed(struct listeners *listeners);

/* Does anybody hear of all, or of what this user's domains are refused? */
bool listeners_hear_user(const struct listeners *listeners, uint32_t uid);
bool listeners_hear_all(const struct listeners *listeners);

/* To each whom it concerns. Never fails: who cannot be told is counted, or gone. */
void listeners_tell(struct listeners *listeners, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe);
/* A gap to who hears of all; and to everybody else where nothing but this says that something is missing. */
void listeners_tell_gap(struct listeners *listeners, enum sensor_gap gap, uint64_t count, bool to_everybody);
void listeners_say(struct listeners *listeners, uint32_t number, const struct sensor_told *told);

/* What found no room before. */
void listeners_tell_lost(struct listeners *listeners);

#endif
