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
    uint64_t next_ns;     /* when signing_step() has something to do; 0 = never */
};
#define SIGNING_INIT ((struct signing){.process = SIGNER_PROCESS_INIT})

struct cordon_container;

/*
 * Start one of its own for whoever cannot when the first question comes, and do not wait for it. What fails is met again then. The
 * container's name is known.
 */
void signing_prepare(struct cordon_container *container);

/* `answered` is called once, perhaps before this returns; not where it fails. */
int signing_ask(struct cordon_container *container, const struct signer_question *question, signer_answered *answered, void *context,
                struct error *err) must_check;

/* The connection that was fetched; -1 = there is none at the moment. */
void signing_take(struct signing *signing, int fd);

/* Readable when signing_step() has something to do; -1 = none. */
int signing_fd(const struct signing *signing);
void signing_step(struct cordon_container *container);

/* What still waits is answered: it has ended. */
void signing_close(struct signing *signing);

/* attest.c: how it is contained, as an attestation says it: JSON, added to `text`. */
int attest_facts(const struct cordon_container *container, struct text *text, struct error *err) must_check;

#endif
