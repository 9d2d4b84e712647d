/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/client.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/memory.h"
#include "launcher/fds.h"

#define ANSWER_S 30
#define ADMIT_S  5 /* nothing is made for it; and whoever asks does nothing else meanwhile */

_Static_assert(LAUNCH_ID_SIZE == TIER_ID_SIZE && LAUNCH_CGROUP_SIZE == TIER_CGROUP_SIZE && LAUNCH_KEPT_MAX == TIER_IDMAP_MAX,
               "the launcher's records hold what tiers say");
_Static_assert((int)LAUNCH_FREEZE == TIER_FREEZE && (int)LAUNCH_THAW == TIER_THAW && (int)LAUNCH_KILL == TIER_KILL, "likewise");

struct launcher {
    int socket;
    struct tier_spawner spawner;
};

/* Several objects may speak over one socket. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* An answer that comes later would be taken for the next question's. */
static int give_up(const struct launcher *launcher, struct error *err)
{
    shutdown(launcher->socket, SHUT_RDWR);
    return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "the launcher does not answer: what runs goes on, and new containers wait for it");
}

static int ask_locked(const struct launcher *launcher, const struct launch_request *request, const int *fds, size_t count,
                      struct launch_reply *ret_reply, int *ret_fd, struct error *err)
{
    size_t came = 0;
    int fd = -1, status = fds_send(launcher->socket, request, sizeof(*request), fds, count, 0);

    if (status == 0)
        status = fds_receive(launcher->socket, ret_reply, sizeof(*ret_reply), &fd, 1, &came, 0);
    else
        status = status == -EPIPE ? 0 : status;
    if (status == 0)
        return error_set(err, ERROR_SYSTEM, ECONNRESET, "the launcher has ended: what runs goes on, and new containers wait for its return");
    if (status == -EAGAIN)
        return give_up(launcher, err);
    if (status < 0 || ret_reply->magic != LAUNCH_MAGIC) {
        fds_close(&fd, came);
        return error_system(err, status < 0 ? -status : EPROTO, "ask the launcher");
    }
    if (ret_fd)
        *ret_fd = came ? fd : -1;
    else
        fds_close(&fd, came);
    return 0;
}

/* 0, or what the launcher says went wrong. */
static int judge(struct launch_reply *reply, struct error *err)
{
    if (reply->status == 0)
        return 0;
    reply->text[sizeof(reply->text) - 1] = '\0';
    return error_set(err, reply->kind > ERROR_NONE && reply->kind <= ERROR_SCHEMA ? (enum error_kind)reply->kind : ERROR_SYSTEM,
                     reply->status < 0 && reply->status > -4096 ? -reply->status : EPROTO, "launcher: %s", reply->text);
}

int launcher_ask(struct launcher *launcher, const struct launch_request *request, const int *fds, size_t count,
                 struct launch_reply *ret_reply, int *ret_fd, struct error *err)
{
    int status;

    pthread_mutex_lock(&turn);
    status = ask_locked(launcher, request, fds, count, ret_reply, ret_fd, err);
    pthread_mutex_unlock(&turn);
    if (status < 0 || ret_reply->status == 0)
        return status;
    if (ret_fd && *ret_fd >= 0) {
        close(*ret_fd);
        *ret_fd = -1;
    }
    return judge(ret_reply, err);
}

static int request_begin(struct launch_request *ret_request, enum launch_type type, const char *group, const char *id, struct error *err)
{
    *ret_request = (struct launch_request){.magic = LAUNCH_MAGIC, .type = type};
    if ((id && strlen(id) >= sizeof(ret_request->id)) || (group && strlen(group) >= sizeof(ret_request->group)))
        return error_set(err, ERROR_INVALID, ENAMETOOLONG, "the name of a container or keeper is too long");
    snprintf(ret_request->id, sizeof(ret_request->id), "%s", id ? id : "");
    snprintf(ret_request->group, sizeof(ret_request->group), "%s", group ? group : "");
    return 0;
}

/* ---- as a keeper ---- */

static int spawn(void *context, const struct tier_spawn *spawn, struct tier_spawned *ret_spawned, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int fds[LAUNCH_FDS_MAX] = {spawn->channel}, pidfd = -1;
    int status = request_begin(&request, LAUNCH_SPAWN, NULL, spawn->id, err);

    if (status < 0)
        return status;
    if (spawn->fd_count > LAUNCH_KEPT_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more descriptors to keep than there is room for");
    if (spawn->around && snprintf(request.around, sizeof(request.around), "%s", spawn->around) >= (int)sizeof(request.around))
        return error_set(err, ERROR_INVALID, ENAMETOOLONG, "the name of a container around is too long");
    request.flags = spawn->has_own_uid ? LAUNCH_OWN_UID : 0;
    request.capabilities = spawn->capabilities;
    request.count = (uint32_t)spawn->fd_count;
    for (size_t i = 0; i < spawn->fd_count; i++)
        fds[i + 1] = request.numbers[i] = spawn->fds[i];
    status = launcher_ask(context, &request, fds, spawn->fd_count + 1, &reply, &pidfd, err);
    if (status < 0)
        return status;
    if (pidfd < 0)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the launcher gave no descriptor of what it started");
    *ret_spawned = (struct tier_spawned){.pid = (pid_t)reply.pid, .pidfd = pidfd, .uid = reply.uid, .gid = reply.gid,
                                         .login_uid = reply.login_uid, .session = reply.session, .cgroup_id = reply.cgroup_id};
    snprintf(ret_spawned->cgroup, sizeof(ret_spawned->cgroup), "%.*s", TIER_CGROUP_SIZE - 1, reply.cgroup);
    return 0;
}

int launcher_nester(struct launcher *launcher, const char *around, int channel, pid_t *ret_pid, int *ret_pidfd, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int pidfd = -1, status = request_begin(&request, LAUNCH_NESTER, NULL, around, err);

    if (status == 0)
        status = launcher_ask(launcher, &request, &channel, 1, &reply, &pidfd, err);
    if (status < 0)
        return status;
    if (pidfd < 0)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the launcher gave no descriptor of what it started");
    *ret_pid = (pid_t)reply.pid;
    *ret_pidfd = pidfd;
    return 0;
}

static int ask_plain(struct launcher *launcher, const struct launch_request *request, struct error *err)
{
    struct launch_reply reply;

    return launcher_ask(launcher, request, NULL, 0, &reply, NULL, err);
}

static int idmap(void *context, const char *id, const int *mounts, size_t count, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int status = request_begin(&request, LAUNCH_IDMAP, NULL, id, err);

    return status < 0 ? status : launcher_ask(context, &request, mounts, count, &reply, NULL, err);
}

static int limit(void *context, const char *id, const struct tier_limits *limits, struct error *err)
{
    struct launch_request request;
    int status = request_begin(&request, LAUNCH_LIMIT, NULL, id, err);

    request.memory = limits->memory;
    request.pids = limits->pids;
    request.cpu_milli = limits->cpu_milli;
    return status < 0 ? status : ask_plain(context, &request, err);
}

static int order(void *context, const char *id, enum tier_order order, struct error *err)
{
    return launcher_order(context, NULL, id, order, err);
}

static void end(void *context, const char *id)
{
    struct launch_request request;

    if (request_begin(&request, LAUNCH_END, NULL, id, NULL) == 0)
        (void)!ask_plain(context, &request, NULL); /* one that is gone finds out by itself */
}

static void wait_at_most(int socket, time_t seconds)
{
    const struct timeval longest = {.tv_sec = seconds};

    (void)!setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &longest, sizeof(longest));
    (void)!setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof(longest));
}

struct launcher *launcher_new(int socket)
{
    struct launcher *launcher = mem_alloc(sizeof(*launcher));

    if (!launcher)
        return NULL;
    /* systemd goes on listening for one that does not come back: whoever connected would wait for ever, with all that it keeps */
    wait_at_most(socket, ANSWER_S);
    launcher->socket = socket;
    launcher->spawner = (struct tier_spawner){
        .spawn = spawn, .idmap = idmap, .limit = limit, .order = order, .end = end, .context = launcher};
    return launcher;
}

void launcher_free(struct launcher *launcher)
{
    mem_free(launcher);
}

const struct tier_spawner *launcher_spawner(const struct launcher *launcher)
{
    return &launcher->spawner;
}

int launcher_admit(struct launcher *launcher, int client, bool or_root, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int status = request_begin(&request, LAUNCH_ADMIT, NULL, NULL, err);

    request.flags |= or_root ? LAUNCH_OR_ROOT : 0;
    if (status < 0)
        return status;
    wait_at_most(launcher->socket, ADMIT_S);
    status = launcher_ask(launcher, &request, &client, 1, &reply, NULL, err);
    wait_at_most(launcher->socket, ANSWER_S);
    return status;
}

int launcher_attach_send(int socket, const char *group, struct error *err)
{
    struct launch_request request;
    int status = request_begin(&request, LAUNCH_ATTACH, group, NULL, err);

    if (status == 0)
        status = fds_send(socket, &request, sizeof(request), NULL, 0, MSG_DONTWAIT);
    return status < 0 ? error_system(err, -status, "ask the launcher") : 0;
}

int launcher_attach_hear(int socket, struct error *err)
{
    struct launch_reply reply;
    size_t came = 0;
    int fd = -1, status = fds_receive(socket, &reply, sizeof(reply), &fd, 1, &came, MSG_DONTWAIT);

    fds_close(&fd, came);
    if (status == -EAGAIN)
        return status;
    if (status == 0)
        return error_set(err, ERROR_SYSTEM, ECONNRESET, "the launcher has ended");
    if (status < 0 || reply.magic != LAUNCH_MAGIC)
        return error_system(err, status < 0 ? -status : EPROTO, "hear the launcher");
    return judge(&reply, err);
}

int launcher_keep(struct launcher *launcher, const unsigned char key[LAUNCH_KEY_SIZE], enum launch_keeping what, struct error *err)
{
    struct launch_request request;
    int status = request_begin(&request, LAUNCH_KEEP, NULL, NULL, err);

    request.order = (uint32_t)what;
    memcpy(request.key, key, sizeof(request.key));
    return status < 0 ? status : ask_plain(launcher, &request, err);
}

/* ---- as either ---- */

int launcher_order(struct launcher *launcher, const char *group, const char *id, enum tier_order order, struct error *err)
{
    struct launch_request request;
    int status = request_begin(&request, LAUNCH_ORDER, group, id, err);

    request.order = (uint32_t)order;
    return status < 0 ? status : ask_plain(launcher, &request, err);
}

int launcher_count(struct launcher *launcher, const char *group, const char *id, struct launch_counts *ret_counts, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int status = request_begin(&request, LAUNCH_COUNT, group, id, err);

    if (status == 0)
        status = launcher_ask(launcher, &request, NULL, 0, &reply, NULL, err);
    if (status == 0)
        *ret_counts = reply.counts;
    return status;
}

/* ---- as cordond ---- */

static void take_keeper(const struct launch_reply *reply, int pidfd, struct launcher_keeper *ret_keeper)
{
    *ret_keeper = (struct launcher_keeper){.pid = (pid_t)reply->pid, .pidfd = pidfd, .uid = reply->uid, .gid = reply->gid, .login_uid = reply->login_uid};
    snprintf(ret_keeper->group, sizeof(ret_keeper->group), "%.*s", LAUNCH_GROUP_SIZE - 1, reply->group);
}

int launcher_keeper(struct launcher *launcher, int client, const char *client_name, const int *fds, const char *const *names, size_t count,
                    struct launcher_keeper *ret_keeper, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int all[LAUNCH_NAMES_MAX] = {client}, pidfd = -1, status = request_begin(&request, LAUNCH_KEEPER, NULL, NULL, err);

    if (count + 2 > LAUNCH_NAMES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "a keeper begins with at most %d descriptors", LAUNCH_NAMES_MAX);
    request.count = (uint32_t)count + 1;
    snprintf(request.names[0], LAUNCH_NAME_SIZE, "%s", client_name);
    for (size_t i = 0; i < count; i++) {
        all[i + 1] = fds[i];
        snprintf(request.names[i + 1], LAUNCH_NAME_SIZE, "%s", names[i]);
    }
    if (status == 0)
        status = launcher_ask(launcher, &request, all, count + 1, &reply, &pidfd, err);
    if (status == 0)
        take_keeper(&reply, pidfd, ret_keeper);
    return status;
}

int launcher_kept(struct launcher *launcher, const char *name, uint32_t from, struct launcher_kept *ret_kept, struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int status = request_begin(&request, LAUNCH_KEPT, name, NULL, err);

    request.count = from;
    if (status == 0)
        status = launcher_ask(launcher, &request, NULL, 0, &reply, NULL, err);
    if (status < 0)
        return status;
    *ret_kept = (struct launcher_kept){.uid = reply.uid, .gid = reply.gid, .next = reply.kept.next, .wait_ms = reply.kept.wait_ms};
    snprintf(ret_kept->name, sizeof(ret_kept->name), "%.*s", LAUNCH_GROUP_SIZE - 1, reply.group);
    memcpy(ret_kept->key, reply.kept.key, sizeof(ret_kept->key));
    return 0;
}

int launcher_again(struct launcher *launcher, const char *name, const gid_t *groups, size_t count, int channel, struct launcher_keeper *ret_keeper,
                   struct error *err)
{
    struct launch_request request;
    struct launch_reply reply;
    int pidfd = -1, status = request_begin(&request, LAUNCH_AGAIN, name, NULL, err);

    for (size_t i = 0; i < count && i < LAUNCH_KEPT_MAX; i++)
        request.numbers[request.count++] = (int32_t)groups[i];
    if (status == 0)
        status = launcher_ask(launcher, &request, &channel, 1, &reply, &pidfd, err);
    if (status == 0)
        take_keeper(&reply, pidfd, ret_keeper);
    return status;
}

int launcher_hear(struct launcher *launcher, struct error *err)
{
    struct launch_request request;
    int status = request_begin(&request, LAUNCH_HEAR, NULL, NULL, err);

    return status < 0 ? status : ask_plain(launcher, &request, err);
}
