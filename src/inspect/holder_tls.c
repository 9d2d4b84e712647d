/* SPDX-License-Identifier: Apache-2.0 */
/*
 * OpenSSL as a client that verifies. Nothing is resumed: each connection is verified itself. Revocation is not asked for.
 *
 * System calls: read, write, getrandom, getpid.
 */
#include "inspect/holder_tls.h"

#include <errno.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

/* TLS 1.2 with forward secrecy and authenticated encryption; 1.3 has its own list */
#define CIPHERS "ECDHE+AESGCM:ECDHE+CHACHA20"

/* ---- memory ---- */

static void *wiping_alloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static void wiping_free(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    if (block)
        explicit_bzero(block, malloc_usable_size(block));
    free(block);
}

static void *wiping_resize(void *block, size_t size, const char *file, int line)
{
    size_t held = block ? malloc_usable_size(block) : 0;
    void *larger;

    if (size == 0) {
        wiping_free(block, file, line);
        return NULL;
    }
    larger = malloc(size);
    if (!larger || !block)
        return larger;
    memcpy(larger, block, held < size ? held : size);
    wiping_free(block, file, line);
    return larger;
}

int holder_tls_wipe_freed(void)
{
    return CRYPTO_set_mem_functions(wiping_alloc, wiping_resize, wiping_free) == 1 ? 0 : -EBUSY;
}

/* ---- connections ---- */

static int set_up(SSL_CTX *context, struct error *err)
{
    static const unsigned char http[] = "\x08http/1.1";

    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    if (!SSL_CTX_set_cipher_list(context, CIPHERS) || SSL_CTX_set_alpn_protos(context, http, sizeof(http) - 1) != 0)
        return error_set(err, ERROR_SYSTEM, EINVAL, "prepare TLS");
    return 0;
}

int holder_tls_open(SSL_CTX **ret_context, struct error *err)
{
    SSL_CTX *context = believed_new();
    int status = context ? set_up(context, err) : error_memory(err);

    if (status < 0) {
        SSL_CTX_free(context);
        return status;
    }
    *ret_context = context;
    return 0;
}

SSL *holder_tls_connect(SSL_CTX *context, int fd, const char *name)
{
    SSL *tls = SSL_new(context);

    if (!tls)
        return NULL;
    if (!SSL_set1_host(tls, name) || !SSL_set_tlsext_host_name(tls, name) || !SSL_set_fd(tls, fd)) {
        SSL_free(tls);
        return NULL;
    }
    SSL_set_connect_state(tls);
    return tls;
}

enum hold_failure holder_tls_explain(SSL *tls, const char *name, struct error *err)
{
    long verdict = SSL_get_verify_result(tls);
    unsigned long reason = ERR_peek_error();
    const char *text = reason ? ERR_reason_error_string(reason) : NULL, *fault = believed_fault(tls);

    ERR_clear_error();
    if (fault) {
        error_set(err, ERROR_INVALID, EINVAL, "no server is believed to be %s: %s", name, fault);
        return HOLD_UNVERIFIED;
    }
    if (verdict != X509_V_OK) {
        error_set(err, ERROR_FORBIDDEN, EACCES, "the server is not believed to be %s: %s", name,
                  X509_verify_cert_error_string(verdict));
        return HOLD_UNVERIFIED;
    }
    error_set(err, ERROR_SYSTEM, ECONNABORTED, "no TLS with %s: %s", name, text ? text : "the connection ended");
    return HOLD_NO_TLS;
}
