/* SPDX-License-Identifier: Apache-2.0 */
/* The two sessions of a connection: what they hear of frames becomes requests, answers and bytes of streams. */
#include "inspect/h2.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/scrub.h"

#define ROUNDS 64u
#define SLICE  1024u

static unsigned side_of(const struct h2 *h2, const nghttp2_session *session)
{
    return session == h2->sessions[PROGRAM] ? PROGRAM : SERVER;
}

static struct h2_stream *stream_of(struct h2 *h2, nghttp2_session *session, int32_t id)
{
    (void)h2;
    return nghttp2_session_get_stream_user_data(session, id);
}

/* ---- blocks of fields ---- */

static int begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h2 = context;
    struct h2_stream *stream;

    if (side_of(h2, session) == SERVER || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    stream = h2_stream_new(h2, frame->hd.stream_id);
    if (!stream)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, stream);
    return 0;
}

static int header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                  const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
    struct h2_stream *stream = stream_of(context, session, frame->hd.stream_id);
    int status;

    (void)flags;
    if (!stream)
        return 0;
    status = h2_fields_add(&stream->fields, (const char *)name, name_size, (const char *)value, value_size);
    if (status == -E2BIG)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE; /* this stream is reset */
    return status < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* ---- bodies ---- */

static int keep_data(struct h2_stream *stream, unsigned side, const void *bytes, size_t size)
{
    if (stream->scrub && side == PROGRAM) {
        size_t ready;

        stream->searched += size;
        if (scrub_push(stream->scrub, bytes, size) < 0)
            return -ENOMEM;
        if (scrub_found(stream->scrub))
            return h2_refuse_secret(stream, (unsigned)__builtin_ctzll(scrub_found(stream->scrub)),
                                    "a placeholder of a secret is in a body, where no value is put in");
        ready = scrub_ready(stream->scrub);
        if (!buffer_add(&stream->data[side], scrub_head(stream->scrub), ready))
            return -ENOMEM;
        scrub_take(stream->scrub, ready);
        stream->searched -= ready;
        return 0;
    }
    return buffer_add(&stream->data[side], bytes, size) ? 0 : -ENOMEM;
}

static int check_whole(struct h2_stream *stream)
{
    static const struct verdict large = {.reason = NET_CALL, .status = 413, .code = "too-large",
                                         .what = "a body of more than 1 MiB, which is not read"};

    if (stream->data[PROGRAM].size > H2_CALL_MAX)
        return h2_refuse(stream, &large);
    return h2_stream_hold(stream, 0) ? 0 : h2_refuse(stream, &whole_refused);
}

static int data_came(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size, void *context)
{
    struct h2 *h2 = context;
    struct h2_stream *stream = stream_of(h2, session, id);
    unsigned side = side_of(h2, session);
    int status = 0;

    (void)flags;
    if (!stream || (side == PROGRAM && (stream->is_refused || (stream->ids[SERVER] && !stream->is_open[SERVER]))) || (side == SERVER && (!stream->is_open[PROGRAM] || stream->is_refused))) {
        (void)nghttp2_session_consume(session, id, size);
        return 0;
    }
    *(side == PROGRAM ? &h2->flow->bytes_up : &h2->flow->bytes_down) += size;
    if (stream->is_paid && !flow_pay_bytes(h2->flow, side, &stream->use, size)) {
        h2->broken = -EDQUOT;
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    }
    if (side == PROGRAM && stream->is_whole)
        h2_stream_consume(stream, side, size); /* it waits here, not in a window */
    status = keep_data(stream, side, bytes, size);
    if (status == 0 && side == PROGRAM && stream->head)
        status = check_whole(stream);
    if (status == 0)
        h2_stream_resume(stream, side);
    return status < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static int ended(struct h2_stream *stream, unsigned side)
{
    int status = 0;

    stream->is_ended[side] = true;
    if (side == PROGRAM && stream->scrub && !stream->is_refused) {
        scrub_end(stream->scrub);
        status = keep_data(stream, side, NULL, 0);
    }
    if (status == 0 && side == PROGRAM && stream->head && !stream->is_refused)
        return h2_take_call(stream);
    h2_stream_resume(stream, side);
    return status;
}

/* ---- frames ---- */

/* Fields are no part of a window, and not of what the last request pays. A request pays for its own when it is permitted. */
static int pay_fields(struct h2_stream *stream, unsigned side)
{
    struct h2 *h2 = stream->h2;

    if (stream->is_paid && !flow_pay_bytes(h2->flow, side, &stream->use, stream->fields->bytes.size))
        h2->broken = -EDQUOT;
    return h2->broken;
}

static int headers_came(struct h2_stream *stream, unsigned side, const nghttp2_frame *frame)
{
    bool is_last = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    bool is_first = side == PROGRAM ? !stream->request : !stream->is_answered;
    int status = 0;

    if (is_last && is_first)
        stream->is_ended[side] = true;
    if (!stream->fields)
        return is_first ? -EPROTO : 0;
    status = pay_fields(stream, side);
    if (status < 0)
        return status;
    if (!is_first) {
        status = side == PROGRAM && !stream->is_refused ? h2_check_trailers(stream) : 0;
        if (status < 0) {
            h2_fields_free(take_ptr(stream->fields));
            return status == -EACCES ? 0 : status;
        }
        h2_fields_free(stream->trailers[side]);
        stream->trailers[side] = take_ptr(stream->fields);
        return is_last ? ended(stream, side) : 0;
    }
    status = side == PROGRAM ? h2_take_request(stream) : h2_take_answer(stream);
    h2_fields_free(take_ptr(stream->fields));
    return status;
}

static int frame_came(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct h2 *h2 = context;
    struct h2_stream *stream = frame->hd.stream_id ? stream_of(h2, session, frame->hd.stream_id) : NULL;
    unsigned side = side_of(h2, session);
    int status = 0;

    if (frame->hd.type == NGHTTP2_GOAWAY && side == SERVER && !h2->is_going[PROGRAM]) {
        h2->is_going[PROGRAM] = true;
        (void)nghttp2_submit_goaway(h2->sessions[PROGRAM], NGHTTP2_FLAG_NONE,
                                    nghttp2_session_get_last_proc_stream_id(h2->sessions[PROGRAM]), frame->goaway.error_code, NULL, 0);
    }
    if (!stream || (side == SERVER && stream->is_refused))
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        status = headers_came(stream, side, frame);
    else if (frame->hd.type == NGHTTP2_DATA && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM))
        status = ended(stream, side);
    return status < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

/* A request for which there will be no answer is told of. */
static void tell_lost(struct h2_stream *stream)
{
    struct tell_request told = {.began_ns = stream->began_ns};

    if (stream->is_answered || !stream->ids[SERVER])
        return;
    told.method = stream->request->method;
    told.path = stream->request->path;
    tell_request(stream->h2->flow, &told, 0, stream->where);
    stream->is_answered = true;
}

static int stream_closed(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct h2 *h2 = context;
    struct h2_stream *stream = stream_of(h2, session, id);
    unsigned side = side_of(h2, session);

    if (!stream)
        return 0;
    stream->is_open[side] = false;
    nghttp2_session_set_stream_user_data(session, id, NULL);
    if (side == PROGRAM && stream->is_open[SERVER])
        (void)nghttp2_submit_rst_stream(h2->sessions[SERVER], NGHTTP2_FLAG_NONE, stream->ids[SERVER], code ? code : NGHTTP2_CANCEL);
    if (side == SERVER && stream->is_open[PROGRAM] && !stream->is_refused && (code || !stream->is_ended[SERVER])) {
        tell_lost(stream);
        (void)nghttp2_submit_rst_stream(h2->sessions[PROGRAM], NGHTTP2_FLAG_NONE, stream->ids[PROGRAM], code ? code : NGHTTP2_CANCEL);
    }
    /* what came and did not go on is of no use, but its window is the connection's */
    if (!stream->is_open[PROGRAM] && !stream->is_open[SERVER]) {
        h2_stream_consume(stream, PROGRAM, stream->is_whole ? 0 : stream->data[PROGRAM].size + stream->searched);
        if (!stream->is_refused)
            h2_stream_consume(stream, SERVER, stream->data[SERVER].size);
        h2_stream_free(stream);
    }
    return 0;
}

/* ---- sessions ---- */

static int open_session(struct h2 *h2, unsigned side)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_option *option;
    const nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, H2_STREAMS_MAX},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, H2_WINDOW},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, H2_FIELDS_SIZE},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };
    int status = 0;

    if (nghttp2_session_callbacks_new(&callbacks) < 0)
        return -ENOMEM;
    if (nghttp2_option_new(&option) < 0) {
        nghttp2_session_callbacks_del(callbacks);
        return -ENOMEM;
    }
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_came);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data_came);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_peer_max_concurrent_streams(option, H2_STREAMS_MAX);
    status = side == PROGRAM ? nghttp2_session_server_new2(&h2->sessions[side], callbacks, h2, option)
                             : nghttp2_session_client_new2(&h2->sessions[side], callbacks, h2, option);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    if (status < 0)
        return -ENOMEM;
    status = nghttp2_submit_settings(h2->sessions[side], NGHTTP2_FLAG_NONE, settings, side == PROGRAM ? 3 : 4);
    if (status == 0)
        status = nghttp2_session_set_local_window_size(h2->sessions[side], NGHTTP2_FLAG_NONE, 0, H2_WINDOW_ALL);
    return status < 0 ? -ENOMEM : 0;
}

static int give(struct h2 *h2, unsigned side)
{
    struct stream *stream = &h2->flow->sides[side];
    int progress = 0;

    while (stream_has_room(stream)) {
        const uint8_t *bytes;
        ssize_t size = nghttp2_session_mem_send(h2->sessions[side], &bytes);

        if (size < 0)
            return size == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
        if (size == 0)
            break;
        if (!buffer_add(&stream->out, bytes, (size_t)size))
            return -ENOMEM;
        progress = 1;
    }
    if (!stream->out.size && !stream->wants_end && !nghttp2_session_want_read(h2->sessions[side]) &&
        !nghttp2_session_want_write(h2->sessions[side]))
        h2->is_over = true;
    return progress;
}

static bool is_stuffed(const struct h2 *h2, unsigned side)
{
    return !stream_has_room(&h2->flow->sides[side]) && nghttp2_session_get_outbound_queue_size(h2->sessions[side]);
}

/*
 * A few bytes of fields become many when they are unpacked, so what is read is taken a slice at a time, and no more of it while
 * what became of it waits for the other side.
 */
static int take_read(struct h2 *h2, unsigned side)
{
    struct buffer *in = &h2->in[side];

    while (in->size && !is_stuffed(h2, !side)) {
        size_t size = in->size < SLICE ? in->size : SLICE;
        ssize_t done = nghttp2_session_mem_recv(h2->sessions[side], (const uint8_t *)buffer_bytes(in), size);
        int status;

        if (h2->broken < 0)
            return h2->broken;
        if (done == NGHTTP2_ERR_CALLBACK_FAILURE || done == NGHTTP2_ERR_NOMEM)
            return -ENOMEM;
        if (done < 0)
            return -EPROTO;
        buffer_take(in, size);
        status = nghttp2_session_get_outbound_queue_size(h2->sessions[!side]) ? give(h2, !side) : 0;
        if (status < 0)
            return status;
    }
    return 1;
}

/* What came from a side. 1 = something, 0 = nothing, -errno. */
static int take(struct h2 *h2, unsigned side)
{
    int broken = 0;

    /* whoever does not read what is written to it is not read either, nor is who makes frames that no window counts for it */
    if (!stream_has_room(&h2->flow->sides[side]) || is_stuffed(h2, !side))
        return 0;
    if (!h2->in[side].size) {
        if (!flow_fill(h2->flow, side, &h2->in[side], FLOW_READ, &broken))
            return broken;
        if (side == PROGRAM && h2->in[side].size)
            h2_frames_take(&h2->frames, buffer_bytes(&h2->in[side]), h2->in[side].size);
    }
    return take_read(h2, side);
}

static int round_of(struct h2 *h2)
{
    struct flow *flow = h2->flow;
    int progress = 0, status = 0;

    for (unsigned side = 0; side < 2 && status >= 0; side++) {
        status = take(h2, side);
        progress |= status > 0;
    }
    for (unsigned side = 0; side < 2 && status >= 0; side++) {
        status = give(h2, side);
        progress |= status > 0;
    }
    for (unsigned side = 0; side < 2; side++)
        h2->is_over |= flow->sides[side].is_ended && !h2->in[side].size;
    if (h2->is_over)
        flow->sides[PROGRAM].wants_end = flow->sides[SERVER].wants_end = true;
    for (unsigned side = 0; side < 2 && status >= 0; side++) {
        status = flow_flush(flow, side);
        progress |= status > 0;
    }
    return status < 0 ? status : progress;
}

/* What a program has begun has to end in time, as a head of HTTP/1.1, where it is the program that is waited for. */
static void time_frame(struct h2 *h2)
{
    bool is_awaited = h2_frames_is_open(&h2->frames) && !h2->flow->sides[PROGRAM].can_read && !h2->in[PROGRAM].size;
    uint64_t next = is_awaited ? h2->frames.ended + 1 : 0;

    if (next != h2->timed)
        flow_set_deadline(h2->flow, next ? FLOW_HEAD_MS : 0);
    h2->timed = next;
}

static enum flow_result h2_run(struct flow *flow)
{
    struct h2 *h2 = flow->state;

    for (unsigned i = 0; i < ROUNDS; i++) {
        int status = round_of(h2);

        if (status < 0) {
            flow->errnum = -status;
            return FLOW_BROKEN;
        }
        if (flow->sides[PROGRAM].is_shut && flow->sides[SERVER].is_shut)
            return FLOW_DONE;
        if (status == 0) {
            time_frame(h2);
            return FLOW_WAIT;
        }
    }
    return FLOW_AGAIN;
}

static void h2_close(struct flow *flow)
{
    struct h2 *h2 = flow->state;

    while (h2->streams) {
        tell_lost(h2->streams);
        h2_stream_free(h2->streams);
    }
    nghttp2_session_del(h2->sessions[PROGRAM]);
    nghttp2_session_del(h2->sessions[SERVER]);
    buffer_finish(&h2->in[PROGRAM]);
    buffer_finish(&h2->in[SERVER]);
    mem_free(h2);
    flow->state = NULL;
}

static int h2_open(struct flow *flow)
{
    struct h2 *h2 = mem_alloc(sizeof(*h2));
    int status;

    if (!h2)
        return -ENOMEM;
    h2->flow = flow;
    flow->state = h2;
    status = open_session(h2, PROGRAM);
    return status == 0 ? open_session(h2, SERVER) : status;
}

static void h2_judge_again(struct flow *flow)
{
    struct h2 *h2 = flow->state;

    for (struct h2_stream *stream = h2->streams; stream; stream = stream->next) {
        struct net_request asked = stream->call;
        struct verdict verdict;

        if (!stream->is_paid || stream->is_refused)
            continue;
        request_judge(flow, &asked, &verdict);
        if (verdict.verdict == NET_PERMIT)
            request_judge_method(flow, &asked, stream->request->other_method, &verdict);
        flow->is_refused |= verdict.verdict != NET_PERMIT; /* what its body says was not asked, or is on its way */
        stream->use = verdict.budgets; /* their numbers are those of the rules */
    }
}

const struct flow_protocol flow_h2 = {
    .open = h2_open,
    .run = h2_run,
    .judge_again = h2_judge_again,
    .close = h2_close,
};
