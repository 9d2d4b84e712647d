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
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* Somebody else's directory, or one that somebody else may write, could hand us a record of theirs.
 */
static int store_check_directory(int fd, const char *runs, struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "stat %s", runs);
    if (st.st_uid != geteuid())
        return error_set(err, ERROR_SYSTEM, EPERM,
                         "run store %s belongs to uid %u, not to you: set XDG_STATE_HOME to a "
                         "directory of your own",
                         runs, (unsigned)st.st_uid);
    if (st.st_mode & 022)
        return error_set(err, ERROR_SYSTEM, EPERM,
                         "run store %s is writable by others: chmod go-w it", runs);
    return 0;
}

static int store_open(const char *runs, int *ret_fd, struct error *err)
{
    static const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW;
    auto_close int fd = open(runs, flags);
    int status;

    if (fd < 0 && errno == ENOENT) {
        status = file_make_directories(runs, 0700, err);
        if (status < 0)
            return error_prepend(err, "run store (XDG_STATE_HOME moves it)");
        fd = open(runs, flags);
    }
    if (fd < 0)
        return error_system(err, errno, "open run store %s", runs);
    status = store_check_directory(fd, runs, err);
    if (status < 0)
        return status;
    *ret_fd = take_fd(fd);
    return 0;
}

int store_open_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd,
                   struct error *err)
{
    char name[RUN_ID_SIZE + sizeof(STORE_EVENTS_NAME) + 1];
    auto_close int store = -1, fd = -1;
    int status = store_open(runs, &store, err);

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

/* Oldest first, since run ids sort by time. Returns how many, or -1. */
static long store_list(int runs_fd, char (**ret_names)[RUN_ID_SIZE])
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

            if (!grown)
                break; /* what was found so far is enough to drop some */
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
    char name[RUN_ID_SIZE + sizeof(STORE_EVENTS_NAME) + 1];
    auto_close int fd = -1;

    snprintf(name, sizeof(name), "%s/%s", run_id, STORE_EVENTS_NAME);
    fd = openat(runs_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
        return; /* still running */
    unlinkat(runs_fd, name, 0);
    unlinkat(runs_fd, run_id, AT_REMOVEDIR);
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
