/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in which there is one of everything. */
#ifndef CORDON_TESTS_NET_SAMPLE_H
#define CORDON_TESTS_NET_SAMPLE_H

#include "net/rules.h"

/*
 * Two layers; in the second, allow[0] names destinations, allow[1] is narrowed to requests over HTTP, two programs and the
 * budget of its own, and deny[0] to MCP. A port leads inward, another outward.
 */
struct net_rules *sample_rules(struct arena *arena);

#endif
