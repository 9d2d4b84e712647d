/* SPDX-License-Identifier: Apache-2.0 */
/* Inside remote*.c. */
#ifndef CORDON_SDK_REMOTE_INSIDE_H
#define CORDON_SDK_REMOTE_INSIDE_H

#include "protocol/socket.h"
#include "sdk/remote.h"

struct remote {
    int socket;  /* to the keeper */
    int control; /* to cordond, until the keeper has taken it */
    int request, cwd; /* what it will be told, written while nobody answers yet; -1 = not yet */
    int tty;
    int watch;   /* `socket` and those of programs, of a container that programs are executed in; -1 = it is none */
    pid_t pid;
    uint64_t number; /* of a program */
    char id[CORDON_RUN_SIZE];
    bool is_of_machine; /* whoever hands this client on is neither it nor its keeper */
    bool is_visitor;    /* root's may be at another user's keeper */
    bool is_met;        /* `socket` is of a pair that the keeper made */
    bool is_taken, is_started, may_write_clipboard;
    uint64_t given_up_ns; /* since when the keeper knows that the launch is to be given up; 0 = it is not */
    bool was_dropped; /* whoever had it ended before it took it: nothing was begun */
    bool wants_fd; /* of the answer that is waited for */
    bool is_reviewed, is_over, has_changes;
    uint32_t last_request;
    struct cordon_status status;
    char *findings, *findings_json, *denials;
    uint64_t denial_count, changes;
    unsigned char *question; /* the message that the approval's texts are in */
    struct cordon_approval approval;
    uint64_t asked_ns;
    bool is_asked;
    struct error failure; /* kind NONE = none */
    struct protocol_received received; /* the last: remote_new() */
};

/* The next message, waited for until there is one or `until_fd` (-1 = none) is readable: 1, 0 = the keeper is gone, -ECANCELED, -errno. */
int remote_hear(struct remote *remote, struct error *err) must_check;

void remote_add_until(struct protocol_out *out, const struct until *until);

/* The door is open: tell what is wanted, and wait for it. */
struct remote *remote_new(void);
int remote_ask_for(struct remote *remote, struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;
/*
 * Until `*is_there`, a member of `remote`: -ECANCELED where the request's caller gives up first. What the keeper has begun by then goes on, and is there.
 */
int remote_await(struct remote *remote, const struct cordon_request *request, const bool *is_there, struct error *err) must_check;
/* One descriptor for it and for its programs. */
int remote_watch(struct remote *remote, int fd, struct error *err) must_check;

#endif
