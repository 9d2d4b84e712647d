/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What keepers of this user that ended, or were killed, had not told the log yet: one file each (logger/spool.h), which is the living one's alone. One
 * after another they are told under the name that their keeper had, so that what the log has is not there twice.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "keeper/keeper.h"
#include "logger/client.h"
#include "logger/spool.h"

#define AGAIN_MS  2000
#define FILES_MAX 4096 /* looked at in one go */
#define BYTES_MAX ((size_t)256 << 20)

struct left {
    struct keeper *keeper;
    int directory;             /* -1 = not known yet */
    struct spool *spool;       /* NULL = none is being told */
    struct log_client *client; /* its writer, */
    char id[64];               /* who was this one */
    uint64_t upto;             /* the last of its records that was read; 0 = none */
    bool has_more;             /* behind a gap: told when those before are */
    bool is_odd;               /* its file has what is no record */
    struct loop_watch watch;   /* fd = -1: no connection */
    struct loop_timer again;
};

/* ---- read ---- */

/* A writer's numbers have no gap: what is missing is counted, and what comes after it is told by a writer of its own, since one has none either. */
static int take(void *context, const struct spooled *record, struct error *err)
{
    struct left *left = context;
    int status = 0;

    if (record->number <= left->upto)
        return 0;
    if (left->client && record->number != left->upto + 1) {
        left->has_more = true;
        return 1;
    }
    if (!left->client)
        status = log_client_new(BYTES_MAX, record->number - 1, &left->client, err);
    if (status == 0 && left->upto)
        log_client_lose(left->client, record->number - left->upto - 1);
    left->upto = record->number;
    if (status == 0 && record->actor)
        status = log_client_name(left->client, record->actor, record->identity, err);
    return status < 0 ? status : log_client_add(left->client, record->body, record->size, NULL, err);
}

static int read_left(struct left *left, struct error *err)
{
    struct spool_told told = {0};
    int status;

    left->has_more = false;
    status = spool_read(spool_file(left->spool), take, left, &told, err);
    if (status < 0 || left->has_more || !told.rest)
        return status < 0 ? status : 0;
    keeper_say("what keeper %s has left ends with %zu bytes that are no record: at least one is lost; the file is kept as %s.bad", left->id, told.rest, left->id);
    left->is_odd = true;
    status = left->client ? 0 : log_client_new(BYTES_MAX, left->upto, &left->client, err);
    if (status == 0)
        log_client_lose(left->client, 1);
    return status;
}

static bool is_of_another(const struct keeper *keeper, const char *name)
{
    return strlen(name) == 16 && strspn(name, "0123456789abcdef") == 16 && strcmp(name, keeper->id) != 0;
}

static void end(struct left *left)
{
    log_client_free(take_ptr(left->client));
    if (left->is_odd)
        spool_set_aside(take_ptr(left->spool));
    else
        spool_remove(take_ptr(left->spool));
}

/* What stays is found again by whoever looks next. */
static void give_up(struct left *left, const struct error *why)
{
    keeper_say("what keeper %s has left: %s", left->id, why->text);
    log_client_free(take_ptr(left->client));
    spool_free(take_ptr(left->spool));
}

/* true = this one is told from here on. */
static bool begin(struct left *left, const char *name)
{
    struct error err = ERROR_INIT;

    spool_clean(left->directory, name, KEEPER_NUMBERS_ABOVE);
    if (spool_open(left->directory, name, KEEPER_NUMBERS_ABOVE, &left->spool, NULL) < 0)
        return false;
    snprintf(left->id, sizeof(left->id), "%.63s", name);
    left->upto = 0;
    left->is_odd = false;
    if (read_left(left, &err) < 0) {
        give_up(left, &err);
        return false;
    }
    if (left->client)
        return true;
    end(left); /* it was empty */
    return false;
}

void left_look(struct keeper *keeper)
{
    struct left *left = keeper->left;
    struct dirent *entry;
    DIR *directory;
    int fd;

    if (left->directory < 0 || left->client || keeper->is_retiring)
        return;
    fd = openat(left->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (!directory) {
        fd_close_at(&fd);
        return;
    }
    for (int i = 0; i < FILES_MAX && !left->client && (entry = readdir(directory)) != NULL; i++)
        if (is_of_another(keeper, entry->d_name))
            (void)begin(left, entry->d_name);
    closedir(directory);
    if (!left->client)
        return;
    daemon_ask_writer(keeper, left->id);
    loop_start(keeper->loop, &left->again, AGAIN_MS);
}

/* ---- told ---- */

static void disconnect(struct left *left)
{
    loop_forget(left->keeper->loop, &left->watch);
    left->watch.fd = -1;
}

/* All that was read so far is durable. */
static void go_on(struct left *left)
{
    struct error err = ERROR_INIT;

    if (left->has_more) {
        log_client_free(take_ptr(left->client));
        if (read_left(left, &err) < 0) {
            give_up(left, &err);
            return;
        }
        if (left->client) {
            daemon_ask_writer(left->keeper, left->id);
            return;
        }
    }
    end(left);
    left_look(left->keeper);
}

static void step(struct left *left, int status)
{
    if (log_client_is_done(left->client)) {
        disconnect(left);
        go_on(left);
        return;
    }
    if (log_client_fd(left->client) < 0)
        disconnect(left); /* asked for again by and by */
    else if (loop_change(left->keeper->loop, &left->watch, status == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        disconnect(left);
}

static void left_ready(struct loop_watch *watch, uint32_t events)
{
    struct left *left = container_of(watch, struct left, watch);
    int status = log_client_receive(left->client, NULL);

    step(left, status == 0 ? log_client_flush(left->client, NULL) : status);
}

void left_connect(struct keeper *keeper, const char *id, int fd)
{
    struct left *left = keeper->left;

    if (!left->client || strcmp(left->id, id) != 0) {
        close(fd);
        return;
    }
    disconnect(left);
    left->watch = (struct loop_watch){.fd = fd, .ready = left_ready};
    log_client_connect(left->client, fd);
    if (loop_watch(keeper->loop, &left->watch, EPOLLIN) < 0)
        left->watch.fd = -1;
    else
        step(left, log_client_flush(left->client, NULL));
}

static void again(struct loop_timer *timer)
{
    struct left *left = container_of(timer, struct left, again);

    if (!left->client)
        return;
    if (left->watch.fd < 0)
        daemon_ask_writer(left->keeper, left->id);
    loop_start(left->keeper->loop, timer, AGAIN_MS);
}

void left_set_directory(struct keeper *keeper, int directory)
{
    keeper->left->directory = directory;
    left_look(keeper);
}

int left_begin(struct keeper *keeper, struct error *err)
{
    keeper->left = mem_alloc(sizeof(*keeper->left));
    if (!keeper->left)
        return error_memory(err);
    *keeper->left = (struct left){.keeper = keeper, .directory = -1, .watch.fd = -1, .again.due = again};
    return 0;
}
