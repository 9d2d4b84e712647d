/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who a caller is: what it executes, with which arguments, and from whom it comes. Found out while it waits, and kept for a
 * second, so that a flood of refusals costs two looks a call: the same thread, started at the same time, whose program is the
 * same and lies where it lay. The kernel puts each program elsewhere, and the filter lets nobody move it (PR_SET_MM, personality());
 * where the caller has switched that off, two runs of one program with other arguments of the same length look alike. The
 * command line lies in the program's own memory, and is what it has made of it.
 */
#include <linux/errno.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define KEPT 8

enum field { FIELD_PARENT = 4, FIELD_START = 22, FIELD_STACK = 28, FIELD_WORDS = 48 }; /* of /proc/TID/stat, from 1 */

static struct facts kept[KEPT];
static uint32_t oldest;

/* The name may hold anything, so from its last bracket on. */
static uint64_t stat_field(const char *text, int wanted)
{
    const char *at = text;
    uint64_t number = 0;
    int field = 2;

    for (const char *c = text; *c; c++)
        if (*c == ')')
            at = c;
    for (; *at && field < wanted; at++)
        field += *at == ' ';
    for (; *at >= '0' && *at <= '9'; at++)
        number = number * 10 + (uint64_t)(*at - '0');
    return number;
}

/* 0 = it cannot be told; what does not fit is not told in part. */
static uint16_t exe_of(const struct keeper *keeper, uint32_t tid, char *exe, size_t size)
{
    long length = caller_link(keeper, tid, "/exe", -1, exe, size);

    return length <= 0 || length == (long)size ? 0 : (uint16_t)length;
}

/* Up to the one that process 1 started, or has taken in. */
static void parents_take(const struct keeper *keeper, struct facts *facts, uint32_t parent)
{
    char text[1024];

    facts->parent_count = 0;
    while (parent > 1 && facts->parent_count < TOLD_PARENTS) {
        uint32_t i = facts->parent_count++;

        facts->parents[i] = parent;
        facts->parent_lengths[i] = exe_of(keeper, parent, facts->parent_exes[i], sizeof(facts->parent_exes[i]));
        if (caller_read(keeper, parent, "/stat", text, sizeof(text)) < 0)
            break;
        parent = (uint32_t)stat_field(text, FIELD_PARENT);
    }
}

static void facts_take(const struct keeper *keeper, struct facts *facts, uint32_t tid, uint32_t parent)
{
    long process = caller_group_of(keeper, tid);
    long got = caller_read(keeper, tid, "/cmdline", facts->command, sizeof(facts->command));

    facts->process = process > 0 ? (uint32_t)process : tid;
    facts->command_length = (uint16_t)(got < 0 ? 0 : got);
    facts->is_cut = got == TOLD_TEXT_MAX;
    facts->exe_length = exe_of(keeper, tid, facts->exe, sizeof(facts->exe));
    parents_take(keeper, facts, parent);
}

static int is_same(const struct facts *facts, const char *text, uint32_t tid, int64_t second)
{
    return facts->tid == tid && facts->second == second && facts->start == stat_field(text, FIELD_START) &&
           facts->stack == stat_field(text, FIELD_STACK) && facts->words == stat_field(text, FIELD_WORDS) &&
           (facts->parent_count ? facts->parents[0] : 1) == (uint32_t)stat_field(text, FIELD_PARENT);
}

static int executes_same(const struct keeper *keeper, const struct facts *facts)
{
    char exe[sizeof(facts->exe)] not_initialised;

    return exe_of(keeper, facts->tid, exe, sizeof(exe)) == facts->exe_length && !memcmp(exe, facts->exe, facts->exe_length);
}

const struct facts *facts_of(const struct keeper *keeper, const struct call *call)
{
    struct __kernel_timespec now = {0};
    struct facts *facts;
    char text[1024];
    long got = caller_read(keeper, call->tid, "/stat", text, sizeof(text));

    sys_call2(clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    for (uint32_t i = 0; i < KEPT && got > 0; i++)
        if (is_same(&kept[i], text, call->tid, now.tv_sec + 1) && executes_same(keeper, &kept[i]))
            return &kept[i];
    facts = &kept[oldest];
    oldest = (oldest + 1) % KEPT;
    facts->tid = call->tid;
    facts->second = got > 0 ? now.tv_sec + 1 : 0;
    facts->start = stat_field(text, FIELD_START);
    facts->stack = stat_field(text, FIELD_STACK);
    facts->words = stat_field(text, FIELD_WORDS);
    facts_take(keeper, facts, call->tid, got > 0 ? (uint32_t)stat_field(text, FIELD_PARENT) : 0);
    return facts;
}
