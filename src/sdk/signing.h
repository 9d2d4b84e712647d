/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container asks to have signed: over the link of whoever keeps it, by a signer of its own that is started with the first question, or, for one
 * inside another, over a connection that whoever started the outermost one gets for it. It answers for this container alone, under the name that its record has.
 */
#ifndef CORDON_SDK_SIGNING_H
#define CORDON_SDK_SIGNING_H

#include "sdk/identity.h"
#include "signer/client.h"
#include "signer/link.h"

/* One file of the served directory (identity.files). */
struct served_file {
    struct cordon_container *container;
    struct text bytes; /* what it is to hold, until somebody can be told */
    uint64_t due_ns;   /* asked for again then; 0 = it is not wanted */
    bool is_asked;
};

struct signing {
    struct signer_link *given; /* the request's; NULL = none */
    struct signer_link *own;   /* moved here; NULL = none yet */
    struct signer_process process; /* behind it */
    /* Where it is not this process that can start one: have a connection sent (signing_take()). */
    void (*fetch)(void *context);
    void *fetch_context;
    struct signer_member member;
    struct error failure; /* of the last one that was started, */
    uint64_t again_ns;    /* and when another one may be */
    struct served_file files[PLAN_SERVED_COUNT];
    bool serves;          /* to a container that is there */
    uint64_t next_ns;     /* when signing_step() has something to do; 0 = never */
};
#define SIGNING_INIT ((struct signing){.process = SIGNER_PROCESS_INIT})

struct cordon_container;

/*
 * Start one of its own for whoever cannot when the first question comes, and do not wait for it. What fails is met again then. The
 * container's name is known.
 */
void signing_prepare(struct cordon_container *container);

/* The link that it asks over is there, and it is known by its name. */
int signing_open(struct cordon_container *container, struct error *err) must_check;

/* `answered` is called once, perhaps before this returns; not where it fails. */
int signing_ask(struct cordon_container *container, const struct signer_question *question, signer_answered *answered, void *context,
                struct error *err) must_check;

/* The connection that was fetched; -1 = there is none at the moment. */
void signing_take(struct signing *signing, int fd);

/* Readable when signing_step() has something to do; -1 = none. */
int signing_fd(const struct signing *signing);
void signing_step(struct cordon_container *container);

/*
 * served.c: what the plan wants in the served directory, as far as it comes in short time: in `files`, for tier_start.served. One that is late comes to
 * the container itself, as all do from served_begin() on.
 */
void served_prepare(struct cordon_container *container);
void served_begin(struct cordon_container *container, bool has_first); /* those of served_prepare() */
void served_step(struct cordon_container *container, uint64_t now_ns);
/* When served_step() has something to do; 0 = never. */
uint64_t served_next_ns(const struct signing *signing);
void served_finish(struct signing *signing);

/* What still waits is answered: it has ended. */
void signing_close(struct signing *signing);

/* attest.c: how it is contained, as an attestation says it: JSON, added to `text`. */
int attest_facts(const struct cordon_container *container, struct text *text, struct error *err) must_check;

#endif
