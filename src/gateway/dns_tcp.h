/* SPDX-License-Identifier: Apache-2.0 */
/* For the resolver's own files: questions by TCP (RFC 7766), one at a time on each connection. */
#ifndef CORDON_GATEWAY_DNS_TCP_H
#define CORDON_GATEWAY_DNS_TCP_H

#include "gateway/dns_server.h"

struct dns_tcp;

int dns_tcp_open(struct loop *loop, struct dns_server *server, struct dns_tcp **ret_tcp, struct error *err) must_check;
void dns_tcp_close(struct dns_tcp *tcp);

/* Takes the socket; -1 = none of this family (0 IPv4, 1 IPv6). */
int dns_tcp_listen(struct dns_tcp *tcp, int family, int fd, struct error *err) must_check;

/* The answer to the question of this connection, which then asks the next. */
void dns_tcp_answer(struct dns_connection *connection, const void *message, size_t size);

/* Of dns_server.c: a place among those that wait (NULL = none is left), given back, and a question said on. */
struct dns_exchange *dns_server_begin(struct dns_server *server);
void dns_server_drop(struct dns_exchange *exchange);
void dns_server_asked(struct dns_exchange *exchange, int rcode);

#endif
