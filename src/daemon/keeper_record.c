/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small file a keeper, in a directory of cordond's own: its process, user, key and a token that only it was told. Who comes to another core with
 * all of it is that keeper. It is written before the keeper is started, when its process is not known yet (0), and once more when it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "daemon/daemon.h"

#define RECORD_MAX 512

struct line {
    char text[RECORD_MAX];
};

static struct line record_of(const struct keeper *keeper, pid_t pid, uid_t uid)
{
    struct line line;
    size_t used = (size_t)snprintf(line.text, sizeof(line.text), "cordon-keeper 1 %d %u ", (int)pid, uid);

    for (size_t i = 0; i < KEY_SIZE; i++)
        used += (size_t)snprintf(line.text + used, sizeof(line.text) - used, "%02x", keeper->key[i]);
    used += (size_t)snprintf(line.text + used, sizeof(line.text) - used, " ");
    for (size_t i = 0; i < TOKEN_SIZE; i++)
        used += (size_t)snprintf(line.text + used, sizeof(line.text) - used, "%02x", keeper->token[i]);
    snprintf(line.text + used, sizeof(line.text) - used, "\n");
    return line;
}

bool keeper_is_id(const char *id)
{
    return strlen(id) == 16 && strspn(id, "0123456789abcdef") == 16;
}

int keeper_record_write(const struct core *core, const struct keeper *keeper, struct error *err)
{
    struct line line = record_of(keeper, keeper->pid, keeper->account->uid);
    char name[ID_SIZE + 4];
    auto_close int fd = -1;
    int status;

    snprintf(name, sizeof(name), "%s.new", keeper->id);
    fd = openat(core->keepers_directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "record of a keeper");
    status = file_write_all(fd, line.text, strlen(line.text));
    if (status == 0 && renameat(core->keepers_directory, name, core->keepers_directory, keeper->id) < 0)
        status = -errno;
    if (status < 0)
        return error_system(err, -status, "record of a keeper");
    return 0;
}

int keeper_record_check(const struct core *core, const struct keeper *keeper, uid_t uid, struct error *err)
{
    struct line line = record_of(keeper, keeper->pid, uid), early = record_of(keeper, 0, uid);
    auto_free char *text = NULL;
    auto_close int fd = -1;
    size_t size;
    int status;

    if (!keeper_is_id(keeper->id))
        return error_set(err, ERROR_INVALID, EINVAL, "a keeper with a name that none has");
    fd = openat(core->keepers_directory, keeper->id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return error_system(err, errno, "record of keeper %s", keeper->id);
    status = file_read_fd(fd, "record of a keeper", RECORD_MAX, &text, &size, err);
    if (status == 0 && strcmp(text, line.text) != 0 && strcmp(text, early.text) != 0)
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "process %d of user %u is not keeper %s", (int)keeper->pid, uid, keeper->id);
    return status;
}

void keeper_record_remove(const struct core *core, const struct keeper *keeper)
{
    unlinkat(core->keepers_directory, keeper->id, 0);
}
