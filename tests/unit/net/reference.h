/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The decision a second time: from docs/decisions/0111, without the tables and the code of src/net. Verdict and reason only;
 * `name` and `where` stay NULL.
 */
#ifndef CORDON_TESTS_NET_REFERENCE_H
#define CORDON_TESTS_NET_REFERENCE_H

#include "net/rules.h"

struct net_decision reference_decide(const struct net_rules *rules, const struct net_question *question);
bool reference_may_ask(const struct net_rules *rules, const char *name);

#endif
