/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's questions, by datagram and by TCP, and the way back for their answers. What is answered somebody else
 * says: here is only who asked, from where, and for how long they may take up room.
 */
#ifndef CORDON_GATEWAY_DNS_SERVER_H
#define CORDON_GATEWAY_DNS_SERVER_H

#include <netinet/in.h>

#include "base/compiler.h"
#include "base/error.h"
#include "gateway/dns_codec.h"
#include "gateway/dns_upstream.h"
#include "worker/loop.h"
#include "gateway/names.h"

#define DNS_WAITING_MAX     256 /* questions that wait for an answer; one more is answered with SERVFAIL */
#define DNS_CONNECTIONS_MAX 32
#define DNS_IDLE_MS         10000 /* a connection that neither asks nor takes its answer */

struct dns_server;
struct dns_connection;

/* One question on its way. */
struct dns_exchange {
    struct dns_question question;
    struct dns_ask ask; /* for whoever answers: to wait with */
    void *context;      /* the same */
    struct dns_server *server;
    struct dns_connection *connection; /* NULL = a datagram */
    bool is_used;
    int fd; /* of a datagram */
    socklen_t from_size;
    struct sockaddr_in6 from; /* or a sockaddr_in in the same place */
    struct net_address asked; /* family 0 = the kernel did not say; the answer comes from there */
};

struct dns_server_setup {
    struct loop *loop;
    /*
     * A question, or what could not be one (`rcode`, as dns_question_read() returned it). Has to lead to one call of
     * dns_server_answer(), at once or later. Not called for what is not to be answered.
     */
    void (*asked)(void *context, struct dns_exchange *exchange, int rcode);
    void *context;
};

int dns_server_open(const struct dns_server_setup *setup, struct dns_server **ret_server, struct error *err) must_check;
void dns_server_close(struct dns_server *server);

/* Takes the sockets, also when it fails; those of -1 are left out. */
int dns_server_listen(struct dns_server *server, const struct names_sockets *sockets, struct error *err) must_check;

/* Ends the exchange. An answer that cannot be sent now is one datagram lost, or a connection closed. */
void dns_server_answer(struct dns_exchange *exchange, const struct dns_answer *answer);

#endif
