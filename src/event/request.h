/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a run was asked for: cordon-request/1, beside its events, with all that is needed to compile the same plan again. Written
 * before the program runs. No value of a secret and none of the caller's environment is in it: what looks like one is left
 * out and said to be. docs/events.md names every member.
 */
#ifndef CORDON_EVENT_REQUEST_H
#define CORDON_EVENT_REQUEST_H

#include "base/memory.h"
#include "event/read.h"

#define REQUEST_TEXTS_MAX ((size_t)1 << 20) /* bytes of the documents' texts that are kept, together */
#define REQUEST_ITEMS_MAX 128               /* documents, ceilings, members */

struct asked_document {
    const char *name;     /* as the caller gave it */
    const char *file;     /* absolute; NULL = it was given as text */
    const char *digest;   /* of its bytes */
    const char *text;     /* NULL = not kept */
    size_t size;
    const char *withheld; /* why it was not kept: "secret", "size"; NULL = it was */
};

struct asked_ceiling {
    const char *file, *digest;
};

struct asked_member {
    const char *name;       /* "resources.memory" */
    const char *assignment; /* "resources.memory=512MiB"; NULL = not kept: it looks like a secret */
};

struct asked {
    const struct asked_document *documents;
    size_t document_count;
    const char *profile; /* NULL = none was named, as in all that follow */
    const struct asked_member *members;
    size_t member_count;
    const char *workspace;   /* absolute; NULL = the current directory */
    const char *tier;
    const char *cwd;         /* of the caller, as the kernel and as its shell names it */
    const char *logical_cwd;
    const char *events_file; /* absolute */
    const char *const *argv; /* NULL-terminated, redacted here; NULL = the document's command */
    const struct asked_ceiling *ceilings;
    size_t ceiling_count;
    const char *mechanism;   /* as in run.started */
    const char *plan_digest;
};

/* Would a reader of a record be shown NAME=VALUE with its value taken out? The same for a command line of a shell. */
bool asked_is_secret(const char *name, const char *value, bool *ret_is_secret) must_check; /* false = out of memory */

/* Into the run's directory, whole; once more takes the place of what was written. Without a store nothing is. */
int asked_write(struct event_log *log, const struct asked *asked, struct error *err) must_check;

/*
 * Of a run of the store, into `arena`. -ENOENT: there is none, since the launch was refused before, or the run is an older
 * version's. ERROR_INVALID: it is damaged; a text that has not its digest is.
 */
int asked_read(const struct run_store *store, const char *id, struct arena *arena, struct asked *ret_asked,
               struct error *err) must_check;

/* The same from text, for tests. */
int asked_parse(const char *text, size_t size, struct arena *arena, struct asked *ret_asked, struct error *err) must_check;

#endif
