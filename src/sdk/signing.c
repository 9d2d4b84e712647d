/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/signing.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "sdk/container.h"
#include "sdk/helpers.h"

/* One of its own, with the authority of this user, for this container and nobody else. */
static int start_own(struct cordon_container *container, struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    struct signing *signing = &container->signing;
    struct arena *arena = assembly->policy->arena;
    struct identity_name host = container->identity.name;
    char text[IDENTITY_TEXT_SIZE];
    const char *program = NULL, *directory = arena_printf(arena, "%s/identity", assembly->places.state);
    int status = directory ? helpers_find_signer(arena, &assembly->places, &program, err) : error_memory(err);

    while (host.kind != IDENTITY_HOST)
        if (!identity_around(&host, &host))
            return error_set(err, ERROR_INTERNAL, EINVAL, "a container without a machine");
    identity_print(&host, text);
    return status < 0 ? status : signer_start(program, directory, text, container->identity.text, &signing->process, &signing->fd, err);
}

void signing_prepare(struct cordon_container *container)
{
    if (container->signing.given < 0)
        (void)!start_own(container, &container->signing.failure);
}

/* It and, at a keeper's connection, those around it, the outermost first: a name within one that the signer does not know is none. */
static int open_names(struct cordon_container *container, struct error *err)
{
    const struct identity_name *name = &container->identity.name;
    struct identity_name outer = *name;
    auto_text struct text facts = {0};
    int status = 0;

    for (outer.depth = 1; container->signing.given >= 0 && outer.depth < name->depth && status == 0; outer.depth++) {
        char text[IDENTITY_TEXT_SIZE];

        identity_print(&outer, text);
        status = signer_open(container->signing.fd, text, NULL, NULL, err);
    }
    if (status == 0)
        status = attest_facts(container, &facts, err);
    return status < 0 ? status : signer_open(container->signing.fd, container->identity.text, facts.data, NULL, err);
}

static int open_once(struct cordon_container *container, struct error *err)
{
    struct signing *signing = &container->signing;
    int status = 0;

    if (signing->failure.kind) {
        if (err)
            *err = signing->failure;
        return signing->failure.errnum ? -signing->failure.errnum : -EIO;
    }
    if (signing->given >= 0)
        signing->fd = signing->given;
    else if (signing->fd < 0)
        status = start_own(container, &signing->failure);
    if (status == 0 && signing->given < 0)
        status = signer_await(&signing->process, &signing->failure);
    if (status == 0)
        status = open_names(container, &signing->failure);
    if (status < 0) {
        error_prepend(&signing->failure, "nothing can be signed for this container");
        return open_once(container, err);
    }
    signing->is_open = true;
    return 0;
}

int signing_ask(struct cordon_container *container, const struct signer_question *question, struct text *text, uint64_t *ret_until,
                struct error *err)
{
    bool was_open = container->signing.is_open;
    int status = was_open ? 0 : open_once(container, err);

    /* what holds for its network may have changed */
    if (status == 0 && was_open && strcmp(question->what, "attestation") == 0)
        status = open_names(container, err);
    return status < 0 ? status : signer_ask(container->signing.fd, container->identity.text, question, text, ret_until, err);
}

void signing_close(struct signing *signing, const struct run_identity *identity)
{
    if (signing->is_open && signing->given >= 0)
        (void)!signer_close_name(signing->fd, identity->text, NULL);
    if (signing->fd >= 0 && signing->given < 0)
        fd_close_at(&signing->fd);
    signer_end(&signing->process);
    *signing = SIGNING_INIT;
}
