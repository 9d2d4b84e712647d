/* SPDX-License-Identifier: Apache-2.0 */
/* What both forms of explain share. */
#ifndef CORDON_POLICY_COMPILE_EXPLAIN_H
#define CORDON_POLICY_COMPILE_EXPLAIN_H

#include "base/json.h"
#include "policy/compile/explain_rows.h"
#include "policy/plan.h"

/* The value of variable `at` when it may be shown: what the policy itself sets, and of what is taken
 * from the caller only variables that are known to hold no key or token. NULL otherwise. */
const char *explain_value(const struct plan *plan, size_t at);

/* What each kind of network comes to. */
struct explain_network {
    const char *kind, *subject, *verdict;
    enum mechanism first, behind;
};
const struct explain_network *explain_network(const struct plan *plan);

/* The section of it; rows behind the first are those of plan->ways. */
size_t explain_network_count(const struct plan *plan);
struct explain_row explain_network_row(const struct plan *plan, size_t at);
void explain_network_subject(struct text *out, const struct plan *plan, size_t at, size_t column);

/* Members of the object of one of plan->ways, without its origin. */
void explain_network_way(struct json *json, const struct plan *plan, size_t index);

/* Secrets, and behind them authorities. */
size_t explain_secrets_count(const struct plan *plan);
struct explain_row explain_secrets_row(const struct plan *plan, size_t at);
void explain_secrets_subject(struct text *out, const struct plan *plan, size_t at, size_t column);
void explain_secret(struct json *json, const struct plan *plan, size_t index);
void explain_authority(struct json *json, const struct plan *plan, size_t index);

#endif
