/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that wait: added behind, taken in front. What they held is wiped when they are gone. */
#ifndef CORDON_INSPECT_QUEUE_H
#define CORDON_INSPECT_QUEUE_H

#include <stddef.h>

#include "base/compiler.h"

struct queue {
    unsigned char *data;
    size_t start, end, capacity;
};

void queue_finish(struct queue *queue);
#define auto_queue cleanup_with(queue_finish)

size_t queue_size(const struct queue *queue);
unsigned char *queue_head(const struct queue *queue); /* never NULL */

/* Room for `size` bytes behind what there is; NULL when out of memory. They count after queue_grow(). */
unsigned char *queue_room(struct queue *queue, size_t size) must_check;
void queue_grow(struct queue *queue, size_t size);

/* 0 or -ENOMEM. */
int queue_add(struct queue *queue, const void *bytes, size_t size) must_check;

/* At most what there is. */
void queue_take(struct queue *queue, size_t size);

#endif
