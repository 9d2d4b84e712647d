/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The half of cordon-sensord that reads: what programs name, and what listeners ask. It holds nothing but sockets, and speaks with
 * the other half, which holds the right to change the machine's audit and reads nothing of anybody else's, by these words.
 */
#ifndef CORDON_SENSOR_MACHINE_H
#define CORDON_SENSOR_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum machine_word_type {
    /* to the other half */
    MACHINE_READY = 1,
    MACHINE_ASK,    /* how the kernel's audit is */
    MACHINE_YIELD,  /* somebody wants to register as the reader */
    MACHINE_RULES,  /* somebody set rules */
    /* from it */
    MACHINE_STATUS, /* the kernel's */
};

struct machine_word {
    uint32_t type;
    uint32_t lost; /* STATUS: since boot */
    uint32_t is_on;
};

struct machine_settings {
    int audit, listen, channel; /* SOCK_SEQPACKET, to the other half */
    uint32_t daemon_uid;        /* who may announce containers, beside root; SENSOR_NO_UID = nobody */
    uint32_t login_uid_least, login_uid_most;
    bool tells_domains; /* the kernel tells of Landlock */
    bool names_calls; /* rules by login uid are set: nothing but gaps says what is missing of these */
};

/* Confine this process and serve until the other half is gone. 0 or -errno. */
int machine_serve(const struct machine_settings *settings, struct error *err) must_check;

#endif
