/* SPDX-License-Identifier: Apache-2.0 */
/* A commit that is being prepared: what commit.c chose and stage.c turns into steps. */
#ifndef CORDON_REVIEW_STAGE_H
#define CORDON_REVIEW_STAGE_H

#include "review/redo.h"

struct commit {
    struct review *review;
    struct ops ops;
    bool *chosen;
    size_t chosen_count;
    uint64_t staged; /* names given out */
    int root, stage, upper;
    unsigned tree; /* of these three */
    struct error *err;
};

int stage_all(struct commit *commit) must_check;

#endif
