/* SPDX-License-Identifier: Apache-2.0 */
#include "ocsf/context.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

static const char *const actor_names[] = {NULL, "agent", "human", "system", "delegated-human"};

const char *ocsf_actor_name(enum ocsf_actor actor)
{
    return (size_t)actor < ARRAY_COUNT(actor_names) ? actor_names[actor] : NULL;
}

enum ocsf_actor ocsf_actor_parse(const char *name)
{
    for (size_t i = 1; name && i < ARRAY_COUNT(actor_names); i++)
        if (strcmp(actor_names[i], name) == 0)
            return (enum ocsf_actor)i;
    return 0;
}

static void add(struct json *json, const char *member, const char *text)
{
    if (text && *text)
        json_add_string(json, member, text);
}

static void write_product(struct json *json, const struct ocsf_context *context)
{
    json_begin_object(json, "product");
    json_add_string(json, "name", context->product ? context->product : "cordon");
    json_add_string(json, "vendor_name", "Cordon");
    json_add_string(json, "version", CORDON_VERSION_TEXT);
    json_end(json);
    json_begin_array(json, "profiles");
    json_add_string(json, NULL, "host");
    json_add_string(json, NULL, "security_control");
    if (context->run)
        json_add_string(json, NULL, "container");
    if (context->actor == OCSF_AGENT)
        json_add_string(json, NULL, "ai_operation");
    json_add_string(json, NULL, OCSF_EXTENSION "/containment");
    json_end(json);
    json_begin_array(json, "extensions");
    json_begin_object(json, NULL);
    json_add_string(json, "name", OCSF_EXTENSION);
    json_add_string(json, "uid", OCSF_EXTENSION_UID);
    json_add_string(json, "version", "1.0.0");
    json_end(json);
    json_end(json);
}

/* Asked for once: who renders later may have given the call up. */
static const char *own_hostname(void)
{
    static char name[65];

    if (!*name && (gethostname(name, sizeof(name) - 1) < 0 || !*name))
        text_put(name, sizeof(name), "localhost");
    return name;
}

/* The schema wants a name of it. */
static void write_device(struct json *json, const struct ocsf_context *context)
{
    add(json, "hostname", context->hostname ? context->hostname : context->machine ? context->machine : own_hostname());
    json_add_uint(json, "type_id", 0);
    add(json, "uid", context->machine);
    json_begin_object(json, "os");
    json_add_string(json, "name", "Linux");
    json_add_uint(json, "type_id", 200);
    json_end(json);
}

static void write_user(struct json *json, const struct ocsf_context *context)
{
    char number[16];

    if (context->has_user) {
        snprintf(number, sizeof(number), "%u", context->uid);
        json_begin_object(json, "user");
        add(json, "name", context->user_name);
        json_add_string(json, "uid", number);
        json_add_uint(json, "type_id", context->uid == 0 ? 2 : 1);
        json_end(json);
    }
    if (context->session) {
        json_begin_object(json, "session");
        json_add_string(json, "uid", context->session);
        json_end(json);
    }
    if (context->actor == OCSF_SYSTEM)
        json_add_string(json, "app_name", context->product ? context->product : "cordond");
}

static void write_container(struct json *json, const struct ocsf_context *context)
{
    if (!context->run)
        return;
    json_begin_object(json, "container");
    add(json, "name", context->agent_name);
    json_add_string(json, "runtime", "cordon");
    json_add_string(json, "uid", context->run);
    json_end(json);
}

static void write_policy(struct json *json, const struct ocsf_context *context)
{
    if (!context->policy && !context->policy_digest)
        return;
    add(json, "name", context->policy);
    add(json, "uid", context->policy_digest);
    json_add_bool(json, "is_applied", true);
}

static void write_delegation(struct json *json, const struct ocsf_context *context)
{
    if (!context->delegation)
        return;
    json_begin_object(json, "delegation");
    json_add_string(json, "uid", context->delegation);
    add(json, "issuer_uid", context->delegation_issuer);
    add(json, "parent_uid", context->delegation_parent);
    if (context->delegation_expires_ms)
        json_add_uint(json, "expiration_time", context->delegation_expires_ms);
    json_end(json);
}

/* Who acted, where it was an agent: the class is the agent, the run is its instance. */
static void write_agent(struct json *json, const struct ocsf_context *context)
{
    write_delegation(json, context);
    if (context->actor != OCSF_AGENT)
        return;
    json_begin_object(json, "ai_agent");
    add(json, "name", context->agent_name);
    json_add_string(json, "uid", context->agent ? context->agent : context->identity);
    json_add_string(json, "instance_uid", context->identity);
    add(json, "version", context->agent_version);
    if (context->model) {
        json_begin_object(json, "ai_model");
        json_add_string(json, "name", context->model);
        json_add_string(json, "ai_provider", "declared");
        json_end(json);
    }
    json_end(json);
}

static void write_parents(struct json *json, const struct ocsf_context *context)
{
    if (!context->parent_count)
        return;
    json_begin_array(json, "x_parent_chain");
    for (size_t i = 0; i < context->parent_count && i < OCSF_PARENTS_MAX; i++) {
        json_begin_object(json, NULL);
        add(json, "identity", context->parents[i].identity);
        add(json, "policy_digest", context->parents[i].policy_digest);
        json_end(json);
    }
    json_end(json);
}

static void write_own(struct json *json, const struct ocsf_context *context)
{
    json_add_string(json, "x_actor_type", ocsf_actor_name(context->actor));
    if (context->actor != OCSF_AGENT)
        add(json, "x_identity", context->identity);
    add(json, "x_sponsor", context->sponsor);
    add(json, "x_charter_digest", context->charter_digest);
    json_add_uint(json, "x_depth", context->parent_count);
    write_parents(json, context);
    if (context->proof) {
        json_begin_array(json, "x_proof");
        for (size_t i = 0; context->proof[i]; i++)
            json_add_string(json, NULL, context->proof[i]);
        json_end(json);
    }
    add(json, "x_service", context->service);
    if (context->unproved && context->unproved[0]) {
        json_begin_array(json, "x_unproved");
        for (size_t i = 0; context->unproved[i]; i++)
            json_add_string(json, NULL, context->unproved[i]);
        json_end(json);
    }
    if (context->has_login_uid)
        json_add_uint(json, "x_login_uid", context->login_uid);
    add(json, "x_tier", context->tier);
    add(json, "x_mechanism", context->mechanism);
    add(json, "x_cgroup", context->cgroup);
    add(json, "x_traceparent", context->traceparent);
    if (context->veil) {
        json_add_string(json, "x_arguments", veil_mode_name(veil_arguments(context->veil)));
        json_add_string(json, "x_paths", veil_mode_name(veil_paths(context->veil)));
    }
}

static int check(const struct ocsf_context *context, struct error *err)
{
    if (!ocsf_actor_name(context->actor))
        return error_set(err, ERROR_INVALID, 0, "record: who acted is not known: say agent, human, system or delegated-human");
    if (context->actor == OCSF_AGENT && !context->identity)
        return error_set(err, ERROR_INVALID, 0, "record: an agent without an identity");
    if (context->actor != OCSF_SYSTEM && !context->has_user)
        return error_set(err, ERROR_INVALID, 0, "record: %s without a user on whose behalf it acted", ocsf_actor_name(context->actor));
    if (context->parent_count > OCSF_PARENTS_MAX)
        return error_set(err, ERROR_LIMIT, 0, "record: more than %d containers around one", OCSF_PARENTS_MAX);
    return 0;
}

int ocsf_parts_init(struct ocsf_parts *parts, const struct ocsf_context *context, struct error *err)
{
    static void (*const writers[PART_COUNT_])(struct json *, const struct ocsf_context *) = {
        [PART_PRODUCT] = write_product, [PART_DEVICE] = write_device, [PART_USER] = write_user, [PART_CONTAINER] = write_container,
        [PART_POLICY] = write_policy,   [PART_AGENT] = write_agent,   [PART_OWN] = write_own,
    };
    int status = check(context, err);

    *parts = (struct ocsf_parts){0};
    for (size_t i = 0; i < PART_COUNT_ && status == 0; i++) {
        struct text text = {0};
        struct json json = JSON_INIT(&text, 0);

        json_begin_object(&json, NULL);
        writers[i](&json, context);
        json_end(&json);
        status = text_take(&text, &parts->text[i], err);
        text_finish(&text);
        if (status < 0)
            break;
        /* without its braces */
        parts->size[i] = strlen(parts->text[i]) - 2;
        memmove(parts->text[i], parts->text[i] + 1, parts->size[i]);
        parts->text[i][parts->size[i]] = '\0';
    }
    if (status < 0)
        ocsf_parts_finish(parts);
    return status;
}

void ocsf_parts_finish(struct ocsf_parts *parts)
{
    for (size_t i = 0; i < PART_COUNT_; i++) {
        mem_free(parts->text[i]);
        parts->text[i] = NULL;
    }
}
