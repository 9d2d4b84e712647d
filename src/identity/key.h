/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: P-256 for what Cordon signs, Ed25519 read as well. As PEM, as JWK (RFC 7517, 7518, 8037), and their signatures. */
#ifndef CORDON_IDENTITY_KEY_H
#define CORDON_IDENTITY_KEY_H

#include <jansson.h>
#include <openssl/types.h>

#include "base/compiler.h"
#include "base/error.h"
#include "base/text.h"

#define KEY_ID_SIZE        44 /* of a thumbprint (RFC 7638), with its NUL */
#define KEY_SIGNATURE_SIZE 64 /* of both kinds */

void key_free_at(EVP_PKEY **key);
#define auto_key cleanup_with(key_free_at)
void json_free_at(json_t **json);
#define auto_json cleanup_with(json_free_at)

/* A new pair, P-256. */
int key_make(EVP_PKEY **ret_key, struct error *err) must_check;

/* The private key; of nothing but PEM "PRIVATE KEY" without a password. */
int key_print(const EVP_PKEY *key, struct text *text, struct error *err) must_check;
int key_read(const char *pem, size_t size, EVP_PKEY **ret_key, struct error *err) must_check;

/* "ES256", "EdDSA"; NULL for what is neither P-256 nor Ed25519. */
const char *key_algorithm(const EVP_PKEY *key);

/* The public half as JWK, without "use" and "kid". */
int key_to_jwk(const EVP_PKEY *key, json_t **ret_jwk, struct error *err) must_check;
/* A point that is not on its curve is none. */
int key_from_jwk(const json_t *jwk, EVP_PKEY **ret_key, struct error *err) must_check;
int key_thumbprint(const EVP_PKEY *key, char ret_id[KEY_ID_SIZE], struct error *err) must_check;

/* Over SHA-256 (ES256, as r and s) or Ed25519. */
int key_sign(EVP_PKEY *key, const void *data, size_t size, unsigned char ret_signature[KEY_SIGNATURE_SIZE], struct error *err) must_check;
bool key_verify(EVP_PKEY *key, const void *data, size_t size, const unsigned char signature[KEY_SIGNATURE_SIZE]) must_check;

/* A failure of OpenSSL, whose own queue is emptied: "<what>". Returns -EIO. */
int key_error(struct error *err, const char *what);

#endif
