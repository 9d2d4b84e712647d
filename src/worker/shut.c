/* SPDX-License-Identifier: Apache-2.0 */
#include "worker/shut.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "worker/filter.h"

#define REFUSED_AS EACCES

/* What Landlock can say of a file that is no directory. */
#define OF_FILES (LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)

static const struct {
    unsigned access;
    uint64_t rights;
} rows[] = {
    {SHUT_FILES, LANDLOCK_ACCESS_FS_READ_FILE},
    {SHUT_LIST, LANDLOCK_ACCESS_FS_READ_DIR},
    {SHUT_WRITE, LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE},
    {SHUT_ARRANGE, LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_REMOVE_DIR},
    {SHUT_MOVE, LANDLOCK_ACCESS_FS_REFER},
};

/* Every right that this kernel's Landlock handles. */
static struct landlock_ruleset all_rights(long abi, unsigned flags)
{
    struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_REFER - 1};

    if (abi >= 2)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 4)
        rules.handled_access_net = (flags & SHUT_MAY_LISTEN ? 0 : LANDLOCK_ACCESS_NET_BIND_TCP) | (flags & SHUT_MAY_CONNECT ? 0 : LANDLOCK_ACCESS_NET_CONNECT_TCP);
    if (abi >= 5)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (abi >= 6)
        rules.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    return rules;
}

static int leave(int ruleset, uint64_t handled, const struct shut_place *place, struct error *err)
{
    auto_close int opened = place->path ? open(place->path, O_PATH | O_CLOEXEC) : -1;
    struct landlock_path_beneath_attr rule = {.parent_fd = place->path ? opened : place->fd};
    const char *name = place->path ? place->path : "its directory";
    struct stat about;

    if (rule.parent_fd < 0 && place->is_optional)
        return 0;
    if (rule.parent_fd < 0 || fstat(rule.parent_fd, &about) < 0)
        return error_system(err, errno, "%s", name);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        rule.allowed_access |= place->access & rows[i].access ? rows[i].rights : 0;
    rule.allowed_access &= S_ISDIR(about.st_mode) ? handled : handled & OF_FILES;
    if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
        return error_system(err, errno, "leave %s open with Landlock", name);
    return 0;
}

int shut_files(const struct shut_place *places, size_t count, unsigned flags, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset rules = all_rights(abi, flags);
    size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? offsetof(struct landlock_ruleset, scoped) : offsetof(struct landlock_ruleset, handled_access_net);
    int known = errno, status = 0;
    auto_close int fd = -1;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    if (abi < 0 && (known == ENOSYS || known == EOPNOTSUPP))
        return 0;
    if (abi < 0)
        return error_system(err, known, "ask for Landlock");
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return error_system(err, errno, "shut files with Landlock");
    for (size_t i = 0; status == 0 && i < count; i++)
        status = leave(fd, rules.handled_access_fs, &places[i], err);
    if (status == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return error_system(err, errno, "shut files with Landlock");
    return status;
}

void shut_filter(const struct shut_calls *calls, struct sock_filter *ret_program, unsigned *ret_count)
{
    struct filter filter = {.code = ret_program, .otherwise = calls->is_refused ? SECCOMP_RET_ERRNO | ENOSYS : SECCOMP_RET_KILL_PROCESS};

    filter_begin(&filter);
    filter_rows(&filter, calls->allowed, calls->allowed_count, SECCOMP_RET_ALLOW);
    filter_common(&filter);
    filter_rows(&filter, calls->refused, calls->refused_count, SECCOMP_RET_ERRNO | REFUSED_AS);
    filter_memory(&filter);
    filter_load(&filter, FILTER_NUMBER);
    filter_fcntl(&filter);
    filter_load(&filter, FILTER_NUMBER);
    if (calls->has_pairs)
        filter_pairs(&filter);
    if (calls->has_internet)
        filter_internet(&filter);
    if (calls->has_threads)
        filter_threads(&filter);
    filter_end(&filter);
    *ret_count = filter.count;
}

int shut_calls(const struct shut_calls *calls, struct error *err)
{
    struct sock_filter program[FILTER_MAX];
    struct sock_fprog list = {.filter = program};
    unsigned count;

    shut_filter(calls, program, &count);
    list.len = (unsigned short)count;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    if (!calls->has_threads && setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
        return error_system(err, errno, "limit processes");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, calls->is_all_threads ? SECCOMP_FILTER_FLAG_TSYNC : 0, &list) != 0)
        return error_system(err, errno, "limit system calls");
    return 0;
}
