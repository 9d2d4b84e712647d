/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/tls.h"

#include <errno.h>
#include <string.h>

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>

#include "inspect/believed.h"
#include "inspect/flow.h"
#include "inspect/hello.h"

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

int tls_to_programs(SSL_CTX **ret_context, struct error *err)
{
    static const unsigned char scope[] = "cordon";
    SSL_CTX *context = believed_context(TLS_server_method());

    if (!context)
        return failed(err, "TLS to programs");
    SSL_CTX_set_read_ahead(context, 1);
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
    SSL_CTX *context = believed_new();

    if (!context)
        return failed(err, "TLS to servers");
    SSL_CTX_set_read_ahead(context, 1);
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
