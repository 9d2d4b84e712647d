/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the closed check's faults: those of serde and MXC, because clients match on them.
 * Each returns -EINVAL (or -ENOMEM) with request->err filled.
 */
#ifndef CORDON_POLICY_MXC_FAULT_H
#define CORDON_POLICY_MXC_FAULT_H

#include "policy/mxc/request.h"

/* Where the walk is: a list that grows on the stack from the root down; NULL = the root. */
struct place {
    const struct place *up;
    const char *key; /* NULL for an item */
    size_t index;
    unsigned line, column; /* where the member or item begins */
};

/* In all of these request->scan stands before the value, or behind the key where a key is meant. */
int fault_syntax(const struct request *request);
int fault_type(const struct request *request, const struct place *place, const struct node *node,
               const char *hint, const char *expected);
int fault_value(const struct request *request, const struct place *place, const char *what);
int fault_member(const struct request *request, const struct place *place,
                 const struct mxc_shape *shape, const char *parent);
int fault_duplicate(const struct request *request, const struct place *place, const char *name);
int fault_missing(const struct request *request, const struct place *place,
                  const struct mxc_shape *shape, const char *name);
int fault_choice(const struct request *request, const struct place *place,
                 const struct mxc_choices *choices, const struct node *node);

#endif
