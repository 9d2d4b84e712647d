/* SPDX-License-Identifier: Apache-2.0 */
/* The run store on disk. */
#include "event/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Somebody else's, or one that somebody else may write, could hand us a record of theirs. */
static int store_check(int fd, const char *what, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "stat %s", what);
    if (st.st_uid != geteuid())
        return error_set(err, ERROR_SYSTEM, EPERM,
                         "%s belongs to uid %u, not to you: set XDG_STATE_HOME to a directory of your own", what,
                         (unsigned)st.st_uid);
    if (st.st_mode & 022)
        return error_set(err, ERROR_SYSTEM, EPERM, "%s is writable by others: chmod go-w it", what);
    return 0;
}

int store_open(const char *runs, int *ret_fd, struct error *err)
{
    auto_close int fd = open(runs, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int status;

    if (fd < 0)
        return error_system(err, errno, "open run store %s", runs);
    status = store_check(fd, runs, err);
    if (status < 0)
        return error_prepend(err, "run store");
    *ret_fd = take_fd(fd);
    return 0;
}

static int store_open_or_make(const char *runs, int *ret_fd, struct error *err)
{
    int status = store_open(runs, ret_fd, err);

    if (status != -ENOENT)
        return status;
    status = file_make_directories(runs, 0700, err);
    if (status < 0)
        return error_prepend(err, "run store (XDG_STATE_HOME moves it)");
    return store_open(runs, ret_fd, err);
}

static int store_open_directory(int runs_fd, const char *run_id, int *ret_fd, struct error *err)
{
    auto_close int fd = openat(runs_fd, run_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    int status;

    if (fd < 0)
        return error_system(err, errno, "run %s", run_id);
    status = store_check(fd, run_id, err);
    if (status < 0)
        return error_prepend(err, "run");
    *ret_fd = take_fd(fd);
    return 0;
}

int store_open_file(int runs_fd, const char *run_id, const char *name, int *ret_fd, struct error *err)
{
    auto_close int directory = -1, fd = -1;
    struct stat st;
    int status = store_open_directory(runs_fd, run_id, &directory, err);

    if (status < 0)
        return status;
    /* O_NONBLOCK: a FIFO in its place is refused, not waited for */
    fd = openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(err, errno, "run %s: %s", run_id, name);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return error_set(err, ERROR_SYSTEM, EPERM, "run %s: %s is not a regular file", run_id, name);
    status = store_check(fd, name, err);
    if (status < 0)
        return error_prepend(err, "run %s", run_id);
    *ret_fd = take_fd(fd);
    return 0;
}

int store_open_again(int runs_fd, const char *run_id, int *ret_fd, struct error *err)
{
    auto_close int directory = -1, fd = -1;
    int status = store_open_directory(runs_fd, run_id, &directory, err);

    if (status < 0)
        return status;
    fd = openat(directory, STORE_EVENTS_NAME, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_system(err, errno, "run %s: %s", run_id, STORE_EVENTS_NAME);
    status = store_check(fd, STORE_EVENTS_NAME, err);
    if (status < 0)
        return error_prepend(err, "run %s", run_id);
    *ret_fd = take_fd(fd);
    return 0;
}

int store_make_file(int runs_fd, const char *run_id, const char *name, int *ret_fd, struct error *err)
{
    auto_close int directory = -1, fd = -1;
    struct stat st;
    int status = store_open_directory(runs_fd, run_id, &directory, err);

    if (status < 0)
        return status;
    fd = openat(directory, name, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    /* one that is empty is left so: after O_TRUNC ext4 has close() begin to write to the disk */
    if (fd < 0 || fstat(fd, &st) < 0 || (st.st_size && ftruncate(fd, 0) < 0))
        return error_system(err, errno, "create %s of run %s", name, run_id);
    *ret_fd = take_fd(fd);
    return 0;
}

/*
 * To look at a lock is to take it for a moment, in which a supervisor that has just made its file could not: a file without a
 * word is one that will be locked, or has just been.
 */
#define YOUNG_S 10

bool store_is_running(int fd)
{
    struct stat st;

    if (fstat(fd, &st) == 0 && st.st_size == 0 && time(NULL) - st.st_mtime < YOUNG_S)
        return true;
    if (flock(fd, LOCK_SH | LOCK_NB) < 0)
        return true;
    flock(fd, LOCK_UN);
    return false;
}

/* ".ID", of one that is prepared: no run has such a name. */
#define READY_NAME_SIZE (RUN_ID_SIZE + 1)

static void ready_name(const char *run_id, char ret_name[READY_NAME_SIZE])
{
    snprintf(ret_name, READY_NAME_SIZE, ".%s", run_id);
}

static int make_run(int store, const char *name, int *ret_fd, struct error *err)
{
    char file[READY_NAME_SIZE + sizeof(STORE_EVENTS_NAME) + 1];
    auto_close int fd = -1;
    int status = 0;

    if (mkdirat(store, name, 0700) < 0)
        return error_system(err, errno, "create %s in the run store", name);
    snprintf(file, sizeof(file), "%s/%s", name, STORE_EVENTS_NAME);
    fd = openat(store, file, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        status = error_system(err, errno, "create %s in the run store", file);
    else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        status = error_system(err, errno, "lock %s in the run store", file);
    if (status < 0) { /* a run without a word would be left */
        unlinkat(store, file, 0);
        unlinkat(store, name, AT_REMOVEDIR);
        return status;
    }
    *ret_fd = take_fd(fd);
    return 0;
}

int store_open_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd,
                   struct error *err)
{
    auto_close int store = -1;
    int status = store_open_or_make(runs, &store, err);

    if (status == 0)
        status = make_run(store, run_id, ret_fd, err);
    if (status == 0)
        *ret_runs_fd = take_fd(store);
    return status;
}

int store_prepare_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd, struct error *err)
{
    char name[READY_NAME_SIZE];
    auto_close int store = -1, fd = -1, request = -1;
    int status = store_open_or_make(runs, &store, err);

    ready_name(run_id, name);
    if (status == 0)
        status = make_run(store, name, &fd, err);
    if (status < 0)
        return status;
    status = store_make_file(store, name, STORE_REQUEST_NAME, &request, err);
    if (status < 0) {
        store_discard_run(store, run_id);
        return status;
    }
    *ret_runs_fd = take_fd(store);
    *ret_fd = take_fd(fd);
    return 0;
}

int store_publish_run(int runs_fd, const char *ready_id, const char *run_id, struct error *err)
{
    char name[READY_NAME_SIZE];

    ready_name(ready_id, name);
    if (renameat2(runs_fd, name, runs_fd, run_id, RENAME_NOREPLACE) < 0)
        return error_system(err, errno, "create %s in the run store", run_id);
    return 0;
}

void store_discard_run(int runs_fd, const char *run_id)
{
    char name[READY_NAME_SIZE], file[READY_NAME_SIZE + sizeof(STORE_EVENTS_NAME) + sizeof(STORE_REQUEST_NAME)];

    ready_name(run_id, name);
    snprintf(file, sizeof(file), "%s/%s", name, STORE_REQUEST_NAME);
    unlinkat(runs_fd, file, 0);
    snprintf(file, sizeof(file), "%s/%s", name, STORE_EVENTS_NAME);
    unlinkat(runs_fd, file, 0);
    unlinkat(runs_fd, name, AT_REMOVEDIR);
}

/* Of a process that was ended before it could: nobody holds its lock. */
static void drop_ready(int runs_fd, const char *run_id)
{
    char name[READY_NAME_SIZE], file[READY_NAME_SIZE + sizeof(STORE_EVENTS_NAME) + 1];
    auto_close int fd = -1;

    ready_name(run_id, name);
    snprintf(file, sizeof(file), "%s/%s", name, STORE_EVENTS_NAME);
    fd = openat(runs_fd, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || (!store_is_running(fd) && flock(fd, LOCK_EX | LOCK_NB) == 0))
        store_discard_run(runs_fd, run_id);
}

/*
 * What this thread last left of a store, or found since, if that was less. What is kept ready counts as well, and may be more than the slack: only what comes
 * on top of it is a reason to look through all of them again.
 */
static _Thread_local struct {
    dev_t device;
    ino_t inode;
    nlink_t links;
} left;

static bool is_left(const struct stat *st)
{
    return left.device == st->st_dev && left.inode == st->st_ino;
}

static void leave(int runs_fd)
{
    struct stat st;

    if (fstat(runs_fd, &st) == 0)
        left.device = st.st_dev, left.inode = st.st_ino, left.links = st.st_nlink;
}

/*
 * Most file systems count a directory's sub-directories in its links. Those that do not (btrfs, or
 * ext4 beyond 65,000) say 1; then one start in 64 looks.
 */
static bool store_may_be_full(int runs_fd)
{
    nlink_t most = EVENT_RUNS_MAX + EVENT_RUNS_SLACK + 2;
    struct stat st;
    unsigned char chance;

    if (fstat(runs_fd, &st) < 0)
        return false;
    if (st.st_nlink <= 1)
        return getrandom(&chance, 1, GRND_NONBLOCK) == 1 && chance % 64 == 0;
    if (is_left(&st) && st.st_nlink < left.links)
        left.links = st.st_nlink;
    if (is_left(&st) && left.links + EVENT_RUNS_SLACK > most)
        most = left.links + EVENT_RUNS_SLACK;
    return st.st_nlink > most;
}

long store_list(int runs_fd, char (**ret_names)[RUN_ID_SIZE])
{
    int fd = openat(runs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    char(*names)[RUN_ID_SIZE] = NULL;
    long count = 0, capacity = 0;
    struct dirent *entry;

    if (!directory) {
        fd_close_at(&fd);
        return -1;
    }
    while ((entry = readdir(directory))) {
        if (!run_id_is_valid(entry->d_name))
            continue;
        if (count == capacity) {
            long wanted = capacity ? 2 * capacity : 2048;
            void *grown = mem_resize(names, (size_t)wanted * sizeof(*names));

            if (!grown) {
                closedir(directory);
                mem_free(names);
                errno = ENOMEM;
                return -1;
            }
            names = grown;
            capacity = wanted;
        }
        memcpy(names[count++], entry->d_name, RUN_ID_SIZE);
    }
    closedir(directory);
    if (count)
        qsort(names, (size_t)count, sizeof(*names), (int (*)(const void *, const void *))strcmp);
    *ret_names = names;
    return count;
}

static void store_drop_run(int runs_fd, const char *run_id)
{
    char name[RUN_ID_SIZE + sizeof(STORE_EVENTS_NAME) + 1], request[RUN_ID_SIZE + sizeof(STORE_REQUEST_NAME) + 1];
    char review[RUN_ID_SIZE + sizeof(STORE_REVIEW_NAME) + 1], reviewed[RUN_ID_SIZE + sizeof(STORE_REVIEWED_NAME) + 1];
    auto_close int fd = -1;

    snprintf(review, sizeof(review), "%s/%s", run_id, STORE_REVIEW_NAME);
    if (faccessat(runs_fd, review, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return; /* its changes wait */
    snprintf(reviewed, sizeof(reviewed), "%s/%s", run_id, STORE_REVIEWED_NAME);
    snprintf(request, sizeof(request), "%s/%s", run_id, STORE_REQUEST_NAME);
    snprintf(name, sizeof(name), "%s/%s", run_id, STORE_EVENTS_NAME);
    fd = openat(runs_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        return; /* still running */
    unlinkat(runs_fd, request, 0);
    unlinkat(runs_fd, reviewed, 0);
    unlinkat(runs_fd, name, 0);
    unlinkat(runs_fd, run_id, AT_REMOVEDIR);
}

bool event_run_drop(const char *runs_directory, const char *run_id)
{
    auto_close int fd = -1;

    if (!run_id_is_valid(run_id) || store_open(runs_directory, &fd, NULL) < 0)
        return false;
    store_drop_run(fd, run_id);
    return faccessat(fd, run_id, F_OK, AT_SYMLINK_NOFOLLOW) < 0;
}

/* What was prepared and is nobody's any more. */
static void sweep(int runs_fd)
{
    int fd = openat(runs_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!directory) {
        fd_close_at(&fd);
        return;
    }
    while ((entry = readdir(directory)))
        if (entry->d_name[0] == '.' && run_id_is_valid(entry->d_name + 1))
            drop_ready(runs_fd, entry->d_name + 1);
    closedir(directory);
}

void store_prune(int runs_fd)
{
    auto_free char(*names)[RUN_ID_SIZE] = NULL;
    long count;

    if (!store_may_be_full(runs_fd))
        return;
    sweep(runs_fd);
    count = store_list(runs_fd, &names);
    for (long i = 0; i < count - EVENT_RUNS_MAX; i++)
        store_drop_run(runs_fd, names[i]);
    leave(runs_fd);
}
