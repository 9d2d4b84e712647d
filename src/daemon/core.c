/* SPDX-License-Identifier: Apache-2.0 */
/* The core's loop, and what it begins with. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/services.h"

void daemon_log(const char *format, ...)
{
    char line[1024];
    va_list args;
    int used = snprintf(line, sizeof(line), "cordond: ");

    va_start(args, format);
    used += vsnprintf(line + used, sizeof(line) - (size_t)used - 1, format, args);
    va_end(args);
    if (used > (int)sizeof(line) - 2)
        used = (int)sizeof(line) - 2;
    line[used++] = '\n';
    (void)!write(STDERR_FILENO, line, (size_t)used);
}

uint64_t core_number(struct core *core)
{
    return ++core->last_number;
}

static int watch(struct core *core, struct loop_watch *watch, int fd, void (*ready)(struct loop_watch *, uint32_t), struct error *err)
{
    int status;

    *watch = (struct loop_watch){.fd = fd, .ready = ready};
    status = loop_watch(core->loop, watch, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch a socket") : 0;
}

static int open_own(struct core *core, struct error *err)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/keepers", core->settings->runtime);
    core->keepers_directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (core->keepers_directory < 0)
        return error_system(err, errno, "open %s", path);
    /* above those of any core before, whose tickets keepers may still name */
    if (getrandom(&core->last_number, sizeof(core->last_number), 0) != sizeof(core->last_number))
        return error_system(err, errno, "take random bytes");
    core->last_number >>= 8;
    return keeper_records_begin(core, err);
}

static int settle(struct error *err)
{
    struct rlimit files;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || (files.rlim_cur = files.rlim_max, setrlimit(RLIMIT_NOFILE, &files)) < 0)
        return error_system(err, errno, "raise the limit of open files");
    return 0;
}

static int begin(struct core *core, int control, int keepers, int starter, const char *former, struct error *err)
{
    int status = settle(err);

    if (status == 0)
        status = loop_open(&core->loop, err);
    if (status == 0)
        status = open_own(core, err);
    if (status == 0)
        status = own_begin(core, former, err);
    if (status == 0)
        status = watch(core, &core->control, control, clients_ready, err);
    if (status == 0)
        status = watch(core, &core->keepers_socket, keepers, keepers_ready, err);
    if (status == 0)
        status = watch(core, &core->starter, starter, starter_ready, err);
    if (status == 0)
        status = services_begin(core, err);
    return status < 0 ? status : core_confine(core->keepers_directory, err);
}

int core_run(const struct daemon_settings *settings, int control, int keepers, int starter, const char *former)
{
    struct error err = ERROR_INIT;
    struct core *core = mem_alloc(sizeof(*core));
    int status;

    if (!core)
        return 1;
    core->settings = settings;
    core->containers_end = &core->containers;
    if (begin(core, control, keepers, starter, former, &err) < 0) {
        daemon_log("%s", err.text);
        return 1;
    }
    status = loop_run(core->loop);
    own_end(core);
    return status ? 1 : 0;
}
