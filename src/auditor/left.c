/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/left.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "logger/spool.h"

struct taking {
    struct left *left;
    struct log *log;
    const char *id;
};

static int take_one(void *context, const struct spooled *record, struct error *err)
{
    struct taking *taking = context;
    struct stamp_label label = {.uid = getuid(), .gid = getgid()};
    int status;

    snprintf(label.writer, sizeof(label.writer), "keeper:%u:%.16s", getuid(), taking->id);
    snprintf(label.actor, sizeof(label.actor), "%s", record->actor ? record->actor : "system");
    snprintf(label.identity, sizeof(label.identity), "%s", record->identity ? record->identity : "");
    status = log_append(taking->log, &label, record->number, record->body, record->size, err);
    taking->left->records += status == LOG_TAKEN;
    return status < 0 ? status : 0;
}

/* One that lives has its file for itself, and tells the log later what it does not have by then. */
static int take_file(struct left *left, struct log *log, const char *name, struct error *err)
{
    struct taking taking = {left, log, name};
    struct spool *spool = NULL;
    auto_close int fd = -1;
    int status = spool_open(left->directory, name, 0, &spool, NULL);

    if (status == 0) {
        left->files[left->count++] = spool;
        return spool_read(spool_file(spool), take_one, &taking, NULL, err);
    }
    fd = openat(left->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "open what keeper %s has left", name);
    return spool_read(fd, take_one, &taking, NULL, err);
}

int left_take(struct left *left, struct log *log, const char *state, struct error *err)
{
    char path[PATH_MAX];
    struct dirent *entry;
    DIR *directory;
    int status = 0;

    *left = (struct left){.directory = -1};
    snprintf(path, sizeof(path), "%s/" SPOOL_FOLDER, state);
    left->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (left->directory < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "open %s", path);
    directory = opendir(path);
    if (!directory)
        return error_system(err, errno, "open %s", path);
    while (status == 0 && left->count < LEFT_MAX && (entry = readdir(directory)) != NULL)
        if (strlen(entry->d_name) == 16 && strspn(entry->d_name, "0123456789abcdef") == 16)
            status = take_file(left, log, entry->d_name, err);
    closedir(directory);
    return status;
}

void left_end(struct left *left, int status)
{
    for (size_t i = 0; i < left->count; i++) {
        if (status == 0)
            spool_remove(left->files[i]);
        else
            spool_free(left->files[i]);
    }
    left->count = 0;
    fd_close_at(&left->directory);
    left->directory = -1;
}
