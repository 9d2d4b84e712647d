/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the program is in the host's own tree (decision 0055): Landlock's rights add up along a path, a change of names needs
 * them for the directory, and what it does not mediate the supervisor makes or refuses.
 */
#include <errno.h>
#include <string.h>

#include "policy/ask/ask.h"

#define UNGRANTED "no rule grants it"
#define READ_ONLY "read-only here"

static const struct plan_mount *grant_of(const struct ask *ask, const char *path, size_t length)
{
    const struct ask_entry *entry = ask_table_deepest(&ask->index->mounts, path, length);

    return entry ? entry->value : NULL;
}

static const struct plan_mount *grant_around(const struct ask *ask, const char *path)
{
    const char *slash = strrchr(path, '/');

    return grant_of(ask, path, slash && slash != path ? (size_t)(slash - path) : 1);
}

static bool may_change(const struct plan_mount *grant)
{
    return grant && grant->is_writable && !grant->is_device;
}

static void refuse(const struct ask *ask, const struct plan_mount *grant, int errnum)
{
    const struct origin *origin = grant ? grant->origin : NULL;

    ask_refuse(ask, BY_LANDLOCK, BY_NOTHING, errnum, origin, grant ? ask_why(origin, READ_ONLY) : UNGRANTED);
}

static void judge_change(const struct ask *ask)
{
    const struct plan_mount *around = grant_around(ask, ask->path), *second;

    if (ask->question->operation != OPERATION_LINK && !may_change(around)) {
        refuse(ask, around, EACCES);
        return;
    }
    if (ask->question->operation == OPERATION_CREATE || ask->question->operation == OPERATION_DELETE) {
        ask_allow(ask, around->origin, "");
        return;
    }
    second = grant_around(ask, ask->second);
    ask->judged->what = ask->question->second;
    ask->judged->mount = second;
    if (!may_change(second))
        refuse(ask, second, EACCES);
    else if (!may_change(around))
        ask_refuse(ask, BY_LANDLOCK, BY_NOTHING, EXDEV, around ? around->origin : NULL, "a second name would have rights that the first has not");
    else
        ask_allow(ask, second->origin, "");
}

static void judge_file(const struct ask *ask, const struct plan_mount *grant)
{
    switch (ask->question->operation) {
    case OPERATION_LOOK:
        ask_allow(ask, grant ? grant->origin : NULL, "that it is there can be seen (loss 'metadata')");
        break;
    case OPERATION_WRITE:
        if (grant && grant->is_writable)
            ask_allow(ask, grant->origin, "");
        else
            refuse(ask, grant, EACCES);
        break;
    case OPERATION_METADATA:
        if (may_change(grant))
            ask_allow(ask, grant->origin, "");
        else
            ask_refuse(ask, BY_SUPERVISOR, BY_NOTHING, EPERM, grant ? grant->origin : NULL, grant ? READ_ONLY : UNGRANTED);
        break;
    case OPERATION_EXECUTE:
        if (grant && !grant->is_device && !grant->is_noexec && strncmp(grant->target, "/proc", 5) != 0)
            ask_allow(ask, grant->origin, "");
        else
            refuse(ask, grant, EACCES);
        break;
    default:
        if (grant)
            ask_allow(ask, grant->origin, "");
        else
            refuse(ask, grant, EACCES);
        break;
    }
}

void ask_in_place(const struct ask *ask)
{
    const struct plan_mount *grant = grant_of(ask, ask->path, strlen(ask->path));

    ask->judged->mount = grant;
    switch (ask->question->operation) {
    case OPERATION_CREATE:
    case OPERATION_DELETE:
    case OPERATION_RENAME:
    case OPERATION_LINK:
        judge_change(ask);
        break;
    default:
        judge_file(ask, grant);
        break;
    }
}
