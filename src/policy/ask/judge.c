/* SPDX-License-Identifier: Apache-2.0 */
/* plan_judge(): which of the others answers, and the words in which they do. */
#include <errno.h>
#include <string.h>

#include "base/kernel/syscalls.h"
#include "base/path.h"
#include "policy/ask/ask.h"

const char *judgement_name(enum judgement judgement)
{
    static const char *const names[] = {
        [JUDGED_ALLOWED] = "allowed", [JUDGED_REFUSED] = "refused", [JUDGED_HIDDEN] = "hidden",
        [JUDGED_MISSING] = "missing", [JUDGED_DEPENDS] = "depends",
    };

    return (size_t)judgement < ARRAY_COUNT(names) && names[judgement] ? names[judgement] : "unknown";
}

void ask_allow(const struct ask *ask, const struct origin *origin, const char *reason)
{
    ask->judged->judgement = JUDGED_ALLOWED;
    ask->judged->first = ask->judged->behind = BY_NOTHING;
    ask->judged->errnum = 0;
    ask->judged->origin = origin;
    ask->judged->reason = reason;
}

void ask_allow_at(const struct ask *ask, const struct ask_spot *spot, const struct origin *origin)
{
    ask_allow(ask, origin, spot->kind == ASK_PRIVATE ? "what is there is private to the run: nothing of this machine's" : "");
}

void ask_refuse(const struct ask *ask, enum mechanism first, enum mechanism behind, int errnum, const struct origin *origin,
                const char *reason)
{
    ask->judged->judgement = JUDGED_REFUSED;
    ask->judged->first = first;
    ask->judged->behind = behind;
    ask->judged->errnum = errnum;
    ask->judged->origin = origin;
    ask->judged->reason = reason;
}

void ask_depend(const struct ask *ask, const struct origin *origin, const char *reason)
{
    ask->judged->judgement = JUDGED_DEPENDS;
    ask->judged->origin = origin;
    ask->judged->reason = reason;
}

const char *ask_why(const struct origin *origin, const char *otherwise)
{
    static const struct {
        const char *member, *text;
    } rows[] = {
        {"filesystem.protect", "a protected name: it stays as it is"},
        {"filesystem.denied", "denied"},
        {"password files", "built in: files with passwords are never shown"},
        {"kernel file systems", "built in: the kernel's file systems are not shown"},
        {"Windows drives", "built in: Windows' drives are not shown"},
    };

    if (!origin || !origin->member)
        return otherwise;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strncmp(origin->member, rows[i].member, strlen(rows[i].member)) == 0)
            return i == 1 ? otherwise : rows[i].text;
    if (origin->layer && strcmp(origin->layer, "built-in") == 0 && !strchr(origin->member, '.') &&
        strcmp(origin->member, "private directories") != 0)
        return "built in: it is Cordon's own, and no rule grants it";
    return otherwise;
}

/* By its own name, and by the one that it has through a view. */
static void look_at_names(const struct plan_index *index, const char *path, const struct plan_name **kept, const struct plan_name **old)
{
    ask_names_look(index->names, path, kept, old);
    for (size_t i = 0; i < index->view_count && !*kept; i++) {
        const struct plan_mount *view = index->views[i];
        const struct plan_name *other_kept = NULL, *other_old = NULL;
        char other[PATH_MAX] not_initialised;

        if ((path_is_within(path, view->target) && ask_rebase(path, view->target, view->source, other)) ||
            (path_is_within(path, view->source) && ask_rebase(path, view->source, view->target, other)))
            ask_names_look(index->names, other, &other_kept, &other_old);
        *kept = other_kept;
        *old = *old ? *old : other_old;
    }
}

bool ask_is_kept(const struct ask *ask, const char *path, const struct ask_spot *spot)
{
    const struct plan_name *kept, *old;
    bool is_read_only = spot->kind == ASK_READ || spot->kind == ASK_OWN_FILE;
    /* What was there at a new name is held by a mount; what was made there since is not old. */
    bool is_there = path == ask->second ? spot->is_top : ask->question->exists;

    if (!ask->index->names)
        return false;
    look_at_names(ask->index, path, &kept, &old);
    if (!kept && old && (is_there || is_read_only))
        kept = old;
    if (!kept)
        return false;
    ask_refuse(ask, BY_KEEPER, is_read_only || spot->kind == ASK_MASK ? BY_MOUNT : BY_NOTHING, EACCES, kept->origin,
               ask_why(kept->origin, "a name that the policy keeps as it is"));
    ask->judged->name = kept;
    return true;
}

void ask_refuse_change(const struct ask *ask, const struct ask_spot *spot)
{
    const struct plan_mount *mount = spot->mount;
    enum mechanism behind = mount && mount->first == BY_KEEPER ? BY_LANDLOCK : mount ? mount->behind : BY_NOTHING;

    if (behind != BY_LANDLOCK || !ask->index->plan->landlock_files)
        behind = BY_NOTHING;
    ask_refuse(ask, BY_MOUNT, behind, EROFS, spot->origin, ask_why(spot->origin, "read-only here"));
}

static bool is_follower(enum operation operation)
{
    switch (operation) {
    case OPERATION_LIST:
    case OPERATION_READ:
    case OPERATION_WRITE:
    case OPERATION_METADATA:
    case OPERATION_EXECUTE:
    case OPERATION_CONNECT:
        return true;
    default:
        return false;
    }
}

static void judge_mount(const struct ask *ask)
{
    if (ask->index->plan->filter.allows_namespaces)
        ask_depend(ask, NULL, "in namespaces of the program's own what is there already may be mounted again, and tmpfs");
    else
        ask_refuse(ask, BY_SECCOMP, BY_LANDLOCK, EPERM, NULL, "built in: nothing is mounted inside (nested.namespaces)");
}

static void judge_process(const struct ask *ask)
{
    ask_depend(ask, NULL,
               ask->index->plan->wall == PLAN_WALL_LANDLOCK
                   ? "on the process: those of the container can be, others are refused by Landlock"
                   : "on the process: those of the container can be, others are not there; process 1 cannot be");
}

static const struct origin *origin_of_call(const char **names, const struct origin **origins, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return origins[i];
    return NULL;
}

static void judge_call(const struct ask *ask)
{
    const struct plan_index *index = ask->index;
    const struct plan_filter *filter = &index->plan->filter;
    const char *name = kernel_syscall_name(ask->question->call);
    const struct origin *origin = name ? origin_of_call(filter->deny, filter->deny_origins, filter->deny_count, name) : NULL;
    const struct plan_call *call = name && index->calls ? &index->calls[ask->question->call] : NULL;

    if (!name) {
        ask_refuse(ask, BY_SECCOMP, BY_NOTHING, ENOSYS, NULL, "a system call that this build does not know");
    } else if (origin) {
        ask_refuse(ask, BY_SECCOMP, BY_NOTHING, call && call->errnum ? call->errnum : EPERM, origin, "denied");
    } else if (call && call->judgement == JUDGED_REFUSED) {
        ask_refuse(ask, BY_SECCOMP, BY_NOTHING, call->errnum, NULL, call->reason);
    } else {
        origin = origin_of_call(filter->allow, filter->allow_origins, filter->allow_count, name);
        if (origin || (call && call->judgement == JUDGED_ALLOWED))
            ask_allow(ask, origin, "");
        else if (call)
            ask_depend(ask, NULL, *call->reason ? call->reason : "on its arguments");
        else
            ask_depend(ask, NULL, "on the filter of the tier, which was not told");
    }
}

static void judge_limit(const struct ask *ask)
{
    static const struct {
        const char *member;
        int errnum;
    } rows[] = {
        {"resources.memory", ENOMEM}, {"resources.pids", EAGAIN}, {"resources.openFiles", EMFILE}, {"resources.disk", ENOSPC},
    };
    const struct plan *plan = ask->index->plan;

    for (size_t i = 0; i < plan->limit_count && ask->question->path; i++) {
        int errnum = 0;

        if (strcmp(plan->limits[i].member, ask->question->path) != 0)
            continue;
        for (size_t j = 0; j < ARRAY_COUNT(rows); j++)
            if (strcmp(rows[j].member, plan->limits[i].member) == 0)
                errnum = rows[j].errnum;
        ask_refuse(ask, plan->limits[i].by, BY_NOTHING, errnum, plan->limits[i].origin, "more than the policy gives");
        return;
    }
    if (ask->question->path)
        ask_allow(ask, NULL, "the policy sets no limit of it that is kept here");
    else
        ask_depend(ask, NULL, "on the limit, which was not named");
}

static void judge_named(const struct ask *ask)
{
    bool has_second = ask->question->operation == OPERATION_RENAME || ask->question->operation == OPERATION_LINK;

    if (!ask->path || (has_second && !ask->second))
        ask_depend(ask, NULL, "on the path, which is not known");
    else if (ask->index->plan->wall == PLAN_WALL_LANDLOCK)
        ask_in_place(ask);
    else if (ask->question->operation >= OPERATION_CREATE && ask->question->operation <= OPERATION_LINK)
        ask_change(ask);
    else
        ask_file(ask);
}

static void judge_at(const struct ask *ask)
{
    switch (ask->question->operation) {
    case OPERATION_LOOK:
    case OPERATION_LIST:
    case OPERATION_READ:
    case OPERATION_WRITE:
    case OPERATION_CREATE:
    case OPERATION_DELETE:
    case OPERATION_RENAME:
    case OPERATION_LINK:
    case OPERATION_METADATA:
    case OPERATION_EXECUTE:
        judge_named(ask);
        break;
    case OPERATION_MOUNT:
        judge_mount(ask);
        break;
    case OPERATION_CONNECT:
    case OPERATION_BIND:
        ask_socket(ask);
        break;
    case OPERATION_SIGNAL:
    case OPERATION_PTRACE:
        judge_process(ask);
        break;
    case OPERATION_SYSCALL:
        judge_call(ask);
        break;
    case OPERATION_LIMIT:
        judge_limit(ask);
        break;
    case OPERATION_NONE:
    case OPERATION_COUNT_:
        ask_depend(ask, NULL, "on the operation, which was not named");
        break;
    }
}

void plan_judge(const struct plan_index *index, const struct question *question, struct judged *ret_judged)
{
    char path[PATH_MAX] not_initialised, second[PATH_MAX] not_initialised;
    struct ask ask = {.index = index, .question = question, .path = question->path, .second = question->second, .judged = ret_judged};
    bool is_link = false;

    *ret_judged = (struct judged){.reason = "", .what = question->path};
    if (question->operation != OPERATION_LIMIT && index->plan->wall == PLAN_WALL_NAMESPACES) {
        if (question->path) {
            ask.path = ask_follow(index, question->path, is_follower(question->operation), path);
            is_link = !ask.path;
        }
        if (question->second) {
            ask.second = ask_follow(index, question->second, false, second);
            is_link = is_link || !ask.second;
        }
    }
    if (is_link)
        ask_refuse(&ask, BY_KERNEL, BY_NOTHING, ELOOP, NULL, "the link leads nowhere");
    else
        judge_at(&ask);
}
