/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whom to believe about the names of one trust domain: certificates for X.509-SVIDs, keys for JWT-SVIDs, and keys for the tokens
 * that are none (use "sig"). As a SPIFFE bundle (a JWKS with spiffe_sequence and spiffe_refresh_hint) and as PEM. A key counts for its
 * one use alone.
 */
#ifndef CORDON_IDENTITY_BUNDLE_H
#define CORDON_IDENTITY_BUNDLE_H

#include "identity/key.h"
#include "identity/name.h"

#define BUNDLE_KEYS_MAX 32
#define BUNDLE_TEXT_MAX ((size_t)256 << 10)
#define BUNDLE_REFRESH_S 3600

enum bundle_use { BUNDLE_X509 = 1, BUNDLE_JWT, BUNDLE_TOKEN };

struct bundle_key {
    enum bundle_use use;
    char id[128];      /* empty for BUNDLE_X509 */
    EVP_PKEY *key;     /* NULL for BUNDLE_X509 */
    X509 *certificate; /* BUNDLE_X509 alone */
};

struct bundle {
    char domain[IDENTITY_DOMAIN_SIZE];
    uint64_t sequence;
    struct bundle_key keys[BUNDLE_KEYS_MAX];
    size_t count;
};

void bundle_finish(struct bundle *bundle);
#define auto_bundle cleanup_with(bundle_finish)

/* The bundle takes what it is given, also where that fails. */
int bundle_add_key(struct bundle *bundle, enum bundle_use use, const char *id, EVP_PKEY *key, struct error *err) must_check;
int bundle_add_certificate(struct bundle *bundle, X509 *certificate, struct error *err) must_check;

/* NULL: it has none of this use and name. */
EVP_PKEY *bundle_find(const struct bundle *bundle, enum bundle_use use, const char *id);

/* What it says of its trust domain is not in the text: the caller knows whose it is. Keys of other uses and kinds are passed over. */
int bundle_read(const char *text, size_t size, const char *domain, struct bundle *ret_bundle, struct error *err) must_check;
int bundle_write(const struct bundle *bundle, struct text *text, struct error *err) must_check;
/* The certificates, one after the other. */
int bundle_write_pem(const struct bundle *bundle, struct text *text, struct error *err) must_check;
int certificate_write_pem(X509 *certificate, struct text *text, struct error *err) must_check;
/* As "x5c" has it: base64 with padding. */
json_t *certificate_to_x5c(X509 *certificate);
X509 *certificate_from_x5c(const json_t *value);

#endif
