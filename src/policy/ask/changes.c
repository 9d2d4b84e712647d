/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that come, go and move, in the order in which they are refused: process 1 by its patterns first, then the kernel,
 * by mounts that differ, that are read-only, and that stand on the name.
 */
#include <errno.h>
#include <string.h>

#include "policy/ask/ask.h"

#define BELOW_STAYS "rules below it hold only while it stays where it is"
#define FOR_MOUNTS "something is mounted there that the policy names, so the name stays"

/* Is the directory one in which names may come and go? */
static bool is_open(const struct ask_spot *around)
{
    return around->kind == ASK_WRITE || around->kind == ASK_PRIVATE;
}

/* No name of this directory changes. */
static void refuse_in(const struct ask *ask, const struct ask_spot *around)
{
    switch (around->kind) {
    case ASK_FRAME:
    case ASK_PASSAGE:
    case ASK_LINK:
        ask_refuse(ask, BY_MOUNT, ask->index->plan->landlock_files ? BY_LANDLOCK : BY_NOTHING, EROFS, around->origin,
                   around->origin ? ask_why(around->origin, "denied") : "no rule grants the directory, which only stands around what is granted");
        break;
    case ASK_ABSENT:
        ask_refuse(ask, BY_ABSENCE, ask->index->plan->landlock_files ? BY_LANDLOCK : BY_NOTHING, ENOENT,
                   around->denied ? around->denied : around->origin,
                   around->denied || around->origin ? ask_why(around->denied ? around->denied : around->origin, "denied")
                                                    : "no rule grants the directory");
        break;
    case ASK_MASK:
    case ASK_SHUT:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, around->origin, ask_why(around->origin, "denied: the directory is shut"));
        break;
    case ASK_PROCESS:
    case ASK_MACHINE:
        ask_refuse(ask, BY_KERNEL, BY_NOTHING, EACCES, around->origin, "no name is made or taken away in /proc");
        break;
    default:
        ask_refuse_change(ask, around);
        break;
    }
}

static void judge_create(const struct ask *ask, const char *path)
{
    struct ask_spot spot, around;

    ask_spot(ask->index, path, &spot);
    ask_spot_around(ask->index, path, &around);
    if (spot.kind == ASK_MASK)
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot.origin, ask_why(spot.origin, "denied: it is listed and shut"));
    else if (!is_open(&around) && !(spot.is_top && is_open(&spot))) /* what is granted there is: open() may make it */
        refuse_in(ask, &around);
    else if (!ask_is_kept(ask, path, &spot))
        ask_allow_at(ask, spot.origin ? &spot : &around, spot.origin ? spot.origin : around.origin);
}

/* May the name go? False = the verdict is said. */
static bool may_go(const struct ask *ask, const char *path, const struct ask_spot *spot, const struct ask_spot *around)
{
    bool is_there = spot->kind != ASK_ABSENT && !(spot->kind == ASK_PRIVATE && !spot->is_top && ask->question->exists);

    if (!is_there && spot->kind == ASK_ABSENT) {
        ask_missing(ask, spot);
        return false;
    }
    if (ask_is_kept(ask, path, spot))
        return false;
    if (!is_open(around)) {
        refuse_in(ask, around);
        return false;
    }
    if (!is_there) {
        ask_missing(ask, spot);
        return false;
    }
    if (spot->is_top) {
        ask_refuse(ask, BY_MOUNT, BY_NOTHING, EBUSY, spot->origin,
                   spot->mount && spot->mount->kind == PLAN_PIN ? BELOW_STAYS : FOR_MOUNTS);
        return false;
    }
    return true;
}

static void judge_delete(const struct ask *ask)
{
    struct ask_spot spot, around;

    ask_spot(ask->index, ask->path, &spot);
    ask_spot_around(ask->index, ask->path, &around);
    if (may_go(ask, ask->path, &spot, &around))
        ask_allow(ask, spot.origin, "");
}

/* Whether anything in a directory is covered by a pattern in one place and not in the other, only its content tells. */
static bool judge_move(const struct ask *ask)
{
    const struct ask_names *names = ask->index->names;
    struct ask_stand from not_initialised, to not_initialised;

    if (!names || !ask->question->is_directory)
        return false;
    ask_names_walk(names, ask->path, &from);
    ask_names_walk(names, ask->second, &to);
    /* Through a view there are other names still. */
    if (!ask->index->view_count && !ask_names_differ(names, &from, &to) && !ask_names_differ(names, &to, &from))
        return false;
    ask_depend(ask, NULL, "on what the directory holds: protected names in it may not be moved away, nor to where they would be");
    return true;
}

static bool refuse_across(const struct ask *ask, const struct ask_spot *from, const struct ask_spot *to)
{
    if (from->tree == to->tree)
        return false;
    ask_refuse(ask, BY_MOUNT, BY_NOTHING, EXDEV, to->origin, "the two names lie in different mounts of the container; copy instead");
    return true;
}

static void use_second(const struct ask *ask, const struct ask_spot *spot)
{
    ask->judged->what = ask->question->second;
    ask->judged->mount = spot->mount;
}

static void judge_rename(const struct ask *ask)
{
    struct ask_spot spot, around, second, second_around;

    ask_spot(ask->index, ask->path, &spot);
    ask_spot_around(ask->index, ask->path, &around);
    ask_spot(ask->index, ask->second, &second);
    ask_spot_around(ask->index, ask->second, &second_around);
    if (spot.kind == ASK_ABSENT || ask_is_kept(ask, ask->path, &spot)) {
        if (spot.kind == ASK_ABSENT)
            ask_missing(ask, &spot);
        return;
    }
    if (strcmp(ask->path, ask->second) == 0 && is_open(&around)) {
        ask_allow(ask, spot.origin, "the same name");
        return;
    }
    if (spot.is_top && spot.mount->kind == PLAN_PIN && spot.mount->first == BY_KEEPER) {
        ask_refuse(ask, BY_KEEPER, BY_MOUNT, EACCES, spot.origin, BELOW_STAYS);
        return;
    }
    use_second(ask, &second);
    if (ask_is_kept(ask, ask->second, &second))
        return;
    if (judge_move(ask))
        return;
    if (!is_open(&second_around) || (second.is_top && around.tree == second_around.tree)) {
        if (is_open(&second_around))
            ask_refuse(ask, BY_MOUNT, BY_NOTHING, EBUSY, second.origin, FOR_MOUNTS);
        else
            refuse_in(ask, &second_around);
    } else {
        ask->judged->what = ask->question->path;
        ask->judged->mount = spot.mount;
        if (may_go(ask, ask->path, &spot, &around) && !refuse_across(ask, &around, &second_around))
            ask_allow(ask, second_around.origin, "");
    }
    if (around.tree != second_around.tree && (ask->judged->errnum == EROFS || ask->judged->errnum == EBUSY))
        ask->judged->errnum = EXDEV; /* the kernel asks that before */
}

static void judge_link(const struct ask *ask)
{
    struct ask_spot spot, second, around;

    ask_spot(ask->index, ask->path, &spot);
    ask_spot(ask->index, ask->second, &second);
    ask_spot_around(ask->index, ask->second, &around);
    if (spot.kind == ASK_ABSENT || (spot.kind == ASK_PRIVATE && !spot.is_top && !spot.is_made && ask->question->exists)) {
        ask_missing(ask, &spot);
        return;
    }
    if (ask_is_kept(ask, ask->path, &spot))
        return;
    use_second(ask, &second);
    judge_create(ask, ask->second);
    if (ask->judged->judgement != JUDGED_ALLOWED)
        return;
    if (spot.kind == ASK_SHUT)
        refuse_in(ask, &spot);
    else if (!refuse_across(ask, &spot, &around) && !is_open(&spot))
        refuse_in(ask, &spot);
}

void ask_change(const struct ask *ask)
{
    struct ask_spot spot;

    ask_spot(ask->index, ask->path, &spot);
    ask->judged->mount = spot.mount;
    switch (ask->question->operation) {
    case OPERATION_CREATE:
    case OPERATION_BIND:
        judge_create(ask, ask->path);
        break;
    case OPERATION_DELETE:
        judge_delete(ask);
        break;
    case OPERATION_RENAME:
        judge_rename(ask);
        break;
    default:
        judge_link(ask);
        break;
    }
}
