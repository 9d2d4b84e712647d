/* SPDX-License-Identifier: Apache-2.0 */
/* A server over TLS, and authorities for it, of the test's own: a process that says what it is told to. */
#ifndef CORDON_TESTS_INSPECT_HOLD_SERVER_H
#define CORDON_TESTS_INSPECT_HOLD_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct identity {
    const char *name;  /* in the certificate; NULL = only as common name, as certificates no longer may */
    const char *alpn;  /* what the server speaks, NULL = it says nothing of it */
    bool is_expired, is_of_stranger;
    bool is_of_middle; /* of an authority that the stranger signed */
    int tls_max;       /* a version of OpenSSL's, 0 = any */
};

#define PIECES_MAX 8
struct script {
    struct identity identity;
    struct {
        const char *bytes; /* an answer, a record of TLS each */
        size_t size;       /* 0 = to its end */
    } pieces[PIECES_MAX];
    unsigned requests;     /* that are answered so; 0 = one */
    bool is_rude;          /* ends without an end of TLS */
    bool is_early;         /* answers before the body has come */
};

struct server {
    pid_t child;
    int socket; /* to it */
    char *heard; /* shared: what was requested, NUL-terminated */
};

#define HEARD_MAX (1u << 20)

/* PEM of the authority that a holder of the test believes. The test's to free(). */
char *server_trust(size_t *ret_size);

/* PEM of the one in the middle alone. The test's to free(). */
char *server_middle(size_t *ret_size);

void server_start(const struct script *script, struct server *ret_server);

void server_stop(struct server *server);

#endif
