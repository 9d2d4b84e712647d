/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every file name there can be, sorted by which of a set of patterns match it: one class per
 * combination that occurs, with a name that stands for the class and is none of the given names.
 */
#ifndef CORDON_POLICY_MODEL_NAME_CLASSES_H
#define CORDON_POLICY_MODEL_NAME_CLASSES_H

#include "policy/model/states.h"

struct name {
    const char *text; /* not terminated */
    size_t length;
};

/* Bytes of patterns times steps taken: what the exploration may cost. */
#define NAME_CLASSES_WORK_MAX ((uint64_t)40 * 1000 * 1000)

/*
 * Into *ret_classes: key = one bit per pattern, text = a name of that class outside `names`. A
 * combination that only occurs among `names` is left out. -ENOMEM, -E2BIG.
 */
int name_classes_find(struct arena *arena, const struct name *patterns, size_t pattern_count,
                      const struct name *names, size_t name_count,
                      struct states *ret_classes) must_check;

/* The bits of one name. `ret_key` has name_classes_words(pattern_count) words. */
size_t name_classes_words(size_t pattern_count);
void name_classes_key(const struct name *patterns, size_t pattern_count, const struct name *name,
                      uint64_t *ret_key);

#endif
