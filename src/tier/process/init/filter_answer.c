/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the program's filter says of a call, by its own instructions: what it refuses comes here when somebody shall be told
 * of it, and is to be answered as the filter would have. Only instructions that filter.c emits are known.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "tier/process/init/keeper.h"

static int jumps(const struct sock_filter *row, uint32_t value)
{
    switch (BPF_OP(row->code)) {
    case BPF_JEQ:
        return value == row->k;
    case BPF_JGE:
        return value >= row->k;
    case BPF_JGT:
        return value > row->k;
    default:
        return (value & row->k) != 0; /* BPF_JSET */
    }
}

/* Every jump leads on, so it comes to an end. */
static uint32_t run(const struct sock_filter *rows, uint32_t count, const struct seccomp_data *data)
{
    uint32_t value = 0;

    for (uint32_t at = 0; at < count; at++) {
        const struct sock_filter *row = &rows[at];

        switch (BPF_CLASS(row->code)) {
        case BPF_LD:
            value = ((const uint32_t *)(const void *)data)[row->k % sizeof(*data) / sizeof(value)];
            break;
        case BPF_ALU:
            value &= row->k;
            break;
        case BPF_JMP:
            at += BPF_OP(row->code) == BPF_JA ? row->k : jumps(row, value) ? row->jt : row->jf;
            break;
        default:
            return row->k;
        }
    }
    return SECCOMP_RET_ALLOW;
}

long filter_answer(const struct record *record, const struct seccomp_data *data, int *ret_is_watched)
{
    uint32_t said;

    *ret_is_watched = 0;
    if (!(record->flags & RECORD_TOLD))
        return 0;
    said = run((const struct sock_filter *)(const void *)((const char *)record + record->filter), record->filter_count, data);
    *ret_is_watched = said == (SECCOMP_RET_ALLOW | FILTER_WATCHED);
    if ((said & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO || !(said & FILTER_TOLD))
        return 0;
    return -(long)(said & SECCOMP_RET_DATA & ~(uint32_t)FILTER_TOLD);
}
