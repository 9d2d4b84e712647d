/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/names_look.h"

#include <string.h>
#include <sys/socket.h>

static void answered(struct dns_ask *ask, const struct dns_result *result)
{
    struct names_look *look = container_of(ask, struct names_look, ask);

    if (result->outcome != DNS_FOUND && !look->is_second) {
        look->is_second = true;
        dns_upstream_ask(look->upstream, look->name, DNS_AAAA, &look->ask);
        return;
    }
    look->found(look, result->addresses, result->outcome == DNS_FOUND ? result->count : 0);
}

void names_look_begin(struct names_look *look, const char *name, const struct dns_hosts *hosts, struct dns_upstream *upstream)
{
    struct net_address addresses[2 * DNS_ADDRESSES_MAX];
    size_t four = 0, six = 0;

    if (dns_hosts_find(hosts, name, AF_INET, addresses, DNS_ADDRESSES_MAX, &four)) {
        (void)dns_hosts_find(hosts, name, AF_INET6, addresses + four, DNS_ADDRESSES_MAX, &six);
        look->found(look, addresses, four + six);
        return;
    }
    look->upstream = upstream;
    look->is_second = false;
    strncpy(look->name, name, sizeof(look->name) - 1);
    look->ask.answered = answered;
    dns_upstream_ask(upstream, look->name, DNS_A, &look->ask);
}

void names_look_cancel(struct names_look *look)
{
    dns_upstream_cancel(&look->ask);
}
