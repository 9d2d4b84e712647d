/* SPDX-License-Identifier: Apache-2.0 */
/* Calls about another process: process 1 and its threads are nobody's to change. */
#include <linux/ioprio.h>
#include <sys/resource.h>

#include "tier/process/emitter.h"

/* Process 1 and its threads, whose numbers are always the first of its namespace. */
void emit_not_init(struct emitter *emitter)
{
    emit_if_equal(emitter, 1, RETURN_ERRNO(EPERM));
    if (filter_has_keeper(emitter->plan))
        emit_if_equal(emitter, KEEPER_TID, RETURN_ERRNO(EPERM));
    if (emitter->plan->has_void)
        emit_if_equal(emitter, VOID_TID, RETURN_ERRNO(EPERM));
    if (emitter->plan->has_starter)
        emit_if_equal(emitter, FILTER_STARTER, RETURN_ERRNO(EPERM));
}

/* Success without effect: programs that switch core dumps off have what they want. */
static void emit_rlimit(struct emitter *emitter, unsigned index)
{
    if (index == 1) {
        emit_load_argument(emitter, 0);
        emit_not_init(emitter);
    }
    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, RLIMIT_CORE, 1, 0);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    if (index == 1) { /* prlimit64() without a new limit only asks */
        emit(emitter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[2]), 0, 0);
        emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3);
        emit(emitter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)offsetof(struct seccomp_data, args[2]) + 4, 0, 0);
        emit_if_equal(emitter, 0, SECCOMP_RET_ALLOW);
    }
    emit_return(emitter, SECCOMP_RET_ERRNO | 0);
}

/* (which, who): `user` is refused for all, `process` for process 1. */
static void emit_priority(struct emitter *emitter, uint32_t process, uint32_t user)
{
    emit_load_argument(emitter, 0);
    emit_if_equal(emitter, user, RETURN_ERRNO(EPERM));
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, process, 1, 0);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit_load_argument(emitter, 1);
    emit_not_init(emitter);
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

/* Who is meant: a process, a limit, a priority. */
bool emit_about_processes(struct emitter *emitter, enum filter_verdict verdict)
{
    switch (verdict) {
    case FILTER_RLIMIT_0:
    case FILTER_RLIMIT_1:
    case FILTER_SELF_RLIMIT:
        emit_rlimit(emitter, verdict == FILTER_RLIMIT_0 ? 0 : 1);
        return true;
    case FILTER_NOT_INIT:
        emit_load_argument(emitter, 0);
        emit_not_init(emitter);
        emit_return(emitter, SECCOMP_RET_ALLOW);
        return true;
    case FILTER_PRIORITY:
        emit_priority(emitter, PRIO_PROCESS, PRIO_USER);
        return true;
    case FILTER_IOPRIO:
        emit_priority(emitter, IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER);
        return true;
    default:
        return false;
    }
}
