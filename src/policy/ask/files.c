/* SPDX-License-Identifier: Apache-2.0 */
/* What may be done with what is there: looked at, listed, read, written, executed, given another mode. */
#include <errno.h>
#include <string.h>

#include "base/kernel/syscalls.h"
#include "policy/ask/ask.h"

#define SHUT     "denied: it is listed and shut"
#define OF_PLAN  "a directory that the container's tree has for what lies below, never written"
#define OF_OTHER "files of /proc are the kernel's to give: of the program's own processes, by what they are"

static enum mechanism behind_absence(const struct ask *ask)
{
    return ask->index->plan->landlock_files ? BY_LANDLOCK : BY_NOTHING;
}

void ask_missing(const struct ask *ask, const struct ask_spot *spot)
{
    struct judged *judged = ask->judged;
    bool is_private = spot->kind == ASK_PRIVATE;

    judged->errnum = ENOENT;
    if (!ask->question->exists) {
        judged->judgement = JUDGED_MISSING;
        judged->reason = "there is nothing of that name, inside or outside";
        return;
    }
    judged->judgement = JUDGED_HIDDEN;
    judged->first = BY_ABSENCE;
    judged->behind = is_private ? BY_NOTHING : behind_absence(ask);
    judged->origin = spot->denied ? spot->denied : spot->origin;
    judged->reason = spot->denied   ? ask_why(spot->denied, "denied")
                     : is_private   ? "in place of it stands a directory that is empty and private to the run"
                     : spot->origin ? ask_why(spot->origin, "denied")
                                    : "no rule grants it";
}

/* What is not there, or is one of the plan's own: the same for most operations. False = it is to be judged. */
static bool judge_unusual(const struct ask *ask, const struct ask_spot *spot)
{
    switch (spot->kind) {
    case ASK_ABSENT:
        ask_missing(ask, spot);
        return true;
    case ASK_PRIVATE:
        if (spot->is_top || spot->is_made || !ask->question->exists)
            return false;
        ask_missing(ask, spot);
        return true;
    case ASK_SHUT:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, ask_why(spot->origin, SHUT));
        return true;
    default:
        return false;
    }
}

static void judge_read(const struct ask *ask, const struct ask_spot *spot)
{
    if (judge_unusual(ask, spot))
        return;
    if (spot->kind == ASK_MASK)
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, ask_why(spot->origin, SHUT));
    else if (spot->kind == ASK_PASSAGE)
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, ask_why(spot->origin, "denied: it can be passed and not listed"));
    else if (spot->kind == ASK_PROCESS)
        ask_depend(ask, spot->origin, OF_OTHER);
    else
        ask_allow_at(ask, spot, spot->origin);
}

static void judge_write(const struct ask *ask, const struct ask_spot *spot)
{
    if (spot->kind != ASK_MASK && judge_unusual(ask, spot))
        return;
    if (ask_is_kept(ask, ask->path, spot))
        return;
    switch (spot->kind) {
    case ASK_FRAME:
    case ASK_PASSAGE:
        ask_refuse(ask, BY_MOUNT, BY_NOTHING, EISDIR, spot->origin, OF_PLAN);
        break;
    case ASK_MASK:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, ask_why(spot->origin, SHUT));
        break;
    case ASK_READ:
    case ASK_OWN_FILE:
    case ASK_LINK:
        ask_refuse_change(ask, spot);
        break;
    case ASK_MACHINE:
        ask_refuse(ask, BY_MOUNT, BY_KERNEL, EACCES, spot->origin, "what /proc shows of the machine is not to be written");
        break;
    case ASK_PROCESS:
        ask_depend(ask, spot->origin, OF_OTHER);
        break;
    default:
        ask_allow_at(ask, spot, spot->origin);
        break;
    }
}

static bool changes_mode(int call)
{
    switch (call) {
    case __NR_fchmod:
    case __NR_fchmodat:
    case __NR_fchmodat2:
#ifdef __x86_64__
    case __NR_chmod:
#endif
        return true;
    default:
        return false;
    }
}

/* Process 1 makes the calls that change permissions; times and owner are the kernel's to change where a mount lets it. */
static bool judge_kept_mode(const struct ask *ask, const struct ask_spot *spot)
{
    struct judged asked = {0};
    struct ask other = *ask;

    other.judged = &asked;
    if ((ask->question->call && !changes_mode(ask->question->call)) || !ask_is_kept(&other, ask->path, spot))
        return false;
    if (ask->question->call) {
        *ask->judged = asked;
    } else {
        ask_depend(ask, asked.origin, "a protected name keeps its permissions; its times and owner may change");
        ask->judged->name = asked.name;
    }
    return true;
}

static void judge_metadata(const struct ask *ask, const struct ask_spot *spot)
{
    if (judge_unusual(ask, spot))
        return;
    switch (spot->kind) {
    case ASK_WRITE:
    case ASK_PRIVATE:
        if (!judge_kept_mode(ask, spot))
            ask_allow_at(ask, spot, spot->origin);
        break;
    case ASK_PROCESS:
        ask_depend(ask, spot->origin, OF_OTHER);
        break;
    default:
        ask_refuse_change(ask, spot);
        break;
    }
}

static void judge_execute(const struct ask *ask, const struct ask_spot *spot)
{
    enum mechanism landlock = behind_absence(ask);

    if (judge_unusual(ask, spot))
        return;
    switch (spot->kind) {
    case ASK_READ:
    case ASK_WRITE:
    case ASK_PRIVATE:
        if (spot->mount->is_noexec)
            ask_refuse(ask, BY_MOUNT, landlock, EACCES, spot->origin, "nothing is executed from there");
        else if (spot->mount->kind == PLAN_DEV) /* /dev/shm */
            ask_refuse(ask, landlock, BY_NOTHING, EACCES, spot->origin, "nothing is executed from /dev");
        else
            ask_allow(ask, spot->origin, "");
        if (spot->mount->kind == PLAN_DEV && landlock == BY_NOTHING)
            ask_allow(ask, spot->origin, "");
        break;
    case ASK_MASK:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, ask_why(spot->origin, SHUT));
        break;
    case ASK_OWN_FILE:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot->origin, "a file of the plan's own, which is no program");
        break;
    default:
        ask_refuse(ask, BY_MOUNT, landlock, EACCES, spot->origin, "nothing there is a program");
        break;
    }
}

static void judge_look(const struct ask *ask, const struct ask_spot *spot)
{
    if (!judge_unusual(ask, spot))
        ask_allow(ask, spot->origin, spot->kind == ASK_MASK ? "denied: it is listed and shut; that it is there can be seen" : "");
}

void ask_file(const struct ask *ask)
{
    struct ask_spot spot;

    ask_spot(ask->index, ask->path, &spot);
    ask->judged->mount = spot.mount;
    switch (ask->question->operation) {
    case OPERATION_LOOK:
        judge_look(ask, &spot);
        break;
    case OPERATION_LIST:
    case OPERATION_READ:
        judge_read(ask, &spot);
        break;
    case OPERATION_WRITE:
        judge_write(ask, &spot);
        break;
    case OPERATION_METADATA:
        judge_metadata(ask, &spot);
        break;
    default:
        judge_execute(ask, &spot);
        break;
    }
}
