/* SPDX-License-Identifier: Apache-2.0 */
/* Instructions of a filter, one behind the other: shared by the files that emit verdicts. */
#ifndef CORDON_TIER_PROCESS_EMITTER_H
#define CORDON_TIER_PROCESS_EMITTER_H

#include <errno.h>
#include <linux/seccomp.h>

#include "tier/process/filter.h"
#include "tier/process/record.h"

#define SOCKET_TYPE_MASK 0xfu /* SOCK_TYPE_MASK of the kernel; above it are SOCK_CLOEXEC and SOCK_NONBLOCK */
#define RETURN_ERRNO(number) (SECCOMP_RET_ERRNO | ((number)&SECCOMP_RET_DATA))

struct emitter {
    struct sock_filter *program;
    size_t length; /* counts on beyond FILTER_LENGTH_MAX, where nothing is written */
    const struct plan_filter *plan;
    bool tells;   /* somebody has the listener and tells of refusals, */
    bool is_told; /* and of those that are emitted now: they are marked FILTER_TOLD */
    bool is_watched; /* what is emitted now and allowed is marked FILTER_WATCHED */
};

static inline void emit(struct emitter *emitter, unsigned short code, uint32_t k, unsigned yes, unsigned no)
{
    if (emitter->length < FILTER_LENGTH_MAX)
        emitter->program[emitter->length] =
            (struct sock_filter){.code = code, .jt = (uint8_t)yes, .jf = (uint8_t)no, .k = k};
    emitter->length++;
}

static inline void emit_return(struct emitter *emitter, uint32_t action)
{
    if (emitter->is_told && (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && action & SECCOMP_RET_DATA)
        action |= FILTER_TOLD;
    if (emitter->is_watched && action == SECCOMP_RET_ALLOW)
        action |= FILTER_WATCHED;
    emit(emitter, BPF_RET | BPF_K, action, 0, 0);
}

/* Low 32 bits of an argument: all that the kernel reads of an int. */
static inline void emit_load_argument(struct emitter *emitter, unsigned index)
{
    emit(emitter, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offsetof(struct seccomp_data, args) + index * 8), 0, 0);
}

/* Return `action` when the accumulator equals `value`, else go on. */
static inline void emit_if_equal(struct emitter *emitter, uint32_t value, uint32_t action)
{
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    emit_return(emitter, action);
}

/* The same for what programs try as a matter of course: nobody is told. */
static inline void emit_quietly(struct emitter *emitter, uint32_t value, uint32_t action)
{
    bool is_told = emitter->is_told;

    emitter->is_told = false;
    emit_if_equal(emitter, value, action);
    emitter->is_told = is_told;
}

/* Return `action` when the accumulator does not equal `value`, else go on. */
static inline void emit_unless_equal(struct emitter *emitter, uint32_t value, uint32_t action)
{
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
    emit_return(emitter, action);
}

/* filter_processes.c: refuse what the accumulator names, where it is process 1 or one of its threads; else go on. */
void emit_not_init(struct emitter *emitter);

/* Each is true when it has emitted the verdict. filter_kept.c, filter_processes.c, filter_sockets.c. */
bool emit_kept(struct emitter *emitter, enum filter_verdict verdict);
bool emit_about_processes(struct emitter *emitter, enum filter_verdict verdict);
bool emit_about_sockets(struct emitter *emitter, enum filter_verdict verdict);

/* filter_in_place.c: true when it has emitted the verdict, or the part of it that comes first. */
bool emit_in_place(struct emitter *emitter, enum filter_verdict verdict);

/* filter_nested.c: the same under nested.namespaces; and what ioctl() may not do then, with the request in the accumulator. */
bool emit_nested(struct emitter *emitter, enum filter_verdict verdict);
void emit_nested_ioctl(struct emitter *emitter);

#endif
