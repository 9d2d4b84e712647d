/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/memory.h"

#define HELD 32u /* processors interleave their records */

struct call {
    uint64_t serial; /* 0 = free */
    uint32_t container;
    bool has_name, has_address;
    struct audit_record record;
    struct sensor_told told;
    char path[PATH_MAX], directory[PATH_MAX];
};

struct calls {
    struct fold *fold;
    unsigned count, next;
    struct call held[HELD];
};

int calls_new(struct fold *fold, struct calls **ret_calls, struct error *err)
{
    struct calls *calls = mem_alloc(sizeof(*calls));

    if (!calls)
        return error_memory(err);
    calls->fold = fold;
    *ret_calls = calls;
    return 0;
}

void calls_free(struct calls *calls)
{
    mem_free(calls);
}

void calls_free_at(struct calls **calls)
{
    calls_free(*calls);
}

bool calls_is_refused(const struct audit_record *record)
{
    return record->kind == RECORD_CALL && (record->result == -EACCES || record->result == -EPERM || record->result == -EROFS);
}

/* What a call does, and which argument is the directory that its name is relative to (-1 = always the caller's). */
static const struct row {
    unsigned call;
    enum operation operation;
    int directory;
} rows[] = {
    {SYS_open, OPERATION_READ, -1}, {SYS_openat, OPERATION_READ, 0}, {SYS_openat2, OPERATION_READ, 0}, {SYS_creat, OPERATION_CREATE, -1},
    {SYS_stat, OPERATION_LOOK, -1}, {SYS_lstat, OPERATION_LOOK, -1}, {SYS_newfstatat, OPERATION_LOOK, 0}, {SYS_statx, OPERATION_LOOK, 0},
    {SYS_access, OPERATION_LOOK, -1}, {SYS_faccessat, OPERATION_LOOK, 0}, {SYS_faccessat2, OPERATION_LOOK, 0}, {SYS_readlink, OPERATION_LOOK, -1},
    {SYS_readlinkat, OPERATION_LOOK, 0}, {SYS_chdir, OPERATION_LOOK, -1}, {SYS_chroot, OPERATION_LOOK, -1}, {SYS_getdents64, OPERATION_LIST, -1},
    {SYS_truncate, OPERATION_WRITE, -1}, {SYS_mkdir, OPERATION_CREATE, -1}, {SYS_mkdirat, OPERATION_CREATE, 0}, {SYS_mknod, OPERATION_CREATE, -1},
    {SYS_mknodat, OPERATION_CREATE, 0}, {SYS_symlink, OPERATION_CREATE, -1}, {SYS_symlinkat, OPERATION_CREATE, 1}, {SYS_unlink, OPERATION_DELETE, -1},
    {SYS_unlinkat, OPERATION_DELETE, 0}, {SYS_rmdir, OPERATION_DELETE, -1}, {SYS_rename, OPERATION_RENAME, -1}, {SYS_renameat, OPERATION_RENAME, 0},
    {SYS_renameat2, OPERATION_RENAME, 0}, {SYS_link, OPERATION_LINK, -1}, {SYS_linkat, OPERATION_LINK, 0}, {SYS_chmod, OPERATION_METADATA, -1},
    {SYS_fchmod, OPERATION_METADATA, -1}, {SYS_fchmodat, OPERATION_METADATA, 0}, {SYS_chown, OPERATION_METADATA, -1}, {SYS_fchown, OPERATION_METADATA, -1},
    {SYS_lchown, OPERATION_METADATA, -1}, {SYS_fchownat, OPERATION_METADATA, 0}, {SYS_utimensat, OPERATION_METADATA, 0}, {SYS_utime, OPERATION_METADATA, -1},
    {SYS_utimes, OPERATION_METADATA, -1}, {SYS_setxattr, OPERATION_METADATA, -1}, {SYS_lsetxattr, OPERATION_METADATA, -1}, {SYS_removexattr, OPERATION_METADATA, -1},
    {SYS_execve, OPERATION_EXECUTE, -1}, {SYS_execveat, OPERATION_EXECUTE, 0}, {SYS_mount, OPERATION_MOUNT, -1}, {SYS_umount2, OPERATION_MOUNT, -1},
    {SYS_move_mount, OPERATION_MOUNT, -1}, {SYS_pivot_root, OPERATION_MOUNT, -1}, {SYS_connect, OPERATION_CONNECT, -1}, {SYS_sendto, OPERATION_CONNECT, -1},
    {SYS_sendmsg, OPERATION_CONNECT, -1}, {SYS_bind, OPERATION_BIND, -1}, {SYS_kill, OPERATION_SIGNAL, -1}, {SYS_tkill, OPERATION_SIGNAL, -1},
    {SYS_tgkill, OPERATION_SIGNAL, -1}, {SYS_pidfd_send_signal, OPERATION_SIGNAL, -1}, {SYS_ptrace, OPERATION_PTRACE, -1},
    {SYS_process_vm_readv, OPERATION_PTRACE, -1}, {SYS_process_vm_writev, OPERATION_PTRACE, -1},
};

static const struct row *row_of(const struct audit_record *record)
{
    for (size_t i = 0; record->is_native && i < ARRAY_COUNT(rows); i++)
        if (rows[i].call == record->call)
            return &rows[i];
    return NULL;
}

/* openat2() has its flags in memory, of which a record says nothing: then it counts as reading. */
static enum operation operation_of(const struct row *row, const struct audit_record *record)
{
    uint64_t flags = record->call == SYS_open ? record->arguments[1] : record->call == SYS_openat ? record->arguments[2] : 0;

    if (!row)
        return OPERATION_SYSCALL;
    if (row->operation != OPERATION_READ || !(flags & (O_ACCMODE | O_CREAT | O_DIRECTORY)))
        return row->operation;
    if (flags & O_DIRECTORY)
        return OPERATION_LIST;
    return flags & O_ACCMODE ? OPERATION_WRITE : OPERATION_READ;
}

/* The caller's own directory stands before a name that is relative to it; any other one nobody tells. */
static void place_path(struct call *call)
{
    const struct row *row = row_of(&call->record);
    bool is_own = !row || row->directory < 0 || (uint32_t)call->record.arguments[row->directory] == (uint32_t)AT_FDCWD;
    size_t before = strlen(call->directory), length = strlen(call->path);

    if (!call->has_name)
        return;
    call->told.flags |= SENSOR_HAS_PATH;
    if (call->path[0] == '/' || !is_own || !before || before + length + 2 > sizeof(call->path)) {
        call->told.flags |= call->path[0] == '/' ? 0 : SENSOR_IS_RELATIVE;
    } else {
        bool has_slash = call->directory[before - 1] == '/';

        memmove(call->path + before + !has_slash, call->path, length + 1);
        memcpy(call->path, call->directory, before);
        if (!has_slash)
            call->path[before] = '/';
    }
    call->told.path_length = (uint16_t)strlen(call->path);
}

static int finish(struct calls *calls, struct call *call)
{
    const struct fold_owner owner = {.container = call->container, .uid = SENSOR_NO_UID};
    int status;

    place_path(call);
    status = fold_take_call(calls->fold, &owner, &call->told, call->path, call->record.exe);
    call->serial = 0;
    calls->count--;
    return status;
}

int calls_begin(struct calls *calls, uint32_t container, const struct audit_record *record)
{
    struct call *call = &calls->held[calls->next];
    int status = call->serial ? finish(calls, call) : 0;

    calls->next = (calls->next + 1) % HELD;
    calls->count++;
    call->serial = record->serial;
    call->container = container;
    call->has_name = call->has_address = false;
    call->path[0] = call->directory[0] = '\0';
    call->record = *record;
    call->told = (struct sensor_told){
        .type = SENSOR_REFUSED,
        .operation = (uint32_t)operation_of(row_of(record), record),
        .count = 1,
        .errnum = (int32_t)-record->result,
        .pid = record->pid,
        .flags = SENSOR_IS_CALL,
        .login_uid = record->login_uid,
        .exe_length = (uint16_t)strlen(record->exe),
    };
    snprintf(call->told.right, sizeof(call->told.right), "%s%u", record->is_native ? "" : "i386:", record->call);
    return status;
}

/* Of several names that which is not just the directory of another one: the first. */
static void name_take(struct call *call, const struct audit_record *record)
{
    bool was_parent = call->told.flags & SENSOR_IS_OF_PARENT;

    if (!record->has_path || (call->has_name && (!was_parent || record->is_of_parent)))
        return;
    memcpy(call->path, record->path, record->path_length + 1);
    call->told.inode = record->inode;
    call->told.flags = (call->told.flags & ~SENSOR_IS_OF_PARENT) | (record->is_of_parent ? SENSOR_IS_OF_PARENT : 0);
    call->has_name = true;
}

int calls_take(struct calls *calls, const struct audit_record *record)
{
    struct call *call = NULL;

    for (unsigned i = 0; i < HELD && calls->count && !call; i++)
        if (calls->held[i].serial == record->serial)
            call = &calls->held[i];
    if (!call)
        return 0;
    switch (record->kind) {
    case RECORD_OBJECT:
        name_take(call, record);
        return 0;
    case RECORD_WHERE:
        if (record->has_path)
            memcpy(call->directory, record->path, record->path_length + 1);
        return 0;
    case RECORD_PEER:
        if (record->has_address) {
            memcpy(call->told.address, record->address, sizeof(call->told.address));
            call->told.port = record->port;
            call->told.flags |= SENSOR_HAS_ADDRESS;
        } else {
            name_take(call, record);
        }
        return 0;
    case RECORD_LAST:
        return finish(calls, call);
    default:
        return 0;
    }
}

int calls_flush(struct calls *calls)
{
    int status = 0;

    for (unsigned i = 0; i < HELD && calls->count && status == 0; i++)
        if (calls->held[(calls->next + i) % HELD].serial)
            status = finish(calls, &calls->held[(calls->next + i) % HELD]);
    return status;
}

bool calls_holds(const struct calls *calls)
{
    return calls->count > 0;
}
