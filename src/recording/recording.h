/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run's records as the audit log has them: who it is says its first record, and what of arguments and paths may be read. The same whether a
 * record goes into the log as it is written (src/keeper) or later, from the store of runs (src/auditor).
 */
#ifndef CORDON_RECORDING_RECORDING_H
#define CORDON_RECORDING_RECORDING_H

#include "base/error.h"
#include "event/read.h"

struct recording;

struct recording_options {
    const char *host; /* of a run that was refused before it had a name; NULL = not said. What is not refused says it itself */
    bool has_persons; /* what a person did with the run when it had ended is among its records */
    const char *keys; /* directory of the keys of persons (ocsf/veil.h), NULL = there is none: then what is to be covered is refused */
};

/* `first` is the run's first record. *ret_recording = NULL: it is of a version without identities and cannot be attributed. */
int recording_new(const struct recording_options *options, const struct event_record *first, struct recording **ret_recording, struct error *err) must_check;
void recording_free(struct recording *recording);
void recording_free_at(struct recording **recording);
#define auto_recording cleanup_with(recording_free_at)

const char *recording_actor(const struct recording *recording);    /* "agent", "human", ... */
const char *recording_identity(const struct recording *recording); /* SPIFFE ID; "" = it was refused before it had one */

/* A person's own, later: who acted is a human, whatever the run is. To be rendered with `has_persons` alone. */
bool recording_is_persons(const struct event_record *record);
int recording_render_persons(struct recording *recording, const char *line, size_t size, const char **ret_body, size_t *ret_size, struct error *err) must_check;

/* A record of the run, the first one too. *ret_body is one line of JSON without its end, until the next call. */
int recording_render(struct recording *recording, const char *line, size_t size, const char **ret_body, size_t *ret_size, struct error *err) must_check;

#endif
