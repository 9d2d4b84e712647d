/* SPDX-License-Identifier: Apache-2.0 */
/* Certificates: P-256, one key for the authority and one for all of its leaves, names in subjectAltName alone. */
#include "inspect/authority.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "net/name.h"

#define DAY_S 86400

struct leaf {
    char name[NET_NAME_SIZE]; /* or an address; empty = free */
    X509 *certificate;
    time_t until;
    uint64_t used;
};

struct authority {
    EVP_PKEY *key, *leaf_key;
    X509 *certificate;
    struct leaf leaves[AUTHORITY_LEAVES_MAX];
    uint64_t uses;
};

static bool add_extension(X509 *certificate, X509 *issuer, int kind, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;
    bool is_added;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    is_added = extension && X509_add_ext(certificate, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return is_added;
}

/* A positive number of 127 random bits. */
static bool set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    BIGNUM *number;
    bool is_set;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40);
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

static X509 *make_certificate(const char *title, EVP_PKEY *key, X509 *issuer, time_t from, time_t until)
{
    X509 *certificate = X509_new();
    X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;

    if (subject && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), from) && ASN1_TIME_set(X509_getm_notAfter(certificate), until) &&
        X509_set_pubkey(certificate, key) == 1 &&
        X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, (const unsigned char *)title, -1, -1, 0) == 1 &&
        X509_set_issuer_name(certificate, issuer ? X509_get_subject_name(issuer) : subject) == 1)
        return certificate;
    X509_free(certificate);
    return NULL;
}

static bool make_authority(struct authority *authority, time_t now)
{
    X509 *own;

    authority->key = EVP_EC_gen("P-256");
    authority->leaf_key = EVP_EC_gen("P-256");
    if (!authority->key || !authority->leaf_key)
        return false;
    own = authority->certificate = make_certificate("Cordon: authority of this container", authority->key, NULL,
                                                    now - DAY_S, now + (time_t)AUTHORITY_DAYS * DAY_S);
    return own && add_extension(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(own, own, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(own, own, NID_subject_key_identifier, "hash") && X509_sign(own, authority->key, EVP_sha256()) > 0;
}

int authority_new(time_t now, struct authority **ret_authority, struct error *err)
{
    struct authority *authority = mem_alloc(sizeof(*authority));

    if (!authority)
        return error_memory(err);
    if (!make_authority(authority, now)) {
        authority_free(authority);
        ERR_clear_error();
        return error_set(err, ERROR_SYSTEM, EIO, "make the authority of this container");
    }
    *ret_authority = authority;
    return 0;
}

void authority_free(struct authority *authority)
{
    if (!authority)
        return;
    for (size_t i = 0; i < AUTHORITY_LEAVES_MAX; i++)
        X509_free(authority->leaves[i].certificate);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
    EVP_PKEY_free(authority->leaf_key);
    mem_free(authority);
}

int authority_print(const struct authority *authority, char **ret_text, size_t *ret_size, struct error *err)
{
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text = NULL;
    long size = bio && PEM_write_bio_X509(bio, authority->certificate) == 1 ? BIO_get_mem_data(bio, &text) : 0;
    char *copy = size > 0 ? mem_alloc((size_t)size + 1) : NULL;

    if (copy)
        memcpy(copy, text, (size_t)size);
    BIO_free(bio);
    if (!copy)
        return error_memory(err);
    *ret_text = copy;
    *ret_size = (size_t)size;
    return 0;
}

static X509 *make_leaf(struct authority *authority, const char *name, bool is_address, time_t now)
{
    X509 *issuer = authority->certificate;
    char other[NET_NAME_SIZE + 4];
    X509 *leaf = make_certificate("Cordon: of this container", authority->leaf_key, issuer, now - DAY_S,
                                  now + (time_t)AUTHORITY_LEAF_DAYS * DAY_S);

    /* canonical names and addresses: no character that this small language knows */
    snprintf(other, sizeof(other), "%s:%s", is_address ? "IP" : "DNS", name);
    if (leaf && add_extension(leaf, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(leaf, issuer, NID_key_usage, "critical,digitalSignature") &&
        add_extension(leaf, issuer, NID_ext_key_usage, "serverAuth") &&
        add_extension(leaf, issuer, NID_authority_key_identifier, "keyid:always") &&
        add_extension(leaf, issuer, NID_subject_alt_name, other) && X509_sign(leaf, authority->key, EVP_sha256()) > 0)
        return leaf;
    X509_free(leaf);
    return NULL;
}

/* The one of this name, or the free or least used one in its stead. */
static struct leaf *find_leaf(struct authority *authority, const char *name)
{
    struct leaf *oldest = &authority->leaves[0];

    for (size_t i = 0; i < AUTHORITY_LEAVES_MAX; i++) {
        struct leaf *leaf = &authority->leaves[i];

        if (leaf->certificate && strcmp(leaf->name, name) == 0)
            return leaf;
        if (leaf->used < oldest->used)
            oldest = leaf;
    }
    return oldest;
}

int authority_present(struct authority *authority, const char *name, const struct net_address *address, time_t now, SSL *tls)
{
    char text[NET_NAME_SIZE];
    struct leaf *leaf;

    if (name)
        strncpy(text, name, sizeof(text) - 1)[sizeof(text) - 1] = '\0';
    else
        net_address_print(address, text);
    leaf = find_leaf(authority, text);
    if (!leaf->certificate || strcmp(leaf->name, text) != 0 || leaf->until - now < DAY_S) {
        X509 *made = make_leaf(authority, text, !name, now);

        if (!made) {
            ERR_clear_error();
            return -EIO;
        }
        X509_free(leaf->certificate);
        leaf->certificate = made;
        leaf->until = now + (time_t)AUTHORITY_LEAF_DAYS * DAY_S;
        memcpy(leaf->name, text, sizeof(text));
    }
    leaf->used = ++authority->uses;
    if (SSL_use_certificate(tls, leaf->certificate) != 1 || SSL_use_PrivateKey(tls, authority->leaf_key) != 1)
        return -ENOMEM;
    return 0;
}
