/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing of codec.h: a message is judged as a whole, by its row, before anybody looks at a field. */
#include "protocol/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/memory.h"

#define ALIGN 8u

struct wire_field {
    uint16_t tag;
    uint16_t zero;
    uint32_t size;
};

_Static_assert(sizeof(struct wire_field) == ALIGN && sizeof(struct protocol_header) % ALIGN == 0, "fields stay aligned");

static size_t padded(size_t size)
{
    return (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
}

static int refuse(struct error *err, const char *who, const char *what)
{
    return error_set(err, ERROR_INVALID, EPROTO, "message %s: %s", who, what);
}

/* Where in the row a tag is; -1 = nowhere. */
static int use_of(const struct protocol_row *row, uint16_t tag)
{
    for (int i = 0; i < row->use_count; i++)
        if (row->uses[i].tag == tag)
            return i;
    return -1;
}

static bool is_zero(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i])
            return false;
    return true;
}

static int check_value(const struct protocol_row *row, const struct protocol_tag_row *tag, const unsigned char *data, size_t size,
                       struct error *err)
{
    bool is_right;

    if (tag->kind == PROTOCOL_NUMBER)
        is_right = size == sizeof(uint64_t);
    else if (tag->kind == PROTOCOL_TEXT)
        is_right = size && size <= (size_t)tag->size_max + 1 && memchr(data, '\0', size) == data + size - 1;
    else
        is_right = size <= tag->size_max;
    return is_right ? 0 : error_set(err, ERROR_INVALID, EPROTO, "message %s: %s is not what it has to be (%zu bytes)", row->name, tag->name, size);
}

static int check_fields(const struct protocol_row *row, const unsigned char *at, size_t left, struct error *err)
{
    bool is_there[PROTOCOL_USES_MAX] = {false};

    while (left) {
        struct wire_field field;
        const unsigned char *data = at + sizeof(field);
        int use, status;

        if (left < sizeof(field))
            return refuse(err, row->name, "it is cut within a field");
        memcpy(&field, at, sizeof(field));
        left -= sizeof(field);
        if (field.size > left || padded(field.size) > left)
            return refuse(err, row->name, "a field is longer than what is left");
        use = use_of(row, field.tag);
        if (use < 0 || field.zero)
            return error_set(err, ERROR_INVALID, EPROTO, "message %s: field %u does not belong there", row->name, field.tag);
        if (is_there[use] && row->uses[use].often != PROTOCOL_MANY)
            return error_set(err, ERROR_INVALID, EPROTO, "message %s: %s is there twice", row->name, protocol_tag_row(field.tag)->name);
        is_there[use] = true;
        status = check_value(row, protocol_tag_row(field.tag), data, field.size, err);
        if (status < 0)
            return status;
        if (!is_zero(data + field.size, padded(field.size) - field.size))
            return refuse(err, row->name, "a field is not filled up with zeros");
        at = data + padded(field.size);
        left -= padded(field.size);
    }
    for (int i = 0; i < row->use_count; i++)
        if (row->uses[i].often == PROTOCOL_ONE && !is_there[i])
            return error_set(err, ERROR_INVALID, EPROTO, "message %s: %s is missing", row->name, protocol_tag_row(row->uses[i].tag)->name);
    return 0;
}

static size_t size_limit(const struct protocol_row *row)
{
    if (row->size_max)
        return row->size_max;
    return row->from == PROTOCOL_FILE ? PROTOCOL_RECORD_MAX : PROTOCOL_MESSAGE_MAX;
}

int protocol_parse(const void *bytes, size_t size, struct protocol_message *ret_message, struct error *err)
{
    struct protocol_header header;
    const struct protocol_row *row;
    int status;

    if (size < sizeof(header))
        return error_set(err, ERROR_INVALID, EPROTO, "a message of %zu bytes is none", size);
    memcpy(&header, bytes, sizeof(header));
    if (header.magic != PROTOCOL_MAGIC)
        return error_set(err, ERROR_INVALID, EPROTO, "this is no message of Cordon's");
    if (header.version != PROTOCOL_VERSION)
        return error_set(err, ERROR_SCHEMA, EPROTONOSUPPORT, "a message of version %u, this is %u: run both of one installation", header.version,
                         PROTOCOL_VERSION);
    row = protocol_row(header.type);
    if (!row)
        return error_set(err, ERROR_INVALID, EPROTO, "a message of type %u, which there is not", header.type);
    if (header.size != size - sizeof(header))
        return refuse(err, row->name, "its size is not what it says");
    if (size > size_limit(row))
        return error_set(err, ERROR_LIMIT, EMSGSIZE, "message %s: more than %zu bytes", row->name, size_limit(row));
    status = check_fields(row, (const unsigned char *)bytes + sizeof(header), header.size, err);
    if (status < 0)
        return status;
    *ret_message = (struct protocol_message){.row = row,
                                             .type = header.type,
                                             .request = header.request,
                                             .fields = (const unsigned char *)bytes + sizeof(header),
                                             .size = header.size};
    return 0;
}

int protocol_permit(const struct protocol_message *message, enum protocol_role from, enum protocol_role to, enum protocol_state state,
                    size_t fd_count, struct error *err)
{
    const struct protocol_row *row = message->row;

    if (!(row->from & (unsigned)from) || !(row->to & (unsigned)to))
        return refuse(err, row->name, "it is not for this one to say");
    if (!(row->states & (unsigned)state))
        return refuse(err, row->name, "it does not belong here now");
    if (fd_count != row->fds)
        return error_set(err, ERROR_INVALID, EPROTO, "message %s: %zu descriptors where %u belong", row->name, fd_count, row->fds);
    return 0;
}

bool protocol_next(const struct protocol_message *message, size_t *at, struct protocol_field *ret_field)
{
    struct wire_field field;

    if (*at >= message->size)
        return false;
    memcpy(&field, message->fields + *at, sizeof(field));
    *ret_field = (struct protocol_field){.tag = field.tag, .size = field.size, .data = message->fields + *at + sizeof(field)};
    switch (protocol_tag_row(field.tag)->kind) {
    case PROTOCOL_NUMBER:
        memcpy(&ret_field->number, ret_field->data, sizeof(ret_field->number));
        break;
    case PROTOCOL_TEXT:
        ret_field->size--;
        break;
    default:
        break;
    }
    *at += sizeof(field) + padded(field.size);
    return true;
}

static bool find(const struct protocol_message *message, uint16_t tag, struct protocol_field *ret_field)
{
    for (size_t at = 0; protocol_next(message, &at, ret_field);)
        if (ret_field->tag == tag)
            return true;
    return false;
}

uint64_t protocol_number(const struct protocol_message *message, uint16_t tag, uint64_t otherwise)
{
    struct protocol_field field;

    return find(message, tag, &field) ? field.number : otherwise;
}

const char *protocol_text(const struct protocol_message *message, uint16_t tag)
{
    struct protocol_field field;

    return find(message, tag, &field) ? field.data : NULL;
}

const void *protocol_bytes(const struct protocol_message *message, uint16_t tag, size_t *ret_size)
{
    struct protocol_field field;

    if (!find(message, tag, &field)) {
        *ret_size = 0;
        return NULL;
    }
    *ret_size = field.size;
    return field.data;
}

/* ---- writing ---- */

void protocol_begin(struct protocol_out *out, uint16_t type, uint32_t request)
{
    struct protocol_header header = {.magic = PROTOCOL_MAGIC, .version = PROTOCOL_VERSION, .type = type, .request = request};

    *out = (struct protocol_out){.type = type};
    text_add_n(&out->bytes, (const char *)&header, sizeof(header));
}

void protocol_add_bytes(struct protocol_out *out, uint16_t tag, const void *data, size_t size)
{
    static const char zeros[ALIGN];
    struct wire_field field = {.tag = tag, .size = (uint32_t)size};

    if (size > PROTOCOL_RECORD_MAX) {
        out->bytes.is_broken = true;
        return;
    }
    text_add_n(&out->bytes, (const char *)&field, sizeof(field));
    text_add_n(&out->bytes, data, size);
    text_add_n(&out->bytes, zeros, padded(size) - size);
}

void protocol_add_number(struct protocol_out *out, uint16_t tag, uint64_t value)
{
    protocol_add_bytes(out, tag, &value, sizeof(value));
}

void protocol_add_text(struct protocol_out *out, uint16_t tag, const char *text)
{
    if (text)
        protocol_add_bytes(out, tag, text, strlen(text) + 1);
}

int protocol_finish(struct protocol_out *out, struct error *err)
{
    struct protocol_message unused;
    uint32_t size;

    if (out->bytes.is_broken || out->bytes.length < sizeof(struct protocol_header))
        return error_memory(err);
    size = (uint32_t)(out->bytes.length - sizeof(struct protocol_header));
    memcpy(out->bytes.data + offsetof(struct protocol_header, size), &size, sizeof(size));
    return protocol_parse(out->bytes.data, out->bytes.length, &unused, err);
}

void protocol_free(struct protocol_out *out)
{
    text_finish(&out->bytes);
}

void protocol_add_error(struct protocol_out *out, const struct error *err, const char *code)
{
    protocol_add_number(out, TAG_ERROR_KIND, (uint64_t)err->kind);
    protocol_add_number(out, TAG_ERRNUM, (uint64_t)err->errnum);
    protocol_add_text(out, TAG_TEXT, err->text);
    protocol_add_text(out, TAG_CODE, code);
}

void protocol_read_error(const struct protocol_message *message, struct error *ret_err)
{
    uint64_t kind = protocol_number(message, TAG_ERROR_KIND, ERROR_INTERNAL), errnum = protocol_number(message, TAG_ERRNUM, 0);
    const char *text = protocol_text(message, TAG_TEXT);

    if (kind < ERROR_INVALID || kind > ERROR_SCHEMA)
        kind = ERROR_INTERNAL;
    error_set(ret_err, (enum error_kind)kind, errnum < 4096 ? (int)errnum : EPROTO, "%s", text && *text ? text : "it failed without a word");
}

_Static_assert(ERROR_SCHEMA == 10, "the last kind");
