/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/h2_frames.h"

#include <nghttp2/nghttp2.h>

#define HEAD_SIZE 9u /* length, type, flags, stream (RFC 9113, 4.1) */

static bool is_of_block(unsigned type)
{
    return type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION || type == NGHTTP2_PUSH_PROMISE;
}

static void end_frame(struct h2_frames *frames)
{
    frames->head_size = 0;
    frames->ended += !frames->is_block;
}

static void read_head(struct h2_frames *frames)
{
    const unsigned char *head = frames->head;

    frames->rest = (size_t)head[0] << 16 | (size_t)head[1] << 8 | head[2];
    if (is_of_block(head[3]))
        frames->is_block = !(head[4] & NGHTTP2_FLAG_END_HEADERS);
    if (!frames->rest)
        end_frame(frames);
}

void h2_frames_take(struct h2_frames *frames, const char *bytes, size_t size)
{
    for (size_t at = 0, some; at < size; at += some) {
        some = 1;
        if (frames->preface < NGHTTP2_CLIENT_MAGIC_LEN) {
            frames->ended += ++frames->preface == NGHTTP2_CLIENT_MAGIC_LEN;
        } else if (frames->head_size < HEAD_SIZE) {
            frames->head[frames->head_size++] = (unsigned char)bytes[at];
            if (frames->head_size == HEAD_SIZE)
                read_head(frames);
        } else {
            some = frames->rest < size - at ? frames->rest : size - at;
            frames->rest -= some;
            if (!frames->rest)
                end_frame(frames);
        }
    }
}

bool h2_frames_is_open(const struct h2_frames *frames)
{
    if (frames->preface < NGHTTP2_CLIENT_MAGIC_LEN)
        return frames->preface;
    if (frames->head_size == HEAD_SIZE)
        return frames->head[3] != NGHTTP2_DATA || frames->is_block;
    return frames->head_size || frames->is_block;
}
