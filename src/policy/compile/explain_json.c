/* SPDX-License-Identifier: Apache-2.0 */
/* The plan for programs. Member names are stable: docs/explain.md. */
#include <string.h>

#include "base/json.h"
#include "policy/compile/explain.h"
#include "policy/policy.h"

/* What is built in has no member. */
static void add_origin_as(struct json *json, const char *key, const struct origin *origin)
{
    origin_json(json, key, origin && origin->member ? origin : NULL);
}

static void add_origin(struct json *json, const struct origin *origin)
{
    add_origin_as(json, "origin", origin);
}

static void add_mechanism(struct json *json, const char *key, enum mechanism mechanism)
{
    json_add_string(json, key, mechanism == BY_NOTHING ? NULL : mechanism_name(mechanism));
}

/* A list of the plan: one object for each element. */
typedef void add_element(struct json *json, const struct plan *plan, size_t index);

static void add_list(struct json *json, const char *key, const struct plan *plan, size_t count,
                     add_element *add)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json, NULL);
        add(json, plan, i);
        json_end(json);
    }
    json_end(json);
}

static void add_mount(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_mount *mount = &plan->mounts[index];

    json_add_string(json, "kind", plan_mount_kind_name(mount->kind));
    json_add_string(json, "target", mount->target);
    json_add_string(json, "source", mount->source);
    json_add_bool(json, "writable", mount->is_writable);
    json_add_bool(json, "directory", mount->is_directory);
    json_add_bool(json, "device", mount->is_device);
    json_add_bool(json, "socket", mount->is_socket);
    add_mechanism(json, "first", mount->first);
    add_mechanism(json, "behind", mount->behind);
    add_origin(json, mount->origin);
}

static void add_rule(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_rule *rule = &plan->rules[index];

    json_add_string(json, "target", rule->target);
    json_add_bool(json, "write", rule->may_write);
    json_add_bool(json, "execute", rule->may_execute);
    json_add_bool(json, "device", rule->is_device);
    add_origin(json, rule->origin);
}

static void add_name(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_name *name = &plan->names[index];

    json_add_string(json, "pattern", name->pattern);
    json_add_string(json, "kind", plan_name_kind_name(name->kind));
    add_mechanism(json, "first", BY_KEEPER);
    add_mechanism(json, "behind", BY_NOTHING);
    add_origin(json, name->origin);
}

static void add_limit(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_limit *limit = &plan->limits[index];

    json_add_string(json, "member", limit->member);
    json_add_uint(json, "value", limit->value);
    add_mechanism(json, "by", limit->by);
    add_origin(json, limit->origin);
}

static void add_variable(struct json *json, const struct plan *plan, size_t index)
{
    const char *variable = plan->env[index];

    json_add_string_n(json, "name", variable, strcspn(variable, "="));
    json_add_string(json, "value", explain_value(plan, index));
    add_origin(json, plan->env_origins[index]);
}

static void add_private(struct json *json, const struct plan *plan, size_t index)
{
    json_add_string(json, "name", plan->privates[index].variable);
    json_add_string(json, "below", plan->privates[index].below);
}

static void add_statement(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_statement *statement = &plan->statements[index];

    json_add_string(json, "subject", statement->subject);
    json_add_string(json, "verdict", statement->verdict);
    add_mechanism(json, "first", statement->first);
    add_mechanism(json, "behind", statement->behind);
    add_origin(json, statement->origin);
}

static void add_loss(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_loss *loss = &plan->losses[index];

    json_add_string(json, "name", loss->name);
    json_add_string(json, "text", loss->text);
    add_origin(json, loss->origin);
}

static void add_problem(struct json *json, const struct plan *plan, size_t index)
{
    const struct error *problem = &plan->problems[index].error;

    json_add_string(json, "kind", error_kind_name(problem->kind));
    json_add_string(json, "member", plan->problems[index].member);
    json_add_string(json, "text", problem->text);
}

static void add_warning(struct json *json, const struct plan *plan, size_t index)
{
    json_add_string(json, "text", plan->warnings.items[index].text);
    add_origin(json, &plan->warnings.items[index].origin);
}

static void add_names(struct json *json, const char *key, const char *const *names, size_t count)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < count; i++)
        json_add_string(json, NULL, names[i]);
    json_end(json);
}

static void add_calls(struct json *json, const char *const *names,
                      const struct origin *const *origins, size_t count, const char *verdict)
{
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "name", names[i]);
        json_add_string(json, "verdict", verdict);
        add_mechanism(json, "first", strcmp(verdict, "refused") == 0 ? BY_SECCOMP : BY_NOTHING);
        add_mechanism(json, "behind", BY_NOTHING);
        add_origin(json, origins[i]);
        json_end(json);
    }
}

static void add_way(struct json *json, const struct plan *plan, size_t index)
{
    explain_network_way(json, plan, index);
    add_origin(json, plan->ways[index].origin);
}

static void add_secret(struct json *json, const struct plan *plan, size_t index)
{
    explain_secret(json, plan, index);
    add_origin(json, plan->secrets[index].origin);
}

static void add_authority(struct json *json, const struct plan *plan, size_t index)
{
    explain_authority(json, plan, index);
    add_origin(json, plan->authorities[index].origin);
}

static void add_settings(struct json *json, const struct plan *plan)
{
    const struct explain_network *network = explain_network(plan);

    json_begin_object(json, "network");
    json_add_string(json, "kind", network->kind);
    json_add_string(json, "verdict", network->verdict);
    add_mechanism(json, "first", network->first);
    add_mechanism(json, "behind", network->behind);
    add_origin(json, plan->network_origin);
    add_list(json, "rules", plan, plan->way_count, add_way);
    add_list(json, "authorities", plan, plan->authority_count, add_authority);
    json_end(json);
    add_list(json, "secrets", plan, plan->secret_count, add_secret);
    json_begin_object(json, "syscalls");
    add_names(json, "deny", plan->filter.deny, plan->filter.deny_count);
    add_names(json, "allow", plan->filter.allow, plan->filter.allow_count);
    json_begin_array(json, "rules");
    add_calls(json, plan->filter.deny, plan->filter.deny_origins, plan->filter.deny_count,
              "refused");
    add_calls(json, plan->filter.allow, plan->filter.allow_origins, plan->filter.allow_count,
              "allowed");
    json_end(json);
    json_end(json);
    add_list(json, "limits", plan, plan->limit_count, add_limit);
    json_add_uint(json, "timeoutMs", plan->timeout_ms);
    json_add_string(json, "timeoutMember", plan->timeout_member);
    add_origin_as(json, "timeoutOrigin", plan->timeout_origin);
}

static void add_program(struct json *json, const struct plan *plan)
{
    add_list(json, "environment", plan, plan->env_count, add_variable);
    add_list(json, "privateVariables", plan, plan->private_count, add_private);
    json_add_string(json, "cwd", plan->cwd);
    add_origin_as(json, "cwdOrigin", plan->cwd_origin);
    json_add_string(json, "commandLine", plan->command_line);
    add_origin_as(json, "commandLineOrigin", plan->command_origin);
}

static void add_remarks(struct json *json, const struct plan *plan)
{
    add_list(json, "losses", plan, plan->loss_count, add_loss);
    add_list(json, "problems", plan, plan->problem_count, add_problem);
    add_list(json, "warnings", plan, plan->warnings.count, add_warning);
    json_begin_array(json, "layers");
    for (const char *const *layer = plan->layers; layer && *layer; layer++)
        json_add_string(json, NULL, *layer);
    json_end(json);
}

int plan_explain_json(const struct plan *plan, char **ret_json, struct error *err)
{
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-explain/1");
    json_add_string(&json, "name", plan->name);
    json_add_string(&json, "tier", plan->tier);
    json_add_string(&json, "mechanism", plan_wall_name(plan->wall));
    json_add_string(&json, "policyDigest", plan->policy_digest);
    json_add_string(&json, "planDigest", plan->plan_digest);
    add_list(&json, "mounts", plan, plan->mount_count, add_mount);
    add_list(&json, "landlock", plan, plan->landlock_files ? plan->rule_count : 0, add_rule);
    add_list(&json, "names", plan, plan->name_count, add_name);
    add_settings(&json, plan);
    add_program(&json, plan);
    add_list(&json, "statements", plan, plan->statement_count, add_statement);
    add_remarks(&json, plan);
    json_end(&json);
    text_add(&out, "\n");
    return text_take(&out, ret_json, err);
}
