/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What process 1 tells of refusals, in memory that it shares with the parent: a ring of records, which the program never
 * waits for. What finds no room is counted. Shared by the library and the freestanding init, so only fixed-size types.
 *
 * Positions count bytes for ever and are taken modulo the ring's size. The parent believes nothing in it before it has copied
 * it; a record lies in one piece, TOLD_SKIP fills the rest of the ring where the next one has no room.
 */
#ifndef CORDON_TIER_PROCESS_TOLD_H
#define CORDON_TIER_PROCESS_TOLD_H

#include <stdint.h>

#define TOLD_RING_SIZE    (256u << 10) /* a power of two, several of the largest records */
#define TOLD_PARENTS      8
#define TOLD_TEXT_MAX     4095 /* of a path as named, of a command line */
#define TOLD_EXE_MAX      1023 /* of a parent's program */
#define TOLD_HANDLES_MAX  16   /* processes' descriptors that are under way to the parent */

enum told_source { TOLD_SKIP = 0, TOLD_BY_KEEPER, TOLD_BY_FILTER, TOLD_BY_VOID, TOLD_BY_WATCH, TOLD_SOURCES };

enum told_layer {
    TOLD_LAYER_KERNEL = 1, /* permissions, Landlock, a mode: the kernel does not say which */
    TOLD_LAYER_MOUNT,
    TOLD_LAYER_KEEPER,
    TOLD_LAYER_FILTER,
    TOLD_LAYER_ABSENCE,
    TOLD_LAYER_MODE,
};

enum told_flag {
    TOLD_IS_THERE = 1 << 0,     /* the object of the first path is */
    TOLD_IS_DIRECTORY = 1 << 1, /* and that is one */
    TOLD_IS_CUT = 1 << 2,       /* the command line was longer */
    TOLD_HAS_HANDLE = 1 << 3,   /* a descriptor of the process was sent before (MESSAGE_TOLD) */
    TOLD_IS_FOREIGN = 1 << 4,   /* the caller has a file tree of its own: no path is known as the container names it */
};

/* The texts of a record, one behind the other, none with a zero behind it. */
enum told_text {
    TOLD_NAMED,     /* as the caller wrote it */
    TOLD_DIRECTORY, /* its directory, as the kernel names it; where TOLD_NAME is empty, the object itself */
    TOLD_NAME,      /* its last component there */
    TOLD_BASE,      /* instead of these two, where it was not found: what a relative path begins at */
    TOLD_SECOND_NAMED,
    TOLD_SECOND_DIRECTORY,
    TOLD_SECOND_NAME,
    TOLD_SECOND_BASE,
    TOLD_EXE,
    TOLD_COMMAND_LINE,
    TOLD_PARENT_EXE, /* and one for each further parent */
    TOLD_TEXTS = TOLD_PARENT_EXE + TOLD_PARENTS,
};

#define TOLD_NAME_TEXTS 4 /* from one path's texts to the other's */

struct told_record {
    uint32_t size; /* of all of it, a multiple of 8 */
    uint8_t source, layer, flags, unused;
    int32_t errnum, call; /* errnum 0: it was let through */
    uint64_t args[6];
    uint32_t process; /* in the container's numbers */
    uint32_t parent_count;
    uint32_t parents[TOLD_PARENTS];
    uint16_t lengths[TOLD_TEXTS];
    uint16_t fill[2];
    uint64_t count; /* so many like it, 0 = 1 */
    uint64_t ask;   /* its caller waits for an answer with this number (asks.h), 0 = it has one */
};

#define TOLD_RECORD_MAX                                                                                        \
    (sizeof(struct told_record) + (TOLD_EXE) * (TOLD_TEXT_MAX + 1) + 2 * (TOLD_TEXT_MAX + 1) + TOLD_PARENTS * (TOLD_EXE_MAX + 1))

struct told_memory {
    /* written by the parent */
    uint32_t taken;      /* up to here */
    uint32_t is_awaited; /* it sleeps: MESSAGE_TOLD wakes it */
    uint32_t handles;    /* so many descriptors of processes it has received */
    uint32_t unused;
    /* written by process 1 */
    uint32_t put; /* up to here */
    uint32_t lost[TOLD_SOURCES]; /* so many, since the beginning */
    uint64_t ring[TOLD_RING_SIZE / sizeof(uint64_t)];
};

#endif
