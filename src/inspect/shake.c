/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLS on both sides of a connection. The program's hello is heard first, then the server is asked with the same protocols,
 * and only then the program is answered: it gets the protocol that its server speaks, and where there is no server that
 * can be believed its first request is answered with the reason.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "inspect/authority.h"
#include "inspect/flow.h"
#include "inspect/held.h"
#include "inspect/hello.h"
#include "inspect/sessions.h"
#include "inspect/tell.h"
#include "inspect/tls.h"

/* ---- what the program says ---- */

/* The one host name of an SNI extension (RFC 6066, 3). NULL = it is not well-formed. */
static const unsigned char *name_of(const unsigned char *bytes, size_t size, size_t *ret_size)
{
    size_t list, name;

    if (size < 5)
        return NULL;
    list = (size_t)bytes[0] << 8 | bytes[1];
    name = (size_t)bytes[3] << 8 | bytes[4];
    if (list + 2 != size || bytes[2] != TLSEXT_NAMETYPE_host_name || name + 5 != size)
        return NULL;
    *ret_size = name;
    return bytes + 5;
}

/* As the gateway has judged it, or none where it judged an address. */
static bool has_name(SSL *tls, const struct flow *flow)
{
    const unsigned char *extension, *text;
    char name[NET_NAME_SIZE];
    size_t size, length;

    if (SSL_client_hello_get0_ext(tls, TLSEXT_TYPE_server_name, &extension, &size) != 1)
        return !flow->about.name[0];
    text = name_of(extension, size, &length);
    return text && net_name_canonical((const char *)text, length, name, NULL) == 0 && strcmp(name, flow->about.name) == 0;
}

/* Of the protocols that are spoken here, in the order of the program. */
static void note_protocols(SSL *tls, struct flow *flow)
{
    const unsigned char *extension;
    size_t size;

    if (SSL_client_hello_get0_ext(tls, TLSEXT_TYPE_application_layer_protocol_negotiation, &extension, &size) != 1 || size < 2)
        return;
    for (size_t i = 2; i < size && i + 1 + extension[i] <= size; i += 1u + extension[i]) {
        const unsigned char *item = extension + i;
        unsigned length = item[0] + 1u;
        bool is_known = tls_find_protocol(item, length, "http/1.1") ||
                        (tls_find_protocol(item, length, "h2") && flow_may_speak_h2(flow));

        if (!is_known || flow->alpn_size + length > sizeof(flow->alpn))
            continue;
        memcpy(flow->alpn + flow->alpn_size, item, length);
        flow->alpn_size += length;
    }
}

int hello_heard(SSL *tls, int *alert, void *context)
{
    struct flow *flow = SSL_get_app_data(tls);

    (void)context;
    if (flow->has_hello)
        return SSL_CLIENT_HELLO_SUCCESS;
    if (!has_name(tls, flow)) {
        tell_denied(flow, NET_OTHER_NAME, NULL);
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_CLIENT_HELLO_ERROR;
    }
    note_protocols(tls, flow);
    flow->has_hello = true;
    return SSL_CLIENT_HELLO_RETRY;
}

int hello_present(SSL *tls, void *context)
{
    struct flow *flow = SSL_get_app_data(tls);

    (void)context;
    return authority_present(flow->inspector->authority, flow->about.name[0] ? flow->about.name : NULL, &flow->address,
                             time(NULL), tls) == 0;
}

int hello_choose(SSL *tls, const unsigned char **ret_protocol, unsigned char *ret_size, const unsigned char *list,
                 unsigned size, void *context)
{
    struct flow *flow = SSL_get_app_data(tls);
    const unsigned char *found = tls_find_protocol(list, size, flow->speaks_h2 ? "h2" : "http/1.1");

    (void)context;
    if (!found)
        return flow->speaks_h2 || flow->alpn_size == 0 ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
    *ret_protocol = found + 1;
    *ret_size = found[0];
    return SSL_TLSEXT_ERR_OK;
}

/* Only of a server that was verified for this name. */
int hello_kept(SSL *tls, SSL_SESSION *session)
{
    struct flow *flow = SSL_get_app_data(tls);

    if (!flow->about.name[0] || SSL_get_verify_result(tls) != X509_V_OK || !SSL_SESSION_is_resumable(session))
        return 0;
    sessions_put(flow->inspector->sessions, flow->about.name, flow->about.port, session);
    return 1;
}

/* ---- both sides ---- */

/* 1 = done, 0 = goes on, -EPROTO = it failed, -ECONNRESET = the other end is gone. */
static int shake(struct stream *stream)
{
    int status;

    ERR_clear_error();
    errno = 0;
    status = SSL_do_handshake(stream->tls);
    if (status == 1) {
        stream->can_read = true; /* what it read ahead may hold more, of which epoll says nothing */
        return 1;
    }
    switch (SSL_get_error(stream->tls, status)) {
    case SSL_ERROR_WANT_READ:
        stream->can_read = false;
        return 0;
    case SSL_ERROR_WANT_WRITE:
        stream->can_write = false;
        return 0;
    case SSL_ERROR_WANT_CLIENT_HELLO_CB:
        return 1;
    case SSL_ERROR_SYSCALL:
        return errno ? -errno : -ECONNRESET;
    default:
        return -EPROTO;
    }
}

static int open_tls(struct flow *flow, unsigned side, SSL_CTX *context)
{
    struct stream *stream = &flow->sides[side];

    stream->tls = SSL_new(context);
    if (!stream->tls || SSL_set_fd(stream->tls, stream->watch.fd) != 1)
        return -ENOMEM;
    SSL_set_app_data(stream->tls, flow);
    return 0;
}

static int ask_server(struct flow *flow)
{
    const char *name = flow->about.name[0] ? flow->about.name : NULL;
    int status = open_tls(flow, SERVER, flow->inspector->to_servers);
    X509_VERIFY_PARAM *verify;
    SSL_SESSION *session;
    SSL *tls;

    if (status < 0)
        return status;
    tls = flow->sides[SERVER].tls;
    verify = SSL_get0_param(tls);
    if (name && (SSL_set_tlsext_host_name(tls, name) != 1 || X509_VERIFY_PARAM_set1_host(verify, name, 0) != 1))
        return -ENOMEM;
    if (!name && X509_VERIFY_PARAM_set1_ip(verify, flow->address.bytes, flow->address.family == AF_INET ? 4 : 16) != 1)
        return -ENOMEM;
    if (flow->alpn_size && SSL_set_alpn_protos(tls, flow->alpn, flow->alpn_size) != 0)
        return -ENOMEM;
    session = name ? sessions_take(flow->inspector->sessions, name, flow->about.port) : NULL;
    if (session)
        SSL_set_session(tls, session);
    SSL_SESSION_free(session);
    SSL_set_connect_state(tls);
    return 0;
}

static void no_server(struct flow *flow, int number)
{
    SSL *tls = flow->sides[SERVER].tls;
    long verdict = SSL_get_verify_result(tls);
    const char *reason = ERR_reason_error_string(ERR_peek_error()), *fault = believed_fault(tls);

    if (fault)
        snprintf(flow->failure, sizeof(flow->failure), "no server is believed: %.230s", fault);
    else if (verdict != X509_V_OK)
        snprintf(flow->failure, sizeof(flow->failure), "the certificate of the server is not believed: %s",
                 X509_verify_cert_error_string(verdict));
    else
        snprintf(flow->failure, sizeof(flow->failure), "TLS to the server failed: %s",
                 number == -EPROTO && reason ? reason : strerror(number == -EPROTO ? EPROTO : -number));
    ERR_clear_error();
    tell_failed(flow, number == -EPROTO ? EPROTO : -number, flow->failure);
    flow_set_end(flow);
    stream_close(&flow->sides[SERVER], flow->inspector->loop, true);
    flow->sides[SERVER].is_ended = flow->sides[SERVER].is_shut = true;
    flow->speaks_h2 = false;
}

static int server_answered(struct flow *flow, int status)
{
    const unsigned char *protocol;
    unsigned size;

    if (status == 0) {
        believed_read(&flow->inspector->believed); /* while the server's answer is on its way */
        return 0;
    }
    if (status < 0) {
        no_server(flow, status);
    } else {
        SSL_get0_alpn_selected(flow->sides[SERVER].tls, &protocol, &size);
        flow->speaks_h2 = size == 2 && memcmp(protocol, "h2", 2) == 0;
    }
    flow->phase = PHASE_ACCEPT;
    return 1;
}

static int holder_answered(struct flow *flow)
{
    if (!flow->is_held_open && !flow->failure[0])
        return 0;
    flow->phase = PHASE_ACCEPT;
    return 1;
}

int flow_shake_hands(struct flow *flow)
{
    struct stream *program = &flow->sides[PROGRAM];
    int status = 1;

    if (flow->phase == PHASE_HELLO && !program->tls) {
        status = open_tls(flow, PROGRAM, flow->inspector->to_programs);
        if (status < 0)
            return status;
        SSL_set_accept_state(program->tls);
    }
    if (flow->phase == PHASE_HELLO) {
        status = shake(program);
        if (status <= 0)
            return status;
        status = held_is_wanted(flow) ? held_open(flow) : ask_server(flow);
        if (status < 0)
            return status;
        flow->phase = PHASE_SERVER;
    }
    if (flow->phase == PHASE_SERVER)
        status = flow->hold ? holder_answered(flow) : server_answered(flow, shake(&flow->sides[SERVER]));
    if (status > 0 && flow->phase == PHASE_ACCEPT)
        status = shake(program);
    return status;
}
