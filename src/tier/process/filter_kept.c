/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that process 1's keeper makes or looks at, where the plan has one. */
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>

#include "tier/process/emitter.h"

/* Where the plan keeps names, the keeper makes the call. */
static uint32_t name_action(const struct emitter *emitter)
{
    return emitter->plan->keeps_names ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;
}

/* Without a path it is about an open descriptor. */
static void emit_path(struct emitter *emitter, unsigned index)
{
    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
    emit(emitter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[index]) + 4, 0, 0);
    emit_if_equal(emitter, 0, SECCOMP_RET_ALLOW);
    emit_return(emitter, name_action(emitter));
}

static void emit_mode(struct emitter *emitter, unsigned index, uint32_t action)
{
    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, 0, 1);
    emit_return(emitter, RETURN_ERRNO(EPERM));
    emit_return(emitter, action);
}

/* The bit makes no program of a directory, but what it is only the keeper sees. */
static void emit_change_of_mode(struct emitter *emitter, unsigned index)
{
    uint32_t refused = emitter->plan->keeps_names ? S_ISUID : S_ISUID | S_ISGID;

    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, refused, 0, 1);
    emit_return(emitter, RETURN_ERRNO(EPERM));
    emit_return(emitter, name_action(emitter));
}

/*
 * The mode is looked at only where a file is made, if without a name (O_TMPFILE): otherwise the register holds anything. A mere
 * reference (O_PATH) changes nothing that the keeper would have to know of.
 */
static void emit_open(struct emitter *emitter, unsigned index)
{
    const uint32_t unnamed = O_TMPFILE & ~O_DIRECTORY;

    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, O_PATH, 0, 1);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, O_CREAT | unnamed, 3, 0);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, O_ACCMODE | O_TRUNC, 1, 0);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit_return(emitter, name_action(emitter));
    emit_mode(emitter, index + 1, name_action(emitter));
}

/* What depends on whether, and for what, there is a keeper. */
bool emit_kept(struct emitter *emitter, enum filter_verdict verdict)
{
    bool has_keeper = filter_has_keeper(emitter->plan);

    switch (verdict) {
    case FILTER_UNLESS_KEPT:
        emit_return(emitter, has_keeper ? RETURN_ERRNO(EOPNOTSUPP) : SECCOMP_RET_ALLOW);
        return true;
    case FILTER_UNLESS_NAMES:
        emit_return(emitter, emitter->plan->keeps_names ? RETURN_ERRNO(EOPNOTSUPP) : SECCOMP_RET_ALLOW);
        return true;
    case FILTER_SOCKET_NAME:
        emit_return(emitter, has_keeper ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
        return true;
    case FILTER_PTRACE:
        emit_load_argument(emitter, 0);
        emit_if_equal(emitter, PTRACE_TRACEME, has_keeper ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW);
        emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, PTRACE_ATTACH, 2, 0);
        emit_unless_equal(emitter, PTRACE_SEIZE, SECCOMP_RET_ALLOW);
        emit_load_argument(emitter, 1);
        emit_not_init(emitter); /* as the kernel has it, of a process that is not dumpable */
        emit_return(emitter, SECCOMP_RET_ALLOW);
        return true;
    case FILTER_NAME:
        emit_return(emitter, name_action(emitter));
        return true;
    case FILTER_NAME_1:
        emit_path(emitter, 1);
        return true;
    case FILTER_NAME_MODE_1:
    case FILTER_NAME_MODE_2:
        emit_mode(emitter, verdict == FILTER_NAME_MODE_1 ? 1 : 2, name_action(emitter));
        return true;
    case FILTER_CHMOD_1:
    case FILTER_CHMOD_2:
        emit_change_of_mode(emitter, verdict == FILTER_CHMOD_1 ? 1 : 2);
        return true;
    case FILTER_OPEN_1:
    case FILTER_OPEN_2:
        emit_open(emitter, verdict == FILTER_OPEN_1 ? 1 : 2);
        return true;
    default:
        return false;
    }
}
