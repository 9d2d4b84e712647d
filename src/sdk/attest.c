/* SPDX-License-Identifier: Apache-2.0 */
/* What an attestation says of a container: what was decided and what is in force, and nothing that names a file of the host's. */
#include <string.h>
#include <sys/utsname.h>

#include "base/file.h"
#include "base/json.h"
#include "sdk/container.h"

#define LAYERS_MAX  POLICY_LAYERS_MAX
#define LIMITS_MAX  64
#define LOSSES_MAX  32
#define BOOT_ID     "/proc/sys/kernel/random/boot_id"

static const char *kind_name(enum layer_kind kind)
{
    return kind == LAYER_CEILING ? "ceiling" : kind == LAYER_PARENT ? "parent" : "request";
}

static void add_layers(struct json *json, const struct policy *policy)
{
    json_begin_array(json, "layers");
    for (size_t i = 0; i < policy->layer_count && i < LAYERS_MAX; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "kind", kind_name(policy->layers[i]->kind));
        json_add_string(json, "digest", policy->layers[i]->digest);
        json_end(json);
    }
    json_end(json);
}

static void add_limits(struct json *json, const struct plan *plan)
{
    json_begin_object(json, "limits");
    for (size_t i = 0; i < plan->limit_count && i < LIMITS_MAX; i++)
        json_add_uint(json, plan->limits[i].member, plan->limits[i].value);
    if (plan->timeout_ms)
        json_add_uint(json, "timeoutMs", plan->timeout_ms);
    json_end(json);
}

static void add_losses(struct json *json, const struct plan *plan)
{
    json_begin_array(json, "losses");
    for (size_t i = 0; i < plan->loss_count && i < LOSSES_MAX; i++)
        json_add_string(json, NULL, plan->losses[i].name);
    json_end(json);
}

static void add_kernel(struct json *json)
{
    struct utsname name;
    char *boot = NULL;
    size_t size = 0;

    json_begin_object(json, "kernel");
    json_add_string(json, "release", uname(&name) == 0 ? name.release : NULL);
    if (file_read(BOOT_ID, 64, &boot, &size, NULL) == 0)
        json_add_string_n(json, "boot", boot, strcspn(boot, "\n"));
    mem_free(boot);
    json_end(json);
}

static void add_identity(struct json *json, const struct cordon_container *container)
{
    struct event_identity told;

    run_identity_tell(&container->identity, container->assembly.plan, container->assembly.ops, container->run, &told);
    json_add_string(json, "actor", told.actor);
    json_begin_object(json, "sponsor");
    json_add_uint(json, "uid", told.sponsor_uid);
    json_add_string(json, "declared", told.sponsor_declared);
    json_end(json);
    json_begin_array(json, "proof");
    for (size_t i = 0; i < told.proof_count; i++)
        json_add_string(json, NULL, told.proof[i]);
    json_end(json);
}

int attest_facts(const struct cordon_container *container, struct text *text, struct error *err)
{
    const struct assembly *now = container->changed.plan ? &container->changed : &container->assembly;
    const struct plan *plan = now->plan;
    struct json json = JSON_INIT(text, 0);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-attestation/1");
    json_add_string(&json, "policy", plan->name);
    json_add_string(&json, "policyDigest", plan->policy_digest);
    json_add_string(&json, "planDigest", plan->plan_digest);
    add_layers(&json, now->policy);
    json_begin_object(&json, "variables");
    json_add_string(&json, "workspace", container->assembly.variables.workspace);
    json_add_string(&json, "home", container->assembly.variables.home);
    json_add_string(&json, "user", container->assembly.variables.user);
    json_end(&json);
    json_add_string(&json, "tier", plan->tier);
    json_add_string(&json, "mechanism", plan_wall_name(plan->wall));
    json_add_string(&json, "network", container_network_name(plan->network));
    json_add_bool(&json, "review", container->review.directory != NULL);
    add_limits(&json, plan);
    add_losses(&json, plan);
    add_identity(&json, container);
    add_kernel(&json);
    json_end(&json);
    return text->is_broken ? error_memory(err) : 0;
}
