/* SPDX-License-Identifier: Apache-2.0 */
/* What a person is asked while the program waits: a queue, of which the first is the question that stands. */
#ifndef CORDON_SDK_ASKS_H
#define CORDON_SDK_ASKS_H

#include "author/askable.h"
#include "base/digest.h"
#include "cordon/cordon.h"
#include "sdk/assemble.h"
#include "tier/tier.h"
#include "worker/wire.h"

#define ASKS_QUEUE_MAX     64 /* calls that wait */
#define ASKS_QUESTIONS_MAX 64 /* of one run; what comes after is refused */
#define ASKS_DENIALS_MAX   2  /* so often a question is denied, and it is not asked again */
#define ASKS_TIMEOUT_MAX_MS (60u * 60 * 1000)
#define ASKS_FOR_MAX_MS    ((uint64_t)366 * 24 * 60 * 60 * 1000)

/* One call that waits. */
struct ask {
    struct arena *arena;       /* holds what follows, and this */
    struct tier_access access; /* as it was told, with its number in `ask`; of a connection only the process */
    uint64_t connection;       /* that the gateway holds (asks_connect.c); 0 = it is about a file */
    const char *host;          /* of the connection: the name, NULL = the address alone is known */
    struct net_address address; /* family 0 = the name has not been resolved */
    const char *address_text;   /* NULL likewise */
    unsigned port;
    uint64_t layers;           /* that are to grant it */
    int object;                /* O_PATH of the file, -1 = none */
    int flags;                 /* how it would be opened */
    enum operation operation;  /* READ, WRITE, CONNECT */
    const char *path;          /* of the host, without links; of a connection "host:port" */
    bool is_own;               /* Cordon's own, or decides about this run */
    struct askable rule;
    char digest[DIGEST_TEXT_SIZE]; /* of all that the question shows */
    const char *text;
    uint64_t until_ns;
    uint64_t for_ms; /* it is allowed for so long; 0 = as long as it lives */
};

struct asks {
    uint64_t timeout_ms; /* 0 = nobody is asked */
    struct ask *queue[ASKS_QUEUE_MAX];
    size_t count;
    bool is_standing; /* the first has been recorded as asked */
    uint64_t number;  /* of the last question */
    struct {
        char digest[DIGEST_TEXT_SIZE];
        unsigned denials;
        bool is_connection;
        bool is_allowed;
        uint64_t ends_ns; /* CLOCK_BOOTTIME: until then; 0 = as long as the run */
        uint64_t number, until_ms; /* of the question, and the same by the wall's clock: for the record */
    } before[ASKS_QUESTIONS_MAX];
    size_t before_count;
};

struct cordon_container;

/*
 * A call waits (tier_access.ask). 1: it goes on waiting, or has been allowed; 0: it has been refused, and is to be recorded as that;
 * negative: the record cannot be written.
 */
int asks_take(struct cordon_container *container, const struct tier_access *access, struct error *err) must_check;

/*
 * The gateway holds a connection, or (WORKER_UNHELD) nobody waits for it any more; NULL: the gateway is gone, and all that it held.
 * Negative: the record cannot be written.
 */
int asks_held(struct cordon_container *container, const struct worker_message *message, struct error *err) must_check;

/* Other rules hold: what was allowed for the run under the former ones is a question again. */
void asks_network_changed(struct asks *asks);

/* Nobody waits for it any more (tier_watcher.unasked). */
int asks_forget(struct cordon_container *container, uint64_t ask, struct error *err) must_check;

/* End what has waited too long, and let the next question stand. */
int asks_step(struct cordon_container *container, uint64_t now_ns, struct error *err) must_check;

/* When asks_step() has something to do; 0 = never. */
uint64_t asks_next_ns(const struct asks *asks);

/* Everything in the container is gone. */
int asks_end(struct cordon_container *container, struct error *err) must_check;

void asks_close(struct asks *asks);

/* ask_look.c: the file that the call is about, and the digest of it; *ret_ask NULL: no file that can be asked about. */
int asks_find(const struct cordon_container *container, const struct tier_access *access, struct ask **ret_ask, struct error *err) must_check;

/* May somebody be asked? 1 = yes, in the words of `text`; 0 = no. Costs about a millisecond. */
int asks_judge(const struct cordon_container *container, struct ask *ask, struct error *err) must_check;

/* Can it be opened, as it was found? Who could not open it without Cordon either is not helped by an answer. */
int asks_try(const struct cordon_container *container, const struct ask *ask, struct error *err) must_check;

/* asks_connect.c: the same two of a connection. Are there such at all? Where a gateway stands before the network, and no proxy beyond it. */
bool asks_connections(const struct asks *asks, const struct assembly *assembly);
int asks_find_connection(const struct cordon_container *container, const struct worker_message *message, struct ask **ret_ask, struct error *err) must_check;
int asks_judge_connection(const struct cordon_container *container, struct ask *ask, struct error *err) must_check;

/* Of what a program chose so much is shown that all of a question stands on a small screen. */
void asks_add_name(struct text *out, const char *name);
/* Of the operation, `kind` (what else tells two objects of one name apart), the object's name and the program. */
int asks_settle_digest(struct ask *ask, const char *kind, struct error *err) must_check;
int asks_settle_text(struct ask *ask, const struct text *text, struct error *err) must_check;

/* A document's name, wherever the caller's process is by now. NULL for NULL, or without memory. */
const char *asks_file(const struct assembly *assembly, struct arena *arena, const char *file);

void ask_free(struct ask *ask);
void ask_free_at(struct ask **ask);
#define auto_ask cleanup_with(ask_free_at)

#endif
