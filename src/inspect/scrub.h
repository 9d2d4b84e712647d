/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values taken out of bytes that come in pieces: each is written over with as many '*', or with its placeholder where that
 * is as long. Nothing is held back but what may be the beginning of a value; scrub_conceal() for whose text is somebody's who
 * must not learn of a value by that.
 */
#ifndef CORDON_INSPECT_SCRUB_H
#define CORDON_INSPECT_SCRUB_H

#include <stddef.h>
#include <stdint.h>

#include "inspect/values.h"

struct scrub;

int scrub_new(const struct values *values, struct scrub **ret_scrub, struct error *err) must_check;
void scrub_free(struct scrub *scrub);
/* Before the first text: from now on as much is held back whatever the values are. */
void scrub_conceal(struct scrub *scrub);

/* 0 or -ENOMEM. */
int scrub_push(struct scrub *scrub, const void *bytes, size_t size) must_check;
/* No more of these comes: what is pushed next is another text. */
void scrub_end(struct scrub *scrub);
/* The text so far, and what is held, is forgotten. */
void scrub_reset(struct scrub *scrub);

/* What may go on. */
size_t scrub_ready(const struct scrub *scrub);
const unsigned char *scrub_head(const struct scrub *scrub);
void scrub_take(struct scrub *scrub, size_t size);

/* Which secrets were met since the last reset, a bit each. */
uint64_t scrub_found(const struct scrub *scrub);

#endif
