/* SPDX-License-Identifier: Apache-2.0 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/path.h"

static const char *const names[] = {"a", "b", "c", ".git", "hooks"};
static const char *const globs[] = {"**", "*", "a", "b", "?", "[ab]", "a*", "*b", "[!a]", "hooks"};
static const char *const protected[] = {".git/hooks", ".npmrc", ".git/config"};
static const char *const hosts[] = {"x.org", "*.x.org", "a.x.org", "*.a.x.org"};
static const char *const words[] = {"A", "AB", "A*", "B", "B*", "*"};
static const char *const values[] = {"1", "1", "1", "2"};

unsigned source_below(struct source *source, unsigned limit)
{
    uint64_t mixed;

    if (source->data) {
        if (!source->size)
            return 0;
        source->size--;
        return *source->data++ % limit;
    }
    mixed = source->seed += 0x9e3779b97f4a7c15u; /* splitmix64 */
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((mixed ^ (mixed >> 31)) % limit);
}

static const char *any_path(struct arena *arena, struct source *source, bool is_glob)
{
    unsigned depth = source_below(source, 4);
    char *path = arena_string(arena, "");

    for (unsigned i = 0; path && i < depth; i++)
        path = arena_printf(arena, "%s/%s", path,
                            is_glob ? globs[source_below(source, ARRAY_COUNT(globs))]
                                    : names[source_below(source, ARRAY_COUNT(names))]);
    return path && !*path ? arena_string(arena, "/") : path;
}

static bool add_path(struct arena *arena, struct source *source, struct document *layer)
{
    struct path_rule *rule = arena_append(arena, layer->paths, layer->path_count);

    if (!rule)
        return false;
    rule->kind = (enum path_rule_kind)(1 + source_below(source, PATH_PRIVATE));
    rule->is_glob = source_below(source, 3) == 0;
    rule->path = any_path(arena, source, rule->is_glob);
    rule->origin.member = "filesystem.paths";
    if (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY || rule->kind == PATH_CACHE)
        layer->has_grants = true;
    return rule->path != NULL;
}

static bool add_view(struct arena *arena, struct source *source, struct document *layer)
{
    struct view *view = arena_append(arena, layer->views, layer->view_count);

    if (!view)
        return false;
    view->source = any_path(arena, source, false);
    view->target = any_path(arena, source, false);
    view->is_writable = source_below(source, 2);
    view->origin.member = "filesystem.views";
    layer->has_grants = true;
    return view->source && view->target;
}

static bool add_item(struct arena *arena, struct string_list *list, const char *text)
{
    struct string_item *item = arena_append(arena, list->items, list->count);

    list->is_set = true;
    if (!item)
        return false;
    item->text = text;
    return true;
}

static bool fill_paths(struct arena *arena, struct source *source, struct document *layer)
{
    unsigned path_count = source_below(source, 6);
    unsigned view_count = source_below(source, 4) == 0 ? 1 + source_below(source, 2) : 0;
    bool is_good = true;

    for (unsigned i = 0; i < path_count && is_good; i++)
        is_good = add_path(arena, source, layer);
    for (unsigned i = 0; i < view_count && is_good; i++)
        is_good = add_view(arena, source, layer);
    if (source_below(source, 3) == 0) {
        layer->protect_builtin = (struct setting){.is_set = true, .value = 1};
        if (is_good && source_below(source, 2))
            is_good = add_item(arena, &layer->unprotected,
                               protected[source_below(source, ARRAY_COUNT(protected))]);
    }
    return is_good;
}

static void any_block(struct source *source, struct net_block *block)
{
    bool is_v6 = source_below(source, 4) == 0;
    unsigned size = is_v6 ? 16 : 4, host_bits = source_below(source, 4);

    memset(block, 0, sizeof(*block));
    block->family = is_v6 ? AF_INET6 : AF_INET;
    block->address[0] = is_v6 ? 0x2a : 93;
    block->address[size - 1] = (unsigned char)(source_below(source, 8) >> host_bits << host_bits);
    block->prefix = 8 * size - host_bits;
}

static bool add_rule(struct arena *arena, struct source *source, struct egress_rule **rules,
                     size_t *count)
{
    struct egress_rule *list = *rules, *added = arena_append(arena, list, *count);
    struct net_rule *rule;

    *rules = list;
    if (!added)
        return false;
    rule = &added->rule;
    rule->where = "generated";
    for (unsigned n = source_below(source, 3); n; n--) {
        struct net_peer *peer = arena_append(arena, rule->peers, rule->peer_count);
        struct net_block *except;

        if (!peer)
            return false;
        if (source_below(source, 3) == 0)
            peer->host = hosts[source_below(source, ARRAY_COUNT(hosts))];
        peer->has_block = !peer->host || source_below(source, 3) == 0;
        if (peer->has_block)
            any_block(source, &peer->block);
        if (!peer->has_block || source_below(source, 3))
            continue;
        except = arena_append(arena, peer->except, peer->except_count);
        if (!except)
            return false;
        any_block(source, except);
    }
    for (unsigned n = source_below(source, 3); n; n--) {
        struct net_ports *ports = arena_append(arena, rule->ports, rule->port_count);

        if (!ports)
            return false;
        ports->last = 65535;
        ports->protocol = (enum net_protocol)source_below(source, 4);
        ports->has_port = source_below(source, 3) != 0;
        if (ports->has_port) {
            ports->first = (uint16_t)(1 + source_below(source, 4));
            ports->last = (uint16_t)(ports->first + source_below(source, 3));
        }
    }
    return true;
}

static void any_switch(struct source *source, struct setting *setting)
{
    unsigned value = source_below(source, 4);

    *setting = (struct setting){.is_set = value < 3, .value = value == 0 || value == 1};
}

static bool add_ports(struct arena *arena, struct source *source, struct port_grants *grants)
{
    grants->is_set = source_below(source, 4) == 0;
    for (unsigned n = grants->is_set ? source_below(source, 3) : 0; n; n--) {
        struct port_grant *grant = arena_append(arena, grants->items, grants->count);

        if (!grant)
            return false;
        grant->port = (uint16_t)(1 + source_below(source, 2));
        grant->host_port = (uint16_t)(1 + source_below(source, 2));
    }
    return true;
}

static bool fill_network(struct arena *arena, struct source *source, struct document *layer)
{
    unsigned allow_count = source_below(source, 3), deny_count = source_below(source, 3);
    struct network *network = &layer->network;
    bool is_good = true;

    network->is_set = true;
    any_switch(source, &network->egress_default);
    any_switch(source, &network->ingress_default);
    any_switch(source, &network->host_loopback);
    any_switch(source, &network->loopback);
    for (unsigned i = 0; i < allow_count && is_good; i++)
        is_good = add_rule(arena, source, &network->allow, &network->allow_count);
    for (unsigned i = 0; i < deny_count && is_good; i++)
        is_good = add_rule(arena, source, &network->deny, &network->deny_count);
    return is_good && add_ports(arena, source, &network->inward) && add_ports(arena, source, &network->outward);
}

static void any_number(struct source *source, struct setting *setting, unsigned limit)
{
    if (source_below(source, 2))
        *setting = (struct setting){.is_set = true, .value = source_below(source, limit)};
}

static bool fill_list(struct arena *arena, struct source *source, struct string_list *list)
{
    bool is_good = true;

    list->is_set = source_below(source, 2);
    for (unsigned n = list->is_set ? source_below(source, 4) : 0; n && is_good; n--)
        is_good = add_item(arena, list, words[source_below(source, ARRAY_COUNT(words))]);
    return is_good;
}

static bool fill_settings(struct arena *arena, struct source *source, struct document *layer)
{
    struct resources *resources = &layer->resources;
    struct string_list *lists[] = {&layer->devices,       &layer->unix_sockets,
                                   &layer->syscalls_deny, &layer->syscalls_allow,
                                   &layer->env_inherit,   &layer->allow_loss};
    struct setting *numbers[] = {&resources->memory,     &resources->cpus,     &resources->pids,
                                 &resources->open_files, &resources->disk,     &resources->output,
                                 &resources->wall_time,  &resources->cpu_time, &layer->timeout,
                                 &layer->nested_depth,   &layer->nested_number};
    struct setting *switches[] = {&layer->toolchains, &layer->nested_namespaces, &layer->nested_containers, &layer->clipboard_write,
                                  &layer->identity_files};
    bool is_good = true;

    for (size_t i = 0; i < ARRAY_COUNT(lists) && is_good; i++)
        is_good = fill_list(arena, source, lists[i]);
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        any_number(source, numbers[i], 4);
    for (size_t i = 0; i < ARRAY_COUNT(switches); i++)
        any_switch(source, switches[i]);
    any_number(source, &layer->audit_mode, AUDIT_REQUIRED + 1);
    any_number(source, &layer->audit_arguments, AUDIT_SEALED + 1);
    any_number(source, &layer->audit_paths, AUDIT_SEALED + 1);
    any_number(source, &layer->minimum_tier, TIER_INSTANCE + 1);
    if (source_below(source, 4) == 0)
        any_number(source, &layer->tier, TIER_INSTANCE + 1);
    for (unsigned n = source_below(source, 3); n && is_good; n--) {
        struct env_item *item = arena_append(arena, layer->env_set, layer->env_set_count);

        is_good = item != NULL;
        if (item)
            *item = (struct env_item){.name = source_below(source, 2) ? "A" : "AB",
                                      .value = values[source_below(source, ARRAY_COUNT(values))]};
    }
    return is_good;
}

/* Each with a name of its own in the document, that no variable has, as the reader has it. */
static bool fill_secrets(struct arena *arena, struct source *source, struct document *layer)
{
    static const char *const called[] = {"K", "L"}, *const places[] = {"a.example.org", "b.example.org", "c.test"};
    static const char *const fields[] = {"authorization", "x-key"};
    bool is_good = true;

    layer->secrets.is_set = source_below(source, 2);
    for (size_t i = 0; i < ARRAY_COUNT(called) && layer->secrets.is_set && is_good; i++) {
        struct secret *secret = source_below(source, 2) ? arena_append(arena, layer->secrets.items, layer->secrets.count) : NULL;

        if (!secret)
            continue;
        *secret = (struct secret){.name = called[i], .source = SECRET_ENV, .text = called[source_below(source, 2)]};
        secret->hosts.is_set = true;
        for (size_t j = 0; j < ARRAY_COUNT(places) && is_good; j++)
            is_good = (j && source_below(source, 2)) || add_item(arena, &secret->hosts, places[j]);
        secret->fields = arena_append(arena, secret->fields, secret->field_count);
        if (secret->fields)
            *secret->fields = (struct net_secret_field){.place = NET_SECRET_HEADER, .field = fields[source_below(source, 2)]};
        is_good = is_good && secret->fields;
    }
    return is_good;
}

struct document *generate_document(struct arena *arena, struct source *source, enum layer_kind kind,
                                   unsigned parts)
{
    struct document *layer = arena_alloc(arena, sizeof(*layer));
    bool is_good = layer != NULL;

    if (is_good)
        layer->kind = kind;
    if (is_good && parts & GENERATE_PATHS)
        is_good = fill_paths(arena, source, layer);
    if (is_good && parts & GENERATE_NETWORK)
        is_good = fill_network(arena, source, layer);
    if (is_good && parts & GENERATE_SETTINGS)
        is_good = fill_settings(arena, source, layer);
    if (is_good && parts & GENERATE_SECRETS)
        is_good = fill_secrets(arena, source, layer);
    return is_good ? layer : NULL;
}

struct document *generate_variant(struct arena *arena, struct source *source,
                                  const struct document *document, unsigned parts)
{
    struct document *copy = arena_alloc(arena, sizeof(*copy));
    struct path_rule *rules;

    if (!copy)
        return NULL;
    *copy = *document;
    rules = arena_alloc(arena, (2 * document->path_count + 1) * sizeof(*rules));
    if (!rules)
        return NULL;
    if (document->path_count)
        memcpy(rules, document->paths, document->path_count * sizeof(*rules));
    copy->paths = rules;
    if (parts & GENERATE_PATHS && copy->path_count && source_below(source, 2)) {
        size_t at = source_below(source, (unsigned)copy->path_count);

        if (source_below(source, 2))
            rules[at].kind = (enum path_rule_kind)(1 + source_below(source, PATH_PRIVATE));
        else
            rules[at] = rules[--copy->path_count];
    } else if (parts & GENERATE_PATHS) {
        struct document extra = {.kind = copy->kind};

        if (!add_path(arena, source, &extra))
            return NULL;
        rules[copy->path_count++] = extra.paths[0];
        copy->has_grants = copy->has_grants || extra.has_grants;
    }
    if (parts & GENERATE_NETWORK) {
        bool is_deny = source_below(source, 2);
        size_t *count = is_deny ? &copy->network.deny_count : &copy->network.allow_count;

        if (*count)
            --*count;
        else
            any_switch(source, &copy->network.egress_default);
    }
    return copy;
}

static void *must(const void *pointer)
{
    if (!pointer)
        abort();
    return (void *)(uintptr_t)pointer;
}

struct policy *make_policy(void)
{
    struct policy *policy;

    if (policy_new(&policy, NULL) < 0)
        abort();
    return policy;
}

struct document *make_layer(struct policy *policy, enum layer_kind kind)
{
    struct document *layer = must(arena_alloc(policy->arena, sizeof(*layer)));

    layer->kind = kind;
    if (policy_add_layer(policy, layer, NULL) < 0)
        abort();
    return layer;
}

void make_path(struct policy *policy, struct document *layer, enum path_rule_kind kind,
               const char *path)
{
    struct path_rule *rule = must(arena_append(policy->arena, layer->paths, layer->path_count));

    *rule = (struct path_rule){.kind = kind,
                               .path = path,
                               .is_glob = strpbrk(path, "*?[") != NULL,
                               .origin = {.member = path}};
    if (kind == PATH_READWRITE || kind == PATH_READONLY || kind == PATH_CACHE)
        layer->has_grants = true;
}

void make_view(struct policy *policy, struct document *layer, const char *source,
               const char *target, bool is_writable)
{
    struct view *view = must(arena_append(policy->arena, layer->views, layer->view_count));

    *view = (struct view){.source = source,
                          .target = target,
                          .is_writable = is_writable,
                          .origin = {.member = "filesystem.views"}};
    layer->has_grants = true;
}

void make_item(struct policy *policy, struct string_list *list, const char *text)
{
    struct string_item *item = must(arena_append(policy->arena, list->items, list->count));

    item->text = text;
    item->origin.member = text;
    list->is_set = true;
}

void make_variable(struct policy *policy, struct document *layer, const char *name,
                   const char *value)
{
    struct env_item *item = must(arena_append(policy->arena, layer->env_set, layer->env_set_count));

    *item = (struct env_item){.name = name, .value = value, .origin = {.member = value}};
}

void make_setting(struct setting *setting, uint64_t value)
{
    *setting = (struct setting){.is_set = true, .value = value};
}

void make_rule(struct policy *policy, struct document *layer, bool is_deny, const char *peer_text,
               unsigned first, unsigned last, enum net_protocol protocol)
{
    struct network *network = &layer->network;
    struct egress_rule *added =
        is_deny ? must(arena_append(policy->arena, network->deny, network->deny_count))
                : must(arena_append(policy->arena, network->allow, network->allow_count));
    struct net_rule *rule = &added->rule;

    rule->where = "made";
    network->is_set = true;
    if (peer_text) {
        struct net_peer *peer = must(arena_append(policy->arena, rule->peers, rule->peer_count));

        peer->has_block = net_block_parse(peer_text, &peer->block, NULL) == 0;
        if (!peer->has_block)
            peer->host = peer_text;
    }
    if (first || protocol != NET_ANY) {
        struct net_ports *ports = must(arena_append(policy->arena, rule->ports, rule->port_count));

        *ports = (struct net_ports){.first = (uint16_t)first,
                                    .last = (uint16_t)(first ? last : 65535),
                                    .has_port = first != 0,
                                    .protocol = protocol};
    }
}
