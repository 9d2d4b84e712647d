/* SPDX-License-Identifier: Apache-2.0 */
/* Extensions are built as values, never from text: a name is no word of OpenSSL's configuration language. */
#include "identity/svid.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define SERIAL_SIZE 16
#define POINT_SIZE  65 /* of P-256, not compressed */

static bool set_serial(X509 *certificate)
{
    unsigned char bytes[SERIAL_SIZE];
    BIGNUM *number;
    bool is_set;

    if (RAND_bytes(bytes, sizeof(bytes)) != 1)
        return false;
    bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always as long */
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    is_set = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return is_set;
}

static bool set_title(X509_NAME *title, const char *text)
{
    return X509_NAME_add_entry_by_NID(title, NID_organizationName, MBSTRING_ASC, (const unsigned char *)"Cordon", -1, -1, 0) == 1 &&
           (!text || X509_NAME_add_entry_by_NID(title, NID_commonName, MBSTRING_ASC, (const unsigned char *)text, -1, -1, 0) == 1);
}

static bool add_constraints(X509 *certificate, bool is_authority)
{
    BASIC_CONSTRAINTS *constraints = BASIC_CONSTRAINTS_new();
    bool is_added;

    if (!constraints)
        return false;
    constraints->ca = is_authority ? 0xff : 0;
    constraints->pathlen = is_authority ? ASN1_INTEGER_new() : NULL; /* 0: it signs leaves alone */
    is_added = (!is_authority || constraints->pathlen) && X509_add1_ext_i2d(certificate, NID_basic_constraints, constraints, 1, X509V3_ADD_DEFAULT) == 1;
    BASIC_CONSTRAINTS_free(constraints);
    return is_added;
}

static bool add_usage(X509 *certificate, const int *bits, size_t count)
{
    ASN1_BIT_STRING *usage = ASN1_BIT_STRING_new();
    bool is_added = usage != NULL;

    for (size_t i = 0; i < count && is_added; i++)
        is_added = ASN1_BIT_STRING_set_bit(usage, bits[i], 1) == 1;
    is_added = is_added && X509_add1_ext_i2d(certificate, NID_key_usage, usage, 1, X509V3_ADD_DEFAULT) == 1;
    ASN1_BIT_STRING_free(usage);
    return is_added;
}

static bool add_purposes(X509 *certificate)
{
    EXTENDED_KEY_USAGE *purposes = EXTENDED_KEY_USAGE_new();
    bool is_added = purposes && sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_server_auth)) > 0 &&
                    sk_ASN1_OBJECT_push(purposes, OBJ_nid2obj(NID_client_auth)) > 0 &&
                    X509_add1_ext_i2d(certificate, NID_ext_key_usage, purposes, 0, X509V3_ADD_DEFAULT) == 1;

    EXTENDED_KEY_USAGE_free(purposes);
    return is_added;
}

static bool add_name(X509 *certificate, const struct identity_name *name)
{
    char text[IDENTITY_TEXT_SIZE];
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    GENERAL_NAME *one = GENERAL_NAME_new();
    ASN1_IA5STRING *uri = ASN1_IA5STRING_new();
    bool is_added = false;

    identity_print(name, text);
    if (names && one && uri && ASN1_STRING_set(uri, text, -1) == 1) {
        GENERAL_NAME_set0_value(one, GEN_URI, uri);
        uri = NULL;
        if (sk_GENERAL_NAME_push(names, one) > 0) {
            one = NULL;
            is_added = X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1;
        }
    }
    ASN1_IA5STRING_free(uri);
    GENERAL_NAME_free(one);
    GENERAL_NAMES_free(names);
    return is_added;
}

/* Of its key, as RFC 5280 proposes it. */
static ASN1_OCTET_STRING *key_identifier(const X509 *certificate)
{
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    ASN1_OCTET_STRING *identifier = ASN1_OCTET_STRING_new();

    if (identifier && X509_pubkey_digest(certificate, EVP_sha1(), digest, &size) == 1 && ASN1_OCTET_STRING_set(identifier, digest, (int)size) == 1)
        return identifier;
    ASN1_OCTET_STRING_free(identifier);
    return NULL;
}

static bool add_identifiers(X509 *certificate, const X509 *issuer)
{
    ASN1_OCTET_STRING *own = key_identifier(certificate);
    AUTHORITY_KEYID *of = AUTHORITY_KEYID_new();
    bool is_added = own && of && (of->keyid = key_identifier(issuer)) != NULL &&
                    X509_add1_ext_i2d(certificate, NID_subject_key_identifier, own, 0, X509V3_ADD_DEFAULT) == 1 &&
                    X509_add1_ext_i2d(certificate, NID_authority_key_identifier, of, 0, X509V3_ADD_DEFAULT) == 1;

    ASN1_OCTET_STRING_free(own);
    AUTHORITY_KEYID_free(of);
    return is_added;
}

/*
 * X509_set_pubkey() writes the key down and reads it again by OpenSSL's decoders, which takes eight times as long as a signature (3.0). A point is
 * what a certificate holds of it anyway (RFC 5480). The certificate itself does not know its key then, until it is read from bytes.
 */
static bool set_key(X509 *certificate, EVP_PKEY *key)
{
    unsigned char point[POINT_SIZE], *given;
    size_t size = 0;

    if (EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &size) != 1 || size != sizeof(point) || point[0] != 4)
        return false;
    given = OPENSSL_memdup(point, sizeof(point));
    if (given && X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate), OBJ_nid2obj(NID_X9_62_id_ecPublicKey), V_ASN1_OBJECT,
                                        OBJ_nid2obj(NID_X9_62_prime256v1), given, sizeof(point)) == 1)
        return true;
    OPENSSL_free(given);
    return false;
}

static X509 *certificate_begin(const struct identity_name *name, time_t from, time_t until)
{
    X509 *certificate = X509_new();

    if (certificate && X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
        ASN1_TIME_set(X509_getm_notBefore(certificate), from) && ASN1_TIME_set(X509_getm_notAfter(certificate), until) &&
        add_name(certificate, name))
        return certificate;
    X509_free(certificate);
    return NULL;
}

int svid_make_authority(EVP_PKEY *key, const struct identity_name *domain, uint64_t number, time_t from, time_t until, X509 **ret_certificate,
                        struct error *err)
{
    static const int bits[] = {5, 6}; /* keyCertSign, cRLSign */
    const struct identity_name name = {.kind = IDENTITY_DOMAIN};
    struct identity_name own = name;
    char title[64];
    X509 *certificate;

    memcpy(own.domain, domain->domain, sizeof(own.domain));
    snprintf(title, sizeof(title), "Cordon authority %llu", (unsigned long long)number);
    certificate = certificate_begin(&own, from, until);
    if (certificate && X509_set_pubkey(certificate, key) == 1 && set_title(X509_get_subject_name(certificate), title) &&
        X509_set_issuer_name(certificate, X509_get_subject_name(certificate)) == 1 && add_constraints(certificate, true) &&
        add_usage(certificate, bits, 2) && add_identifiers(certificate, certificate) && X509_sign(certificate, key, EVP_sha256()) > 0) {
        *ret_certificate = certificate;
        return 0;
    }
    X509_free(certificate);
    return key_error(err, "make the certificate of the authority");
}

int svid_make(EVP_PKEY *key, const struct identity_name *name, X509 *issuer, EVP_PKEY *issuer_key, time_t now, time_t until,
              X509 **ret_certificate, struct error *err)
{
    static const int bits[] = {0}; /* digitalSignature */
    X509 *certificate = certificate_begin(name, now - SVID_BACKDATED_S, until);

    bool is_made = certificate && set_key(certificate, key) && ASN1_TIME_cmp_time_t(X509_get0_notAfter(issuer), until) >= 0 &&
                   set_title(X509_get_subject_name(certificate), NULL) &&
                   X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 && add_constraints(certificate, false) &&
                   add_usage(certificate, bits, 1) && add_purposes(certificate) && add_identifiers(certificate, issuer) &&
                   X509_sign(certificate, issuer_key, EVP_sha256()) > 0;

    if (is_made) {
        *ret_certificate = certificate;
        return 0;
    }
    X509_free(certificate);
    return key_error(err, "make a certificate");
}

/* ---- what others show ---- */

static int refuse(struct error *err, const char *why)
{
    ERR_clear_error();
    return error_set(err, ERROR_FORBIDDEN, EKEYREJECTED, "certificate: %s", why);
}

static int chain_check(X509 *leaf, const struct bundle *bundle, time_t now, struct error *err)
{
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    bool is_ready = store && context, holds = false;
    int why = X509_V_OK;

    for (size_t i = 0; i < bundle->count && is_ready; i++)
        if (bundle->keys[i].certificate)
            is_ready = X509_STORE_add_cert(store, bundle->keys[i].certificate) == 1;
    if (is_ready && X509_STORE_CTX_init(context, store, leaf, NULL) == 1) {
        X509_VERIFY_PARAM *parameters = X509_STORE_CTX_get0_param(context);

        X509_VERIFY_PARAM_set_time(parameters, now);
        X509_VERIFY_PARAM_set_flags(parameters, X509_V_FLAG_X509_STRICT);
        holds = X509_verify_cert(context) == 1;
        why = X509_STORE_CTX_get_error(context);
    } else {
        is_ready = false;
    }
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    if (!is_ready)
        return key_error(err, "look at a certificate");
    return holds ? 0 : refuse(err, X509_verify_cert_error_string(why));
}

static int name_of(X509 *leaf, struct identity_name *ret_name, struct error *err)
{
    GENERAL_NAMES *names = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    int count = names ? sk_GENERAL_NAME_num(names) : 0, status;
    const GENERAL_NAME *one = count == 1 ? sk_GENERAL_NAME_value(names, 0) : NULL;

    if (!one || one->type != GEN_URI)
        status = refuse(err, "it has not exactly one name that is a URI");
    else
        status = identity_parse((const char *)ASN1_STRING_get0_data(one->d.uniformResourceIdentifier),
                                (size_t)ASN1_STRING_length(one->d.uniformResourceIdentifier), ret_name, err);
    GENERAL_NAMES_free(names);
    return status;
}

int svid_verify(X509 *leaf, const struct bundle *bundle, time_t now, struct identity_name *ret_name, struct error *err)
{
    struct identity_name name;
    int status = name_of(leaf, &name, err);

    if (status < 0)
        return status;
    if (X509_check_ca(leaf) || X509_get_key_usage(leaf) == UINT32_MAX || X509_get_key_usage(leaf) & (KU_KEY_CERT_SIGN | KU_CRL_SIGN) ||
        !(X509_get_key_usage(leaf) & KU_DIGITAL_SIGNATURE))
        return refuse(err, "it is one of an authority, not of a container");
    if (name.kind < IDENTITY_HOST)
        return refuse(err, "it names a trust domain, not who is in it");
    if (strcmp(name.domain, bundle->domain) != 0)
        return refuse(err, "it is of another trust domain");
    status = chain_check(leaf, bundle, now, err);
    if (status < 0)
        return status;
    *ret_name = name;
    return 0;
}

int svid_read_pem(const char *pem, size_t size, X509 **ret_leaf, struct error *err)
{
    BIO *bio = size && size <= SVID_PEM_MAX ? BIO_new_mem_buf(pem, (int)size) : NULL;
    X509 *leaf = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;

    BIO_free(bio);
    ERR_clear_error();
    if (!leaf)
        return error_set(err, ERROR_INVALID, EINVAL, "certificate: this is none in PEM, of at most %zu bytes", SVID_PEM_MAX);
    *ret_leaf = leaf;
    return 0;
}
