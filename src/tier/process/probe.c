/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel and this caller can enforce. Features are tried, not guessed from version numbers, where trying is
 * cheap; what needs a child (a user namespace, a procfs in it) is tried in one.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/mount.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "tier/process/process.h"

static bool file_holds(const char *path, const char *part)
{
    char text[4096];
    ssize_t got;
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

    got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    if (got < 0)
        return false;
    text[got] = '\0';
    return strstr(text, part) != NULL;
}

/*
 * A setting of a security module, which a kernel has from its start or never: where it was looked for in vain it is not looked for again. Opening what
 * is not below /proc/sys takes longer than reading what is.
 */
static bool module_setting_holds(const char *path, const char *part, bool *is_absent)
{
    if (__atomic_load_n(is_absent, __ATOMIC_RELAXED))
        return false;
    if (access(path, F_OK) < 0 && errno == ENOENT && access("/proc/sys/kernel", F_OK) == 0)
        __atomic_store_n(is_absent, true, __ATOMIC_RELAXED);
    return file_holds(path, part);
}

static bool is_same_object(const char *path, const char *other)
{
    struct stat one, two;

    return stat(path, &one) == 0 && stat(other, &two) == 0 && one.st_dev == two.st_dev && one.st_ino == two.st_ino;
}

/* A root directory that no mount begins at is a chroot's for sure; of one that is a mount itself only root can tell, by
 * another process of the same mount namespace. */
static bool is_chrooted(void)
{
    struct statx root;

    if (statx(AT_FDCWD, "/", 0, STATX_TYPE, &root) == 0 && (root.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
        !(root.stx_attributes & STATX_ATTR_MOUNT_ROOT))
        return true;
    return is_same_object("/proc/self/ns/mnt", "/proc/1/ns/mnt") && access("/proc/1/root", X_OK) == 0 &&
           !is_same_object("/proc/1/root/", "/");
}

/* kernel.core_pattern begins with '@'. The kernel looks at no limit then (fs/coredump.c). */
static bool has_core_socket(void)
{
    char first = 0;
    auto_close int fd = open("/proc/sys/kernel/core_pattern", O_RDONLY | O_CLOEXEC);

    return fd >= 0 && read(fd, &first, 1) == 1 && first == '@';
}

#define USER_PORT_MIN 1024 /* the kernel's default */

/* What process 1 needs to make calls on behalf: SECCOMP_ADDFD_FLAG_SEND (5.14), and arguments that it may read. */
static void probe_keeper(struct facts *facts)
{
    static bool has_no_yama;
    const char *why = "";

    if (!facts->seccomp || facts->kernel_major < 5 || (facts->kernel_major == 5 && facts->kernel_minor < 14))
        why = "needs Linux 5.14";
    else if (module_setting_holds("/proc/sys/kernel/yama/ptrace_scope", "3", &has_no_yama))
        why = "kernel.yama.ptrace_scope is 3: nobody may read another process's arguments";
    facts->keeps_names = facts->keeps_sockets = !*why;
    snprintf(facts->keeps_names_why, sizeof(facts->keeps_names_why), "%s", why);
}

/*
 * WSL registers /init for whatever begins like a Windows program, with the flag that the interpreter is the host's whatever
 * the file tree of the caller is (binfmt_misc, F).
 */
static void probe_windows(struct facts *facts)
{
    facts->is_wsl = strstr(facts->kernel, "microsoft") || strstr(facts->kernel, "WSL");
    facts->has_windows_interop = facts->is_wsl || access("/proc/sys/fs/binfmt_misc/WSLInterop", F_OK) == 0 ||
                                 access("/proc/sys/fs/binfmt_misc/WSLInterop-late", F_OK) == 0;
    facts->own_formats = facts->has_windows_interop && file_holds("/proc/filesystems", "\tbinfmt_misc\n") &&
                         (facts->kernel_major > 6 || (facts->kernel_major == 6 && facts->kernel_minor >= 7));
}

static void probe_kernel(struct facts *facts)
{
    static bool has_no_apparmor;

    probe_windows(facts);
    facts->is_apparmor_userns_restricted =
        module_setting_holds("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", &has_no_apparmor);
}

/* What a process has for as long as it lives and is in this mount namespace. */
static void probe_fixed(struct facts *facts)
{
    struct utsname name;
    unsigned action = SECCOMP_RET_ERRNO;
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    long errata = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_ERRATA);

    if (uname(&name) == 0) {
        snprintf(facts->kernel, sizeof(facts->kernel), "%s", name.release);
        if (sscanf(name.release, "%d.%d", &facts->kernel_major, &facts->kernel_minor) != 2)
            facts->kernel_major = facts->kernel_minor = 0;
    }
    facts->is_in_container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0 ||
                             getenv("KUBERNETES_SERVICE_HOST") != NULL;
    facts->is_in_cordon = file_holds("/proc/1/comm", "cordon-init\n");
    facts->is_chrooted = is_chrooted();
    facts->has_systemd = access("/run/systemd/system", F_OK) == 0; /* sd_booted(3) */
    facts->has_rlimit_nproc_per_userns =
        facts->kernel_major > 5 || (facts->kernel_major == 5 && facts->kernel_minor >= 14);
    facts->landlock_abi = abi > 0 ? (int)abi : 0;
    facts->landlock_errata = abi > 0 && errata > 0 ? (unsigned)errata : 0;
    facts->seccomp = syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
    /* A bad descriptor is told from a missing call. */
    facts->mount_api = syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno != ENOSYS;
}

static int probe_caller(struct facts *facts, struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};
    int count = getgroups(0, NULL);
    auto_free gid_t *groups = mem_alloc((size_t)(count > 0 ? count : 1) * sizeof(*groups));

    if (!groups)
        return error_memory(err);
    count = count > 0 ? getgroups(count, groups) : count;
    if (count < 0)
        return error_system(err, errno, "read the caller's groups");
    facts->uid = geteuid();
    facts->gid = getegid();
    facts->is_root = facts->uid == 0;
    facts->group_count = 0;
    for (int i = 0; i < count; i++)
        facts->group_count += groups[i] != facts->gid;
    facts->can_drop_groups = syscall(SYS_capget, &header, data) == 0 &&
                             (data[0].effective & (1u << CAP_SETGID)) && (data[0].effective & (1u << CAP_SETUID));
    facts->is_no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
    return 0;
}

/* Outcome of the child: which step failed, and how. */
enum namespace_step { STEP_NONE = 0, STEP_CREATE = 1, STEP_MAP = 2, STEP_PROC = 3 };

struct namespace_outcome {
    int step, errnum;
};

static bool text_write(const char *path, const char *text)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool proc_try(void)
{
    auto_close int context = fsopen("proc", FSOPEN_CLOEXEC);
    auto_close int mount = -1;

    if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return false;
    mount = fsmount(context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
    return mount >= 0;
}

static void namespace_child(int result, uid_t uid, gid_t gid)
{
    struct namespace_outcome outcome = {STEP_CREATE, 0};
    char uid_map[64], gid_map[64];

    snprintf(uid_map, sizeof(uid_map), "%u %u 1\n", (unsigned)uid, (unsigned)uid);
    snprintf(gid_map, sizeof(gid_map), "%u %u 1\n", (unsigned)gid, (unsigned)gid);
    errno = 0;
    signal(SIGCHLD, SIG_DFL); /* a caller that ignores it would have the inner process reaped unseen */
    if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID) < 0) {
        outcome.errnum = errno;
    } else if (!text_write("/proc/self/setgroups", "deny") || !text_write("/proc/self/uid_map", uid_map) ||
               !text_write("/proc/self/gid_map", gid_map)) {
        outcome = (struct namespace_outcome){STEP_MAP, errno};
    } else {
        pid_t inner = fork(); /* procfs belongs to the pid namespace of its mounter's children */
        int status = 0;

        if (inner == 0)
            _exit(proc_try() ? 0 : errno & 0xff);
        outcome = (struct namespace_outcome){STEP_NONE, 0};
        if (inner < 0 || waitpid(inner, &status, 0) != inner || !WIFEXITED(status) || WEXITSTATUS(status))
            outcome = (struct namespace_outcome){STEP_PROC, inner > 0 ? WEXITSTATUS(status) : errno};
    }
    if (write(result, &outcome, sizeof(outcome)) != sizeof(outcome))
        _exit(1);
    _exit(0);
}

static void namespaces_explain(struct facts *facts, const struct namespace_outcome *outcome)
{
    const char *why = "user namespaces are refused by this kernel or container runtime, or this is a chroot";

    if (facts->is_chrooted && outcome->step == STEP_CREATE && outcome->errnum == EPERM)
        why = "this is a chroot: the kernel makes no user namespace where the root directory is not that of the "
              "mount namespace";
    else if (facts->is_apparmor_userns_restricted)
        why = "AppArmor restricts user namespaces here (kernel.apparmor_restrict_unprivileged_userns)";
    else if (file_holds("/proc/sys/kernel/unprivileged_userns_clone", "0"))
        why = "user namespaces are switched off: `sudo sysctl -w kernel.unprivileged_userns_clone=1`";
    else if (file_holds("/proc/sys/user/max_user_namespaces", "0\n") && outcome->errnum == ENOSPC)
        why = "no user namespace is left: `sudo sysctl -w user.max_user_namespaces=65536`";
    else if (facts->is_in_container)
        why = "the container runtime refuses user namespaces: run the outer container with "
              "`--security-opt seccomp=unconfined --security-opt apparmor=unconfined`";
    else if (outcome->errnum == ENOSPC)
        why = "no user namespace is left, or this is a Cordon container without nested.namespaces";
    snprintf(facts->user_namespaces_why, sizeof(facts->user_namespaces_why), "%s", why);
}

static int probe_namespaces(struct facts *facts, struct error *err)
{
    struct namespace_outcome outcome = {STEP_CREATE, EIO};
    int pipes[2];
    pid_t pid;

    if (pipe2(pipes, O_CLOEXEC) < 0)
        return error_system(err, errno, "create a pipe");
    pid = fork();
    if (pid == 0)
        namespace_child(pipes[1], facts->uid, facts->gid);
    close(pipes[1]);
    if (pid < 0) {
        close(pipes[0]);
        return error_system(err, errno, "start a process to probe namespaces");
    }
    if (read(pipes[0], &outcome, sizeof(outcome)) != sizeof(outcome))
        outcome = (struct namespace_outcome){STEP_CREATE, EIO};
    close(pipes[0]);
    while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
        ;
    facts->user_namespaces = outcome.step == STEP_NONE || outcome.step == STEP_PROC;
    facts->proc_mount = outcome.step == STEP_NONE;
    if (!facts->user_namespaces)
        namespaces_explain(facts, &outcome);
    if (!facts->proc_mount)
        snprintf(facts->proc_mount_why, sizeof(facts->proc_mount_why), "%s",
                 facts->user_namespaces ? "a new /proc cannot be mounted here because parts of the outer one are "
                                          "covered: run the outer container with `--security-opt systempaths=unconfined`"
                                        : "needs a user namespace");
    return 0;
}

int process_probe(unsigned wanted, struct facts *ret_facts, struct error *err)
{
    struct facts facts = wanted & TIER_PROBE_AGAIN ? *ret_facts : (struct facts){.user_namespaces = true, .proc_mount = true};
    int status = 0;

    if (!(wanted & TIER_PROBE_AGAIN))
        probe_fixed(&facts);
    probe_kernel(&facts);
    status = probe_caller(&facts, err);
    if (status < 0)
        return status;
    facts.has_core_socket = has_core_socket();
    probe_keeper(&facts);
    if (wanted & TIER_PROBE_CGROUP)
        cgroup_probe(&facts);
    if (wanted & TIER_PROBE_PORTS)
        facts.user_port_min = (unsigned)file_number("/proc/sys/net/ipv4/ip_unprivileged_port_start", USER_PORT_MIN);
    if (wanted & TIER_PROBE_NAMESPACES) {
        process_probe_tproxy(&facts);
        status = probe_namespaces(&facts, err);
    }
    if (status < 0)
        return status;
    *ret_facts = facts;
    return 0;
}
