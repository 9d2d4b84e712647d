/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING (READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE)

static int allow(int rules, const char *path, uint64_t access, struct error *err)
{
    auto_close int at = open(path, O_PATH | O_CLOEXEC);
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = at};
    struct stat about;

    if (at < 0 && errno == ENOENT)
        return 0;
    if (at >= 0 && fstat(at, &about) == 0 && !S_ISDIR(about.st_mode))
        rule.allowed_access &= ~LANDLOCK_ACCESS_FS_READ_DIR;
    return at < 0 || syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0 ? error_system(err, errno, "keep %s", path) : 0;
}

int witness_confine(const char *writable, const char *const *readable, bool may_connect, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_REFER - 1};
    size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? offsetof(struct landlock_ruleset, scoped) : offsetof(struct landlock_ruleset, handled_access_net);
    uint64_t writing = WRITING | (abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0);
    auto_close int fd = -1;
    int status;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return 0;
    rules.handled_access_fs |= (abi >= 2 ? LANDLOCK_ACCESS_FS_REFER : 0) | (abi >= 3 ? LANDLOCK_ACCESS_FS_TRUNCATE : 0) | (abi >= 5 ? LANDLOCK_ACCESS_FS_IOCTL_DEV : 0);
    if (abi >= 4)
        rules.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | (may_connect ? 0 : LANDLOCK_ACCESS_NET_CONNECT_TCP);
    if (abi >= 6)
        rules.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0)
        return error_system(err, errno, "ask for Landlock");
    status = allow(fd, writable, writing, err);
    for (; status == 0 && readable && *readable; readable++)
        status = allow(fd, *readable, READING, err);
    if (status == 0 && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return error_system(err, errno, "shut files with Landlock");
    return status;
}
