/* SPDX-License-Identifier: Apache-2.0 */
/* Between note.c, which reads notes, and note_key.c, which has the keys. */
#ifndef CORDON_AUDIT_NOTE_LINE_H
#define CORDON_AUDIT_NOTE_LINE_H

#include "audit/note.h"

#define NOTE_DASH           "\xe2\x80\x94 " /* U+2014 and a space: what a signature line begins with */
#define NOTE_SIGNATURE_SIZE 64

uint32_t note_key_id(const char *name, size_t length, uint8_t type, const unsigned char *bytes);
bool note_line_holds(const struct note_line *line, const struct note_key *key, const struct note *note, uint64_t *ret_time_s);

#endif
