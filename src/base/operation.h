/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program can try, as every part names it: who sees it happen, who records it, who says which rule decides about it.
 */
#ifndef CORDON_BASE_OPERATION_H
#define CORDON_BASE_OPERATION_H

#include <stdbool.h>

enum operation {
    OPERATION_NONE = 0,
    /* of a file, which a path names */
    OPERATION_LOOK, /* stat(), access(), readlink(), a directory on the way; or by a source that sees no more than the look-up */
    OPERATION_LIST,
    OPERATION_READ,
    OPERATION_WRITE,  /* open() for writing, truncate() */
    OPERATION_CREATE, /* a file, directory, node, symbolic link */
    OPERATION_DELETE,
    OPERATION_RENAME, /* with a second path: the new name */
    OPERATION_LINK,   /* the same */
    OPERATION_METADATA, /* mode, owner, times, attributes */
    OPERATION_EXECUTE,
    OPERATION_MOUNT,
    /* of a socket: an address, or a file */
    OPERATION_CONNECT,
    OPERATION_BIND,
    /* of another process */
    OPERATION_SIGNAL,
    OPERATION_PTRACE, /* and whatever else looks into one */
    /* of the kernel */
    OPERATION_SYSCALL,
    OPERATION_LIMIT, /* more of a resource than the policy gives */
    OPERATION_COUNT_,
};

/* "look", "list", "read", ... Never NULL. */
const char *operation_name(enum operation operation);

/* OPERATION_NONE when no operation has this name. */
enum operation operation_parse(const char *name);

/* Would it leave a file as it is? */
bool operation_only_reads(enum operation operation);

/* Does a path name what it is about? (CONNECT and BIND: it may.) */
bool operation_is_of_file(enum operation operation);

#endif
