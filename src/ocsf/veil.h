/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a record's arguments and paths may be read in the log. Salted: a commitment, whose salt is derived from a secret of
 * the person whom the record is about. Sealed: AES-256-GCM under a key of that person. Secret and key lie beside the log, not in
 * it, one file a person: where that file is gone, so is what they covered, and the log's tree is as valid as before.
 */
#ifndef CORDON_OCSF_VEIL_H
#define CORDON_OCSF_VEIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

enum veil_mode { VEIL_CLEAR = 0, VEIL_SALTED, VEIL_SEALED };
/* "clear", "salted", "sealed". */
const char *veil_mode_name(enum veil_mode mode);
bool veil_mode_parse(const char *name, enum veil_mode *ret_mode) must_check;

#define VEIL_SUBJECT_MAX 255
#define VEIL_TEXT_MAX    8192                      /* bytes that are covered at once */
#define VEIL_TOKEN_MAX   (VEIL_TEXT_MAX * 4 / 3 + 128) /* and of what stands in their place */

struct veil_options {
    const char *directory;               /* where keys lie (0700) */
    const char *subject;                 /* "uid:1000": whose key */
    enum veil_mode arguments, paths;
    bool may_make;                       /* a key that is not there is made */
};

struct veil;

/* ERROR_NOT_FOUND: no key, and none may be made. */
int veil_open(const struct veil_options *options, struct veil **ret_veil, struct error *err) must_check;
void veil_free(struct veil *veil);
void veil_free_at(struct veil **veil);
#define auto_veil cleanup_with(veil_free_at)

enum veil_mode veil_arguments(const struct veil *veil); /* NULL: VEIL_CLEAR */
enum veil_mode veil_paths(const struct veil *veil);

/*
 * What stands in the place of `text`, which is member `member` of record `record`; both are bound to it. Letters, digits and
 * ":._-" only. Its size, 0 where it cannot be made (then nothing of the text may be written).
 */
size_t veil_cover(struct veil *veil, enum veil_mode mode, const char *record, size_t record_size, const char *member,
                  const char *text, size_t size, char ret_token[VEIL_TOKEN_MAX]) must_check;

/* Is it one of these, and what does it name? */
bool veil_is_token(const char *text, size_t size);

enum veil_found {
    VEIL_NOT_A_TOKEN = 0,
    VEIL_READ,   /* sealed: *ret_text is what was covered. */
    VEIL_ERASED, /* its key was destroyed */
    VEIL_NO_KEY, /* it is not here, or not this reader's */
    VEIL_FORGED, /* the key is here and does not fit */
    VEIL_HELD,   /* salted: the secret is here; veil_proves() tells whether a text is the one */
};

/* Read what is sealed, with the keys of `directory`. *ret_text holds VEIL_TEXT_MAX and a NUL. */
enum veil_found veil_read(const char *directory, const char *record, size_t record_size, const char *member, const char *token,
                          size_t token_size, char *ret_text, size_t *ret_size);

/* Was it `text` that this commitment was made of? */
bool veil_proves(const char *directory, const char *record, size_t record_size, const char *member, const char *token,
                 size_t token_size, const char *text, size_t size);

/*
 * Destroy the key of `subject`, for good. What file systems, snapshots and backups keep of it is theirs. *ret_was: there was one.
 */
int veil_erase(const char *directory, const char *subject, bool *ret_was, struct error *err) must_check;

#endif
