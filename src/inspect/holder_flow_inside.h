/* SPDX-License-Identifier: Apache-2.0 */
/* A flow, for holder_flow.c (its sides) and holder_tell.c (its answer). */
#ifndef CORDON_INSPECT_HOLDER_FLOW_INSIDE_H
#define CORDON_INSPECT_HOLDER_FLOW_INSIDE_H

#include "inspect/holder_answer.h"
#include "inspect/holder_ask.h"
#include "inspect/holder_flow.h"
#include "inspect/queue.h"
#include "inspect/scrub.h"
#include "net/name.h"

#define WAITING_MAX ((size_t)64 << 10) /* what waits for a side before no more is read for it */

enum moved { MOVED_NONE = 0, MOVED_SOME };

struct holder_flow {
    struct holder *holder;
    struct holder_flow *next, **before;
    struct loop_watch stream, server;
    struct loop_timer deadline, turn; /* to be open; for others to have had theirs */
    uint32_t stream_events, server_events; /* that are watched; 0 = none of the server's, not even its end */
    SSL *tls;
    bool is_open, is_ending; /* ending: what waits for the inspector goes out, then it is over */
    bool has_met_end;        /* of the server */
    bool wants_read, wants_write; /* of TLS */
    bool has_head;           /* of the answer under way */
    char name[NET_NAME_SIZE];
    unsigned port;
    uint64_t usable;
    struct queue in, up, down, bytes; /* records from the inspector; to the server; records to the inspector; from the server */
    struct ask ask;
    struct answer answer;
    struct scrub *scrub;
};

void holder_flow_close_server(struct holder_flow *flow);

/* The server is let go at once; the inspector hears why. A flow that cannot even say so ends without a word. */
void holder_flow_fail(struct holder_flow *flow, enum hold_failure failure, const struct error *err);
void holder_flow_fail_memory(struct holder_flow *flow);

/* What an open flow begins with. 0 or -ENOMEM. */
int holder_flow_tell_opened(struct holder_flow *flow) must_check;

/* What the server has sent so far, as records. */
enum moved holder_flow_read_answer(struct holder_flow *flow);

/* The server has ended: the end of an answer, of a connection that nobody uses, or a loss. */
void holder_flow_meet_end(struct holder_flow *flow, bool is_clean);

#endif
