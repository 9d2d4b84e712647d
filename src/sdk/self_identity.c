/* SPDX-License-Identifier: Apache-2.0 */
/* A program that asks who it is, or for something signed: the parent's side. What it says is bounded here, and judged by the signer. */
#include <errno.h>
#include <string.h>

#include "sdk/container.h"

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

bool self_identity_is_whole(const struct self_identity_ask *ask)
{
    for (size_t i = 0; i < SELF_AUDIENCES; i++)
        if (!ends(ask->audiences[i], sizeof(ask->audiences[i])))
            return false;
    return ask->magic == SELF_IDENTITY_MAGIC && ask->audience_count <= SELF_AUDIENCES && ask->digest_size <= sizeof(ask->digest) &&
           ends(ask->what, sizeof(ask->what)) && ends(ask->context, sizeof(ask->context)) && ends(ask->nonce, sizeof(ask->nonce)) &&
           ends(ask->to, sizeof(ask->to)) && ends(ask->subject, sizeof(ask->subject));
}

static const char *or_none(const char *text)
{
    return text[0] ? text : NULL;
}

int self_identify(void *context, const struct self_identity_ask *ask, signer_answered *answered, void *answered_context, struct error *err)
{
    struct cordon_container *container = context;
    const char *audiences[SELF_AUDIENCES];
    const struct signer_question question = {
        .what = ask->what,
        .audiences = audiences,
        .audience_count = ask->audience_count,
        .subject_token = or_none(ask->subject),
        .to = or_none(ask->to),
        .nonce = or_none(ask->nonce),
        .context = or_none(ask->context),
        .seconds = ask->seconds,
        .digest = ask->digest,
        .digest_size = ask->digest_size,
    };

    for (size_t i = 0; i < SELF_AUDIENCES; i++)
        audiences[i] = ask->audiences[i];
    if (strcmp(ask->what, "name") == 0) { /* for which nobody has to be asked */
        answered(answered_context, 0, container->identity.text, strlen(container->identity.text), 0, NULL);
        return 0;
    }
    return signing_ask(container, &question, answered, answered_context, err);
}
