/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each refusal is put to the same evaluator that `cordon why` asks: which rule that was, and what it is called outside. Where
 * no rule is in the way, the record says so, and who refused.
 */
#include "sdk/told_access.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "base/text.h"
#include "sdk/told_args.h"

#define ARGUMENTS_MAX 64

void denials_finish(struct denials *denials)
{
    plan_index_free(take_ptr(denials->index));
    mem_free(take_ptr(denials->last));
}

static const char *kind_of(const struct tier_access *access)
{
    switch (access->operation) {
    case OPERATION_CONNECT:
    case OPERATION_BIND:
        return access->named ? "socket" : "address";
    case OPERATION_SIGNAL:
    case OPERATION_PTRACE:
        return "process";
    case OPERATION_LIMIT:
        return "limit";
    default:
        if (access->path || access->named || operation_is_of_file(access->operation))
            return access->is_directory ? "directory" : "file";
        return "syscall";
    }
}

static struct question question_of(const struct tier_access *access)
{
    struct question question = {
        .operation = access->operation,
        .path = access->path,
        .second = access->second,
        .is_directory = access->is_directory,
        .exists = true, /* what is absent is not refused by who tells of this */
        .exe = access->process.exe,
        .call = access->call,
    };

    if (access->layer == BY_SECCOMP) { /* it is the call that was refused, whatever it was about */
        question.operation = OPERATION_SYSCALL;
        question.path = question.second = NULL;
    }
    return question;
}

/*
 * Something of that name outside, whether or not the plan shows it, as far as this user may see. Who may not look cannot say, and
 * it would not have been let inside either.
 */
static bool is_there_outside(const struct denials *denials, const char *path)
{
    char outside[PATH_MAX];
    struct stat st;

    if (!path || strlen(path) >= PATH_MAX)
        return false;
    return lstat(plan_path_outside(denials->index, path, outside) ? outside : path, &st) == 0 || errno == EACCES;
}

/*
 * Is what was not found there outside, and the policy hides it? Of what was to be made, the directory. What is nowhere nobody
 * refused.
 */
static bool is_hidden(const struct denials *denials, const struct tier_access *access, struct question *question, struct judged *ret_judged)
{
    const char *made = access->second, *last;
    struct question around = {.operation = OPERATION_LOOK, .exe = question->exe, .call = question->call};
    char directory[PATH_MAX];

    if (access->operation == OPERATION_CREATE || access->operation == OPERATION_BIND)
        made = access->path;
    question->exists = is_there_outside(denials, access->path);
    plan_judge(denials->index, question, ret_judged);
    if (ret_judged->judgement == JUDGED_HIDDEN)
        return true;
    last = made ? strrchr(made, '/') : NULL;
    if (!last || last == made || last - made >= PATH_MAX)
        return false;
    snprintf(directory, sizeof(directory), "%.*s", (int)(last - made), made);
    around.path = directory;
    around.exists = is_there_outside(denials, directory);
    plan_judge(denials->index, &around, ret_judged);
    return ret_judged->judgement == JUDGED_HIDDEN;
}

/* Who refused is known better than asked, where it is more than that the kernel did. */
static enum mechanism layer_of(const struct tier_access *access, const struct judged *judged)
{
    if (access->errnum == ENOENT)
        return BY_ABSENCE;
    return access->layer == BY_KERNEL && judged->judgement == JUDGED_REFUSED && judged->first ? judged->first : access->layer;
}

static const char *reason_of(const struct tier_access *access, const struct judged *judged)
{
    if (judged->judgement != JUDGED_ALLOWED && judged->judgement != JUDGED_MISSING)
        return judged->reason;
    if (access->layer == BY_KERNEL)
        return "no rule is in the way: permissions of the file, or what the kernel permits nobody";
    return "by how the container is built, whatever the rules say";
}

/* argv as it lies in memory: each with a zero behind it. */
static void arguments_split(const struct tier_process *process, const char *arguments[ARGUMENTS_MAX + 1])
{
    const char *at = process->command_line, *end = at + process->command_line_size;
    size_t count = 0;

    while (at < end && count < ARGUMENTS_MAX) {
        arguments[count++] = at;
        at += strnlen(at, (size_t)(end - at)) + 1;
    }
    arguments[count] = NULL;
}

static struct event_process process_of(const struct tier_process *process)
{
    return (struct event_process){.pid = process->pid, .host_pid = process->host_pid, .exe = process->exe};
}

/* A rule of the policy tells more than permissions, and those more than a call that is always refused. */
static int rank_of(const struct event_access *event)
{
    if (event->rule)
        return 3;
    return event->path ? 2 : event->named ? 1 : 0;
}

static void remember(struct denials *denials, const struct event_access *event)
{
    auto_text struct text text = {0};
    int rank = rank_of(event);

    denials->count += event->count ? event->count : 1;
    if (denials->text[0] && rank < denials->rank)
        return;
    text_printf(&text, "%s ", event->operation == OPERATION_SYSCALL && event->call ? event->call : operation_name(event->operation));
    text_add_safe(&text, event->path ? event->path : event->named ? event->named : event->args ? event->args : "");
    if (text.length > DENIALS_TEXT_SIZE - 64) {
        text.data[DENIALS_TEXT_SIZE - 64] = '\0';
        text_add(&text, "");
    }
    if (text.is_broken)
        return;
    denials->rank = rank;
    snprintf(denials->text, sizeof(denials->text), "%s: %s", text.data, strerrorname_np(event->errnum) ? strerrorname_np(event->errnum) : "refused");
}

/* What the plan hides is not among them: that would tell that it exists. Without memory nobody is told from inside; the record has it. */
static void keep_last(struct denials *denials, const struct event_access *event, const struct judged *judged)
{
    const char *object = event->path ? event->path : event->named ? event->named : event->call ? event->call : "";
    struct denial *denial;

    if (event->errnum == ENOENT)
        return;
    if (!denials->last)
        denials->last = mem_alloc(DENIALS_LAST * sizeof(*denials->last));
    if (!denials->last)
        return;
    denial = &denials->last[denials->last_count++ % DENIALS_LAST];
    denial->operation = event->operation;
    denial->errnum = event->errnum;
    snprintf(denial->object, sizeof(denial->object), "%s", object);
    snprintf(denial->rule, sizeof(denial->rule), "%s", event->rule && judged->origin && judged->origin->member ? judged->origin->member : "");
    snprintf(denial->reason, sizeof(denial->reason), "%s", event->reason);
}

static int record(struct denials *denials, struct event_log *log, const struct tier_access *access, struct arena *arena,
                  struct error *err)
{
    struct question question = question_of(access);
    const char *arguments[ARGUMENTS_MAX + 1];
    char outside[PATH_MAX], target[16];
    auto_text struct text args = {0};
    struct judged judged;
    struct event_access event = {
        .type = access->errnum ? "access.denied" : "access.used",
        .operation = access->operation,
        .kind = kind_of(access),
        .named = access->named,
        .path = access->path,
        .second_named = access->second_named,
        .second = access->second,
        .call = access->call >= 0 ? kernel_syscall_name(access->call) : NULL,
        .errnum = access->errnum,
        .process = process_of(&access->process),
        .source = access->source,
        .count = access->count,
    };

    if (!event.named && access->target_pid && (access->operation == OPERATION_SIGNAL || access->operation == OPERATION_PTRACE)) {
        snprintf(target, sizeof(target), "%d", (int)access->target_pid);
        event.named = target;
    }
    plan_judge(denials->index, &question, &judged);
    if (access->errnum == ENOENT && !is_hidden(denials, access, &question, &judged))
        return 0;
    if (access->path && *access->path == '/' && strlen(access->path) < PATH_MAX && plan_path_outside(denials->index, access->path, outside))
        event.outside = outside;
    event.is_hidden = judged.judgement == JUDGED_HIDDEN || access->layer == BY_ABSENCE || access->errnum == ENOENT;
    if (judged.origin && (!access->errnum || (judged.judgement != JUDGED_ALLOWED && judged.judgement != JUDGED_MISSING))) {
        event.rule = origin_text(arena, judged.origin);
        if (!event.rule)
            return error_memory(err);
    }
    if (access->errnum) {
        event.layer = mechanism_name(layer_of(access, &judged));
        event.reason = reason_of(access, &judged);
    }
    if (access->errnum && access->has_args && access->call >= 0)
        told_args(&args, access->call, access->args);
    if (args.is_broken)
        return error_memory(err);
    event.args = args.length ? args.data : NULL;
    if (access->process.command_line) {
        arguments_split(&access->process, arguments);
        event.process.argv = arguments;
    }
    event.parent_count = access->parent_count < EVENT_PARENTS_MAX ? access->parent_count : EVENT_PARENTS_MAX;
    for (size_t i = 0; i < event.parent_count; i++)
        event.parents[i] = process_of(&access->parents[i]);
    if (access->errnum) {
        remember(denials, &event);
        keep_last(denials, &event, &judged);
    }
    return event_access(log, &event, err);
}

int denials_index(struct denials *denials, const struct plan *plan, struct error *err)
{
    auto_plan_index struct plan_index *index = NULL;
    int status;

    if (denials->index)
        return 0;
    status = plan_index_new(plan, &index, err);
    if (status == 0 && denials->judge_call)
        status = plan_index_set_calls(index, denials->judge_call, err);
    if (status == 0)
        denials->index = take_ptr(index);
    return status;
}

int told_access(struct denials *denials, const struct plan *plan, struct event_log *log, const struct tier_access *access,
                const char *source, uint64_t lost, struct error *err)
{
    auto_arena struct arena *arena = NULL;
    int status = 0;

    event_access_lost(log, source, lost);
    denials->count += lost;
    if (!access)
        return 0;
    status = denials_index(denials, plan, err);
    if (status < 0)
        return status;
    arena = arena_new();
    return arena ? record(denials, log, access, arena, err) : error_memory(err);
}
