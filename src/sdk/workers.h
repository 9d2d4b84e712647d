/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The workers of a container (worker/wire.h): cordon-gateway, and where rules are about requests cordon-inspector, and where
 * there are secrets cordon-holder. Begin them, attach them to a container, hear what they decide, end them.
 */
#ifndef CORDON_SDK_WORKERS_H
#define CORDON_SDK_WORKERS_H

#include "event/event.h"
#include "net/rules.h"
#include "sdk/worker.h"

#define WORKERS_MAX 3

struct workers {
    struct worker gateway, inspector, holder;
    const struct net_rules *rules; /* the caller's, until others hold */
    int network;     /* the container's network namespace, -1 = not yet */
    pid_t first;     /* process 1 of the container, outside: by whose /proc a process is named; 0 = not yet */
    char *authority; /* PEM of the container's own, from the inspector; NULL = none */
    size_t authority_size;
    struct told_exe *exes; /* what open connections' processes executed when they were first told of (told.c); NULL = none yet */
    const char *where; /* who decides where there are no rules; NULL = not known */
    bool (*executed)(void *context, unsigned pid, char *ret_path, size_t size); /* as of a tier; NULL = nobody knows */
    void *executed_context;
    bool is_asked; /* somebody is asked about connections that no rule grants: */
    bool is_logged; /* what rules grant waits until it is recorded */
    int (*held)(void *context, const struct worker_message *message, struct error *err); /* HELD, UNHELD; NULL = the gateway is gone */
    void *held_context;
    bool ends_run; /* a budget that ends the run is used up: this one */
    struct worker_message over;
    uint64_t denied;       /* records of what was denied, and */
    char denied_text[128]; /* the last of them in short, safe on a terminal */
};
#define WORKERS_INIT                                                                                \
    ((struct workers){.network = -1, .gateway = WORKER_INIT("the gateway"), .inspector = WORKER_INIT("the inspector"), \
                      .holder = WORKER_INIT("the holder of secrets")})

struct workers_start {
    const char *gateway, *inspector, *holder; /* programs; NULL = not needed. A holder needs an inspector */
    const struct net_rules *rules;
    int trust;        /* sealed PEM: whom they believe; -1 without an inspector */
    unsigned trust_own; /* so many of these, the first, are the policy's */
    int placeholders; /* sealed record of secrets without values, -1 = none */
    int values;       /* the same with them: the holder's alone */
};

/* Has any rule something to be judged by requests? Then there must be an inspector. */
bool workers_need_inspector(const struct net_rules *rules);

/* Execute the gateway already, if that can be done; workers_begin() does it otherwise. */
void workers_prepare(struct workers *workers, const char *gateway);

/* Execute them and hand out what they need; they prepare themselves while the container is being built. */
int workers_begin(struct workers *workers, const struct workers_start *start, struct error *err) must_check;

/*
 * Wait for the one that knows the container's authority, which is needed before the file tree is. -ETIMEDOUT after
 * `deadline_ns` (monotonic, 0 = ten seconds from now), -ECANCELED when `cancel_fd` (-1 = none) becomes readable.
 */
int workers_await(struct workers *workers, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

/* Have the gateway enter `network` and wait until it and all others are ready; in the same way. */
int workers_attach(struct workers *workers, int network, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

/* 1 when these are the rules that they have (NULL = there are none, and no gateway), 0 when they are others. */
int workers_have_rules(const struct workers *workers, const struct net_rules *rules, struct error *err) must_check;

/*
 * These rules from now on: new decisions at once, what is connected and denied by them is closed. `program` is the gateway's: where
 * they need more than is captured, another one makes that, and ends. On failure the former ones hold. -ECONNRESET: there is
 * no network any more.
 */
int workers_set_rules(struct workers *workers, const char *program, const struct net_rules *rules, struct event_log *log,
                      struct error *err) must_check;

/* What somebody said about a connection that the gateway holds; `layers` are to grant it. Who is gone needs none. */
void workers_answer(const struct workers *workers, uint64_t connection, bool is_allowed, uint64_t layers, uint64_t for_ms);

/* Record what they have said so far. Never blocks. When one is gone all are ended, and that is recorded, once. */
int workers_step(struct workers *workers, struct event_log *log, struct error *err) must_check;

/* Descriptors that are readable when workers_step() has something to do. How many. */
size_t workers_watched(const struct workers *workers, int fds[WORKERS_MAX]);

/* The container has ended: have them say the rest, and end them. */
int workers_end(struct workers *workers, struct event_log *log, struct error *err) must_check;

/* At once, without a word. */
void workers_kill(struct workers *workers);

#endif
