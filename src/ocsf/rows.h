/* SPDX-License-Identifier: Apache-2.0 */
/* Which member of OCSF is made of which member of a record: rows, in the order in which they are written. */
#ifndef CORDON_OCSF_ROWS_H
#define CORDON_OCSF_ROWS_H

#include <stddef.h>
#include <stdint.h>

enum row_make {
    MAKE_CONST = 1, /* `source` itself */
    MAKE_CONST_NUMBER,
    MAKE_DEFAULT,   /* `source` itself, where nothing else of the object was written */
    MAKE_NUMBER_IF, /* the number `source`, where something else of the object was written */
    MAKE_TEXT,      /* a string */
    MAKE_NUMBER,
    MAKE_NUMBER_TEXT, /* a number, as a string */
    MAKE_TEXT_NUMBER, /* a string of digits, as a number */
    MAKE_BOOL,
    MAKE_IS_THERE,  /* whether it is a string */
    MAKE_TEXTS,     /* an array of strings */
    MAKE_JOINED,    /* an array of strings, in one */
    MAKE_LAST,      /* of a path the last name */
    MAKE_MS,        /* a time, in ms since 1970 */
    MAKE_US_AS_MS,
    MAKE_FILE_TYPE, /* the kind of an object as OCSF numbers it; 0 where it is not told */
    MAKE_PROCESS,   /* a process's number, with its run: no other has this name */
    MAKE_PARENTS,   /* the processes from the parent up */
    MAKE_CONTEXT,   /* members that the context holds ready: `source` is enum context_part */
    MAKE_KIND,      /* a member that the kind's row says: `source` is enum kind_part */
};

/* What a row may tell of, so that the policy can cover it. */
enum row_cover { COVER_NOTHING = 0, COVER_ARGUMENT, COVER_PATH, COVER_ANY /* may hold either */ };

enum context_part { PART_PRODUCT, PART_DEVICE, PART_USER, PART_CONTAINER, PART_POLICY, PART_AGENT, PART_OWN, PART_COUNT_ };

/*
 * `target` is a path in the record that is written; rows of one object stand together. Of rows with one target the first that
 * has something to say is written. `source` is a path in the event.
 */
struct ocsf_row {
    const char *target, *source;
    uint8_t make, cover, part;
};

/* What a kind's record is made of, in this order. */
#define SHAPE_LISTS_MAX 6
struct ocsf_shape {
    const struct ocsf_row *lists[SHAPE_LISTS_MAX];
};

extern const struct ocsf_shape shape_file, shape_process, shape_run, shape_exec, shape_started, shape_network, shape_request, shape_names,
    shape_socket, shape_kernel, shape_log, shape_finding, shape_policy, shape_container, shape_service, shape_given, shape_credential, shape_api,
    shape_asked_file, shape_asked_network, shape_workspace, shape_other;

#endif
