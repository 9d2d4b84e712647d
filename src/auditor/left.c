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
    uint64_t upto; /* the last of its records that was read; 0 = none */
    bool is_alive; /* what is missing in the file is in its keeper's memory: nothing is told past that */
};

static struct stamp_label label_of(const char *id)
{
    struct stamp_label label = {.uid = getuid(), .gid = getgid(), .actor = "system"};

    snprintf(label.writer, sizeof(label.writer), "keeper:%u:%.16s", getuid(), id);
    return label;
}

/* What is missing in front of one that the log has was counted when that came; the log wants it counted before what comes behind it. */
static int take_one(void *context, const struct spooled *record, struct error *err)
{
    struct taking *taking = context;
    struct stamp_label label = label_of(taking->id);
    uint64_t gap = taking->upto && record->number > taking->upto ? record->number - taking->upto - 1 : 0;
    int status = 0;

    if (gap && taking->is_alive)
        return 1;
    if (gap && record->number > log_number(taking->log, label.writer)) {
        status = log_lose(taking->log, &label, gap, err);
        taking->left->lost += gap;
    }
    if (record->actor)
        snprintf(label.actor, sizeof(label.actor), "%s", record->actor);
    snprintf(label.identity, sizeof(label.identity), "%s", record->identity ? record->identity : "");
    if (status == 0)
        status = log_append(taking->log, &label, record->number, record->body, record->size, err);
    taking->upto = record->number;
    taking->left->records += status == LOG_TAKEN;
    return status < 0 ? status : 0;
}

/* Nobody writes to it any more: what comes behind its last whole record was one. */
static int take_file_of_dead(struct taking *taking, struct spool *spool, struct error *err)
{
    struct left *left = taking->left;
    struct stamp_label label = label_of(taking->id);
    struct spool_told told = {0};
    int status;

    left->files[left->count++] = (struct left_file){.spool = spool};
    status = spool_read(spool_file(spool), take_one, taking, &told, err);
    if (status < 0 || !told.rest)
        return status;
    left->files[left->count - 1].is_odd = true;
    left->odd++;
    left->lost++;
    return log_lose(taking->log, &label, 1, err);
}

/* One that lives has its file for itself, and tells the log later what it does not have by then. */
static int take_file(struct left *left, struct log *log, const char *name, struct error *err)
{
    struct taking taking = {.left = left, .log = log, .id = name};
    struct spool *spool = NULL;
    auto_close int fd = -1;
    int status;

    spool_clean(left->directory, name, 0);
    if (spool_open(left->directory, name, 0, &spool, NULL) == 0)
        return take_file_of_dead(&taking, spool, err);
    fd = openat(left->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? 0 : error_system(err, errno, "open what keeper %s has left", name);
    taking.is_alive = true;
    status = spool_read(fd, take_one, &taking, NULL, err);
    return status < 0 ? status : 0;
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
        struct left_file *file = &left->files[i];

        if (status < 0)
            spool_free(file->spool);
        else if (file->is_odd)
            spool_set_aside(file->spool);
        else
            spool_remove(file->spool);
    }
    left->count = 0;
    fd_close_at(&left->directory);
    left->directory = -1;
}
