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

int store_make_file(int runs_fd, const char *run_id, const char *name, int *ret_fd, struct error *err)
{
    auto_close int directory = -1;
    int fd, status = store_open_directory(runs_fd, run_id, &directory, err);

    if (status < 0)
        return status;
    fd = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (fd < 0)
        return error_system(err, errno, "create %s of run %s", name, run_id);
    *ret_fd = fd;
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

int store_open_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd,
                   struct error *err)
{
    char name[RUN_ID_SIZE + sizeof(STORE_EVENTS_NAME) + 1];
    auto_close int store = -1, fd = -1;
    int status = store_open_or_make(runs, &store, err);

    if (status < 0)
        return status;
    if (mkdirat(store, run_id, 0700) < 0)
        return error_system(err, errno, "create %s/%s", runs, run_id);
    snprintf(name, sizeof(name), "%s/%s", run_id, STORE_EVENTS_NAME);
    fd = openat(store, name, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        status = error_system(err, errno, "create %s/%s", runs, name);
    else if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        status = error_system(err, errno, "lock %s/%s", runs, name);
    if (status < 0) { /* a run without a word would be left */
        unlinkat(store, name, 0);
        unlinkat(store, run_id, AT_REMOVEDIR);
        return status;
    }
    *ret_runs_fd = take_fd(store);
    *ret_fd = take_fd(fd);
    return 0;
}

/*
 * Most file systems count a directory's sub-directories in its links. Those that do not (btrfs, or
 * ext4 beyond 65,000) say 1; then one start in 64 looks.
 */
static bool store_may_be_full(int runs_fd)
{
    struct stat st;
    unsigned char chance;

    if (fstat(runs_fd, &st) < 0)
        return false;
    if (st.st_nlink > 1)
        return st.st_nlink > EVENT_RUNS_MAX + EVENT_RUNS_SLACK + 2;
    return getrandom(&chance, 1, GRND_NONBLOCK) == 1 && chance % 64 == 0;
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

void store_prune(int runs_fd)
{
    auto_free char(*names)[RUN_ID_SIZE] = NULL;
    long count;

    if (!store_may_be_full(runs_fd))
        return;
    count = store_list(runs_fd, &names);
    for (long i = 0; i < count - EVENT_RUNS_MAX; i++)
        store_drop_run(runs_fd, names[i]);
}
