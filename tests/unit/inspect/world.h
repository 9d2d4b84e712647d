/* SPDX-License-Identifier: Apache-2.0 */
/* The inspector with a gateway, programs and servers that are the test itself. */
#ifndef CORDON_TESTS_INSPECT_WORLD_H
#define CORDON_TESTS_INSPECT_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "net/rules.h"
#include "net/secrets.h"
#include "worker/wire.h"

struct world {
    pid_t pid, holder_pid;
    int starter, gateway, holder; /* this test's ends; holder: -1 = there is none */
    char *authority;      /* PEM, NULL = none was made */
};

/* What the rules of a test are made of. */
struct world_rules {
    const struct net_requests *requests;
    bool terminates;
    const char *host; /* NULL = api.test */
    const struct net_budget *budget;   /* of the rule; NULL = none */
    const struct net_requests *other;  /* of a rule without a budget that stands before it; NULL = none */
    const struct net_secrets *secrets; /* with values: a holder is started as well */
};

/* Ready, or the test fails. `trust` may be NULL. */
void world_begin(struct world *world, const struct world_rules *rules, const char *trust);
void world_set_rules(struct world *world, const struct world_rules *rules);
/* They are refused, and the former ones hold. *ret_why: the inspector's own words. */
void world_try_rules(struct world *world, const struct world_rules *rules, struct worker_message *ret_why);
void world_end(struct world *world);

/* One connection: the test's ends of both sockets. */
struct link {
    int program, server;
    uint64_t number;
};

/* To api.test, port 80 or 443. */
struct link world_link(struct world *world, bool is_tls);
void link_close(struct link *link);

void link_send(int fd, const char *text);
void link_send_n(int fd, const void *bytes, size_t size);
/* Until `end` was read (kept in `ret`, NUL-terminated), or the test fails. */
void link_read_until(int fd, const char *end, char *ret, size_t size);
/* All until the end of the connection; a reset counts as one. */
void link_read_all(int fd, char *ret, size_t size);
/* Nothing comes for a moment. */
bool link_is_silent(int fd);

/* The next event of this kind; others are skipped. */
struct worker_message world_event(struct world *world, enum worker_event_kind kind);

#endif
