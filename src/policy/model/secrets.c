/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which secrets all layers give, and to which hosts. Requests that name the same one must say the same of it, but for the
 * hosts; of these those stay that everybody names. A ceiling without `secrets` limits none.
 */
#include "policy/model/secrets.h"

#include <errno.h>
#include <string.h>

static bool is_same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_command(const struct secret *a, const struct secret *b)
{
    if (a->command_count != b->command_count)
        return false;
    for (size_t i = 0; i < a->command_count; i++)
        if (strcmp(a->command[i], b->command[i]) != 0)
            return false;
    return true;
}

static bool has_field(const struct secret *secret, const struct net_secret_field *field)
{
    for (size_t i = 0; i < secret->field_count; i++)
        if (secret->fields[i].place == field->place && strcmp(secret->fields[i].field, field->field) == 0)
            return true;
    return false;
}

static bool has_fields(const struct secret *secret, const struct secret *of)
{
    for (size_t i = 0; i < of->field_count; i++)
        if (!has_field(secret, &of->fields[i]))
            return false;
    return true;
}

/* Everything but the hosts. */
static bool is_same(const struct secret *a, const struct secret *b)
{
    return is_same_text(a->name, b->name) && is_same_text(a->file, b->file) && a->source == b->source &&
           is_same_text(a->text, b->text) && is_same_command(a, b) && is_same_text(a->prefix, b->prefix) &&
           has_fields(a, b) && has_fields(b, a);
}

/* A pattern covers itself too: `host` may be one where two ceilings are compared. */
static bool has_host(const struct string_list *hosts, const char *host)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (strcmp(hosts->items[i].text, host) == 0 || net_name_matches(hosts->items[i].text, host))
            return true;
    return false;
}

bool secret_covers(const struct secret *limit, const struct secret *secret, const char *host)
{
    if ((limit->name && !is_same_text(limit->name, secret->name)) || (limit->file && !is_same_text(limit->file, secret->file)))
        return false;
    if (limit->prefix && !is_same_text(limit->prefix, secret->prefix))
        return false;
    if (limit->source && (limit->source != secret->source || (limit->text && !is_same_text(limit->text, secret->text))))
        return false;
    if (limit->command_count && !is_same_command(limit, secret))
        return false;
    if (limit->hosts.is_set && (!host || !has_host(&limit->hosts, host)))
        return false;
    return !limit->field_count || (secret->field_count && has_fields(limit, secret));
}

bool document_limits_secrets(const struct document *layer)
{
    return layer->kind != LAYER_CEILING || layer->secrets.is_set;
}

bool document_permits_secret(const struct document *layer, const struct secret *secret, const char *host)
{
    if (!document_limits_secrets(layer))
        return true;
    for (size_t i = 0; i < layer->secrets.count; i++) {
        const struct secret *item = &layer->secrets.items[i];

        if (layer->kind == LAYER_CEILING ? secret_covers(item, secret, host)
                                         : is_same(item, secret) && host && has_host(&item->hosts, host))
            return true;
    }
    return false;
}

bool policy_permits_secret(const struct policy *policy, const struct secret *secret, const char *host)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!document_permits_secret(policy->layers[i], secret, host))
            return false;
    return policy->layer_count > 0;
}

static bool has_request(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind != LAYER_CEILING)
            return true;
    return false;
}

static int refuse_other(struct arena *arena, const struct secret *first, const struct secret *second, settle_refuse *refuse,
                        void *data, struct error *err)
{
    const char *first_text = origin_text(arena, &first->origin), *second_text = origin_text(arena, &second->origin);
    struct error made = ERROR_INIT;

    if (!first_text || !second_text)
        return error_memory(err);
    error_set(&made, ERROR_INVALID, EINVAL, "secrets: %.150s and %.150s contradict each other over '%s': they may differ in hosts alone",
              first_text, second_text, first->name);
    if (refuse)
        return refuse(&made, data, err);
    if (err)
        *err = made;
    return -EINVAL;
}

/* The first request's item of that name before `layer`, NULL = this is the first. */
static const struct secret *named_before(const struct policy *policy, size_t layer, const char *name)
{
    for (size_t i = 0; i < layer; i++) {
        const struct document *document = policy->layers[i];

        for (size_t j = 0; document->kind != LAYER_CEILING && j < document->secrets.count; j++)
            if (strcmp(document->secrets.items[j].name, name) == 0)
                return &document->secrets.items[j];
    }
    return NULL;
}

static int add_secret(const struct policy *policy, struct arena *arena, const struct secret *secret, struct secret **secrets,
                      size_t *count, struct error *err)
{
    struct string_list hosts = {.is_set = true, .origin = secret->hosts.origin};
    struct secret *slot;

    for (size_t i = 0; i < secret->hosts.count; i++) {
        struct string_item *item;

        if (!policy_permits_secret(policy, secret, secret->hosts.items[i].text))
            continue;
        item = arena_append(arena, hosts.items, hosts.count);
        if (!item)
            return error_memory(err);
        *item = secret->hosts.items[i];
    }
    if (!hosts.count)
        return 0;
    slot = arena_append(arena, *secrets, *count);
    if (!slot)
        return error_memory(err);
    *slot = *secret;
    slot->hosts = hosts;
    return 0;
}

int policy_secrets(const struct policy *policy, struct arena *arena, settle_refuse *refuse, void *data,
                   struct secret **ret_secrets, size_t *ret_count, struct error *err)
{
    struct secret *secrets = NULL;
    size_t count = 0;
    int r = 0;

    for (size_t i = 0; has_request(policy) && i < policy->layer_count && r == 0; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; layer->kind != LAYER_CEILING && j < layer->secrets.count && r == 0; j++) {
            const struct secret *secret = &layer->secrets.items[j];
            const struct secret *before = named_before(policy, i, secret->name);

            if (!before)
                r = add_secret(policy, arena, secret, &secrets, &count, err);
            else if (!is_same(before, secret))
                r = refuse_other(arena, before, secret, refuse, data, err);
        }
    }
    if (r < 0)
        return r;
    *ret_secrets = secrets;
    *ret_count = count;
    return 0;
}
