/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets as one flat record (record.h). An error names a secret by its name at most, never by what it holds. */
#include "net/secrets.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "net/name.h"
#include "net/record.h"

#define TEXT_MAX        255
#define PLACEHOLDER_MIN 16
#define HOSTS_MAX       256
#define FIELDS_MAX      64

/* ---- what they must be ---- */

/* By these a request's end is found, its server, or what of an answer comes and how it is written. */
bool net_secret_is_reserved(const char *header, size_t size)
{
    static const char *const names[] = {
        "accept-charset", "accept-encoding",    "connection", "content-length",    "expect",   "host",    "http2-settings",
        "if-range",       "keep-alive",         "range",      "proxy-connection",  "te",       "trailer", "transfer-encoding",
        "upgrade",        "proxy-authenticate", "proxy-authorization",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strlen(names[i]) == size && strncasecmp(names[i], header, size) == 0)
            return true;
    return false;
}

static bool is_value(const char *value, size_t length)
{
    return value && length && length <= NET_SECRET_VALUE_MAX && !memchr(value, '\0', length) && !memchr(value, '\r', length) &&
           !memchr(value, '\n', length);
}

size_t net_secret_value_length(const char *bytes, size_t size)
{
    if (size && bytes[size - 1] == '\n')
        size--;
    if (size && bytes[size - 1] == '\r')
        size--;
    return size;
}

const char *net_secret_value_fault(const char *value, size_t length)
{
    _Static_assert(NET_SECRET_VALUE_MIN == 8 && NET_SECRET_VALUE_MAX == 16384, "the texts say them");
    if (!length)
        return "is empty";
    if (length < NET_SECRET_VALUE_MIN)
        return "has less than 8 bytes and stands in answers by chance, where it could not be told from other text: use a longer one";
    if (length > NET_SECRET_VALUE_MAX)
        return "has more than 16384 bytes";
    if (!is_value(value, length))
        return "has more than one line, or NUL in it: it could not stand in a request";
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)value[i] < ' ' && value[i] != '\t') || value[i] == 0x7f)
            return "has a control byte in it: it could not stand in a request";
    return NULL;
}

/* ---- from bytes ---- */

static void take_placeholder(struct record_reader *reader, struct net_secret *secret)
{
    static const char bytes[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    const char *text = record_take_text(reader, TEXT_MAX, false);

    if (text && (strlen(text) < PLACEHOLDER_MIN || text[strspn(text, bytes)]))
        record_fail(reader, "a placeholder that could be guessed or spelled otherwise");
    secret->placeholder = text;
}

static void take_hosts(struct record_reader *reader, struct net_secret *secret)
{
    const char **hosts = record_take_array(reader, sizeof(*hosts), 4, &secret->host_count);
    char canonical[NET_NAME_SIZE];

    secret->hosts = hosts;
    if (!secret->host_count || secret->host_count > HOSTS_MAX)
        record_fail(reader, "a secret for no host, or for too many");
    for (size_t i = 0; i < secret->host_count && reader->status == 0; i++) {
        hosts[i] = record_take_text(reader, NET_NAME_SIZE - 1, false);
        if (hosts[i] && (net_name_canonical(hosts[i], strlen(hosts[i]), canonical, NULL) < 0 || strcmp(hosts[i], canonical) != 0))
            record_fail(reader, "a host that is no name in its one spelling");
    }
}

static void take_field(struct record_reader *reader, struct net_secret_field *field)
{
    field->place = (enum net_secret_place)record_take_within(reader, NET_SECRET_HEADER, NET_SECRET_BODY, "an unknown place");
    switch (field->place) {
    case NET_SECRET_HEADER:
        field->field = record_take_token(reader, TEXT_MAX);
        if (field->field && net_secret_is_reserved(field->field, strlen(field->field)))
            record_fail(reader, "a header that is the holder's own");
        return;
    case NET_SECRET_BASIC:
        field->field = record_take_text(reader, 0, false);
        return;
    case NET_SECRET_QUERY:
    case NET_SECRET_BODY:
        field->field = record_take_words(reader, TEXT_MAX);
        return;
    }
}

static void take_value(struct record_reader *reader, bool has_values, struct net_secret *secret)
{
    const unsigned char *bytes;

    secret->value_length = record_take_within(reader, 1, NET_SECRET_VALUE_MAX, "a value that is empty or too long");
    bytes = has_values ? record_take_bytes(reader, secret->value_length) : NULL;
    if (!bytes)
        return;
    if (!is_value((const char *)bytes, secret->value_length)) {
        record_fail(reader, "a value of more than one line, or with NUL in it");
        return;
    }
    secret->value = arena_string_n(reader->arena, (const char *)bytes, secret->value_length);
    if (!secret->value)
        reader->status = error_memory(reader->err);
}

static void take_secret(struct record_reader *reader, bool has_values, struct net_secret *secret)
{
    struct net_secret_field *fields;

    secret->name = record_take_words(reader, TEXT_MAX);
    take_placeholder(reader, secret);
    secret->where = record_take_text(reader, RECORD_WHERE_MAX, false);
    take_hosts(reader, secret);
    fields = record_take_array(reader, sizeof(*fields), 8, &secret->field_count);
    if (!secret->field_count || secret->field_count > FIELDS_MAX)
        record_fail(reader, "a secret for no place, or for too many");
    for (size_t i = 0; i < secret->field_count && reader->status == 0; i++)
        take_field(reader, &fields[i]);
    secret->fields = fields;
    take_value(reader, has_values, secret);
}

/* Whoever looks for one must not find another in it. */
static void check_placeholders(struct record_reader *reader, const struct net_secrets *secrets)
{
    for (size_t i = 0; i < secrets->count && reader->status == 0; i++)
        for (size_t j = 0; j < secrets->count && reader->status == 0; j++)
            if (i != j && strstr(secrets->items[i].placeholder, secrets->items[j].placeholder))
                record_fail(reader, "a placeholder within another");
}

static void take_all(struct record_reader *reader, struct net_secrets *secrets)
{
    bool has_values;

    if (record_take_number(reader) != RECORD_SECRETS)
        record_fail(reader, "not such a record, or one of another version");
    if (record_take_number(reader) != reader->size)
        record_fail(reader, "a size that is not its own");
    has_values = record_take_bool(reader);
    secrets->items = record_take_array(reader, sizeof(*secrets->items), 40, &secrets->count);
    if (has_values && !secrets->count)
        record_fail(reader, "values of no secrets");
    if (secrets->count > NET_SECRETS_MAX)
        record_fail(reader, "too many secrets");
    for (size_t i = 0; i < secrets->count && reader->status == 0; i++)
        take_secret(reader, has_values, &secrets->items[i]);
    check_placeholders(reader, secrets);
    if (reader->at != reader->size)
        record_fail(reader, "more behind its end");
}

int net_secrets_read(struct arena *arena, const void *record, size_t size, struct net_secrets **ret_secrets,
                     struct error *err)
{
    struct record_reader reader = {
        .arena = arena, .data = record, .size = size, .of = "secrets", .errnum = EBADMSG, .err = err};
    struct net_secrets *secrets;

    if (size > NET_SECRETS_RECORD_MAX)
        return error_set(err, ERROR_INVALID, EBADMSG, "secrets: more than 2 MiB");
    secrets = record_allocate(&reader, sizeof(*secrets));
    if (secrets)
        take_all(&reader, secrets);
    if (reader.status < 0)
        return reader.status;
    *ret_secrets = secrets;
    return 0;
}

/* ---- to bytes ---- */

static void put_secret(struct text *out, const struct net_secret *secret, bool has_values)
{
    record_put_text(out, secret->name, TEXT_MAX + 1);
    record_put_text(out, secret->placeholder, TEXT_MAX + 1);
    record_put_text(out, secret->where, RECORD_WHERE_MAX);
    record_put_count(out, secret->host_count);
    for (size_t i = 0; i < secret->host_count; i++)
        record_put_text(out, secret->hosts[i], NET_NAME_SIZE);
    record_put_count(out, secret->field_count);
    for (size_t i = 0; i < secret->field_count; i++) {
        record_put_number(out, secret->fields[i].place);
        record_put_text(out, secret->fields[i].field, TEXT_MAX + 1);
    }
    record_put_count(out, secret->value_length);
    if (has_values)
        text_add_n(out, secret->value, secret->value_length);
}

static void put_all(struct text *out, const struct net_secrets *secrets, bool has_values)
{
    uint32_t size;

    record_put_number(out, RECORD_SECRETS);
    record_put_number(out, 0);
    record_put_number(out, has_values && secrets->count);
    record_put_count(out, secrets->count);
    for (size_t i = 0; i < secrets->count && out->length <= NET_SECRETS_RECORD_MAX; i++)
        put_secret(out, &secrets->items[i], has_values);
    if (out->is_broken)
        return;
    size = (uint32_t)out->length;
    memcpy(out->data + sizeof(size), &size, sizeof(size));
}

/* Everything but the values is held against what the reader takes, so that these are in memory once. */
static int check_secrets(const struct net_secrets *secrets, bool has_values, size_t *ret_size, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    struct text plain auto_text = {0};
    struct net_secrets *unused;

    put_all(&plain, secrets, false);
    if (!arena || plain.is_broken)
        return error_memory(err);
    *ret_size = plain.length;
    for (size_t i = 0; i < secrets->count && has_values; i++) {
        if (!is_value(secrets->items[i].value, secrets->items[i].value_length))
            return error_set(err, ERROR_INVALID, EBADMSG,
                             "the value of secret %zu is missing, empty, too long, of more than one line, or has NUL in it", i + 1);
        *ret_size += secrets->items[i].value_length;
    }
    return net_secrets_read(arena, plain.data, plain.length, &unused, err);
}

int net_secrets_write(const struct net_secrets *secrets, bool has_values, void **ret_record, size_t *ret_size, struct error *err)
{
    struct text out auto_text = {0};
    size_t size;
    char *record;
    int status = check_secrets(secrets, has_values, &size, err);

    if (status < 0)
        return status;
    out.data = mem_alloc(size + 1); /* all at once: growing would leave copies behind */
    if (!out.data)
        return error_memory(err);
    out.capacity = size + 1;
    put_all(&out, secrets, has_values);
    status = text_take(&out, &record, err);
    if (status < 0)
        return status;
    *ret_record = record;
    *ret_size = size;
    return 0;
}
