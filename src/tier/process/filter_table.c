/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system calls a contained program may make. What is not here is refused with ENOSYS, so a call that a newer
 * kernel brings stays shut until somebody has looked at it. ENOSYS where programs have a fallback for an old kernel,
 * EPERM where they expect a refusal. QUIET rows are refused in silence: asking a thread of process 1 costs a hundred times
 * what the filter's own answer costs, and who is told hears nothing of use (what ordinary programs call was looked at with
 * strace).
 */
#include "base/kernel/syscalls.h"
#include "tier/process/filter.h"

#define ROW(name, verdict, reason) {__NR_##name, verdict, reason, NULL},
#define QUIET(name, verdict, reason, why) {__NR_##name, verdict, reason, why},
#define ALLOW(name) ROW(name, FILTER_ALLOW, WHY)
#define EPERM_(name, reason) ROW(name, FILTER_EPERM, reason)
#define ENOSYS_(name, reason) ROW(name, FILTER_ENOSYS, reason)

#define THREADS "C libraries try it for each thread and process"
#define LOOPS   "event loops and libraries try it when they begin"
#define COPIES  "cp -p, install and sed -i try it for each file"
#define LOCKS   "programs that confine themselves try it when they begin"

static const struct filter_row rows[] = {
    /* refused */
    QUIET(io_uring_setup, FILTER_ENOSYS, "acts outside this filter, large attack surface; libuv and others fall back", LOOPS)
    QUIET(io_uring_enter, FILTER_ENOSYS, "as io_uring_setup", LOOPS)
    QUIET(io_uring_register, FILTER_ENOSYS, "as io_uring_setup", LOOPS)
    ENOSYS_(userfaultfd, "holds kernel threads at chosen points of an exploit")
    ENOSYS_(memfd_secret, "memory that nobody outside can inspect")
    QUIET(clone3, FILTER_ENOSYS, "its flags lie in memory, out of a filter's sight; C libraries fall back to clone", THREADS)
    ENOSYS_(add_key, "kernel keyrings belong to the user's session")
    ENOSYS_(request_key, "starts a helper of the host")
    ENOSYS_(keyctl, "kernel keyrings belong to the user's session")
    EPERM_(bpf, "loads programs into the kernel")
    EPERM_(perf_event_open, "observes the kernel and other programs")
    EPERM_(kexec_load, "replaces the kernel")
#ifdef __NR_kexec_file_load
    EPERM_(kexec_file_load, "replaces the kernel")
#endif
    EPERM_(init_module, "loads code into the kernel")
    EPERM_(finit_module, "loads code into the kernel")
    EPERM_(delete_module, "unloads code from the kernel")
    EPERM_(mount, "changes the file tree that the policy describes")
    EPERM_(umount2, "as mount")
    EPERM_(pivot_root, "as mount")
    EPERM_(chroot, "as mount")
    EPERM_(open_tree, "as mount")
    EPERM_(open_tree_attr, "as mount")
    EPERM_(move_mount, "as mount")
    EPERM_(fsopen, "as mount")
    EPERM_(fsconfig, "as mount")
    EPERM_(fsmount, "as mount")
    EPERM_(fspick, "as mount")
    EPERM_(mount_setattr, "as mount")
    QUIET(statmount, FILTER_ENOSYS, "lists mounts; /proc/self/mountinfo does", LOOPS)
    QUIET(listmount, FILTER_ENOSYS, "as statmount", LOOPS)
    ENOSYS_(listns, "lists namespaces of others")
    EPERM_(setns, "enters namespaces of others")
    ROW(unshare, FILTER_NAMESPACES, "a new user namespace would bring capabilities back")
    ROW(clone, FILTER_NAMESPACES, "as unshare")
    EPERM_(settimeofday, "the host's clock")
    EPERM_(clock_settime, "the host's clock")
    EPERM_(clock_adjtime, "the host's clock")
    EPERM_(adjtimex, "the host's clock")
    EPERM_(reboot, "the host")
    EPERM_(swapon, "the host's memory")
    EPERM_(swapoff, "the host's memory")
    EPERM_(acct, "writes records of all processes")
    EPERM_(quotactl, "the host's file systems")
    EPERM_(quotactl_fd, "the host's file systems")
    EPERM_(syslog, "the kernel log")
    EPERM_(vhangup, "the caller's terminal")
    EPERM_(sethostname, "set once, by init")
    EPERM_(setdomainname, "set once, by init")
    EPERM_(open_by_handle_at, "opens by inode, past the file tree")
    EPERM_(fanotify_init, "observes or decides what others open")
    EPERM_(fanotify_mark, "as fanotify_init")
    EPERM_(kcmp, "compares kernel objects of other processes")
    EPERM_(move_pages, "moves pages of other processes")
    EPERM_(migrate_pages, "as move_pages")
    ENOSYS_(lsm_set_self_attr, "labels of a security module; Landlock has its own calls")
    ENOSYS_(nfsservctl, "no kernel has it any more")
    EPERM_(lookup_dcookie, "profiles the host")
#ifdef __x86_64__
    EPERM_(iopl, "hardware ports")
    EPERM_(ioperm, "hardware ports")
    EPERM_(modify_ldt, "16-bit segments, an old source of kernel bugs")
    ENOSYS_(sysfs, "obsolete")
    ENOSYS_(ustat, "obsolete")
    ENOSYS_(uselib, "obsolete, loads libraries past the file rules")
    ENOSYS_(_sysctl, "obsolete")
    ENOSYS_(create_module, "obsolete")
    ENOSYS_(get_kernel_syms, "obsolete")
    ENOSYS_(query_module, "obsolete")
    ENOSYS_(getpmsg, "never implemented")
    ENOSYS_(putpmsg, "never implemented")
    ENOSYS_(afs_syscall, "never implemented")
    ENOSYS_(tuxcall, "never implemented")
    ENOSYS_(security, "never implemented")
    ENOSYS_(vserver, "never implemented")
    ENOSYS_(epoll_ctl_old, "never implemented")
    ENOSYS_(epoll_wait_old, "never implemented")
    ENOSYS_(set_thread_area, "32-bit programs only")
    ENOSYS_(get_thread_area, "32-bit programs only")
#endif

    /* by their arguments */
    ROW(socket, FILTER_SOCKET, "families and types whose kernel code is rarely used and often exploited; AF_VSOCK has no namespace")
    ROW(socketpair, FILTER_SOCKETPAIR, "as socket; the keeper makes what could send to a name (init/datagrams.c)")
    ROW(ioctl, FILTER_IOCTL, "TIOCSTI and TIOCLINUX type into a terminal, TIOCCONS and TIOCSETD redirect it, btrfs snapshots show what is masked")
    ROW(personality, FILTER_PERSONALITY, "switches address randomisation off and old system call conventions on")
    ROW(prctl, FILTER_PRCTL, "PR_SET_MM rewrites what others see of this process")
    ROW(ptrace, FILTER_PTRACE, "a program that asks its parent to trace it would stand still for ever where that is process 1")
    ROW(fcntl, FILTER_FCNTL, "a lease on a file that can only be read holds up who opens it on the host, for 45 s each time; "
                             "F_NOTIFY stays: it says what inotify says and holds nobody up")

/*
 * Directories too: what kind of object a mode is for, the filter does not see. Nor is a set-group-ID bit without group
 * execution harmless, since an access control list gives execution later and keeps the bit. Directories inherit the bit
 * from the one around them, whatever the filter says.
 */
#define SET_ID "a set-user-ID or set-group-ID file in a granted tree would give the caller's rights to others"
    ROW(openat, FILTER_OPEN_2, SET_ID)
    ROW(fchmod, FILTER_CHMOD_1, SET_ID)
    ROW(fchmodat, FILTER_CHMOD_2, SET_ID)
    ROW(fchmodat2, FILTER_CHMOD_2, SET_ID)
    ROW(mknodat, FILTER_NAME_MODE_2, SET_ID)
#ifdef __x86_64__
    ROW(open, FILTER_OPEN_1, SET_ID)
    ROW(creat, FILTER_NAME_MODE_1, SET_ID)
    ROW(chmod, FILTER_CHMOD_1, SET_ID)
    ROW(mknod, FILTER_NAME_MODE_1, SET_ID)
#endif
    QUIET(openat2, FILTER_ENOSYS, "its mode lies in memory, out of a filter's sight; programs fall back to openat", LOOPS)
#define NAMES "names that do not exist yet have nothing that a mount could cover; what umask() sets, the keeper applies"
    ROW(mkdirat, FILTER_NAME, NAMES)
    ROW(symlinkat, FILTER_NAME, NAMES)
    ROW(linkat, FILTER_NAME, NAMES)
    ROW(unlinkat, FILTER_NAME, NAMES)
    ROW(renameat, FILTER_NAME, NAMES)
    ROW(renameat2, FILTER_NAME, NAMES)
    ROW(truncate, FILTER_NAME, NAMES)
#define STAMPS "the kernel decides; the keeper makes the call, so that it is told where a mount refuses it"
    ROW(fchownat, FILTER_NAME, STAMPS)
    ROW(utimensat, FILTER_NAME_1, STAMPS)
    ROW(umask, FILTER_NAME, NAMES)
    ROW(bind, FILTER_SOCKET_NAME, NAMES)
    ROW(connect, FILTER_SOCKET_NAME, "a socket file in a granted tree may be a service of the host; the keeper tells it from the container's own")
#ifdef __x86_64__
    ROW(mkdir, FILTER_NAME, NAMES)
    ROW(rmdir, FILTER_NAME, NAMES)
    ROW(symlink, FILTER_NAME, NAMES)
    ROW(link, FILTER_NAME, NAMES)
    ROW(unlink, FILTER_NAME, NAMES)
    ROW(rename, FILTER_NAME, NAMES)
    ROW(chown, FILTER_NAME, STAMPS)
    ROW(lchown, FILTER_NAME, STAMPS)
    ROW(utime, FILTER_NAME, STAMPS)
    ROW(utimes, FILTER_NAME, STAMPS)
    ROW(futimesat, FILTER_NAME, STAMPS)
#endif
#define SECOND "what the keeper does on behalf would pass by a Landlock domain of the program's own: better to have none, and say so"
    QUIET(landlock_create_ruleset, FILTER_UNLESS_KEPT, SECOND, LOCKS)
    QUIET(landlock_add_rule, FILTER_UNLESS_KEPT, SECOND, LOCKS)
    QUIET(landlock_restrict_self, FILTER_UNLESS_KEPT, SECOND, LOCKS)
#define ACL "an attribute can be the permissions (system.posix_acl_access), and its name lies in memory"
    QUIET(setxattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(lsetxattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(fsetxattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(setxattrat, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(removexattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(lremovexattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(fremovexattr, FILTER_UNLESS_NAMES, ACL, COPIES)
    QUIET(removexattrat, FILTER_UNLESS_NAMES, ACL, COPIES)
    ROW(file_setattr, FILTER_UNLESS_NAMES, "sets what makes a directory case-insensitive")
#define CORE "RLIMIT_CORE is 1 byte; at 0 the kernel would start the host's core dump handler"
    ROW(setrlimit, FILTER_RLIMIT_0, CORE)
    ROW(prlimit64, FILTER_RLIMIT_1, CORE)

#define INIT "process 1 has the program's uid: starved or limited, it could not say how the program ended"
    ROW(setpriority, FILTER_PRIORITY, INIT)
    ROW(ioprio_set, FILTER_IOPRIO, INIT)
    ROW(sched_setparam, FILTER_NOT_INIT, INIT)
    ROW(sched_setscheduler, FILTER_NOT_INIT, INIT)
    ROW(sched_setaffinity, FILTER_NOT_INIT, INIT)
    ROW(sched_setattr, FILTER_NOT_INIT, INIT)
#define SIGNALS "process 1 is outside of the program's Landlock domain, which refuses it too: here it is told of"
    ROW(kill, FILTER_NOT_INIT, SIGNALS)
    ROW(tkill, FILTER_NOT_INIT, SIGNALS)
    ROW(tgkill, FILTER_NOT_INIT, SIGNALS)
    ROW(rt_sigqueueinfo, FILTER_NOT_INIT, SIGNALS)
    ROW(rt_tgsigqueueinfo, FILTER_NOT_INIT, SIGNALS)
#define MEMORY "the kernel refuses it too, of a process that is not dumpable: here it is told of"
    ROW(process_vm_readv, FILTER_NOT_INIT, MEMORY)
    ROW(process_vm_writev, FILTER_NOT_INIT, MEMORY)

#define WHY "files that the tree and Landlock govern"
    ALLOW(read) ALLOW(write) ALLOW(readv) ALLOW(writev) ALLOW(pread64) ALLOW(pwrite64) ALLOW(preadv) ALLOW(pwritev)
    ALLOW(preadv2) ALLOW(pwritev2) ALLOW(lseek) ALLOW(close) ALLOW(close_range)
    ALLOW(fstat) ALLOW(newfstatat) ALLOW(statx) ALLOW(statfs) ALLOW(fstatfs) ALLOW(faccessat) ALLOW(faccessat2)
    ALLOW(readlinkat) ALLOW(getdents64) ALLOW(getcwd) ALLOW(chdir) ALLOW(fchdir) ALLOW(dup) ALLOW(dup3)
    ALLOW(flock) ALLOW(fsync) ALLOW(fdatasync) ALLOW(sync) ALLOW(syncfs) ALLOW(sync_file_range)
    ALLOW(ftruncate) ALLOW(fallocate) ALLOW(fadvise64) ALLOW(readahead)
    ALLOW(fchown)
    ALLOW(getxattr) ALLOW(lgetxattr) ALLOW(fgetxattr) ALLOW(listxattr) ALLOW(llistxattr) ALLOW(flistxattr)
    ALLOW(getxattrat)
    ALLOW(listxattrat) ALLOW(file_getattr) ALLOW(copy_file_range)
    ALLOW(sendfile) ALLOW(splice) ALLOW(tee) ALLOW(vmsplice) ALLOW(name_to_handle_at) ALLOW(cachestat)
    ALLOW(inotify_init1) ALLOW(inotify_add_watch) ALLOW(inotify_rm_watch) ALLOW(io_setup) ALLOW(io_destroy)
    ALLOW(io_submit) ALLOW(io_cancel) ALLOW(io_getevents) ALLOW(io_pgetevents)
#undef WHY
#define WHY "the program's own memory"
    ALLOW(mmap) ALLOW(munmap) ALLOW(mprotect) ALLOW(mremap) ALLOW(madvise) ALLOW(process_madvise) ALLOW(brk)
    ALLOW(msync) ALLOW(mincore) ALLOW(mlock) ALLOW(mlock2) ALLOW(munlock) ALLOW(mlockall) ALLOW(munlockall)
    ALLOW(remap_file_pages) ALLOW(memfd_create) ALLOW(mbind) ALLOW(get_mempolicy) ALLOW(set_mempolicy)
    ALLOW(set_mempolicy_home_node) ALLOW(pkey_mprotect) ALLOW(pkey_alloc) ALLOW(pkey_free) ALLOW(map_shadow_stack)
    ALLOW(mseal)
#undef WHY
#define WHY "processes of the container's own pid namespace"
    ALLOW(execve) ALLOW(execveat) ALLOW(exit) ALLOW(exit_group) ALLOW(wait4) ALLOW(waitid)
    ALLOW(pidfd_open) ALLOW(pidfd_send_signal) ALLOW(pidfd_getfd) ALLOW(process_mrelease)
    ALLOW(getpid) ALLOW(getppid) ALLOW(gettid) ALLOW(getpgid)
    ALLOW(setpgid) ALLOW(getsid) ALLOW(setsid) ALLOW(set_tid_address) ALLOW(set_robust_list) ALLOW(get_robust_list)
    ALLOW(rseq) ALLOW(rseq_slice_yield) ALLOW(membarrier) ALLOW(futex) ALLOW(futex_waitv) ALLOW(futex_wake)
    ALLOW(futex_wait) ALLOW(futex_requeue) ALLOW(getpriority) ALLOW(ioprio_get)
    ALLOW(sched_yield) ALLOW(sched_getparam) ALLOW(sched_getscheduler)
    ALLOW(sched_get_priority_max) ALLOW(sched_get_priority_min)
    ALLOW(sched_rr_get_interval) ALLOW(sched_getaffinity) ALLOW(sched_getattr)
    ALLOW(getcpu) ALLOW(getrusage) ALLOW(getrlimit)
    ALLOW(times) ALLOW(sysinfo) ALLOW(uname)
#undef WHY
#define WHY "signals and timers"
    ALLOW(rt_sigaction) ALLOW(rt_sigprocmask) ALLOW(rt_sigpending) ALLOW(rt_sigtimedwait)
    ALLOW(rt_sigsuspend) ALLOW(rt_sigreturn) ALLOW(sigaltstack) ALLOW(signalfd4)
    ALLOW(nanosleep) ALLOW(clock_nanosleep) ALLOW(clock_gettime) ALLOW(clock_getres) ALLOW(gettimeofday)
    ALLOW(getitimer) ALLOW(setitimer) ALLOW(timer_create) ALLOW(timer_settime) ALLOW(timer_gettime)
    ALLOW(timer_getoverrun) ALLOW(timer_delete) ALLOW(timerfd_create) ALLOW(timerfd_settime) ALLOW(timerfd_gettime)
    ALLOW(restart_syscall)
#undef WHY
#define WHY "waiting and pipes"
    ALLOW(epoll_create1) ALLOW(epoll_ctl) ALLOW(epoll_pwait) ALLOW(epoll_pwait2) ALLOW(eventfd2) ALLOW(pselect6)
    ALLOW(ppoll) ALLOW(pipe2)
#undef WHY
#define WHY "ids: the kernel refuses what the one mapped id does not allow"
    ALLOW(getuid) ALLOW(geteuid) ALLOW(getgid) ALLOW(getegid) ALLOW(getgroups) ALLOW(getresuid) ALLOW(getresgid)
    ALLOW(setuid) ALLOW(setgid) ALLOW(setreuid) ALLOW(setregid) ALLOW(setresuid) ALLOW(setresgid) ALLOW(setfsuid)
    ALLOW(setfsgid) ALLOW(setgroups) ALLOW(capget) ALLOW(capset)
#undef WHY
#define WHY "sockets of the families that socket() lets through"
    ALLOW(listen) ALLOW(accept) ALLOW(accept4) ALLOW(getsockname) ALLOW(getpeername)
    ALLOW(getsockopt) ALLOW(setsockopt) ALLOW(recvfrom) ALLOW(recvmsg)
    ALLOW(recvmmsg) ALLOW(shutdown)
#undef WHY
#define FAST "TCP Fast Open connects by itself, and rules about programs hold for what the keeper connects"
    ROW(sendto, FILTER_SEND_3, FAST)
    ROW(sendmsg, FILTER_SEND_2, FAST)
    ROW(sendmmsg, FILTER_SEND_3, FAST)
#define WHY "System V and POSIX IPC of the container's own namespace"
    ALLOW(shmget) ALLOW(shmat) ALLOW(shmctl) ALLOW(shmdt) ALLOW(semget) ALLOW(semop) ALLOW(semtimedop) ALLOW(semctl)
    ALLOW(msgget) ALLOW(msgsnd) ALLOW(msgrcv) ALLOW(msgctl) ALLOW(mq_open) ALLOW(mq_unlink) ALLOW(mq_timedsend)
    ALLOW(mq_timedreceive) ALLOW(mq_notify) ALLOW(mq_getsetattr)
#undef WHY
#define WHY "a program may only confine itself further"
    ALLOW(seccomp)
    ALLOW(lsm_get_self_attr) ALLOW(lsm_list_modules) ALLOW(getrandom)
#undef WHY
#ifdef __x86_64__
#define WHY "the kernel's own trampoline in a program that the host's administrator traces; SIGILL elsewhere"
    ALLOW(uretprobe) ALLOW(uprobe)
#undef WHY
#endif
#define WHY "older spelling of a call above"
#ifdef __x86_64__
    ALLOW(stat) ALLOW(lstat) ALLOW(access) ALLOW(readlink) ALLOW(getdents) ALLOW(dup2)
    ALLOW(inotify_init) ALLOW(epoll_create)
    ALLOW(epoll_wait) ALLOW(eventfd) ALLOW(signalfd) ALLOW(poll) ALLOW(select) ALLOW(pipe) ALLOW(fork) ALLOW(vfork)
    ALLOW(getpgrp) ALLOW(pause) ALLOW(alarm) ALLOW(time) ALLOW(arch_prctl)
#endif
   
#undef WHY
};

const struct filter_row *filter_rows(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}
