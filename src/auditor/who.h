/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a record says of who wrote it, held against the log's word. A writer may be any user's own process: it can write of itself
 * what it likes, also that it is somebody else.
 */
#ifndef CORDON_AUDITOR_WHO_H
#define CORDON_AUDITOR_WHO_H

#include "auditor/record.h"

/* Does it say of its writer what the stamp says: the user, the kind of actor, the container? */
bool who_is_so(const struct record *record);

/* The name by which a record calls its user, "" where it has none or where on this machine that is somebody else's. */
const char *who_name(const struct record *record, char ret_name[FIELD_TEXT_MAX]);

/* The uid of who has this name here; NULL = nobody has. To be called before anything of a log is read. */
const char *who_id(const char *name);

#endif
