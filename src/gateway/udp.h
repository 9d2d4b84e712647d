/* SPDX-License-Identifier: Apache-2.0 */
/* Datagrams: a flow for each pair of a program's socket and where it sends to. */
#ifndef CORDON_GATEWAY_UDP_H
#define CORDON_GATEWAY_UDP_H

#include "gateway/gateway.h"

#define UDP_FLOWS_MAX 1024u

/* Watch the listeners of gateway->sockets. */
int udp_open(struct gateway *gateway, struct udp **ret_udp, struct error *err) must_check;
void udp_close(struct udp *udp); /* each flow with an event */

/* Those whose budgets of bytes are used up. */
void udp_end_unpaid(struct udp *udp);

/* By the rules that hold now. */
void udp_judge_all(struct udp *udp);

/* Does this flow wait for its record (logged.h)? Then it goes on, or ends. */
bool udp_logged(struct udp *udp, uint64_t number, bool is_recorded);

/* Does it begin a QUIC connection: a packet with a long header (RFC 8999, 5.1) and a version? */
bool udp_is_quic(const unsigned char *bytes, size_t size);

#endif
