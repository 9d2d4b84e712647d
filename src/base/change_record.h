/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of the log of a reviewed run: which program was about to change which name, and what was there before. Process 1
 * writes it, freestanding, and src/review reads it; so only fixed-size types. One write() each, so that a reader that comes
 * meanwhile sees whole ones and perhaps the beginning of the last.
 */
#ifndef CORDON_BASE_CHANGE_RECORD_H
#define CORDON_BASE_CHANGE_RECORD_H

#include <stdint.h>

#define CHANGE_MAGIC   0x31676843u /* "Chg1" */
#define CHANGE_LOG_MAX (32u << 20) /* bytes; beyond that one of the kind CHANGE_LOST is the last */

enum change_kind {
    CHANGE_MADE = 1, /* made, opened to write, removed, metadata set */
    CHANGE_RENAMED,  /* `second` is the new name */
    CHANGE_LOST,     /* no further ones are written */
};

/* `name`, `second` and `exe` follow, in this order, no zero ends them. Names are those inside. */
struct change_record {
    uint32_t magic;
    uint32_t size; /* of all, this included */
    uint32_t kind;
    uint32_t process; /* in the container's numbers, 0 = not known */
    int64_t time_s;
    uint32_t time_ns;
    uint32_t mode; /* of what was there, 0 = nothing */
    uint64_t inode, length;
    int64_t change_s;
    uint32_t change_ns;
    uint16_t name_size, second_size, exe_size, unused;
};

#endif
