/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/enter.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#define RECURSIVE      0x8000 /* AT_RECURSIVE */
#define MOUNTS_MAX     ((size_t)16 << 20)
#define MEMORY_MAX     ((rlim_t)1 << 30)
#define DESCRIPTOR_MAX 1024

static int give_up_rights(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}, {0}};

    if (syscall(SYS_capset, &header, none) < 0)
        return error_system(err, errno, "give up capabilities");
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "give up ways to rights");
    return 0;
}

/* /proc inside does not show this process: its own directory was opened before. */
static int read_mounts(int self, struct arena *arena, const char **ret_mounts, struct error *err)
{
    auto_close int fd = openat(self, "mountinfo", O_RDONLY | O_CLOEXEC);
    auto_free char *text = NULL;
    size_t size;
    int status;

    if (fd < 0)
        return error_system(err, errno, "read the mounts of the container around");
    status = file_read_fd(fd, "mountinfo", MOUNTS_MAX, &text, &size, err);
    if (status < 0)
        return status;
    *ret_mounts = arena_string_n(arena, text, size);
    return *ret_mounts ? 0 : error_memory(err);
}

/*
 * Where the container around has a uid of its own outside, so has whoever looks at its files: a private directory of it is nobody else's to walk. Elsewhere this
 * changes nothing. Groups that this user namespace does not let go of stay.
 */
static int become_inside(uid_t uid, gid_t gid, struct error *err)
{
    if (uid == 0 && setgroups(0, NULL) < 0 && errno != EPERM)
        return error_system(err, errno, "leave groups");
    if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
        return error_system(err, errno, "become who the container around is");
    return 0;
}

int nest_enter(int user, int mounts, struct arena *arena, int *ret_tree, const char **ret_mounts, struct error *err)
{
    uid_t uid = geteuid();
    gid_t gid = getegid();
    auto_close int self = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), tree = -1;
    int status;

    if (self < 0)
        return error_system(err, errno, "open /proc/self");
    if (setns(user, CLONE_NEWUSER) < 0 || setns(mounts, CLONE_NEWNS) < 0)
        return error_system(err, errno, "enter the container around");
    tree = (int)syscall(SYS_open_tree, AT_FDCWD, "/", OPEN_TREE_CLONE | O_CLOEXEC | RECURSIVE);
    if (tree < 0)
        return error_system(err, errno, "take the file tree of the container around");
    status = become_inside(uid, gid, err);
    if (status == 0)
        status = give_up_rights(err);
    if (status == 0)
        status = read_mounts(self, arena, ret_mounts, err);
    if (status == 0)
        *ret_tree = take_fd(tree);
    return status;
}

/* ---- system calls ---- */

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE AUDIT_ARCH_AARCH64
#endif
#define LOAD(what)   BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, what))
#define ANSWER(what) BPF_STMT(BPF_RET | BPF_K, what)

/*
 * What a mistake in reading a request could be made to do that no program inside can: run something, connect, signal or trace
 * processes of the caller's, mount, take rights. It holds a socket pair, memory files and the container's descriptors by now.
 */
static const int refused[] = {
    SYS_execve, SYS_execveat, SYS_clone, SYS_clone3,
#ifdef SYS_fork
    SYS_fork, SYS_vfork,
#endif
    SYS_socket, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4, SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo,
    SYS_rt_tgsigqueueinfo, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_pidfd_open, SYS_pidfd_getfd, SYS_setns,
    SYS_unshare, SYS_mount, SYS_umount2, SYS_open_tree, SYS_move_mount, SYS_fsopen, SYS_fspick, SYS_pivot_root, SYS_chroot, SYS_bpf,
    SYS_perf_event_open, SYS_io_uring_setup, SYS_userfaultfd, SYS_add_key, SYS_request_key, SYS_keyctl, SYS_setuid, SYS_setgid,
    SYS_setresuid, SYS_setresgid, SYS_setgroups, SYS_capset, SYS_open_by_handle_at, SYS_init_module, SYS_finit_module, SYS_kexec_load,
    SYS_process_madvise, SYS_kcmp, SYS_mount_setattr, SYS_acct, SYS_quotactl, SYS_swapon, SYS_reboot, SYS_shmget, SYS_msgget,
};

int nest_confine(struct error *err)
{
    struct sock_filter code[ARRAY_COUNT(refused) * 2 + 8];
    struct sock_fprog program = {.filter = code};
    const struct rlimit memory = {MEMORY_MAX, MEMORY_MAX}, descriptors = {DESCRIPTOR_MAX, DESCRIPTOR_MAX}, none = {0, 0};
    unsigned short count = 0;

    code[count++] = (struct sock_filter)LOAD(arch);
    code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE, 1, 0);
    code[count++] = (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS);
    code[count++] = (struct sock_filter)LOAD(nr);
    code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1);
    code[count++] = (struct sock_filter)ANSWER(SECCOMP_RET_KILL_PROCESS);
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        code[count++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)refused[i], 0, 1);
        code[count++] = (struct sock_filter)ANSWER(SECCOMP_RET_ERRNO | EPERM);
    }
    code[count++] = (struct sock_filter)ANSWER(SECCOMP_RET_ALLOW);
    program.len = count;
    if (setrlimit(RLIMIT_AS, &memory) < 0 || setrlimit(RLIMIT_CORE, &none) < 0 || setrlimit(RLIMIT_NOFILE, &descriptors) < 0)
        return error_system(err, errno, "limit the nester");
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) < 0)
        return error_system(err, errno, "shut the nester off");
    return 0;
}
