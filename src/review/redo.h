/* SPDX-License-Identifier: Apache-2.0 */
/* The log of a commit: what stage.c prepares and redo.c carries out. */
#ifndef CORDON_REVIEW_REDO_H
#define CORDON_REVIEW_REDO_H

#include "review/inside.h"

#define SYNC_EACH_MAX 32 /* files and names that are synced one by one; for more the file system is, once */

enum op_kind {
    OP_DELETE = 'd',
    OP_MAKE = 'm',  /* a directory that was prepared takes its name; its permissions come last */
    OP_WRITE = 'w', /* a file or a link that was prepared takes its name */
    OP_MODE = 'p',
};

struct op {
    enum op_kind kind;
    unsigned tree;
    const char *path;
    uint64_t staged;        /* name in the tree's directory of what was prepared */
    uint64_t staged_inode;
    mode_t mode;
    struct object before;   /* what must be there, mode 0 = nothing */
    bool is_whole;          /* with it the change at this name is made */
    bool is_failed;
};

struct ops {
    struct arena *arena;
    struct op *items;
    size_t count;
};

void stage_name(const struct review *review, char name[64]);
int ops_save(const struct review *review, const struct ops *ops, struct error *err) must_check;
int ops_apply(struct review *review, struct ops *ops, struct text *out, struct error *err) must_check;
int redo_run(struct review *review, struct ops *ops, struct text *out, struct error *err) must_check; /* and write down what is done */
void stages_remove(const struct review *review);
int redo_forget(struct review *review, struct error *err) must_check; /* the log: it is carried out */

#endif
