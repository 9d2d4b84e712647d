/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The addresses of one name, whatever the rules say: of IPv4, and where there are none of IPv6. Neither judged nor told to the
 * container: for a connection that a person allowed.
 */
#ifndef CORDON_GATEWAY_NAMES_LOOK_H
#define CORDON_GATEWAY_NAMES_LOOK_H

#include "gateway/dns_hosts.h"
#include "gateway/dns_upstream.h"

/* Lies in its owner and is zero but for `found`, which is called once, before names_look_begin() returns or later; `count` 0 = none. */
struct names_look {
    void (*found)(struct names_look *look, const struct net_address *addresses, size_t count);
    struct dns_ask ask;
    struct dns_upstream *upstream;
    char name[NET_NAME_SIZE];
    bool is_second; /* IPv6 is asked for */
};

void names_look_begin(struct names_look *look, const char *name, const struct dns_hosts *hosts, struct dns_upstream *upstream);
void names_look_cancel(struct names_look *look); /* not called any more */

#endif
