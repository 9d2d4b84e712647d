/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/recording.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "ocsf/ocsf.h"

#define NAME_SIZE 1024 /* of a SPIFFE ID, and of what is part of one */

struct recording {
    struct ocsf *ocsf;
    struct ocsf *persons; /* NULL = nothing of a person's is among its records */
    struct veil *veil; /* what the policy has covered; NULL = nothing */
    char actor[32], identity[NAME_SIZE];
};

/* spiffe://.../agent/builder of spiffe://.../agent/builder/01m...[/sub/...]. */
static void agent_of(const char *identity, char ret_agent[NAME_SIZE])
{
    const char *at = strstr(identity, "/agent/");
    const char *end = at ? strchr(at + 7, '/') : NULL;

    snprintf(ret_agent, NAME_SIZE, "%.*s", end ? (int)(end - identity) : (int)strlen(identity), identity);
}

/* local.1 of spiffe://.../host/local.1/user/... */
static void host_of(const char *identity, char ret_host[NAME_SIZE])
{
    const char *at = strstr(identity, "/host/");
    size_t length = at ? strcspn(at + 6, "/") : 0;

    snprintf(ret_host, NAME_SIZE, "%.*s", (int)length, at ? at + 6 : "");
}

/* What the policy has covered stands in no log in clear. */
static int cover(struct recording *recording, const struct event_started *started, const char *keys, struct error *err)
{
    char subject[32];
    struct veil_options options = {.directory = keys, .subject = subject, .may_make = true};

    if ((started->audit_arguments && !veil_mode_parse(started->audit_arguments, &options.arguments)) ||
        (started->audit_paths && !veil_mode_parse(started->audit_paths, &options.paths)))
        return error_set(err, ERROR_INVALID, EINVAL, "its policy covers arguments or paths in a way that this version does not know");
    if (options.arguments == VEIL_CLEAR && options.paths == VEIL_CLEAR)
        return 0;
    if (!keys)
        return error_set(err, ERROR_INVALID, EINVAL, "its policy covers arguments or paths, and there is no directory for the keys of persons");
    snprintf(subject, sizeof(subject), "uid:%u", started->identity ? started->identity->sponsor_uid : getuid());
    return veil_open(&options, &recording->veil, err);
}

/* The agent of this run. */
static void attribute(struct recording *recording, const struct event_identity *identity, struct ocsf_context *context, char agent[NAME_SIZE],
                      char host[NAME_SIZE])
{
    snprintf(recording->actor, sizeof(recording->actor), "%s", identity->actor);
    snprintf(recording->identity, sizeof(recording->identity), "%s", identity->name);
    agent_of(identity->name, agent);
    host_of(identity->name, host);
    if (*host)
        context->machine = host;
    context->actor = ocsf_actor_parse(identity->actor);
    context->identity = identity->name;
    context->agent = agent;
    context->agent_name = identity->class_name;
    context->uid = identity->sponsor_uid;
    context->user_name = identity->sponsor_name;
    context->sponsor = identity->sponsor_declared;
}

/* Of the same run, policy and veil; the run's user is who has its store. */
static int begin_persons(struct recording *recording, const struct ocsf_context *run, struct error *err)
{
    struct ocsf_context context = {.actor = OCSF_HUMAN, .product = "cordon review", .machine = run->machine, .has_user = true, .uid = getuid(), .run = run->run,
                                   .policy = run->policy, .policy_digest = run->policy_digest, .veil = run->veil};

    return ocsf_new(&context, &recording->persons, err);
}

/* Of one that was refused, the person who wanted it. */
static int begin(struct recording *recording, const struct recording_options *options, const struct event_record *first, struct error *err)
{
    const struct event_started *started = first->kind == RECORD_STARTED ? &first->started : NULL;
    const struct event_identity *identity = started ? started->identity : NULL;
    const char *proof[EVENT_PROOFS_MAX + 1] = {NULL}, *unproved[EVENT_PROOFS_MAX + 1] = {NULL};
    struct ocsf_context context = {.actor = OCSF_HUMAN, .machine = options->host, .has_user = true, .uid = getuid(), .run = first->run};
    char agent[NAME_SIZE], host[NAME_SIZE];
    int status;

    snprintf(recording->actor, sizeof(recording->actor), "human");
    if (identity && identity->name && ocsf_actor_parse(identity->actor)) {
        attribute(recording, identity, &context, agent, host);
        for (size_t i = 0; i < identity->proof_count; i++)
            proof[i] = identity->proof[i];
        for (size_t i = 0; i < identity->unproved_count; i++)
            unproved[i] = identity->unproved[i];
        context.proof = proof;
        context.service = identity->service;
        context.unproved = identity->service ? unproved : NULL; /* of an older record it is not known */
        context.has_login_uid = identity->has_kernel && identity->login_uid >= 0;
        context.login_uid = context.has_login_uid ? (unsigned)identity->login_uid : 0;
        context.cgroup = identity->has_kernel ? identity->cgroup : NULL;
    }
    if (started) {
        status = cover(recording, started, options->keys, err);
        if (status < 0)
            return status;
        context.veil = recording->veil;
        context.tier = started->tier;
        context.mechanism = started->mechanism;
        context.policy = started->policy;
        context.policy_digest = started->policy_digest;
    }
    status = ocsf_new(&context, &recording->ocsf, err);
    return status == 0 && options->has_persons ? begin_persons(recording, &context, err) : status;
}

int recording_new(const struct recording_options *options, const struct event_record *first, struct recording **ret_recording, struct error *err)
{
    auto_recording struct recording *recording = NULL;
    int status;

    *ret_recording = NULL;
    if (first->kind == RECORD_STARTED && !first->started.identity)
        return 0;
    recording = mem_alloc(sizeof(*recording));
    if (!recording)
        return error_memory(err);
    status = begin(recording, options, first, err);
    if (status == 0)
        *ret_recording = take_ptr(recording);
    return status;
}

void recording_free(struct recording *recording)
{
    if (!recording)
        return;
    ocsf_free(recording->ocsf);
    ocsf_free(recording->persons);
    veil_free(recording->veil);
    mem_free(recording);
}

void recording_free_at(struct recording **recording)
{
    recording_free(*recording);
}

const char *recording_actor(const struct recording *recording)
{
    return recording->actor;
}

const char *recording_identity(const struct recording *recording)
{
    return recording->identity;
}

int recording_render(struct recording *recording, const char *line, size_t size, const char **ret_body, size_t *ret_size, struct error *err)
{
    return ocsf_render(recording->ocsf, line, size, ret_body, ret_size, err);
}

bool recording_is_persons(const struct event_record *record)
{
    return strcmp(record->type, "review.committed") == 0 || strcmp(record->type, "review.discarded") == 0;
}

int recording_render_persons(struct recording *recording, const char *line, size_t size, const char **ret_body, size_t *ret_size, struct error *err)
{
    return ocsf_render(recording->persons, line, size, ret_body, ret_size, err);
}
