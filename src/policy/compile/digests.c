/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names for what was decided: the policy by the digests of its layers in their order, the plan by
 * everything that is executed. Device and inode numbers are left out: they check, they do not
 * decide, and the same plan must have the same name on the next run.
 */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/compile/compile.h"

static void add_policy(const struct policy *policy, struct text *text)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        text_printf(text, "%d %s\n", (int)policy->layers[i]->kind, policy->layers[i]->digest);
}

/* With its end, so that no content can look like two fields. */
static void add_string(struct text *text, const char *string)
{
    text_add_n(text, string ? "+" : "-", 1);
    if (string)
        text_add_n(text, string, strlen(string) + 1);
}

static void add_number(struct text *text, uint64_t number)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    text_add_n(text, (const char *)bytes, sizeof(bytes));
}

static void add_strings(struct text *text, const char *const *strings, size_t count)
{
    add_number(text, count);
    for (size_t i = 0; i < count; i++)
        add_string(text, strings[i]);
}

/* Rules are not in it: they follow from the mounts. */
static void add_files(const struct plan *plan, struct text *text)
{
    add_number(text, plan->mount_count);
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        const char flags[] = {
            (char)mount->kind, mount->is_writable, mount->is_directory,      mount->is_device,
            mount->is_socket,  mount->is_noexec,   (char)(mount->mode >> 8), (char)mount->mode,
            mount->is_sealed,  mount->is_reviewed,
        };
        bool is_same = mount->source && strcmp(mount->source, mount->target) == 0;

        text_add_n(text, flags, sizeof(flags));
        add_string(text, mount->target);
        add_string(text, is_same ? "" : mount->source);
    }
    add_number(text, plan->names_fold);
    add_number(text, plan->name_count);
    for (size_t i = 0; i < plan->name_count; i++) {
        add_number(text, plan->names[i].kind);
        add_string(text, plan->names[i].pattern);
    }
}

static void add_peer(struct text *text, const struct net_peer *peer)
{
    add_string(text, peer->host);
    add_number(text, peer->has_block);
    for (size_t i = 0; i <= peer->except_count && peer->has_block; i++) {
        const struct net_block *block = i ? &peer->except[i - 1] : &peer->block;

        add_number(text, (uint64_t)block->family);
        add_number(text, block->prefix);
        text_add_n(text, (const char *)block->address, sizeof(block->address));
    }
    add_number(text, peer->except_count);
}

static void add_requests(struct text *text, const struct net_requests *requests)
{
    add_number(text, requests != NULL);
    if (!requests)
        return;
    add_number(text, requests->has_websocket + 2u * requests->has_calls + 4u * requests->is_mcp);
    add_strings(text, requests->methods, requests->method_count);
    add_strings(text, requests->paths, requests->path_count);
    add_strings(text, requests->calls, requests->call_count);
    add_strings(text, requests->tools, requests->tool_count);
}

static void add_budget(struct text *text, const struct net_budget *budget)
{
    add_number(text, budget->connections);
    add_number(text, budget->requests);
    add_number(text, budget->bytes_up);
    add_number(text, budget->bytes_down);
    add_number(text, budget->bytes_per_second);
    add_number(text, budget->ends_run);
}

/* What a program is stays the same on the next run, its inode and times may not. */
static void add_tables(struct text *text, const struct net_rules *rules)
{
    add_number(text, rules->program_count);
    for (size_t i = 0; i < rules->program_count; i++) {
        add_string(text, rules->programs[i].path);
        text_add_n(text, (const char *)rules->programs[i].digest, sizeof(rules->programs[i].digest));
    }
    add_number(text, rules->budget_count);
    add_number(text, rules->total_count);
    for (size_t i = 0; i < rules->budget_count; i++)
        add_budget(text, &rules->budgets[i]);
}

static void add_until(struct text *text, uint64_t until_ms)
{
    text_add(text, "until");
    add_number(text, until_ms);
}

static void add_egress(struct text *text, const struct net_rule *rules, size_t count)
{
    add_number(text, count);
    for (size_t i = 0; i < count; i++) {
        add_number(text, rules[i].peer_count);
        for (size_t j = 0; j < rules[i].peer_count; j++)
            add_peer(text, &rules[i].peers[j]);
        add_number(text, rules[i].port_count);
        for (size_t j = 0; j < rules[i].port_count; j++) {
            const struct net_ports *ports = &rules[i].ports[j];

            add_number(text, (uint64_t)ports->protocol << 33 | (uint64_t)ports->has_port << 32 |
                                 (uint64_t)ports->first << 16 | ports->last);
        }
        add_number(text, rules[i].terminates);
        add_requests(text, rules[i].requests);
        add_number(text, rules[i].program_count);
        for (size_t j = 0; j < rules[i].program_count; j++)
            add_number(text, rules[i].programs[j]);
        add_number(text, rules[i].budget);
        if (rules[i].until_ms) /* a policy without has the digest that it has always had */
            add_until(text, rules[i].until_ms);
    }
}

static void add_doors(struct text *text, const struct net_door *doors, size_t count)
{
    add_number(text, count);
    for (size_t i = 0; i < count; i++)
        add_number(text, (uint64_t)doors[i].port << 16 | doors[i].to_port);
}

/* Where each comes from is not in it. */
static void add_network(const struct plan *plan, struct text *text)
{
    const struct net_rules *rules = plan->net_rules;

    add_number(text, (uint64_t)plan->network);
    if (!rules)
        return;
    add_number(text, rules->layer_count);
    for (size_t i = 0; i < rules->layer_count; i++) {
        add_number(text, rules->layers[i].is_open + 2u * rules->layers[i].only_denies);
        add_egress(text, rules->layers[i].allow, rules->layers[i].allow_count);
        add_egress(text, rules->layers[i].deny, rules->layers[i].deny_count);
    }
    add_tables(text, rules);
    add_doors(text, rules->inward, rules->inward_count);
    add_doors(text, rules->outward, rules->outward_count);
}

static void add_secrets(const struct plan *plan, struct text *text)
{
    add_number(text, plan->secret_count);
    for (size_t i = 0; i < plan->secret_count; i++) {
        const struct plan_secret *secret = &plan->secrets[i];
        size_t count = 0;

        add_string(text, secret->name);
        add_number(text, (uint64_t)secret->source);
        add_string(text, secret->text);
        while (secret->command && secret->command[count])
            count++;
        add_strings(text, secret->command, count);
        add_string(text, secret->variable);
        add_string(text, secret->file);
        add_string(text, secret->prefix);
        add_strings(text, secret->hosts, secret->host_count);
        add_number(text, secret->field_count);
        for (size_t j = 0; j < secret->field_count; j++) {
            add_number(text, (uint64_t)secret->fields[j].place);
            add_string(text, secret->fields[j].field);
        }
    }
    add_number(text, plan->authority_count);
    for (size_t i = 0; i < plan->authority_count; i++)
        add_string(text, plan->authorities[i].digest);
}

/* Only where a policy says something of it, so that the others' digests stay. */
static void add_attribution(const struct plan *plan, struct text *text)
{
    if (plan->identity_class || plan->identity_sponsor) {
        add_string(text, plan->identity_class);
        add_string(text, plan->identity_sponsor);
    }
    if (plan->identity_audiences) {
        size_t count = 0;

        while (plan->identity_audiences[count])
            count++;
        add_string(text, "audiences");
        add_strings(text, plan->identity_audiences, count);
    }
    if (plan->audit_mode || plan->audit_arguments || plan->audit_paths)
        add_number(text, (uint64_t)plan->audit_mode << 16 | (uint64_t)plan->audit_arguments << 8 | (uint64_t)plan->audit_paths);
    if (plan->nested_number)
        add_number(text, (uint64_t)plan->nested_depth << 32 | plan->nested_number);
}

static void add_rest(const struct plan *plan, struct text *text)
{
    const struct plan_filter *filter = &plan->filter;

    add_string(text, plan->tier);
    if (plan->wall != PLAN_WALL_NAMESPACES)
        add_string(text, plan_wall_name(plan->wall));
    for (size_t i = 0; i < plan->private_count; i++)
        add_string(text, plan->privates[i].variable);
    add_number(text, plan->landlock_files);
    add_number(text, plan->owns_formats);
    add_network(plan, text);
    add_secrets(plan, text);
    add_number(text, filter->allows_namespaces);
    add_number(text, filter->allows_inet);
    add_number(text, filter->sends_datagrams);
    add_number(text, plan->clipboard_write);
    add_attribution(plan, text);
    add_number(text, plan->timeout_ms);
    add_strings(text, filter->deny, filter->deny_count);
    add_strings(text, filter->allow, filter->allow_count);
    add_number(text, plan->limit_count);
    for (size_t i = 0; i < plan->limit_count; i++) {
        add_string(text, plan->limits[i].member);
        add_number(text, plan->limits[i].value);
        add_number(text, (uint64_t)plan->limits[i].by);
    }
    add_strings(text, plan->env, plan->env_count);
    add_string(text, plan->cwd);
    add_string(text, plan->command_line);
}

static int take_digest(const struct text *text, char digest[DIGEST_TEXT_SIZE], struct error *err)
{
    if (text->is_broken)
        return error_memory(err);
    digest_text(text->data ? text->data : "", text->length, digest);
    return 0;
}

int digests_add_plan(struct plan *plan, struct error *err)
{
    auto_text struct text text = {0};

    add_files(plan, &text);
    add_rest(plan, &text);
    return take_digest(&text, plan->plan_digest, err);
}

int digests_add(struct compile *c, struct error *err)
{
    auto_text struct text policy = {0};
    int r;

    add_policy(c->policy, &policy);
    r = take_digest(&policy, c->plan->policy_digest, err);
    return r < 0 ? r : digests_add_plan(c->plan, err);
}
