/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log says of each record, in front of it: an entry is STAMP, a newline, BODY. The stamp is one JSON object that the log
 * writes; the body is one line of the writer's, which the log has never read.
 */
#ifndef CORDON_AUDIT_STAMP_H
#define CORDON_AUDIT_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

#define STAMP_SIZE_MAX      1000
#define BODY_SIZE_MAX       (63 * 1024)
#define STAMP_WRITER_MAX    64
#define STAMP_IDENTITY_MAX  512
#define STAMP_ACTOR_MAX     16
#define STAMP_BOOT_SIZE     33 /* 32 hex digits and NUL */

/* Who wrote a record, as whoever let it in knows; the writer itself chooses nothing of it. */
struct stamp_label {
    char writer[STAMP_WRITER_MAX + 1];     /* [A-Za-z0-9._:/-]; its numbers run from 1 and never again */
    uint32_t uid, gid;
    char actor[STAMP_ACTOR_MAX + 1];       /* "agent", "human", "system", "delegated-human" */
    char identity[STAMP_IDENTITY_MAX + 1]; /* a SPIFFE ID, or empty */
};

struct stamp {
    uint64_t sequence; /* its index in the log */
    uint64_t time_us;  /* since 1970, as the machine's clock had it */
    uint64_t mono_us;  /* since the machine started */
    char boot[STAMP_BOOT_SIZE];
    struct stamp_label label;
    uint64_t number; /* the writer's */
    uint64_t lost;   /* records of this writer that are known not to be in the log, so far */
};

/* Are the texts of a label what a stamp can hold? */
int stamp_label_check(const struct stamp_label *label, struct error *err) must_check;

/* {"seq":…,"time_us":…,"mono_us":…,"boot":"…","writer":"…","n":…,"lost":…,"uid":…,"gid":…,"actor":"…","identity":"…"}: the size. */
size_t stamp_print(const struct stamp *stamp, char ret_text[STAMP_SIZE_MAX]);

/*
 * Parts an entry: the stamp as a value, the body as where it begins. Accepts what stamp_print() writes and nothing else; false
 * for any other entry.
 */
bool stamp_read(const unsigned char *entry, size_t size, struct stamp *ret_stamp, const char **ret_body, size_t *ret_body_size);

/* One line of UTF-8 without control characters, that begins and ends as a JSON object does: no more is asked of a body. */
int stamp_body_check(const char *body, size_t size, struct error *err) must_check;

#endif
