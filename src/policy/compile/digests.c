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

/* Length before content, so that no content can look like two fields. */
static void add_string(struct text *text, const char *string)
{
    if (!string) {
        text_add(text, "-\n");
        return;
    }
    text_printf(text, "%zu:", strlen(string));
    text_add(text, string);
    text_add(text, "\n");
}

static void add_files(const struct plan *plan, struct text *text)
{
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        text_printf(text, "mount %d %d%d%d%d%d %o\n", (int)mount->kind, mount->is_writable,
                    mount->is_directory, mount->is_device, mount->is_socket, mount->is_noexec,
                    (unsigned)mount->mode);
        add_string(text, mount->target);
        add_string(text, mount->source);
    }
    for (size_t i = 0; i < plan->rule_count; i++) {
        const struct plan_rule *rule = &plan->rules[i];

        text_printf(text, "rule %d%d%d\n", rule->may_write, rule->may_execute, rule->is_device);
        add_string(text, rule->target);
    }
}

static void add_rest(const struct plan *plan, struct text *text)
{
    const struct plan_filter *filter = &plan->filter;

    add_string(text, plan->tier);
    text_printf(text, "%d %d %d%d %zu %zu %llu\n", plan->landlock_files, (int)plan->network,
                filter->allows_namespaces, filter->allows_inet, filter->deny_count,
                filter->allow_count, (unsigned long long)plan->timeout_ms);
    for (size_t i = 0; i < filter->deny_count; i++)
        add_string(text, filter->deny[i]);
    for (size_t i = 0; i < filter->allow_count; i++)
        add_string(text, filter->allow[i]);
    for (size_t i = 0; i < plan->limit_count; i++) {
        add_string(text, plan->limits[i].member);
        text_printf(text, "%llu %d\n", (unsigned long long)plan->limits[i].value,
                    (int)plan->limits[i].by);
    }
    for (size_t i = 0; i < plan->env_count; i++)
        add_string(text, plan->env[i]);
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

int digests_add(struct compile *c, struct error *err)
{
    auto_text struct text policy = {0};
    auto_text struct text plan = {0};
    int r;

    add_policy(c->policy, &policy);
    r = take_digest(&policy, c->plan->policy_digest, err);
    if (r < 0)
        return r;
    add_files(c->plan, &plan);
    add_rest(c->plan, &plan);
    return take_digest(&plan, c->plan->plan_digest, err);
}
