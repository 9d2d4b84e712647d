/* SPDX-License-Identifier: Apache-2.0 */
/* One block that moves to a larger one; never resized in place, which could leave a copy behind. */
#include "inspect/queue.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

#define CAPACITY_MIN 1024u

void queue_finish(struct queue *queue)
{
    if (queue->data)
        explicit_bzero(queue->data, queue->capacity);
    mem_free(queue->data);
    *queue = (struct queue){0};
}

size_t queue_size(const struct queue *queue)
{
    return queue->end - queue->start;
}

unsigned char *queue_head(const struct queue *queue)
{
    static unsigned char nothing[1];

    return queue->data ? queue->data + queue->start : nothing;
}

unsigned char *queue_room(struct queue *queue, size_t size)
{
    size_t held = queue_size(queue), needed, capacity = queue->capacity ? queue->capacity : CAPACITY_MIN;
    unsigned char *data;

    if (queue->data && queue->capacity - queue->end >= size)
        return queue->data + queue->end;
    if (__builtin_add_overflow(held, size, &needed) || needed > (size_t)1 << 40)
        return NULL;
    while (capacity < needed)
        capacity *= 2;
    /* half of it at least is free after moving, or the next byte would move it all again */
    if (queue->data && queue->start >= queue->capacity / 2 && needed <= queue->capacity) {
        memmove(queue->data, queue_head(queue), held);
    } else {
        if (capacity == queue->capacity)
            capacity *= 2;
        data = mem_alloc(capacity);
        if (!data)
            return NULL;
        if (held)
            memcpy(data, queue_head(queue), held);
        queue_finish(queue);
        queue->data = data;
        queue->capacity = capacity;
    }
    queue->start = 0;
    queue->end = held;
    return queue->data + queue->end;
}

void queue_grow(struct queue *queue, size_t size)
{
    queue->end += size;
}

int queue_add(struct queue *queue, const void *bytes, size_t size)
{
    unsigned char *room = queue_room(queue, size);

    if (!room)
        return -ENOMEM;
    if (size)
        memcpy(room, bytes, size);
    queue_grow(queue, size);
    return 0;
}

void queue_take(struct queue *queue, size_t size)
{
    queue->start += size;
    if (queue->start == queue->end)
        queue->start = queue->end = 0;
}
