/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper tells of a container beside what any caller of the library can know. */
#ifndef CORDON_SDK_KEEPING_H
#define CORDON_SDK_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "cordon/cordon.h"

/* What the filter of a client's terminal has to know of the policy. */
bool container_may_write_clipboard(const struct cordon_container *container);

#define CONTAINER_IDENTITY_SIZE 1024

/* Of a container that is kept, when what ran in it has ended without having been asked to. */
enum restart_kind { RESTART_NO = 0, RESTART_ON_FAILURE, RESTART_ALWAYS, RESTART_UNLESS_STOPPED };
struct restart {
    enum restart_kind kind;
    unsigned times_max; /* of on-failure; 0 = as often as it takes */
};
/* "no", "on-failure", "on-failure:3", "always", "unless-stopped" */
int restart_parse(const char *text, struct restart *ret_restart, struct error *err) must_check;

struct container_facts {
    const char *tier;                      /* static */
    char identity[CONTAINER_IDENTITY_SIZE]; /* "" = it has none */
    uint64_t denials;                      /* so far */
};
void container_tell_facts(const struct cordon_container *container, struct container_facts *ret_facts);

/* Who hears the records of the containers that are started for this request (event/event.h); outlives them. */
struct event_recorder;
void request_set_recorder(struct cordon_request *request, const struct event_recorder *recorder);

/* Who signs what they ask for; outlives them, and is heard by the keeper (signer/link.h). NULL = each has its own. */
struct signer_link;
void request_set_signer(struct cordon_request *request, struct signer_link *link);

#endif
