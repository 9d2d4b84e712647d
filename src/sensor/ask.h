/* SPDX-License-Identifier: Apache-2.0 */
/* What connections ask of cordon-sensord, and who may: by the kernel's word on who connected. */
#ifndef CORDON_SENSOR_ASK_H
#define CORDON_SENSOR_ASK_H

#include "sensor/listeners.h"

struct ask {
    int listen, epoll;
    uint32_t daemon_uid;
    bool tells_domains; /* the kernel tells of Landlock */
    struct listeners *listeners;
};

/* Those that wait to be let in: 0, or -errno when the socket is broken. */
int ask_accept(struct ask *ask) must_check;

/* A listener has said something, or is gone: then it is marked so. */
void ask_hear(struct ask *ask, uint32_t number);

#endif
