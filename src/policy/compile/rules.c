/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second file layer: what Landlock allows below which path. It adds up along a path and cannot
 * take away, so only the mounts that allow become rules; what is shut or read-only inside something
 * writable is held by the mounts alone, and the plan says so there.
 */
#include <errno.h>
#include <string.h>

#include "policy/compile/compile.h"

static int add_rule(struct compile *c, const struct plan_rule *rule, struct error *err)
{
    struct plan_rule *slot = arena_append(c->arena, c->plan->rules, c->plan->rule_count);

    if (!slot)
        return error_memory(err);
    *slot = *rule;
    return 0;
}

static int add_mount_rule(struct compile *c, const struct plan_mount *mount, struct error *err)
{
    struct plan_rule rule = {.target = mount->target, .origin = mount->origin};

    switch (mount->kind) {
    case PLAN_BIND:
        rule.may_write = mount->is_writable;
        rule.may_execute = !mount->is_device && !mount->is_socket && !mount->is_noexec;
        rule.is_device = mount->is_device;
        break;
    case PLAN_PRIVATE:
        rule.may_write = true;
        rule.may_execute = !mount->is_noexec;
        break;
    case PLAN_PROC: /* what is sealed there is sealed by mounts; links lead back to files with rules of their own */
        rule.may_write = true;
        break;
    case PLAN_DEV:
        rule.may_write = true;
        rule.is_device = true;
        break;
    case PLAN_FILE:
    case PLAN_SERVED:
        break;
    case PLAN_DIRECTORY:
    case PLAN_SYMLINK:
    case PLAN_PIN: /* inside a writable bind */
    case PLAN_MASK:
        return 0;
    }
    return add_rule(c, &rule, err);
}

int rules_add(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++)
        r = add_mount_rule(c, &c->plan->mounts[i], err);
    return r;
}
