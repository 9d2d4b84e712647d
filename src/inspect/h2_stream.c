/* SPDX-License-Identifier: Apache-2.0 */
/* One stream on both sides. It lives until neither session knows it any more. */
#include <string.h>

#include "base/memory.h"
#include "inspect/h2.h"
#include "inspect/scrub.h"

struct h2_stream *h2_stream_new(struct h2 *h2, int32_t id)
{
    struct h2_stream *stream = mem_alloc(sizeof(*stream));

    if (!stream)
        return NULL;
    stream->h2 = h2;
    stream->ids[PROGRAM] = id;
    stream->is_open[PROGRAM] = true;
    stream->began_ns = loop_now_ns(h2->flow->inspector->loop);
    stream->next = h2->streams;
    stream->before = &h2->streams;
    if (stream->next)
        stream->next->before = &stream->next;
    h2->streams = stream;
    return stream;
}

void h2_stream_free(struct h2_stream *stream)
{
    for (unsigned i = 0; i < 2; i++) {
        buffer_finish(&stream->data[i]);
        h2_fields_free(stream->trailers[i]);
    }
    h2_fields_free(stream->fields);
    h2_fields_free(stream->head);
    mem_free(stream->request);
    scrub_free(stream->scrub);
    (void)whole_set(stream->h2->flow->inspector, &stream->share, 0);
    *stream->before = stream->next;
    if (stream->next)
        stream->next->before = stream->before;
    mem_free(stream);
}

void h2_stream_resume(struct h2_stream *stream, unsigned from)
{
    unsigned to = !from;

    if (stream->is_open[to])
        (void)nghttp2_session_resume_data(stream->h2->sessions[to], stream->ids[to]); /* nothing to resume is no failure */
}

void h2_stream_consume(struct h2_stream *stream, unsigned side, size_t size)
{
    nghttp2_session *session = stream->h2->sessions[side];

    if (!size)
        return;
    if (stream->is_open[side])
        (void)nghttp2_session_consume(session, stream->ids[side], size);
    else
        (void)nghttp2_session_consume_connection(session, size);
}

bool h2_stream_hold(struct h2_stream *stream, size_t more)
{
    size_t size = stream->data[PROGRAM].room + (stream->head ? sizeof(*stream->head) + stream->head->bytes.room : 0);

    return whole_set(stream->h2->flow->inspector, &stream->share, stream->is_whole ? size + more : 0);
}

void h2_stream_reset(struct h2_stream *stream, uint32_t code)
{
    for (unsigned i = 0; i < 2; i++)
        if (stream->is_open[i])
            (void)nghttp2_submit_rst_stream(stream->h2->sessions[i], NGHTTP2_FLAG_NONE, stream->ids[i], code);
}

static ssize_t end(struct h2_stream *stream, unsigned from, uint32_t *flags)
{
    nghttp2_nv list[HEAD_FIELDS_MAX];
    size_t count;

    *flags |= NGHTTP2_DATA_FLAG_EOF;
    if (!stream->trailers[from])
        return 0;
    count = h2_fields_list(stream->trailers[from], list, 0, false);
    *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return nghttp2_submit_trailer(stream->h2->sessions[!from], stream->ids[!from], list, count) < 0
               ? NGHTTP2_ERR_CALLBACK_FAILURE
               : 0;
}

ssize_t h2_stream_read(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
                             nghttp2_data_source *source, void *context)
{
    struct h2_stream *stream = source->ptr;
    unsigned from = session == stream->h2->sessions[SERVER] ? PROGRAM : SERVER;
    struct buffer *data = &stream->data[from];
    size_t taken = data->size < size ? data->size : size;

    (void)id;
    (void)context;
    if (taken) {
        memcpy(to, buffer_bytes(data), taken);
        buffer_take(data, taken);
        if (from == PROGRAM ? !stream->is_whole : !stream->is_refused)
            h2_stream_consume(stream, from, taken);
        (void)h2_stream_hold(stream, 0);
    }
    if (!data->size && stream->is_ended[from])
        return end(stream, from, flags) < 0 ? NGHTTP2_ERR_CALLBACK_FAILURE : (ssize_t)taken;
    return taken ? (ssize_t)taken : NGHTTP2_ERR_DEFERRED;
}
