/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-holder: the one process that has the values of a container's secrets while it runs.
 *
 * Theory of operation. It is started with one end of a socket pair, an empty environment and the rights of the caller. First
 * it goes into namespaces of its own, with no network and no files, and shuts its memory. It reads the secrets from a sealed
 * memory file, which it maps, copies the values out of once and lets go of; it reads whom to believe, makes what it will
 * look for, and at BEGIN gives up what rights are left: no capability, and a list of system calls in which there is none that
 * makes a socket or opens anything. Only then is READY said.
 *
 * From there on it hears of connections from the inspector, which nobody but it can have made: the socket to the server and
 * a stream to the inspector. A value goes up only to a server that has proved to be one of that secret's hosts, and only where
 * the secret may stand (holder_ask.c); no value comes back down (scrub.c).
 *
 * Values lie in two mappings, which are kept from swap as far as the limit of locked memory reaches, and in buffers of TLS
 * while they are on their way, which are wiped when they are freed. No core file is written, and nobody may look inside.
 * It ends when its starter or the inspector does.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/holder_flow.h"
#include "worker/channel.h"
#include "worker/confine.h"
#include "worker/start.h"

#define STATUS_FAILED     125
#define SEALS             (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define TRUST_MAX         ((size_t)4 << 20)
#define FLOWS_MAX         4096u
#define DESCRIPTORS_SPARE 64u
#define DESCRIPTORS_EACH  2u

struct start {
    struct holder holder;
    struct loop_watch channel, inspector;
    struct arena *arena;
    struct net_secrets *secrets;
    char *trust;
    size_t trust_size;
    unsigned trust_own; /* the first ones, which are the policy's */
};

/* ---- the values ---- */

/* From the arena to a mapping of their own; what the arena had is wiped. */
static int move_values(struct net_secrets *secrets, struct error *err)
{
    size_t size = 0, at = 0;
    char *values;

    for (size_t i = 0; i < secrets->count; i++) {
        if (!secrets->items[i].value)
            return error_set(err, ERROR_INTERNAL, EBADMSG, "secret '%s' came without its value", secrets->items[i].name);
        size += secrets->items[i].value_length + 1;
    }
    values = mmap(NULL, size ? size : 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (values == MAP_FAILED)
        return error_memory(err);
    (void)!mlock(values, size); /* as far as the limit reaches (docs/decisions/0129) */
    (void)!madvise(values, size, MADV_DONTDUMP);
    for (size_t i = 0; i < secrets->count; i++) {
        struct net_secret *secret = &secrets->items[i];
        size_t length = secret->value_length;

        memcpy(values + at, secret->value, length);
        explicit_bzero((char *)(uintptr_t)secret->value, length);
        secret->value = values + at;
        at += length + 1;
    }
    return 0;
}

/* The record is read where it lies: a copy of it would have to be wiped. */
static int take_secrets(struct start *start, int fd, struct error *err)
{
    int seals = fcntl(fd, F_GET_SEALS), status;
    struct stat state;
    void *record;

    if (start->secrets)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent secrets twice");
    if (seals < 0 || (seals & SEALS) != SEALS)
        return error_set(err, ERROR_INTERNAL, EPERM, "the secrets: not in a memory file sealed against change");
    if (fstat(fd, &state) < 0)
        return error_system(err, errno, "read the secrets");
    if (state.st_size <= 0 || (size_t)state.st_size > NET_SECRETS_RECORD_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the secrets: none, or more than %zu bytes", NET_SECRETS_RECORD_MAX);
    record = mmap(NULL, (size_t)state.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (record == MAP_FAILED)
        return error_system(err, errno, "read the secrets");
    status = net_secrets_read(start->arena, record, (size_t)state.st_size, &start->secrets, err);
    munmap(record, (size_t)state.st_size);
    return status == 0 ? move_values(start->secrets, err) : status;
}

/* ---- connections ---- */

/* The starter says nothing more; its end is the end. */
static void channel_ready(struct loop_watch *watch, uint32_t events)
{
    struct start *start = container_of(watch, struct start, channel);
    struct worker_message message;
    int fds[CHANNEL_DESCRIPTORS_MAX] = {-1, -1}, status = channel_receive_all(watch->fd, &message, fds, NULL);

    (void)events;
    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        fd_close_at(&fds[i]);
    if (status != -EAGAIN)
        loop_stop(start->holder.loop, status == 0 ? EXIT_SUCCESS : STATUS_FAILED);
}

static void inspector_ready(struct loop_watch *watch, uint32_t events)
{
    struct start *start = container_of(watch, struct start, inspector);
    struct worker_message message;
    int fds[CHANNEL_DESCRIPTORS_MAX] = {-1, -1}, status = channel_receive_all(watch->fd, &message, fds, NULL);

    (void)events;
    if (status == -EAGAIN)
        return;
    if (status > 0 && message.type == WORKER_FLOW) {
        holder_flow_begin(&start->holder, fds[0], fds[1], message.name, message.port);
        return;
    }
    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        fd_close_at(&fds[i]);
    loop_stop(start->holder.loop, status == 0 ? EXIT_SUCCESS : STATUS_FAILED);
}

/* ---- start ---- */

static int take_message(struct start *start, const struct worker_message *message, int *fd, struct error *err)
{
    switch (message->type) {
    case WORKER_SECRETS:
        return take_secrets(start, *fd, err);
    case WORKER_TRUST:
        if (start->trust)
            return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent authorities twice");
        start->trust_own = message->kind;
        return worker_read_sealed(*fd, TRUST_MAX, "the authorities", &start->trust, &start->trust_size, err);
    default:
        if (start->inspector.fd >= 0)
            return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent two inspectors");
        start->inspector = (struct loop_watch){.fd = take_fd(*fd), .ready = inspector_ready};
        return 0;
    }
}

/* Everything up to BEGIN. */
static int receive_all(struct start *start, struct error *err)
{
    const uint32_t types = 1u << WORKER_SECRETS | 1u << WORKER_TRUST | 1u << WORKER_INSPECTOR | 1u << WORKER_BEGIN;
    int status = 0;

    while (status == 0) {
        struct worker_message message;
        auto_close int fd = -1;

        status = worker_receive(types, &message, &fd, err);
        if (status == 0 && message.type == WORKER_BEGIN)
            break;
        if (status == 0)
            status = take_message(start, &message, &fd, err);
    }
    if (status == 0 && (!start->secrets || !start->trust || start->inspector.fd < 0))
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter begins without secrets, authorities or an inspector");
    return status;
}

static unsigned most_flows(void)
{
    struct rlimit files;
    rlim_t fit;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= DESCRIPTORS_SPARE + DESCRIPTORS_EACH)
        return 1;
    fit = (files.rlim_cur - DESCRIPTORS_SPARE) / DESCRIPTORS_EACH;
    return fit < FLOWS_MAX ? (unsigned)fit : FLOWS_MAX;
}

static int prepare(struct start *start, struct error *err)
{
    struct holder *holder = &start->holder;
    int status = holder_tls_open(&holder->tls, err);

    if (status == 0)
        status = believed_begin(&holder->believed, holder->tls, take_ptr(start->trust), start->trust_size, start->trust_own, err);
    holder->secrets = start->secrets;
    if (status == 0)
        status = values_init(&holder->values, start->secrets, err);
    if (status == 0)
        status = loop_open(&holder->loop, err);
    return status;
}

static int watch(struct loop *loop, struct loop_watch *watch, struct error *err)
{
    int status;

    if (fcntl(watch->fd, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare a channel");
    status = loop_watch(loop, watch, EPOLLIN | EPOLLRDHUP);
    return status < 0 ? error_system(err, -status, "watch a channel") : 0;
}

/* Before anything is known that nobody may see: who makes a user namespace has to be open to itself in /proc. */
static int shut_off(struct error *err)
{
    int status = confine_apart(err);

    if (status == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    return status;
}

static int begin(struct start *start, struct error *err)
{
    int status = worker_close_others(err);

    if (status == 0)
        status = confine_limits(CONFINE_HOLDER, err);
    if (status == 0)
        status = shut_off(err);
    if (status == 0 && holder_tls_wipe_freed() < 0)
        status = error_set(err, ERROR_INTERNAL, EBUSY, "OpenSSL was in use before its memory could be wiped");
    start->arena = arena_new();
    if (status == 0 && !start->arena)
        status = error_memory(err);
    if (status == 0)
        status = receive_all(start, err);
    if (status == 0)
        status = prepare(start, err);
    if (status == 0)
        status = watch(start->holder.loop, &start->channel, err);
    if (status == 0)
        status = watch(start->holder.loop, &start->inspector, err);
    start->holder.flow_max = most_flows();
    return status == 0 ? confine_thread(CONFINE_HOLDER, err) : status;
}

int main(void)
{
    static struct start start = {.channel = {.fd = WORKER_CHANNEL, .ready = channel_ready}, .inspector.fd = -1};
    static const struct worker_message ready = {.type = WORKER_READY};
    struct error err = ERROR_INIT;
    int status;

    signal(SIGPIPE, SIG_IGN);
    if (begin(&start, &err) < 0) {
        channel_send_error(WORKER_CHANNEL, &err);
        channel_end(WORKER_CHANNEL);
        return STATUS_FAILED;
    }
    if (channel_send(WORKER_CHANNEL, &ready, false) < 0)
        return STATUS_FAILED;
    status = loop_run(start.holder.loop);
    return status < 0 ? STATUS_FAILED : status;
}
