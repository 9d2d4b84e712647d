/* SPDX-License-Identifier: Apache-2.0 */
/* What the program gets as 0, 1 and 2, and what stays on this side. */
#ifndef CORDON_SDK_STREAMS_H
#define CORDON_SDK_STREAMS_H

#include "sdk/relay.h"
#include "sdk/request.h"

struct streams {
    bool is_open[3];  /* were the caller's 0, 1, 2 open before anything was opened here? */
    int inside[3];    /* for the program; -1 = /dev/null */
    bool is_owned[3]; /* made here: to be closed after the start */
    int outside[3];   /* the caller's ends of pipes, -1 = none */
    struct relay relays[2];
    struct capture captures[2];
};

#define STREAMS_INIT                                                                               \
    ((struct streams){                                                                             \
        .inside = {-1, -1, -1}, .outside = {-1, -1, -1}, .relays = {RELAY_INIT, RELAY_INIT}})

/*
 * Look which standard streams the caller has. To be asked before anything else is opened: what is
 * opened later may get the number of one that is closed, and is not for the program.
 */
void streams_look(struct streams *streams);

/* The descriptor of the caller's that the request means for stream `i`, -1 for none. */
int streams_target(const struct streams *streams, const struct cordon_request *request, int i);

/*
 * `is_counted`: an output limit holds, so that all output has to pass through here. `is_nested`: nothing but the file's own
 * mode would keep the program from opening a file that it may only write once more and reading it.
 */
int streams_open(struct streams *streams, const struct cordon_request *request, bool is_counted, bool is_nested,
                 struct error *err) must_check;

/* What is wrong with them. Before anything is opened here, so that a number means what the caller means by it. */
int streams_check(const struct cordon_request *request, struct error *err) must_check;

/* Output to a terminal that is handed over reaches it as it is: the record says so ("own", "caller", "none"). */
const char *streams_terminal(const struct streams *streams, const struct cordon_request *request);

/* The program has its ends now: close ours of them, so that pipes can end. */
void streams_close_inside(struct streams *streams);

void streams_close(struct streams *streams);

#endif
