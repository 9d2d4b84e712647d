/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/buffer.h"

#include <string.h>

#include "base/memory.h"

#define LEAST 4096u

char *buffer_reserve(struct buffer *buffer, size_t size)
{
    size_t room = buffer->room ? buffer->room : LEAST;
    char *memory;

    if (buffer->at + buffer->size + size <= buffer->room)
        return buffer->memory + buffer->at + buffer->size;
    if (buffer->at) {
        memmove(buffer->memory, buffer->memory + buffer->at, buffer->size);
        buffer->at = 0;
    }
    while (room < buffer->size + size)
        room *= 2;
    if (room > buffer->room) {
        memory = mem_resize(buffer->memory, room);
        if (!memory)
            return NULL;
        buffer->memory = memory;
        buffer->room = room;
    }
    return buffer->memory + buffer->size;
}

bool buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
    char *to;

    if (!size)
        return true;
    to = buffer_reserve(buffer, size);
    if (!to)
        return false;
    memcpy(to, bytes, size);
    buffer->size += size;
    return true;
}

void buffer_take(struct buffer *buffer, size_t size)
{
    buffer->at += size;
    buffer->size -= size;
    if (!buffer->size)
        buffer_finish(buffer);
}

void buffer_finish(struct buffer *buffer)
{
    mem_free(buffer->memory);
    *buffer = (struct buffer){0};
}
