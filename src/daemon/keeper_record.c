/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One small file a keeper, in a directory of cordond's own: its process, user, key and a token that only it was told. Who comes to another core with
 * all of it is that keeper. It is written before the keeper is started, when its process is not known yet (0), and once more when it is.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
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

/* ---- of those that are gone ---- */

#define BURY_FIRST_MS 200
#define BURY_MOST_MS  10000

struct gone {
    struct gone *next;
    pid_t pid;
    bool is_found; /* of a former core: what it kept is looked for when its process, which has it locked, has ended */
    char id[ID_SIZE];
};

static bool has_ended(pid_t pid)
{
    auto_close int process = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd waiting = {.fd = process, .events = POLLIN};

    return process < 0 ? errno == ESRCH : poll(&waiting, 1, 0) == 1;
}

static bool is_back(const struct core *core, const char *id)
{
    for (const struct keeper *keeper = core->keepers; keeper; keeper = keeper->next)
        if (keeper->is_joined && strcmp(keeper->id, id) == 0)
            return true;
    return false;
}

static void bury(struct loop_timer *timer)
{
    struct core *core = container_of(timer, struct core, bury);

    for (struct gone **at = &core->gone, *gone; (gone = *at);) {
        bool ended = has_ended(gone->pid);

        if (ended && !is_back(core, gone->id))
            unlinkat(core->keepers_directory, gone->id, 0);
        if (ended && gone->is_found)
            keeper_look_for_kept(core);
        if (!ended && !is_back(core, gone->id)) {
            at = &gone->next;
            continue;
        }
        *at = gone->next;
        mem_free(gone);
    }
    core->bury_ms = core->bury_ms < BURY_MOST_MS / 2 ? 2 * core->bury_ms : BURY_MOST_MS;
    if (core->gone)
        loop_start(core->loop, &core->bury, core->bury_ms);
}

/* Without memory the file stays: nobody is believed by it alone. */
static void gone_add(struct core *core, const char *id, pid_t pid, bool is_found)
{
    struct gone *gone = mem_alloc(sizeof(*gone));

    if (!gone)
        return;
    *gone = (struct gone){.next = core->gone, .pid = pid, .is_found = is_found};
    snprintf(gone->id, sizeof(gone->id), "%s", id);
    core->gone = gone;
    core->bury_ms = BURY_FIRST_MS;
    core->bury.due = bury;
    loop_start(core->loop, &core->bury, core->bury_ms);
}

void keeper_record_leave(struct core *core, const struct keeper *keeper)
{
    if (keeper->pid && !has_ended(keeper->pid)) {
        gone_add(core, keeper->id, keeper->pid, keeper->is_found);
        return;
    }
    unlinkat(core->keepers_directory, keeper->id, 0);
    if (keeper->is_found)
        keeper_look_for_kept(core);
}

bool keeper_may_live(const struct core *core, const char *id)
{
    for (const struct gone *gone = core->gone; gone; gone = gone->next)
        if (strcmp(gone->id, id) == 0)
            return !has_ended(gone->pid);
    return false;
}

static pid_t pid_of_record(int directory, const char *id)
{
    auto_close int fd = openat(directory, id, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    auto_free char *text = NULL;
    size_t size;
    int pid = 0;

    if (fd < 0 || file_read_fd(fd, "record of a keeper", RECORD_MAX, &text, &size, NULL) < 0)
        return 0;
    return sscanf(text, "cordon-keeper 1 %d ", &pid) == 1 && pid > 0 ? pid : 0;
}

int keeper_records_begin(struct core *core, struct error *err)
{
    auto_close int fd = openat(core->keepers_directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!directory)
        return error_system(err, errno, "read the records of keepers");
    (void)take_fd(fd);
    while ((entry = readdir(directory))) {
        pid_t pid = keeper_is_id(entry->d_name) ? pid_of_record(core->keepers_directory, entry->d_name) : 0;

        if (pid)
            gone_add(core, entry->d_name, pid, true);
    }
    closedir(directory);
    return 0;
}
