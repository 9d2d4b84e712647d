/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 between a program and a server, one request at a time (docs/decisions/0125). For the files of http1*.c. */
#ifndef CORDON_INSPECT_HTTP1_H
#define CORDON_INSPECT_HTTP1_H

#include "inspect/answer.h"
#include "inspect/calls.h"
#include "inspect/flow.h"
#include "inspect/head.h"
#include "inspect/hold_client.h"
#include "inspect/placeholder.h"
#include "inspect/request.h"
#include "inspect/tell.h"
#include "inspect/whole.h"

#define HTTP1_CALL_MAX      (1u << 20) /* a body that is judged */
#define HTTP1_FIRST_MAX     (64u << 10) /* a body that is looked through before its head goes up, where there are secrets */
#define HTTP1_DISCARD_MAX   (64u << 10) /* of a refused request, so that the connection can go on */
#define HTTP1_INTERIM_MAX   32u        /* 1xx before an answer */

enum up {
    UP_HEAD = 0, /* the next request */
    UP_BODY,
    UP_CALL,    /* its body is collected before the head goes up: it decides, may hold a secret, or no placeholder */
    UP_HELD,    /* the rest of it goes to the holder */
    UP_DISCARD, /* the body of one that was refused */
    UP_WAIT,    /* for the end of the answer: the next request is not read before */
    UP_TUNNEL,
    UP_ENDED,
};

enum down { DOWN_IDLE = 0, DOWN_HEAD, DOWN_BODY, DOWN_TUNNEL, DOWN_ENDED };

struct http1 {
    struct flow *flow;
    enum up up;
    enum down down;
    struct buffer in[2];    /* read and not yet understood, of each side */
    size_t looked[2];       /* so much of it is no whole head */
    http_parser parsers[2]; /* of the body that goes by */
    size_t taken;           /* of in[PROGRAM], for the request that is under way */
    bool is_complete[2];    /* and it has ended */
    int broken;             /* what went wrong with a body: -EACCES: a placeholder was in it, and was answered */
    bool is_chunked[2];     /* it is written so */
    /* the request that is under way */
    char method[NET_METHOD_SIZE], other_method[NET_METHOD_SIZE];
    char *path; /* NULL = none is under way */
    bool is_canonical;
    char where[256];
    bool is_head_method, is_old, upgrades, expects, closes;
    struct net_request call; /* what judged it, apart from method and path */
    struct calls_judged judged; /* the call of its body that decided, else the last one */
    bool is_judged_by_body;
    bool may_go_by; /* though it is collected: no secret may be in it */
    char *type;                   /* of a body that is collected for the holder; NULL = none */
    struct placeholder_text text; /* of http->body, on its way to the holder */
    size_t text_at;
    struct scrub *scrub;          /* looks for placeholders in a body that goes by; NULL = there are none */
    struct buffer kept;           /* its head, while its body is collected: anew, for the holder as it came */
    struct buffer body;
    size_t share;                 /* of whole.h: of these two, and of a body that was collected and is being written */
    uint64_t began_ns;
    unsigned interim;
    /* the answer */
    bool server_closes;
};

/* http1_write.c: everything anew from what was understood. false = no memory. */
bool http1_write_request(struct http1 *http, const struct head *head, const struct request *request, bool has_framing,
                         struct buffer *out) must_check;
bool http1_write_response(struct http1 *http, const struct head *head, struct buffer *out) must_check;
bool http1_write_body(struct buffer *out, bool is_chunked, const char *bytes, size_t size) must_check;
bool http1_write_body_end(struct buffer *out, bool is_chunked) must_check;

/* http1_request.c: a whole head of `size` bytes in in[PROGRAM]. -errno where the connection breaks. */
int http1_take_request(struct http1 *http, size_t size) must_check;
/* What is no request: answered, and the connection ends. */
int http1_refuse_bytes(struct http1 *http, const char *what) must_check;
/* Its body is collected: the program is told to send it, the server hears of nothing before. */
int http1_collect(struct http1 *http, const struct head *head, bool is_judged_by_body) must_check;
/* 100 Continue, where it waits for that. */
int http1_go_on(struct http1 *http, const struct head *head) must_check;
/* The body is there. */
int http1_take_call(struct http1 *http) must_check;
/* The answer to what is refused; the connection goes on where it can. */
int http1_refuse(struct http1 *http, const struct verdict *verdict, const struct head *head) must_check;

/* A permitted request counts. 0; -EDQUOT: a budget is used up, and it has been answered; -ENOMEM. */
int http1_pay(struct http1 *http, const struct verdict *permitted, const struct head *head) must_check;

/*
 * http1_secret.c: placeholders. 0; -EACCES: one stands where it may not, and the request has been answered (or cannot be any more:
 * -EPERM); -ENOMEM.
 */
int http1_check_head(struct http1 *http, const struct head *head, const struct request *request) must_check;
int http1_check_body(struct http1 *http, const char *body, size_t size) must_check;
int http1_scan_begin(struct http1 *http) must_check;
/* A body that goes by: what may go on of it is added to *out, `is_last`: nothing more comes. */
int http1_scan(struct http1 *http, const char *bytes, size_t size, bool is_last, struct buffer *out) must_check;
/* The answer to a placeholder that may not leave. -EACCES, -EPERM, -ENOMEM. */
int http1_refuse_secret(struct http1 *http, unsigned secret, const char *what, const struct head *head) must_check;

/* http1_held.c: the same through the holder. */
int http1_held_send(struct http1 *http, const struct head *head, const struct request *request, bool is_judged_by_body) must_check;
int http1_held_body(struct http1 *http, struct buffer *body) must_check; /* collected and permitted */
/* The beginning of a body that may go by: it goes, and the rest follows as it comes. */
int http1_held_begin(struct http1 *http) must_check;
/* What waits goes to the holder. 1 = nothing waits any more, 0 = there is no room. */
int http1_held_drain(struct http1 *http) must_check;

/* http1.c: 1 = something went by, 0 = nothing can, -errno. What is there of a body, or of what no parser reads. */
int http1_feed(struct http1 *http, unsigned side) must_check;
int http1_tunnel(struct http1 *http, unsigned side) must_check;

/* http1_answer.c: the same for what comes from the server; -EBADMSG: it cannot be read, http1_bad_answer() says so to the program. */
int http1_step_down(struct http1 *http) must_check;
int http1_bad_answer(struct http1 *http) must_check;

/* What it holds now counts, and `more`. false = there is no room for that. */
bool http1_hold(struct http1 *http, size_t more);

/* No answer is under way any more. */
void http1_forget_request(struct http1 *http);
struct tell_request http1_told(const struct http1 *http);

#endif
