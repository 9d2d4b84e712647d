/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command as a default Docker container has it, as far as namespaces go: without-namespaces COMMAND [ARGUMENT]...
 * The system calls that its filter refuses are refused, and of root's capabilities the fourteen that it gives are left.
 */
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/syscall.h>

#include "host.h"

#define NAMESPACES                                                                                            \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

static const unsigned refused[] = {
    SYS_mount,        SYS_umount2,     SYS_pivot_root,   SYS_setns,       SYS_keyctl,        SYS_add_key,
    SYS_request_key,  SYS_bpf,         SYS_kexec_load,   SYS_init_module, SYS_finit_module,  SYS_delete_module,
    SYS_swapon,       SYS_swapoff,     SYS_reboot,       SYS_settimeofday, SYS_clock_settime, SYS_open_by_handle_at,
    SYS_perf_event_open, SYS_quotactl, SYS_userfaultfd,  SYS_acct,        428 /* open_tree */, 429 /* move_mount */,
    430 /* fsopen */, 431 /* fsconfig */, 432 /* fsmount */, 433 /* fspick */, 442 /* mount_setattr */,
    425 /* io_uring_setup */, 426, 427,
};

static const unsigned left[] = {
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER,           CAP_FSETID,  CAP_KILL,       CAP_SETGID, CAP_SETUID,
    CAP_SETPCAP, CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SYS_CHROOT, CAP_MKNOD, CAP_AUDIT_WRITE, CAP_SETFCAP,
};

static void filter_load(void)
{
    struct sock_filter filter[16 + 2 * COUNT(refused)], *at = filter;
    struct sock_fprog program = {.filter = filter};

#define ADD(...) *at++ = (struct sock_filter)__VA_ARGS__
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)); /* Docker lets 32-bit programs run */
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    for (size_t i = 0; i < COUNT(refused); i++) {
        ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, refused[i], 0, 1));
        ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    }
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 2, 0));
    ADD(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_unshare, 1, 0));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    ADD(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args)));
    ADD(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NAMESPACES, 0, 1));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM));
    ADD(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    program.len = (unsigned short)(at - filter);
    if (geteuid() && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        die("no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
        die("seccomp");
}

static void capabilities_limit(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}, {0}};

    for (size_t i = 0; i < COUNT(left); i++)
        data[left[i] / 32].permitted |= 1u << (left[i] % 32);
    data[0].effective = data[0].permitted;
    data[1].effective = data[1].permitted;
    for (unsigned i = 0; i < 64; i++)
        if (!(data[i / 32].permitted & 1u << (i % 32)))
            prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* beyond the last one there is nothing */
    if (syscall(SYS_capset, &header, data) < 0)
        die("capset");
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    filter_load();
    if (geteuid() == 0)
        capabilities_limit();
    execvp(argv[1], argv + 1);
    perror(argv[1]);
    return 12;
}
