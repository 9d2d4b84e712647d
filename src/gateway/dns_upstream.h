/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asking the host's resolvers, by c-ares: which servers, retries, TCP where a datagram is too short, the reading of their
 * answers. Here: one question under way for all who ask the same, a bounded memory of answers, and an end to waiting.
 */
#ifndef CORDON_GATEWAY_DNS_UPSTREAM_H
#define CORDON_GATEWAY_DNS_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "gateway/dns_codec.h"
#include "worker/loop.h"
#include "net/address.h"
#include "net/name.h"

#define DNS_SERVERS_MAX    3   /* of resolv.conf, as the C library does */
#define DNS_LOOKUPS_MAX    256 /* under way */
#define DNS_WAIT_MS        5000
#define DNS_NEGATIVE_TTL_S 10

struct dns_upstream;

enum dns_outcome {
    DNS_FOUND = 0, /* at least one address */
    DNS_NO_DATA,   /* the name exists, without an address of this family */
    DNS_NO_NAME,
    DNS_FAILED, /* nobody answered in time, or with what could be read */
};

struct dns_result {
    enum dns_outcome outcome;
    uint32_t ttl_s; /* that is left of it */
    size_t count;
    struct net_address addresses[DNS_ADDRESSES_MAX];
};

/* One who asks; lies in its owner and is zero before it is used. */
struct dns_ask {
    void (*answered)(struct dns_ask *ask, const struct dns_result *result);
    struct dns_ask *next, **before; /* before = NULL: waits for nothing */
};

/* `servers` NULL: those of the host's resolv.conf. Otherwise as c-ares writes them: "127.0.0.1:5353,[::1]:5353". Whatever
 * is read from files is read here. */
int dns_upstream_open(struct loop *loop, const char *servers, struct dns_upstream **ret_upstream,
                      struct error *err) must_check;
void dns_upstream_close(struct dns_upstream *upstream); /* whoever waits is not told */

/*
 * The addresses of a canonical name, of `type` DNS_A or DNS_AAAA. `answered` is called once: before this returns, where the
 * answer is known or cannot be had, else within DNS_WAIT_MS.
 */
void dns_upstream_ask(struct dns_upstream *upstream, const char *name, enum dns_type type, struct dns_ask *ask);
void dns_upstream_cancel(struct dns_ask *ask); /* not called any more */

/* Who is asked, at most DNS_SERVERS_MAX. */
size_t dns_upstream_servers(const struct dns_upstream *upstream, struct net_address ret_servers[DNS_SERVERS_MAX]);

/* What an answer of a server to a question of this type says; the fuzzer reads with it, too. */
void dns_reply_read(const unsigned char *message, size_t size, enum dns_type type, struct dns_result *ret_result);

#endif
