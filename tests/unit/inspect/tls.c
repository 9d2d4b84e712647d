/* SPDX-License-Identifier: Apache-2.0 */
/* TLS that is opened on both sides: the test is a program that believes the container's authority, and a server. */
#include <errno.h>
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
#include "inspect/believed.h"
#include "test.h"
#include "meet.h"

static const char *const reading[] = {"GET"};
static const struct net_requests narrow = {.methods = reading, .method_count = 1};
static const struct world_rules terminated = {.requests = &narrow, .terminates = true};

TEST(a_program_that_believes_the_containers_authority_reaches_its_server)
{
    struct meeting meeting;
    const unsigned char *protocol;
    unsigned size;
    SSL *tls;

    meet(&meeting, &terminated, "api.test", true, NULL);
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    check_int(SSL_get_verify_result(tls), X509_V_OK);
    SSL_get0_alpn_selected(tls, &protocol, &size);
    check_int(size, 8);
    ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "\r\n\r\nGET /a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    ask(&meeting, tls, "GET /b HTTP/1.1\r\nHost: api.test:443\r\n\r\n", "\r\n\r\nGET /b HTTP/1.1\r\nHost: api.test\r\n\r\n");
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

        meet(&meeting, &terminated, rows[i].server_name, rows[i].is_believed, NULL);
        tls = program_open(meeting.context, &meeting.link, "api.test");
        check_int(SSL_connect(tls), 1);
        ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "}}\n");
        check_contains(meeting.got, "502 Bad Gateway");
        check_contains(meeting.got, rows[i].part);
        event = world_event(&meeting.world, WORKER_FAILED);
        check_int(event.connection, meeting.link.number);
        SSL_free(tls);
        part(&meeting);
    }
}

/* Its signature is believed; a name in the subject is none (RFC 9110, 4.3.4). */
TEST(a_server_whose_certificate_names_it_in_the_subject_alone_is_not_believed)
{
    struct meeting meeting;
    SSL *tls;

    meet_common(&meeting, &terminated, "api.test");
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "}}\n");
    check_contains(meeting.got, "hostname mismatch");
    (void)world_event(&meeting.world, WORKER_FAILED);
    SSL_free(tls);
    part(&meeting);
}

#define NO_CERTIFICATE "-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n"

/* What the host has is read when the first server is to be verified; what the policy names, before. */
TEST(authorities_of_the_policy_are_read_at_once_and_those_of_the_host_when_they_are_needed)
{
    static const struct {
        const char *text; /* G = a good one, B = a bad one */
        unsigned own, count;
        const char *error, *fault;
        unsigned in_the_end;
    } rows[] = {
        {"GG", 0, 0, NULL, "", 2},
        {"GG", 1, 1, NULL, "", 2},
        {"GB", 1, 1, NULL, "the authorities: number 2 is no certificate", 1},
        {"BG", 0, 0, NULL, "the authorities: number 1 is no certificate", 0},
        {"BG", 1, 0, "network.tls.authorities: the authorities: number 1 is no certificate", NULL, 0},
        {"G", 2, 0, "fewer than the policy names", NULL, 0},
        {"", 0, 0, "there is no certificate among them", NULL, 0},
    };
    struct server server;

    server_begin(&server, "api.test");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        SSL_CTX *context = SSL_CTX_new(TLS_client_method());
        struct error err = ERROR_INIT;
        struct believed believed;
        static char pem[8192];
        int status;

        pem[0] = '\0';
        for (const char *at = rows[i].text; *at; at++)
            strcat(pem, *at == 'G' ? server.trust : NO_CERTIFICATE);
        status = believed_begin(&believed, context, mem_string(pem), strlen(pem), rows[i].own, &err);
        check_int(status, rows[i].error ? -EINVAL : 0);
        check_contains(err.text, rows[i].error ? rows[i].error : "");
        if (status == 0) {
            check_int(believed.count, rows[i].count);
            believed_read(&believed);
            check_int(believed.count, rows[i].in_the_end);
            check_string(believed.fault.text, rows[i].fault);
        }
        SSL_CTX_free(context);
    }
    server_end(&server);
}

TEST(where_an_authority_of_the_host_is_no_certificate_no_server_is_believed)
{
    struct meeting meeting;
    static char pem[8192];
    SSL *tls;

    server_begin(&meeting.server, "api.test");
    snprintf(pem, sizeof(pem), "%s" NO_CERTIFICATE, meeting.server.trust);
    meeting.server.looked = NULL;
    world_begin(&meeting.world, &terminated, pem);
    meeting.link = world_link(&meeting.world, true);
    meeting.pid = serve(&meeting.server, &meeting.link);
    meeting.context = believing(meeting.world.authority);
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "}}\n");
    check_contains(meeting.got, "502 Bad Gateway");
    check_contains(meeting.got, "no server is believed: the authorities: number 2 is no certificate");
    check_contains(world_event(&meeting.world, WORKER_FAILED).path, "number 2 is no certificate");
    SSL_free(tls);
    part(&meeting);
}

TEST(a_hello_with_another_name_than_the_one_that_was_judged_is_refused)
{
    static const char *const names[] = {"other.test", "api.test.test"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct meeting meeting;
        SSL *tls;

        meet(&meeting, &terminated, "api.test", true, NULL);
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

    meet(&meeting, &terminated, "api.test", true, NULL);
    tls = program_open(meeting.context, &meeting.link, "api.test");
    check_int(SSL_connect(tls), 1);
    check(!SSL_session_reused(tls));
    ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "Host: api.test\r\n\r\n");
    session = SSL_get1_session(tls);
    SSL_shutdown(tls);
    SSL_free(tls);
    second = world_link(&meeting.world, true);
    pid = serve(&meeting.server, &second);
    tls = program_open(meeting.context, &second, "api.test");
    SSL_set_session(tls, session);
    check_int(SSL_connect(tls), 1);
    check(SSL_session_reused(tls));
    ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "Host: api.test\r\n\r\n");
    SSL_free(tls);
    SSL_SESSION_free(session);
    close(second.program);
    await(pid);
    part(&meeting);
}

/* With the server: each is used once, and the next one is there when the first answer is. */
TEST(sessions_with_a_server_are_resumed_once_each)
{
    struct meeting meeting;
    SSL *tls;

    meet(&meeting, &terminated, "api.test", true, NULL);
    for (unsigned i = 0; i < 4; i++) {
        struct link link = i ? world_link(&meeting.world, true) : meeting.link;
        pid_t pid = i ? serve(&meeting.server, &link) : 0;

        tls = program_open(meeting.context, &link, "api.test");
        check_int(SSL_connect(tls), 1);
        check(!SSL_session_reused(tls));
        ask(&meeting, tls, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n", "Host: api.test\r\n\r\n");
        check_contains(meeting.got, i ? "X-Resumed: yes" : "X-Resumed: no");
        SSL_free(tls);
        if (i) {
            close(link.program);
            await(pid);
        }
    }
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
