/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-RPC 2.0 and MCP: the body of a request, read strictly, judged call by call, and written anew. */
#ifndef CORDON_INSPECT_CALLS_H
#define CORDON_INSPECT_CALLS_H

#include <stdbool.h>
#include <stddef.h>

#include "inspect/buffer.h"
#include "inspect/request.h"

#define CALLS_NAME_MAX 128u

/* Which call it was that decided, for people: "tools/call search". */
struct calls_judged {
    char call[CALLS_NAME_MAX], tool[CALLS_NAME_MAX];
    bool is_several; /* a batch of more than one: that was the last */
};

/*
 * Each call of the body (one, or a batch of at least one) is asked about as `request` with it; the first that is refused
 * decides. All of a batch have to count for the same budgets. Where all are permitted, *out gets the body anew. *ret_judged: the last one asked about. -ENOMEM.
 */
int calls_judge(struct flow *flow, const struct net_request *request, const char *body, size_t size, struct buffer *out,
                struct calls_judged *ret_judged, struct verdict *ret_verdict) must_check;

/*
 * What new rules can be asked about a body that was permitted, pointing into it: its call. Of several nobody knows any more; then it
 * is a body that has not been read, and what only calls would permit is not permitted.
 */
struct net_request calls_kept(const struct calls_judged *judged) must_check;

/* Before files are gone. */
void calls_prepare(void);

#endif
