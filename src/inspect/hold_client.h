/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inspector's side of a flow through the holder (hold.h): a request goes out in parts, its answer comes back in parts.
 * What is called keeps nothing of what it is given.
 */
#ifndef CORDON_INSPECT_HOLD_CLIENT_H
#define CORDON_INSPECT_HOLD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "inspect/hold.h"
#include "worker/loop.h"

struct hold_client;

/*
 * What happens, in this order: opened, then for each request answer, field ..., body, bytes ..., end. `failed` or `gone` is the
 * last one, and comes once. Each may free the client.
 */
struct hold_events {
    void (*opened)(void *owner);
    void (*answer)(void *owner, unsigned status);
    void (*field)(void *owner, const char *name, size_t name_size, const char *value, size_t value_size);
    void (*body)(void *owner, enum hold_body kind, uint64_t length);
    void (*bytes)(void *owner, const char *bytes, size_t size);
    void (*end)(void *owner, bool goes_on);
    void (*room)(void *owner);                                                     /* what was refused with -EAGAIN may be tried again */
    void (*failed)(void *owner, enum hold_failure failure, const struct error *err); /* answer it, and say why */
    void (*gone)(void *owner);                                                     /* between requests: the server has ended */
};

/*
 * `holder`: the socket to it. `server`: connected, nothing was said on it; closed here in any case. `name`: canonical, whom it
 * has to prove to be. May be written to at once: what is said goes out when there is a connection.
 */
int hold_client_open(struct loop *loop, int holder, int server, const char *name, unsigned port,
                     const struct hold_events *events, void *owner, struct hold_client **ret_client,
                     struct error *err) must_check;
void hold_client_free(struct hold_client *client);

/* How many bytes a secret takes in an encoding. Known once opened; 0 = not for this host. */
size_t hold_client_length(const struct hold_client *client, unsigned secret, enum hold_encoding encoding);

/*
 * The parts of a request, in the order of hold.h. 0, or -ENOMEM. Those of a head are always taken; of a body nothing where too
 * much waits: -EAGAIN, and `room` follows.
 */
int hold_client_request(struct hold_client *client, const char *method) must_check;
int hold_client_field(struct hold_client *client, const char *name, size_t size, bool is_basic) must_check;
int hold_client_body(struct hold_client *client, enum hold_body kind, uint64_t length) must_check;
int hold_client_bytes(struct hold_client *client, const char *bytes, size_t size) must_check;
int hold_client_secret(struct hold_client *client, unsigned secret, enum hold_encoding encoding) must_check;
int hold_client_end(struct hold_client *client) must_check;

/* Nothing more is read, so that the holder and then the server wait; or again. */
void hold_client_pause(struct hold_client *client, bool is_paused);

#endif
