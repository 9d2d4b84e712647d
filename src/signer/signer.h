/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer: holds the authority's keys and each container's own, and signs for containers by what their keepers ask. No key leaves
 * it. It believes cordond about which keeper is whose, and a keeper about which containers are its own, within that name alone.
 */
#ifndef CORDON_SIGNER_SIGNER_H
#define CORDON_SIGNER_SIGNER_H

#include <time.h>

#include "base/hash.h"
#include "identity/exchange.h"
#include "protocol/socket.h"
#include "worker/loop.h"

#define SIGNER_CONNECTIONS_MAX 4096
#define SIGNER_CONNECTIONS_USER 1024
#define SIGNER_CONTAINERS_MAX  8192
#define SIGNER_USER_MAX        6000 /* containers of one person */
#define SIGNER_BUCKETS         4096
#define SIGNER_BURST           200 /* signatures of one container at once, */
#define SIGNER_PER_SECOND      100 /* and then so many */
#define SIGNER_STEP_MS         60000

struct signer_container {
    struct identity_name name;
    char text[IDENTITY_TEXT_SIZE];
    struct signer_connection *of;
    EVP_PKEY *key; /* made when it is first needed */
    X509 *certificate;
    time_t renew;
    json_t *facts;
    char *allowed[TOKEN_AUDIENCES_MAX];
    size_t allowed_count;
    bool is_restricted; /* to these */
    uint64_t tokens, filled_ns;
    uint64_t told_ns;    /* when the second began in which cordond was told of it so often, */
    unsigned told, untold; /* and what it was not told since */
    struct signer_container *next; /* in its bucket */
};

struct signer_told;

struct signer_connection {
    struct signer *signer;
    struct loop_watch watch;
    struct identity_name within;
    bool is_control;
    struct signer_connection *next;
};

struct signer {
    struct issuer *issuer;
    struct loop *loop;
    struct loop_timer timer;
    struct hash_secret secret;
    struct signer_container *buckets[SIGNER_BUCKETS];
    struct signer_connection *connections;
    size_t container_count, connection_count;
    uint64_t signed_count, refused_count;
    bool is_system;
    struct loop_watch listener; /* fd -1 = it has the one control connection that it began with */
    uid_t control_uid;          /* whose connections to it are cordond's */
    struct signer_connection *hearer; /* cordond's, which is told what is done; NULL = nobody asked */
    struct signer_told *told, **told_end;
    size_t told_count;
    uint64_t told_lost; /* since the last one that found room */
    bool is_single, has_served; /* it is one container's: whoever started it names one connection, once */
    time_t (*now)(void);
    struct protocol_received received; /* one at a time */
};

/* table.c: who is there */
struct signer_container *signer_find(struct signer *signer, const char *text);
int signer_add(struct signer_connection *connection, const struct protocol_message *message, struct error *err) must_check;
/* Its key is destroyed with it. */
void signer_remove(struct signer *signer, struct signer_container *container);
void signer_remove_all(struct signer *signer, const struct signer_connection *of);

/* answer.c: what a container asks for, into `text`. */
int signer_answer(struct signer *signer, struct signer_container *container, const struct protocol_message *message, struct text *text,
                  time_t *ret_until, struct error *err) must_check;

/* told.c: what was done, for the audit log; nobody waits for who hears it. `container` NULL: the authority itself. */
#define SIGNER_TOLD_MAX        256
#define SIGNER_TOLD_PER_SECOND 20 /* of one container; the others are counted */
struct signer_note {
    const char *code; /* "issued", "renewed", "exchanged", "signed", "refused", "rotated", "destroyed" */
    const char *what;                       /* of the question; NULL = none */
    const struct protocol_message *question; /* whose audiences count; NULL = none */
    const char *serial;                     /* NULL = it has none */
    time_t until;                           /* 0 = it does not say */
    const struct error *why;                /* refused */
};
void signer_tell(struct signer *signer, struct signer_container *container, const struct signer_note *note);
void signer_hear(struct signer *signer, struct signer_connection *hearer);
void signer_hear_no_more(struct signer *signer, const struct signer_connection *connection);
void signer_told_flush(struct signer *signer);
/* What nobody has heard is forgotten. */
void signer_told_forget(struct signer *signer);

/* serve.c: connections. cordond's end ends the signer, unless it listens for the next cordond. */
int signer_connect(struct signer *signer, int fd, const struct identity_name *within, bool is_control, struct error *err) must_check;
/* Take cordond's connections from this listening socket, which is closed with the signer. */
int signer_listen(struct signer *signer, int fd, uid_t control_uid, struct error *err) must_check;
/* One message of a connection. false: it is to be closed. */
bool signer_step(struct signer_connection *connection);
void signer_close(struct signer_connection *connection);

/* confine.c: files below this directory, a list of system calls, and nothing else. */
int signer_confine(const char *directory, struct error *err) must_check;

#endif
