/* SPDX-License-Identifier: Apache-2.0 */
/* The key of the authority is made once in a test's process. */
#include "hold_server.h"

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#define DAY (24L * 60 * 60)

struct pair {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);

    check(extension != NULL);
    check(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

static struct pair make_pair(const char *common_name, const char *name, long from, long to, const struct pair *issuer, bool signs)
{
    struct pair pair = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    X509_NAME *subject = X509_get_subject_name(pair.certificate);
    char text[300];

    check(pair.key != NULL);
    ASN1_INTEGER_set(X509_get_serialNumber(pair.certificate), issuer ? 2 : 1);
    X509_set_version(pair.certificate, 2);
    X509_gmtime_adj(X509_getm_notBefore(pair.certificate), from);
    X509_gmtime_adj(X509_getm_notAfter(pair.certificate), to);
    X509_set_pubkey(pair.certificate, pair.key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(pair.certificate, issuer ? X509_get_subject_name(issuer->certificate) : subject);
    if (signs)
        add_extension(pair.certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (name) {
        snprintf(text, sizeof(text), "DNS:%s", name);
        add_extension(pair.certificate, NID_subject_alt_name, text);
    }
    check(X509_sign(pair.certificate, issuer ? issuer->key : pair.key, EVP_sha256()) > 0);
    return pair;
}

static const struct pair *authority(bool is_stranger)
{
    static struct pair pairs[2];
    struct pair *pair = &pairs[is_stranger];

    if (!pair->key)
        *pair = make_pair(is_stranger ? "stranger" : "authority", NULL, -DAY, DAY, NULL, true);
    return pair;
}

static const struct pair *middle(void)
{
    static struct pair pair;

    if (!pair.key)
        pair = make_pair("middle", NULL, -DAY, DAY, authority(true), true);
    return &pair;
}

static char *print(const struct pair *pair, size_t *ret_size)
{
    BIO *bytes = BIO_new(BIO_s_mem());
    char *data, *copy;
    long size;

    check(PEM_write_bio_X509(bytes, pair->certificate));
    size = BIO_get_mem_data(bytes, &data);
    copy = malloc((size_t)size);
    check(copy != NULL);
    memcpy(copy, data, (size_t)size);
    BIO_free(bytes);
    *ret_size = (size_t)size;
    return copy;
}

char *server_trust(size_t *ret_size)
{
    return print(authority(false), ret_size);
}

char *server_middle(size_t *ret_size)
{
    return print(middle(), ret_size);
}

static int choose_alpn(SSL *tls, const unsigned char **out, unsigned char *out_size, const unsigned char *in,
                       unsigned in_size, void *wanted)
{
    (void)tls;
    for (unsigned i = 0; i < in_size; i += in[i] + 1u) {
        if (in[i] == strlen(wanted) && memcmp(in + i + 1, wanted, in[i]) == 0) {
            *out = in + i + 1;
            *out_size = in[i];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *make_context(const struct identity *identity)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    long from = identity->is_expired ? -2 * DAY : -DAY, to = identity->is_expired ? -DAY : DAY;
    const struct pair *issuer = identity->is_of_middle ? middle() : authority(identity->is_of_stranger);
    struct pair pair = make_pair("api.example.com", identity->name, from, to, issuer, false);

    SSL_CTX_use_certificate(context, pair.certificate);
    SSL_CTX_use_PrivateKey(context, pair.key);
    SSL_CTX_set_min_proto_version(context, 0);
    SSL_CTX_set_security_level(context, 0);
    if (identity->tls_max)
        SSL_CTX_set_max_proto_version(context, identity->tls_max);
    if (identity->alpn)
        SSL_CTX_set_alpn_select_cb(context, choose_alpn, (void *)(uintptr_t)identity->alpn);
    return context;
}

/* How long the request in `heard` is as a whole; 0 = not known yet. */
static size_t whole_length(const char *heard)
{
    const char *end = strstr(heard, "\r\n\r\n"), *length = strstr(heard, "Content-Length: ");

    if (!end)
        return 0;
    if (strstr(heard, "Transfer-Encoding: chunked"))
        return (end = strstr(end, "\r\n0\r\n\r\n")) ? (size_t)(end - heard) + 7 : 0;
    return (size_t)(end - heard) + 4 + (length && length < end ? strtoul(length + 16, NULL, 10) : 0);
}

static bool hear(SSL *tls, char *heard, bool is_early)
{
    size_t size = 0;

    memset(heard, 0, HEARD_MAX);
    for (;;) {
        size_t whole = whole_length(heard);
        int got;

        if (is_early ? strstr(heard, "\r\n\r\n") != NULL : whole && size >= whole)
            return true;
        got = SSL_read(tls, heard + size, (int)(HEARD_MAX - 1 - size));
        if (got <= 0)
            return false;
        size += (size_t)got;
    }
}

static void serve(const struct script *script, int socket, char *heard)
{
    SSL *tls = SSL_new(make_context(&script->identity));
    unsigned requests = script->requests ? script->requests : 1;

    SSL_set_fd(tls, socket);
    if (SSL_accept(tls) != 1)
        return;
    for (unsigned i = 0; i < requests && hear(tls, heard, script->is_early); i++)
        for (size_t j = 0; j < PIECES_MAX && script->pieces[j].bytes; j++) {
            size_t size = script->pieces[j].size ? script->pieces[j].size : strlen(script->pieces[j].bytes);

            for (size_t at = 0; at < size; at += 16384)
                if (SSL_write(tls, script->pieces[j].bytes + at, (int)(size - at < 16384 ? size - at : 16384)) <= 0)
                    return;
        }
    if (script->is_rude)
        return;
    SSL_shutdown(tls);
    shutdown(socket, SHUT_WR);
    while (read(socket, heard + HEARD_MAX - 1, 1) > 0) /* what comes late resets nothing */
        ;
    heard[HEARD_MAX - 1] = '\0';
}

void server_start(const struct script *script, struct server *ret_server)
{
    int pair[2];

    (void)authority(false);
    (void)authority(true);
    *ret_server = (struct server){.heard = mmap(NULL, HEARD_MAX, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)};
    check(ret_server->heard != MAP_FAILED);
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    ret_server->child = fork();
    check(ret_server->child >= 0);
    if (ret_server->child == 0) {
        signal(SIGPIPE, SIG_IGN);
        close(pair[0]);
        serve(script, pair[1], ret_server->heard);
        _exit(0);
    }
    close(pair[1]);
    ret_server->socket = pair[0];
}

void server_stop(struct server *server)
{
    kill(server->child, SIGKILL);
    check_int(waitpid(server->child, NULL, 0), server->child);
    munmap(server->heard, HEARD_MAX);
}
