/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: one line of a record to its structure. */
#ifndef CORDON_EVENT_DECODE_H
#define CORDON_EVENT_DECODE_H

#include <jansson.h>

#include "event/read.h"

/* What the structure of one record points to, beside the texts of the JSON value. */
struct decoded {
    const char *texts[EVENT_ARGS_MAX + 1];
    const char *layers[EVENT_ITEMS_MAX], *warnings[EVENT_ITEMS_MAX];
    struct event_named losses[EVENT_ITEMS_MAX];
    struct event_source sources[EVENT_SOURCES_MAX];
    struct event_identity identity;
};

/*
 * False: it is no record, or one whose members are not what docs/events.md says. Texts belong to `value` and `store`. What is
 * not known is ignored: a later version may have written it.
 */
bool decode_record(const json_t *value, struct decoded *store, struct event_record *ret_record);

/* Inside decode_*.c: the members of an object. What is there and of another type sets `is_wrong`. */
struct members {
    const json_t *object;
    bool *is_wrong;
};
const char *member_text(struct members members, const char *name); /* null, absent = NULL */
uint64_t member_number(struct members members, const char *name);  /* null, absent = 0; negative ones are wrong */
bool member_is_true(struct members members, const char *name);
struct members member_object(struct members members, const char *name); /* absent = an empty one */
/* Texts of an array into `texts`, at most `count_max`. */
size_t member_texts(struct members members, const char *name, const char **texts, size_t count_max);

/* access.* */
void decode_access(struct members members, struct decoded *store, struct event_record *record);

#endif
