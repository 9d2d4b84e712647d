/* SPDX-License-Identifier: Apache-2.0 */
/* A program, the inspector, and a server in a process of its own, with TLS on both sides. */
#ifndef CORDON_TESTS_INSPECT_MEET_H
#define CORDON_TESTS_INSPECT_MEET_H

#include <openssl/ssl.h>

#include "inspect/authority.h"
#include "world.h"

struct server {
    struct authority *authority;
    char *trust;
    const char *name;   /* in its certificate */
    X509 *own;          /* it presents this one, which names it in its subject alone; NULL = the authority's */
    EVP_PKEY *key;
    const char *looked; /* it answers whether this was in the request; NULL = with the request itself */
};

struct meeting {
    struct server server;
    struct world world;
    struct link link;
    pid_t pid;
    SSL_CTX *context;
    char got[70000];
};

/* `looked`: as in the server. */
void meet(struct meeting *meeting, const struct world_rules *rules, const char *server_name, bool is_believed, const char *looked);
void part(struct meeting *meeting);
/* As meet(), believed, with server_be_common(). */
void meet_common(struct meeting *meeting, const struct world_rules *rules, const char *server_name);

/* A child that is the server's; takes link->server. */
pid_t serve(const struct server *server, struct link *link);
void await(pid_t pid);

void server_begin(struct server *server, const char *name);
/* Instead: a certificate that signed itself, with the name where names no longer are (RFC 9110, 4.3.4). */
void server_be_common(struct server *server);
void server_end(struct server *server);
SSL_CTX *believing(const char *pem);
SSL *program_open(SSL_CTX *context, const struct link *link, const char *name);
void ask(struct meeting *meeting, SSL *tls, const char *request, const char *end);

#endif
