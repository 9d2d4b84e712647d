/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that must stay as they are although nothing, or nothing yet, can be mounted on them: patterns of the policy,
 * protected names that do not exist, what repositories of the future would run. The plan hands them to process 1, which
 * makes every call that changes a name itself (docs/decisions/0030). What a pattern denies and what exists: search.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/glob.h"
#include "base/looks.h"
#include "policy/compile/compile.h"
#include "policy/model/protected.h"

int names_add(struct compile *c, const char *pattern, enum plan_name_kind kind, const struct origin *origin,
              struct error *err)
{
    struct plan_name *slot;
    const char *copy;
    int r = 0;

    for (size_t i = 0; i < c->plan->name_count; i++)
        if (c->plan->names[i].kind == kind && strcmp(c->plan->names[i].pattern, pattern) == 0)
            return 0;
    copy = arena_string(c->arena, pattern);
    slot = copy ? arena_append(c->arena, c->plan->names, c->plan->name_count) : NULL;
    if (!slot)
        return error_memory(err);
    *slot = (struct plan_name){.pattern = copy, .kind = kind};
    r = compile_origin(c, origin, &slot->origin, err);
    c->plan->filter.keeps_names = true;
    return r;
}

/* `directory` stands for itself, whatever characters it has. */
static int join_pattern(struct compile *c, const char *directory, const char *pattern, const char **ret_pattern,
                        struct error *err)
{
    const char *literal = glob_literal(c->work, directory);
    const char *joined = literal ? path_join(c->work, literal, pattern) : NULL;

    if (!joined)
        return error_memory(err);
    *ret_pattern = joined;
    return 0;
}

/* The literal beginning of a pattern by its real name: the rest is matched against real names. */
static int resolve_beginning(struct compile *c, struct path_rule *rule, struct error *err)
{
    const char *rest = rule->path, *after = rule->path, *name;
    struct resolved object;
    size_t length;
    char *beginning;
    int r;

    while (glob_next_component(&rest, &name, &length) && !glob_is_wild(name, length))
        after = rest;
    if (after == rule->path)
        return 0;
    beginning = arena_string_n(c->work, rule->path, (size_t)(after - rule->path));
    if (!beginning)
        return error_memory(err);
    r = resolve_path(c->resolver, beginning, &object, err);
    if (r < 0)
        return r;
    if (object.status == RESOLVE_PROC || path_is_within(object.real, "/proc"))
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s: /proc is always a private one; remove the pattern", rule->path);
    while (*after == '/')
        after++;
    return join_pattern(c, object.real, after, &rule->path, err);
}

int names_add_rule(struct compile *c, struct path_rule *rule, struct error *err)
{
    int r;

    if (!c->facts->keeps_names)
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s: patterns need a system call filter that asks (%s); name the paths", rule->path,
                               c->facts->keeps_names_why);
    r = resolve_beginning(c, rule, err);
    return r < 0 ? r : names_add(c, rule->path, PLAN_NAME_KEPT, &rule->origin, err);
}

/* Below one writable root, at whatever depth a repository is made. */
static int add_repositories(struct compile *c, const struct document *layer, const char *root, struct error *err)
{
    static const struct {
        const char *name, *pattern;
        enum plan_name_kind kind;
    } rows[] = {
        {".git/hooks", "**/.git/hooks", PLAN_NAME_KEPT},
        {".git/hooks", "**/.git/modules/**/hooks", PLAN_NAME_KEPT},
        {".git/config", "**/.git/config", PLAN_NAME_OLD},
        {".git/config", "**/.git/modules/**/config", PLAN_NAME_OLD},
        /* what a new one says is looked at when the container has ended, wherever git would take it for one (0070) */
        {".git/config", "**/config", PLAN_NAME_PART},
        {".git/config", "**/objects", PLAN_NAME_PART},
        {".git/config", "**/refs", PLAN_NAME_PART},
        {".git/config", "**/config.worktree", PLAN_NAME_NOTED},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && r == 0; i++) {
        const char *pattern;

        if (!protected_name_holds(layer, rows[i].name))
            continue;
        r = join_pattern(c, root, rows[i].pattern, &pattern, err);
        if (r == 0)
            r = names_add(c, pattern, rows[i].kind, &layer->protect_builtin.origin, err);
    }
    return r;
}

struct roots_visit {
    struct compile *c;
    struct error *err;
};

/* Another rule or document may leave of a root only what lies deeper: a name stays protected there all the same. */
static bool has_writable(const struct compile *c, const char *root)
{
    if (layout_region_at(c->layout, root) == REGION_WRITE)
        return true;
    for (size_t i = 0; i < c->plan->mount_count; i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];

        if (mount->kind == PLAN_BIND && mount->is_writable && path_is_within(mount->target, root))
            return true;
    }
    return false;
}

static int visit_root(const char *root, void *data)
{
    struct roots_visit *visit = data;
    struct compile *c = visit->c;
    int r = 0;

    if (!has_writable(c, root))
        return 0;
    for (size_t i = 0; i < c->real.layer_count && r == 0; i++)
        r = add_repositories(c, c->real.layers[i], root, visit->err);
    return r;
}

int names_add_repositories(struct compile *c, struct error *err)
{
    struct roots_visit visit = {c, err};

    if (!c->facts->keeps_names)
        return 0;
    return protected_visit_roots(c->real.layers, c->real.layer_count, visit_root, &visit);
}

/* Nobody makes a service in what packages install. */
static bool may_hold_sockets(const struct plan_mount *mount)
{
    return mount->kind == PLAN_BIND && mount->is_directory &&
           (mount->is_writable || !mount->origin || !mount->origin->is_profile);
}

static bool is_in_writable(const struct plan *plan, const char *target)
{
    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *around = &plan->mounts[i];

        if ((around->is_writable || around->kind == PLAN_PRIVATE) && strcmp(around->target, target) != 0 &&
            path_is_within(target, around->target))
            return true;
    }
    return false;
}

/*
 * A read-only mount keeps nobody from writing to a FIFO. Landlock does, but for what lies in a tree that may be written:
 * its rule there reaches in. Then the opening has to go to process 1, which asks the mount.
 */
static bool must_keep_pipes(const struct compile *c)
{
    for (size_t i = 0; i < c->plan->mount_count; i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];

        if (!mount->is_writable && may_hold_sockets(mount) &&
            (!c->plan->landlock_files || is_in_writable(c->plan, mount->target)))
            return true;
    }
    return false;
}

/* What listens there and how cannot be read off a socket file, and connecting a datagram socket is heard by nobody. */
static bool takes_datagrams(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    auto_close int object = open(path, O_PATH | O_CLOEXEC);
    auto_close int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    looks_give_up(); /* who listens there changes unseen */
    if (object < 0 || fd < 0)
        return true;
    snprintf(name.sun_path, sizeof(name.sun_path), "/proc/self/fd/%d", object);
    return connect(fd, (struct sockaddr *)&name, sizeof(name)) == 0 || (errno != EPROTOTYPE && errno != ECONNREFUSED);
}

/* Such a service needs a socket that names its target with each message, and could name any other. */
static int look_for_datagrams(struct compile *c, struct error *err)
{
    struct plan *plan = c->plan;
    int r = 0;

    for (size_t i = 0; i < plan->mount_count && r == 0; i++) {
        if (!plan->mounts[i].is_socket || !takes_datagrams(plan->mounts[i].source))
            continue;
        plan->filter.sends_datagrams = true;
        r = compile_loss(c, "unixSockets", plan->mounts[i].origin, err,
                         "%s takes datagrams, and a program that may send them reaches every other socket of the host "
                         "that takes some in the directories that are granted",
                         plan->mounts[i].target);
    }
    return r;
}

/* Who connects is known where process 1 connects, and nowhere else. */
static int keep_programs(struct compile *c, struct error *err)
{
    struct plan *plan = c->plan;

    if (plan->network != PLAN_NET_GATEWAY || !plan->net_rules->program_count)
        return 0;
    if (!c->facts->keeps_sockets)
        return compile_problem(c, ERROR_UNENFORCEABLE, plan->network_origin, err,
                               "rules of the network that name programs need process 1 to make connections: %s; remove `programs`",
                               c->facts->keeps_names_why);
    plan->filter.keeps_sockets = plan->filter.marks_programs = true;
    return 0;
}

int names_keep_sockets(struct compile *c, struct error *err)
{
    struct plan *plan = c->plan;
    int r = keep_programs(c, err);

    for (size_t i = 0; r == 0 && plan->wall != PLAN_WALL_LANDLOCK && i < plan->mount_count; i++) { /* no such sockets there at all */
        if (!may_hold_sockets(&plan->mounts[i]))
            continue;
        plan->filter.keeps_sockets = c->facts->keeps_sockets;
        plan->filter.keeps_names |= c->facts->keeps_names && must_keep_pipes(c);
        if (plan->filter.keeps_sockets)
            return look_for_datagrams(c, err);
        return compile_loss(c, "unixSockets", plan->mounts[i].origin, err,
                            "sockets and pipes of the host in %s cannot be kept shut: %s", plan->mounts[i].target,
                            c->facts->keeps_names_why);
    }
    return r == 0 && plan->filter.keeps_sockets ? look_for_datagrams(c, err) : r;
}

/* Does process 1 refuse what would change `target`, or rename it away, before a mount can? */
static int is_answered_first(struct compile *c, const struct plan_mount *mount, bool *ret_is_first, struct error *err)
{
    const char *literal = glob_literal(c->work, mount->target);
    size_t length = literal ? strlen(literal) : 0;

    if (!literal)
        return error_memory(err);
    for (size_t i = 0; i < c->plan->name_count; i++) {
        const struct plan_name *name = &c->plan->names[i];
        bool is_above = strncmp(name->pattern, literal, length) == 0 && name->pattern[length] == '/';

        if (name->kind != PLAN_NAME_KEPT && name->kind != PLAN_NAME_OLD)
            continue;
        if (mount->kind == PLAN_PIN ? is_above : glob_covers(name->pattern, mount->target)) {
            *ret_is_first = true;
            return 0;
        }
    }
    return 0;
}

int names_say_who_answers(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++) {
        struct plan_mount *mount = &c->plan->mounts[i];
        bool is_first = false;

        if (mount->first != BY_MOUNT || !c->plan->filter.keeps_names)
            continue;
        r = is_answered_first(c, mount, &is_first, err);
        if (is_first) {
            mount->first = BY_KEEPER;
            mount->behind = BY_MOUNT;
        }
    }
    return r;
}
