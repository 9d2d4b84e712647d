/* SPDX-License-Identifier: Apache-2.0 */
/* What a keeper tells of a container beside what any caller of the library can know. */
#ifndef CORDON_SDK_KEEPING_H
#define CORDON_SDK_KEEPING_H

#include <stdbool.h>
#include <stdint.h>

#include "cordon/cordon.h"

/* What the filter of a client's terminal has to know of the policy. */
bool container_may_write_clipboard(const struct cordon_container *container);

#define CONTAINER_IDENTITY_SIZE 1024

struct container_facts {
    const char *tier;                      /* static */
    char identity[CONTAINER_IDENTITY_SIZE]; /* "" = it has none */
    uint64_t denials;                      /* so far */
};
void container_tell_facts(const struct cordon_container *container, struct container_facts *ret_facts);

/* Who hears the records of the containers that are started for this request (event/event.h); outlives them. */
struct event_recorder;
void request_set_recorder(struct cordon_request *request, const struct event_recorder *recorder);

#endif
