/* SPDX-License-Identifier: Apache-2.0 */
/* A time of the wall's clock as documents and people write it (RFC 3339): always with its offset, so that it means the same on every machine. */
#ifndef CORDON_BASE_DATE_H
#define CORDON_BASE_DATE_H

#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#define DATE_TEXT_SIZE 32

/* "2026-12-24T18:30:00+01:00", or with 'Z', with or without a fraction: milliseconds since 1970, at least 1. -EINVAL, -ERANGE (no such day). */
int date_parse(const char *text, uint64_t *ret_ms, struct error *err) must_check;

/* In UTC: "2026-12-24T17:30:00Z", with milliseconds where there are some. */
void date_print(uint64_t ms, char text[DATE_TEXT_SIZE]);

#endif
