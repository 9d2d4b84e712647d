/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of the network for tests of the resolver, in one line each. */
#ifndef CORDON_TESTS_DNS_RULES_H
#define CORDON_TESTS_DNS_RULES_H

#include "net/rules.h"

/*
 * Lines of "open" (the default of the only layer), "allow WHOM [PORTS]" and "deny WHOM [PORTS]", where WHOM is HOST, BLOCK
 * or HOST@BLOCK and PORTS is tcp:22, udp:53, any:1-1024. `where` of a rule is "line N". Valid until the test ends.
 */
const struct net_rules *rules_of(const char *text);

struct net_address address_of(const char *text);

#endif
