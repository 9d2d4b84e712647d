/* SPDX-License-Identifier: Apache-2.0 */
/* What the program sees of the host's files and what it may do there, as a part of the record. */
#include <string.h>

#include "base/memory.h"
#include "tier/process/image_parts.h"

/* The mount that the target of entry `index` lies in, NULL = the root skeleton. `lengths` are those of all targets. */
static const struct plan_mount *mount_around(const struct plan *plan, const size_t *lengths, size_t index)
{
    const char *target = plan->mounts[index].target;
    const struct plan_mount *around = NULL;
    size_t around_length = 0;

    for (size_t i = 0; i < index; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        size_t length = lengths[i];

        if (length >= lengths[index] || length <= around_length || (target[length] != '/' && length != 1))
            continue;
        if (mount->kind == PLAN_SYMLINK || mount->kind == PLAN_MASK || memcmp(target, mount->target, length) != 0)
            continue;
        around = mount;
        around_length = length;
    }
    return around;
}

/* Is the directory around entry `index` one that we make ourselves, so that mount points can be made in it? */
static bool is_in_skeleton(const struct plan *plan, const size_t *lengths, size_t index)
{
    const struct plan_mount *around = mount_around(plan, lengths, index);

    return !around || around->kind == PLAN_DIRECTORY || around->kind == PLAN_PRIVATE || around->kind == PLAN_DEV;
}

static bool kind_is_directory(const struct plan_mount *mount)
{
    return mount->is_directory || mount->kind == PLAN_PRIVATE || mount->kind == PLAN_PROC ||
           mount->kind == PLAN_DEV || mount->kind == PLAN_DIRECTORY || mount->kind == PLAN_SERVED;
}

/* A rule whose target is this mount can be added from the mount's own descriptor. */
static uint64_t mount_access(const struct plan *plan, const struct plan_mount *mount, const struct confine *confine)
{
    if (mount->kind != PLAN_BIND && mount->kind != PLAN_PRIVATE && mount->kind != PLAN_FILE && mount->kind != PLAN_SERVED)
        return 0;
    for (size_t i = 0; i < plan->rule_count; i++)
        if (strcmp(plan->rules[i].target, mount->target) == 0)
            return confine_rights(confine, &plan->rules[i], kind_is_directory(mount));
    return 0;
}

static size_t source_size(const struct plan_mount *mount)
{
    return mount->kind != PLAN_FILE ? 0 : mount->source_size ? mount->source_size : strlen(mount->source);
}

/* What several files hold, which can be large, is there once. */
static uint32_t put_source(struct image *image, const struct plan_mount *from, const struct record_mount *made, size_t index)
{
    const struct plan_mount *mount = &from[index];

    if (!mount->source)
        return 0;
    for (size_t i = 0; mount->source_size && i < index; i++)
        if (from[i].source == mount->source && from[i].source_size == mount->source_size)
            return made[i].source;
    return mount->source_size ? image_put(image, mount->source, mount->source_size, 1) : image_put_string(image, mount->source);
}

/* NULL = the program is told of none. */
static const char *home_of(const struct plan *plan)
{
    for (size_t i = 0; i < plan->env_count; i++)
        if (strncmp(plan->env[i], "HOME=", strlen("HOME=")) == 0)
            return plan->env[i] + strlen("HOME=");
    return NULL;
}

void image_put_mounts(struct image *image, const struct plan *plan, const struct confine *confine, struct error *err)
{
    auto_free struct record_mount *mounts = mem_alloc(plan->mount_count * sizeof(*mounts));
    auto_free size_t *lengths = mem_alloc(plan->mount_count * sizeof(*lengths));
    const char *home = home_of(plan);
    uint32_t at;

    if (!mounts || !lengths) {
        image_break(image, err);
        return;
    }
    for (size_t i = 0; i < plan->mount_count; i++)
        lengths[i] = strlen(plan->mounts[i].target);
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *from = &plan->mounts[i];
        bool makes_point = from->kind == PLAN_BIND || from->kind == PLAN_PRIVATE || from->kind == PLAN_DIRECTORY ||
                           from->kind == PLAN_FILE || from->kind == PLAN_SERVED;

        mounts[i] = (struct record_mount){
            .kind = from->kind,
            .flags = (from->is_writable && !from->is_socket ? RECORD_WRITABLE : 0u) |
                     (from->is_directory || from->kind == PLAN_PRIVATE || from->kind == PLAN_SERVED ? RECORD_DIRECTORY : 0u) |
                     (from->is_device ? RECORD_DEVICE : 0u) | (from->is_noexec ? RECORD_NOEXEC : 0u) |
                     (from->is_sealed ? RECORD_SEALED : 0u) | (from->is_socket ? RECORD_SOCKET : 0u) |
                     (from->kind == PLAN_PRIVATE && home && strcmp(from->target, home) == 0 ? RECORD_HOME : 0u) |
                     (from->is_reviewed ? RECORD_REVIEWED : 0u) |
                     (makes_point && is_in_skeleton(plan, lengths, i) ? RECORD_IN_SKELETON : 0u),
            .source = put_source(image, plan->mounts, mounts, i),
            .source_size = (uint32_t)source_size(from),
            .target = image_put_string(image, from->target),
            .mode = from->mode,
            .device = image_device_number(from->device),
            .inode = from->inode,
            .access = mount_access(plan, from, confine),
        };
    }
    at = image_put_array(image, mounts, plan->mount_count, sizeof(*mounts));
    if (!image->bytes.is_broken) {
        image_head(image)->mounts = at;
        image_head(image)->mount_count = (uint32_t)plan->mount_count;
    }
}

/* The mount at `target`, NULL = none; the last one is what is seen. */
static const struct plan_mount *mount_at(const struct plan *plan, const char *target)
{
    for (size_t i = plan->mount_count; i-- > 0;)
        if (strcmp(plan->mounts[i].target, target) == 0)
            return &plan->mounts[i];
    return NULL;
}

/* In place every rule is a grant of the host's own object, and nothing was mounted that could have been compared. */
static struct record_rule rule_of(struct image *image, const struct plan *plan, const struct plan_rule *rule,
                                  const struct plan_mount *mount)
{
    struct record_rule made = {.target = image_put_string(image, rule->target)};

    if (plan->wall != PLAN_WALL_LANDLOCK || !mount)
        return made;
    made.device = image_device_number(mount->device);
    made.inode = mount->inode;
    made.flags = rule->may_write && !rule->is_device ? RECORD_RULE_METADATA : 0;
    return made;
}

/* The directory of this run: the program's as a whole. */
static void put_scratch_rule(struct image *image, const struct confine *confine, const char *scratch,
                             struct record_rule *rules, uint32_t *count)
{
    const struct plan_rule rule = {.may_write = true, .may_execute = true};

    if (scratch)
        rules[(*count)++] = (struct record_rule){.target = image_put_string(image, scratch),
                                                 .flags = RECORD_RULE_METADATA,
                                                 .access = confine_rights(confine, &rule, true)};
}

void image_put_confinement(struct image *image, const struct plan *plan, const struct confine *confine, const char *scratch,
                           struct error *err)
{
    auto_free struct record_rule *rules = mem_alloc((plan->rule_count + 2) * sizeof(*rules));
    bool is_in_place = plan->wall == PLAN_WALL_LANDLOCK;
    uint32_t count = 0, at;

    if (!rules) {
        image_break(image, err);
        return;
    }
    for (size_t i = 0; confine->fs && i < plan->rule_count; i++) {
        const struct plan_rule *rule = &plan->rules[i];
        const struct plan_mount *mount = mount_at(plan, rule->target);
        uint64_t rights = confine_rights(confine, rule, !mount || kind_is_directory(mount));

        if (!rights || (!is_in_place && mount && mount_access(plan, mount, confine)))
            continue;
        rules[count] = rule_of(image, plan, rule, mount);
        rules[count++].access = rights;
    }
    put_scratch_rule(image, confine, scratch, rules, &count);
    at = image_put_array(image, rules, count, sizeof(*rules));
    if (image->bytes.is_broken)
        return;
    image_head(image)->rules = at;
    image_head(image)->rule_count = count;
    image_head(image)->landlock_fs = confine->fs;
    image_head(image)->landlock_net = confine->net;
    image_head(image)->landlock_scoped = confine->scoped;
    image_head(image)->landlock_size = confine->size;
    image_head(image)->landlock_restrict_flags = confine->restrict_flags;
    if (confine->fs || confine->net || confine->scoped)
        image_head(image)->flags |= RECORD_LANDLOCK;
}
