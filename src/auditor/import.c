/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of the user's store into the user's own log, without a daemon. What is written was recorded by Cordon as this user, and
 * until now this user could have changed it: from here on nobody can unseen. Doing it again adds what is new.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit/log.h"
#include "auditor/command.h"
#include "base/memory.h"
#include "event/read.h"
#include "ocsf/ocsf.h"

struct import {
    const struct options *options;
    struct writer_desk desk;
    struct ocsf *ocsf; /* of the run that is read; NULL before it says who it is */
    struct veil *veil; /* what of it the policy has covered; NULL = nothing */
    char agent[STAMP_IDENTITY_MAX + 1];
    struct stamp_label label;
    uint64_t records, runs, unnamed;
};

/* spiffe://.../agent/builder of spiffe://.../agent/builder/01m...[/sub/...]. */
static void agent_of(const char *identity, char ret_agent[STAMP_IDENTITY_MAX + 1])
{
    const char *at = strstr(identity, "/agent/");
    const char *end = at ? strchr(at + 7, '/') : NULL;

    snprintf(ret_agent, STAMP_IDENTITY_MAX + 1, "%.*s", end ? (int)(end - identity) : (int)strlen(identity), identity);
}

/* What the policy has covered stands in no log in clear. */
static int cover_run(struct import *import, const struct event_started *started, struct error *err)
{
    char subject[32];
    struct veil_options options = {.directory = import->options->keys, .subject = subject, .may_make = true};

    if (!started->audit_arguments && !started->audit_paths)
        return 0;
    if ((started->audit_arguments && !veil_mode_parse(started->audit_arguments, &options.arguments)) ||
        (started->audit_paths && !veil_mode_parse(started->audit_paths, &options.paths)))
        return error_set(err, ERROR_INVALID, EINVAL, "its policy covers arguments or paths in a way that this version does not know");
    if (options.arguments == VEIL_CLEAR && options.paths == VEIL_CLEAR)
        return 0;
    if (!options.directory)
        return error_set(err, ERROR_INVALID, EINVAL, "where keys of persons are: --keys DIRECTORY");
    snprintf(subject, sizeof(subject), "uid:%u", started->identity ? started->identity->sponsor_uid : getuid());
    return veil_open(&options, &import->veil, err);
}

/* Who writes from here on: the agent of this run, or, of one that was refused, the person who wanted it. */
static int begin_run(struct import *import, const struct event_record *record, struct error *err)
{
    const struct event_started *started = record->kind == RECORD_STARTED ? &record->started : NULL;
    const struct event_identity *identity = started ? started->identity : NULL;
    const char *proof[EVENT_PROOFS_MAX + 1] = {NULL};
    struct ocsf_context context = {.actor = OCSF_HUMAN, .machine = import->desk.host, .has_user = true, .uid = getuid(), .run = record->run};

    import->label = (struct stamp_label){.uid = getuid(), .gid = getgid()};
    snprintf(import->label.writer, sizeof(import->label.writer), "store/%s", record->run);
    snprintf(import->label.actor, sizeof(import->label.actor), "human");
    if (started && !identity)
        return 0; /* of a version without identities: cannot be attributed */
    if (identity && identity->name && ocsf_actor_parse(identity->actor)) {
        agent_of(identity->name, import->agent);
        context.actor = ocsf_actor_parse(identity->actor);
        context.identity = identity->name;
        context.agent = import->agent;
        context.agent_name = identity->class_name;
        context.uid = identity->sponsor_uid;
        context.user_name = identity->sponsor_name;
        context.sponsor = identity->sponsor_declared;
        for (size_t i = 0; i < identity->proof_count; i++)
            proof[i] = identity->proof[i];
        context.proof = proof;
        snprintf(import->label.actor, sizeof(import->label.actor), "%s", identity->actor);
        snprintf(import->label.identity, sizeof(import->label.identity), "%s", identity->name);
    }
    if (started) {
        int status = cover_run(import, started, err);

        if (status < 0)
            return status;
        context.veil = import->veil;
        context.tier = started->tier;
        context.mechanism = started->mechanism;
        context.policy = started->policy;
        context.policy_digest = started->policy_digest;
    }
    return ocsf_new(&context, &import->ocsf, err);
}

static int take_record(struct import *import, const struct event_record *record, struct error *err)
{
    const char *body;
    size_t size;
    int status;

    if (record->sequence <= log_number(import->desk.log, import->label.writer))
        return 0;
    status = ocsf_render(import->ocsf, record->line, strlen(record->line), &body, &size, err);
    if (status == 0)
        status = log_append(import->desk.log, &import->label, record->sequence, body, size, err);
    if (status == LOG_TAKEN)
        import->records++;
    return status < 0 ? status : 0;
}

static int take_run(struct import *import, const struct run_store *store, const char *id, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int status = run_store_read(store, id, &reader, err);
    bool is_first = true;

    if (status == -ENOENT) /* dropped by the store meanwhile */
        return 0;
    while (status >= 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        if (is_first)
            status = begin_run(import, &record, err);
        is_first = false;
        if (status >= 0 && !import->ocsf) {
            import->unnamed++;
            break;
        }
        if (status >= 0)
            status = take_record(import, &record, err);
    }
    import->runs += import->ocsf != NULL;
    ocsf_free(import->ocsf);
    veil_free(import->veil);
    import->ocsf = NULL;
    import->veil = NULL;
    return status < 0 ? error_prepend(err, "run %s", id), status : 0;
}

/* The oldest first. */
static int take_runs(struct import *import, struct error *err)
{
    const struct options *options = import->options;
    auto_run_store struct run_store *store = NULL;
    const char *id;
    int status = run_store_open(options->runs, &store, err);

    if (status == 0 && options->query.run) {
        status = run_store_find(store, options->query.run, &id, err);
        return status == 0 ? take_run(import, store, id, err) : status;
    }
    for (size_t i = status == 0 ? run_store_count(store) : 0; i > 0 && status == 0; i--)
        status = take_run(import, store, run_store_id(store, i - 1), err);
    return status;
}

int command_record(const struct options *options, struct error *err)
{
    struct import import = {.options = options};
    auto_text struct text text = {0};
    uint64_t size = 0;
    int status;

    if (!options->runs)
        return error_set(err, ERROR_INVALID, EINVAL, "which runs: --runs DIRECTORY");
    status = writer_open(options, &import.desk, err);
    if (status == 0)
        status = take_runs(&import, err);
    if (status == 0)
        status = log_commit(import.desk.log, &size, err);
    if (status == 0)
        status = log_checkpoint(import.desk.log, err);
    writer_close(&import.desk);
    if (status < 0)
        return status;
    if (options->is_json)
        text_printf(&text, "{\"records\":%" PRIu64 ",\"runs\":%" PRIu64 ",\"unattributed\":%" PRIu64 ",\"size\":%" PRIu64 "}\n", import.records, import.runs, import.unnamed, size);
    else
        text_printf(&text, "%" PRIu64 " records of %" PRIu64 " runs are new in the log, which has %" PRIu64 "\n", import.records, import.runs, size);
    if (import.unnamed && !options->is_json)
        text_printf(&text, "%" PRIu64 " runs were left out: an older version recorded them without saying who they were\n", import.unnamed);
    return say(&text, err);
}
