/* SPDX-License-Identifier: Apache-2.0 */
/* Answers that may be given again. A new one takes the place of the one that would have gone first. */
#ifndef CORDON_GATEWAY_DNS_CACHE_H
#define CORDON_GATEWAY_DNS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "gateway/dns_upstream.h"

struct dns_cache;

struct dns_cache *dns_cache_new(void) must_check; /* NULL when out of memory */
void dns_cache_free(struct dns_cache *cache);

/* For result->ttl_s seconds from now. */
void dns_cache_put(struct dns_cache *cache, const char *name, enum dns_type type, const struct dns_result *result,
                   uint64_t now_ns);
bool dns_cache_get(const struct dns_cache *cache, const char *name, enum dns_type type, uint64_t now_ns,
                   struct dns_result *ret_result);

#endif
