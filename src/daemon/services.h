/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts beside cordond (the logger, ...) as the core has them: one control connection to each, and for each keeper a connection of its own to each,
 * which the core labels: what a keeper may do there is settled here, not by what the keeper says. How to add one: README.md.
 */
#ifndef CORDON_DAEMON_SERVICES_H
#define CORDON_DAEMON_SERVICES_H

#include "daemon/daemon.h"

struct service;

struct service_kind {
    const char *name; /* as parts.c has it */
    bool needs_pid;   /* it knows a keeper by its process */
    /* The first words on a new control connection. NULL = there are none, and it is ready. */
    int (*begin)(struct service *service, struct error *err);
    /* One that speaks the protocol: who it is there, what becomes of a message that it may say, and what it refuses where it says FAILED. */
    enum protocol_role speaker;
    void (*heard)(struct service *service, const struct protocol_message *message);
    const char *refuses;
    /* Another one: what there is to be read: 1; 0 = it is gone, -EAGAIN, or what ends the connection. */
    int (*hear)(struct service *service, struct error *err);
    /* Hand it `fd`, the other end of which is going to be this keeper's. -EAGAIN: later. NULL = keepers have nothing to do with it here. */
    int (*hand)(struct service *service, const struct keeper *keeper, int fd, struct error *err);
};

struct service {
    const struct service_kind *kind;
    struct core *core;
    struct loop_watch watch; /* fd = -1: no connection */
    struct loop_timer again; /* connect, or hand out what could not be */
    unsigned number, delay_ms;
    bool is_ready;
    char why[256]; /* it is not */
    char machine[1024];  /* the signer's: within which name all others are, */
    char protection[17]; /* and what keeps its keys */
};

struct services;

int services_begin(struct core *core, struct error *err) must_check;
/* PART_IS, NO_PART. */
void services_heard(struct core *core, struct protocol_received *received);
/* It has joined: its connections to all that are ready. */
void services_serve(struct core *core, struct keeper *keeper);
/* SERVICE_GONE. */
void services_serve_again(struct core *core, struct keeper *keeper, const char *name);
/* WRITE_FOR: this keeper tells the log what another one of its user's, which has ended, could not. */
int services_write_for(struct core *core, struct keeper *keeper, const char *id, struct error *err) must_check;
/* TELL_LOG: *ret_fd is this client's connection to the log. ERROR_SYSTEM: the log is not there. */
int services_tell_log(struct core *core, uid_t uid, gid_t gid, int *ret_fd, struct error *err) must_check;
/* One SERVICE each, and what the signer says of its keys. */
void services_tell(const struct core *core, struct protocol_out *out);

/* From now on keepers get connections to it; but for one without `begin`, called by heard(). Again: nothing. */
void service_ready(struct service *service);
/* For hear(): a record of a fixed size, with its results. */
int service_receive(const struct service *service, void *ret_record, size_t size, struct error *err) must_check;

/* service_logger.c */
extern const struct service_kind service_logger;
/* service_signer.c */
extern const struct service_kind service_signer;
/* For cordond's own records, or those of a part that writes none itself: under that name, with this id. */
int service_logger_hand_own(struct service *service, const char *name, const char *id, int fd, struct error *err) must_check;
/* A person's, likewise. */
int service_logger_hand_person(struct service *service, uid_t uid, gid_t gid, const char *id, int fd, struct error *err) must_check;
/* own.c */
int own_connect(struct core *core, struct service *logger, struct error *err) must_check;
/* As `hand`, under the name that the keeper with this id had. */
int service_logger_hand_for(struct service *service, const struct keeper *keeper, const char *id, int fd, struct error *err) must_check;
/* service_sensor.c */
extern const struct service_kind service_sensor;
/* service_launcher.c: what it does is heard, and nothing asked */
extern const struct service_kind service_launcher;

#endif
