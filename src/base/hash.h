/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hash_bytes(): SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF"), for tables whose keys come from outside: who does not
 * know the secret can neither make two texts meet nor fill one bucket.
 */
#ifndef CORDON_BASE_HASH_H
#define CORDON_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_secret {
    uint64_t words[2];
};

/* FNV-1a, for tables that are bounded and where two that meet cost time and nothing else: begin with HASH_START. */
#define HASH_START 0xcbf29ce484222325u

static inline uint64_t hash_step(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * 0x100000001b3u;
}

static inline uint64_t hash_mix(uint64_t hash, const void *data, size_t size)
{
    for (const unsigned char *at = data; size--; at++)
        hash = hash_step(hash, *at);
    return hash;
}

uint64_t hash_bytes(const struct hash_secret *secret, const void *data, size_t size);

#endif
