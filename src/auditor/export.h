/* SPDX-License-Identifier: Apache-2.0 */
/* Records for other programs: OCSF as JSON Lines, CEF, OTLP/HTTP as JSON. */
#ifndef CORDON_AUDITOR_EXPORT_H
#define CORDON_AUDITOR_EXPORT_H

#include "auditor/record.h"

/* The record's own bytes, a line. Of what cannot be read: nothing. */
void export_ocsf(const struct record *record, struct text *out);
/* ArcSight's Common Event Format, version 0, a line; escaped by its rules. */
void export_cef(const struct record *record, struct text *out);

/* One request of OTLP/HTTP for many records: begin, each, end. */
void export_otlp_begin(struct text *out);
void export_otlp(const struct record *record, struct text *out, bool is_first);
void export_otlp_end(struct text *out);

#endif
