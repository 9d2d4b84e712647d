/* SPDX-License-Identifier: Apache-2.0 */
/* How the plan is set for people: rows of fixed columns first and a name of any length last, below
 * the member that they come from. */
#ifndef CORDON_POLICY_COMPILE_EXPLAIN_ROWS_H
#define CORDON_POLICY_COMPILE_EXPLAIN_ROWS_H

#include "base/text.h"
#include "policy/plan.h"

#define EXPLAIN_LINE_COLUMNS 79

struct explain_row {
    const char *verdict; /* NULL = this row is not shown; "" = it has none */
    enum mechanism first, behind;
    const struct origin *origin; /* NULL = nobody asked for it */
};

struct explain_section {
    const char *heading;
    size_t (*count)(const struct plan *plan);
    struct explain_row (*row)(const struct plan *plan, size_t at);
    /* What the row is about; `column` is where it begins. */
    void (*subject)(struct text *out, const struct plan *plan, size_t at, size_t column);
};

/* Nothing when no row is shown. The rows that no member asked for come first, then the caller's own
 * documents, profiles, what is built in. */
void explain_print_section(struct text *out, const struct plan *plan,
                           const struct explain_section *section);

void explain_print_heading(struct text *out, const char *heading);
/* Items of one list of one document are. */
bool explain_is_same_group(const struct origin *a, const struct origin *b);
/* "test.yaml:4: filesystem.readonlyPaths", nothing without a member; line 0 is left out. */
void explain_print_group(struct text *out, const struct origin *origin, unsigned line);
/* "test.yaml:4: filesystem.readonlyPaths[0]", nothing without a member. */
void explain_print_origin(struct text *out, const struct origin *origin);

#endif
