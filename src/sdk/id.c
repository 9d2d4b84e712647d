/* SPDX-License-Identifier: Apache-2.0 */
/* Who the recorded containers are, and whom to believe about them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "sdk/places.h"
#include "sdk/request.h"
#include "sdk/runs.h"

#define BUNDLE_SIZE_MAX ((size_t)256 << 10)
#define MACHINES        "/var/lib/cordon/identity" /* of the system's cordon-signer */

static void add_text(struct text *out, const struct run_summary *summary, const struct event_identity *identity)
{
    text_add_safe(out, identity->name);
    text_printf(out, "  %s  uid %u, known by", run_state_name(summary->state), (unsigned)identity->sponsor_uid);
    for (size_t i = 0; i < identity->proof_count; i++) {
        text_add(out, i ? ", " : " ");
        text_add_safe(out, identity->proof[i]);
    }
    if (identity->sponsor_declared) {
        text_add(out, ", on behalf of ");
        text_add_safe(out, identity->sponsor_declared);
    }
    text_add(out, "\n");
}

static void add_json(struct json *json, const struct run_summary *summary, const struct event_identity *identity)
{
    json_begin_object(json, NULL);
    json_add_string(json, "name", identity->name);
    json_add_string(json, "class", identity->class_name);
    json_add_string(json, "instance", identity->instance);
    json_add_string(json, "run", summary->id);
    json_add_string(json, "state", run_state_name(summary->state));
    json_add_string(json, "actor", identity->actor);
    json_begin_object(json, "sponsor");
    json_add_uint(json, "uid", identity->sponsor_uid);
    json_add_string(json, "name", identity->sponsor_name);
    json_add_string(json, "declared", identity->sponsor_declared);
    json_end(json);
    json_begin_array(json, "proof");
    for (size_t i = 0; i < identity->proof_count; i++)
        json_add_string(json, NULL, identity->proof[i]);
    json_end(json);
    json_end(json);
}

struct listing {
    struct run_store *store;
    struct text *out;
    struct json json;
    bool is_json;
    size_t count;
};

/* Its first record says it; a run that was refused has none. */
static int list_one(struct listing *listing, const char *id, bool is_asked, struct error *err)
{
    auto_run_summary struct run_summary summary = {0};
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int status = run_store_summarise(listing->store, id, &summary, err);

    if (status < 0 || (!is_asked && summary.state != RUN_RUNNING))
        return status;
    status = run_store_read(listing->store, id, &reader, err);
    while (status == 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        status = 0;
        if (record.kind != RECORD_STARTED || !record.started.identity)
            continue;
        if (listing->is_json)
            add_json(&listing->json, &summary, record.started.identity);
        else
            add_text(listing->out, &summary, record.started.identity);
        listing->count++;
        break;
    }
    return status;
}

static int list(struct listing *listing, const char *run, struct error *err)
{
    const char *id = NULL;
    int status = 0;

    if (listing->is_json) {
        json_begin_object(&listing->json, NULL);
        json_begin_array(&listing->json, "identities");
    }
    if (run) {
        status = run_store_find(listing->store, run, &id, err);
        if (status == 0)
            status = list_one(listing, id, true, err);
        if (status == 0 && !listing->count)
            status = error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s was not started, or was by a version that named nobody", id);
    }
    for (size_t i = 0; !run && i < run_store_count(listing->store) && status == 0; i++)
        status = list_one(listing, run_store_id(listing->store, i), false, err);
    if (listing->is_json) {
        json_end(&listing->json);
        json_end(&listing->json);
        text_add(listing->out, "\n");
    } else if (!run && !listing->count) {
        text_add(listing->out, "no container runs\n");
    }
    return status;
}

int cordon_id_list(const char *run, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_run_store struct run_store *store = NULL;
    auto_text struct text out = {0};
    struct listing listing = {.out = &out, .json = JSON_INIT(&out, 0), .is_json = format == CORDON_JSON};
    int status = runs_open(&store, public_error(err));

    listing.store = store;
    if (status == 0)
        status = list(&listing, run, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}

/* The user's own where there is one; else, where the system's service signs, the machine's. */
int cordon_id_bundle(enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct places places = {0};
    const char *path, *machines = format == CORDON_JSON ? MACHINES "/bundle.json" : MACHINES "/bundle.pem";
    size_t size = 0;
    int status = arena ? places_find_caller(arena, (const char *const *)environ, &places, public_error(err)) : error_memory(public_error(err));

    if (status < 0)
        return status;
    path = arena_printf(arena, "%s/identity/%s", places.state, format == CORDON_JSON ? "bundle.json" : "bundle.pem");
    if (!path)
        return error_memory(public_error(err));
    status = file_read(path, BUNDLE_SIZE_MAX, ret_text, &size, public_error(err));
    if (status == -ENOENT && file_read(machines, BUNDLE_SIZE_MAX, ret_text, &size, NULL) == 0)
        return 0;
    if (status == -ENOENT)
        return error_set(public_error(err), ERROR_NOT_FOUND, ENOENT,
                         "%s: neither this user nor the machine (%s) has an authority yet: one is made when a container first asks for something signed "
                         "(cordon id ask, inside)", path, machines);
    return status;
}
