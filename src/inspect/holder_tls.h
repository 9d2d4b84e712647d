/* SPDX-License-Identifier: Apache-2.0 */
/* TLS towards servers: whom the holder believes, and who a server has to be. */
#ifndef CORDON_INSPECT_HOLDER_TLS_H
#define CORDON_INSPECT_HOLDER_TLS_H

#include <openssl/ssl.h>

#include "inspect/believed.h"
#include "inspect/hold.h"

/* That believes nobody before believed_begin(). */
int holder_tls_open(SSL_CTX **ret_context, struct error *err) must_check;

/* A connection on `fd` to exactly this name: TLS 1.2 or later, HTTP/1.1 alone. NULL when out of memory. */
SSL *holder_tls_connect(SSL_CTX *context, int fd, const char *name) must_check;

/* Why there is no connection. */
enum hold_failure holder_tls_explain(SSL *tls, const char *name, struct error *err);

/* From here on whatever OpenSSL frees is wiped. Before anything else of OpenSSL. */
int holder_tls_wipe_freed(void) must_check;

#endif
