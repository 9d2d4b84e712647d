/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a connection, to the gateway. Of CLOSED, FAILED and DENIED only the first is told, and nothing after it. */
#ifndef CORDON_INSPECT_TELL_H
#define CORDON_INSPECT_TELL_H

#include "inspect/calls.h"
#include "inspect/flow.h"

/* What a request is called in an event; `path` is NULL where it has none that is understood. */
struct tell_request {
    const char *method, *path;
    const struct calls_judged *judged; /* the call of its body that decided; NULL = none was looked at */
    uint64_t began_ns;
};

/* From here on what is told waits for room, a second at most: the end, where the gateway listens to nothing else. */
void tell_wait(struct inspector *inspector);

void tell_connected(struct flow *flow);
void tell_denied(struct flow *flow, enum net_reason reason, const char *where);
void tell_failed(struct flow *flow, int errnum, const char *why);
/* Of a connection that was given, and for which there is no memory. */
void tell_untaken(struct inspector *inspector, const struct worker_message *given, int errnum);
void tell_closed(struct flow *flow);
/* `status`: of the answer, 0 = none came. */
void tell_request(struct flow *flow, const struct tell_request *request, unsigned status, const char *where);
void tell_request_denied(struct flow *flow, const struct tell_request *request, enum net_reason reason, const char *where);
void tell_secret_denied(struct flow *flow, const struct tell_request *request, const char *secret, const char *where);
/* `budget` (from 1) is used up; once for each kind. */
void tell_budget(struct inspector *inspector, uint16_t budget, enum budget_kind kind);

#endif
