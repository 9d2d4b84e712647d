/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The void: what the plan does not grant, served as a file system (FUSE) by a thread of process 1, so that every look-up
 * that leaves the granted trees is seen. void.c begins with its theory of operation.
 */
#ifndef CORDON_TIER_PROCESS_INIT_VOID_H
#define CORDON_TIER_PROCESS_INIT_VOID_H

#include <linux/errno.h>
#include <linux/fuse.h>

#include "base/compiler.h"
#include "tier/process/init/init.h"

#define VOID_NAMES_BYTES (1u << 20)
#define VOID_NAME_MAX    255

/* Numbers are indices; the file system's own are one more. */
enum { VOID_TOP = 0, VOID_ROOT = 1, VOID_MASKS = 2 };

/* One that a thread may read is never changed again, but for what the comment says. */
struct void_node {
    uint32_t parent;
    uint32_t child, next; /* the first below it, the next beside it; 0 = none. `child` is set last, when that one is complete */
    uint32_t mode;
    uint32_t name, length;
    const char *text;     /* of a symbolic link */
    const char *target;   /* of a mask: what it lies over */
    uint32_t child_count; /* process 1's alone, as the two below */
    uint8_t is_covered;   /* something is mounted on it */
    uint8_t is_listed;    /* the kernel knows all that is in it */
};

struct void_nodes {
    uint32_t count;
    struct void_node nodes[RECORD_VOID_NODES_MAX];
    uint32_t name_bytes;
    char names[VOID_NAMES_BYTES];
};

/* void_nodes.c: what is there. Process 1 adds, the thread looks. */
extern struct void_nodes void_nodes;
void nodes_begin(void);
long nodes_add(uint32_t parent, const char *name, size_t length, uint32_t mode, const char *text);
long nodes_child(uint32_t parent, const char *name, size_t length); /* -ENOENT */
/* Where `path` is or would be: its directory, and the rest of it. -ENOENT = below something that is mounted. */
long nodes_parent(const char *path, const char **ret_name);
/* Its name inside; the new end of the text. */
char *nodes_path(uint32_t node, char *at, char *end);

/* void_tell.c: who asked for what is not there, or is denied. Never waits for anybody. */
struct void_asked {
    uint32_t thread;  /* in the container's numbers */
    uint32_t node;    /* the directory, or the mask itself */
    const char *name; /* in it, NULL = the node itself */
};
void void_tell(const struct void_asked *asked);
void void_tell_begin(struct init *init, int proc, int control);

/* void.c, for tree.c and device.c */
int void_begin(struct init *init); /* the mount that has VOID_TOP as its root; -1 where none is asked for */
int void_is_on(void);
/* A directory, mount point or link at `path` of the new tree: 0, -EEXIST; -ENOENT where another file system is asked. */
long void_make(const char *path, uint32_t mode, const char *text);
/* For what is made one by one although of the void all was made beforehand. */
static inline void void_or_need(struct init *init, long status, const char *action, const char *object)
{
    if (status != -EEXIST || !void_is_on())
        init_need(init, status, action, object);
}
int void_has(const char *path); /* a directory of it, mounted on or not */
int void_open(struct init *init, int base, const char *path); /* O_PATH of one, as it is beneath all mounts */
int void_has_home(void);
void void_set_home(const char *path, int upper); /* an overlay lies on it: what is in `upper` is there, although it is asked for here */
void void_cover(const char *path); /* something is to be mounted there */
void void_list(struct init *init, int root); /* let the kernel know of what was made, by few questions */
/* A name below the file system's root for something to lie over `target`, which must stay. */
void void_mask(struct init *init, const char *target, int is_directory, char name[24]);
void void_settle(struct init *init); /* the tree stands: the thread gives up what it does not need, and tells from now on */

#endif
