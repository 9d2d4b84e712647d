/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordon-gateway and whoever started it tell each other, over one SOCK_SEQPACKET pair that is also the lifeline: its
 * end ends the gateway. Fixed-size records of one machine; text is NUL-terminated and cut when too long.
 *
 *   starter                            gateway
 *   RULES (memfd with net_rules) ->
 *   ATTACH (network namespace)   ->    enters it, makes the routes, rules and listeners, gives up every right
 *                                <-    READY, or ERROR and its end
 *   RULES (at any time)          ->    judges anew, closes what is now refused
 *                                <-    APPLIED, or ERROR: the former rules still hold
 *                                <-    EVENT (any number; what finds no room is counted)
 */
#ifndef CORDON_GATEWAY_WIRE_H
#define CORDON_GATEWAY_WIRE_H

#include <stdint.h>

#define GATEWAY_CHANNEL 3 /* the descriptor under which the gateway has its end */

enum gateway_message_type {
    GATEWAY_RULES = 1,   /* SCM_RIGHTS: a sealed memfd, as net_rules_write() made it */
    GATEWAY_ATTACH = 2,  /* SCM_RIGHTS: a network namespace; the gateway enters the user namespace that owns it */
    GATEWAY_READY = 3,
    GATEWAY_APPLIED = 4,
    GATEWAY_ERROR = 5,
    GATEWAY_EVENT = 6,
};

enum gateway_event_kind {
    GATEWAY_CONNECTED = 1, /* permitted, and the other side answered */
    GATEWAY_CLOSED,        /* what was connected has ended: bytes, duration */
    GATEWAY_DENIED,        /* a connection or datagram */
    GATEWAY_FAILED,        /* permitted, and it could not be made: errnum */
    GATEWAY_NAME_DENIED,   /* a question for a name */
    GATEWAY_LOST,          /* `count` events found no room */
};

struct gateway_message {
    uint32_t type;
    uint32_t kind;     /* GATEWAY_EVENT: enum gateway_event_kind; GATEWAY_ERROR: enum error_kind */
    int32_t errnum;    /* positive errno, 0 = none */
    uint32_t protocol; /* enum net_protocol */
    uint32_t reason;   /* enum net_reason */
    uint16_t port;
    uint16_t family; /* AF_INET, AF_INET6; 0 = no address */
    uint8_t address[16];
    uint64_t connection; /* the same for what belongs together; from 1 */
    uint64_t bytes_up, bytes_down;
    uint64_t duration_us;
    uint64_t count;
    char name[256];  /* what it was asked or known for; empty = none */
    char where[256]; /* of the rule that decided; GATEWAY_ERROR: what could not be done */
};

#endif
