/* SPDX-License-Identifier: Apache-2.0 */
/* Names of operations. */
#include "base/operation.h"

#include <string.h>

#include "base/compiler.h"

static const char *const names[OPERATION_COUNT_] = {
    [OPERATION_NONE] = "none",         [OPERATION_LOOK] = "look",       [OPERATION_LIST] = "list",
    [OPERATION_READ] = "read",         [OPERATION_WRITE] = "write",     [OPERATION_CREATE] = "create",
    [OPERATION_DELETE] = "delete",     [OPERATION_RENAME] = "rename",   [OPERATION_LINK] = "link",
    [OPERATION_METADATA] = "metadata", [OPERATION_EXECUTE] = "execute", [OPERATION_MOUNT] = "mount",
    [OPERATION_CONNECT] = "connect",   [OPERATION_BIND] = "bind",       [OPERATION_SIGNAL] = "signal",
    [OPERATION_PTRACE] = "ptrace",     [OPERATION_SYSCALL] = "syscall", [OPERATION_LIMIT] = "limit",
};

const char *operation_name(enum operation operation)
{
    return operation > OPERATION_NONE && operation < OPERATION_COUNT_ ? names[operation] : names[OPERATION_NONE];
}

enum operation operation_parse(const char *name)
{
    for (int i = OPERATION_NONE + 1; i < OPERATION_COUNT_; i++)
        if (strcmp(names[i], name) == 0)
            return (enum operation)i;
    return OPERATION_NONE;
}

bool operation_only_reads(enum operation operation)
{
    switch (operation) {
    case OPERATION_LOOK:
    case OPERATION_LIST:
    case OPERATION_READ:
    case OPERATION_EXECUTE:
        return true;
    default:
        return false;
    }
}

bool operation_is_of_file(enum operation operation)
{
    return operation >= OPERATION_LOOK && operation <= OPERATION_MOUNT;
}
