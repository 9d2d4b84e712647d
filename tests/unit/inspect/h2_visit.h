/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2 on both sides: the test is a program, and a server in a process of its own, each with a session of nghttp2. */
#ifndef CORDON_TESTS_INSPECT_H2_VISIT_H
#define CORDON_TESTS_INSPECT_H2_VISIT_H

#include <nghttp2/nghttp2.h>

#include "meet.h"

/* One end of a connection, blocking. */
struct peer {
    SSL *tls;
    nghttp2_session *session;
    unsigned char out[16384]; /* of what is to be said, until it is one record of TLS */
    size_t out_size;
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

struct text {
    const char *bytes;
    size_t size, sent;
    bool is_open; /* trailers follow */
};

struct visit {
    struct server server;
    struct world world;
    struct link link;
    pid_t pid;
    struct peer program;
    SSL_CTX *context;
};

struct visit *visit_begin(const struct world_rules *rules);
/* Its server takes so many streams at a time, not 100. */
struct visit *visit_begin_with(const struct world_rules *rules, unsigned streams);
void visit_end(struct visit *visit);

/*
 * Both return the stream's place in program.streams. The server answers with path, body and a trailer; /reset is reset, /v1/wait
 * is never answered, before the answer of /v1/interim/N come N times 103, of /v1/packed 32 with 60 KB of fields.
 */
size_t send_request(struct visit *visit, const char *method, const char *path, const char *authority, struct text *body);
size_t send_with(struct visit *visit, const char *method, const char *path, struct text *body, const char *name, const char *value);

bool say(struct peer *peer);
/* What is to be said is said, then what is there is heard. false = the end. */
bool turn(struct peer *peer);
void await_closed(struct visit *visit, unsigned count);

#endif
