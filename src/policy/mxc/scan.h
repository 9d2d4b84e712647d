/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the tokens of a JSON text end. MXC names a place as the line and the bytes read of it when
 * the fault was noticed, which is behind the token; the tree does not know where keys end. The text
 * has been parsed before: this only finds ends, and never leaves the text whatever it holds.
 */
#ifndef CORDON_POLICY_MXC_SCAN_H
#define CORDON_POLICY_MXC_SCAN_H

#include <stdbool.h>
#include <stddef.h>

struct scan {
    const char *text;
    size_t size;
    size_t at;
};

/* Step over blanks; is `character` next? Step over it too if so. */
bool scan_take(struct scan *scan, char character);

/* Step over blanks; what is next? NUL at the end. */
char scan_peek(struct scan *scan);

/* Step over blanks and one string, or over one whole value. */
void scan_string(struct scan *scan);
void scan_value(struct scan *scan);

/* 1-based line of `offset` and the number of bytes before it in that line. */
void scan_position(const struct scan *scan, size_t offset, unsigned *ret_line, unsigned *ret_bytes);

#endif
