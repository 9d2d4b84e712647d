/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many patterns at once, in one step a byte (Aho and Corasick 1975). The states hold the patterns, which may be secret: they
 * lie in one mapping that is kept out of swap where the limit allows, out of core files, and wiped.
 */
#ifndef CORDON_INSPECT_SEARCH_H
#define CORDON_INSPECT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

#define SEARCH_PATTERN_MAX 65535u
#define SEARCH_BYTES_MAX   (1u << 20) /* of all patterns */

struct search;

/* `bytes_max`: of all patterns that will be added. ERROR_LIMIT beyond SEARCH_BYTES_MAX. */
int search_new(size_t bytes_max, struct search **ret_search, struct error *err) must_check;
void search_free(struct search *search);
void search_free_at(struct search **search);
#define auto_search cleanup_with(search_free_at)

/* Of 1 to SEARCH_PATTERN_MAX bytes. The first label of equal patterns counts. -E2BIG beyond what was said. */
int search_add(struct search *search, const void *bytes, size_t size, uint16_t label) must_check;
/* After the last pattern, before the first step. */
int search_link(struct search *search, struct error *err) must_check;

/* State 0 is the beginning. */
uint32_t search_step(const struct search *search, uint32_t state, unsigned char byte);
/* How many of the last bytes are the beginning of a pattern. */
unsigned search_depth(const struct search *search, uint32_t state);
/* The length of the longest pattern that ends here, 0 = none. */
unsigned search_match(const struct search *search, uint32_t state, uint16_t *ret_label);
bool search_begins(const struct search *search, unsigned char byte);
unsigned search_longest(const struct search *search);

#endif
