/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A message as bytes: a header, then fields, each with its tag and size and filled up to 8 bytes with zeros. Little endian, as
 * everything here: both ends are on one machine. Reading copies nothing and allocates nothing: a struct protocol_message points
 * into bytes that have been checked as a whole, and that somebody else keeps.
 */
#ifndef CORDON_PROTOCOL_CODEC_H
#define CORDON_PROTOCOL_CODEC_H

#include "base/error.h"
#include "base/text.h"
#include "protocol/table.h"

struct protocol_header {
    uint32_t magic;
    uint16_t version;
    uint16_t type;
    uint32_t request; /* the sender's number; an answer has the same */
    uint32_t size;    /* of all fields */
};

#define PROTOCOL_MAGIC 0x4e444f43u /* "CODN" */

/* ---- reading ---- */

struct protocol_message {
    const struct protocol_row *row;
    uint16_t type;
    uint32_t request;
    const unsigned char *fields;
    size_t size;
};

/* A field of a message. TEXT is NUL-terminated, and `size` does not count that. */
struct protocol_field {
    uint16_t tag;
    size_t size;
    const void *data;
    uint64_t number; /* of NUMBER */
};

/*
 * Is this a whole message of the table, with just the fields of its row? Nothing of *ret_message is to be used otherwise.
 * ERROR_INVALID (EPROTO), ERROR_LIMIT (EMSGSIZE), ERROR_SCHEMA (EPROTONOSUPPORT: another version).
 */
int protocol_parse(const void *bytes, size_t size, struct protocol_message *ret_message, struct error *err) must_check;

/* May this one send it to that one, now, with so many descriptors? -EPROTO, ERROR_INVALID. */
int protocol_permit(const struct protocol_message *message, enum protocol_role from, enum protocol_role to, enum protocol_state state,
                    size_t fd_count, struct error *err) must_check;

/* Each field in its order: *at is 0 before the first. false = there is no more. */
bool protocol_next(const struct protocol_message *message, size_t *at, struct protocol_field *ret_field);

/* The first of that tag: what it holds, or `otherwise`, NULL, NULL. */
uint64_t protocol_number(const struct protocol_message *message, uint16_t tag, uint64_t otherwise);
const char *protocol_text(const struct protocol_message *message, uint16_t tag);
const void *protocol_bytes(const struct protocol_message *message, uint16_t tag, size_t *ret_size);

/* ---- writing: what does not fit its row is our own mistake, and found out by protocol_finish() ---- */

struct protocol_out {
    struct text bytes;
    uint16_t type;
};

void protocol_begin(struct protocol_out *out, uint16_t type, uint32_t request);
void protocol_add_number(struct protocol_out *out, uint16_t tag, uint64_t value);
void protocol_add_text(struct protocol_out *out, uint16_t tag, const char *text); /* NULL = leave it out */
void protocol_add_bytes(struct protocol_out *out, uint16_t tag, const void *data, size_t size);

/* Complete the header, and read it as the other end will. -ENOMEM, and what protocol_parse() returns. */
int protocol_finish(struct protocol_out *out, struct error *err) must_check;

/* Of anything that was begun. */
void protocol_free(struct protocol_out *out);
#define auto_protocol cleanup_with(protocol_free)

/* FAILED with what `err` says. `code`: one of MXC's, or NULL. */
void protocol_add_error(struct protocol_out *out, const struct error *err, const char *code);
/* The error that a FAILED tells of; its text is made safe. */
void protocol_read_error(const struct protocol_message *message, struct error *ret_err);

#endif
