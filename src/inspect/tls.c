/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/tls.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "inspect/flow.h"
#include "inspect/hello.h"

#define MODES (SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS)

static int failed(struct error *err, const char *what)
{
    unsigned long code = ERR_get_error();
    const char *reason = ERR_reason_error_string(code);

    ERR_clear_error();
    return error_set(err, ERROR_SYSTEM, EIO, "%s: %s", what, reason ? reason : "OpenSSL does not say why");
}

int tls_prepare(struct error *err)
{
    unsigned char byte;

    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) != 1)
        return failed(err, "begin with TLS");
    return RAND_bytes(&byte, 1) == 1 && RAND_priv_bytes(&byte, 1) == 1 ? 0 : failed(err, "random numbers");
}

static SSL_CTX *make_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (!context)
        return NULL;
    SSL_CTX_set_mode(context, MODES);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

int tls_to_programs(SSL_CTX **ret_context, struct error *err)
{
    static const unsigned char scope[] = "cordon";
    SSL_CTX *context = make_context(TLS_server_method());

    if (!context)
        return failed(err, "TLS to programs");
    /* sessions are in tickets that only this process reads: nothing is kept here */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(context, scope, sizeof(scope) - 1);
    SSL_CTX_set_num_tickets(context, 1);
    SSL_CTX_set_client_hello_cb(context, hello_heard, NULL);
    SSL_CTX_set_cert_cb(context, hello_present, NULL);
    SSL_CTX_set_alpn_select_cb(context, hello_choose, NULL);
    *ret_context = context;
    return 0;
}

int tls_to_servers(SSL_CTX **ret_context, struct error *err)
{
    SSL_CTX *context = make_context(TLS_client_method());
    X509_VERIFY_PARAM *verify;

    if (!context)
        return failed(err, "TLS to servers");
    verify = SSL_CTX_get0_param(context);
    /* whoever names a certificate believes it, and need not name the one that signed it */
    X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_PARTIAL_CHAIN);
    X509_VERIFY_PARAM_set_hostflags(verify, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, hello_kept);
    *ret_context = context;
    return 0;
}

const unsigned char *tls_find_protocol(const unsigned char *list, unsigned size, const char *name)
{
    size_t length = strlen(name);

    for (unsigned i = 0; i < size && i + 1u + list[i] <= size; i += 1u + list[i])
        if (list[i] == length && memcmp(list + i + 1, name, length) == 0)
            return list + i;
    return NULL;
}
