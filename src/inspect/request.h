/* SPDX-License-Identifier: Apache-2.0 */
/* One request as it was understood, whatever protocol brought it, and what the rules say of it. */
#ifndef CORDON_INSPECT_REQUEST_H
#define CORDON_INSPECT_REQUEST_H

#include "inspect/flow.h"
#include "inspect/head.h"
#include "net/request.h"

struct request {
    char method[NET_METHOD_SIZE];
    char other_method[NET_METHOD_SIZE]; /* that its fields name for servers to take instead; "" = none */
    char path[NET_PATH_SIZE]; /* without query, canonical or */
    bool is_canonical;        /* as it was sent: servers read it differently, only rules that name no path permit it */
    struct span query;        /* with its '?'; empty = none; points into what was read */
    char authority[NET_NAME_SIZE + 8];
    bool is_upgrade;
};

/* What was made of it. */
struct verdict {
    enum net_verdict verdict; /* PERMIT, REFUSE, ASK_CALL */
    enum net_reason reason;
    unsigned status;   /* of the answer where it is refused */
    const char *code;  /* as well */
    const char *what;  /* what is wrong, for people; NULL = the reason says all */
    const char *secret; /* with NET_PLACEHOLDER: its name */
    char where[256];   /* of the rule */
    struct budget_use budgets;
};

/*
 * From method, target and host to a request in one spelling. false: *ret_verdict says why not. `scheme`: of an absolute
 * target or :scheme.
 */
bool request_read(struct flow *flow, struct span method, struct span target, struct span host, struct request *ret_request,
                  struct verdict *ret_verdict);

/* May it be sent? NET_ASK_CALL: ask again with its body. */
void request_judge(struct flow *flow, const struct net_request *request, struct verdict *ret_verdict);

/*
 * A field by which servers take another method for the request's (that one has to be permitted as well), or another path: then
 * it has several readings. `_method` in queries and forms is the application's own, and nothing of HTTP. false: *ret_verdict
 * says why not.
 */
bool request_read_field(struct request *request, const struct field *field, struct verdict *ret_verdict);

/* The same request by that other method ("" = none): where it is not permitted, *verdict is made a refusal. */
void request_judge_method(const struct flow *flow, const struct net_request *asked, const char *other, struct verdict *verdict);

/* The connection itself, by the rules that hold now. */
struct net_decision request_judge_flow(const struct flow *flow);

#endif
