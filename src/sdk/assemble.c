/* SPDX-License-Identifier: Apache-2.0 */
/* Assembly: the order here is the first half of the life of a run. */
#include "sdk/assemble.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "sdk/git_identity.h"
#include "sdk/helpers.h"
#include "sdk/kept.h"
#include "sdk/workspace.h"

#define CEILING_DIRECTORY "/etc/cordon/ceiling.d"
#define DEFAULT_TIER      "process" /* the one that this build has; compile refuses the others */

void assembly_finish(struct assembly *assembly)
{
    /* of a copy of what is shared both are in one */
    if (assembly->plan && assembly->policy && assembly->plan->arena == assembly->policy->arena)
        assembly->plan = NULL;
    if (assembly->plan_before && assembly->policy && assembly->plan_before->arena == assembly->policy->arena)
        assembly->plan_before = NULL;
    plan_free(assembly->plan);
    plan_free(assembly->plan_before);
    policy_free(assembly->policy);
    *assembly = (struct assembly){0};
}

/* Absolute, against the working directory of now: the caller may change it later. */
static const char *absolute_path(struct assembly *assembly, const char *path)
{
    struct arena *arena = assembly->policy->arena;

    if (path[0] == '/')
        return arena_string(arena, path);
    return path_join(arena, assembly->cwd, path);
}

int assembly_begin(struct assembly *assembly, const struct cordon_request *request,
                   struct error *err)
{
    char cwd[4096];
    struct arena *arena;
    int status = policy_new(&assembly->policy, err);

    if (status < 0)
        return status;
    arena = assembly->policy->arena;
    assembly->has_launcher = request->launcher_fd >= 0;
    assembly->service = request->service;
    assembly->environment = request->environment ? (const char *const *)request->environment
                                                 : (const char *const *)environ;
    /* first, because the run store lies there: what fails from here on is recorded in it */
    status = places_find_caller(arena, assembly->environment, &assembly->places, err);
    if (status < 0)
        return status;
    places_make(&assembly->places);
    if (request->cwd)
        snprintf(cwd, sizeof(cwd), "%s", request->cwd);
    else if (!getcwd(cwd, sizeof(cwd)))
        return error_system(err, errno, "find the current directory");
    if (cwd[0] != '/')
        return error_set(err, ERROR_SYSTEM, ENOENT,
                         "the current directory is outside of this file system");
    assembly->cwd = arena_string(arena, cwd);
    if (!assembly->cwd)
        return error_memory(err);
    if (request->events_file) {
        assembly->events_file = absolute_path(assembly, request->events_file);
        if (!assembly->events_file)
            return error_memory(err);
    }
    assembly->variables = (struct variables){
        .home = assembly->places.home,
        .user = assembly->places.user,
        .tmp = "/tmp",
    };
    return 0;
}

static int add_document(struct assembly *assembly, const struct request_policy *source, const struct load_options *options,
                        struct document **ret_document, struct error *err)
{
    struct assembled_document *read = &assembly->documents[assembly->document_count];
    struct arena *arena = assembly->policy->arena;
    struct document *document = NULL;
    char *text = source->text;
    size_t size = source->size;
    int status = 0;

    if (!text)
        status = document_read_file(arena, source->name, options, &text, &size, err);
    if (status == 0)
        status = document_load_text(arena, source->name, text, size, options, &document, err);
    if (status == 0)
        status = policy_add_layer(assembly->policy, document, err);
    if (status == 0)
        status = kept_is_secret(document, &read->is_secret, err);
    if (status < 0)
        return status;
    read->source = source;
    read->text = text;
    read->size = size;
    read->document = document;
    memcpy(read->digest, document->digest, sizeof(read->digest));
    assembly->document_count++;
    *ret_document = document;
    return 0;
}

static int add_profile(struct assembly *assembly, const char *profile,
                       const struct load_options *options, struct document **ret_document,
                       struct error *err)
{
    int status =
        document_load_profile(assembly->policy->arena, profile, options, ret_document, err);

    return status < 0 ? status : policy_add_layer(assembly->policy, *ret_document, err);
}

static int set_members(struct assembly *assembly, const struct cordon_request *request,
                       struct document *document, const struct load_options *options,
                       struct error *err)
{
    if (request->member_count && request->policy_count > 1)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "setting '%s': with several policy documents it is not clear which one is "
                         "meant; write the member into one of them",
                         request->members[0]);
    for (size_t i = 0; i < request->member_count; i++) {
        int status = document_set_member(assembly->policy->arena, document, request->members[i],
                                         options, err);

        if (status < 0)
            return status;
    }
    return 0;
}

static int add_requests(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    const struct load_options options = {
        .kind = LAYER_REQUEST,
        .variables = &assembly->variables,
        .layer_name = "document",
    };
    struct document *document = NULL;
    int status = 0;

    for (size_t i = 0; status == 0 && i < request->policy_count; i++)
        status = add_document(assembly, &request->policies[i], &options, &document, err);
    if (status == 0 && !request->policy_count)
        status = add_profile(assembly, request->profile ? request->profile : ASSEMBLY_DEFAULT_PROFILE,
                             &options, &document, err);
    if (status < 0)
        return status;
    return set_members(assembly, request, document, &options, err);
}

/* Ceilings first: they are what everything below them is held against. */
static int add_layers(struct assembly *assembly, const struct cordon_request *request,
                      struct error *err)
{
    int status =
        policy_add_ceilings(assembly->policy, CEILING_DIRECTORY, &assembly->variables, err);

    return status < 0 ? status : add_requests(assembly, request, err);
}

static int find_workspace(struct assembly *assembly, const struct cordon_request *request,
                          struct error *err)
{
    return workspace_find(assembly->policy->arena, request->workspace, assembly->cwd,
                          request->cwd ? request->logical_cwd : environment_get(assembly->environment, "PWD"), &assembly->variables.workspace,
                          &assembly->workspace_given, err);
}

/* Does a profile that the request took by name, or by naming no policy, make the workspace writable? */
static bool is_given_away(const struct assembly *assembly, const struct cordon_request *request)
{
    const struct policy *policy = assembly->policy;
    const struct document *document = policy->layers[policy->layer_count - 1];

    for (size_t i = 0; i < document->path_count && (!request->policy_count || request->is_learning); i++)
        if (document->paths[i].kind == PATH_READWRITE &&
            strcmp(document->paths[i].path, assembly->variables.workspace) == 0)
            return true;
    return false;
}

static int check_workspace(const struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    if (!is_given_away(assembly, request))
        return 0;
    return workspace_check_default(assembly->variables.workspace, assembly->places.home, request->workspace, err);
}

/* What a ceiling takes away is meant. */
static int check_result(const struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    if (!is_given_away(assembly, request) || assembly->policy->layer_count > 1)
        return 0;
    return workspace_check_writable(assembly->plan, assembly->variables.workspace, err);
}

/* Does any layer ask for something that only a cgroup can enforce, itself or in a container inside? */
static bool needs_cgroup(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct resources *resources = &policy->layers[i]->resources;

        if (resources->memory.is_set || resources->cpus.is_set || resources->pids.is_set ||
            resources->cpu_time.is_set || policy->layers[i]->nested_containers.value)
            return true;
    }
    return false;
}

/* Does any layer ask for something that only a worker beside the container can keep? */
static bool needs_workers(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct network *network = &policy->layers[i]->network;

        if (network->allow_count || network->deny_count || network->egress_default.value || network->ingress_default.value ||
            network->inward.count || network->outward.count || network->host_loopback.value || network->budget.is_set ||
            network->proxy || policy->layers[i]->secrets.is_set)
            return true;
    }
    return false;
}

/* Does any layer open a port of the host? */
static bool needs_ports(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->network.inward.count)
            return true;
    return false;
}

/* A run asks the machine for no more than it needs: the start tells when the rest is missing. */
static int ask_tier(struct assembly *assembly, unsigned wanted, bool finds_helpers, struct error *err)
{
    int status;

    if (assembly->has_launcher) /* which makes them: root's keeper has not the rights for root's own */
        wanted &= ~(unsigned)TIER_PROBE_NAMESPACES;
    if (needs_cgroup(assembly->policy))
        wanted |= TIER_PROBE_CGROUP;
    if (needs_ports(assembly->policy))
        wanted |= TIER_PROBE_PORTS;
    status = assembly->ops->probe(wanted, &assembly->facts, err);
    if (status == 0 && assembly->has_launcher)
        assembly->facts.cgroup_memory = assembly->facts.cgroup_pids = assembly->facts.cgroup_cpu = assembly->facts.cgroup_cpuacct = true;
    if (status == 0 && (finds_helpers || needs_workers(assembly->policy)))
        status = helpers_tell(assembly->policy->arena, &assembly->places, &assembly->facts, err);
    return status;
}

int assembly_ask_tier(struct assembly *assembly, bool is_thorough, struct error *err)
{
    if (assembly->has_facts)
        return 0;
    return ask_tier(assembly, is_thorough ? TIER_PROBE_CGROUP | TIER_PROBE_NAMESPACES : 0, is_thorough, err);
}

int assembly_ask_again(struct assembly *assembly, struct error *err)
{
    return ask_tier(assembly, TIER_PROBE_AGAIN, false, err);
}

/* The files among the request's policies, by absolute paths; NULL-terminated. */
static int list_documents(struct assembly *assembly, const struct cordon_request *request, const char **paths,
                          struct error *err)
{
    size_t count = 0;

    for (size_t i = 0; i < request->policy_count; i++) {
        if (request->policies[i].text && !request->policies[i].is_file)
            continue;
        paths[count] = absolute_path(assembly, request->policies[i].name);
        if (!paths[count++])
            return error_memory(err);
    }
    paths[count] = NULL;
    return 0;
}

/* What a contained program must not change: this installation, and what decides and records this
 * run. Absolute paths; NULL-terminated; at most the documents, the events file and three more. */
#define READONLY_SELF_MAX (CORDON_POLICIES_MAX + 5)

static void list_readonly_self(const struct assembly *assembly, const char *const *documents, const char **paths)
{
    *paths++ = assembly->places.library;
    *paths++ = assembly->places.helpers;
    if (assembly->events_file)
        *paths++ = assembly->events_file;
    do
        *paths++ = *documents;
    while (*documents++);
}

/* Changes kept apart, a home of its own, secrets shut, everything watched: none of it can be had in the host's tree. */
static int check_learning(const struct assembly *assembly, struct error *err)
{
    const char *why = in_place_why(&assembly->facts);

    if (!why)
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "learning needs namespaces: %.250s. Or learn where they can be made, and bring the policy or its record (cordon learn "
                     "--from FILE)",
                     why);
}

static int compile(struct assembly *assembly, const struct cordon_request *request, bool collect_all, struct error *err)
{
    const char *documents[CORDON_POLICIES_MAX + 1], *readonly_self[READONLY_SELF_MAX];
    const char *self[] = {assembly->places.config, assembly->places.state, assembly->places.cache,
                          assembly->places.runtime, NULL};
    struct compile_options options = {
        .variables = &assembly->variables,
        .collect_all = collect_all,
        .self_paths = self,
        .readonly_self = readonly_self,
        .caller_path = environment_get(assembly->environment, "PATH"),
        .cache_directory = assembly->shared ? NULL : assembly->places.cache, /* inside of another's tree that one could write it */
        .caller_env = assembly->compile_environment,
        .caller_cwd = assembly->cwd,
        .workspace_given = assembly->workspace_given,
        .documents = documents,
        .tier = request->tier,
        .mounts = assembly->mounts,
        .is_reviewed = request->is_reviewed,
        .shared = assembly->shared,
        .keeps_names = request->watch == CORDON_WATCH_FULL || request->ask_ms,
    };
    int status = request->is_learning ? check_learning(assembly, err) : 0;

    if (status == 0)
        status = list_documents(assembly, request, documents, err);
    if (status < 0)
        return status;
    list_readonly_self(assembly, documents, readonly_self);
    assembly->facts.now_real_ms = clock_real_ns() / NS_PER_MS;
    assembly->facts.now_boot_ms = clock_boot_ns() / NS_PER_MS;
    return policy_compile(assembly->policy, &assembly->facts, &options, &assembly->plan, err);
}

int assembly_find(struct assembly *assembly, struct error *err)
{
    assembly->ops = tier_find(DEFAULT_TIER);
    if (!assembly->ops)
        return error_set(err, ERROR_UNENFORCEABLE, ENOSYS, "this build has no %s tier", DEFAULT_TIER);
    return helpers_find(assembly->policy->arena, &assembly->places, err);
}

void assembly_take_machine(struct assembly *assembly, const struct assembly *from)
{
    struct places found = from->places;

    assembly->ops = from->ops;
    assembly->mounts = from->mounts;
    assembly->places.library = found.library;
    assembly->places.helpers = found.helpers;
    assembly->places.init = found.init;
}

int assembly_load(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status = find_workspace(assembly, request, err);

    if (status == 0)
        status = add_layers(assembly, request, err);
    return status < 0 ? status : check_workspace(assembly, request, err);
}

int assembly_load_inside(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    assembly->environment = (const char *const *)request->environment;
    assembly->cwd = arena_string(assembly->policy->arena, request->cwd);
    return assembly->cwd ? assembly_load_documents(assembly, request, err) : error_memory(err);
}

int assembly_load_documents(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status = find_workspace(assembly, request, err);

    return status < 0 ? status : add_requests(assembly, request, err);
}

int assembly_compile(struct assembly *assembly, const struct cordon_request *request,
                     bool collect_all, struct error *err)
{
    int status = assembly_ask_tier(assembly, collect_all, err);

    assembly->compile_environment = assembly->environment;
    if (status == 0)
        status = git_identity_add(assembly->policy->arena, assembly->policy, &assembly->places,
                                  assembly->variables.workspace, assembly->environment,
                                  &assembly->compile_environment, err);
    if (status == 0 && assembly->compile_environment != assembly->environment)
        assembly->added_environment = assembly->compile_environment + environment_count(assembly->environment);
    if (status == 0)
        status = compile(assembly, request, collect_all, err);
    return status < 0 ? status : check_result(assembly, request, err);
}

int assembly_open(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status = assembly_begin(assembly, request, err);

    if (status == 0)
        status = assembly_find(assembly, err);
    return status < 0 ? status : assembly_load(assembly, request, err);
}

int assembly_compile_network(struct assembly *assembly, const struct assembly *running, const struct cordon_request *request,
                             struct error *err)
{
    const char *difference;
    int status = assembly_begin(assembly, request, err);

    if (status < 0)
        return status;
    assembly->environment = running->environment;
    assembly->compile_environment = running->compile_environment;
    assembly->places = running->places;
    assembly->variables = running->variables;
    assembly->workspace_given = running->workspace_given;
    assembly->cwd = running->cwd;
    assembly->mounts = running->mounts;
    assembly->events_file = running->events_file;
    assembly->facts = running->facts;
    assembly->ops = running->ops;
    status = add_layers(assembly, request, err);
    if (status == 0 && !policy_is_same_but_network(running->policy, assembly->policy, &difference))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "only network.* of a running container can be changed: %s", difference);
    return status < 0 ? status : compile(assembly, request, false, err);
}

int assembly_compile_again(struct assembly *assembly, const struct cordon_request *request, struct error *err)
{
    int status;

    if (assembly->plan->wall != PLAN_WALL_NAMESPACES)
        return 0;
    status = assembly_ask_tier(assembly, true, err);
    if (status < 0 || (assembly->facts.user_namespaces && assembly->facts.mount_api && assembly->facts.proc_mount))
        return status;
    assembly->plan_before = assembly->plan;
    assembly->plan = NULL;
    status = compile(assembly, request, false, err);
    return status < 0 ? status : 1;
}
