/* SPDX-License-Identifier: Apache-2.0 */
/* TLS that is opened on both sides: the test is a program that believes the container's authority, and a server. */
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "inspect/authority.h"
#include "test.h"
#include "world.h"

static const char *const reading[] = {"GET"};
static const struct net_requests narrow = {.methods = reading, .method_count = 1};
static const struct world_rules terminated = {.requests = &narrow, .terminates = true};

static char got[70000];

/* ---- the server ---- */

struct server {
    struct authority *authority;
    char *trust;
    const char *name; /* in its certificate */
};

static void server_begin(struct server *server, const char *name)
{
    struct error err = ERROR_INIT;
    size_t size;

    check_int(authority_new(time(NULL), &server->authority, &err), 0);
    check_int(authority_print(server->authority, &server->trust, &size, &err), 0);
    server->name = name;
}

static void server_end(struct server *server)
{
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

/* A child that answers each request with what it was asked. */
static pid_t serve(const struct server *server, struct link *link)
{
    pid_t pid = fork();
    SSL_CTX *context;
    char text[4096];
    SSL *tls;

    if (pid) {
        close(link->server);
        link->server = -1;
        return pid;
    }
    signal(SIGPIPE, SIG_IGN);
    close(link->program);
    context = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    tls = SSL_new(context);
    if (authority_present(server->authority, server->name, NULL, time(NULL), tls) < 0)
        _exit(1);
    SSL_set_fd(tls, link->server);
    if (SSL_accept(tls) != 1)
        _exit(2);
    for (;;) {
        int size = SSL_read(tls, text, sizeof(text)), length;
        char head[128];

        if (size <= 0)
            _exit(0);
        length = snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", size);
        if (SSL_write(tls, head, length) <= 0 || SSL_write(tls, text, size) <= 0)
            _exit(3);
    }
}

/* ---- the program ---- */

static SSL_CTX *believing(const char *pem)
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

static SSL *program_open(SSL_CTX *context, const struct link *link, const char *name)
{
    SSL *tls = SSL_new(context);

    SSL_set_fd(tls, link->program);
    SSL_set_tlsext_host_name(tls, name);
    SSL_set1_host(tls, name);
    SSL_set_alpn_protos(tls, (const unsigned char *)"\x08http/1.1", 9);
    return tls;
}

static void ask(SSL *tls, const char *request, const char *end)
{
    size_t have = 0;

    check_int(SSL_write(tls, request, (int)strlen(request)), strlen(request));
    got[0] = '\0';
    while (!strstr(got, end)) {
        int size = SSL_read(tls, got + have, (int)(sizeof(got) - have - 1));

        if (size <= 0)
            test_fail(__FILE__, __LINE__, "the end came: '%s'", got);
        have += (size_t)size;
        got[have] = '\0';
    }
}

static void await(pid_t pid)
{
    int status;

    check_int(waitpid(pid, &status, 0), pid);
}

struct meeting {
    struct server server;
    struct world world;
    struct link link;
    pid_t pid;
    SSL_CTX *context;
};

static void meet(struct meeting *meeting, const char *server_name, bool is_believed)
{
    struct server other;

    alarm(30);
    server_begin(&meeting->server, server_name);
    server_begin(&other, "other.test");
    world_begin(&meeting->world, &terminated, is_believed ? meeting->server.trust : other.trust);
    server_end(&other);
    check(meeting->world.authority != NULL);
    meeting->link = world_link(&meeting->world, true);
    meeting->pid = serve(&meeting->server, &meeting->link);
    meeting->context = believing(meeting->world.authority);
}

static void part(struct meeting *meeting)
{
    close(meeting->link.program);
    await(meeting->pid);
    world_end(&meeting->world);
    server_end(&meeting->server);
    SSL_CTX_free(meeting->context);
}

TEST(a_program_that_believes_the_containers_authority_reaches_its_server)
{
    struct meeting meeting;
    const unsigned char *protocol;
    unsigned size;
    SSL *tls;

    meet(&meeting, "api.test", true);
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    check_int(SSL_get_verify_result(tls), X509_V_OK);
    SSL_get0_alpn_selected(tls, &protocol, &size);
    check_int(size, 8);
    ask(tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "\r\n\r\nGET /a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    ask(tls, "GET /b HTTP/1.1\r\nHost: api.test:443\r\n\r\n", "\r\n\r\nGET /b HTTP/1.1\r\nHost: api.test\r\n\r\n");
    check_string(world_event(&meeting.world, WORKER_REQUEST).path, "/a");
    SSL_free(tls);
    part(&meeting);
}

TEST(a_server_that_is_not_who_it_should_be_is_told_of_in_the_answer)
{
    static const struct {
        const char *server_name;
        bool is_believed;
        const char *part;
    } rows[] = {{"evil.test", true, "hostname mismatch"}, {"api.test", false, "unable to get local issuer certificate"}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct meeting meeting;
        struct worker_message event;
        SSL *tls;

        meet(&meeting, rows[i].server_name, rows[i].is_believed);
        tls = program_open(meeting.context, &meeting.link, "api.test");
        check_int(SSL_connect(tls), 1);
        ask(tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "}}\n");
        check_contains(got, "502 Bad Gateway");
        check_contains(got, rows[i].part);
        event = world_event(&meeting.world, WORKER_FAILED);
        check_int(event.connection, meeting.link.number);
        SSL_free(tls);
        part(&meeting);
    }
}

TEST(a_hello_with_another_name_than_the_one_that_was_judged_is_refused)
{
    static const char *const names[] = {"other.test", "api.test.test"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct meeting meeting;
        SSL *tls;

        meet(&meeting, "api.test", true);
        tls = program_open(meeting.context, &meeting.link, names[i]);
        check(SSL_connect(tls) != 1);
        check_int(world_event(&meeting.world, WORKER_DENIED).reason, NET_OTHER_NAME);
        SSL_free(tls);
        part(&meeting);
    }
}

TEST(a_session_is_resumed_with_a_ticket)
{
    struct meeting meeting;
    SSL_SESSION *session;
    struct link second;
    pid_t pid;
    SSL *tls;

    meet(&meeting, "api.test", true);
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    check(!SSL_session_reused(tls));
    ask(tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "Host: api.test\r\n\r\n");
    session = SSL_get1_session(tls);
    SSL_shutdown(tls);
    SSL_free(tls);
    second = world_link(&meeting.world, true);
    pid = serve(&meeting.server, &second);
    tls = program_open(meeting.context, &second, "api.test");
    SSL_set_session(tls, session);
    check_int(SSL_connect(tls), 1);
    check(SSL_session_reused(tls));
    ask(tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "Host: api.test\r\n\r\n");
    SSL_free(tls);
    SSL_SESSION_free(session);
    close(second.program);
    await(pid);
    part(&meeting);
}

TEST(a_leaf_is_for_its_name_alone_and_signed_by_an_authority_that_signs_no_other)
{
    struct error err = ERROR_INIT;
    struct authority *authority;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    SSL *tls = SSL_new(context);
    struct net_address address;
    time_t now = time(NULL);
    X509 *leaf;

    check_int(authority_new(now, &authority, &err), 0);
    check_int(authority_present(authority, "api.test", NULL, now, tls), 0);
    leaf = SSL_get_certificate(tls);
    check_int(X509_check_host(leaf, "api.test", 0, 0, NULL), 1);
    check_int(X509_check_host(leaf, "a.api.test", 0, 0, NULL), 0);
    check_int(X509_check_ca(leaf), 0);
    check(X509_cmp_time(X509_get0_notAfter(leaf), &(time_t){now + 8 * 86400}) < 0);
    check_int(net_address_parse("203.0.113.7", 11, &address), 0);
    check_int(authority_present(authority, NULL, &address, now, tls), 0);
    check_int(X509_check_ip_asc(SSL_get_certificate(tls), "203.0.113.7", 0), 1);
    /* more names than are kept, and then the first one again, a week later */
    for (unsigned i = 0; i < AUTHORITY_LEAVES_MAX + 2; i++) {
        char name[32];

        snprintf(name, sizeof(name), "n%u.test", i);
        check_int(authority_present(authority, name, NULL, now, tls), 0);
        check_int(X509_check_host(SSL_get_certificate(tls), name, 0, 0, NULL), 1);
    }
    check_int(authority_present(authority, "api.test", NULL, now + 7 * 86400, tls), 0);
    check(X509_cmp_time(X509_get0_notAfter(SSL_get_certificate(tls)), &(time_t){now + 13 * 86400}) > 0);
    SSL_free(tls);
    SSL_CTX_free(context);
    authority_free(authority);
}
