/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/1.1 requests (RFC 9112). Whoever sends the records may be anybody's: each byte is checked for what it may be there. */
#include "inspect/holder_ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "inspect/spelling.h"

#define HTTPS_PORT 443

struct refusal {
    enum hold_failure failure;
    struct error *err;
};

void ask_init(struct ask *ask, const struct net_secrets *secrets, uint64_t usable, const char *host, unsigned port,
              struct queue *out)
{
    *ask = (struct ask){.secrets = secrets, .usable = usable, .host = host, .port = port, .out = out};
}

void ask_finish(struct ask *ask)
{
    queue_finish(&ask->basic);
}

void ask_next(struct ask *ask)
{
    ask_finish(ask);
    ask_init(ask, ask->secrets, ask->usable, ask->host, ask->port, ask->out);
}

static int wrong(struct refusal *refusal, const char *what)
{
    refusal->failure = HOLD_BAD_RECORD;
    return error_set(refusal->err, ERROR_INTERNAL, EPROTO, "the inspector's records: %s", what);
}

static int misplaced(struct refusal *refusal, const struct net_secret *secret, const char *where)
{
    refusal->failure = HOLD_MISPLACED;
    return error_set(refusal->err, ERROR_FORBIDDEN, EACCES, "secret '%s' is not for %s; its 'in' says where it is", secret->name,
                     where);
}

static int exhausted(struct refusal *refusal)
{
    refusal->failure = HOLD_EXHAUSTED;
    return error_memory(refusal->err);
}

static int put(struct ask *ask, struct refusal *refusal, const char *bytes, size_t size)
{
    return queue_add(ask->out, bytes, size) < 0 ? exhausted(refusal) : 0;
}

static int put_text(struct ask *ask, struct refusal *refusal, const char *text)
{
    return put(ask, refusal, text, strlen(text));
}

static int put_spelled(struct queue *to, struct refusal *refusal, enum hold_encoding encoding, const struct net_secret *secret)
{
    size_t length = spelling_write(encoding, secret->value, secret->value_length, NULL);
    unsigned char *room = queue_room(to, length);

    if (!room)
        return exhausted(refusal);
    spelling_write(encoding, secret->value, secret->value_length, (char *)room);
    queue_grow(to, length);
    return 0;
}

/* ---- where a secret may stand ---- */

static void remember(struct ask *ask, const char *bytes, size_t size)
{
    size_t more = size < sizeof(ask->tail) ? size : sizeof(ask->tail);
    size_t kept = ask->tail_size < sizeof(ask->tail) - more ? ask->tail_size : sizeof(ask->tail) - more;

    memmove(ask->tail, ask->tail + ask->tail_size - kept, kept);
    memcpy(ask->tail + kept, bytes + size - more, more);
    ask->tail_size = kept + more;
}

static bool is_in(const struct net_secret *secret, enum net_secret_place place, const char *name, size_t size)
{
    for (size_t i = 0; i < secret->field_count; i++) {
        const struct net_secret_field *field = &secret->fields[i];

        if (field->place != place)
            continue;
        if (place == NET_SECRET_BASIC || place == NET_SECRET_BODY)
            return true;
        if (strlen(field->field) != size)
            continue;
        if (place == NET_SECRET_HEADER ? strncasecmp(field->field, name, size) == 0 : memcmp(field->field, name, size) == 0)
            return true;
    }
    return false;
}

static int secret_of(struct ask *ask, const struct hold_record *record, const struct net_secret **ret_secret,
                     struct refusal *refusal)
{
    if (record->number >= ask->secrets->count)
        return wrong(refusal, "a secret that does not exist");
    *ret_secret = &ask->secrets->items[record->number];
    if (!(ask->usable >> record->number & 1)) {
        refusal->failure = HOLD_NOT_FOR_HOST;
        return error_set(refusal->err, ERROR_FORBIDDEN, EACCES, "secret '%s' is not for %s; its 'hosts' say for whom it is",
                         (*ret_secret)->name, ask->host);
    }
    if (++ask->uses > HOLD_USES_MAX)
        return wrong(refusal, "more secrets than one request may have");
    if (lane_is_begun(ask->tail, ask->tail_size))
        return misplaced(refusal, *ret_secret, "the end of an escape that was begun");
    ask->tail_size = 0;
    return 0;
}

/* ---- the target ---- */

static int take_method(struct ask *ask, const char *method, size_t size, struct refusal *refusal)
{
    if (!hold_is_token(method, size))
        return wrong(refusal, "a method that is no token");
    if ((size == 5 && strncasecmp(method, "TRACE", 5) == 0) || (size == 7 && strncasecmp(method, "CONNECT", 7) == 0))
        return wrong(refusal, "TRACE or CONNECT, which say a request again or lead elsewhere");
    ask->expects_body = hold_expects_body(method, size);
    ask->is_head = size == 4 && memcmp(method, "HEAD", 4) == 0;
    ask->state = ASK_TARGET;
    ask->tail_size = 0;
    return put(ask, refusal, method, size) < 0 ? -ENOMEM : put(ask, refusal, " ", 1);
}

/* Which parameter of the query the bytes so far lead into. */
static int follow_query(struct ask *ask, char byte, struct refusal *refusal)
{
    if (byte == '?' && !ask->has_query) {
        ask->has_query = ask->is_in_name = true;
        ask->name_size = 0;
    } else if (!ask->has_query) {
        return 0;
    } else if (byte == '&') {
        ask->is_in_name = true;
        ask->name_size = 0;
    } else if (byte == '=' && ask->is_in_name) {
        ask->is_in_name = false;
    } else if (ask->is_in_name) {
        if (ask->name_size == sizeof(ask->name))
            return wrong(refusal, "a parameter with too long a name");
        ask->name[ask->name_size++] = byte;
    }
    ask->has_semicolon |= byte == ';';
    return 0;
}

static int take_target(struct ask *ask, const char *bytes, size_t size, struct refusal *refusal)
{
    bool is_first = ask->head_size == 0;
    int status = 0;

    ask->head_size += size;
    if (ask->head_size > HOLD_TARGET_MAX)
        return wrong(refusal, "a target that is too long");
    if (is_first && bytes[0] != '/' && !(size == 1 && bytes[0] == '*'))
        return wrong(refusal, "a target that does not begin with '/'");
    if (ask->is_asterisk)
        return wrong(refusal, "a target that goes on behind '*'");
    ask->is_asterisk = bytes[0] == '*' && is_first;
    for (size_t i = 0; i < size && status == 0; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte <= ' ' || byte >= 0x7f || byte == '#')
            return wrong(refusal, "a target with a byte that none has");
        status = follow_query(ask, bytes[i], refusal);
    }
    return status < 0 ? status : put(ask, refusal, bytes, size);
}

/* Two readings of ';' in a query are two opinions of which parameter this is. */
static int take_target_secret(struct ask *ask, const struct hold_record *record, const struct net_secret *secret,
                              struct refusal *refusal)
{
    char name[HOLD_NAME_MAX];
    int size = spelling_form_read(ask->name, ask->name_size, name);

    if (!ask->has_query || ask->is_in_name || ask->has_semicolon || size < 0 ||
        !is_in(secret, NET_SECRET_QUERY, name, (size_t)size))
        return misplaced(refusal, secret, ask->has_query ? "this parameter of a query" : "a path");
    if (record->encoding != HOLD_FORM)
        return wrong(refusal, "a secret in a query that is not encoded for it");
    return put_spelled(ask->out, refusal, HOLD_FORM, secret);
}

/* The fields that are the holder's to write. */
static int end_target(struct ask *ask, struct refusal *refusal)
{
    char port[8] = "";
    int status;

    if (ask->head_size == 0)
        return wrong(refusal, "a request without a target");
    if (ask->port != HTTPS_PORT)
        snprintf(port, sizeof(port), ":%u", ask->port);
    status = put_text(ask, refusal, " HTTP/1.1\r\nHost: ");
    if (status == 0)
        status = put_text(ask, refusal, ask->host);
    if (status == 0)
        status = put_text(ask, refusal, port);
    return status == 0 ? put_text(ask, refusal, "\r\nAccept-Encoding: identity\r\n") : status;
}

/* ---- fields ---- */

/* The end of the target or of the field before. */
static int end_part(struct ask *ask, struct refusal *refusal)
{
    size_t size = queue_size(&ask->basic), length = SPELLING_BASE64(size);
    unsigned char *room;

    if (ask->state == ASK_TARGET)
        return end_target(ask, refusal);
    if (ask->is_basic) {
        room = queue_room(ask->out, length);
        if (!room)
            return exhausted(refusal);
        spelling_base64(queue_head(&ask->basic), size, (char *)room);
        queue_grow(ask->out, length);
        queue_finish(&ask->basic);
    }
    return put_text(ask, refusal, "\r\n");
}

static int take_field(struct ask *ask, const struct hold_record *record, const char *name, struct refusal *refusal)
{
    int status = end_part(ask, refusal);

    if (status < 0)
        return status;
    if (!hold_is_token(name, record->size) || net_secret_is_reserved(name, record->size))
        return wrong(refusal, "a field that is the holder's own, or no token");
    if (record->encoding == HOLD_BASIC && (record->size != 13 || strncasecmp(name, "authorization", 13) != 0))
        return wrong(refusal, "a name and password for a field that has none");
    ask->head_size += record->size;
    if (++ask->field_count > HOLD_FIELDS_MAX)
        return wrong(refusal, "too many fields");
    memcpy(ask->name, name, record->size);
    ask->name_size = record->size;
    ask->is_basic = record->encoding == HOLD_BASIC;
    ask->state = ASK_FIELD;
    ask->tail_size = 0;
    status = put(ask, refusal, name, record->size);
    return status == 0 ? put_text(ask, refusal, ask->is_basic ? ": Basic " : ": ") : status;
}

static int take_value(struct ask *ask, const char *bytes, size_t size, struct refusal *refusal)
{
    ask->head_size += size;
    if (ask->head_size > HOLD_HEAD_MAX)
        return wrong(refusal, "a head that is too long");
    if (!hold_is_value(bytes, size))
        return wrong(refusal, "a field with a control byte");
    if (!ask->is_basic)
        return put(ask, refusal, bytes, size);
    return queue_add(&ask->basic, bytes, size) < 0 ? exhausted(refusal) : 0;
}

static int take_field_secret(struct ask *ask, const struct hold_record *record, const struct net_secret *secret,
                             struct refusal *refusal)
{
    bool may = ask->is_basic ? is_in(secret, NET_SECRET_BASIC, NULL, 0)
                             : is_in(secret, NET_SECRET_HEADER, ask->name, ask->name_size);

    if (!may)
        return misplaced(refusal, secret, ask->is_basic ? "a name and password" : "this field");
    if (record->encoding != HOLD_RAW)
        return wrong(refusal, "a secret in a field that is encoded");
    return put_spelled(ask->is_basic ? &ask->basic : ask->out, refusal, HOLD_RAW, secret);
}

/* ---- the body ---- */

static int take_body(struct ask *ask, const struct hold_record *record, struct refusal *refusal)
{
    char text[64] = "\r\n";
    int status = end_part(ask, refusal);

    if (status == 0 && record->encoding != HOLD_NO_BODY && !ask->expects_body)
        status = put_text(ask, refusal, "Connection: close\r\n");
    if (status < 0)
        return status;
    ask->state = ASK_BODY;
    ask->tail_size = 0;
    ask->body = record->encoding;
    ask->left = record->count;
    if (ask->body == HOLD_LENGTH)
        snprintf(text, sizeof(text), "Content-Length: %llu\r\n\r\n", (unsigned long long)record->count);
    else if (ask->body == HOLD_CHUNKED)
        snprintf(text, sizeof(text), "Transfer-Encoding: chunked\r\n\r\n");
    return put_text(ask, refusal, text);
}

/* `size` bytes of a body come: of its length, or a chunk of their own, whose end the caller adds. */
static int begin_piece(struct ask *ask, size_t size, struct refusal *refusal)
{
    char text[24];

    if (ask->body == HOLD_NO_BODY || (ask->body == HOLD_LENGTH && size > ask->left))
        return wrong(refusal, "more of a body than was said");
    if (ask->body == HOLD_LENGTH) {
        ask->left -= size;
        return 0;
    }
    snprintf(text, sizeof(text), "%zx\r\n", size);
    return put_text(ask, refusal, text);
}

static int take_body_piece(struct ask *ask, const struct hold_record *record, const char *bytes,
                           const struct net_secret *secret, struct refusal *refusal)
{
    size_t size = record->size;
    int status;

    if (secret && !is_in(secret, NET_SECRET_BODY, NULL, 0))
        return misplaced(refusal, secret, "a body");
    if (secret && record->encoding == HOLD_RAW)
        return wrong(refusal, "a secret in a body that is not encoded for it");
    if (secret)
        size = spelling_write(record->encoding, secret->value, secret->value_length, NULL);
    status = begin_piece(ask, size, refusal);
    if (status == 0)
        status = secret ? put_spelled(ask->out, refusal, record->encoding, secret) : put(ask, refusal, bytes, size);
    if (status == 0 && ask->body == HOLD_CHUNKED)
        status = put_text(ask, refusal, "\r\n");
    return status;
}

static int take_end(struct ask *ask, struct refusal *refusal)
{
    if (ask->body == HOLD_LENGTH && ask->left)
        return wrong(refusal, "less of a body than was said");
    ask->state = ASK_WHOLE;
    return ask->body == HOLD_CHUNKED ? put_text(ask, refusal, "0\r\n\r\n") : 0;
}

/* ---- records ---- */

static int take_secret(struct ask *ask, const struct hold_record *record, struct refusal *refusal)
{
    const struct net_secret *secret = NULL;
    int status = secret_of(ask, record, &secret, refusal);

    if (status < 0)
        return status;
    switch (ask->state) {
    case ASK_TARGET:
        return take_target_secret(ask, record, secret, refusal);
    case ASK_FIELD:
        return take_field_secret(ask, record, secret, refusal);
    case ASK_BODY:
        return take_body_piece(ask, record, NULL, secret, refusal);
    default:
        return wrong(refusal, "a secret outside a request");
    }
}

static int take_bytes(struct ask *ask, const struct hold_record *record, const char *bytes, struct refusal *refusal)
{
    remember(ask, bytes, record->size);
    switch (ask->state) {
    case ASK_TARGET:
        return take_target(ask, bytes, record->size, refusal);
    case ASK_FIELD:
        return take_value(ask, bytes, record->size, refusal);
    case ASK_BODY:
        return take_body_piece(ask, record, bytes, NULL, refusal);
    default:
        return wrong(refusal, "bytes outside a request");
    }
}

static int take_any(struct ask *ask, const struct hold_record *record, const char *payload, struct refusal *refusal)
{
    bool is_in_head = ask->state == ASK_TARGET || ask->state == ASK_FIELD;

    if (record->type == HOLD_BYTES)
        return take_bytes(ask, record, payload, refusal);
    if (record->type == HOLD_SECRET)
        return take_secret(ask, record, refusal);
    if (record->type == HOLD_REQUEST && ask->state == ASK_IDLE)
        return take_method(ask, payload, record->size, refusal);
    if (record->type == HOLD_FIELD && is_in_head)
        return take_field(ask, record, payload, refusal);
    if (record->type == HOLD_BODY && is_in_head)
        return take_body(ask, record, refusal);
    if (record->type == HOLD_END && ask->state == ASK_BODY)
        return take_end(ask, refusal);
    return wrong(refusal, "one that does not follow the one before");
}

int ask_take(struct ask *ask, const struct hold_record *record, const char *payload, enum hold_failure *ret_failure,
             struct error *err)
{
    struct refusal refusal = {.err = err};
    int status = take_any(ask, record, payload, &refusal);

    if (status < 0)
        *ret_failure = refusal.failure;
    return status;
}
