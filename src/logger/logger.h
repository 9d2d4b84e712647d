/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of cordon-logger: connections, and what they may do. */
#ifndef CORDON_LOGGER_LOGGER_H
#define CORDON_LOGGER_LOGGER_H

#include <stdbool.h>

#include "audit/log.h"
#include "protocol/socket.h"

#define LOGGER_CONNECTIONS_MAX 4096
#define LOGGER_USER_MAX        1024 /* writers of one uid */
#define LOGGER_ROUND_MAX       64   /* messages of one connection in a row */
#define LOGGER_BODIES_MAX      ((size_t)8 << 20)

/* Records that were received and not yet all taken: a writer that has to wait is not read meanwhile. */
struct logger_batch {
    unsigned char *bytes; /* NULL = nothing waits */
    const unsigned char *bodies;
    size_t size, at;
    uint64_t number; /* of the next of them */
    uint64_t left;
    struct stamp_label label; /* the connection's, with who acts in these */
};

struct logger_connection {
    int fd; /* -1 = free */
    bool is_control; /* cordond's; else a writer's */
    enum protocol_state state;
    struct stamp_label label;
    bool names; /* it may say which agent of its user acts, or that the user does */
    struct logger_batch batch;
    uint64_t pending; /* the last number that was taken; 0 = nothing that was not acknowledged */
    bool is_waiting;  /* not read until the next second */
};

struct logger {
    struct log *log;
    char key_text[NOTE_KEY_TEXT_SIZE];
    int epoll, listener; /* listener: -1 = none */
    uid_t control_uid;   /* beside this process's own and root's: who may be cordond */
    struct logger_connection *connections;
    unsigned count, highest;
    struct protocol_received received;
    bool is_ending, is_broken;
};

/* ---- connections.c ---- */

int logger_add(struct logger *logger, int fd, bool is_control, const struct stamp_label *label, bool names, struct error *err) must_check;
void logger_remove(struct logger *logger, struct logger_connection *connection);
void logger_accept(struct logger *logger);
/* Read it again, or not until logger_tick(). */
void logger_listen_to(struct logger *logger, struct logger_connection *connection, bool is_heard);

/* ---- serve.c ---- */

/* What came on this connection. Closes it when it is to end. */
void logger_serve(struct logger *logger, struct logger_connection *connection);
/* All that was taken is durable: so say to each. */
void logger_commit(struct logger *logger);
/* A second has passed. */
void logger_tick(struct logger *logger);

/* ---- confine.c ---- */

int logger_shut_files(const char *directory, struct error *err) must_check;
int logger_shut_calls(struct error *err) must_check;

#endif
