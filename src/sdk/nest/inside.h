/* SPDX-License-Identifier: Apache-2.0 */
/* A container inside of this process's own: made and supervised by a nester outside, seen from here through one socket. */
#ifndef CORDON_SDK_NEST_INSIDE_H
#define CORDON_SDK_NEST_INSIDE_H

#include "sdk/nest/wire.h"
#include "sdk/request.h"

struct cordon_container;

struct inside {
    int socket, tty; /* -1 = none */
    char id[NEST_ID_SIZE];
    bool has_ended;
    struct cordon_status status;
};

/* 1 = this process is in no container that has others inside; 0 = started; else why not. */
int inside_start(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err) must_check;

/* Hear of the end: 1 = it has ended and `status` says how, 0 = not yet. */
int inside_hear(struct inside *inside, struct error *err) must_check;

/* Nobody hears it any more where it has gone: then its end comes next. */
void inside_order(const struct inside *inside, enum nest_type type, int value, unsigned short rows, unsigned short columns);

void inside_free(struct inside *inside);

#endif
