/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where in its frames a side of HTTP/2 is: what has begun and is no body has to end in time, and nghttp2 does not tell of what it
 * leaves unread.
 */
#ifndef CORDON_INSPECT_H2_FRAMES_H
#define CORDON_INSPECT_H2_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct h2_frames {
    size_t preface;         /* bytes of it that have come */
    unsigned char head[9];  /* of the frame that is under way */
    size_t head_size, rest; /* so much of it, and of what follows it is missing */
    bool is_block;          /* fields whose last frame has not come */
    uint64_t ended;         /* frames, and blocks of fields as one */
};

/* The next bytes of a client, from its preface on. */
void h2_frames_take(struct h2_frames *frames, const char *bytes, size_t size);

/* Something has begun that is not the bytes of a body. */
bool h2_frames_is_open(const struct h2_frames *frames);

#endif
