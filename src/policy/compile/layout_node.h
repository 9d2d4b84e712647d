/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of wanted paths: shared by the files of the layout alone. */
#ifndef CORDON_POLICY_COMPILE_LAYOUT_NODE_H
#define CORDON_POLICY_COMPILE_LAYOUT_NODE_H

#include "policy/compile/layout.h"

#define SKELETON_MODE 0755
#define PASSAGE_MODE                                                                               \
    0311 /* a denied directory with a grant below: entered, never listed; set-up makes             \
             what is below it without a capability, then seals it */

struct node {
    struct node *parent, *children, *next; /* children sorted by name */
    const char *name, *path;
    size_t name_length;
    bool is_wanted;
    bool is_made; /* the plan already has what this node needs */
    struct layout_want want;
    enum layout_region region; /* of names directly below it */
    const struct node *root;   /* node whose mount gives the region */
};

struct layout {
    struct arena *arena;
    struct node *top;
    int (*refuse)(const struct error *misplaced, void *data, struct error *err);
    void *data;
};

/* With `create`: the node at `path`, NULL = out of memory. Without: the deepest one on the way. */
struct node *layout_node_at(const struct layout *layout, const char *path, bool create);

static inline bool region_is_host(enum layout_region region)
{
    return region == REGION_READ || region == REGION_WRITE;
}

/* layout_mounts.c: append what a node comes to. */
int layout_make_directory(struct node *node, struct plan *plan, mode_t mode,
                          const struct origin *origin, struct error *err) must_check;
int layout_make_pin(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_grant(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_passage(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_private(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_served(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_mask(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_file(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_link(struct node *node, struct plan *plan, struct error *err) must_check;
int layout_make_system(struct node *node, struct plan *plan, struct error *err) must_check;

#endif
