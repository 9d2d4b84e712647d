/* SPDX-License-Identifier: Apache-2.0 */
/* Client, holder and a server over TLS: all of a flow, in one loop and one process but for the server. */
#ifndef CORDON_TESTS_INSPECT_HOLD_SCENE_H
#define CORDON_TESTS_INSPECT_HOLD_SCENE_H

#include "hold_server.h"
#include "inspect/hold_client.h"
#include "inspect/holder_flow.h"
#include "test.h"

/* Of the first of two secrets, which is for api.example.com and other.example.com; the second is for elsewhere.example.com. */
#define VALUE "ghp_0123456789abcdef/+&"

/* What came of it, as one text. */
struct scene {
    struct loop *loop;
    struct holder holder;
    struct loop_watch handed; /* what the client hands to the holder */
    struct loop_timer limit, settling;
    struct hold_client *client;
    struct server server;
    char told[1 << 16];
    size_t size;
    uint64_t body; /* bytes of it that came */
    void (*act)(struct scene *scene);
    unsigned ends, room, wanted_ends;
    bool is_opened, is_over;
    bool is_early; /* asks before there is a connection */
};

/* PEM that the holder believes behind that of the server; "" = none. */
extern const char *scene_more_trust;

/* To its end: `act` when it is connected, for each further request, and where there is room again. The server is to be stopped. */
void scene_play_at(struct scene *scene, const struct script *script, const char *name, void (*act)(struct scene *scene));
void scene_play(struct scene *scene, const struct script *script, void (*act)(struct scene *scene)); /* api.example.com */

#define OK(call) check_int(call, 0)

/* GET /v1 with the first secret. */
void scene_get(struct scene *scene);

#endif
