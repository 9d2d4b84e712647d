/* SPDX-License-Identifier: Apache-2.0 */
/* Echo requests: those of programs are judged, sent by a socket for ping of the host, and answered in the name of who was asked. */
#ifndef CORDON_GATEWAY_PING_H
#define CORDON_GATEWAY_PING_H

#include "gateway/gateway.h"

#define PING_FLOWS_MAX 256u

/*
 * May this process send echo requests from the host, and do the rules need it? Where they name ICMP and it may not:
 * ERROR_UNENFORCEABLE.
 */
int ping_check(const struct ruleset *set, bool *ret_has_ping, struct error *err) must_check;

/* Watch the sockets of gateway->sockets. */
int ping_open(struct gateway *gateway, struct ping **ret_ping, struct error *err) must_check;
void ping_close(struct ping *ping); /* each flow with an event */

void ping_judge_all(struct ping *ping);
void ping_end_unpaid(struct ping *ping);
/* Does this flow wait for its record (logged.h)? Then it goes on, or ends. */
bool ping_logged(struct ping *ping, uint64_t number, bool is_recorded);

#endif
