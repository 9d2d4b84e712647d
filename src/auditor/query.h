/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked for. The same functions decide whether a record is read from the tiles or narrowed by the index. */
#ifndef CORDON_AUDITOR_QUERY_H
#define CORDON_AUDITOR_QUERY_H

#include "auditor/record.h"

#define QUERY_SESSION_SIZE 64

/* NULL and 0: any. */
struct query {
    const char *actor;  /* "agent", "human", ... as the log has it */
    const char *agent;  /* a SPIFFE ID and all within it, a class, or an instance (a run) */
    const char *user;   /* a uid, or a name */
    const char *user_id; /* the uid that has this name on this machine, in digits: then the log's word counts, and not the record's */
    const char *kind;   /* a type of record ("access.denied"), or its first half ("access") */
    const char *object; /* a path and all below it, a host, a name; with * ? [ as a pattern */
    const char *run;
    char session[QUERY_SESSION_SIZE]; /* what the launcher calls the container that the run is in, of `session_uid`'s: its records are the run's, too. "" = none */
    uint32_t session_uid;
    uint64_t since_us, until_us; /* until: before it */
};

bool query_matches(const struct query *query, const struct record *record);

/* One condition each. */
bool query_actor(const char *actor, const char *wanted);
bool query_agent(const char *identity, const char *wanted);
bool query_kind(const char *kind, const char *wanted);
bool query_object(const char *object, const char *wanted);

/* Has it signs that only a pattern has? */
bool query_is_pattern(const char *object);

#endif
