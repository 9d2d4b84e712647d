/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision a second time: from docs/decisions/0111 and 0121, without the tables and the code of src/net. Verdict and
 * reason only; `name` and `where` stay NULL.
 */
#ifndef CORDON_TESTS_NET_REFERENCE_H
#define CORDON_TESTS_NET_REFERENCE_H

#include "net/request.h"
#include "net/rules.h"

struct net_decision reference_decide(const struct net_rules *rules, const struct net_question *question);
bool reference_may_ask(const struct net_rules *rules, const char *name);

/* The budgets of a decision that net_decide() has made. */
void reference_budgets(const struct net_rules *rules, const struct net_question *question, struct net_decision *decision);

/* ---- of which it is made ---- */

/* Of rules that say nothing of requests and programs. */
struct net_decision reference_plain(const struct net_rules *rules, const struct net_question *question);

/* One such rule by itself; `must_be_named`: and would not without the name. */
bool reference_grants(const struct net_rule *rule, const struct net_question *question, const char *name, bool must_be_named);

enum net_match reference_match(const struct net_requests *requests, const struct net_request *request, bool is_deny);

#endif
