/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed notes (C2SP signed-note), keys for them, and the two kinds of signature that logs and witnesses make: Ed25519 over the
 * text (0x01) and the timestamped cosignature (0x04, C2SP tlog-cosignature). And the text of a checkpoint (C2SP tlog-checkpoint).
 */
#ifndef CORDON_AUDIT_NOTE_H
#define CORDON_AUDIT_NOTE_H

#include <stdint.h>

#include "audit/merkle.h"
#include "base/text.h"

#define NOTE_SIZE_MAX       65536
#define NOTE_NAME_MAX       255
#define NOTE_SIGNATURES_MAX 64
#define NOTE_KEY_SIZE       32
#define NOTE_KEY_TEXT_SIZE  (NOTE_NAME_MAX + 1 + 8 + 1 + 44 + 1)

enum note_type {
    NOTE_ED25519 = 0x01,
    NOTE_COSIGNATURE = 0x04,
};

/* ---- keys ---- */

/* What verifies. */
struct note_key {
    char name[NOTE_NAME_MAX + 1];
    uint8_t type; /* enum note_type */
    uint32_t id;
    unsigned char bytes[NOTE_KEY_SIZE];
};

/* "name+id in hex+base64": what a verifier is configured with. */
int note_key_read(const char *text, size_t length, struct note_key *ret_key, struct error *err) must_check;
/* The id that a key of this name, type and bytes has. */
uint32_t note_key_id_of(const struct note_key *key);
void note_key_print(const struct note_key *key, char ret_text[NOTE_KEY_TEXT_SIZE]);

/* What signs. */
struct note_signer;

/* From 32 secret bytes (RFC 8032). `name` as a note's key name: no space, no '+'. */
int note_signer_new(const char *name, const unsigned char seed[NOTE_KEY_SIZE], struct note_signer **ret_signer,
                    struct error *err) must_check;
void note_signer_free(struct note_signer *signer);
void note_signer_free_at(struct note_signer **signer);
#define auto_note_signer cleanup_with(note_signer_free_at)

/*
 * From a file of mode 0600 ("PRIVATE+KEY+name+id+base64"), which is made with a new key for `name` where there is none and
 * may_make. A key under another name is refused.
 */
int note_signer_open(const char *path, const char *name, bool may_make, struct note_signer **ret_signer,
                     struct error *err) must_check;

/* Its public half as a key of this type. */
void note_signer_key(const struct note_signer *signer, enum note_type type, struct note_key *ret_key);

/* Append one signature line over `body`, which ends in a newline. NOTE_COSIGNATURE: as of `time_s` (since 1970). */
int note_sign(const struct note_signer *signer, enum note_type type, uint64_t time_s, const char *body, size_t size,
              struct text *out, struct error *err) must_check;

/* ---- notes ---- */

struct note_line {
    const char *name; /* not terminated */
    size_t name_size;
    const char *text; /* the line, with its newline */
    size_t text_size;
    uint32_t id;
    unsigned char signature[72]; /* behind the id; of more bytes the first */
    size_t signature_size;       /* all of them */
};

/* All of it points into the bytes that were parsed. */
struct note {
    const char *body; /* with its last newline */
    size_t body_size;
    struct note_line lines[NOTE_SIGNATURES_MAX];
    size_t line_count;
};

/* Refuses what is no note, has no signature line, or has too many. Says nothing of who signed it. */
int note_parse(const char *bytes, size_t size, struct note *ret_note, struct error *err) must_check;
/* Signature lines alone, as a witness answers; `body` is another note's. */
int note_parse_lines(const char *bytes, size_t size, const struct note *body, struct note *ret_note, struct error *err) must_check;

enum note_verdict {
    NOTE_UNSIGNED = 0, /* no line of this key */
    NOTE_SIGNED = 1,
    NOTE_FORGED = 2, /* a line that names this key and was not made by it */
};

/* *ret_time_s (may be NULL): of a cosignature; else 0. Of several lines of one key the latest that holds. */
enum note_verdict note_verify(const struct note *note, const struct note_key *key, uint64_t *ret_time_s);

/* ---- checkpoints ---- */

struct checkpoint {
    char origin[NOTE_NAME_MAX + 1];
    uint64_t size; /* below 2^63 */
    struct merkle_hash root;
};

int checkpoint_read(const char *body, size_t size, struct checkpoint *ret_checkpoint, struct error *err) must_check;
void checkpoint_print(const struct checkpoint *checkpoint, struct text *out);

#endif
