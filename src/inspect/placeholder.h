/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placeholders in what a program sends: each stands where its secret may be put, and the text becomes pieces for the holder,
 * or the request is refused. The inspector has no value; it knows lengths once a flow is open (hold_client_length()).
 */
#ifndef CORDON_INSPECT_PLACEHOLDER_H
#define CORDON_INSPECT_PLACEHOLDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/hold_client.h"
#include "inspect/scrub.h"
#include "net/secrets.h"

/* Looks for placeholders, in every way in which scrub.h looks for values. One for all flows. */
struct placeholders {
    const struct net_secrets *secrets; /* as they came; the caller's for as long as this lives */
    struct net_secret *items;          /* the same with the placeholder for a value */
    struct net_secrets looked_for;
    struct values values; /* for scrub_new(): a body that goes by; scrub_found() tells of a placeholder before it has left */
    struct scrub *scrub;
};

int placeholders_init(struct placeholders *placeholders, const struct net_secrets *secrets, struct error *err) must_check;
void placeholders_finish(struct placeholders *placeholders);

struct placeholder_piece {
    const char *bytes; /* of the text that was split; NULL = the value of `secret` */
    size_t size;
    unsigned secret;
    enum hold_encoding encoding;
};

struct placeholder_text {
    struct placeholder_piece *pieces;
    size_t count;
    size_t secret_count; /* how many of them are secrets */
    bool is_basic;       /* of a field: name and password, decoded */
    char *decoded;
};

void placeholder_text_finish(struct placeholder_text *text);
#define auto_placeholder_text cleanup_with(placeholder_text_finish)

/*
 * For whom a text is meant: the name of a server that the holder will verify, NULL = nobody such (plain HTTP, or TLS that
 * is not opened): then no placeholder may leave.
 *
 * 0 with the pieces; -ENOMEM; -EACCES where a placeholder stands elsewhere than its secret may: *ret_secret, and a message for
 * people that names secret and place, and holds nothing else of the text.
 */
int placeholder_split_field(struct placeholders *placeholders, const char *host, const char *name, size_t name_size,
                            const char *value, size_t size, struct placeholder_text *ret_text, unsigned *ret_secret,
                            struct error *err) must_check;
/* A target without its host: "/path?query". */
int placeholder_split_target(struct placeholders *placeholders, const char *host, const char *target, size_t size,
                             struct placeholder_text *ret_text, unsigned *ret_secret, struct error *err) must_check;
/* A whole body that is in no coding. `type`: of its Content-Type, parameters and all; "" = none. */
int placeholder_split_body(struct placeholders *placeholders, const char *host, const char *type, const char *body, size_t size,
                           struct placeholder_text *ret_text, unsigned *ret_secret, struct error *err) must_check;

/* May a body of this type for this host hold a value, so that it has to be there as a whole? */
bool placeholder_wants_body(const struct placeholders *placeholders, const char *host, const char *type);

/* Any other text, whole: as above, without pieces. `where`: "the method", for the message. */
int placeholder_check(struct placeholders *placeholders, const char *bytes, size_t size, const char *where, unsigned *ret_secret,
                      struct error *err) must_check;

/* Is any secret for this host? Then the holder has the connection. */
bool placeholder_has_host(const struct placeholders *placeholders, const char *host);

/* Its length with the values in it, on a flow that has opened. */
uint64_t placeholder_text_length(const struct placeholder_text *text, const struct hold_client *client);

/* From piece *at on; -EAGAIN where the holder is behind: *at says where to go on. */
int placeholder_text_send(const struct placeholder_text *text, struct hold_client *client, size_t *at) must_check;

#endif
