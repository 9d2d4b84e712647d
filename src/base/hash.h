/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), for tables whose keys come from outside: who does not
 * know the secret can neither make two texts meet nor fill one bucket.
 */
#ifndef CORDON_BASE_HASH_H
#define CORDON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_secret {
    uint64_t words[2];
};

uint64_t hash_bytes(const struct hash_secret *secret, const void *data, size_t size);

#endif
