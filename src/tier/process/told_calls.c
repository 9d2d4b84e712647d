/* SPDX-License-Identifier: Apache-2.0 */
/* What a system call is about, by its number. */
#include <fcntl.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "tier/process/told_take.h"

static const struct {
    int number;
    enum operation operation;
} rows[] = {
    {__NR_truncate, OPERATION_WRITE},
    {__NR_execve, OPERATION_EXECUTE},
    {__NR_execveat, OPERATION_EXECUTE},
    {__NR_newfstatat, OPERATION_LOOK},
    {__NR_statx, OPERATION_LOOK},
    {__NR_faccessat, OPERATION_LOOK},
    {__NR_faccessat2, OPERATION_LOOK},
    {__NR_chdir, OPERATION_LOOK},
    {__NR_statfs, OPERATION_LOOK},
    {__NR_getxattr, OPERATION_LOOK},
    {__NR_lgetxattr, OPERATION_LOOK},
    {__NR_listxattr, OPERATION_LOOK},
    {__NR_llistxattr, OPERATION_LOOK},
    {__NR_inotify_add_watch, OPERATION_LOOK},
    {__NR_name_to_handle_at, OPERATION_LOOK},
    {__NR_kill, OPERATION_SIGNAL},
    {__NR_mkdirat, OPERATION_CREATE},
    {__NR_mknodat, OPERATION_CREATE},
    {__NR_symlinkat, OPERATION_CREATE},
    {__NR_unlinkat, OPERATION_DELETE},
    {__NR_renameat, OPERATION_RENAME},
    {__NR_renameat2, OPERATION_RENAME},
    {__NR_linkat, OPERATION_LINK},
    {__NR_fchmod, OPERATION_METADATA},
    {__NR_fchmodat, OPERATION_METADATA},
    {__NR_fchmodat2, OPERATION_METADATA},
    {__NR_fchown, OPERATION_METADATA},
    {__NR_fchownat, OPERATION_METADATA},
    {__NR_utimensat, OPERATION_METADATA},
    {__NR_connect, OPERATION_CONNECT},
    {__NR_bind, OPERATION_BIND},
    {__NR_mount, OPERATION_MOUNT},
#ifdef __x86_64__
    {__NR_stat, OPERATION_LOOK},
    {__NR_lstat, OPERATION_LOOK},
    {__NR_access, OPERATION_LOOK},
    {__NR_mkdir, OPERATION_CREATE},
    {__NR_mknod, OPERATION_CREATE},
    {__NR_symlink, OPERATION_CREATE},
    {__NR_unlink, OPERATION_DELETE},
    {__NR_rmdir, OPERATION_DELETE},
    {__NR_rename, OPERATION_RENAME},
    {__NR_link, OPERATION_LINK},
    {__NR_chmod, OPERATION_METADATA},
    {__NR_chown, OPERATION_METADATA},
    {__NR_lchown, OPERATION_METADATA},
    {__NR_utime, OPERATION_METADATA},
    {__NR_utimes, OPERATION_METADATA},
    {__NR_futimesat, OPERATION_METADATA},
#endif
};

/* The same of what the filter refuses whatever it is done to. */
static const struct {
    int number;
    enum operation operation;
} refused_rows[] = {
    {__NR_mount, OPERATION_MOUNT},
    {__NR_umount2, OPERATION_MOUNT},
    {__NR_pivot_root, OPERATION_MOUNT},
    {__NR_open_tree, OPERATION_MOUNT},
    {__NR_open_tree_attr, OPERATION_MOUNT},
    {__NR_move_mount, OPERATION_MOUNT},
    {__NR_fsopen, OPERATION_MOUNT},
    {__NR_fsconfig, OPERATION_MOUNT},
    {__NR_fsmount, OPERATION_MOUNT},
    {__NR_fspick, OPERATION_MOUNT},
    {__NR_mount_setattr, OPERATION_MOUNT},
    {__NR_ptrace, OPERATION_PTRACE},
    {__NR_kcmp, OPERATION_PTRACE},
    {__NR_process_vm_readv, OPERATION_PTRACE},
    {__NR_process_vm_writev, OPERATION_PTRACE},
    {__NR_kill, OPERATION_SIGNAL},
    {__NR_tkill, OPERATION_SIGNAL},
    {__NR_tgkill, OPERATION_SIGNAL},
    {__NR_rt_sigqueueinfo, OPERATION_SIGNAL},
    {__NR_rt_tgsigqueueinfo, OPERATION_SIGNAL},
    /* with a mode that makes programs for others */
    {__NR_fchmod, OPERATION_METADATA},
    {__NR_fchmodat, OPERATION_METADATA},
    {__NR_fchmodat2, OPERATION_METADATA},
    {__NR_openat, OPERATION_CREATE},
    {__NR_mknodat, OPERATION_CREATE},
#ifdef __x86_64__
    {__NR_chmod, OPERATION_METADATA},
    {__NR_open, OPERATION_CREATE},
    {__NR_creat, OPERATION_CREATE},
    {__NR_mknod, OPERATION_CREATE},
#endif
};

bool told_is_unnamed(int call, const uint64_t args[6])
{
    const int unnamed = O_TMPFILE & ~O_DIRECTORY;

#ifdef __x86_64__
    if (call == __NR_open)
        return args[1] & unnamed;
#endif
    return call == __NR_openat && args[2] & unnamed;
}

static enum operation of_open(int flags, unsigned told)
{
    if (flags & O_TMPFILE & ~O_DIRECTORY)
        return OPERATION_CREATE;
    if (flags & O_CREAT && !(told & TOLD_IS_THERE))
        return OPERATION_CREATE;
    if ((flags & O_ACCMODE) != O_RDONLY || flags & (O_TRUNC | O_CREAT))
        return OPERATION_WRITE;
    return told & TOLD_IS_DIRECTORY || flags & O_DIRECTORY ? OPERATION_LIST : OPERATION_READ;
}

enum operation told_operation(int call, const uint64_t args[6], bool is_of_filter, unsigned flags, bool *ret_is_directory)
{
    *ret_is_directory = flags & TOLD_IS_DIRECTORY || call == __NR_mkdirat || (call == __NR_unlinkat && args[2] & AT_REMOVEDIR);
#ifdef __x86_64__
    *ret_is_directory |= call == __NR_mkdir || call == __NR_rmdir;
#endif
    *ret_is_directory &= !told_is_unnamed(call, args);
    if (is_of_filter) {
        for (size_t i = 0; i < ARRAY_COUNT(refused_rows); i++)
            if (refused_rows[i].number == call)
                return refused_rows[i].operation;
        return OPERATION_SYSCALL;
    }
    if (call == __NR_openat)
        return of_open((int)args[2], flags);
#ifdef __x86_64__
    if (call == __NR_open)
        return of_open((int)args[1], flags);
    if (call == __NR_creat)
        return of_open(O_CREAT | O_WRONLY, flags);
#endif
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].number == call)
            return rows[i].operation;
    return OPERATION_SYSCALL;
}

enum operation told_look(int call, const uint64_t args[6], enum operation otherwise)
{
    switch (call) {
    case __NR_execve:
    case __NR_execveat:
        return OPERATION_EXECUTE;
    case __NR_openat:
#ifdef __x86_64__
    case __NR_open:
#endif
        if (args[call == __NR_openat ? 2 : 1] & O_PATH)
            return OPERATION_LOOK;
        if (otherwise == OPERATION_READ && args[call == __NR_openat ? 2 : 1] & O_DIRECTORY)
            return OPERATION_LIST;
        return otherwise;
    case __NR_openat2: /* what for lies in the caller's memory */
        return OPERATION_READ;
    default:
        return otherwise == OPERATION_SYSCALL ? OPERATION_LOOK : otherwise;
    }
}
