/* SPDX-License-Identifier: Apache-2.0 */
/* The ways in which an answer may write a byte of a value, and how each is read, byte by byte. */
#ifndef CORDON_INSPECT_LANE_H
#define CORDON_INSPECT_LANE_H

#include <stdbool.h>
#include <stddef.h>

enum lane_kind {
    LANE_RAW = 0,
    LANE_PERCENT, /* %41 */
    LANE_FORM,    /* the same, and '+' for a blank */
    LANE_JSON,    /* \", \/, \u0041, \x41 */
    LANE_HTML,    /* &amp;, &#65;, &#x41; */
    LANE_WIDE,    /* UTF-16 and UTF-32: NULs between the bytes, which are nothing */
};
#define LANES         6u
#define LANE_UNIT_MAX 12u /* bytes of the longest unit: two escapes of a surrogate pair */

/* May this byte begin a unit of more than itself, or stand for another, or for nothing? */
int lane_escapes(enum lane_kind kind, unsigned char byte);

/*
 * What `size` bytes, the first of which escapes, mean as one unit: how many bytes (1..4), in `ret`; 0 = it may become one;
 * -1 = none: the first byte stands for itself.
 */
int lane_read(enum lane_kind kind, const unsigned char *unit, size_t size, unsigned char ret[4]);

/*
 * Does this text end within an escape, of which the next byte would be a part? '%4' in front of a value makes of its first
 * digit another byte for who reads it, and what is told back then is not the value any more.
 */
bool lane_is_begun(const void *text, size_t size);

#endif
