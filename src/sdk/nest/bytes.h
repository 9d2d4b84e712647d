/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a request for a container inside, and what is around it, are written: fields of a number, a size and so many bytes, one
 * behind the other. Whoever reads them bounds them; what is not whole is refused as a whole.
 */
#ifndef CORDON_SDK_NEST_BYTES_H
#define CORDON_SDK_NEST_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define NEST_BYTES_MAX ((size_t)4 << 20)

/* The values never change meaning within one version (wire.h). */
enum nest_field {
    /* a request; in the order of these numbers, those of a policy in pairs */
    NEST_POLICY_NAME = 1,
    NEST_POLICY_TEXT,
    NEST_PROFILE,
    NEST_MEMBER,
    NEST_WORKSPACE,
    NEST_CWD,
    NEST_LOGICAL_CWD,
    NEST_ARGUMENT,
    NEST_VARIABLE,
    NEST_TIMEOUT,
    NEST_OUTPUT,
    NEST_TIER,
    NEST_TERMINAL,
    /* what is around */
    NEST_LEVEL, /* a container begins, the outermost first; its fields follow */
    NEST_RUN,
    NEST_IDENTITY,
    NEST_WORKSPACE_OF,
    NEST_HOME,
    NEST_USER,
    NEST_PLACE, /* of the outermost: enum nest_place, the path */
    NEST_SHARED, /* of the outermost: a limit that its control group keeps: enum nest_shared, the value */
    NEST_GROUPS, /* of the outermost: which control groups one inside can have: bits of enum nest_group */
    NEST_GROUPS_WHY, /* the same: why not more */
    NEST_FIELDS_END,
};

struct nest_bytes {
    const unsigned char *at;
    size_t left;
};

struct nest_value {
    uint32_t field;
    const char *bytes; /* no zero behind it */
    size_t size;
};

/* 1 = the next field, 0 = there is none, -EBADMSG = what is left is no field. */
int nest_next(struct nest_bytes *bytes, struct nest_value *ret_value) must_check;

/* As a text: mem_free() it. -EBADMSG for one with a zero in it, -ENOMEM. */
int nest_text(const struct nest_value *value, char **ret_text) must_check;
/* A number of eight bytes. */
int nest_number(const struct nest_value *value, uint64_t *ret_number) must_check;

void nest_put(struct text *out, uint32_t field, const void *bytes, size_t size);
void nest_put_text(struct text *out, uint32_t field, const char *text); /* NULL = it is left out */
void nest_put_number(struct text *out, uint32_t field, uint64_t number);

#endif
