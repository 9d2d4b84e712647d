/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request, written from the inspector's records. It writes the frame itself, so that it knows in which field, parameter
 * or body each value goes, and refuses a value wherever its secret may not stand.
 */
#ifndef CORDON_INSPECT_HOLDER_ASK_H
#define CORDON_INSPECT_HOLDER_ASK_H

#include "base/error.h"
#include "inspect/hold.h"
#include "inspect/lane.h"
#include "inspect/queue.h"
#include "net/secrets.h"

enum ask_state { ASK_IDLE, ASK_TARGET, ASK_FIELD, ASK_BODY, ASK_WHOLE };

struct ask {
    const struct net_secrets *secrets;
    uint64_t usable; /* which of them are for this host */
    const char *host;
    unsigned port;
    struct queue *out; /* what goes to the server */
    enum ask_state state;
    bool is_head;       /* the method is HEAD: its answer has no body */
    bool expects_body;  /* the method is one of those that have one */
    bool is_asterisk;   /* "OPTIONS *" */
    size_t head_size;
    unsigned field_count, uses;
    bool has_query, is_in_name, has_semicolon; /* of the target so far */
    char name[HOLD_NAME_MAX];                  /* of the parameter or field */
    size_t name_size;
    char tail[LANE_UNIT_MAX]; /* the last bytes of this target, field or body, where no value was put in behind them */
    size_t tail_size;
    bool is_basic;
    struct queue basic; /* name and password, in clear */
    enum hold_body body;
    uint64_t left; /* of its bytes */
};

void ask_init(struct ask *ask, const struct net_secrets *secrets, uint64_t usable, const char *host, unsigned port,
              struct queue *out);
void ask_finish(struct ask *ask);

/* One record. On failure *ret_failure says of which kind it is, and nothing more of this flow may be sent. */
int ask_take(struct ask *ask, const struct hold_record *record, const char *payload, enum hold_failure *ret_failure,
             struct error *err) must_check;

/* The answer has been read: the next request may begin. */
void ask_next(struct ask *ask);

#endif
