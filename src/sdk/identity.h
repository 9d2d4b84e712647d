/* SPDX-License-Identifier: Apache-2.0 */
/* Who a run is: found before anything of it starts, told in its first record. A run that nobody could be told from is refused. */
#ifndef CORDON_SDK_IDENTITY_H
#define CORDON_SDK_IDENTITY_H

#include "event/event.h"
#include "identity/name.h"
#include "sdk/assemble.h"

struct run_identity {
    struct identity_name name;
    char text[IDENTITY_TEXT_SIZE];
    bool is_own_id;      /* the machine has no id, and this user's state does */
    uint32_t uid;        /* the sponsor's, by the kernel */
    const char *user;    /* its name; NULL = it has none. The assembly's */
    enum service_of service;
};

/*
 * Of a container whose plan is compiled. `instance`: the run's id; `parent`: the name of the container around, NULL = there is none.
 * ERROR_SYSTEM with the remedy: this machine cannot be named.
 */
int run_identity_find(struct run_identity *identity, const struct assembly *assembly, const char *instance, const char *parent,
                      struct error *err) must_check;

/* As run.started has it; what *ret_identity points to is `identity`'s and the plan's. */
void run_identity_tell(const struct run_identity *identity, const struct plan *plan, const struct tier_ops *ops, struct tier_run *run,
                       struct event_identity *ret_identity);

#endif
