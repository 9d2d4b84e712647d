/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, sizes and durations as documents and the command line write them: a unit is required. */
#ifndef CORDON_BASE_NUMBER_H
#define CORDON_BASE_NUMBER_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

/* Decimal digits only, no sign, no blanks, within minimum..maximum. */
int number_parse(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value,
                 struct error *err) must_check;

/* "512MiB", "1GiB", "64KiB", "10MB", "4096B": binary and decimal units. A bare number is refused.
 * Bytes. */
int number_parse_size(const char *text, uint64_t *ret_bytes, struct error *err) must_check;

/* "300ms", "30s", "5m", "2h": integral. A bare number is refused. Milliseconds, at most 366 days.
 */
int number_parse_duration(const char *text, uint64_t *ret_ms, struct error *err) must_check;

/* "1.5", "2", at most three decimals: thousandths, at least 1. For cpus. */
int number_parse_milli(const char *text, uint64_t *ret_thousandths, struct error *err) must_check;

/* As documents write them: "512MiB", "30s"; exact, never rounded. */
void number_print_size(struct text *out, uint64_t bytes);
void number_print_duration(struct text *out, uint64_t ms);

#endif
