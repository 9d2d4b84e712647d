/* SPDX-License-Identifier: Apache-2.0 */
/* Records that the core writes: its own, and those of parts that tell it what they did. Each of these is a writer of the log, with little memory of its own. */
#ifndef CORDON_DAEMON_OWN_H
#define CORDON_DAEMON_OWN_H

#include "base/json.h"
#include "base/text.h"
#include "daemon/daemon.h"

enum own_writer { OWN_CORDOND, OWN_LAUNCHER, OWN_SIGNER, OWN_COUNT_ };

struct own_record {
    struct text text;
    struct json json; /* members are added between the two calls */
    enum own_writer as;
    bool has_user;
    uint32_t uid;    /* of whom it is about */
    const char *run; /* which run; NULL = none */
};

/* `time_ns`: since 1970. */
void own_record_begin(struct core *core, struct own_record *ret_record, enum own_writer as, const char *type, uint64_t time_ns);
/* It is the log's from here on, or counted where there is no room. */
void own_record_end(struct core *core, struct own_record *record);

#endif
