/* SPDX-License-Identifier: Apache-2.0 */
#include "logger/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define MAGIC      0x314c5543u /* "CUL1" */
#define SIZE_MAX_  ((size_t)256 << 20)
#define TEXT_MAX_  1024
#define NAME_MAX_  64

struct spool {
    int directory, fd, fd_least;
    int former; /* while another takes its place; -1 = none does */
    uint64_t size, former_size;
    bool is_torn, former_is_torn; /* it ends in half a record, which could not be taken back: nothing behind that would be read */
    char name[NAME_MAX_];
};

/* In front of each record. Lengths of texts count their NUL; 0 = there is none. */
struct frame {
    uint32_t magic, body_size;
    uint64_t number;
    uint16_t actor_size, identity_size;
    uint32_t unused;
};

/* Who had it before may have put another one in its place. */
static bool is_there(int directory, const char *name, int fd)
{
    struct stat here, there;

    return fstat(fd, &here) == 0 && fstatat(directory, name, &there, AT_SYMLINK_NOFOLLOW) == 0 && here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

/* Closing any descriptor of a file gives its lock up: it is lifted first. */
static int open_locked(int directory, const char *name, int flags, int fd_least, int *ret_fd, struct error *err)
{
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    auto_close int low = openat(directory, name, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600), fd = -1;

    if (low < 0)
        return error_system(err, errno, "open what the log has not taken (%s)", name);
    fd = fcntl(low, F_DUPFD_CLOEXEC, fd_least);
    fd_close_at(&low);
    low = -1;
    if (fd < 0)
        return error_system(err, errno, "keep what the log has not taken (%s)", name);
    if (fcntl(fd, F_SETLK, &lock) < 0) /* EACCES and EAGAIN say the same */
        return error_system(err, errno == EACCES ? EAGAIN : errno, "have what the log has not taken (%s) alone", name);
    if (!is_there(directory, name, fd))
        return error_set(err, ERROR_SYSTEM, EAGAIN, "what the log has not taken (%s) is another file by now", name);
    *ret_fd = take_fd(fd);
    return 0;
}

int spool_open(int directory, const char *name, int fd_least, struct spool **ret_spool, struct error *err)
{
    struct spool *spool;
    struct stat st;
    int status;

    if (strlen(name) + sizeof(".new") > NAME_MAX_)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", name);
    spool = mem_alloc(sizeof(*spool));
    if (!spool)
        return error_memory(err);
    *spool = (struct spool){.directory = directory, .fd = -1, .former = -1, .fd_least = fd_least};
    snprintf(spool->name, sizeof(spool->name), "%s", name);
    status = open_locked(directory, name, 0, fd_least, &spool->fd, err);
    if (status == 0 && fstat(spool->fd, &st) < 0)
        status = error_system(err, errno, "look at what the log has not taken (%s)", name);
    if (status < 0) {
        spool_free(spool);
        return status;
    }
    spool->size = (uint64_t)st.st_size;
    *ret_spool = spool;
    return 0;
}

void spool_clean(int directory, const char *name, int fd_least)
{
    char path[NAME_MAX_];
    auto_close int fd = -1;

    if ((size_t)snprintf(path, sizeof(path), "%s" SPOOL_RENEWED, name) >= sizeof(path) || faccessat(directory, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return;
    if (open_locked(directory, path, 0, fd_least, &fd, NULL) == 0)
        unlinkat(directory, path, 0);
}

void spool_free(struct spool *spool)
{
    if (!spool)
        return;
    fd_close_at(&spool->fd);
    fd_close_at(&spool->former);
    mem_free(spool);
}

void spool_set_aside(struct spool *spool)
{
    char name[NAME_MAX_];

    snprintf(name, sizeof(name), "%.59s.bad", spool->name);
    if (renameat(spool->directory, spool->name, spool->directory, name) < 0)
        spool_remove(spool);
    else
        spool_free(spool);
}

void spool_remove(struct spool *spool)
{
    if (spool)
        unlinkat(spool->directory, spool->name, 0);
    spool_free(spool);
}

uint64_t spool_size(const struct spool *spool)
{
    return spool->size;
}

int spool_file(const struct spool *spool)
{
    return spool->fd;
}

/* ---- written ---- */

static uint16_t text_size(const char *text)
{
    return text ? (uint16_t)(strlen(text) + 1) : 0;
}

/* One write: what is cut short is taken back. */
int spool_add(struct spool *spool, const struct spooled *record, struct error *err)
{
    struct frame frame = {.magic = MAGIC, .body_size = (uint32_t)record->size, .number = record->number};
    struct iovec parts[] = {{&frame, sizeof(frame)}, {(void *)(uintptr_t)record->actor, 0}, {(void *)(uintptr_t)record->identity, 0},
                            {(void *)(uintptr_t)record->body, record->size}};
    size_t all;
    ssize_t written;

    if ((record->actor && strlen(record->actor) >= TEXT_MAX_) || (record->identity && strlen(record->identity) >= TEXT_MAX_) || record->size > UINT32_MAX / 2)
        return error_set(err, ERROR_LIMIT, EFBIG, "a record of %zu bytes cannot be kept", record->size);
    if (spool->is_torn)
        return error_set(err, ERROR_SYSTEM, EIO, "the file of what the log has not taken could not be put in order: nothing more is kept in it");
    parts[1].iov_len = frame.actor_size = text_size(record->actor);
    parts[2].iov_len = frame.identity_size = text_size(record->identity);
    all = sizeof(frame) + parts[1].iov_len + parts[2].iov_len + record->size;
    written = writev(spool->fd, parts, ARRAY_COUNT(parts));
    if (written == (ssize_t)all) {
        spool->size += all;
        return 0;
    }
    error_system(err, written < 0 ? errno : ENOSPC, "keep what the log has not taken");
    spool->is_torn = written > 0 && ftruncate(spool->fd, (off_t)spool->size) < 0;
    return err && err->errnum ? -err->errnum : -ENOSPC;
}

int spool_clear(struct spool *spool, struct error *err)
{
    if (!spool->size && !spool->is_torn)
        return 0;
    if (ftruncate(spool->fd, 0) < 0)
        return error_system(err, errno, "empty what the log has taken");
    spool->size = 0;
    spool->is_torn = false;
    return 0;
}

int spool_renew_begin(struct spool *spool, struct error *err)
{
    char name[NAME_MAX_];
    int fd, status;

    snprintf(name, sizeof(name), "%.59s" SPOOL_RENEWED, spool->name);
    status = open_locked(spool->directory, name, O_TRUNC, spool->fd_least, &fd, err);
    if (status < 0)
        return status;
    spool->former = spool->fd;
    spool->former_size = spool->size;
    spool->former_is_torn = spool->is_torn;
    spool->fd = fd;
    spool->size = 0;
    spool->is_torn = false;
    return 0;
}

int spool_renew_end(struct spool *spool, int status, struct error *err)
{
    char name[NAME_MAX_];

    snprintf(name, sizeof(name), "%.59s" SPOOL_RENEWED, spool->name);
    if (status == 0 && renameat(spool->directory, name, spool->directory, spool->name) < 0)
        status = error_system(err, errno, "replace what the log has not taken");
    if (status < 0) {
        unlinkat(spool->directory, name, 0);
        fd_close_at(&spool->fd);
        spool->fd = spool->former;
        spool->size = spool->former_size;
        spool->is_torn = spool->former_is_torn;
    } else {
        fd_close_at(&spool->former);
    }
    spool->former = -1;
    return status;
}

/* ---- read ---- */

static const char *text_at(const char *at, uint16_t size)
{
    return size && memchr(at, '\0', size) == at + size - 1 ? at : NULL;
}

/* The size of the frame with what belongs to it; 0 = it is none. */
static size_t read_frame(const char *at, size_t left, struct spooled *ret_record)
{
    struct frame frame;
    size_t all;

    if (left < sizeof(frame))
        return 0;
    memcpy(&frame, at, sizeof(frame));
    if (frame.magic != MAGIC || frame.unused || frame.actor_size > TEXT_MAX_ || frame.identity_size > TEXT_MAX_)
        return 0;
    all = sizeof(frame) + frame.actor_size + frame.identity_size;
    if (all > left || frame.body_size > left - all)
        return 0;
    at += sizeof(frame);
    *ret_record = (struct spooled){.number = frame.number, .actor = text_at(at, frame.actor_size), .size = frame.body_size};
    at += frame.actor_size;
    ret_record->identity = text_at(at, frame.identity_size);
    ret_record->body = at + frame.identity_size;
    if ((frame.actor_size && !ret_record->actor) || (frame.identity_size && !ret_record->identity))
        return 0;
    return all + frame.body_size;
}

int spool_read(int fd, int (*hear)(void *context, const struct spooled *record, struct error *err), void *context, struct spool_told *ret_told, struct error *err)
{
    auto_free char *bytes = NULL;
    size_t size, at = 0, step;
    struct spooled record;
    uint64_t count = 0;
    int status = lseek(fd, 0, SEEK_SET) < 0 ? error_system(err, errno, "read what the log has not taken") : 0;

    if (status == 0)
        status = file_read_fd(fd, "what the log has not taken", SIZE_MAX_, &bytes, &size, err);
    for (; status == 0 && (step = read_frame(bytes + at, size - at, &record)) > 0; at += step, count++)
        status = hear(context, &record, err);
    if (status == 0 && ret_told)
        *ret_told = (struct spool_told){.count = count, .rest = size - at};
    return status;
}
