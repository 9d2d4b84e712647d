/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/believed.h"

#include <errno.h>
#include <string.h>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "base/memory.h"

#define BEGIN_LINE "-----BEGIN CERTIFICATE-----"

#define MODES      (SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS)
#define HOST_FLAGS (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT)

SSL_CTX *believed_context(const SSL_METHOD *method)
{
    SSL_CTX *context = SSL_CTX_new(method);

    if (!context)
        return NULL;
    SSL_CTX_set_mode(context, MODES);
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

SSL_CTX *believed_new(void)
{
    SSL_CTX *context = believed_context(TLS_client_method());
    X509_VERIFY_PARAM *verify = context ? SSL_CTX_get0_param(context) : NULL;

    if (!context)
        return NULL;
    X509_VERIFY_PARAM_set_hostflags(verify, HOST_FLAGS);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    /* whoever names a certificate believes it, and need not name the one that signed it */
    if (X509_VERIFY_PARAM_set_flags(verify, X509_V_FLAG_PARTIAL_CHAIN) == 1)
        return context;
    SSL_CTX_free(context);
    return NULL;
}

/* 1 = one was added, 0 = there is no more. */
static int add_next(struct believed *believed, BIO *bytes, struct error *err)
{
    X509 *certificate = PEM_read_bio_X509(bytes, NULL, NULL, NULL);
    unsigned long reason = ERR_peek_last_error();
    int is_added;

    ERR_clear_error();
    if (!certificate && ERR_GET_LIB(reason) == ERR_LIB_PEM && ERR_GET_REASON(reason) == PEM_R_NO_START_LINE)
        return 0;
    if (!certificate)
        return error_set(err, ERROR_INVALID, EINVAL, "the authorities: number %u is no certificate", believed->count + 1);
    is_added = X509_STORE_add_cert(believed->store, certificate);
    X509_free(certificate);
    if (!is_added)
        return error_memory(err);
    believed->count++;
    return 1;
}

/* As many as that, or all. */
static int read_some(struct believed *believed, unsigned most, struct error *err)
{
    BIO *bytes = BIO_new_mem_buf(believed->pem + believed->at, (int)(believed->size - believed->at));
    int status = bytes ? 1 : error_memory(err);

    while (status > 0 && believed->count < most)
        status = add_next(believed, bytes, err);
    if (bytes)
        believed->at = believed->size - (size_t)BIO_pending(bytes);
    BIO_free(bytes);
    return status < 0 ? status : 0;
}

void believed_read(struct believed *believed)
{
    if (!believed->pem)
        return;
    (void)read_some(believed, -1u, &believed->fault);
    mem_free(take_ptr(believed->pem));
}

/* In the place of X509_verify_cert(), which it ends with. */
static int verify(X509_STORE_CTX *context, void *argument)
{
    struct believed *believed = argument;

    believed_read(believed);
    if (!believed->fault.kind)
        return X509_verify_cert(context);
    X509_STORE_CTX_set_error(context, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

int believed_begin(struct believed *believed, SSL_CTX *context, char *pem, size_t size, unsigned own, struct error *err)
{
    int status = 0;

    *believed = (struct believed){.pem = pem, .size = size, .store = SSL_CTX_get_cert_store(context)};
    if (!pem || !memmem(pem, size, BEGIN_LINE, strlen(BEGIN_LINE)))
        status = error_set(err, ERROR_INVALID, EINVAL,
                           "the authorities: there is no certificate among them; install ca-certificates or name one in network.tls.authorities");
    if (status == 0 && own)
        status = read_some(believed, own, err);
    if (status == 0 && believed->count < own)
        status = error_set(err, ERROR_INTERNAL, EINVAL, "the authorities: fewer than the policy names");
    if (status < 0 && believed->count < own)
        error_prepend(err, "network.tls.authorities");
    if (status < 0) {
        mem_free(take_ptr(believed->pem));
        return status;
    }
    SSL_CTX_set_app_data(context, believed);
    SSL_CTX_set_cert_verify_callback(context, verify, believed);
    return 0;
}

const char *believed_fault(const SSL *tls)
{
    const struct believed *believed = SSL_CTX_get_app_data(SSL_get_SSL_CTX(tls));

    return SSL_get_verify_result(tls) == X509_V_ERR_APPLICATION_VERIFICATION && believed->fault.kind ? believed->fault.text : NULL;
}
