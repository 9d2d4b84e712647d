/* SPDX-License-Identifier: Apache-2.0 */
#include "meet.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "test.h"

/* ---- the server ---- */

void server_begin(struct server *server, const char *name)
{
    struct error err = ERROR_INIT;
    size_t size;

    server->own = NULL;
    server->key = NULL;
    check_int(authority_new(time(NULL), &server->authority, &err), 0);
    check_int(authority_print(server->authority, &server->trust, &size, &err), 0);
    server->name = name;
}

void server_be_common(struct server *server)
{
    X509 *own = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    const char *text;
    size_t size;

    server->key = EVP_EC_gen("P-256");
    X509_set_version(own, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(own), 1);
    X509_gmtime_adj(X509_getm_notBefore(own), -60);
    X509_gmtime_adj(X509_getm_notAfter(own), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(own), "CN", MBSTRING_ASC, (const unsigned char *)server->name, -1, -1, 0);
    X509_set_issuer_name(own, X509_get_subject_name(own));
    X509_set_pubkey(own, server->key);
    check(X509_sign(own, server->key, EVP_sha256()) > 0);
    check_int(PEM_write_bio_X509(bio, own), 1);
    size = (size_t)BIO_get_mem_data(bio, &text);
    mem_free(server->trust);
    server->trust = mem_alloc(size + 1);
    check(server->trust != NULL);
    memcpy(server->trust, text, size);
    BIO_free(bio);
    server->own = own;
}

void server_end(struct server *server)
{
    X509_free(server->own);
    EVP_PKEY_free(server->key);
    authority_free(server->authority);
    mem_free(server->trust);
}

static int choose(SSL *tls, const unsigned char **ret, unsigned char *ret_size, const unsigned char *list, unsigned size, void *context)
{
    static const unsigned char own[] = "\x08http/1.1";

    (void)tls;
    (void)context;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)ret, ret_size, own, sizeof(own) - 1, list, size) == OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

/* A whole request, NUL-terminated; 0 = the end. */
static int hear(SSL *tls, char *text, size_t size)
{
    size_t have = 0;

    for (;;) {
        const char *end = have ? strstr(text, "\r\n\r\n") : NULL, *length = have ? strstr(text, "Content-Length: ") : NULL;
        const char *chunks = end ? strstr(text, "Transfer-Encoding: chunked\r\n") : NULL;
        int got;

        if (chunks && chunks < end && have >= (size_t)(end + 9 - text) && memcmp(text + have - 7, "\r\n0\r\n\r\n", 7) == 0)
            return (int)have;
        if (end && (!chunks || chunks > end) && have >= (size_t)(end + 4 - text) + (length && length < end ? strtoul(length + 16, NULL, 10) : 0))
            return (int)have;
        got = SSL_read(tls, text + have, (int)(size - have - 1));
        if (got <= 0)
            return 0;
        have += (size_t)got;
        text[have] = '\0';
    }
}

static unsigned char ticket_keys[80];

pid_t serve(const struct server *server, struct link *link)
{
    pid_t pid = fork();
    SSL_CTX *context;
    static char text[1400000]; /* with `looked`; else what is answered has to fit into meeting.got */
    SSL *tls;

    if (pid) {
        close(link->server);
        link->server = -1;
        return pid;
    }
    alarm(60);
    signal(SIGPIPE, SIG_IGN);
    close(link->program);
    context = SSL_CTX_new(TLS_server_method());
    /* all processes of a test are one server: what one has given, another takes */
    SSL_CTX_set_tlsext_ticket_keys(context, ticket_keys, sizeof(ticket_keys));
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"test", 4);
    SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    tls = SSL_new(context);
    if (server->own ? SSL_use_certificate(tls, server->own) != 1 || SSL_use_PrivateKey(tls, server->key) != 1
                    : authority_present(server->authority, server->name, NULL, time(NULL), tls) < 0)
        _exit(1);
    SSL_set_fd(tls, link->server);
    if (SSL_accept(tls) != 1)
        _exit(2);
    for (;;) {
        int size = hear(tls, text, sizeof(text)), length;
        char head[128];

        if (size <= 0)
            _exit(0);
        if (server->looked)
            size = sprintf(text, "%s", strstr(text, server->looked) ? "with" : "without");
        length = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nX-Resumed: %s\r\nContent-Length: %d\r\n\r\n",
                          SSL_session_reused(tls) ? "yes" : "no", size);
        if (SSL_write(tls, head, length) <= 0 || SSL_write(tls, text, size) <= 0)
            _exit(3);
    }
}

/* ---- the program ---- */

SSL_CTX *believing(const char *pem)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    check(certificate != NULL);
    check_int(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate), 1);
    X509_free(certificate);
    BIO_free(bio);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    return context;
}

SSL *program_open(SSL_CTX *context, const struct link *link, const char *name)
{
    SSL *tls = SSL_new(context);

    SSL_set_fd(tls, link->program);
    SSL_set_tlsext_host_name(tls, name);
    SSL_set1_host(tls, name);
    SSL_set_alpn_protos(tls, (const unsigned char *)"\x08http/1.1", 9);
    return tls;
}

void ask(struct meeting *meeting, SSL *tls, const char *request, const char *end)
{
    char *got = meeting->got;
    size_t have = 0;

    check_int(SSL_write(tls, request, (int)strlen(request)), strlen(request));
    got[0] = '\0';
    while (!strstr(got, end)) {
        int size = SSL_read(tls, got + have, (int)(sizeof(meeting->got) - have - 1));

        if (size <= 0)
            test_fail(__FILE__, __LINE__, "the end came: '%s'", got);
        have += (size_t)size;
        got[have] = '\0';
    }
}

void await(pid_t pid)
{
    int status;

    check_int(waitpid(pid, &status, 0), pid);
}

static void meet_as(struct meeting *meeting, const struct world_rules *rules, const char *server_name, bool is_believed,
                    const char *looked, bool is_common)
{
    struct server other;
    char *both;

    alarm(30);
    server_begin(&meeting->server, server_name);
    if (is_common)
        server_be_common(&meeting->server);
    server_begin(&other, "other.test");
    meeting->server.looked = looked;
    /* whoever reads only the first one believes nobody here */
    check(asprintf(&both, "%s%s", other.trust, meeting->server.trust) > 0);
    world_begin(&meeting->world, rules, is_believed ? both : other.trust);
    free(both);
    server_end(&other);
    check(meeting->world.authority != NULL);
    meeting->link = world_link(&meeting->world, true);
    meeting->pid = serve(&meeting->server, &meeting->link);
    meeting->context = believing(meeting->world.authority);
}

void meet(struct meeting *meeting, const struct world_rules *rules, const char *server_name, bool is_believed, const char *looked)
{
    meet_as(meeting, rules, server_name, is_believed, looked, false);
}

void meet_common(struct meeting *meeting, const struct world_rules *rules, const char *server_name)
{
    meet_as(meeting, rules, server_name, true, NULL, true);
}

void part(struct meeting *meeting)
{
    close(meeting->link.program);
    await(meeting->pid);
    world_end(&meeting->world);
    server_end(&meeting->server);
    SSL_CTX_free(meeting->context);
}

