/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's own key signs, and nothing else is: the key never leaves the signer, so a container asks for one of these.
 *
 *   statement     a JWS of type cordon-statement+jws with the certificate in x5c: {sub, context, digest, iat}. The digest is of what the container
 *                 says, the context for what purpose; both are inside of what is signed, with its name.
 *   tls13-client, tls13-server
 *                 the CertificateVerify of a TLS 1.3 handshake (RFC 8446, 4.4.3): 64 blanks, the text of that role, a zero and the transcript's
 *                 hash, all put together here
 *
 * What begins with 64 blanks is no JWS, and what a container may choose in either is a digest of fixed size.
 */
#ifndef CORDON_IDENTITY_STATEMENT_H
#define CORDON_IDENTITY_STATEMENT_H

#include <time.h>

#include "identity/bundle.h"

#define STATEMENT_CONTEXT_SIZE 65 /* A-Z a-z 0-9 . _ - / : */
#define STATEMENT_TYPE         "cordon-statement+jws"

enum statement_kind { STATEMENT_JWS = 1, STATEMENT_TLS13_CLIENT, STATEMENT_TLS13_SERVER };
const char *statement_kind_name(enum statement_kind kind);
enum statement_kind statement_kind_parse(const char *name); /* 0 = none */

struct statement {
    enum statement_kind kind;
    const struct identity_name *name;
    const char *context; /* STATEMENT_JWS alone */
    const unsigned char *digest;
    size_t digest_size; /* 32; of a transcript 32 or 48 */
    X509 *certificate;
    EVP_PKEY *key;
    time_t now;
};

/* Text of a JWS, or the signature as TLS has it (DER), into `text`. */
int statement_make(const struct statement *statement, struct text *text, struct error *err) must_check;

/* Is it what this digest and context say, and signed by whom it names? At the time at which it says that it was made. */
int statement_verify(const char *jws, size_t length, const struct bundle *bundle, const char *context, const unsigned char digest[32],
                     struct identity_name *ret_name, time_t *ret_made, struct error *err) must_check;

#endif
