/* SPDX-License-Identifier: Apache-2.0 */
/*
 * HTTP/2 between a program and a server: two sessions of nghttp2, and for each stream of the one a stream of the other. What
 * waits is bounded by flow control: a window is opened again when its bytes have gone on. For the files of h2*.c.
 */
#ifndef CORDON_INSPECT_H2_H
#define CORDON_INSPECT_H2_H

#include <nghttp2/nghttp2.h>

#include "inspect/calls.h"
#include "inspect/flow.h"
#include "inspect/h2_frames.h"
#include "inspect/request.h"
#include "inspect/tell.h"
#include "inspect/whole.h"

#define H2_STREAMS_MAX   100u
#define H2_WINDOW        (256u << 10) /* of a stream: so much of it waits at most */
#define H2_WINDOW_ALL    (1u << 20)   /* of all streams of a connection */
#define H2_FIELDS_SIZE   (64u << 10)
#define H2_CALL_MAX      (1u << 20)
#define H2_INTERIM_MAX   32u /* 1xx before an answer */
#define H2_QUEUE_MAX     128u /* frames that wait for a server, and the requests for which it has no stream yet */
#define H2_FIRST_MAX     (64u << 10) /* a body that is looked through before its fields go up, where there are secrets */

/* The fields of one block: names and values behind each other, as nghttp2 has checked them. */
struct h2_fields {
    struct buffer bytes;
    struct {
        uint32_t name_size, value_size;
    } sizes[HEAD_FIELDS_MAX];
    unsigned count;
};

struct h2_stream {
    struct h2 *h2;
    struct h2_stream *next, **before;
    int32_t ids[2];           /* 0 = none */
    bool is_open[2];
    struct h2_fields *fields; /* of the block that comes now */
    struct buffer data[2];    /* came from that side, waits for the other */
    bool is_ended[2];         /* nothing more comes from that side */
    struct h2_fields *trailers[2];
    struct h2_fields *head; /* of a request whose body decides, or is looked through first */
    bool is_permitted;      /* whatever its body says, but for placeholders */
    bool is_whole;          /* its body was judged as a whole, and is counted in no window any more */
    bool is_refused, is_answered;
    bool is_paid;           /* its bytes count as `use` says */
    struct budget_use use;
    size_t share; /* of whole.h: of a request that is read as a whole */
    unsigned interim;
    struct request *request;
    struct net_request call;
    struct calls_judged judged;
    struct scrub *scrub;
    size_t searched; /* bytes in it */
    char where[256];
    uint64_t began_ns;
};

struct h2 {
    struct flow *flow;
    nghttp2_session *sessions[2];
    struct h2_stream *streams;
    struct buffer in[2]; /* read, and not yet taken */
    struct h2_frames frames; /* the program's */
    uint64_t timed; /* of these, the one that has to end in time, from 1; 0 = none */
    bool is_going[2]; /* GOAWAY was sent there */
    bool is_over;
    int broken; /* why, where a callback cannot say it */
};

/* h2_stream.c */
struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id) must_check;
void h2_stream_free(struct h2_stream *stream);
/* Something for the other side of `from`: let its session go on. */
void h2_stream_resume(struct h2_stream *stream, unsigned from);
ssize_t h2_stream_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
                             nghttp2_data_source *source, void *context);
/* Bytes of a side that went on, or are of no use. */
void h2_stream_consume(struct h2_stream *stream, unsigned side, size_t size);
/* What it holds of a request that is read as a whole counts, and `more`. false = there is no room for that. */
bool h2_stream_hold(struct h2_stream *stream, size_t more);
/* The stream ends on both sides. */
void h2_stream_reset(struct h2_stream *stream, uint32_t code);

/* h2_fields.c */
int h2_fields_add(struct h2_fields **fields, const char *name, size_t name_size, const char *value, size_t value_size) must_check;
void h2_fields_free(struct h2_fields *fields);
struct field h2_fields_at(const struct h2_fields *fields, unsigned index, size_t *offset);
bool h2_fields_find(const struct h2_fields *fields, const char *name, struct span *ret_value);
/* As nghttp2 wants them, pointing into `fields`; at most HEAD_FIELDS_MAX. Pseudo fields and those of HTTP/1 are left out. */
size_t h2_fields_list(const struct h2_fields *fields, nghttp2_nv *list, size_t count, bool has_length);

/* h2_request.c: 0, or -errno where the connection breaks. */
int h2_take_request(struct h2_stream *stream) must_check;
int h2_take_call(struct h2_stream *stream) must_check;
int h2_take_answer(struct h2_stream *stream) must_check;
/* -EACCES: a placeholder is in them, and the stream is refused. */
int h2_check_trailers(struct h2_stream *stream) must_check;
int h2_refuse(struct h2_stream *stream, const struct verdict *verdict) must_check;
int h2_refuse_secret(struct h2_stream *stream, unsigned secret, const char *what) must_check;

#endif
