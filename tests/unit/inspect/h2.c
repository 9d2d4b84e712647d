/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on both sides: the test is a program, and a server in a process of its own, each with a session of nghttp2. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

#include "base/memory.h"
#include "meet.h"
#include "test.h"

#define BODY_ROOM 3000000

/* ---- one end of a connection, blocking ---- */

struct peer {
    SSL *tls;
    nghttp2_session *session;
    /* of the program's streams, by half their number */
    struct {
        char number[12]; /* of the server's stream */
    char status[4];
        char trailer[32];
        char *body;
        size_t size;
        bool is_closed;
        uint32_t code;
    } streams[200];
    unsigned closed;
};

static ssize_t send_bytes(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags, void *context)
{
    struct peer *peer = context;
    int sent = SSL_write(peer->tls, bytes, (int)size);

    (void)session;
    (void)flags;
    return sent > 0 ? sent : NGHTTP2_ERR_CALLBACK_FAILURE;
}

/* What is to be said is said, then what is there is heard. false = the end. */
static bool turn(struct peer *peer)
{
    static uint8_t bytes[16384];
    int size;

    if (nghttp2_session_send(peer->session) < 0)
        return false;
    size = SSL_read(peer->tls, bytes, sizeof(bytes));
    return size > 0 && nghttp2_session_mem_recv(peer->session, bytes, (size_t)size) == size && nghttp2_session_send(peer->session) == 0;
}

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NONE};
}

/* ---- the server: answers with the path and the body that it was sent, and a trailer ---- */

struct asked {
    char path[256];
    char *body;
    size_t size, sent;
};

static int server_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                         const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
    struct asked *asked = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);

    (void)flags;
    (void)context;
    if (!asked) {
        asked = calloc(1, sizeof(*asked));
        asked->body = malloc(BODY_ROOM);
        nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, asked);
    }
    if (name_size == 5 && memcmp(name, ":path", 5) == 0)
        snprintf(asked->path, sizeof(asked->path), "%.*s", (int)value_size, value);
    return 0;
}

static int server_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size, void *context)
{
    struct asked *asked = nghttp2_session_get_stream_user_data(session, id);

    (void)flags;
    (void)context;
    if (asked->size + size > BODY_ROOM)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    memcpy(asked->body + asked->size, bytes, size);
    asked->size += size;
    return 0;
}

static ssize_t server_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
                           nghttp2_data_source *source, void *context)
{
    struct asked *asked = source->ptr;
    size_t rest = asked->size - asked->sent, some = rest < size ? rest : size;
    nghttp2_nv trailer = pair("x-trailer", "end");

    (void)context;
    memcpy(to, asked->body + asked->sent, some);
    asked->sent += some;
    if (some == rest) {
        *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
        nghttp2_submit_trailer(session, id, &trailer, 1);
    }
    return (ssize_t)some;
}

static int server_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct asked *asked = frame->hd.stream_id ? nghttp2_session_get_stream_user_data(session, frame->hd.stream_id) : NULL;
    nghttp2_data_provider provider = {.source.ptr = asked, .read_callback = server_body};
    char number[12];
    nghttp2_nv list[3];

    (void)context;
    if (!asked || !(frame->hd.flags & NGHTTP2_FLAG_END_STREAM) ||
        (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA))
        return 0;
    if (strncmp(asked->path, "/reset", 6) == 0)
        return nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
    if (strncmp(asked->path, "/v1/interim/", 12) == 0)
        for (int i = 0; i < atoi(asked->path + 12); i++) {
            list[0] = pair(":status", "103");
            nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NULL, list, 1, NULL);
        }
    list[0] = pair(":status", "200");
    list[1] = pair("x-path", asked->path);
    snprintf(number, sizeof(number), "%d", frame->hd.stream_id);
    list[2] = pair("x-stream", number);
    return nghttp2_submit_response(session, frame->hd.stream_id, list, 3, &provider);
}

static int choose(SSL *tls, const unsigned char **ret, unsigned char *ret_size, const unsigned char *list, unsigned size, void *context)
{
    (void)tls;
    (void)context;
    return SSL_select_next_proto((unsigned char **)(uintptr_t)ret, ret_size, (const unsigned char *)"\x02h2", 3, list, size) ==
                   OPENSSL_NPN_NEGOTIATED
               ? SSL_TLSEXT_ERR_OK
               : SSL_TLSEXT_ERR_NOACK;
}

static void serve_h2(const struct server *server, int fd)
{
    struct peer peer = {0};
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 100}};

    alarm(60);
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX_set_alpn_select_cb(context, choose, NULL);
    peer.tls = SSL_new(context);
    if (authority_present(server->authority, server->name, NULL, time(NULL), peer.tls) < 0)
        _exit(1);
    SSL_set_fd(peer.tls, fd);
    if (SSL_accept(peer.tls) != 1)
        _exit(2);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, send_bytes);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, server_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, server_data);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, server_frame);
    nghttp2_session_server_new(&peer.session, callbacks, &peer);
    nghttp2_submit_settings(peer.session, NGHTTP2_FLAG_NONE, settings, 1);
    while (turn(&peer))
        ;
    _exit(0);
}

/* ---- the program ---- */

static int program_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                          const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
    struct peer *peer = context;
    size_t at = (size_t)frame->hd.stream_id / 2;

    (void)session;
    (void)flags;
    if (name_size == 7 && memcmp(name, ":status", 7) == 0)
        snprintf(peer->streams[at].status, 4, "%.*s", (int)value_size, value);
    if (name_size == 8 && memcmp(name, "x-stream", 8) == 0)
        snprintf(peer->streams[at].number, sizeof(peer->streams[at].number), "%.*s", (int)value_size, value);
    if (name_size == 9 && memcmp(name, "x-trailer", 9) == 0)
        snprintf(peer->streams[at].trailer, 32, "%.*s", (int)value_size, value);
    return 0;
}

static int program_data(nghttp2_session *session, uint8_t flags, int32_t id, const uint8_t *bytes, size_t size, void *context)
{
    struct peer *peer = context;
    size_t at = (size_t)id / 2;

    (void)session;
    (void)flags;
    peer->streams[at].body = realloc(peer->streams[at].body, peer->streams[at].size + size + 1);
    memcpy(peer->streams[at].body + peer->streams[at].size, bytes, size);
    peer->streams[at].size += size;
    peer->streams[at].body[peer->streams[at].size] = '\0';
    return 0;
}

static int program_closed(nghttp2_session *session, int32_t id, uint32_t code, void *context)
{
    struct peer *peer = context;

    (void)session;
    peer->streams[id / 2].is_closed = true;
    peer->streams[id / 2].code = code;
    peer->closed++;
    return 0;
}

struct text {
    const char *bytes;
    size_t size, sent;
    bool is_open; /* trailers follow */
};

static ssize_t program_body(nghttp2_session *session, int32_t id, uint8_t *to, size_t size, uint32_t *flags,
                            nghttp2_data_source *source, void *context)
{
    struct text *text = source->ptr;
    size_t rest = text->size - text->sent, some = rest < size ? rest : size;

    (void)session;
    (void)id;
    (void)context;
    memcpy(to, text->bytes + text->sent, some);
    text->sent += some;
    if (some == rest)
        *flags |= NGHTTP2_DATA_FLAG_EOF | (text->is_open ? NGHTTP2_DATA_FLAG_NO_END_STREAM : 0);
    return (ssize_t)some;
}

struct visit {
    struct server server;
    struct world world;
    struct link link;
    pid_t pid;
    struct peer program;
    SSL_CTX *context;
};

static struct visit *visit_begin(const struct world_rules *rules)
{
    struct visit *visit = calloc(1, sizeof(*visit));
    nghttp2_session_callbacks *callbacks;
    const unsigned char *protocol;
    unsigned size;

    alarm(60);
    server_begin(&visit->server, "api.test");
    world_begin(&visit->world, rules, visit->server.trust);
    visit->link = world_link(&visit->world, true);
    visit->pid = fork();
    if (visit->pid == 0) {
        close(visit->link.program);
        serve_h2(&visit->server, visit->link.server);
    }
    close(visit->link.server);
    visit->context = believing(visit->world.authority);
    visit->program.tls = program_open(visit->context, &visit->link, "api.test");
    SSL_set_alpn_protos(visit->program.tls, (const unsigned char *)"\x02h2\x08http/1.1", 12);
    check_int(SSL_connect(visit->program.tls), 1);
    SSL_get0_alpn_selected(visit->program.tls, &protocol, &size);
    check_int(size, 2);
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_session_callbacks_set_send_callback(callbacks, send_bytes);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, program_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, program_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, program_closed);
    nghttp2_session_client_new(&visit->program.session, callbacks, &visit->program);
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_submit_settings(visit->program.session, NGHTTP2_FLAG_NONE, NULL, 0);
    return visit;
}

static void visit_end(struct visit *visit)
{
    for (size_t i = 0; i < ARRAY_COUNT(visit->program.streams); i++)
        free(visit->program.streams[i].body);
    nghttp2_session_del(visit->program.session);
    SSL_free(visit->program.tls);
    close(visit->link.program);
    await(visit->pid);
    world_end(&visit->world);
    server_end(&visit->server);
    SSL_CTX_free(visit->context);
    free(visit);
}

/* The stream's place in program.streams. */
static size_t send_with(struct visit *visit, const char *method, const char *path, struct text *body, const char *name, const char *value)
{
    nghttp2_data_provider provider = {.source.ptr = body, .read_callback = program_body};
    nghttp2_nv list[] = {pair(":method", method), pair(":scheme", "https"), pair(":path", path), pair(":authority", "api.test"),
                         pair(name, value)};
    int32_t id = nghttp2_submit_request(visit->program.session, NULL, list, ARRAY_COUNT(list), body ? &provider : NULL, NULL);

    check(id > 0);
    return (size_t)id / 2;
}

static size_t send_request(struct visit *visit, const char *method, const char *path, const char *authority, struct text *body)
{
    nghttp2_data_provider provider = {.source.ptr = body, .read_callback = program_body};
    nghttp2_nv list[] = {pair(":method", method), pair(":scheme", "https"), pair(":path", path), pair(":authority", authority),
                         pair("content-type", "application/json")};
    int32_t id = nghttp2_submit_request(visit->program.session, NULL, list, ARRAY_COUNT(list), body ? &provider : NULL, NULL);

    check(id > 0);
    return (size_t)id / 2;
}

static void await_closed(struct visit *visit, unsigned count)
{
    while (visit->program.closed < count)
        check(turn(&visit->program));
}

/* ---- */

static const char *const reading[] = {"GET", "POST"};
static const char *const paths[] = {"/v1/**", "/reset"};
static const struct net_requests narrow = {.methods = reading, .method_count = 2, .paths = paths, .path_count = 2};
static const char *const get[] = {"GET"}, *const post[] = {"POST"};
static const struct net_requests getting = {.methods = get, .method_count = 1}, posting = {.methods = post, .method_count = 1};
static const struct world_rules narrowed = {.requests = &narrow, .terminates = true};

TEST(streams_of_http2_are_judged_one_by_one)
{
    struct visit *visit = visit_begin(&narrowed);
    struct text body = {.bytes = "hello", .size = 5};
    size_t good = send_request(visit, "POST", "/v1/%7Ea?q", "api.test", &body);
    size_t bad = send_request(visit, "DELETE", "/v1/a", "api.test", NULL);
    size_t other = send_request(visit, "GET", "/v1/a", "other.test", NULL);
    size_t lost = send_request(visit, "GET", "/reset", "api.test:443", NULL);
    struct worker_message event;

    await_closed(visit, 4);
    check_string(visit->program.streams[good].status, "200");
    check_string(visit->program.streams[good].body, "hello");
    check_string(visit->program.streams[good].trailer, "end");
    check_string(visit->program.streams[bad].status, "403");
    check_contains(visit->program.streams[bad].body, "\"method\":\"DELETE\",\"path\":\"/v1/a\"");
    check_string(visit->program.streams[other].status, "421");
    check_string(visit->program.streams[lost].status, "");
    check_int(visit->program.streams[lost].code, NGHTTP2_REFUSED_STREAM);
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_string(event.method, "DELETE");
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_int(event.reason, NET_OTHER_NAME);
    visit_end(visit);
}

TEST(many_large_bodies_of_http2_arrive_whole)
{
    enum { STREAMS = 20, SIZE = 1000000 };
    struct visit *visit = visit_begin(&narrowed);
    char *bytes = malloc(SIZE);
    struct text bodies[STREAMS];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 % 253);
    for (size_t i = 0; i < STREAMS; i++) {
        bodies[i] = (struct text){.bytes = bytes, .size = SIZE - i};
        check_int(send_request(visit, "POST", "/v1/a", "api.test", &bodies[i]), i);
    }
    await_closed(visit, STREAMS);
    for (size_t i = 0; i < STREAMS; i++) {
        check_string(visit->program.streams[i].status, "200");
        check_int(visit->program.streams[i].size, SIZE - i);
        check(memcmp(visit->program.streams[i].body, bytes, SIZE - i) == 0);
    }
    free(bytes);
    visit_end(visit);
}

TEST(calls_in_http2_are_judged_by_their_bodies)
{
    static const char *const tools[] = {"search"};
    static const struct net_requests mcp = {.has_calls = true, .is_mcp = true, .tools = tools, .tool_count = 1};
    static const struct world_rules with_calls = {.requests = &mcp, .terminates = true};
    struct visit *visit = visit_begin(&with_calls);
    struct text good = {.bytes = "{\"jsonrpc\":\"2.0\", \"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}"};
    struct text bad = {.bytes = "{\"jsonrpc\":\"2.0\", \"method\":\"tools/call\",\"params\":{\"name\":\"delete\"}}"};
    struct worker_message event;
    size_t first, second;

    good.size = strlen(good.bytes);
    bad.size = strlen(bad.bytes);
    first = send_request(visit, "POST", "/mcp?session=1", "api.test", &good);
    second = send_request(visit, "POST", "/mcp", "api.test", &bad);
    await_closed(visit, 2);
    check_string(visit->program.streams[first].status, "200");
    check_string(visit->program.streams[first].body, "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}");
    check_string(visit->program.streams[second].status, "403");
    check_contains(visit->program.streams[second].body, "tools/call of delete");
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_string(event.call, "tools/call");
    check_string(event.tool, "delete");
    visit_end(visit);
}

TEST(interim_answers_of_http2_have_a_bound)
{
    struct visit *visit = visit_begin(&narrowed);
    size_t few = send_request(visit, "GET", "/v1/interim/32", "api.test", NULL);
    size_t many = send_request(visit, "GET", "/v1/interim/400", "api.test", NULL);
    size_t none = send_request(visit, "GET", "/v1/a", "api.test", NULL);

    await_closed(visit, 3);
    check_string(visit->program.streams[few].status, "200");
    check(visit->program.streams[few].code == 0);
    check_string(visit->program.streams[many].status, "103");
    check_int(visit->program.streams[many].code, NGHTTP2_ENHANCE_YOUR_CALM);
    check_string(visit->program.streams[none].status, "200");
    visit_end(visit);
}

/* Each stream counts for its own rule, whichever was asked for last. */
TEST(bytes_of_http2_count_for_the_rule_of_their_stream)
{
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    static const struct world_rules with_budget = {.requests = &posting, .terminates = true, .budget = &small, .other = &getting};
    struct visit *visit = visit_begin(&with_budget);
    static char bytes[2000];
    struct text first = {.bytes = bytes, .size = sizeof(bytes)}, second = {.bytes = bytes, .size = sizeof(bytes)};

    signal(SIGPIPE, SIG_IGN); /* the connection ends while it is written to */
    memset(bytes, 'x', sizeof(bytes));
    (void)send_request(visit, "POST", "/v1/a", "api.test", &first);
    (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
    await_closed(visit, 2);
    check_int(visit->program.streams[0].size, sizeof(bytes));
    (void)send_request(visit, "POST", "/v1/a", "api.test", &second);
    (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
    while (turn(&visit->program))
        ;
    check(!visit->program.streams[2].is_closed);
    check_string(world_event(&visit->world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&visit->world, WORKER_CLOSED).errnum, EDQUOT);
    visit_end(visit);
}

/* Trailers are counted in no window. */
TEST(trailers_of_http2_count_for_the_rule_of_their_stream)
{
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    static const struct world_rules with_budget = {.requests = &posting, .terminates = true, .budget = &small, .other = &getting};
    struct visit *visit = visit_begin(&with_budget);
    static char value[4001];
    struct text body = {.bytes = "x", .size = 1, .is_open = true};
    nghttp2_nv trailer = {.name = (uint8_t *)(uintptr_t)"x-long", .namelen = 6, .value = (uint8_t *)value, .valuelen = 4000};
    size_t first = send_request(visit, "POST", "/v1/a", "api.test", &body);

    signal(SIGPIPE, SIG_IGN); /* the connection ends while it is written to */
    memset(value, '~', 4000);
    for (unsigned i = 1; i <= 2; i++) { /* the second one when the body is gone */
        (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
        await_closed(visit, i);
    }
    check_int(nghttp2_submit_trailer(visit->program.session, (int32_t)(2 * first + 1), &trailer, 1), 0);
    while (!visit->program.streams[first].is_closed && turn(&visit->program))
        ;
    check(!visit->program.streams[first].is_closed);
    check_string(world_event(&visit->world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&visit->world, WORKER_CLOSED).errnum, EDQUOT);
    visit_end(visit);
}

TEST(what_http2_does_not_permit_ends_the_stream)
{
    struct visit *visit = visit_begin(&narrowed);
    static const char *const paths_of[] = {"v1/a", "/v1/../admin", "/v1/%2e%2e/a"};

    for (size_t i = 0; i < ARRAY_COUNT(paths_of); i++)
        (void)send_request(visit, "GET", paths_of[i], "api.test", NULL);
    (void)send_request(visit, "TRACE", "/v1/a", "api.test", NULL);
    (void)send_request(visit, "CONNECT", "/v1/a", "api.test", NULL);
    (void)send_request(visit, "GET", "/v1/ok", "api.test", NULL);
    await_closed(visit, 6);
    for (size_t i = 0; i < 5; i++)
        if (visit->program.streams[i].status[0] == '2')
            test_fail(__FILE__, __LINE__, "stream %zu is %s", i, visit->program.streams[i].status);
    check_string(visit->program.streams[5].status, "200");
    visit_end(visit);
}

TEST(a_field_of_http2_that_names_another_method_is_judged_as_that_method)
{
    struct visit *visit = visit_begin(&narrowed);
    size_t bad = send_with(visit, "POST", "/v1/a", NULL, "x-http-method-override", "DELETE");
    size_t good = send_with(visit, "POST", "/v1/a", NULL, "x-http-method-override", "GET");
    size_t other = send_with(visit, "POST", "/v1/a", NULL, "x-original-url", "/v1/b");

    await_closed(visit, 3);
    check_string(visit->program.streams[other].status, "403");
    check_contains(visit->program.streams[other].body, "take another one");
    check_string(visit->program.streams[bad].status, "400");
    check_contains(visit->program.streams[bad].body, "\"code\":\"malformed\"");
    check_string(visit->program.streams[good].status, "200");
    visit_end(visit);
}

TEST(another_method_than_the_one_of_calls_is_answered_so_in_http2)
{
    static const char *const tools[] = {"search"};
    static const struct net_requests mcp = {.has_calls = true, .is_mcp = true, .tools = tools, .tool_count = 1};
    static const struct world_rules with_calls = {.requests = &mcp, .terminates = true};
    struct visit *visit = visit_begin(&with_calls);

    (void)send_request(visit, "GET", "/mcp", "api.test", NULL);
    await_closed(visit, 1);
    check_string(visit->program.streams[0].status, "405");
    check_contains(visit->program.streams[0].body, "\"code\":\"method\"");
    visit_end(visit);
}

/* ---- secrets ---- */

#define PLACEHOLDER "cordon-0123456789abcdef"

static const char *const elsewhere[] = {"other.test"};
static const struct net_secret_field authorization = {NET_SECRET_HEADER, "Authorization"};
static struct net_secret secret = {.name = "TOKEN", .placeholder = PLACEHOLDER, .hosts = elsewhere, .host_count = 1,
                                   .fields = &authorization, .field_count = 1, .value_length = 11, .value = "sehr-geheim",
                                   .where = "test.yaml:9:1: secrets[0]"};
static const struct net_secrets secrets = {&secret, 1};

TEST(of_a_request_of_http2_with_a_short_body_that_is_refused_the_server_hears_nothing)
{
    static const struct world_rules guarded = {.requests = &narrow, .terminates = true, .secrets = &secrets};
    struct visit *visit = visit_begin(&guarded);
    struct text bad = {.bytes = "token=" PLACEHOLDER "&x=y", .size = 33}, good = {.bytes = "token=x", .size = 7};
    struct text late = bad;
    size_t refused = send_with(visit, "POST", "/v1/a", &bad, "content-length", "33"), next, streamed;

    await_closed(visit, 1);
    check_string(visit->program.streams[refused].status, "403");
    check_contains(visit->program.streams[refused].body, "\"code\":\"secret\"");
    check_string(world_event(&visit->world, WORKER_SECRET_DENIED).secret, "TOKEN");
    next = send_with(visit, "POST", "/v1/a", &good, "content-length", "7");
    await_closed(visit, 2);
    check_string(visit->program.streams[next].status, "200");
    check_string(visit->program.streams[next].body, "token=x");
    check_string(visit->program.streams[next].number, "1");
    /* of unknown length it goes by: refused as well, but the server has heard of it */
    streamed = send_with(visit, "POST", "/v1/a", &late, "x-a", "b");
    await_closed(visit, 3);
    check(strcmp(visit->program.streams[streamed].status, "200") != 0);
    visit_end(visit);
}

/* What was searched and refused is in no window any more: the next ones have all of it. */
TEST(refused_bodies_leave_the_window_of_the_connection)
{
    static const struct world_rules guarded = {.requests = &narrow, .terminates = true, .secrets = &secrets};
    struct visit *visit = visit_begin(&guarded);
    static char bytes[16000];
    struct text good = {.bytes = "x", .size = 1};
    size_t last;

    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes, PLACEHOLDER, strlen(PLACEHOLDER));
    for (unsigned i = 1; i <= 90; i++) {
        struct text bad = {.bytes = bytes, .size = sizeof(bytes)};

        (void)send_with(visit, "POST", "/v1/a", &bad, "x-a", "b");
        await_closed(visit, i);
    }
    last = send_with(visit, "POST", "/v1/a", &good, "x-a", "b");
    await_closed(visit, 91);
    check_string(visit->program.streams[last].status, "200");
    visit_end(visit);
}
