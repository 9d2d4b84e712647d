/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A reviewed run: nothing of the host changes before somebody said so. Each writable directory is read through a layer that
 * takes the changes; what no layer can be laid over is refused by name.
 */
#include <string.h>

#include "policy/compile/compile.h"

#define REVIEWED_MAX 64 /* as the tier has it */

static bool is_granted_tree(const struct plan_mount *mount)
{
    return mount->kind == PLAN_BIND && mount->is_writable && !mount->is_socket && !mount->is_device;
}

/* A mount inside it would be missing, and the kernel lays nothing over a tree with such. */
static int check_mounts_below(struct compile *c, const struct plan_mount *mount, struct error *err)
{
    for (size_t i = 0; i < c->mounts.count; i++) {
        const char *point = c->mounts.mounts[i].point;

        if (strcmp(point, mount->source) == 0 || !path_is_within(point, mount->source))
            continue;
        return compile_problem(c, ERROR_UNENFORCEABLE, mount->origin, err,
                               "%s cannot be reviewed as a whole: %s is another file system mounted in it; grant that one "
                               "apart from it, unmount it, or run without --review",
                               mount->source, point);
    }
    return 0;
}

/* The same files through two layers would be two answers to one question. */
static int check_twice(struct compile *c, const struct plan_mount *mount, struct error *err)
{
    size_t length = strlen(mount->source);

    for (size_t i = 0; i < c->plan->mount_count; i++) {
        const struct plan_mount *other = &c->plan->mounts[i];
        const char *rest = other->source ? other->source + length : "";

        if (other == mount || !is_granted_tree(other) || !path_is_within(other->source, mount->source))
            continue;
        if (path_is_within(other->target, mount->target) && strcmp(other->target + strlen(mount->target), rest) == 0)
            continue;
        return compile_problem(c, ERROR_UNENFORCEABLE, other->origin, err,
                               "%s is writable as %s and as a part of %s, which a review cannot keep together; grant one of "
                               "them read-only, or run without --review",
                               other->source, other->target, mount->target);
    }
    return 0;
}

static int mark(struct compile *c, struct plan_mount *mount, struct error *err)
{
    int r;

    if (!mount->is_directory)
        return compile_problem(c, ERROR_UNENFORCEABLE, mount->origin, err,
                               "%s is a single writable file, which a review cannot keep apart; grant its directory, grant it "
                               "read-only, or run without --review",
                               mount->source);
    r = check_mounts_below(c, mount, err);
    if (r == 0)
        r = check_twice(c, mount, err);
    mount->is_reviewed = r == 0;
    return r;
}

int reviewed_mark(struct compile *c, struct error *err)
{
    size_t count = 0;
    int r = 0;

    if (c->plan->wall == PLAN_WALL_LANDLOCK)
        return compile_problem(c, ERROR_UNENFORCEABLE, NULL, err,
                               "--review needs a file tree of the container's own, which cannot be made here: `cordon doctor` "
                               "says what forbids it");
    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++) {
        struct plan_mount *mount = &c->plan->mounts[i];

        if (!is_granted_tree(mount))
            continue;
        if (++count > REVIEWED_MAX)
            return compile_problem(c, ERROR_LIMIT, mount->origin, err, "more than %d writable directories cannot be reviewed",
                                   REVIEWED_MAX);
        r = mark(c, mount, err);
    }
    c->plan->is_reviewed = true;
    c->plan->filter.keeps_names |= c->facts->keeps_names; /* that is where it is seen who changes what */
    return r;
}
