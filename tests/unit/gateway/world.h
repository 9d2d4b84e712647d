/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for the gateway: a namespace that plays the host and all that is beyond it (its lo has the addresses
 * below), another, owned by a user namespace within, that plays the container, and cordon-gateway between them. Works as
 * root and as an ordinary user; without user namespaces the test is skipped.
 */
#ifndef CORDON_TESTS_GATEWAY_WORLD_H
#define CORDON_TESTS_GATEWAY_WORLD_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "worker/wire.h"
#include "net/rules.h"

#define WORLD_SERVER4 "93.184.216.34"
#define WORLD_OTHER4  "93.184.216.40"
#define WORLD_SERVER6 "2606:2800:220:1::34"

struct world {
    int channel;   /* to the gateway */
    int inspector; /* the inspector's end of the way to the gateway; -1 = there is none */
    int user, net; /* the container's namespaces */
    pid_t gateway, container;
};

/* The calling process becomes the host. Then the container's namespaces are made; no gateway yet. */
void world_begin(struct world *world);

/* Start cordon-gateway with these rules and attach it. WORKER_READY is true, WORKER_ERROR false (*ret_error: it). */
bool world_attach(struct world *world, const struct net_rules *rules, struct worker_message *ret_error);
/* The same, and this process plays the inspector. */
bool world_attach_inspected(struct world *world, const struct net_rules *rules, struct worker_message *ret_error);
/* What the gateway tells the inspector next; -1 where there is no descriptor. */
struct worker_message world_inspector_receive(struct world *world, int ret_fds[2]);
void world_inspector_say(struct world *world, const struct worker_message *message);
void world_send_rules(struct world *world, const struct net_rules *rules);
/* Have a second gateway make routes and filter for these rules; its answer. Then the first can get them as captured. */
struct worker_message world_capture(struct world *world, const struct net_rules *rules);
void world_send_captured(struct world *world, const struct net_rules *rules);

/* The next message of the gateway that is not of another kind; fails the test when none comes within 10 s. */
struct worker_message world_expect(struct world *world, enum worker_event_kind kind);
struct worker_message world_receive(struct world *world);
/* The next that is no event: what is said to rules. */
struct worker_message world_await_answer(struct world *world);

/* Run it in the container, in a process of its own. Returns what it returns, 0..99. */
int world_inside(struct world *world, int (*run)(void *data), void *data);

void world_kill_gateway(struct world *world);
/* The gateway and the container end. */
void world_end(struct world *world);

/* ---- sockets; in the calling process's namespace ---- */

socklen_t world_address(const char *text, unsigned port, struct sockaddr_storage *to);
int world_listen(int type, const char *address, unsigned port);
/* Mark the sockets that this process connects from now on, as the keeper does for a program. */
void world_set_mark(uint32_t mark);
/* A connected socket, or -errno. */
int world_connect(int type, const char *address, unsigned port);
/* Echo whatever comes to these listeners, until the test ends. */
void world_echo(const int *listeners, size_t count);

#endif
