/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container asks to have signed: by the signer that was given, or one of its own that is started with the first question. It
 * answers for this container alone, under the name that its record has.
 */
#ifndef CORDON_SDK_SIGNING_H
#define CORDON_SDK_SIGNING_H

#include "sdk/identity.h"
#include "signer/client.h"

struct signing {
    int given; /* a connection to a signer, the request's; -1 = none */
    struct signer_process process;
    int fd; /* of the one that is used; -1 = not yet */
    bool is_open;
    struct error failure; /* it was tried, and is not tried again */
};
#define SIGNING_INIT ((struct signing){.given = -1, .process = SIGNER_PROCESS_INIT, .fd = -1})

struct cordon_container;

/*
 * Start one of its own for whoever cannot when the first question comes, and do not wait for it. What fails is met again then. The
 * container's name is known.
 */
void signing_prepare(struct cordon_container *container);

/* Waits for the answer, which is added to `text`. */
int signing_ask(struct cordon_container *container, const struct signer_question *question, struct text *text, uint64_t *ret_until,
                struct error *err) must_check;

void signing_close(struct signing *signing, const struct run_identity *identity);

/* attest.c: how it is contained, as an attestation says it: JSON, added to `text`. */
int attest_facts(const struct cordon_container *container, struct text *text, struct error *err) must_check;

#endif
