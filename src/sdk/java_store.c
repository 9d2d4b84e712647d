/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JKS, version 2: magic, version, number of entries; of each 2 (a trusted certificate), its alias, when it was made, its
 * type and its bytes; SHA-1 over the password in UTF-16, a phrase, and all that. Everything big-endian. Every Java reads it
 * whatever its keystore.type says (keystore.type.compat), and it holds nothing that would have to be secret.
 */
#include "sdk/java_store.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/memory.h"
#include "base/fingerprint.h"

#define BEGIN_LINE "-----BEGIN CERTIFICATE-----"
#define END_LINE   "-----END CERTIFICATE-----"
#define MAGIC      0xfeedfeedu
#define VERSION    2u
#define TRUSTED    2u
#define TYPE       "X.509"

static void add_number(struct text *store, uint64_t number, unsigned bytes)
{
    while (bytes--) {
        char byte = (char)(number >> 8 * bytes);

        text_add_n(store, &byte, 1);
    }
}

static void add_word(struct text *store, const char *word)
{
    add_number(store, strlen(word), 2);
    text_add(store, word);
}

static int add_entry(struct text *store, const char *body, size_t length, unsigned number, struct error *err)
{
    auto_free unsigned char *der = mem_alloc(length / 4 * 3 + 3);
    char alias[32];
    ssize_t size;

    if (!der)
        return error_memory(err);
    size = base64_decode(body, length, der);
    if (size <= 0)
        return error_set(err, ERROR_INVALID, EBADMSG, "the authorities of this host: certificate %u is not in base64", number);
    snprintf(alias, sizeof(alias), "cordon-%u", number);
    add_number(store, TRUSTED, 4);
    add_word(store, alias);
    add_number(store, 0, 8);
    add_word(store, TYPE);
    add_number(store, (uint64_t)size, 4);
    text_add_n(store, (const char *)der, (size_t)size);
    return 0;
}

static void add_digest(struct text *store)
{
    static const char password[] = "\0c\0h\0a\0n\0g\0e\0i\0t" "Mighty Aphrodite";
    unsigned char digest[SHA1_SIZE];

    if (store->is_broken)
        return;
    sha1_of(password, sizeof(password) - 1, store->data, store->length, digest);
    text_add_n(store, (const char *)digest, sizeof(digest));
}

int java_store_write(const char *pem, size_t size, struct text *store, struct error *err)
{
    const char *end = pem + size, *at = pem;
    unsigned count = 0, number = 0;

    while ((at = memmem(at, (size_t)(end - at), BEGIN_LINE, strlen(BEGIN_LINE)))) {
        at += strlen(BEGIN_LINE);
        count++;
    }
    add_number(store, MAGIC, 4);
    add_number(store, VERSION, 4);
    add_number(store, count, 4);
    at = pem;
    while ((at = memmem(at, (size_t)(end - at), BEGIN_LINE, strlen(BEGIN_LINE)))) {
        const char *body = at + strlen(BEGIN_LINE);
        const char *last = memmem(body, (size_t)(end - body), END_LINE, strlen(END_LINE));
        int status = last ? add_entry(store, body, (size_t)(last - body), ++number, err)
                          : error_set(err, ERROR_INVALID, EBADMSG, "the authorities of this host: a certificate does not end");

        if (status < 0)
            return status;
        at = last;
    }
    add_digest(store);
    return store->is_broken ? error_memory(err) : 0;
}
