/* SPDX-License-Identifier: Apache-2.0 */
/* The card's last lines: what cannot be done, each only where nothing in the plan does it. */
#include <string.h>

#include "author/reach_parts.h"
#include "base/path.h"

/* Is all of `path`'s host object, or something above it, inside? */
static bool is_shown(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == PLAN_BIND && path_is_within(path, plan->mounts[i].source))
            return true;
    return false;
}

/* Anything of the system's, or all of it? */
static bool changes_system(const struct plan *plan)
{
    static const char *const trees[] = {"/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/run", "/sbin", "/usr", "/var"};

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        if (mount->kind != PLAN_BIND || !mount->is_writable || mount->is_device || reach_is_cache(mount))
            continue;
        for (size_t j = 0; j < ARRAY_COUNT(trees); j++)
            if (path_is_within(mount->source, trees[j]) || path_is_within(trees[j], mount->source))
                return true;
    }
    return false;
}

static bool is_about_everybody(const struct net_rule *rule)
{
    for (size_t i = 0; i < rule->peer_count; i++)
        if (!rule->peers[i].host && rule->peers[i].has_block && !rule->peers[i].block.prefix)
            return true;
    return !rule->peer_count;
}

static bool has_everybody(const struct plan *plan)
{
    for (size_t i = 0; i < plan->way_count; i++) {
        const struct plan_way *way = &plan->ways[i];

        if (way->kind == PLAN_WAY_DEFAULT || (way->kind == PLAN_WAY_ALLOW && !way->is_limit && is_about_everybody(way->rule)))
            return true;
    }
    return false;
}

static bool has_outward(const struct plan *plan)
{
    for (size_t i = 0; i < plan->way_count; i++)
        if (plan->ways[i].kind == PLAN_WAY_OUTWARD)
            return true;
    return false;
}

/* NULL = nothing that can be said in short. */
static const char *cannot_connect(const struct plan *plan, const struct reach *reach)
{
    bool has_own = has_outward(plan) || reach->sockets.count;

    if ((plan->network == PLAN_NET_NONE || plan->network == PLAN_NET_LOOPBACK) && !reach->sockets.count && !reach->doors.count)
        return "send anything anywhere";
    if (plan->network != PLAN_NET_GATEWAY || !reach->hosts.count)
        return NULL;
    if (has_everybody(plan))
        return has_own ? NULL : "connect to this machine's own services";
    return has_own ? "connect to any other host" : "connect to any other host, or to this machine's own services";
}

/* Something sensitive of the home, beside what lies in the workspace. */
static bool shows_secrets(struct view_of_plan *view)
{
    const char *workspace = view->input->workspace ? reach_spell(view, view->input->workspace) : NULL;

    for (size_t i = 0; i < view->reach->sensitive.count; i++) {
        const char *name = view->reach->sensitive.items[i];

        if (name[0] == '~' && !(workspace && path_is_within(name, workspace)))
            return true;
    }
    return false;
}

int reach_add_cannot(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    const struct reach *reach = view->reach;
    const char *home = view->input->home;
    bool is_apart = plan->wall == PLAN_WALL_NAMESPACES;
    /* What listens at the other end may do anything. */
    bool has_own = reach->sockets.count || plan->network == PLAN_NET_HOST || has_outward(plan);
    const char *rest = shows_secrets(view) ? "see the rest of your home" : "see the rest of your home (keys, browsers, other projects)";
    const char *const rows[] = {
        home && !is_shown(plan, home) ? rest : NULL,
        cannot_connect(plan, reach),
        !changes_system(plan) && !has_own ? "change the system or become root" : NULL,
        !has_own ? "talk to your session, Docker or agents that hold keys" : NULL,
        is_apart ? "see or signal processes outside" : "signal processes outside",
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && r == 0 && reach->cannot.count < 3; i++)
        if (rows[i])
            r = reach_add(view, &view->reach->cannot, "%s", rows[i]);
    return r;
}
