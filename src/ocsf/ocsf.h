/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the log's records say: a line of cordon-event/1 becomes one object of OCSF, one line of JSON. The tables in kinds.c and
 * rows.c say how; docs/ocsf.md says what each member means. It runs in the process that writes the record, without a privilege.
 */
#ifndef CORDON_OCSF_OCSF_H
#define CORDON_OCSF_OCSF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"
#include "ocsf/veil.h"

#define OCSF_VERSION       "1.9.0"
#define OCSF_EXTENSION     "cordon" /* the extension whose members begin with x_ */
#define OCSF_EXTENSION_UID "999"    /* OCSF's number for what is not registered */

#define OCSF_BODY_MAX    (63 * 1024) /* as much as the log takes */
#define OCSF_EVENT_MAX   ((size_t)2 << 20)
#define OCSF_PARENTS_MAX 16

enum ocsf_actor { OCSF_AGENT = 1, OCSF_HUMAN, OCSF_SYSTEM, OCSF_DELEGATED_HUMAN };
/* "agent", "human", "system", "delegated-human"; NULL for what is none. */
const char *ocsf_actor_name(enum ocsf_actor actor);
/* 0 for what is none of them: no record says "unknown". */
enum ocsf_actor ocsf_actor_parse(const char *name);

/* A container around this one. */
struct ocsf_parent {
    const char *identity, *policy_digest;
};

/* What is the same in all records of one run, or of one daemon. Text that is NULL is not said. */
struct ocsf_context {
    enum ocsf_actor actor;
    /* the machine */
    const char *hostname, *machine; /* `machine`: a name that stays, as the host of a SPIFFE ID */
    const char *product;            /* which program writes: "cordon", "cordond", ... */
    /* the agent, and on whose behalf: `has_user` for all but OCSF_SYSTEM */
    const char *identity;  /* SPIFFE ID of the instance */
    const char *agent;     /* of its class: without the instance */
    const char *agent_name, *agent_version, *charter_digest, *model;
    bool has_user;
    unsigned uid;
    const char *user_name;
    const char *sponsor;         /* as the policy names it, where that is not the user */
    bool has_login_uid;          /* its own, by which the kernel's audit has all that it does */
    unsigned login_uid;
    const char *const *proof;    /* what of this the kernel says: "loginuid", "cgroup", ... NULL-terminated */
    const char *service;         /* whose service wrote or runs it: "none", "user", "system" */
    const char *const *unproved; /* what is therefore not proved; NULL-terminated */
    struct ocsf_parent parents[OCSF_PARENTS_MAX]; /* the outermost first */
    size_t parent_count;
    const char *delegation, *delegation_issuer, *delegation_parent; /* a token's */
    uint64_t delegation_expires_ms;
    /* what contains it */
    const char *run, *tier, *mechanism, *policy, *policy_digest, *cgroup;
    /* in what it is a part */
    const char *traceparent, *session;
    /* What of arguments and paths may be read: NULL = all of it. Outlives the renderer. */
    struct veil *veil;
};

struct ocsf;

/* ERROR_INVALID: a context that does not say who it was (actor 0, an agent without identity, no user where there must be one). */
int ocsf_new(const struct ocsf_context *context, struct ocsf **ret_ocsf, struct error *err) must_check;
void ocsf_free(struct ocsf *ocsf);
void ocsf_free_at(struct ocsf **ocsf);
#define auto_ocsf cleanup_with(ocsf_free_at)

/*
 * Render one record of cordon-event/1 (with or without its newline). *ret_body is the renderer's until its next call, has no
 * newline and at most OCSF_BODY_MAX bytes: texts that do not fit are cut, and x_is_cut says so. A type that the table does not
 * have becomes a base event with all of the record in `unmapped`. ERROR_INVALID: it is no such record.
 */
int ocsf_render(struct ocsf *ocsf, const char *event, size_t size, const char **ret_body, size_t *ret_size, struct error *err) must_check;

/* Does the table have this type of record? What the table has, one by one: NULL behind the last. */
bool ocsf_knows(const char *type);
const char *ocsf_type_at(size_t number);

/* "File System Activity", and "Read" of it: what a class and an activity are called. NULL where the table has no such. */
const char *ocsf_class_name(unsigned class_uid);
const char *ocsf_activity_name(unsigned class_uid, unsigned activity_id);

#endif
