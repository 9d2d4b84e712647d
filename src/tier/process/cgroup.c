/* SPDX-License-Identifier: Apache-2.0 */
/* Control groups, both versions. Paths are found in /proc/self/mountinfo and /proc/self/cgroup. */
#include "tier/process/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define FILE_MAX ((size_t)1 << 20)
#define CPU_PERIOD_US 100000u
#define LEFTOVER_SECONDS 60
#define LOOKED_THROUGH   64 /* groups, by one start */
#define PREFIX "cordon-" /* of the names of groups, with the run id behind it */
#define LEAF "own"

struct hierarchy {
    char mount[256]; /* mount point */
    char own[256];   /* our group in it, "/x/y" */
};

/* Is `word` one of the comma-separated words of `list`? */
static bool list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = list; (at = strstr(at, word)); at += length)
        if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
            return true;
    return false;
}

/* Mount point of the hierarchy that has `controller` (v1), or of v2 when controller is NULL. */
static bool mount_find(const char *mountinfo, const char *controller, char *ret_mount, size_t size)
{
    auto_free char *copy = mem_string(mountinfo);
    char *save = NULL;

    if (!copy)
        return false;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char point[256], type[32], options[512];
        char *dash = strstr(line, " - ");

        if (!dash || sscanf(line, "%*s %*s %*s %*s %255s", point) != 1 ||
            sscanf(dash, " - %31s %*s %511s", type, options) != 2)
            continue;
        if (controller ? strcmp(type, "cgroup") == 0 && list_has(options, controller)
                       : strcmp(type, "cgroup2") == 0) {
            snprintf(ret_mount, size, "%s", point);
            return true;
        }
    }
    return false;
}

static bool own_find(const char *groups, const char *controller, char *ret_own, size_t size)
{
    auto_free char *copy = mem_string(groups);
    char *save = NULL;

    if (!copy)
        return false;
    for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char *names = strchr(line, ':'), *path = names ? strchr(names + 1, ':') : NULL;

        if (!path)
            continue;
        *path++ = '\0';
        if (controller ? list_has(names + 1, controller) : !names[1]) {
            snprintf(ret_own, size, "%s", strcmp(path, "/") == 0 ? "" : path);
            return true;
        }
    }
    return false;
}

static bool hierarchy_find(const char *controller, struct hierarchy *ret_hierarchy)
{
    auto_free char *mountinfo = NULL;
    auto_free char *groups = NULL;
    auto_close int mountinfo_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    auto_close int groups_fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);
    size_t size;

    if (mountinfo_fd < 0 || groups_fd < 0 ||
        file_read_fd(mountinfo_fd, "mountinfo", FILE_MAX, &mountinfo, &size, NULL) < 0 ||
        file_read_fd(groups_fd, "cgroup", FILE_MAX, &groups, &size, NULL) < 0)
        return false;
    return mount_find(mountinfo, controller, ret_hierarchy->mount, sizeof(ret_hierarchy->mount)) &&
           own_find(groups, controller, ret_hierarchy->own, sizeof(ret_hierarchy->own));
}

bool cgroup_read(const char *directory, const char *name, char *ret_text, size_t size)
{
    char path[1024];
    ssize_t got;
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, ret_text, size - 1);
    if (got < 0)
        return false;
    ret_text[got] = '\0';
    return true;
}

static bool words_have(const char *words, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\n' || !at[length]))
            return true;
    return false;
}

/*
 * The nearest group at or above our own whose children get the controllers and in which the caller may make groups and
 * move its processes: where systemd delegates a user's slice, that is a level above the shell's own scope.
 */
static bool v2_parent(char *ret_directory, size_t size, char *ret_controllers, size_t controllers_size)
{
    struct hierarchy found;
    char directory[520];

    if (!hierarchy_find(NULL, &found))
        return false;
    snprintf(directory, sizeof(directory), "%s%s", found.mount, found.own);
    while (strlen(directory) >= strlen(found.mount)) {
        char path[600];

        snprintf(path, sizeof(path), "%s/cgroup.procs", directory);
        if (access(directory, W_OK) == 0 && access(path, W_OK) == 0 &&
            cgroup_read(directory, "cgroup.subtree_control", ret_controllers, controllers_size) &&
            words_have(ret_controllers, "memory") && words_have(ret_controllers, "pids")) {
            snprintf(ret_directory, size, "%s", directory);
            return true;
        }
        if (strcmp(directory, found.mount) == 0)
            break;
        *strrchr(directory, '/') = '\0';
    }
    return false;
}

static bool v1_usable(const char *controller)
{
    struct hierarchy found;
    char directory[520];

    if (!hierarchy_find(controller, &found))
        return false;
    snprintf(directory, sizeof(directory), "%s%s", found.mount, found.own);
    return access(directory, W_OK) == 0;
}

/* Without an account of swap a memory limit is no limit as long as there is swap. */
static bool v1_memory_usable(void)
{
    struct hierarchy found;
    char path[600], swaps[4096];

    if (!v1_usable("memory") || !hierarchy_find("memory", &found))
        return false;
    snprintf(path, sizeof(path), "%s%s/memory.memsw.limit_in_bytes", found.mount, found.own);
    if (access(path, F_OK) == 0)
        return true;
    return !cgroup_read("/proc", "swaps", swaps, sizeof(swaps)) || !strchr(swaps, '/');
}

static void say_why_none(struct facts *facts)
{
    struct hierarchy found;
    char controllers[256];

    facts->cgroup_is_bare = hierarchy_find(NULL, &found) &&
                            cgroup_read(found.mount, "cgroup.controllers", controllers, sizeof(controllers)) &&
                            !(words_have(controllers, "memory") && words_have(controllers, "pids"));
    snprintf(facts->cgroup_why, sizeof(facts->cgroup_why), "%s%s",
             facts->cgroup_is_bare ? "cgroup v2 is mounted without its memory and pids controllers (cgroup v1 has them, or "
                                     "they are switched off)"
                                   : "no cgroup ",
             facts->cgroup_is_bare ? ""
             : facts->is_root      ? "hierarchy is writable here"
                                   : "is delegated to this user");
}

void cgroup_probe(struct facts *facts)
{
    char directory[520], controllers[256];

    facts->cgroup = CGROUP_NONE;
    facts->cgroup_memory = facts->cgroup_pids = facts->cgroup_cpu = facts->cgroup_cpuacct = facts->cgroup_is_bare = false;
    if (v2_parent(directory, sizeof(directory), controllers, sizeof(controllers))) {
        facts->cgroup = CGROUP_V2;
        facts->cgroup_memory = facts->cgroup_pids = true;
        facts->cgroup_cpu = words_have(controllers, "cpu");
        facts->cgroup_cpuacct = true; /* cpu.stat's usage_usec needs no controller */
        return;
    }
    if (facts->is_root) {
        facts->cgroup_memory = v1_memory_usable();
        facts->cgroup_pids = v1_usable("pids");
        facts->cgroup_cpu = v1_usable("cpu");
        facts->cgroup_cpuacct = v1_usable("cpuacct");
    }
    if (facts->cgroup_memory || facts->cgroup_pids || facts->cgroup_cpu || facts->cgroup_cpuacct)
        facts->cgroup = CGROUP_V1;
    else
        say_why_none(facts);
}

static uint64_t limit_by_cgroup(const struct plan *plan, const char *member)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (plan->limits[i].by == BY_CGROUP && strcmp(plan->limits[i].member, member) == 0)
            return plan->limits[i].value;
    return 0;
}

struct tier_limits cgroup_limits_of(const struct plan *plan)
{
    return (struct tier_limits){.memory = limit_by_cgroup(plan, "resources.memory"),
                                .pids = limit_by_cgroup(plan, "resources.pids"),
                                .cpu_milli = limit_by_cgroup(plan, "resources.cpus"),
                                .counts_cpu = limit_by_cgroup(plan, "resources.cpuTime")};
}

bool cgroup_is_needed(const struct plan *plan)
{
    struct tier_limits limits = cgroup_limits_of(plan);

    return limits.memory || limits.pids || limits.cpu_milli || limits.counts_cpu;
}

int cgroup_write(const char *directory, const char *name, const char *value, struct error *err)
{
    char path[1024];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return error_system(err, errno, "open %s", path);
    if (write(fd, value, strlen(value)) < 0)
        return error_system(err, errno, "write %s to %s", value, path);
    return 0;
}

bool cgroup_has(const char *directory, const char *name)
{
    char path[1024];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return access(path, F_OK) == 0;
}

static int number_write(const char *directory, const char *name, uint64_t value, struct error *err)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    return cgroup_write(directory, name, text, err);
}

/* Of many groups each start looks through, in the mean, as many as of a few: beside thousands of containers it takes no longer than alone. */
static bool leftovers_are_looked_for(const char *parent)
{
    struct stat st;
    uint32_t chance;

    if (stat(parent, &st) < 0)
        return false;
    return st.st_nlink <= LOOKED_THROUGH ||
           (getrandom(&chance, sizeof(chance), GRND_NONBLOCK) == sizeof(chance) && chance % st.st_nlink < LOOKED_THROUGH);
}

/* What was made inside of one goes first. */
static void leftovers_remove(int parent, unsigned depth, time_t now);

static void leftover_remove(int parent, const char *name, unsigned depth, time_t now)
{
    int inner;

    if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || !depth) /* fails while anything runs in it */
        return;
    inner = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0)
        return;
    leftovers_remove(inner, depth - 1, now);
    unlinkat(parent, name, AT_REMOVEDIR);
}

/*
 * Groups that a killed caller could not remove. Only old ones: a group is empty for a moment before its container joins. Takes `parent`.
 */
static void leftovers_remove(int parent, unsigned depth, time_t now)
{
    DIR *directory = parent < 0 ? NULL : fdopendir(parent);

    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        bool is_ours = strncmp(entry->d_name, PREFIX, strlen(PREFIX)) == 0 || (depth < CGROUP_DEPTH_MAX && strcmp(entry->d_name, LEAF) == 0);
        struct stat st;

        if (is_ours && fstatat(dirfd(directory), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
            now - st.st_ctime > LEFTOVER_SECONDS)
            leftover_remove(dirfd(directory), entry->d_name, depth, now);
    }
    if (directory)
        closedir(directory);
    else if (parent >= 0)
        close(parent);
}

static int directory_make(struct cgroup *cgroup, const char *parent, const char *name, int *ret_index, struct error *err)
{
    char *directory = cgroup->directories[cgroup->count];

    if (cgroup->count == CGROUP_DIRECTORIES_MAX ||
        snprintf(directory, sizeof(cgroup->directories[0]), "%s/%s", parent, name) >= (int)sizeof(cgroup->directories[0]))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "cgroup path too long");
    if (mkdir(directory, 0755) < 0)
        return error_system(err, errno, "create cgroup %s", directory);
    *ret_index = cgroup->count++;
    return 0;
}

static int group_make(struct cgroup *cgroup, const char *parent, const char *id, int *ret_index, struct error *err)
{
    char name[64];

    if (leftovers_are_looked_for(parent))
        leftovers_remove(open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC), CGROUP_DEPTH_MAX, time(NULL));
    snprintf(name, sizeof(name), PREFIX "%s", id);
    return directory_make(cgroup, parent, name, ret_index, err);
}

static int v2_limits(struct cgroup *cgroup, const struct tier_limits *limits, struct error *err)
{
    const char *directory = cgroup->directories[0];
    char quota[64];
    int status = 0;

    cgroup->memory = cgroup->cpu = 0;
    cgroup->pids = limits->pids ? 0 : -1;
    if (limits->memory)
        status = number_write(directory, "memory.max", limits->memory, err);
    if (limits->memory && status == 0)
        status = number_write(directory, "memory.swap.max", 0, err);
    if (limits->memory && status == 0)
        status = number_write(directory, "memory.oom.group", 1, err);
    if (limits->pids && status == 0)
        status = number_write(directory, "pids.max", limits->pids, err);
    snprintf(quota, sizeof(quota), "%" PRIu64 " %u", limits->cpu_milli * (CPU_PERIOD_US / 1000), CPU_PERIOD_US);
    if (limits->cpu_milli && status == 0)
        status = cgroup_write(directory, "cpu.max", quota, err);
    return status;
}

/* Version 2 lets no process be where controllers are handed on: those of the container itself are in a group below. */
static int v2_leaf(struct cgroup *cgroup, struct error *err)
{
    static const char *const controllers[] = {"+memory", "+pids", "+cpu"};

    for (size_t i = 0; i < ARRAY_COUNT(controllers); i++)
        (void)!cgroup_write(cgroup->directories[0], "cgroup.subtree_control", controllers[i], NULL); /* missed where a limit needs it */
    return directory_make(cgroup, cgroup->directories[0], LEAF, &cgroup->leaf, err);
}

static int v2_open(struct cgroup *cgroup, const char *parent, const struct cgroup_wanted *wanted, struct error *err)
{
    int index, status;

    for (const struct cgroup *around = wanted->around; around; around = around->around)
        if (around->leaf >= 0) {
            parent = around->directories[0];
            break;
        }
    status = group_make(cgroup, parent, wanted->id, &index, err);
    if (status == 0)
        status = v2_limits(cgroup, &wanted->limits, err);
    return status == 0 && wanted->has_inner ? v2_leaf(cgroup, err) : status;
}

/* Below the nearest group around that this controller has, else beside this process's own. `which`: offset of its index in struct cgroup. */
static int v1_group(struct cgroup *cgroup, const char *controller, size_t which, const struct cgroup *around, const char *id, struct error *err)
{
    int *index = (int *)(void *)((char *)cgroup + which);
    struct hierarchy found;
    char parent[520];

    for (; around; around = around->around) {
        int place = *(const int *)(const void *)((const char *)around + which);

        if (place >= 0)
            return group_make(cgroup, around->directories[place], id, index, err);
    }
    if (!hierarchy_find(controller, &found))
        return error_set(err, ERROR_UNENFORCEABLE, ENOENT, "no cgroup hierarchy with controller %s", controller);
    snprintf(parent, sizeof(parent), "%s%s", found.mount, found.own);
    return group_make(cgroup, parent, id, index, err);
}

static int v1_memory(struct cgroup *cgroup, const struct cgroup_wanted *wanted, struct error *err)
{
    const char *directory;
    int status = v1_group(cgroup, "memory", offsetof(struct cgroup, memory), wanted->around, wanted->id, err);

    if (status < 0)
        return status;
    directory = cgroup->directories[cgroup->memory];
    status = number_write(directory, "memory.limit_in_bytes", wanted->limits.memory, err);
    if (status == 0 && cgroup_has(directory, "memory.memsw.limit_in_bytes"))
        status = number_write(directory, "memory.memsw.limit_in_bytes", wanted->limits.memory, err);
    return status;
}

static int v1_open(struct cgroup *cgroup, const struct cgroup_wanted *wanted, struct error *err)
{
    const struct tier_limits *limits = &wanted->limits;
    int status = limits->memory ? v1_memory(cgroup, wanted, err) : 0;

    if (limits->pids && status == 0) {
        status = v1_group(cgroup, "pids", offsetof(struct cgroup, pids), wanted->around, wanted->id, err);
        if (status == 0)
            status = number_write(cgroup->directories[cgroup->pids], "pids.max", limits->pids, err);
    }
    if (limits->cpu_milli && status == 0) {
        status = v1_group(cgroup, "cpu", offsetof(struct cgroup, quota), wanted->around, wanted->id, err);
        if (status == 0)
            status = number_write(cgroup->directories[cgroup->quota], "cpu.cfs_quota_us", limits->cpu_milli * (CPU_PERIOD_US / 1000), err);
    }
    if (limits->counts_cpu && status == 0)
        status = v1_group(cgroup, "cpuacct", offsetof(struct cgroup, cpu), wanted->around, wanted->id, err);
    return status;
}

int cgroup_open(struct cgroup *ret_cgroup, const struct cgroup_wanted *wanted, struct error *err)
{
    char parent[520], controllers[256];
    struct cgroup cgroup = CGROUP_INIT;
    int status;

    cgroup.is_v2 = v2_parent(parent, sizeof(parent), controllers, sizeof(controllers));
    cgroup.around = wanted->around;
    status = cgroup.is_v2 ? v2_open(&cgroup, parent, wanted, err) : v1_open(&cgroup, wanted, err);
    if (status < 0) {
        cgroup_close(&cgroup);
        return status;
    }
    *ret_cgroup = cgroup;
    return 0;
}

int cgroup_limits(const struct plan *plan, const struct tier_spawner *spawner, const char *id, struct error *err)
{
    const struct tier_limits limits = cgroup_limits_of(plan);

    return limits.memory || limits.pids || limits.cpu_milli ? spawner->limit(spawner->context, id, &limits, err) : 0;
}

/* Where the hierarchy of a controller is mounted, the group of this path in it; -1 = there is none. */
static int group_find(struct cgroup *cgroup, const char *controller, const char *path)
{
    struct hierarchy found;
    char *directory = cgroup->directories[cgroup->count];

    if (!hierarchy_find(controller, &found) || cgroup->count == CGROUP_DIRECTORIES_MAX ||
        snprintf(directory, sizeof(cgroup->directories[0]), "%s%s", found.mount, path) >= (int)sizeof(cgroup->directories[0]) ||
        access(directory, F_OK) < 0)
        return -1;
    return cgroup->count++;
}

int cgroup_find(struct cgroup *ret_cgroup, const char *path, struct error *err)
{
    struct cgroup cgroup = CGROUP_INIT;
    int unified = group_find(&cgroup, NULL, path);

    cgroup.is_v2 = unified >= 0 && cgroup_has(cgroup.directories[unified], "memory.max");
    if (cgroup.is_v2) {
        cgroup.memory = cgroup.cpu = cgroup.pids = unified;
    } else {
        cgroup.count = 0;
        cgroup.memory = group_find(&cgroup, "memory", path);
        cgroup.pids = group_find(&cgroup, "pids", path);
        cgroup.cpu = group_find(&cgroup, "cpuacct", path);
    }
    if (!cgroup.count && unified < 0)
        return error_set(err, ERROR_SYSTEM, ENOENT, "the control group %s that this container was given is not to be seen here", path);
    *ret_cgroup = cgroup;
    return 0;
}

int cgroup_add_freezer(struct cgroup *cgroup, struct error *err)
{
    const char *id = strrchr(cgroup->directories[0], '/') + 1 + strlen(PREFIX);

    return v1_group(cgroup, "freezer", offsetof(struct cgroup, freezer), NULL, id, err);
}

int cgroup_join(const struct cgroup *cgroup, pid_t pid, struct error *err)
{
    for (int i = 0; i < cgroup->count; i++) {
        int status = cgroup->leaf >= 0 && i != cgroup->leaf ? 0 : number_write(cgroup->directories[i], "cgroup.procs", (uint64_t)pid, err);

        if (status < 0)
            return status;
    }
    return 0;
}

bool cgroup_close(struct cgroup *cgroup)
{
    while (cgroup->count && (rmdir(cgroup->directories[cgroup->count - 1]) == 0 || errno != EBUSY))
        cgroup->count--;
    return !cgroup->count;
}
