/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what is wanted at which path to the ordered list of mounts. Pure: it decides from its inputs
 * and touches nothing. The paths form a tree; walked from the root, a mount is made wherever a path
 * wants something else than what the mount around it gives.
 */
#ifndef CORDON_POLICY_COMPILE_LAYOUT_H
#define CORDON_POLICY_COMPILE_LAYOUT_H

#include "policy/plan.h"

/* In the order of strictness for one object that is wanted twice: the lower value stays. */
enum layout_state {
    LAYOUT_SHUT = 1, /* denied: masked where something above shows it */
    LAYOUT_FILE,     /* a file of the plan's own, instead of the host's */
    LAYOUT_READ,
    LAYOUT_WRITE,
    LAYOUT_SOCKET,
    LAYOUT_DEVICE,
    LAYOUT_PRIVATE,
    LAYOUT_SERVED,
    LAYOUT_SYSTEM, /* /proc and /dev: private ones, after everything else */
    LAYOUT_LINK,
};

struct layout_want {
    const char *path; /* inside, real */
    enum layout_state state;
    const char *source; /* READ, WRITE, SOCKET, DEVICE: the host object; LINK, FILE: its text */
    enum plan_content content; /* FILE */
    bool is_directory;
    bool is_there; /* PRIVATE, FILE, or where source is another path: the host has an object of the same
                      type at `path`, so that it can be covered when its directory is a grant */
    dev_t device;
    ino_t inode;
    mode_t mode; /* PRIVATE */
    const struct origin *origin;
};

/* What surrounds a path: decides what a program can do with a name that is not there. */
enum layout_region {
    REGION_SKELETON = 1, /* only what the plan puts there, never writable */
    REGION_PRIVATE,      /* private to this run */
    REGION_SYSTEM,
    REGION_READ,
    REGION_WRITE,
    REGION_SHUT,
};

struct layout;

int layout_new(struct arena *arena, struct layout **ret_layout, struct error *err) must_check;

/* Wanting one path twice keeps the stricter; a private directory gives way to any grant, and is
 * left out where its directory is granted and has no such name. */
int layout_want(struct layout *layout, const struct layout_want *want,
                struct error *err) must_check;

/* What cannot be placed goes to `refuse`, and when that returns 0 it is left out, rather than ending
 * layout_emit(). */
void layout_set_refuse(struct layout *layout,
                       int (*refuse)(const struct error *misplaced, void *data, struct error *err),
                       void *data);

/*
 * Append the mounts to plan->mounts (arena of the plan). ERROR_UNENFORCEABLE names a want that
 * cannot be placed: its directory is granted and has no such name.
 */
int layout_emit(struct layout *layout, struct plan *plan, struct error *err) must_check;

/* After layout_emit(). */
enum layout_region layout_region_at(const struct layout *layout, const char *path);

/* Where the mount that gives `path` begins. */
const char *layout_root_at(const struct layout *layout, const char *path);

/* Is there something at `path` itself or does a grant or a private directory contain it? */
bool layout_is_visible(const struct layout *layout, const char *path);

/* Is `path` itself a directory that the plan makes or binds? */
bool layout_is_directory(const struct layout *layout, const char *path);

#endif
