/* SPDX-License-Identifier: Apache-2.0 */
/* Which class and activity of OCSF each type of record is, and what came of it: rows, read by render.c. */
#ifndef CORDON_OCSF_KINDS_H
#define CORDON_OCSF_KINDS_H

#include <stddef.h>
#include <stdint.h>

#include "ocsf/rows.h"

enum ocsf_status { STATUS_NONE = 0, STATUS_SUCCESS = 1, STATUS_FAILURE = 2, STATUS_OTHER = 99 };
enum ocsf_action { ACTION_NONE = 0, ACTION_ALLOWED = 1, ACTION_DENIED = 2 };
enum ocsf_severity { SEVERITY_INFORMATIONAL = 1, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH };

/* The first row of a type holds whose member `when` is the text `is`; `when` NULL: any. */
struct ocsf_kind {
    const char *type, *when, *is;
    unsigned class_uid, activity_id;
    const char *activity; /* of 99 */
    unsigned severity;
    const struct ocsf_shape *shape;
    const char *message; /* names nothing of what the program did: that may be covered */
};

/* The same of what came of it. `is` NULL: whatever the member holds, if it is there. Behind: any. */
struct ocsf_outcome {
    const char *type, *when, *is;
    unsigned status, action, disposition;
};

extern const struct ocsf_kind ocsf_kinds[];
extern const size_t ocsf_kind_count;
extern const struct ocsf_outcome ocsf_outcomes[];
extern const size_t ocsf_outcome_count;

/* For a type that has no row. */
extern const struct ocsf_kind ocsf_kind_other;

const char *ocsf_disposition_name(unsigned disposition_id);

#endif
