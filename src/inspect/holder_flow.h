/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to a server, and the stream to the inspector that goes with it (hold.h). */
#ifndef CORDON_INSPECT_HOLDER_FLOW_H
#define CORDON_INSPECT_HOLDER_FLOW_H

#include "base/error.h"
#include "inspect/holder_tls.h"
#include "inspect/values.h"
#include "worker/loop.h"

struct holder {
    struct loop *loop;
    const struct net_secrets *secrets;
    struct values values;
    SSL_CTX *tls;
    struct believed believed; /* of tls */
    unsigned flow_count, flow_max;
    struct holder_flow *flows;
};

/*
 * Takes both descriptors, and lives until either ends. `name`: canonical, whom the server has to prove to be. What cannot be
 * begun is told on the stream.
 */
void holder_flow_begin(struct holder *holder, int stream, int server, const char *name, unsigned port);

#endif
