/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/begin.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/spawn.h"

/* The network's is made by init itself, while it builds the tree (init/second.c). */
#define NAMESPACES (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

/*
 * What cordon-init needs: mounting, loopback, dropping groups, locking securebits, closing nested namespaces, keeping names,
 * marking connections. The last one only for a review and where what is hidden is seen: who mounts an overlay needs it for
 * that one's working directory, of mode 000; over files that are not the caller's it gives nothing.
 */
static const unsigned kept[] = {CAP_SYS_ADMIN,   CAP_NET_ADMIN,  CAP_SETGID,  CAP_SETPCAP,
                                CAP_SYS_RESOURCE, CAP_SYS_PTRACE, CAP_NET_RAW, CAP_DAC_OVERRIDE};

static int spawn_explain(const char *step, int errnum, struct error *err)
{
    if (step)
        return error_system(err, errnum, "start cordon-init: %s", step);
    if (errnum == EPERM || errnum == ENOSPC || errnum == EACCES || errnum == EUSERS)
        return error_set(err, ERROR_UNENFORCEABLE, errnum,
                         "namespaces cannot be created here (%s): `cordon doctor` says what forbids it and the command "
                         "that mends it",
                         strerrordesc_np(errnum));
    return error_system(err, errnum, "create namespaces");
}

static int map_write(pid_t pid, const char *name, unsigned id, struct error *err)
{
    char path[64], text[64];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    snprintf(text, sizeof(text), "%u %u 1\n", id, id);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        return error_system(err, errno, "write %s", path);
    return 0;
}

bool begin_has_other_groups(void)
{
    gid_t groups[64];
    int count = getgroups(ARRAY_COUNT(groups), groups);

    for (int i = 0; i < count; i++)
        if (groups[i] != getegid())
            return true;
    return count < 0;
}

/* A privileged caller writes the maps itself, so that setgroups stays possible and the groups can be dropped. */
static int maps_write(pid_t pid, struct begin *begin, struct error *err)
{
    int status;

    if (geteuid() != 0 || !begin_has_other_groups())
        return 0;
    status = map_write(pid, "uid_map", begin->uid, err);
    if (status == 0)
        status = map_write(pid, "gid_map", begin->gid, err);
    begin->flags |= BEGIN_MAPPED;
    return status;
}

/* An init that is gone already has left a word of why, which is read later. */
static int begin_send(int control, const struct begin *begin, struct error *err)
{
    ssize_t sent;

    do
        sent = send(control, begin, sizeof(*begin), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent == (ssize_t)sizeof(*begin) || (sent < 0 && errno == EPIPE))
        return 0;
    return error_system(err, sent < 0 ? errno : EIO, "tell init how to begin");
}

/* What is mounted for a review or looks at look-ups belongs to the caller, by whose rights it is done. */
static bool may_have_own_uid(enum begin_how how)
{
    return how == BEGIN_EARLY || how == BEGIN_FOR_PLAN;
}

static int begin_spawned(struct tier_run *run, enum begin_how how, const struct tier_prepare *prepare, int inner,
                         struct error *err)
{
    /* what was prepared and turned out not to suit may not be gone yet when its successor begins */
    static const char *const suffixes[] = {[BEGIN_EARLY] = "", [BEGIN_FOR_PLAN] = "-b", [BEGIN_WITH_VOID] = "-b",
                                           [BEGIN_REVIEWED] = "-b", [BEGIN_AS_CALLER] = "-c"};
    struct tier_spawn spawn = {.id = run->id, .fds = prepare->fds, .fd_count = prepare->fd_count, .channel = inner,
                               .has_own_uid = may_have_own_uid(how) && !prepare->spawner->is_inside};
    size_t count = ARRAY_COUNT(kept) - !(how == BEGIN_WITH_VOID || how == BEGIN_REVIEWED);
    int status;

    for (size_t i = 0; i < count; i++)
        spawn.capabilities |= (uint64_t)1 << kept[i];
    if (snprintf(run->id, sizeof(run->id), "%s%s", prepare->run_id, suffixes[how]) >= (int)sizeof(run->id))
        return error_set(err, ERROR_INTERNAL, ENAMETOOLONG, "the run's name is too long for its spawner");
    run->spawned.pidfd = -1;
    status = prepare->spawner->spawn(prepare->spawner->context, &spawn, &run->spawned, err);
    if (status < 0)
        return status;
    memcpy(run->spawned.id, run->id, sizeof(run->id));
    if (prepare->spawner->is_inside)
        snprintf(run->spawned.as_caller, sizeof(run->spawned.as_caller), "it is inside of another container, and outside has the uid of that one");
    if (how == BEGIN_REVIEWED || how == BEGIN_WITH_VOID)
        snprintf(run->spawned.as_caller, sizeof(run->spawned.as_caller), "what a run that is %s makes is mounted by the caller's rights",
                 how == BEGIN_REVIEWED ? "reviewed" : "watched for what is hidden");
    run->spawner = prepare->spawner;
    run->has_own_uid = spawn.has_own_uid;
    run->pid = run->spawned.pid;
    run->pidfd = take_fd(run->spawned.pidfd);
    return 0;
}

static int begin_own(struct tier_run *run, enum begin_how how, const struct tier_prepare *prepare, int inner, struct begin *begin,
                     struct error *err)
{
    struct spawn spawn = {.namespaces = how == BEGIN_PLACE ? 0 : NAMESPACES,
                          .capabilities = kept,
                          .capability_count = ARRAY_COUNT(kept) - !(begin->flags & BEGIN_VOID || how == BEGIN_REVIEWED),
                          .name = "cordon-init",
                          .channel = inner,
                          .fds = prepare->fds,
                          .fd_count = prepare->fd_count};
    auto_close int init = -1, null = -1;
    const char *step = NULL;
    int status = spawn_open(prepare->init_path, &init, err);

    if (status < 0)
        return status;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return error_system(err, errno, "open /dev/null");
    spawn.program = init;
    spawn.null = null;
    status = spawn_program(&spawn, &run->pid, &run->pidfd, &step);
    if (status < 0)
        return spawn_explain(step, -status, err);
    return how == BEGIN_PLACE ? 0 : maps_write(run->pid, begin, err);
}

int begin_init(struct tier_run *run, enum begin_how how, const struct tier_prepare *prepare, struct error *err)
{
    struct begin begin = {.magic = RECORD_MAGIC, .uid = geteuid(), .gid = getegid(), .fd_count = (uint32_t)prepare->fd_count,
                          .flags = (how == BEGIN_EARLY ? BEGIN_SYSTEM : how == BEGIN_PLACE ? BEGIN_IN_PLACE : 0) |
                                   (how == BEGIN_WITH_VOID ? BEGIN_VOID : 0)};
    bool is_spawned = prepare->spawner && prepare->spawner->spawn && how != BEGIN_PLACE;
    auto_close int inner = -1;
    int sockets[2], status;

    if (prepare->fd_count > ARRAY_COUNT(begin.fds))
        return error_set(err, ERROR_INTERNAL, E2BIG, "more descriptors to keep than there is room for");
    for (size_t i = 0; i < prepare->fd_count; i++)
        begin.fds[i] = prepare->fds[i];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_system(err, errno, "create a socket pair");
    run->control = sockets[0];
    inner = sockets[1];
    run->is_in_place = how == BEGIN_PLACE;
    run->has_void = how == BEGIN_WITH_VOID;
    if (is_spawned)
        begin.flags |= BEGIN_GIVEN;
    status = is_spawned ? begin_spawned(run, how, prepare, inner, err) : begin_own(run, how, prepare, inner, &begin, err);
    return status < 0 ? status : begin_send(run->control, &begin, err);
}

bool begin_suits(const struct plan *plan)
{
    bool has_proc = false, has_dev = false;

    for (size_t i = 0; i < plan->mount_count; i++) {
        has_proc |= plan->mounts[i].kind == PLAN_PROC && strcmp(plan->mounts[i].target, "/proc") == 0;
        has_dev |= plan->mounts[i].kind == PLAN_DEV && strcmp(plan->mounts[i].target, "/dev") == 0;
    }
    return plan->wall == PLAN_WALL_NAMESPACES && has_proc && has_dev && !plan->is_reviewed;
}
