/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files of this part: how rules and secrets look as bytes. One run of 32-bit numbers and counted bytes in the order
 * of the structures, each list behind its count: nothing in it points anywhere, so nothing can be used twice or overlap.
 *
 *   rules:    MAGIC, bytes of all, said on both clocks (two longs); programs; budgets, how many in total; layers; inward doors; outward doors
 *   program:  path, device, inode, size, change time (long, number), 32 bytes
 *   budget:   connections, requests, bytes up, down, per second, ends the run, where
 *   layer:    open, only denies, where; allow rules, how many of these have ended, the last; deny rules
 *   rule:     where; peers; ports; 0 or 1 and requests; and of allow rules: terminates; programs; budget; until (long)
 *   peer:     host, has a block[, block; except blocks]         block:  4 or 6, prefix, 4 or 16 bytes
 *   ports:    protocol, has a port, first, last                 door:   port, other port, where
 *   requests: methods; paths; WebSocket, has calls, is MCP; calls; tools
 *   secrets:  MAGIC, bytes of all, has values; secrets          secret: name, placeholder, where; hosts; fields; length[, value]
 *   field:    place, text
 *   text:     its length, or RECORD_NONE, and its bytes         long:   its low half, its high half
 */
#ifndef CORDON_NET_RECORD_H
#define CORDON_NET_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/text.h"

#define RECORD_RULES     0x33726e43u /* "Cnr3" */
#define RECORD_SECRETS   0x31736e43u /* "Cns1" */
#define RECORD_NONE      0xffffffffu
#define RECORD_WHERE_MAX 1023 /* only shown to people: longer ones are cut */
#define RECORD_PATH_MAX  4095
#define RECORD_CALL_MAX  127 /* longer ones are in no call that passes (worker/wire.h) */
#define RECORD_MAX       ((size_t)1 << 20)

void record_put_number(struct text *out, uint32_t number);
void record_put_long(struct text *out, uint64_t number);
void record_put_count(struct text *out, size_t count); /* what does not fit is left out, and makes the whole too large */
void record_put_text(struct text *out, const char *string, size_t length_max);

/* After the first failure everything reads as zero. */
struct record_reader {
    struct arena *arena;
    const unsigned char *data;
    size_t size, at;
    const char *of; /* what it should be a record of */
    int errnum;     /* with which it is refused */
    struct error *err;
    int status;
};

void record_fail(struct record_reader *reader, const char *what);
void *record_allocate(struct record_reader *reader, size_t size) must_check;
const unsigned char *record_take_bytes(struct record_reader *reader, size_t size) must_check;
uint32_t record_take_number(struct record_reader *reader);
uint64_t record_take_long(struct record_reader *reader);
uint32_t record_take_within(struct record_reader *reader, uint32_t first, uint32_t last, const char *what);
bool record_take_bool(struct record_reader *reader);

/* An array of so many elements, each of which takes at least `least` bytes of what is left. */
void *record_take_array(struct record_reader *reader, size_t element_size, size_t least, size_t *ret_count) must_check;

/* NULL where there is none, which only `is_optional` permits, or after a failure. */
const char *record_take_text(struct record_reader *reader, size_t length_max, bool is_optional);
const char *record_take_words(struct record_reader *reader, size_t length_max); /* printable, not empty */
const char *record_take_token(struct record_reader *reader, size_t length_max); /* as HTTP's */

#endif
