/* SPDX-License-Identifier: Apache-2.0 */
/* A question about a request's documents. */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/glob.h"
#include "base/path.h"
#include "policy/prove.h"
#include "sdk/assemble.h"

#define SEARCH_MAX 128

static int refuse(struct error *err, const char *text)
{
    return error_set(err, ERROR_INVALID, EINVAL, "%s", text);
}

/* "~" is this caller's home. */
static int find_path(const struct assembly *assembly, const char *path, const char **ret_path, struct error *err)
{
    struct arena *arena = assembly->policy->arena;

    if (path[0] == '~' && (!path[1] || path[1] == '/'))
        path = arena_printf(arena, "%s%s", assembly->places.home, path + 1);
    if (!path)
        return error_memory(err);
    if (path[0] != '/' || path_has_dotdot(path) || strlen(path) > PATH_LENGTH_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "'%.300s': write an absolute path, or one that begins with ~/, without '..'", path);
    *ret_path = path_normalise(arena, path);
    return *ret_path ? 0 : error_memory(err);
}

struct search {
    struct arena *arena;
    const char **items; /* each once */
    size_t count;
};

static int add_searched(struct search *search, const char *directory, struct error *err)
{
    if (!directory || arena_append_once(search->arena, &search->items, &search->count, directory) < 0)
        return error_memory(err);
    if (search->count > SEARCH_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "--here: PATH leads to more than %d directories, and a proof looks at no part of them", SEARCH_MAX);
    return 0;
}

/* By its name, where that is one without '..', and where it leads. */
static int add_directory(struct search *search, const char *text, struct error *err)
{
    const char *directory = path_normalise(search->arena, text);
    char real[PATH_MAX];
    int r = directory && path_has_dotdot(directory) ? 0 : add_searched(search, directory, err);

    return r == 0 && realpath(directory, real) ? add_searched(search, arena_string(search->arena, real), err) : r;
}

/* The directories of PATH; what is not absolute is none that can be asked about. */
static int list_search_path(struct assembly *assembly, const char *const **ret_directories, struct error *err)
{
    struct search search = {.arena = assembly->policy->arena};
    const char *path = environment_get(assembly->environment, "PATH"), **end;
    int r = 0;

    while (path && *path && r == 0) {
        size_t length = strcspn(path, ":");
        const char *text = arena_string_n(search.arena, path, length);

        if (!text)
            return error_memory(err);
        r = *text == '/' ? add_directory(&search, text, err) : 0;
        path += length + (path[length] == ':');
    }
    end = r == 0 ? arena_append(search.arena, search.items, search.count) : NULL;
    if (r < 0 || !end)
        return r < 0 ? r : error_memory(err);
    *end = NULL;
    *ret_directories = search.items;
    return 0;
}

static int add_link(struct assembly *assembly, const char *path, struct prove_request *request, struct error *err)
{
    struct arena *arena = assembly->policy->arena;
    struct prove_link *links = (struct prove_link *)(uintptr_t)request->links, *slot; /* nobody else's */
    char real[PATH_MAX];

    if (!realpath(path, real) || strcmp(real, path) == 0)
        return 0;
    slot = arena_append(arena, links, request->link_count);
    if (slot)
        *slot = (struct prove_link){path, arena_string(arena, real)};
    request->links = links;
    return slot && slot->real ? 0 : error_memory(err);
}

/* Names that are granted, as they are on this machine. */
static int list_links(struct assembly *assembly, struct prove_request *request, struct error *err)
{
    const struct policy *policy = assembly->policy;
    int status = 0;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; j < layer->path_count && status == 0; j++)
            if (!layer->paths[j].is_glob && (layer->paths[j].kind == PATH_READONLY || layer->paths[j].kind == PATH_READWRITE))
                status = add_link(assembly, layer->paths[j].path, request, err);
        for (size_t j = 0; j < layer->view_count && status == 0; j++)
            status = add_link(assembly, layer->views[j].source, request, err);
    }
    return status;
}

static int load_ceiling(struct assembly *assembly, const char *file, struct policy **ret_ceiling, struct error *err)
{
    const struct load_options options = {.kind = LAYER_CEILING, .variables = &assembly->variables, .layer_name = "ceiling"};
    auto_policy struct policy *ceiling = NULL;
    struct document *document = NULL;
    int status = policy_new(&ceiling, err);

    if (status == 0)
        status = document_load_file(ceiling->arena, file, &options, &document, err);
    if (status == 0)
        status = policy_add_layer(ceiling, document, err);
    if (status == 0)
        *ret_ceiling = take_ptr(ceiling);
    return status;
}

static const char *missing(const struct cordon_claim *question)
{
    switch (question->kind) {
    case CORDON_PROVE_CAN_READ:
    case CORDON_PROVE_CAN_WRITE:
        return question->path ? NULL : "the question has no path";
    case CORDON_PROVE_CAN_REACH:
        return question->destination ? NULL : "the question has no destination";
    case CORDON_PROVE_READS_REACHES:
        return question->path && question->destination ? NULL : "the question needs a path and a destination";
    case CORDON_PROVE_SECRET_REACHES:
        return question->secret && question->destination ? NULL : "the question needs a secret and a destination";
    case CORDON_PROVE_WRITABLE_OBEYED:
        return NULL;
    case CORDON_PROVE_ESCAPES_CEILING:
        return question->ceiling ? NULL : "the question has no ceiling";
    default:
        return "unknown kind of question";
    }
}

static int prove(struct assembly *assembly, const struct cordon_claim *question, struct proof *ret_proof, struct error *err)
{
    struct prove_request request = {.question = (enum proof_question)question->kind, .destination = question->destination,
                                    .secret = question->secret, .home = assembly->places.home};
    auto_policy struct policy *ceiling = NULL;
    struct prove_here here = {0};
    int status = 0;

    if (question->path)
        status = find_path(assembly, question->path, &request.path, err);
    if (question->flags & CORDON_PROVE_HERE)
        request.caller_path = environment_get(assembly->environment, "PATH");
    if (status == 0 && question->flags & CORDON_PROVE_HERE)
        status = list_search_path(assembly, &request.search_path, err);
    if (status == 0 && question->flags & CORDON_PROVE_HERE)
        status = list_links(assembly, &request, err);
    if (status == 0 && request.path && question->flags & CORDON_PROVE_HERE) {
        status = prove_names_here(assembly->policy->arena, request.path, &here, err);
        request.here = &here;
    }
    if (status == 0 && question->ceiling)
        status = load_ceiling(assembly, question->ceiling, &ceiling, err);
    request.ceiling = ceiling;
    return status < 0 ? status : policy_prove(assembly->policy->arena, assembly->policy, &request, ret_proof, err);
}

int cordon_policy_prove(const struct cordon_request *request, const struct cordon_claim *question, enum cordon_format format,
                        char **ret_report, uint32_t *ret_answer, struct cordon_error *err)
{
    auto_assembly struct assembly assembly = {0};
    struct proof proof = {0};
    const char *lack = missing(question);
    char *report = NULL;
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    if (lack || question->flags & ~CORDON_PROVE_HERE)
        return refuse(public_error(err), lack ? lack : "unknown flags");
    status = assembly_begin(&assembly, request, public_error(err));
    if (status == 0)
        status = assembly_load_documents(&assembly, request, public_error(err));
    if (status == 0)
        status = prove(&assembly, question, &proof, public_error(err));
    if (status == 0)
        status = format == CORDON_JSON ? proof_json(&proof, &report, public_error(err)) : proof_text(&proof, &report, public_error(err));
    if (status < 0)
        return status;
    *ret_report = report;
    if (ret_answer)
        *ret_answer = (uint32_t)proof.answer;
    return 0;
}
