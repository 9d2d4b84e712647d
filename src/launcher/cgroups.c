/* SPDX-License-Identifier: Apache-2.0 */
/* Names come checked ([0-9A-Za-z-]), so that none of them leads out of ROOT. */
#include "launcher/cgroups.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define MOUNTS_BYTES ((size_t)4 << 20)
#define CPU_PERIOD_US 100000u
#define VALUE_SIZE 4096
#define NAME_SIZE (LAUNCH_GROUP_SIZE + LAUNCH_CGROUP_SIZE + 2)

static const char *const controllers[] = {"memory", "pids", "cpu", "cpuacct", "freezer"};

static bool has_word(const char *list, const char *word, const char *ends)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || strchr(ends, at[-1])) && (!at[length] || strchr(ends, at[length])))
            return true;
    return false;
}

static bool value_read(int directory, const char *name, char *ret_text, size_t size)
{
    auto_close int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, ret_text, size - 1);

    ret_text[got > 0 ? got : 0] = '\0';
    return got >= 0;
}

static int value_write(int directory, const char *name, const char *value)
{
    auto_close int fd = openat(directory, name, O_WRONLY | O_CLOEXEC);

    return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int number_write(int directory, const char *name, uint64_t value)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return value_write(directory, name, text);
}

/* Version 2 hands a controller on by the group above; one that it has not is missed when a limit needs it. */
static void controllers_hand_on(int directory)
{
    static const char *const wanted[] = {"+memory", "+pids", "+cpu"};

    for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
        (void)!value_write(directory, "cgroup.subtree_control", wanted[i]);
}

/* Where the launcher itself lies in ROOT, as with a delegated unit, nothing could be handed on. */
static void step_aside(int root)
{
    auto_close int own = -1;

    if (mkdirat(root, "launcher", 0755) < 0 && errno != EEXIST)
        return;
    own = openat(root, "launcher", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (own >= 0)
        (void)!value_write(own, "cgroup.procs", "0");
}

static bool is_mine(int root)
{
    char text[VALUE_SIZE], number[24];

    snprintf(number, sizeof(number), "%d", (int)getpid());
    return value_read(root, "cgroup.procs", text, sizeof(text)) && has_word(text, number, "\n");
}

static int root_open(const char *mount, const char *path, bool is_unified, int *ret_root, struct error *err)
{
    auto_close int root = -1;
    char whole[512];

    snprintf(whole, sizeof(whole), "%s%s", mount, path);
    if (file_make_directories(whole, 0755, err) < 0)
        return -EACCES;
    root = open(whole, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return error_system(err, errno, "open the control group %s", whole);
    if (is_unified) {
        int top = open(mount, O_PATH | O_DIRECTORY | O_CLOEXEC);

        if (top >= 0)
            controllers_hand_on(top);
        if (top >= 0)
            close(top);
        if (is_mine(root))
            step_aside(root);
        controllers_hand_on(root);
    }
    *ret_root = take_fd(root);
    return 0;
}

static int hierarchy_take(struct cgroups *cgroups, const char *mount, const char *options, bool is_unified, struct error *err)
{
    bool is_wanted = is_unified;
    int status;

    for (size_t i = 0; i < ARRAY_COUNT(controllers); i++)
        is_wanted |= !is_unified && has_word(options, controllers[i], ",");
    if (!is_wanted || cgroups->count == CGROUPS_HIERARCHIES_MAX || (is_unified && cgroups->at[CGROUPS_UNIFIED] >= 0))
        return 0;
    status = root_open(mount, cgroups->path, is_unified, &cgroups->roots[cgroups->count], err);
    if (status < 0)
        return status;
    for (size_t i = 0; i < ARRAY_COUNT(controllers); i++)
        if (!is_unified && has_word(options, controllers[i], ",") && cgroups->at[i] < 0)
            cgroups->at[i] = (int)cgroups->count;
    if (is_unified)
        cgroups->at[CGROUPS_UNIFIED] = (int)cgroups->count;
    cgroups->count++;
    return 0;
}

static int line_take(struct cgroups *cgroups, char *line, struct error *err)
{
    char mount[256], type[32], options[512], *dash = strstr(line, " - ");

    if (!dash || sscanf(line, "%*s %*s %*s %*s %255s", mount) != 1 || sscanf(dash, " - %31s %*s %511s", type, options) != 2)
        return 0;
    if (strcmp(type, "cgroup2") != 0 && strcmp(type, "cgroup") != 0)
        return 0;
    return hierarchy_take(cgroups, mount, options, strcmp(type, "cgroup2") == 0, err);
}

/* What version 2 has is counted and limited there. */
static void unified_ask(struct cgroups *cgroups)
{
    int unified = cgroups->at[CGROUPS_UNIFIED];
    char text[VALUE_SIZE];

    if (unified < 0)
        return;
    if (value_read(cgroups->roots[unified], "cgroup.subtree_control", text, sizeof(text))) {
        for (int i = CGROUPS_MEMORY; i <= CGROUPS_CPU; i++)
            if (has_word(text, controllers[i], " \n"))
                cgroups->at[i] = unified;
        if (cgroups->at[CGROUPS_CPUACCT] < 0)
            cgroups->at[CGROUPS_CPUACCT] = unified; /* cpu.stat needs no controller */
    }
    cgroups->at[CGROUPS_FREEZER] = unified;
}

int cgroups_open(struct cgroups *ret_cgroups, const char *path, struct error *err)
{
    struct cgroups cgroups = {0};
    auto_free char *mounts = NULL;
    char *save = NULL;
    size_t size;
    int status;

    for (int i = 0; i < CGROUPS_COUNT_; i++)
        cgroups.at[i] = -1;
    if (path[0] != '/' || strstr(path, "..") || snprintf(cgroups.path, sizeof(cgroups.path), "%s", path) >= (int)sizeof(cgroups.path))
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is no path of a control group: it begins with / and has at most 95 bytes", path);
    status = file_read("/proc/self/mountinfo", MOUNTS_BYTES, &mounts, &size, err);
    for (char *line = status == 0 ? strtok_r(mounts, "\n", &save) : NULL; line && status == 0; line = strtok_r(NULL, "\n", &save))
        status = line_take(&cgroups, line, err);
    if (status < 0) {
        cgroups_close(&cgroups);
        return status;
    }
    unified_ask(&cgroups);
    *ret_cgroups = cgroups;
    return 0;
}

void cgroups_close(struct cgroups *cgroups)
{
    for (size_t i = 0; i < cgroups->count; i++)
        close(cgroups->roots[i]);
    cgroups->count = 0;
}

/* ---- one container ---- */

static void name_of(char *ret_name, size_t size, const char *group, const char *id)
{
    snprintf(ret_name, size, id ? "%s/%s" : "%s", group, id);
}

static int open_in(const struct cgroups *cgroups, int at, const char *group, const char *id)
{
    char name[NAME_SIZE];

    if (at < 0)
        return -1;
    name_of(name, sizeof(name), group, id);
    return openat(cgroups->roots[at], name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static int directories_make(const struct cgroups *cgroups, const char *group, const char *id, struct error *err)
{
    char name[NAME_SIZE];

    name_of(name, sizeof(name), group, id);
    for (size_t i = 0; i < cgroups->count; i++)
        if (mkdirat(cgroups->roots[i], name, 0755) < 0) {
            int errnum = errno;

            while (i-- > 0)
                unlinkat(cgroups->roots[i], name, AT_REMOVEDIR);
            return error_system(err, errnum, "create the control group %s/%s", cgroups->path, name);
        }
    return 0;
}

int cgroups_make_group(const struct cgroups *cgroups, const char *group, struct error *err)
{
    int status = directories_make(cgroups, group, NULL, err);
    auto_close int unified = status == 0 ? open_in(cgroups, cgroups->at[CGROUPS_UNIFIED], group, NULL) : -1;

    if (unified >= 0)
        controllers_hand_on(unified);
    return status;
}

int cgroups_join(const struct cgroups *cgroups, const char *group, const char *id, int *ret_joins, uint64_t *ret_id, struct error *err)
{
    struct stat st;
    int status = 0;

    *ret_id = 0;
    for (size_t i = 0; i < cgroups->count && status == 0; i++) {
        auto_close int directory = open_in(cgroups, (int)i, group, id);

        ret_joins[i] = directory < 0 ? -1 : openat(directory, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (ret_joins[i] < 0 || fstat(directory, &st) < 0)
            status = error_system(err, errno, "open the control group of %s", id);
        else if ((int)i == cgroups->at[CGROUPS_UNIFIED])
            *ret_id = st.st_ino; /* the number of a kernfs node on 64 bits */
        for (size_t j = 0; status < 0 && j <= i; j++)
            if (ret_joins[j] >= 0)
                close(ret_joins[j]);
    }
    return status;
}

int cgroups_make(const struct cgroups *cgroups, const char *group, const char *id, int *ret_joins, uint64_t *ret_id, struct error *err)
{
    int status = directories_make(cgroups, group, id, err);

    if (status < 0)
        return status;
    status = cgroups_join(cgroups, group, id, ret_joins, ret_id, err);
    if (status < 0)
        cgroups_remove(cgroups, group, id);
    return status;
}

int cgroups_put(const struct cgroups *cgroups, const int *joins, pid_t pid, struct error *err)
{
    char text[16];
    size_t length = (size_t)snprintf(text, sizeof(text), "%d", (int)pid);

    for (size_t i = 0; i < cgroups->count; i++)
        if (write(joins[i], text, length) != (ssize_t)length)
            return error_system(err, errno, "put a process into its control group");
    return 0;
}

static int limit_set(const struct cgroups *cgroups, enum cgroups_controller which, const char *group, const char *id, const char *name,
                     const char *v1_name, uint64_t value, struct error *err)
{
    auto_close int directory = open_in(cgroups, cgroups->at[which], group, id);
    bool is_unified = cgroups->at[which] == cgroups->at[CGROUPS_UNIFIED];
    int status = directory < 0 ? -ENOENT : number_write(directory, is_unified ? name : v1_name, value);

    if (status == -ENOENT && cgroups->at[which] < 0)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this machine has no control group for %s", controllers[which]);
    return status < 0 ? error_system(err, -status, "limit %s of %s", controllers[which], id) : 0;
}

static int memory_limit(const struct cgroups *cgroups, const char *group, const char *id, uint64_t bytes, struct error *err)
{
    auto_close int directory = open_in(cgroups, cgroups->at[CGROUPS_MEMORY], group, id);
    int status = limit_set(cgroups, CGROUPS_MEMORY, group, id, "memory.max", "memory.limit_in_bytes", bytes, err), swap;

    if (status < 0)
        return status;
    if (cgroups->at[CGROUPS_MEMORY] == cgroups->at[CGROUPS_UNIFIED]) {
        swap = number_write(directory, "memory.swap.max", 0);
        (void)!number_write(directory, "memory.oom.group", 1);
    } else {
        swap = number_write(directory, "memory.memsw.limit_in_bytes", bytes);
    }
    return swap < 0 && swap != -ENOENT ? error_system(err, -swap, "limit swap of %s", id) : 0;
}

static int cpu_limit(const struct cgroups *cgroups, const char *group, const char *id, uint64_t milli, struct error *err)
{
    auto_close int directory = open_in(cgroups, cgroups->at[CGROUPS_CPU], group, id);
    char text[48];
    int status;

    if (directory < 0)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this machine has no control group for cpu");
    snprintf(text, sizeof(text), "%" PRIu64 " %u", milli * (CPU_PERIOD_US / 1000), CPU_PERIOD_US);
    status = cgroups->at[CGROUPS_CPU] == cgroups->at[CGROUPS_UNIFIED]
                 ? value_write(directory, "cpu.max", text)
                 : number_write(directory, "cpu.cfs_quota_us", milli * (CPU_PERIOD_US / 1000));
    return status < 0 ? error_system(err, -status, "limit processors of %s", id) : 0;
}

int cgroups_limit(const struct cgroups *cgroups, const char *group, const char *id, const struct launch_request *limits, struct error *err)
{
    int status = 0;

    if (limits->memory)
        status = memory_limit(cgroups, group, id, limits->memory, err);
    if (status == 0 && limits->pids)
        status = limit_set(cgroups, CGROUPS_PIDS, group, id, "pids.max", "pids.max", limits->pids, err);
    if (status == 0 && limits->cpu_milli)
        status = cpu_limit(cgroups, group, id, limits->cpu_milli, err);
    return status;
}

/* ---- orders ---- */

/* Where there is no cgroup.kill: nothing in a frozen group can end, so no number is another's. */
static int kill_each(int directory)
{
    auto_free char *text = NULL;
    auto_close int fd = openat(directory, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    char *save = NULL;
    size_t size;

    if (fd < 0)
        return -errno;
    if (file_read_fd(fd, "cgroup.procs", MOUNTS_BYTES, &text, &size, NULL) < 0)
        return -EIO;
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
        if (atoi(line) > 1)
            kill(atoi(line), SIGKILL);
    return 0;
}

int cgroups_order(const struct cgroups *cgroups, const char *group, const char *id, enum launch_order order, struct error *err)
{
    auto_close int directory = open_in(cgroups, cgroups->at[CGROUPS_FREEZER], group, id);
    bool is_unified = cgroups->at[CGROUPS_FREEZER] == cgroups->at[CGROUPS_UNIFIED];
    int status;

    if (cgroups->at[CGROUPS_FREEZER] < 0)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this machine has no control group that can be frozen");
    if (directory < 0)
        return error_system(err, errno, "open the control group of %s", id);
    if (order == LAUNCH_KILL && is_unified) {
        status = value_write(directory, "cgroup.kill", "1");
        if (status != -ENOENT) /* 5.14 */
            return status < 0 ? error_system(err, -status, "end %s", id) : 0;
    }
    status = value_write(directory, is_unified ? "cgroup.freeze" : "freezer.state",
                         order == LAUNCH_THAW ? is_unified ? "0" : "THAWED" : is_unified ? "1" : "FROZEN");
    if (status == 0 && order == LAUNCH_KILL) {
        status = kill_each(directory);
        (void)!value_write(directory, is_unified ? "cgroup.freeze" : "freezer.state", is_unified ? "0" : "THAWED");
    }
    return status < 0 ? error_system(err, -status, "%s %s", order == LAUNCH_FREEZE ? "freeze" : order == LAUNCH_THAW ? "thaw" : "end", id)
                      : 0;
}

/* ---- counting ---- */

/* The number behind `key`; an empty key: the file is that number. */
static uint64_t counted(int directory, const char *name, const char *key)
{
    char text[VALUE_SIZE], *at;

    if (directory < 0 || !value_read(directory, name, text, sizeof(text)))
        return 0;
    at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

static void cpu_count(const struct cgroups *cgroups, const char *group, const char *id, struct launch_counts *counts)
{
    auto_close int directory = open_in(cgroups, cgroups->at[CGROUPS_CPUACCT], group, id);
    bool is_unified = cgroups->at[CGROUPS_CPUACCT] == cgroups->at[CGROUPS_UNIFIED];

    if (directory < 0)
        return;
    counts->known |= LAUNCH_KNOWS_CPU;
    counts->cpu_us = is_unified ? counted(directory, "cpu.stat", "usage_usec ") : counted(directory, "cpuacct.usage", "") / 1000;
    counts->user_us = is_unified ? counted(directory, "cpu.stat", "user_usec ") : counted(directory, "cpuacct.usage_user", "") / 1000;
    counts->system_us = is_unified ? counted(directory, "cpu.stat", "system_usec ") : counted(directory, "cpuacct.usage_sys", "") / 1000;
}

static void memory_count(const struct cgroups *cgroups, const char *group, const char *id, struct launch_counts *counts)
{
    auto_close int directory = open_in(cgroups, cgroups->at[CGROUPS_MEMORY], group, id);
    bool is_unified = cgroups->at[CGROUPS_MEMORY] == cgroups->at[CGROUPS_UNIFIED];

    if (directory < 0)
        return;
    counts->known |= LAUNCH_KNOWS_MEMORY;
    counts->memory_bytes = counted(directory, is_unified ? "memory.current" : "memory.usage_in_bytes", "");
    counts->memory_peak_bytes = counted(directory, is_unified ? "memory.peak" : "memory.max_usage_in_bytes", "");
    counts->oom_kills = counted(directory, is_unified ? "memory.events" : "memory.oom_control", "oom_kill ");
}

void cgroups_count(const struct cgroups *cgroups, const char *group, const char *id, struct launch_counts *ret_counts)
{
    auto_close int pids = open_in(cgroups, cgroups->at[CGROUPS_PIDS], group, id);
    auto_close int freezer = open_in(cgroups, cgroups->at[CGROUPS_FREEZER], group, id);
    struct launch_counts counts = {0};
    char text[VALUE_SIZE];

    memory_count(cgroups, group, id, &counts);
    cpu_count(cgroups, group, id, &counts);
    if (pids >= 0) {
        counts.known |= LAUNCH_KNOWS_PROCESSES;
        counts.processes = counted(pids, "pids.current", "");
        counts.processes_peak = counted(pids, "pids.peak", "");
        counts.refused_forks = counted(pids, "pids.events", "max ");
    }
    if (freezer >= 0 && cgroups->at[CGROUPS_FREEZER] == cgroups->at[CGROUPS_UNIFIED])
        counts.is_frozen = counted(freezer, "cgroup.events", "frozen ") == 1;
    else if (freezer >= 0 && value_read(freezer, "freezer.state", text, sizeof(text)))
        counts.is_frozen = strncmp(text, "FROZEN", 6) == 0;
    *ret_counts = counts;
}

/* ---- the end ---- */

bool cgroups_remove(const struct cgroups *cgroups, const char *group, const char *id)
{
    char name[NAME_SIZE];
    bool is_gone = true;

    name_of(name, sizeof(name), group, id);
    for (size_t i = 0; i < cgroups->count; i++)
        is_gone &= unlinkat(cgroups->roots[i], name, AT_REMOVEDIR) == 0 || errno == ENOENT;
    return is_gone;
}

bool cgroups_is_empty(const struct cgroups *cgroups, const char *group, const char *id)
{
    for (size_t i = 0; i < cgroups->count; i++) {
        auto_close int directory = open_in(cgroups, (int)i, group, id);
        char text[VALUE_SIZE];

        if (directory >= 0 && value_read(directory, "cgroup.procs", text, sizeof(text)) && text[0])
            return false;
    }
    return true;
}

int cgroups_list(const struct cgroups *cgroups, const char *group, int (*each)(void *context, const char *name), void *context)
{
    int fd = !cgroups->count ? -1 : openat(cgroups->roots[0], group ? group : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    int status = 0;

    for (struct dirent *entry; directory && status == 0 && (entry = readdir(directory));)
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            status = each(context, entry->d_name);
    if (directory)
        closedir(directory);
    else if (fd >= 0)
        close(fd);
    return status;
}
