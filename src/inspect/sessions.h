/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions of TLS with servers that were verified, so that the next connection to the same server need not begin anew. Each is
 * for the name and port that it was made with, and is used once (RFC 8446, C.4).
 */
#ifndef CORDON_INSPECT_SESSIONS_H
#define CORDON_INSPECT_SESSIONS_H

#include <openssl/ssl.h>

#include "base/compiler.h"

#define SESSIONS_MAX 64u

struct sessions;

struct sessions *sessions_new(void) must_check; /* NULL = no memory */

/* Takes `session`, in the place of the oldest where there is no room. */
void sessions_put(struct sessions *sessions, const char *name, unsigned port, SSL_SESSION *session);
/* The caller's; NULL = none. */
SSL_SESSION *sessions_take(struct sessions *sessions, const char *name, unsigned port);

#endif
