/* SPDX-License-Identifier: Apache-2.0 */
/* A record for people, one line; and for programs, one object. What agents wrote is escaped. */
#ifndef CORDON_AUDITOR_SHOW_H
#define CORDON_AUDITOR_SHOW_H

#include "auditor/record.h"

/* "2026-11-23T08:00:00.123Z #12 agent builder for anna: refused: reading a file: /etc/shadow (build.yaml:12: fs.deny[0])" */
void show_line(const struct record *record, const char *keys, struct text *out);
/* Who it was: "agent builder for anna (uid 1000)". */
void show_actor(const struct record *record, struct text *out);
/* What was done, and to what; the keys of `keys` (may be NULL) read what is sealed. */
void show_deed(const struct record *record, const char *keys, struct text *out);

/* {"leaf":12,"hash":"...","stamp":{...},"record":{...}}: the stamp and the record byte by byte as the log has them. */
void show_json(const struct record *record, struct text *out);

#endif
