/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes between two connected stream sockets, both ways. A little of them is copied; what comes in bulk is spliced
 * through a pipe that is taken from a pool while it is needed. What the reader does not take stays in the writer's socket:
 * the pump holds nothing of its own but that pipe.
 */
#ifndef CORDON_GATEWAY_PUMP_H
#define CORDON_GATEWAY_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

struct pipe {
    int in, out;
    struct pipe *next;
};

struct pipes {
    struct pipe *idle;
    unsigned idle_count;
};
void pipes_close(struct pipes *pipes);

struct pump_side {
    int fd;
    bool can_read, can_write; /* as far as is known; edge-triggered */
    bool has_hung_up;         /* its end has been told: reading goes on until it is met */
    bool has_failed;          /* it was reset */
};

struct pump_way {
    bool is_held;  /* nothing is moved */
    bool is_ended; /* the end was read; */
    bool is_shut;  /* and passed on */
    struct pipe *pipe;
    size_t in_pipe;
    uint64_t bytes;
};

enum { PUMP_UP = 0, PUMP_DOWN = 1 }; /* from side 0 to side 1, and back */

/* Who says how much may be moved. What is taken and not moved is given back. */
struct pump_meter {
    uint64_t (*take)(struct pump_meter *meter, unsigned way, uint64_t want);
    void (*give)(struct pump_meter *meter, unsigned way, uint64_t amount);
};

struct pump {
    struct pump_side sides[2];
    struct pump_way ways[2];
    struct pump_meter *meter; /* NULL = nobody */
};

enum pump_result {
    PUMP_WAIT = 0, /* until a side is told of, or the meter gives more */
    PUMP_AGAIN,    /* there is more; others' turn first */
    PUMP_DONE,     /* both ways are shut */
    PUMP_BROKEN,   /* one side was reset, or the kernel refused: reset the other */
};

#define PUMP_EVENTS ((uint32_t)(EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET))

/* What the kernel told of a side. */
void pump_note(struct pump_side *side, uint32_t events);

/* For whoever moves bytes beside the pump: how much of `want` may be moved now. */
size_t pump_take(struct pump *pump, unsigned way, size_t want);
void pump_give(struct pump *pump, unsigned way, size_t amount);

enum pump_result pump_run(struct pump *pump, struct pipes *pipes) must_check;

/* The pipes go back. The descriptors stay the caller's. */
void pump_finish(struct pump *pump, struct pipes *pipes);

#endif
