/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front end itself: which root a document has, then the steps in the order in which MXC looks
 * for faults.
 */
#include "policy/mxc/mxc.h"

#include <string.h>

#include "base/digest.h"
#include "base/path.h"
#include "policy/mxc/request.h"

static int probe_version(struct request *request)
{
    const struct node *node;
    char found[128];
    int status;

    if (request->root->kind != NODE_MAP) {
        mxc_describe(found, sizeof(found), request->root);
        return mxc_refuse(request, request->root, ERROR_INVALID, 0,
                          "Invalid version declaration: invalid type: %s, expected an object "
                          "with the member version",
                          found);
    }
    status = mxc_declaration(request, "version", "version", true, &node);
    if (status < 0)
        return status;
    request->version = mxc_has_nul(node) ? 0 : mxc_version_find(node->text);
    request->document->version = node->text;
    if (!request->version)
        return mxc_refuse(request, node, ERROR_INVALID, 0,
                          "Unsupported contract version. Registered versions are: 0.9.0-alpha, "
                          "1.0.0, 1.1.0-alpha (0.6.0-alpha, 0.7.0-alpha and 0.8.0-alpha are read "
                          "too; Cordon's own is cordon/1)");
    return 0;
}

static int probe_root(struct request *request, enum mxc_phase phase)
{
    const struct node *containment = NULL;
    int status = 0;

    if (phase == MXC_PROVISION)
        status =
            mxc_declaration(request, "containment", "provision containment", true, &containment);
    if (status < 0)
        return status;
    request->contract =
        mxc_root_find(request->version, phase,
                      containment && !mxc_has_nul(containment) ? containment->text : NULL);
    if (!request->contract)
        return mxc_refuse(request, containment, ERROR_INVALID, 0,
                          "Unsupported containment for provision phase");
    return 0;
}

/* Phases exist since 0.9: in an older document `phase` is an unknown member. */
static int probe_phase(struct request *request)
{
    const struct node *node = NULL;
    int phase, status = 0;

    if (request->version & MXC_REGISTERED)
        status = mxc_declaration(request, "phase", "phase", false, &node);
    if (status < 0)
        return status;
    phase = !node ? MXC_ONE_SHOT : mxc_has_nul(node) ? -1 : mxc_phase_find(node->text);
    if (phase < 0)
        return mxc_refuse(request, node, ERROR_INVALID, 0, "Unsupported phase");
    request->document->phase = node ? node->text : NULL;
    return probe_root(request, (enum mxc_phase)phase);
}

static int note_phase(const struct request *request)
{
    const struct node *node = mxc_get(request->root, "phase");

    return !node ? 0
                 : mxc_unsupported(request, node, "phase",
                                   "needs the daemon, which this build does not have");
}

static int load_steps(struct request *request)
{
    const struct node *id;
    int status = probe_version(request);

    if (status == 0)
        status = probe_phase(request);
    if (status == 0)
        status = mxc_check(request);
    if (status == 0)
        status = mxc_process(request);
    if (status == 0)
        status = mxc_containment(request);
    if (status == 0)
        status = mxc_filesystem(request);
    if (status == 0)
        status = mxc_network(request);
    if (status == 0)
        status = mxc_without_effect(request);
    if (status == 0)
        status = mxc_sandbox_id(request);
    if (status == 0)
        status = mxc_availability(request);
    if (status == 0)
        status = note_phase(request);
    if (status == 0 && request->contract->phase == MXC_ONE_SHOT)
        status = mxc_fold_profiles(request);
    id = status == 0 ? mxc_get(request->root, "containerId") : NULL;
    request->document->container_id = id ? id->text : NULL;
    return status;
}

/* "dir/build.json" -> "build" */
static char *name_of_file(struct arena *arena, const char *path)
{
    const char *base = path_base(path);
    const char *dot = strrchr(base, '.');

    return arena_string_n(arena, base, dot && dot != base ? (size_t)(dot - base) : strlen(base));
}

int mxc_document_load(struct arena *arena, const char *name, const struct node *root,
                      const char *text, size_t size, const struct load_options *options,
                      struct document **ret_document, struct error *err)
{
    struct request request = {
        .arena = arena,
        .name = name,
        .options = options,
        .scan = {.text = text, .size = size},
        .root = root,
        .document = arena_alloc(arena, sizeof(struct document)),
        .err = err,
    };
    int status;

    if (!request.document)
        return error_memory(err);
    request.document->contract = CONTRACT_MXC;
    request.document->kind = options->kind;
    request.document->file = arena_string(arena, name);
    request.document->name = name_of_file(arena, name);
    if (!request.document->file || !request.document->name)
        return error_memory(err);
    digest_text(text, size, request.document->digest);
    if (options->kind == LAYER_CEILING)
        return mxc_refuse(&request, NULL, ERROR_INVALID, 0,
                          "a ceiling cannot be an MXC document, which asks and does not limit; "
                          "write it as cordon/1");
    status = load_steps(&request);
    if (status == 0)
        *ret_document = request.document;
    return status;
}
