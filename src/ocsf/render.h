/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of the renderer: one record that is being written, and how a row of the tables is. */
#ifndef CORDON_OCSF_RENDER_H
#define CORDON_OCSF_RENDER_H

#include "ocsf/context.h"
#include "ocsf/emit.h"
#include "ocsf/kinds.h"
#include "ocsf/scan.h"

#define SLOTS_MAX 128 /* members that rows read */

/* How much of a record's texts is written. */
struct bounds {
    size_t text, items;
};

/* One record that is written. */
struct rendering {
    struct emit emit;
    const struct ocsf_parts *parts;
    struct veil *veil;
    const struct ocsf_kind *kind;
    const struct ocsf_outcome *outcome; /* NULL = none */
    struct scan_value id, run;
    struct bounds bounds;
    bool is_pending; /* it is written before what it is about */
};

/* Write this row, if it has something to say. */
bool make_row(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value);

#endif
