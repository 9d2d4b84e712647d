/* SPDX-License-Identifier: Apache-2.0 */
/* For OpenSSL: what it asks while a program opens TLS. The connection's application data is its struct flow. */
#ifndef CORDON_INSPECT_HELLO_H
#define CORDON_INSPECT_HELLO_H

#include <openssl/ssl.h>

int hello_heard(SSL *tls, int *alert, void *context);   /* name and protocols; waits for the server */
int hello_present(SSL *tls, void *context);             /* the certificate */
int hello_choose(SSL *tls, const unsigned char **ret_protocol, unsigned char *ret_size, const unsigned char *list, unsigned size,
                 void *context); /* the server's protocol */
int hello_kept(SSL *tls, SSL_SESSION *session); /* with a server: 1 = it is kept */

#endif
