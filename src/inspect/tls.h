/* SPDX-License-Identifier: Apache-2.0 */
/* TLS as the inspector speaks it: to programs with the container's authority, to servers with those that are believed. */
#ifndef CORDON_INSPECT_TLS_H
#define CORDON_INSPECT_TLS_H

#include <stddef.h>

#include <openssl/types.h>

#include "base/compiler.h"
#include "base/error.h"

/* Whatever OpenSSL would look for in files or make later: before files are gone. */
int tls_prepare(struct error *err) must_check;

int tls_to_programs(SSL_CTX **ret_context, struct error *err) must_check;

/* That believes nobody before believed_begin(). */
int tls_to_servers(SSL_CTX **ret_context, struct error *err) must_check;

/* The protocol of an ALPN list (RFC 7301); NULL where it does not hold it. */
const unsigned char *tls_find_protocol(const unsigned char *list, unsigned size, const char *name);

#endif
