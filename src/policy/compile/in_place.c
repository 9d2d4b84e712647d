/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where no namespace can be made, the program runs in the host's own tree and Landlock says what of it it may touch
 * (docs/decisions/0055). The layout is made as for a tree of its own; here each of its mounts becomes a grant or goes
 * without saying, and one that Landlock cannot stand for is a problem. All problems become one refusal.
 * System calls: lstat.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/text.h"
#include "policy/compile/compile.h"

#define NEEDS "; it needs a user namespace"

bool in_place_is_possible(const struct facts *facts)
{
    return facts->seccomp && facts->landlock_abi >= LANDLOCK_ABI_SCOPES;
}

const char *in_place_why(const struct facts *facts)
{
    if (!facts->user_namespaces)
        return *facts->user_namespaces_why ? facts->user_namespaces_why
                                           : "no user namespace can be created here: see cordon doctor";
    if (!facts->mount_api)
        return "nothing can be mounted in a user namespace here: this kernel is older than Linux 5.12, or a filter refuses "
               "mount_setattr()";
    if (!facts->proc_mount)
        return *facts->proc_mount_why ? facts->proc_mount_why
                                      : "a private /proc cannot be mounted here: see cordon doctor";
    return NULL;
}

/* Its own name in the list of finish(), where no member is at fault. */
static void name_last(struct compile *c, size_t before, const char *name)
{
    if (c->plan->problem_count > before && !c->plan->problems[before].member)
        c->plan->problems[before].member = name;
}

int in_place_begin(struct compile *c, struct error *err)
{
    size_t before = c->plan->problem_count;
    int r;

    c->facts_in_place = *c->facts;
    c->facts = &c->facts_in_place;
    c->collects = true;
    c->plan->wall = PLAN_WALL_LANDLOCK;
    c->plan->filter.is_in_place = true;
    c->facts_in_place.keeps_names = false;
    c->facts_in_place.has_rlimit_nproc_per_userns = false; /* it would count all processes of this uid */
    snprintf(c->facts_in_place.keeps_names_why, sizeof(c->facts_in_place.keeps_names_why), "needs a user namespace");
    r = compile_loss(c, "metadata", NULL, err,
                     "without a file tree of its own the program sees existence, size, owner, times and link text of "
                     "files outside of the grants, and which processes exist");
    name_last(c, before, "isolation.allowLoss without 'metadata'");
    return r;
}

/* mounts */

/* The nearest mount before `index` that shows a tree of the host around its target, NULL = none does. */
static const struct plan_mount *tree_around(const struct plan *plan, size_t index)
{
    const char *target = plan->mounts[index].target;
    const struct plan_mount *around = NULL;

    for (size_t i = 0; i < index; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        if (mount->kind != PLAN_SYMLINK && mount->kind != PLAN_MASK && strcmp(mount->target, target) != 0 &&
            path_is_within(target, mount->target) && (!around || path_is_within(mount->target, around->target)))
            around = mount;
    }
    return around && (around->kind == PLAN_BIND || around->kind == PLAN_PIN) ? around : NULL;
}

/* What only a mount could do here, NULL = Landlock does it, or there is nothing to do. */
static const char *needs_mount(const struct plan *plan, size_t index)
{
    const struct plan_mount *mount = &plan->mounts[index], *around = tree_around(plan, index);

    switch (mount->kind) {
    case PLAN_MASK:
        return "is denied below a grant";
    case PLAN_PRIVATE:
        return around ? "is private below a grant" : NULL;
    case PLAN_DIRECTORY:
        return around && mount->origin ? "is denied below a grant" : NULL;
    case PLAN_BIND:
        if (mount->is_socket)
            return "is a socket, and connecting to one cannot be told from connecting to another";
        if (strcmp(mount->source, mount->target) != 0)
            return "appears elsewhere than it lies";
        return around && around->is_writable && !mount->is_writable ? "is read-only below a writable grant (out of there it could stay so)" : NULL;
    case PLAN_FILE:
        return "is a file of Cordon's own";
    case PLAN_SERVED:
        return "is a directory of Cordon's own";
    case PLAN_SYMLINK: /* the host's own */
    case PLAN_PIN:     /* for the sake of something else that is refused */
    case PLAN_PROC:
    case PLAN_DEV:
        return NULL;
    }
    return NULL;
}

static int refuse_mounts(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];
        const char *why = needs_mount(c->plan, i);

        if (why)
            r = compile_problem(c, ERROR_UNENFORCEABLE, mount->origin, err, "%s %s" NEEDS, mount->target, why);
    }
    return r;
}

static bool is_set_by_policy(const struct compile *c, const char *name)
{
    for (size_t i = 0; i < c->effective.env_set_count; i++)
        if (strcmp(c->effective.env_set[i].name, name) == 0)
            return true;
    return false;
}

/* A private directory cannot lie at its own path, so a variable says where it is. */
static int note_private(struct compile *c, const struct plan_mount *mount, struct error *err)
{
    bool is_home = c->home && strcmp(mount->target, c->home) == 0;
    struct plan_private private = {is_home ? "HOME" : "TMPDIR", is_home ? "home" : "tmp"}, *slot;

    if (!is_home && strcmp(mount->target, "/tmp") != 0)
        return 0;
    if (c->effective.env_is_exact || is_set_by_policy(c, private.variable) ||
        (is_home && c->effective.env_home_is_cwd))
        return 0;
    slot = arena_append(c->arena, c->plan->privates, c->plan->private_count);
    if (!slot)
        return error_memory(err);
    *slot = private;
    return 0;
}

bool in_place_is_private(const struct compile *c, const char *name, size_t length)
{
    for (size_t i = 0; i < c->plan->private_count; i++)
        if (strlen(c->plan->privates[i].variable) == length &&
            strncmp(c->plan->privates[i].variable, name, length) == 0)
            return true;
    return false;
}

/* Only grants are left. */
static int keep_grants(struct compile *c, struct error *err)
{
    struct plan *plan = c->plan;
    size_t count = 0;
    int r = 0;

    for (size_t i = 0; i < plan->mount_count && r == 0; i++) {
        struct plan_mount *mount = &plan->mounts[i];

        if (mount->kind == PLAN_PRIVATE)
            r = note_private(c, mount, err);
        if (mount->kind != PLAN_BIND)
            continue;
        mount->first = mount->is_writable ? BY_NOTHING : BY_LANDLOCK;
        mount->behind = BY_NOTHING;
        plan->mounts[count++] = *mount;
    }
    plan->mount_count = count;
    return r;
}

struct system_file {
    const char *path;
    bool is_device;
};

/* Of /dev what every program may use; of /proc what says something of the machine and nothing of a process. */
static const struct system_file system_files[] = {
    {"/dev/null", true},      {"/dev/zero", true},     {"/dev/full", true},    {"/dev/random", true},
    {"/dev/urandom", true},   {"/dev/tty", true},      {"/proc/cpuinfo", false}, {"/proc/meminfo", false},
    {"/proc/stat", false},    {"/proc/uptime", false}, {"/proc/loadavg", false}, {"/proc/version", false},
    {"/proc/filesystems", false},
};

static int add_system_file(struct compile *c, const struct system_file *file, const struct origin *origin,
                           struct error *err)
{
    struct plan_mount *slot;
    struct stat st;

    if (lstat(file->path, &st) < 0 || !(file->is_device ? S_ISCHR(st.st_mode) : S_ISREG(st.st_mode)))
        return 0;
    slot = arena_append(c->arena, c->plan->mounts, c->plan->mount_count);
    if (!slot)
        return error_memory(err);
    *slot = (struct plan_mount){
        .kind = PLAN_BIND,
        .target = file->path,
        .source = file->path,
        .is_writable = file->is_device,
        .is_device = file->is_device,
        .device = st.st_dev,
        .inode = st.st_ino,
        .first = file->is_device ? BY_NOTHING : BY_LANDLOCK,
        .origin = origin,
    };
    return 0;
}

static int add_system_files(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "system files");
    int r = origin ? compile_origin(c, origin, &origin, err) : error_memory(err);

    for (size_t i = 0; i < ARRAY_COUNT(system_files) && r == 0; i++)
        r = add_system_file(c, &system_files[i], origin, err);
    return r;
}

/* everything else */

static int refuse_network(struct compile *c, struct error *err)
{
    struct origin origin = *c->plan->network_origin;

    if (c->plan->network == PLAN_NET_GATEWAY)
        return compile_problem(c, ERROR_UNENFORCEABLE, c->plan->network_origin, err,
                               "rules, ports and proxies need a network namespace, which the gateway is the way out of; deny "
                               "the network");
    if (c->plan->network != PLAN_NET_LOOPBACK)
        return 0;
    origin.member = "network.loopback";
    return compile_problem(c, ERROR_UNENFORCEABLE, &origin, err,
                           "a loopback of its own needs a network namespace; set it to deny");
}

static int refuse_calls(struct compile *c, struct error *err)
{
    static const char *const of_host[] = {"statmount", "listmount", "fanotify_init", "fanotify_mark"};
    const struct plan_filter *filter = &c->plan->filter;
    int r = 0;

    for (size_t i = 0; i < filter->allow_count; i++)
        for (size_t j = 0; j < ARRAY_COUNT(of_host) && r == 0; j++)
            if (strcmp(filter->allow[i], of_host[j]) == 0)
                r = compile_problem(c, ERROR_UNENFORCEABLE, filter->allow_origins[i], err,
                                    "%s would show the host's" NEEDS, filter->allow[i]);
    return r;
}

static int refuse_settings(struct compile *c, struct error *err)
{
    static const struct origin nested = {.member = "nested.namespaces"};
    int r = refuse_network(c, err);

    if (r == 0)
        r = refuse_calls(c, err);
    if (r == 0 && c->plan->filter.allows_namespaces)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &nested, err, "none can be made here");
    for (size_t i = 0; i < c->plan->limit_count && r == 0; i++)
        if (c->plan->limits[i].by == BY_TMPFS)
            r = compile_problem(c, ERROR_UNENFORCEABLE, c->plan->limits[i].origin, err,
                                "private directories lie on the host's disk here" NEEDS);
    return r;
}

int in_place_settle(struct compile *c, struct error *err)
{
    int r = refuse_mounts(c, err);

    if (r == 0)
        r = keep_grants(c, err);
    if (r == 0)
        r = add_system_files(c, err);
    return r < 0 ? r : refuse_settings(c, err);
}

/* The layout's private directories are not there. */
static int settle_directory(struct compile *c, struct error *err)
{
    struct plan *plan = c->plan;

    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].is_directory && path_is_within(plan->cwd, plan->mounts[i].target))
            return 0;
    if (plan->cwd_is_asked)
        return compile_problem(c, ERROR_UNENFORCEABLE, plan->cwd_origin, err,
                               "%s is in no granted directory, and a private one has no path of its own here", plan->cwd);
    plan->cwd = "/";
    return 0;
}

/* Items of one list are one member. */
static int member_length(const char *member)
{
    return (int)strcspn(member, "[");
}

static bool is_listed_before(const struct plan *plan, size_t index)
{
    const char *member = plan->problems[index].member;
    int length = member_length(member);

    for (size_t i = 0; i < index; i++)
        if (member_length(plan->problems[i].member) == length &&
            strncmp(plan->problems[i].member, member, (size_t)length) == 0)
            return true;
    return false;
}

static int refuse_all(const struct compile *c, struct error *err)
{
    const struct plan *plan = c->plan;
    auto_text struct text list = {0};

    for (size_t i = 0; i < plan->problem_count; i++) {
        const struct plan_problem *problem = &plan->problems[i];

        if (problem->error.kind != ERROR_UNENFORCEABLE || !problem->member) {
            *err = problem->error; /* not for want of a namespace */
            return -EINVAL;
        }
        if (!is_listed_before(plan, i))
            text_printf(&list, "%s%.*s", i ? ", " : "", member_length(problem->member), problem->member);
    }
    if (list.is_broken)
        return error_memory(err);
    if (plan->problem_count == 1)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "%.350s (without namespaces: %s)", plan->problems[0].error.text,
                         in_place_why(c->facts));
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                     "%s. Without, Landlock and the system call filter do not enforce: %.250s. `cordon policy check` says "
                     "why; --profile restricted-host runs here",
                     in_place_why(c->facts), list.data);
}

int in_place_finish(struct compile *c, struct error *err)
{
    struct error made = ERROR_INIT;
    int r = settle_directory(c, err);

    if (r < 0 || c->options->collect_all || !c->plan->problem_count)
        return r;
    r = refuse_all(c, &made);
    if (err)
        *err = made;
    return r;
}
