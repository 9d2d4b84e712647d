/* SPDX-License-Identifier: Apache-2.0 */
#include "identity/wrap.h"

#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "base/memory.h"
#include "identity/base64url.h"
#include "identity/key.h"

#define NONCE_SIZE 12
#define TAG_SIZE   16
#define TEXT_MAX   65536

int wrap_text(const unsigned char key[WRAP_KEY_SIZE], const char *place, const char *text, size_t size, struct text *out, struct error *err)
{
    auto_free unsigned char *bytes = size <= TEXT_MAX ? mem_alloc(NONCE_SIZE + size + TAG_SIZE) : NULL;
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int length = 0, last = 0;
    bool is_done = bytes && context && RAND_bytes(bytes, NONCE_SIZE) == 1 && EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
                   EVP_EncryptUpdate(context, NULL, &length, (const unsigned char *)place, (int)strlen(place)) == 1 &&
                   EVP_EncryptUpdate(context, bytes + NONCE_SIZE, &length, (const unsigned char *)text, (int)size) == 1 &&
                   EVP_EncryptFinal_ex(context, bytes + NONCE_SIZE + length, &last) == 1 && (size_t)length == size &&
                   EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, bytes + NONCE_SIZE + size) == 1;

    EVP_CIPHER_CTX_free(context);
    if (!is_done)
        return key_error(err, "wrap a key");
    base64url_add(out, bytes, NONCE_SIZE + size + TAG_SIZE);
    return out->is_broken ? error_memory(err) : 0;
}

int unwrap_text(const unsigned char key[WRAP_KEY_SIZE], const char *place, const char *wrapped, size_t length, char **ret_text, size_t *ret_size,
                struct error *err)
{
    auto_free unsigned char *bytes = length <= 2 * TEXT_MAX ? mem_alloc(length + 1) : NULL;
    ssize_t size = bytes ? base64url_decode(wrapped, length, bytes) : -1;
    size_t text_size = size >= NONCE_SIZE + TAG_SIZE ? (size_t)size - NONCE_SIZE - TAG_SIZE : 0;
    auto_free char *text = mem_alloc(text_size + 1);
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int done = 0, last = 0;
    bool is_it = text_size && text && context && EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, key, bytes) == 1 &&
                 EVP_DecryptUpdate(context, NULL, &done, (const unsigned char *)place, (int)strlen(place)) == 1 &&
                 EVP_DecryptUpdate(context, (unsigned char *)text, &done, bytes + NONCE_SIZE, (int)text_size) == 1 &&
                 EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE, bytes + NONCE_SIZE + text_size) == 1 &&
                 EVP_DecryptFinal_ex(context, (unsigned char *)text + done, &last) == 1;

    EVP_CIPHER_CTX_free(context);
    if (!is_it) {
        if (text)
            explicit_bzero(text, text_size);
        key_error(err, "");
        return error_set(err, ERROR_INVALID, EINVAL, "a key cannot be unwrapped: it was changed, or is another machine's");
    }
    *ret_text = take_ptr(text);
    *ret_size = text_size;
    return 0;
}
