/* SPDX-License-Identifier: Apache-2.0 */
/* What is started on request, each by an order to the hand: keepers, first processes and nesters, and what holds the namespace of an id map. */
#include "launcher/call.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "launcher/fds.h"
#include "launcher/idmap.h"
#include "launcher/kept.h"

#define CAPABILITIES_KNOWN (((uint64_t)1 << 41) - 1)

static int go(int pipe, struct error *err)
{
    return write(pipe, "", 1) == 1 ? 0 : error_system(err, errno, "let a process go on");
}

/*
 * Have it started, and put into the group `place` before anything of it runs. It is not asked to: whoever is in a group that is frozen, or has no processor
 * left, would answer when its caller likes. `fds` are those of hand_order().
 */
static int start(struct call *call, const struct hand_order *order, const char *group, const char *place, bool is_new, const int *fds,
                 struct hand_report *ret_report, int *ret_pidfd, int *ret_go, struct error *err)
{
    const struct cgroups *cgroups = &call->server->cgroups;
    int joins[CGROUPS_HIERARCHIES_MAX], pidfd = -1, go_pipe = -1;
    int status = is_new ? cgroups_make(cgroups, group, place, joins, &call->reply->cgroup_id, err)
                        : cgroups_join(cgroups, group, place, joins, &call->reply->cgroup_id, err);

    if (status < 0)
        return status;
    call->has_ordered = true;
    status = hand_order(call->server->hand, order, fds, ret_report, &pidfd, &go_pipe, err);
    if (status == 0)
        status = cgroups_put(cgroups, joins, (pid_t)ret_report->pid, err);
    fds_close(joins, cgroups->count);
    *ret_pidfd = pidfd;
    *ret_go = go_pipe;
    return status;
}

/* ---- keepers ---- */

/* "launcher:" and what the daemon calls the others. */
static int names_join(const char names[][LAUNCH_NAME_SIZE], size_t count, char *ret_names, size_t size, struct error *err)
{
    size_t used = (size_t)snprintf(ret_names, size, "launcher");

    for (size_t i = 0; i < count; i++) {
        if (!name_is_plain(names[i], LAUNCH_NAME_SIZE))
            return error_set(err, ERROR_INVALID, EINVAL, "the name of a keeper's descriptor %zu is no plain word", i);
        used += (size_t)snprintf(ret_names + used, size - used, ":%s", names[i]);
        if (used >= size)
            return error_set(err, ERROR_LIMIT, E2BIG, "the names of a keeper's descriptors are too long");
    }
    used += (size_t)snprintf(ret_names + used, size - used, ":containers");
    return used < size ? 0 : error_set(err, ERROR_LIMIT, E2BIG, "the names of a keeper's descriptors are too long");
}

/* As whom a keeper is started, and with what. */
struct beginning {
    const struct peer *as;
    const struct hand_manner *manner;
    const char (*names)[LAUNCH_NAME_SIZE]; /* of the descriptors of the call */
};

static int keeper_order(struct call *call, struct group *group, const struct beginning *beginning, int end, struct error *err)
{
    const struct peer *client = beginning->as;
    auto_free struct hand_order *order = mem_alloc(sizeof(*order));
    auto_close int go_pipe = -1;
    int fds[HAND_FDS_MAX], status;
    struct hand_report report;

    if (!order)
        return error_memory(err);
    *order = (struct hand_order){.kind = HAND_KEEPER, .uid = client->uid, .gid = client->gid, .group_count = client->group_count,
                                 .login_uid = call->server->can_login ? client->login_uid : UINT32_MAX, .fd_count = (uint32_t)call->count + 2,
                                 .has_containers = 1, .manner = *beginning->manner};
    memcpy(order->groups, client->groups, sizeof(order->groups));
    status = names_join(beginning->names, call->count, order->names, sizeof(order->names), err);
    fds[0] = call->server->keeper_program;
    fds[1] = end;
    memcpy(fds + 2, call->fds, call->count * sizeof(*fds));
    fds[2 + call->count] = call->server->containers;
    if (status == 0)
        status = start(call, order, group->name, "keeper", true, fds, &report, &group->peer.pidfd, &go_pipe, err);
    call->reply->cgroup_id = 0;
    if (status < 0)
        return status;
    group->peer.pid = (pid_t)report.pid;
    records_group(call->server, group);
    return go(go_pipe, err);
}

static int keeper_begin(struct call *call, struct group *group, const struct beginning *beginning, struct error *err)
{
    int ends[2], status = socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends);

    if (status < 0)
        return error_system(err, errno, "create a socket pair");
    status = keeper_order(call, group, beginning, ends[1], err);
    close(ends[1]);
    if (status < 0) {
        close(ends[0]);
        return status;
    }
    status = server_watch(call->server, SOURCE_CONNECTION, ends[0], WHO_KEEPER, group, err);
    if (status == 0)
        status = server_watch(call->server, SOURCE_KEEPER_END, fcntl(group->peer.pidfd, F_DUPFD_CLOEXEC, 3), WHO_KEEPER, group, err);
    if (status < 0)
        return status;
    call->reply->pid = (uint32_t)group->peer.pid;
    call->reply->uid = group->peer.uid;
    call->reply->gid = group->peer.gid;
    call->reply->login_uid = group->peer.login_uid;
    snprintf(call->reply->group, sizeof(call->reply->group), "%s", group->name);
    *call->ret_fd = fcntl(group->peer.pidfd, F_DUPFD_CLOEXEC, 3);
    notes_keeper(call->server, LAUNCH_NOTED_KEEPER, group);
    return 0;
}

/* *ret_group: NULL where it could not be begun. */
static int keeper_add(struct call *call, const struct beginning *beginning, struct group **ret_group, struct error *err)
{
    struct group *group;
    int status = server_add_group(call->server, beginning->as, &group, err);

    *ret_group = NULL;
    if (status < 0)
        return status;
    status = keeper_begin(call, group, beginning, err);
    if (status == 0) {
        *ret_group = group;
        return 0;
    }
    if (group->peer.pidfd >= 0)
        syscall(SYS_pidfd_send_signal, group->peer.pidfd, SIGKILL, NULL, 0);
    server_end_group(call->server, group);
    return status;
}

int serve_keeper(struct call *call, struct error *err)
{
    struct peer client = {.pidfd = -1};
    struct hand_manner manner;
    struct group *group;
    int status = peer_check_pair(call->fds[0], err);

    if (call->request->count != call->count)
        return error_set(err, ERROR_INVALID, EINVAL, "a keeper's descriptors and their names are not as many");
    if (status == 0)
        status = peer_read(call->fds[0], &client, err);
    if (status < 0)
        return status;
    call->user = client.uid;
    status = peer_check_whole(&client, err);
    if (status == 0)
        status = peer_manner(&client, &manner, err);
    if (status == 0)
        status = keeper_add(call, &(struct beginning){&client, &manner, call->request->names}, &group, err);
    peer_finish(&client);
    return status;
}

/* Only where one is wanted: whoever asks cannot have more started than is to be. */
int serve_again(struct call *call, struct error *err)
{
    static const char names[][LAUNCH_NAME_SIZE] = {"cordond"};
    struct kept *kept = kept_find(call->server, call->request->group);
    struct hand_manner manner;
    struct group *group = NULL;
    struct peer as;
    int status;

    if (!kept || !kept->is_wanted)
        return error_set(err, ERROR_INVALID, ESTALE, "no keeper is wanted for %s", call->request->group);
    status = kept_read(call->server, kept, call->request, &as, &manner, err);
    if (status == 0)
        status = keeper_add(call, &(struct beginning){&as, &manner, names}, &group, err);
    kept_tried(call->server, kept, group);
    return status;
}

/* ---- containers ---- */

static int numbers_check(const struct call *call, struct error *err)
{
    const struct launch_request *request = call->request;
    int last = 2;

    if (request->count > LAUNCH_KEPT_MAX || request->count + 1 != call->count || request->capabilities & ~CAPABILITIES_KNOWN ||
        request->flags & ~(uint32_t)LAUNCH_OWN_UID || (request->around[0] && request->flags))
        return error_set(err, ERROR_INVALID, EINVAL, "a start that does not add up");
    for (uint32_t i = 0; i < LAUNCH_KEPT_MAX; i++) {
        if (i < request->count ? request->numbers[i] <= last || request->numbers[i] > LAUNCH_KEPT_LAST : request->numbers[i] != 0)
            return error_set(err, ERROR_INVALID, EINVAL, "kept descriptors do not ascend from 3 to %d", LAUNCH_KEPT_LAST);
        last = request->numbers[i];
    }
    return 0;
}

static int maps_write(const struct container *container, struct error *err)
{
    const struct peer *peer = &container->group->peer;
    char text[64];
    int status = 0;

    if (peer->uid) /* its groups stay: what is denied to one of them must not be gained by leaving it */
        status = idmap_write(container->pid, "setgroups", "deny", err);
    snprintf(text, sizeof(text), "%u %u 1\n", peer->gid, container_gid(container));
    if (status == 0)
        status = idmap_write(container->pid, "gid_map", text, err);
    snprintf(text, sizeof(text), "%u %u 1\n", peer->uid, container_uid(container));
    return status == 0 ? idmap_write(container->pid, "uid_map", text, err) : status;
}

static void reply_spawned(const struct call *call, const struct container *container, uint32_t session)
{
    struct launch_reply *reply = call->reply;
    char place[LAUNCH_CGROUP_SIZE];

    reply->pid = (uint32_t)container->pid;
    reply->uid = container_uid(container);
    reply->gid = container_gid(container);
    reply->login_uid = call->server->can_login ? container->uid : UINT32_MAX;
    reply->session = call->server->can_login ? session : UINT32_MAX;
    if (call->server->cgroups.count)
        snprintf(reply->cgroup, sizeof(reply->cgroup), "%s/%s/%s", call->server->cgroups.path, container->group->name, container_place(container, place));
    *call->ret_fd = fcntl(container->pidfd, F_DUPFD_CLOEXEC, 3);
}

static int init_order(struct call *call, struct container *container, struct error *err)
{
    const struct peer *peer = &call->group->peer;
    auto_free struct hand_order *order = mem_alloc(sizeof(*order));
    auto_close int go_pipe = -1;
    struct hand_report report;
    char place[LAUNCH_CGROUP_SIZE];
    int fds[HAND_FDS_MAX], status;

    if (!order)
        return error_memory(err);
    *order = (struct hand_order){.kind = HAND_INIT, .uid = peer->uid, .gid = peer->gid, .group_count = peer->group_count,
                                 .login_uid = call->server->can_login ? container->uid : UINT32_MAX,
                                 .fd_count = (uint32_t)call->count, .capabilities = call->request->capabilities};
    memcpy(order->groups, peer->groups, sizeof(order->groups));
    memcpy(order->numbers, call->request->numbers, sizeof(order->numbers));
    status = peer_manner(peer, &order->manner, err);
    fds[0] = call->server->init_program;
    memcpy(fds + 1, call->fds, call->count * sizeof(*fds));
    if (status == 0)
        status = start(call, order, call->group->name, container_place(container, place), true, fds, &report, &container->pidfd, &go_pipe, err);
    if (status < 0)
        return status;
    container->pid = (pid_t)report.pid;
    records_container(call->server, container);
    status = maps_write(container, err);
    if (status == 0)
        status = go(go_pipe, err);
    if (status < 0)
        return status;
    reply_spawned(call, container, report.session);
    notes_container(call->server, LAUNCH_NOTED_GIVEN, container, call->reply);
    return 0;
}

/* A keeper's own, that runs: what is begun in one that has ended would be nobody's. */
static int around_find(struct call *call, struct container **ret_around, struct error *err)
{
    const char *id = call->request->around;
    static const char none[LAUNCH_ID_SIZE];
    struct container *around;

    *ret_around = NULL;
    if (memcmp(id, none, sizeof(none)) == 0)
        return 0;
    if (!name_is_plain(id, LAUNCH_ID_SIZE))
        return error_set(err, ERROR_INVALID, EINVAL, "a container's name is made of letters, digits and -");
    around = server_find(call->group, id);
    if (!around || container_has_ended(around))
        return error_set(err, ERROR_INVALID, ESTALE, "there is no container %s of this keeper to be inside of", id);
    *ret_around = around;
    return 0;
}

int serve_spawn(struct call *call, struct error *err)
{
    struct container *container, *around;
    int status = numbers_check(call, err);

    if (status == 0 && strcmp(call->request->id, "keeper") == 0)
        return error_set(err, ERROR_INVALID, EINVAL, "no container is called keeper");
    if (status == 0)
        status = around_find(call, &around, err);
    if (status == 0)
        status = server_add(call->server, call->group, call->request->id, around, &container, err);
    if (status < 0)
        return status;
    container->has_own_uid = call->request->flags & LAUNCH_OWN_UID;
    status = init_order(call, container, err);
    if (status < 0)
        server_end(call->server, container);
    return status;
}

/* What is done on behalf of a program in a container costs that one's group. Of ids it has all that its keeper has: it is no program of the container's. */
int serve_nester(struct call *call, struct error *err)
{
    const struct peer *peer = &call->group->peer;
    auto_free struct hand_order *order = mem_alloc(sizeof(*order));
    auto_close int go_pipe = -1, pidfd = -1;
    struct hand_report report;
    char place[LAUNCH_CGROUP_SIZE];
    int status;

    if (!order)
        return error_memory(err);
    if (container_has_ended(call->container))
        return error_set(err, ERROR_INVALID, ESTALE, "the container %s has ended", call->container->id);
    *order = (struct hand_order){.kind = HAND_NESTER, .uid = peer->uid, .gid = peer->gid, .group_count = peer->group_count, .fd_count = 1,
                                 .login_uid = call->server->can_login ? peer->login_uid : UINT32_MAX};
    memcpy(order->groups, peer->groups, sizeof(order->groups));
    status = peer_manner(peer, &order->manner, err);
    if (status == 0)
        status = start(call, order, call->group->name, container_place(call->container, place), false, (const int[]){call->server->nester_program, call->fds[0]},
                       &report, &pidfd, &go_pipe, err);
    if (status == 0)
        status = go(go_pipe, err);
    if (status < 0)
        return status;
    call->reply->pid = report.pid;
    call->reply->uid = peer->uid;
    call->reply->gid = peer->gid;
    call->reply->login_uid = order->login_uid;
    call->reply->session = call->server->can_login ? report.session : UINT32_MAX;
    *call->ret_fd = take_fd(pidfd);
    return 0;
}

/* ---- id maps ---- */

/* The namespace outlives the process that it was made with. */
int namespace_make(struct call *call, struct error *err)
{
    const struct peer *peer = &call->group->peer;
    auto_free struct hand_order *order = mem_alloc(sizeof(*order));
    auto_close int go_pipe = -1, pidfd = -1;
    char text[IDMAP_TEXT_SIZE], path[64];
    struct hand_report report;
    int status;

    if (!order)
        return error_memory(err);
    *order = (struct hand_order){.kind = HAND_NAMESPACE, .login_uid = UINT32_MAX};
    call->has_ordered = true;
    status = hand_order(call->server->hand, order, &call->server->init_program, &report, &pidfd, &go_pipe, err);
    if (status < 0)
        return status;
    idmap_print(text, &call->server->range, peer->gid, call->container->uid);
    status = idmap_write((pid_t)report.pid, "gid_map", text, err);
    idmap_print(text, &call->server->range, peer->uid, call->container->uid);
    if (status == 0)
        status = idmap_write((pid_t)report.pid, "uid_map", text, err);
    if (status < 0)
        return status;
    snprintf(path, sizeof(path), "/proc/%u/ns/user", report.pid);
    call->container->map = open(path, O_RDONLY | O_CLOEXEC);
    return call->container->map < 0 ? error_system(err, errno, "keep an id map") : 0;
}
