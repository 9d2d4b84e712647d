/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A token is "salted:P.K:T" or "sealed:P.K:T": P names the person's file, K the key in it, T is base64url of the commitment, or
 * of nonce, ciphertext and tag. The commitment has a salt that is derived for this record alone, so that it can
 * be told for one record without a word of the others: SHA-256 over salt and text, the salt HMAC-SHA256 over what it is bound to.
 */
#include "ocsf/veil.h"

#include <errno.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include "base/memory.h"
#include "ocsf/veil_key.h"

#define NONCE_SIZE 12
#define TAG_SIZE   16
#define NONCES     64

struct veil {
    struct veil_key key;
    enum veil_mode arguments, paths;
    EVP_CIPHER *cipher;
    EVP_CIPHER_CTX *seal;
    EVP_MD *digest;
    EVP_MD_CTX *hash;
    EVP_MAC *mac;
    EVP_MAC_CTX *salts; /* with the key */
    unsigned char nonces[NONCES][NONCE_SIZE];
    unsigned nonce_count; /* that are left */
};

static const char *const mode_names[] = {"clear", "salted", "sealed"};

const char *veil_mode_name(enum veil_mode mode)
{
    return mode_names[mode];
}

bool veil_mode_parse(const char *name, enum veil_mode *ret_mode)
{
    for (size_t i = 0; i < ARRAY_COUNT(mode_names); i++) {
        if (strcmp(mode_names[i], name) == 0) {
            *ret_mode = (enum veil_mode)i;
            return true;
        }
    }
    return false;
}

/* HMAC-SHA256 with this key, to be begun anew for each message. */
static EVP_MAC_CTX *mac_with(EVP_MAC *mac, const unsigned char *key)
{
    char name[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string("digest", name, 0), OSSL_PARAM_construct_end()};
    EVP_MAC_CTX *context = mac ? EVP_MAC_CTX_new(mac) : NULL;

    if (context && EVP_MAC_init(context, key, 32, params))
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

/* With its key. */
static int prepare(struct veil *veil, struct error *err)
{
    veil->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
    veil->seal = EVP_CIPHER_CTX_new();
    veil->digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    veil->hash = EVP_MD_CTX_new();
    veil->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    veil->salts = mac_with(veil->mac, veil->key.salt);
    if (!veil->cipher || !veil->seal || !veil->digest || !veil->hash || !veil->salts ||
        !EVP_EncryptInit_ex2(veil->seal, veil->cipher, veil->key.seal, NULL, NULL))
        return error_set(err, ERROR_SYSTEM, ENOTSUP, "cover records: AES-256-GCM or HMAC-SHA256 is not to be had of OpenSSL");
    return 0;
}

int veil_open(const struct veil_options *options, struct veil **ret_veil, struct error *err)
{
    auto_veil struct veil *veil = mem_alloc(sizeof(*veil));
    int status;

    if (!veil)
        return error_memory(err);
    veil->arguments = options->arguments;
    veil->paths = options->paths;
    status = veil_key_open(options->directory, options->subject, options->may_make, &veil->key, err);
    if (status == 0)
        status = prepare(veil, err);
    if (status == 0)
        *ret_veil = take_ptr(veil);
    return status;
}

void veil_free(struct veil *veil)
{
    if (!veil)
        return;
    EVP_CIPHER_CTX_free(veil->seal);
    EVP_CIPHER_free(veil->cipher);
    EVP_MD_free(veil->digest);
    EVP_MD_CTX_free(veil->hash);
    EVP_MAC_CTX_free(veil->salts);
    EVP_MAC_free(veil->mac);
    OPENSSL_cleanse(veil, sizeof(*veil));
    mem_free(veil);
}

void veil_free_at(struct veil **veil)
{
    veil_free(*veil);
}

enum veil_mode veil_arguments(const struct veil *veil)
{
    return veil ? veil->arguments : VEIL_CLEAR;
}

enum veil_mode veil_paths(const struct veil *veil)
{
    return veil ? veil->paths : VEIL_CLEAR;
}

/* "record NUL member": what a token is bound to. 0 = too long. */
static size_t bind(const char *record, size_t record_size, const char *member, unsigned char ret_bound[512])
{
    size_t member_size = strlen(member);

    if (record_size > 128 || member_size > 128)
        return 0;
    memcpy(ret_bound, record, record_size);
    ret_bound[record_size] = '\0';
    memcpy(ret_bound + record_size + 1, member, member_size);
    return record_size + 1 + member_size;
}

static bool commit(struct veil *veil, const unsigned char *bound, size_t bound_size, const char *text, size_t size,
                   unsigned char ret_commitment[32])
{
    unsigned char salt[32];
    size_t length = 0;
    bool is_made = EVP_MAC_init(veil->salts, NULL, 0, NULL) && EVP_MAC_update(veil->salts, bound, bound_size) &&
                   EVP_MAC_final(veil->salts, salt, &length, sizeof(salt)) && length == sizeof(salt) &&
                   EVP_DigestInit_ex2(veil->hash, veil->digest, NULL) && EVP_DigestUpdate(veil->hash, salt, sizeof(salt)) &&
                   EVP_DigestUpdate(veil->hash, text, size) && EVP_DigestFinal_ex(veil->hash, ret_commitment, NULL);

    OPENSSL_cleanse(salt, sizeof(salt));
    return is_made;
}

static const unsigned char *next_nonce(struct veil *veil)
{
    if (!veil->nonce_count) {
        if (RAND_bytes(veil->nonces[0], sizeof(veil->nonces)) != 1)
            return NULL;
        veil->nonce_count = NONCES;
    }
    return veil->nonces[--veil->nonce_count];
}

/* Nonce, ciphertext, tag. 0 = it cannot be made. */
static size_t seal(struct veil *veil, const unsigned char *bound, size_t bound_size, const char *text, size_t size,
                   unsigned char *ret_sealed)
{
    const unsigned char *nonce = next_nonce(veil);
    int length, last;

    if (!nonce)
        return 0;
    memcpy(ret_sealed, nonce, NONCE_SIZE);
    if (!EVP_EncryptInit_ex2(veil->seal, NULL, NULL, nonce, NULL) ||
        !EVP_EncryptUpdate(veil->seal, NULL, &length, bound, (int)bound_size) ||
        !EVP_EncryptUpdate(veil->seal, ret_sealed + NONCE_SIZE, &length, (const unsigned char *)text, (int)size) ||
        !EVP_EncryptFinal_ex(veil->seal, ret_sealed + NONCE_SIZE + length, &last) || length + last != (int)size ||
        !EVP_CIPHER_CTX_ctrl(veil->seal, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, ret_sealed + NONCE_SIZE + size))
        return 0;
    return NONCE_SIZE + size + TAG_SIZE;
}

size_t veil_cover(struct veil *veil, enum veil_mode mode, const char *record, size_t record_size, const char *member,
                  const char *text, size_t size, char ret_token[VEIL_TOKEN_MAX])
{
    unsigned char bound[512], covered[NONCE_SIZE + VEIL_TEXT_MAX + TAG_SIZE];
    size_t bound_size = bind(record, record_size, member, bound), covered_size = 0, length;

    if (!bound_size || size > VEIL_TEXT_MAX)
        return 0;
    if (mode == VEIL_SEALED)
        covered_size = seal(veil, bound, bound_size, text, size, covered);
    else if (mode == VEIL_SALTED && commit(veil, bound, bound_size, text, size, covered))
        covered_size = 32;
    if (!covered_size)
        return 0;
    length = strlen(mode_names[mode]);
    memcpy(ret_token, mode_names[mode], length);
    ret_token[length++] = ':';
    memcpy(ret_token + length, veil->key.name, VEIL_NAME_SIZE);
    length += VEIL_NAME_SIZE;
    ret_token[length++] = ':';
    return length + veil_base64(covered, covered_size, ret_token + length);
}

/* The parts of a token. */
struct parted {
    enum veil_mode mode;
    const char *name; /* VEIL_NAME_SIZE bytes */
    const char *text;
    size_t size;
};

static bool part(const char *token, size_t size, struct parted *ret_parted)
{
    const size_t prefix = 7; /* "salted:" as "sealed:" */

    if (size < prefix + VEIL_NAME_SIZE + 2 || token[prefix + VEIL_NAME_SIZE] != ':' || token[prefix + VEIL_PERSON_SIZE] != '.')
        return false;
    if (memcmp(token, "salted:", prefix) != 0 && memcmp(token, "sealed:", prefix) != 0)
        return false;
    ret_parted->mode = token[1] == 'a' ? VEIL_SALTED : VEIL_SEALED;
    ret_parted->name = token + prefix;
    ret_parted->text = token + prefix + VEIL_NAME_SIZE + 1;
    ret_parted->size = size - prefix - VEIL_NAME_SIZE - 1;
    return true;
}

bool veil_is_token(const char *text, size_t size)
{
    struct parted parted;

    return part(text, size, &parted);
}

static bool unseal(const struct veil_key *key, const unsigned char *bound, size_t bound_size, const unsigned char *sealed,
                   size_t sealed_size, char *ret_text, size_t *ret_size)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    const size_t size = sealed_size - NONCE_SIZE - TAG_SIZE;
    unsigned char tag[TAG_SIZE];
    int length, last;
    bool is_whole;

    memcpy(tag, sealed + NONCE_SIZE + size, TAG_SIZE);
    is_whole = context && EVP_DecryptInit_ex2(context, EVP_aes_256_gcm(), key->seal, sealed, NULL) &&
               EVP_DecryptUpdate(context, NULL, &length, bound, (int)bound_size) &&
               EVP_DecryptUpdate(context, (unsigned char *)ret_text, &length, sealed + NONCE_SIZE, (int)size) &&
               EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, tag) &&
               EVP_DecryptFinal_ex(context, (unsigned char *)ret_text + length, &last) > 0;
    EVP_CIPHER_CTX_free(context);
    if (!is_whole)
        OPENSSL_cleanse(ret_text, size);
    ret_text[is_whole ? size : 0] = '\0';
    *ret_size = is_whole ? size : 0;
    return is_whole;
}

/* The key that a token names, or why there is none. */
static enum veil_found find_key(const char *directory, const struct parted *parted, struct veil_key *ret_key)
{
    if (!veil_key_find(directory, parted->name, ret_key))
        return veil_key_is_erased(directory, parted->name) ? VEIL_ERASED : VEIL_NO_KEY;
    return VEIL_READ;
}

enum veil_found veil_read(const char *directory, const char *record, size_t record_size, const char *member, const char *token,
                          size_t token_size, char *ret_text, size_t *ret_size)
{
    unsigned char bound[512], sealed[NONCE_SIZE + VEIL_TEXT_MAX + TAG_SIZE + 3];
    size_t bound_size = bind(record, record_size, member, bound);
    struct parted parted;
    struct veil_key key;
    enum veil_found found;
    ssize_t size;

    *ret_size = 0;
    ret_text[0] = '\0';
    if (!part(token, token_size, &parted))
        return VEIL_NOT_A_TOKEN;
    found = find_key(directory, &parted, &key);
    if (found != VEIL_READ)
        return found;
    size = veil_unbase64(parted.text, parted.size, sealed, sizeof(sealed));
    if (parted.mode == VEIL_SALTED)
        found = size == 32 ? VEIL_HELD : VEIL_FORGED;
    else if (!bound_size || size < NONCE_SIZE + TAG_SIZE || !unseal(&key, bound, bound_size, sealed, (size_t)size, ret_text, ret_size))
        found = VEIL_FORGED;
    OPENSSL_cleanse(&key, sizeof(key));
    return found;
}

bool veil_proves(const char *directory, const char *record, size_t record_size, const char *member, const char *token,
                 size_t token_size, const char *text, size_t size)
{
    unsigned char bound[512], commitment[32], told[64];
    auto_veil struct veil *veil = mem_alloc(sizeof(*veil));
    size_t bound_size = bind(record, record_size, member, bound);
    struct parted parted;

    if (!veil || !bound_size || !part(token, token_size, &parted) || parted.mode != VEIL_SALTED ||
        find_key(directory, &parted, &veil->key) != VEIL_READ)
        return false;
    return prepare(veil, NULL) == 0 && commit(veil, bound, bound_size, text, size, commitment) &&
           veil_unbase64(parted.text, parted.size, told, sizeof(told)) == 32 && CRYPTO_memcmp(told, commitment, 32) == 0;
}

int veil_erase(const char *directory, const char *subject, bool *ret_was, struct error *err)
{
    return veil_key_erase(directory, subject, ret_was, err);
}
