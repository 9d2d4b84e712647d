/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "h2_visit.h"
#include "test.h"

#define BODY_ROOM 3000000

static bool flush(struct peer *peer)
{
    size_t size = peer->out_size;

    peer->out_size = 0;
    return !size || SSL_write(peer->tls, peer->out, (int)size) > 0;
}

static ssize_t send_bytes(nghttp2_session *session, const uint8_t *bytes, size_t size, int flags, void *context)
{
    struct peer *peer = context;
    size_t some = size < sizeof(peer->out) - peer->out_size ? size : sizeof(peer->out) - peer->out_size;

    (void)session;
    (void)flags;
    memcpy(peer->out + peer->out_size, bytes, some);
    peer->out_size += some;
    return peer->out_size < sizeof(peer->out) || flush(peer) ? (ssize_t)some : NGHTTP2_ERR_CALLBACK_FAILURE;
}

bool say(struct peer *peer)
{
    return nghttp2_session_send(peer->session) == 0 && flush(peer);
}

bool turn(struct peer *peer)
{
    static uint8_t bytes[16384];
    int size;

    if (!say(peer))
        return false;
    size = SSL_read(peer->tls, bytes, sizeof(bytes));
    return size > 0 && nghttp2_session_mem_recv(peer->session, bytes, (size_t)size) == size && say(peer);
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

/* `large` fields of 2.8 KB each, which are a byte each when they are packed (RFC 7541; nghttp2 remembers none that is larger). */
static void submit_interim(nghttp2_session *session, int32_t id, unsigned count, unsigned large)
{
    static char value[2801];
    nghttp2_nv list[32];

    memset(value, 'x', 2800);
    list[0] = pair(":status", "103");
    for (unsigned i = 0; i < large; i++)
        list[1 + i] = pair("x-large", value);
    for (unsigned i = 0; i < count; i++)
        nghttp2_submit_headers(session, NGHTTP2_FLAG_NONE, id, NULL, list, 1 + large, NULL);
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
    if (strncmp(asked->path, "/v1/wait", 8) == 0)
        return 0;
    if (strncmp(asked->path, "/v1/interim/", 12) == 0)
        submit_interim(session, frame->hd.stream_id, (unsigned)atoi(asked->path + 12), 0);
    if (strncmp(asked->path, "/v1/packed", 10) == 0)
        submit_interim(session, frame->hd.stream_id, 32, 22);
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

static void serve_h2(const struct server *server, int fd, unsigned streams)
{
    struct peer peer = {0};
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, streams}};

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

struct visit *visit_begin_with(const struct world_rules *rules, unsigned streams)
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
        serve_h2(&visit->server, visit->link.server, streams);
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

struct visit *visit_begin(const struct world_rules *rules)
{
    return visit_begin_with(rules, 100);
}

void visit_end(struct visit *visit)
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

size_t send_with(struct visit *visit, const char *method, const char *path, struct text *body, const char *name, const char *value)
{
    nghttp2_data_provider provider = {.source.ptr = body, .read_callback = program_body};
    nghttp2_nv list[] = {pair(":method", method), pair(":scheme", "https"), pair(":path", path), pair(":authority", "api.test"),
                         pair(name, value)};
    int32_t id = nghttp2_submit_request(visit->program.session, NULL, list, ARRAY_COUNT(list), body ? &provider : NULL, NULL);

    check(id > 0);
    return (size_t)id / 2;
}

size_t send_request(struct visit *visit, const char *method, const char *path, const char *authority, struct text *body)
{
    nghttp2_data_provider provider = {.source.ptr = body, .read_callback = program_body};
    nghttp2_nv list[] = {pair(":method", method), pair(":scheme", "https"), pair(":path", path), pair(":authority", authority),
                         pair("content-type", "application/json")};
    int32_t id = nghttp2_submit_request(visit->program.session, NULL, list, ARRAY_COUNT(list), body ? &provider : NULL, NULL);

    check(id > 0);
    return (size_t)id / 2;
}

void await_closed(struct visit *visit, unsigned count)
{
    while (visit->program.closed < count)
        check(turn(&visit->program));
}

