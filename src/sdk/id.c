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
#include "sdk/serving.h"

#define BUNDLE_SIZE_MAX ((size_t)256 << 10)

/* What a record says, and what of it follows; an older one does not say whose service it was. */
struct basis {
    enum service_of of;
    const char *protection; /* of the authority's keys; NULL = it cannot be known here */
    const struct unproved *rows[UNPROVED_MAX];
    size_t count;
};

static void find_basis(const struct event_identity *identity, const struct serving *serving, struct basis *ret_basis)
{
    struct basis found = {.of = service_parse(identity->service)};

    /* of the service that is there; without one the keys are the user's, in a file */
    found.protection = found.of == serving->of ? serving->protection : found.of == SERVICE_OF_SYSTEM ? NULL : "file";
    found.count = unproved_find(found.of, identity->proof, identity->proof_count, found.protection, found.rows);
    *ret_basis = found;
}

static const char *keys_phrase(const struct basis *basis)
{
    if (!basis->protection)
        return basis->of == SERVICE_NONE ? "not made yet" : "known to its own service, which is not asked here";
    return strcmp(basis->protection, "tpm") == 0 ? "under the machine's TPM" : "in a file";
}

static void add_basis(struct text *out, const struct basis *basis, bool is_asked)
{
    text_printf(out, "  by %s; the authority is %s, its keys %s\n", service_phrase(basis->of), basis->of == SERVICE_OF_SYSTEM ? "the machine's" : "this user's",
                keys_phrase(basis));
    for (size_t i = 0; i < basis->count; i++)
        if (is_asked)
            text_printf(out, "  not proved: %s (%s)\n", basis->rows[i]->what, basis->rows[i]->why);
        else
            text_printf(out, "%s%s%s", i ? ", " : "  not proved: ", basis->rows[i]->what, i + 1 < basis->count ? "" : "\n");
}

static void add_text(struct text *out, const struct run_summary *summary, const struct event_identity *identity, const struct basis *basis, bool is_asked)
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
    if (identity->service)
        add_basis(out, basis, is_asked);
}

static void add_json(struct json *json, const struct run_summary *summary, const struct event_identity *identity, const struct basis *basis)
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
    if (identity->service) {
        json_add_string(json, "service", identity->service);
        json_begin_object(json, "authority");
        json_add_string(json, "of", basis->of == SERVICE_OF_SYSTEM ? "machine" : "user");
        json_add_string(json, "keyProtection", basis->protection);
        json_end(json);
        unproved_write(json, basis->rows, basis->count);
    }
    json_end(json);
}

struct listing {
    struct run_store *store;
    const struct serving *serving;
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
    struct basis basis;
    int status = run_store_summarise(listing->store, id, &summary, err);

    if (status < 0 || (!is_asked && summary.state != RUN_RUNNING))
        return status;
    status = run_store_read(listing->store, id, &reader, err);
    while (status == 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        status = 0;
        if (record.kind != RECORD_STARTED || !record.started.identity)
            continue;
        find_basis(record.started.identity, listing->serving, &basis);
        if (listing->is_json)
            add_json(&listing->json, &summary, record.started.identity, &basis);
        else
            add_text(listing->out, &summary, record.started.identity, &basis, is_asked);
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

/* The configuration is looked at for each: what it says of the daemon may have changed since a run. */
static int find_serving(struct arena *arena, struct serving *ret_serving, struct places *ret_places, struct error *err)
{
    struct places places = {0};
    int status = places_find_caller(arena, (const char *const *)environ, &places, err);

    if (ret_places)
        *ret_places = places;
    return status < 0 ? status : serving_find(arena, &places, ret_serving, err);
}

int cordon_id_list(const char *run, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_run_store struct run_store *store = NULL;
    auto_arena struct arena *arena = arena_new();
    auto_text struct text out = {0};
    struct serving serving = {0};
    struct listing listing = {.serving = &serving, .out = &out, .json = JSON_INIT(&out, 0), .is_json = format == CORDON_JSON};
    int status = arena ? runs_open(&store, public_error(err)) : error_memory(public_error(err));

    listing.store = store;
    if (status == 0)
        status = find_serving(arena, &serving, NULL, public_error(err));
    if (status == 0)
        status = list(&listing, run, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}

/* Whom to believe about the containers that are run for this caller now: by the machine's service its authority, else the user's own. */
int cordon_id_bundle(enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct places places = {0};
    struct serving serving = {0};
    const char *path;
    size_t size = 0;
    int status = arena ? find_serving(arena, &serving, &places, public_error(err)) : error_memory(public_error(err));

    if (status < 0)
        return status;
    path = serving_bundle(arena, &places, serving.of, format == CORDON_JSON ? "bundle.json" : "bundle.pem");
    if (!path)
        return error_memory(public_error(err));
    status = file_read(path, BUNDLE_SIZE_MAX, ret_text, &size, public_error(err));
    if (status == -ENOENT)
        return error_set(public_error(err), ERROR_NOT_FOUND, ENOENT, "%s: %s has no authority yet: one is made when %s", path,
                         serving.of == SERVICE_OF_SYSTEM ? "the machine" : "this user",
                         serving.of == SERVICE_OF_SYSTEM ? "cordon-signer.service begins" : "a container first asks for something signed (cordon id ask, inside)");
    return status;
}
