/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait: added behind, taken in front. One that is empty holds no memory. */
#ifndef CORDON_INSPECT_BUFFER_H
#define CORDON_INSPECT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"

struct buffer {
    char *memory;
    size_t at, size, room; /* what waits is memory[at .. at + size) */
};

static inline const char *buffer_bytes(const struct buffer *buffer)
{
    return buffer->memory + buffer->at;
}

/* false = no memory; nothing was added. */
bool buffer_add(struct buffer *buffer, const void *bytes, size_t size) must_check;
/* Room for `size` bytes behind what waits, NULL = no memory; buffer->size is the caller's to raise. */
char *buffer_reserve(struct buffer *buffer, size_t size) must_check;
void buffer_take(struct buffer *buffer, size_t size);
void buffer_finish(struct buffer *buffer);

#endif
