/* SPDX-License-Identifier: Apache-2.0 */
/* What may be asked, by whom, with what: one row each. What has something started is served in starts.c. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "launcher/call.h"
#include "launcher/idmap.h"
#include "launcher/kept.h"

/* ---- what is kept ---- */

static int serve_keep(struct call *call, struct error *err)
{
    enum launch_keeping what = (enum launch_keeping)call->request->order;

    if (what != LAUNCH_KEEPS && what != LAUNCH_LEAVES && what != LAUNCH_FORGETS)
        return error_set(err, ERROR_INVALID, EINVAL, "a word about kept containers that nobody knows (%u)", call->request->order);
    return kept_say(call->server, call->group, call->request->key, what, err);
}

static int serve_kept(struct call *call, struct error *err)
{
    const struct launch_request *request = call->request;
    struct kept *kept = *request->group ? kept_find(call->server, request->group) : NULL;
    uint64_t wait_ns = UINT64_MAX;
    uint32_t next = 0;

    if (*request->group && !kept)
        return error_set(err, ERROR_INVALID, ESTALE, "there is no record %s of who keeps containers", request->group);
    if (!*request->group)
        kept_next(call->server, request->count, &kept, &next, &wait_ns);
    if (wait_ns != UINT64_MAX)
        call->reply->kept.wait_ms = (uint32_t)(wait_ns / NS_PER_MS) + 1;
    if (!kept)
        return 0;
    call->reply->uid = kept->uid;
    call->reply->gid = kept->gid;
    call->reply->kept.next = next;
    memcpy(call->reply->kept.key, kept->key, sizeof(call->reply->kept.key));
    memcpy(call->reply->group, kept->name, sizeof(call->reply->group));
    return 0;
}

/* ---- mounts ---- */

static int serve_idmap(struct call *call, struct error *err)
{
    int status = 0;

    if (!call->container->has_own_uid)
        return error_set(err, ERROR_INVALID, EINVAL, "%s is the caller outside, or has the uid of the one around: there is nothing to map", call->container->id);
    if (call->container->map < 0)
        status = namespace_make(call, err);
    for (size_t i = 0; i < call->count && status == 0; i++)
        status = idmap_mount(call->fds[i], call->container->map, err);
    return status;
}

/* ---- what runs ---- */

static int serve_limit(struct call *call, struct error *err)
{
    if (call->container->around) /* version 2 hands no controller on from a group that has processes */
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "%s is inside of another container: the limits of that one hold for both, and it has none of its own",
                         call->container->id);
    return cgroups_limit(&call->server->cgroups, call->group->name, call->container->id, call->request, err);
}

static int serve_order(struct call *call, struct error *err)
{
    enum launch_order order = (enum launch_order)call->request->order;
    const struct cgroups *cgroups = &call->server->cgroups;
    char place[LAUNCH_CGROUP_SIZE];
    int status;

    if (order != LAUNCH_FREEZE && order != LAUNCH_THAW && order != LAUNCH_KILL)
        return error_set(err, ERROR_INVALID, EINVAL, "an order that nobody knows (%u)", call->request->order);
    status = cgroups_order(cgroups, call->group->name, container_place(call->container, place), order, err);
    /* version 1 does not end what is below */
    for (const struct container *at = order == LAUNCH_KILL ? call->group->containers : NULL; at && status == 0; at = at->next)
        if (container_is_within(at, call->container))
            status = cgroups_order(cgroups, call->group->name, container_place(at, place), order, err);
    return status;
}

static int serve_count(struct call *call, struct error *err)
{
    char place[LAUNCH_CGROUP_SIZE];

    (void)err;
    cgroups_count(&call->server->cgroups, call->group->name, container_place(call->container, place), &call->reply->counts);
    return 0;
}

static int serve_end(struct call *call, struct error *err)
{
    (void)err;
    server_end(call->server, call->container);
    return 0;
}

/* It was known when it connected; this says that both mean the same. */
static int serve_attach(struct call *call, struct error *err)
{
    if (!*call->request->group || strcmp(call->group->name, call->request->group) == 0)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EPERM, "this is the keeper %s, not another", call->group->name);
}

/* It is the daemon's, and what it asked before is answered; whoever has it from here on can ask nothing. */
static int serve_hear(struct call *call, struct error *err)
{
    (void)err;
    call->from->who = 0;
    notes_hear(call->server, call->from);
    return 0;
}

static bool is_alike(const struct peer *one, const struct peer *other)
{
    return one->uid == other->uid && one->gid == other->gid && one->login_uid == other->login_uid && one->group_count == other->group_count &&
           memcmp(one->groups, other->groups, one->group_count * sizeof(one->groups[0])) == 0;
}

/* A keeper may look at no process that has more rights than it has itself, and its client may be root. */
static int serve_admit(struct call *call, struct error *err)
{
    struct peer client = {.pidfd = -1};
    int status = peer_check_pair(call->fds[0], err);

    if (status == 0)
        status = peer_read(call->fds[0], &client, err);
    if (status < 0)
        return status;
    if (!is_alike(&client, &call->group->peer) && !(call->request->flags & LAUNCH_OR_ROOT && client.uid == 0))
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "this keeper is for user %u (login uid %d), with the groups of whom it was started for, not for user %u (login uid %d) "
                           "with others: run without the daemon", call->group->peer.uid, (int)call->group->peer.login_uid, client.uid, (int)client.login_uid);
    if (status == 0)
        status = peer_check_whole(&client, err);
    peer_finish(&client);
    return status;
}

/* ---- the table ---- */

enum needs { NEEDS_NOTHING, NEEDS_GROUP, NEEDS_CONTAINER };

static const struct row {
    unsigned who;
    size_t fds_min, fds_max;
    enum needs needs;
    bool has_id;
    int (*serve)(struct call *call, struct error *err);
} rows[LAUNCH_TYPE_COUNT_] = {
    [LAUNCH_KEEPER] = {WHO_DAEMON, 1, LAUNCH_NAMES_MAX - 1, NEEDS_NOTHING, false, serve_keeper},
    [LAUNCH_ATTACH] = {WHO_KEEPER, 0, 0, NEEDS_GROUP, false, serve_attach},
    [LAUNCH_SPAWN] = {WHO_KEEPER, 1, LAUNCH_FDS_MAX, NEEDS_GROUP, true, serve_spawn},
    [LAUNCH_IDMAP] = {WHO_KEEPER, 1, LAUNCH_KEPT_MAX, NEEDS_CONTAINER, true, serve_idmap},
    [LAUNCH_LIMIT] = {WHO_KEEPER, 0, 0, NEEDS_CONTAINER, true, serve_limit},
    [LAUNCH_ORDER] = {WHO_KEEPER | WHO_DAEMON, 0, 0, NEEDS_CONTAINER, true, serve_order},
    [LAUNCH_COUNT] = {WHO_KEEPER | WHO_DAEMON, 0, 0, NEEDS_CONTAINER, true, serve_count},
    [LAUNCH_END] = {WHO_KEEPER, 0, 0, NEEDS_CONTAINER, true, serve_end},
    [LAUNCH_ADMIT] = {WHO_KEEPER, 1, 1, NEEDS_GROUP, false, serve_admit},
    [LAUNCH_NESTER] = {WHO_KEEPER, 1, 1, NEEDS_CONTAINER, true, serve_nester},
    [LAUNCH_KEEP] = {WHO_KEEPER, 0, 0, NEEDS_GROUP, false, serve_keep},
    [LAUNCH_KEPT] = {WHO_DAEMON, 0, 0, NEEDS_NOTHING, false, serve_kept},
    [LAUNCH_AGAIN] = {WHO_DAEMON, 1, 1, NEEDS_NOTHING, false, serve_again},
    [LAUNCH_HEAR] = {WHO_DAEMON, 0, 0, NEEDS_NOTHING, false, serve_hear},
};

/* Of a keeper always its own; of the daemon the one that it names. */
static int group_find(struct call *call, enum needs needs, struct error *err)
{
    const struct launch_request *request = call->request;

    if (needs == NEEDS_NOTHING)
        return 0;
    call->group = call->from->who == WHO_KEEPER ? call->from->group : server_find_group(call->server, request->group);
    if (!call->group || call->group->is_over)
        return error_set(err, ERROR_INVALID, ESTALE, "there is no such keeper any more");
    if (needs == NEEDS_GROUP)
        return 0;
    call->container = server_find(call->group, request->id);
    return call->container ? 0 : error_set(err, ERROR_INVALID, ESTALE, "there is no container %s of this keeper", request->id);
}

static int serve(struct call *call, struct error *err)
{
    const struct launch_request *request = call->request;
    const struct row *row = request->type && request->type < LAUNCH_TYPE_COUNT_ ? &rows[request->type] : NULL;
    static const char none[LAUNCH_GROUP_SIZE];
    int status;

    if (request->magic != LAUNCH_MAGIC || !row)
        return error_set(err, ERROR_INVALID, EPROTO, "a request of another version, or of no kind (%u)", request->type);
    if (!(row->who & call->from->who))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "this is not for this peer to ask (%u)", request->type);
    if (call->count < row->fds_min || call->count > row->fds_max)
        return error_set(err, ERROR_INVALID, EPROTO, "%zu descriptors with request %u", call->count, request->type);
    if (row->has_id && !name_is_plain(request->id, sizeof(request->id)))
        return error_set(err, ERROR_INVALID, EINVAL, "a container's name is made of letters, digits and -");
    if (memcmp(request->group, none, sizeof(none)) != 0 && !name_is_plain(request->group, sizeof(request->group)))
        return error_set(err, ERROR_INVALID, EINVAL, "a keeper's name is made of letters, digits and -");
    status = group_find(call, row->needs, err);
    return status < 0 ? status : row->serve(call, err);
}

/* What was not done for somebody, and not what has just ended by itself. */
static bool is_refusal(const struct launch_request *request, const struct error *err)
{
    return err->kind == ERROR_FORBIDDEN || err->kind == ERROR_LIMIT || request->type == LAUNCH_KEEPER || request->type == LAUNCH_SPAWN ||
           request->type == LAUNCH_IDMAP || request->type == LAUNCH_AGAIN || request->type >= LAUNCH_TYPE_COUNT_;
}

void requests_serve(struct server *server, struct source *from, const struct launch_request *request, int *fds, size_t count,
                    struct launch_reply *ret_reply, int *ret_fd)
{
    struct error err = ERROR_INIT;
    struct call call = {.server = server, .from = from, .request = request, .fds = fds, .count = count, .user = UINT32_MAX,
                        .reply = ret_reply, .ret_fd = ret_fd};

    *ret_fd = -1;
    *ret_reply = (struct launch_reply){.magic = LAUNCH_MAGIC, .login_uid = UINT32_MAX, .session = UINT32_MAX};
    ret_reply->status = serve(&call, &err);
    if (call.has_ordered)
        hand_settle(server->hand);
    if (ret_reply->status < 0) {
        ret_reply->kind = (uint32_t)err.kind;
        if (is_refusal(request, &err))
            notes_refused(server, from->group, call.user, request->type, request->id, &err);
        snprintf(ret_reply->text, sizeof(ret_reply->text), "%.*s", LAUNCH_TEXT_SIZE - 1, err.text);
    }
}
