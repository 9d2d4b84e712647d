/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"

#define READS  (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | \
                LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_REFER)
#define ALL    (READS | (WRITES & ~(LANDLOCK_ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_REFER)) | LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* What is not there is not allowed, either. */
static int allow(int rules, const char *path, uint64_t access, struct error *err)
{
    auto_close int fd = path ? open(path, O_PATH | O_CLOEXEC) : -1;
    const struct landlock_path_beneath_attr beneath = {.allowed_access = access, .parent_fd = fd};

    if (fd < 0)
        return 0;
    if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0)
        return 0;
    return errno == EINVAL ? 0 : error_system(err, errno, "confine: allow %s", path);
}

/* The directory of a file that may be made or replaced. */
static int allow_around(int rules, const char *file, uint64_t access, struct error *err)
{
    char directory[PATH_MAX];
    const char *slash = file ? strrchr(file, '/') : NULL;

    if (!file)
        return 0;
    if (!slash)
        return allow(rules, ".", access, err);
    if ((size_t)(slash - file) >= sizeof(directory))
        return error_set(err, ERROR_INVALID, ENAMETOOLONG, "%.200s: too long", file);
    memcpy(directory, file, (size_t)(slash - file));
    directory[slash - file] = '\0';
    return allow(rules, *directory ? directory : "/", access, err);
}

static int allow_all(int rules, const struct options *options, bool writes_log, uint64_t all, struct error *err)
{
    static const char *const system_files[] = {"/usr", "/lib", "/lib64", "/etc"};
    int status = allow(rules, options->log, (writes_log ? READS | WRITES : READS) & all, err);

    if (status == 0 && writes_log) /* it may have to be made, and has its key beside it */
        status = allow_around(rules, options->log, (READS | WRITES) & all, err);
    if (status == 0)
        status = allow_around(rules, options->index, (READS | WRITES) & all, err);
    if (status == 0)
        status = allow(rules, options->keys, (writes_log ? READS | WRITES : READS) & all, err);
    if (status == 0)
        status = allow_around(rules, options->state, (READS | WRITES) & all, err);
    if (status == 0 && writes_log)
        status = allow_around(rules, options->secret, (READS | WRITES) & all, err);
    if (status == 0 && writes_log)
        status = allow(rules, options->machine, (READS | WRITES) & all, err);
    if (status == 0)
        status = allow(rules, options->runs, READS & all, err);
    if (status == 0)
        status = allow_around(rules, options->authorities, READS & all, err);
    for (size_t i = 0; i < ARRAY_COUNT(system_files) && status == 0; i++)
        status = allow(rules, system_files[i], READS & all, err);
    if (status == 0 && options->url)
        status = allow(rules, "/run", READS & all, err); /* systemd's resolver */
    return status;
}

int confine(const struct options *options, bool writes_log, struct error *err)
{
    const long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset rules = {.handled_access_fs = ALL};
    auto_close int fd = -1;
    int status;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "confine");
    if (abi < 0)
        return 0;
    if (abi >= 3)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 2)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 4 && !options->url)
        rules.handled_access_net = LANDLOCK_ACCESS_NET_CONNECT_TCP | LANDLOCK_ACCESS_NET_BIND_TCP;
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, abi >= 4 ? sizeof(rules) : sizeof(rules.handled_access_fs), 0);
    if (fd < 0)
        return error_system(err, errno, "confine: Landlock");
    status = allow_all(fd, options, writes_log, rules.handled_access_fs, err);
    if (status < 0)
        return status;
    return syscall(SYS_landlock_restrict_self, fd, 0) == 0 ? 0 : error_system(err, errno, "confine: Landlock");
}
