/* SPDX-License-Identifier: Apache-2.0 */
/* A request on its way into the store, and back. */
#include "sdk/kept.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/path.h"

#define POLICY_BYTES_MAX ((size_t)1 << 20) /* as documents have at most */

int kept_is_secret(const struct document *document, bool *ret_is_secret, struct error *err)
{
    bool is_secret = false;

    if (document->command_line && !asked_is_secret(NULL, document->command_line, &is_secret))
        return error_memory(err);
    for (size_t i = 0; !is_secret && i < document->env_set_count; i++)
        if (!asked_is_secret(document->env_set[i].name, document->env_set[i].value, &is_secret))
            return error_memory(err);
    *ret_is_secret = is_secret;
    return 0;
}

/* The members whose values end up in the program's environment or command. */
static bool may_hold_secret(const char *assignment)
{
    return strncmp(assignment, "environment", strlen("environment")) == 0 || strncmp(assignment, "process", strlen("process")) == 0;
}

static int list_members(const struct assembly *assembly, const struct cordon_request *request, struct asked_member *members,
                        struct error *err)
{
    const struct document *document = assembly->policy->layers[assembly->policy->layer_count - 1];
    bool is_secret = false;
    int status = request->member_count ? kept_is_secret(document, &is_secret, err) : 0;

    for (size_t i = 0; i < request->member_count && status == 0; i++) {
        const char *assignment = request->members[i];

        members[i].name = arena_string_n(assembly->policy->arena, assignment, strcspn(assignment, "="));
        members[i].assignment = is_secret && may_hold_secret(assignment) ? NULL : assignment;
        if (!members[i].name)
            return error_memory(err);
    }
    return status;
}

static int list_documents(const struct assembly *assembly, struct asked_document *documents, struct error *err)
{
    struct arena *arena = assembly->policy->arena;

    for (size_t i = 0; i < assembly->document_count; i++) {
        const struct assembled_document *read = &assembly->documents[i];
        const char *name = read->source->name;
        const char *file = NULL;

        if (!read->source->text) {
            file = name[0] == '/' ? name : path_join(arena, assembly->cwd, name);
            if (!file)
                return error_memory(err);
        }
        documents[i] = (struct asked_document){
            .name = name,
            .file = file,
            .digest = read->digest,
            .text = read->text,
            .size = read->size,
            .withheld = read->is_secret ? "secret" : NULL,
        };
    }
    return 0;
}

static size_t list_ceilings(const struct assembly *assembly, struct asked_ceiling *ceilings)
{
    const struct policy *policy = assembly->policy;
    size_t count = 0;

    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind == LAYER_CEILING)
            ceilings[count++] = (struct asked_ceiling){policy->layers[i]->file, policy->layers[i]->digest};
    return count;
}

int kept_write(struct event_log *log, const struct assembly *assembly, const struct cordon_request *request,
               const char *const *argv, struct error *err)
{
    struct asked_document documents[CORDON_POLICIES_MAX];
    struct asked_member members[CORDON_MEMBERS_MAX];
    struct asked_ceiling ceilings[POLICY_LAYERS_MAX];
    const struct asked asked = {
        .documents = documents,
        .document_count = assembly->document_count,
        .profile = request->profile,
        .members = members,
        .member_count = request->member_count,
        .workspace = request->workspace ? assembly->workspace_given : NULL,
        .tier = request->tier,
        .cwd = assembly->cwd,
        .logical_cwd = request->workspace ? NULL : assembly->workspace_given,
        .events_file = assembly->events_file,
        .argv = argv,
        .ceilings = ceilings,
        .ceiling_count = list_ceilings(assembly, ceilings),
        .mechanism = plan_wall_name(assembly->plan->wall),
        .plan_digest = assembly->plan->plan_digest,
    };
    int status = list_documents(assembly, documents, err);

    if (status == 0)
        status = list_members(assembly, request, members, err);
    return status < 0 ? status : asked_write(log, &asked, err);
}

/* What was not kept, from the file that it was read from. */
static int read_again(const struct asked_document *document, char **ret_text, size_t *ret_size, struct error *err)
{
    auto_free char *text = NULL;
    char digest[DIGEST_TEXT_SIZE];
    size_t size;
    int status;

    if (!document->file)
        return error_set(err, ERROR_INVALID, ENOENT,
                         "policy %s: its text was not kept (%s), and it came from no file: give it again with --policy",
                         document->name, document->withheld);
    status = file_read(document->file, POLICY_BYTES_MAX, &text, &size, err);
    if (status < 0)
        return error_prepend(err, "policy %s: its text was not kept (%s)", document->name, document->withheld);
    digest_text(text, size, digest);
    if (strcmp(digest, document->digest) != 0)
        return error_set(err, ERROR_INVALID, ESTALE,
                         "policy %s: its text was not kept (%s), and the file %s has changed since: the run cannot be judged again",
                         document->name, document->withheld, document->file);
    *ret_text = take_ptr(text);
    *ret_size = size;
    return 0;
}

static int add_document(struct cordon_request *request, const struct asked_document *document, struct error *err)
{
    auto_free char *text = NULL;
    size_t size = document->size;
    int status = document->text ? 0 : read_again(document, &text, &size, err);

    if (status == 0)
        status = cordon_request_add_policy_text(request, document->name, document->text ? document->text : text, size,
                                                (struct cordon_error *)err);
    if (status == 0)
        request->policies[request->policy_count - 1].is_file = document->file != NULL;
    return status;
}

static int add_rest(struct cordon_request *request, const struct asked *asked, struct error *err)
{
    struct cordon_error *public = (struct cordon_error *)err;
    int status = 0;

    if (asked->profile)
        status = cordon_request_set_profile(request, asked->profile, public);
    for (size_t i = 0; i < asked->member_count && status == 0; i++)
        if (asked->members[i].assignment)
            status = cordon_request_set_member(request, asked->members[i].assignment, public);
    if (status == 0)
        status = cordon_request_set_workspace(request, asked->workspace, public);
    if (status == 0)
        status = cordon_request_set_tier(request, asked->tier, public);
    if (status == 0)
        status = cordon_request_set_events_file(request, asked->events_file, public);
    if (status == 0 && asked->argv && asked->argv[0])
        status = cordon_request_set_command(request, asked->argv, public);
    return status;
}

static void request_free_at(struct cordon_request **request)
{
    cordon_request_free(*request);
}

int kept_request(const struct asked *asked, struct cordon_request **ret_request, struct error *err)
{
    cleanup_with(request_free_at) struct cordon_request *request = NULL;
    int status = cordon_request_new(&request, (struct cordon_error *)err);

    for (size_t i = 0; i < asked->document_count && status == 0; i++)
        status = add_document(request, &asked->documents[i], err);
    if (status == 0)
        status = add_rest(request, asked, err);
    if (status < 0)
        return status;
    request->cwd = mem_string(asked->cwd);
    request->logical_cwd = mem_string(asked->logical_cwd ? asked->logical_cwd : asked->cwd);
    if (!request->cwd || !request->logical_cwd)
        return error_memory(err);
    *ret_request = take_ptr(request);
    return 0;
}

int kept_assemble(const struct asked *asked, const struct cordon_request *request, struct assembly *assembly, struct error *err)
{
    int status = assembly_open(assembly, request, err);

    if (status == 0)
        status = assembly_compile(assembly, request, false, err);
    if (status == 0 && strcmp(asked->mechanism, plan_wall_name(PLAN_WALL_NAMESPACES)) != 0)
        status = assembly_compile_again(assembly, request, err);
    return status < 0 ? status : 0;
}
