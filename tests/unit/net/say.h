/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules, questions and decisions as lines of text, so that a table of them can be read.
 *
 *   rules:     layers behind each other with " | ", in each "open", "limit" (only denies), "allow ..." and "deny ..." with "; " between them;
 *              an allow or deny has peers "to=NAME", "to=BLOCK!EXCEPT!EXCEPT", "to=NAME@BLOCK" and ports "tcp", "any:80-90";
 *              "tls" (opens it), "by=PROGRAM", "budget=NUMBER", "until=MS"; requests "http" (all), "method=A,B", "path=A,B", "ws", "mcp",
 *              "call=A,B", "tool=A,B"
 *   question:  "tcp ADDRESS PORT", then "own", "for=NAME,NAME", and "says=NAME", "says=-" (a raw protocol), "says=?" (no name);
 *              "tls", "by=PROGRAM"; behind them "asks=METHOD:PATH" (no path: several readings), and behind that "+ws", and of
 *              the body "+empty", "+other", "+answer", "+call=NAME+tool=NAME"
 *   decision:  "permit", "ask", "requests", "body", or the reason of a refusal; behind it "tls" where that is to be opened, the
 *              name if there is one, and the budgets: "requests tls b.test #2"
 */
#ifndef CORDON_TESTS_NET_SAY_H
#define CORDON_TESTS_NET_SAY_H

#include "net/rules.h"

/* A rule's `where` is its own text, a layer's is "layer 1", ... Ends the test where the text is wrong. */
struct net_rules *say_rules(struct arena *arena, const char *text);
struct net_question *say_question(struct arena *arena, const char *text);

/* Into 300 bytes. */
const char *say_decision(const struct net_decision *decision, char text[300]);

struct net_block say_block(const char *text);
struct net_address say_address(const char *text);

#endif
