/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the running inspector share. */
#ifndef CORDON_INSPECT_INSPECTOR_H
#define CORDON_INSPECT_INSPECTOR_H

#include <openssl/types.h>

#include "inspect/believed.h"
#include "inspect/buffer.h"
#include "inspect/placeholder.h"
#include "net/rules.h"
#include "net/secrets.h"
#include "worker/budget.h"
#include "worker/ends.h"
#include "worker/events.h"
#include "worker/loop.h"

#define INSPECTOR_FLOWS_MAX 4096u

struct authority;
struct sessions;
struct flow;

struct inspector {
    struct loop *loop;
    struct loop_watch gateway, starter;
    bool is_ready; /* what is made before files are gone has been made */
    struct buffer last_words; /* events that must not be lost, and found no room yet */
    struct loop_timer last_words_due;
    struct events events; /* to the gateway */
    struct arena *arena;  /* of the rules */
    struct net_rules *rules;
    struct arena *secrets_arena;
    struct net_secrets *secrets; /* without values; NULL = none */
    struct placeholders placeholders; /* of these */
    struct authority *authority; /* NULL: nothing is terminated */
    SSL_CTX *to_programs, *to_servers;
    struct believed believed;  /* of servers */
    struct sessions *sessions; /* with servers */
    struct budgets budgets;
    struct ends ends; /* of the rules */
    int holder; /* -1 = none */
    struct flow *flows;
    unsigned flow_count;
    size_t whole; /* bytes: whole.h */
};

#endif
