/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON Web Signatures in their compact form (RFC 7515), as narrow as they are needed: the header says algorithm, type, key and,
 * where that is wanted, certificates, and nothing else. Which algorithm holds follows from the key, never from the text.
 */
#ifndef CORDON_IDENTITY_JWS_H
#define CORDON_IDENTITY_JWS_H

#include "identity/key.h"

#define JWS_TEXT_MAX   ((size_t)48 << 10)
#define JWS_TYPE_SIZE  64
#define JWS_ID_SIZE    128
#define JWS_CHAIN_MAX  4 /* certificates */

struct jws {
    const char *signed_text; /* header and payload as they were signed: the caller's text */
    size_t signed_size;
    unsigned char signature[KEY_SIGNATURE_SIZE];
    char algorithm[16], type[JWS_TYPE_SIZE], key_id[JWS_ID_SIZE]; /* empty = not said */
    json_t *header, *payload;                                     /* a JSON object each */
};

void jws_finish(struct jws *jws);
#define auto_jws cleanup_with(jws_finish)

/*
 * What the text says; nothing of it is believed yet. It stays the caller's and must outlive *ret_jws. ERROR_INVALID: it is none,
 * or says what is not understood ("crit", a key or an address of one, a member twice, ...).
 */
int jws_read(const char *text, size_t length, struct jws *ret_jws, struct error *err) must_check;

/* Is it signed by this key? Then it is of that key's algorithm. */
int jws_check(const struct jws *jws, EVP_PKEY *key, struct error *err) must_check;

/* `key_id` and `chain` (an array of base64 DER, leaf first) may be NULL. The text, without an end of line, is added to `text`. */
int jws_write(EVP_PKEY *key, const char *type, const char *key_id, json_t *chain, const json_t *payload, struct text *text,
              struct error *err) must_check;

#endif
