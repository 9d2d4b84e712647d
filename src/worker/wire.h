/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the workers of a container (cordon-gateway, cordon-inspector, cordon-holder) and whoever started them tell each
 * other, over SOCK_SEQPACKET pairs. The pair to the starter is also the lifeline: its end ends the worker. Fixed-size
 * records of one machine; text is NUL-terminated and cut when too long.
 *
 *   starter                             gateway
 *   RULES (memfd with net_rules)  ->
 *   INSPECTOR (a socket)          ->    where a rule is about requests
 *   ATTACH (network namespace)    ->    enters it, makes the routes, rules and listeners, gives up every right
 *                                 <-    READY, or ERROR and its end
 *   RULES (at any time)           ->    judges anew, closes what is now refused
 *                                 <-    APPLIED, or ERROR: the former rules still hold
 *                                 <-    EVENT (any number; what finds no room is counted)
 *                                 <-    HELD: no rule grants this connection, and nothing of it goes on until there is an answer;
 *                                       with name or address, port, protocol, pid, program (where RULES said ASKED)
 *   ANSWER (connection)           ->    kind = enum worker_answer, count = the layers that are to grant it, a bit each;
 *                                       duration_us = for so long, 0 = as long as the connection lives
 *                                       kind = enum worker_held: RECORD (where RULES said LOGGED): a rule grants it, and it goes on when it is in the log
 *                                 <-    UNHELD (connection): nobody waits for an answer any more
 *
 *   Rules that need more routes or ports than were captured are refused (ERROR_UNENFORCEABLE), and nothing has changed. Then
 *   a second cordon-gateway, which has the rights that the first gave up, and ends with its answer:
 *   starter                             gateway
 *   CAPTURE (network namespace)   ->
 *   RULES                         ->
 *                                 <-    READY, or ERROR
 *   and the first gets RULES again, with kind = WORKER_RULES_CAPTURED.
 *
 *   starter                             inspector
 *   RULES                         ->
 *   SECRETS (memfd, no values)    ->    where there are any
 *   TRUST (memfd with PEM)        ->    whom it believes upstream; kind = so many of them, the first, are looked at before READY
 *   GATEWAY (a socket)            ->    flows and rules come by it, events go by it
 *   HOLDER (a socket)             ->    where there are secrets
 *   BEGIN                         ->    gives up every right
 *                                 <-    READY (memfd with the container's own authority, PEM), or ERROR and its end
 *
 *   gateway                             inspector
 *   COUNTERS (memfd)              ->    before anything else: worker/budget.h
 *   FLOW (program's socket, server's) -> both belong to it from here on, nothing of either has been read. With
 *                                        protocol, address and port that were dialled, connection, pid, program,
 *                                        where (of the rule), is_tls, is_terminated, kind = enum worker_flow_flag,
 *                                        name = what it said of itself (SNI, Host), empty = it named an address or nobody.
 *                                        CONNECTED and CLOSED of this connection are the inspector's to tell.
 *   RULES                         ->
 *                                 <-    APPLIED, or ERROR: the former rules still hold
 *                                 <-    EVENT: of each connection any number, CLOSED, FAILED or DENIED once and last: that one
 *                                       is not among those that are lost, the gateway counts connections by it. The
 *                                       gateway adds what it knows itself (address, port, pid, program, the name that was
 *                                       said) and drops what is about no connection.
 *
 *   starter                             holder
 *   SECRETS (memfd with values)   ->
 *   TRUST                         ->
 *   INSPECTOR (a socket)          ->
 *   BEGIN                         ->    gives up every right
 *                                 <-    READY, or ERROR and its end
 *
 *   inspector                           holder
 *   FLOW (a stream to itself, server's) -> src/inspect/hold.h is spoken on the stream
 */
#ifndef CORDON_WORKER_WIRE_H
#define CORDON_WORKER_WIRE_H

#include <stdint.h>

#define WORKER_CHANNEL 3 /* the descriptor under which a worker has its end */

enum worker_message_type {
    WORKER_RULES = 1,   /* SCM_RIGHTS: a sealed memfd, as net_rules_write() made it */
    WORKER_ATTACH = 2,  /* SCM_RIGHTS: a network namespace; the gateway enters the user namespace that owns it */
    WORKER_READY = 3,
    WORKER_APPLIED = 4,
    WORKER_ERROR = 5,
    WORKER_EVENT = 6,
    WORKER_FLOW = 7,      /* SCM_RIGHTS: two sockets, connected */
    WORKER_INSPECTOR = 8, /* SCM_RIGHTS: one end of a SOCK_SEQPACKET pair; so do GATEWAY and HOLDER */
    WORKER_GATEWAY = 9,
    WORKER_HOLDER = 10,
    WORKER_SECRETS = 11, /* SCM_RIGHTS: a sealed memfd, as net_secrets_write() made it */
    WORKER_TRUST = 12,   /* SCM_RIGHTS: a sealed memfd with certificates, PEM */
    WORKER_BEGIN = 13,
    WORKER_CAPTURE = 15,  /* SCM_RIGHTS: a network namespace whose routes and filter are to be made for other rules */
    WORKER_COUNTERS = 14, /* SCM_RIGHTS: a memfd with the counters of all budgets (worker/budget.h) */
    WORKER_HELD = 16,
    WORKER_UNHELD = 17,
    WORKER_ANSWER = 18,
};

enum worker_rules_flag {
    WORKER_RULES_CAPTURED = 1, /* routes and filter are made for these */
    WORKER_RULES_ASKED = 2,    /* somebody is asked about what none of them grants */
    WORKER_RULES_LOGGED = 4,   /* what they grant waits until it is recorded */
};

enum worker_held {
    WORKER_HELD_ASK = 0, /* until a person has answered */
    WORKER_HELD_RECORD,  /* until it is recorded */
};

enum worker_answer {
    WORKER_ANSWER_DENY = 0,
    WORKER_ANSWER_ALLOW = 1, /* this one connection */
};

enum worker_flow_flag {
    WORKER_FLOW_GIVEN = 1, /* the address was given to this container for `name` */
    WORKER_FLOW_OWN = 2,   /* it is one of the host's own: net_question.is_own */
};

enum worker_event_kind {
    WORKER_CONNECTED = 1, /* permitted, and the other side answered */
    WORKER_CLOSED,        /* what was connected has ended: bytes, duration */
    WORKER_DENIED,        /* a connection or datagram */
    WORKER_FAILED,        /* permitted, and it could not be made: errnum; path = in words, where the inspector knows more */
    WORKER_NAME_DENIED,   /* a question for a name */
    WORKER_LOST,          /* `count` events found no room */
    WORKER_REQUEST,        /* permitted and sent: method, path, call, tool, count = status of the answer, 0 = none came */
    WORKER_REQUEST_DENIED, /* answered by the inspector: method, path, call, tool, reason, where */
    WORKER_SECRET_DENIED,  /* a placeholder on its way to where it does not belong: the same, and secret */
    WORKER_BUDGET,         /* a budget is used up: where = the budget's, count = the limit, method = which, ends_run */
    WORKER_ENDED,          /* the time of a rule is over: where = the rule's, count = until when, ms since 1970 */
};

struct worker_message {
    uint32_t type;
    uint32_t kind; /* EVENT: enum worker_event_kind; ERROR: enum error_kind; FLOW, RULES: flags; TRUST: a number */
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
    uint32_t pid;     /* of the process inside, in the container's numbers; 0 = not known */
    uint16_t program; /* from 1: of the rules' programs; 0 = none of them */
    uint8_t is_tls;   /* FLOW: the program speaks TLS */
    uint8_t is_terminated;
    uint8_t ends_run; /* BUDGET: the run is to end */
    char name[256];  /* what it was asked or known for; empty = none */
    char where[256]; /* of the rule that decided; WORKER_ERROR: what could not be done */
    char method[24];
    char path[488]; /* without query */
    char call[128]; /* the method that the body calls, where it was judged: the program's words, as the tool is */
    char tool[128];
    char secret[256]; /* its name */
};

#endif
