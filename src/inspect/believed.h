/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS towards servers as inspector and holder both speak it, and the authorities that servers are believed by. A host has some hundred and fifty, and reading them takes longer than anything
 * else of a start: they are kept as they came until the first server has to be verified.
 */
#ifndef CORDON_INSPECT_BELIEVED_H
#define CORDON_INSPECT_BELIEVED_H

#include <stddef.h>

#include <openssl/ssl.h>

#include "base/compiler.h"
#include "base/error.h"

/* Stays where it is as long as its context. */
struct believed {
    char *pem; /* what is not read yet, from `at` on; NULL = all of it was */
    size_t at, size;
    unsigned count;
    X509_STORE *store; /* of the context */
    struct error fault; /* why nobody is believed */
};

/* As all TLS is here, on either side: 1.2 at least, nothing renegotiated or compressed. NULL: OpenSSL's queue of errors says why. */
SSL_CTX *believed_context(const SSL_METHOD *method) must_check;

/* The same towards servers, which are verified; it believes nobody before believed_begin(). Who a server has to be is for the connection. */
SSL_CTX *believed_new(void) must_check;

/*
 * `context` verifies servers by these. Takes `pem` in every case. The first `own` of them are the policy's, and are read at
 * once: -EINVAL for one that is no certificate, and where there is none at all.
 */
int believed_begin(struct believed *believed, SSL_CTX *context, char *pem, size_t size, unsigned own, struct error *err) must_check;

/* Read what was not read yet. One that is no certificate is a fault for good: no server is believed any more. */
void believed_read(struct believed *believed);

/* Why the server of this connection is not believed, where that is no fault of the server; NULL = it is. */
const char *believed_fault(const SSL *tls);

#endif
