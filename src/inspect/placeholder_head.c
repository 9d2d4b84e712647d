/* SPDX-License-Identifier: Apache-2.0 */
/* Placeholders in fields, among them a name and password, and in targets. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "inspect/placeholder_inside.h"
#include "inspect/spelling.h"

/* ---- fields ---- */

static bool may_be_in_field(const struct net_secret *secret, enum net_secret_place place, const char *name, size_t size)
{
    for (size_t i = 0; i < secret->field_count; i++) {
        const struct net_secret_field *field = &secret->fields[i];

        if (field->place == place && (place == NET_SECRET_BASIC || (strlen(field->field) == size && strncasecmp(field->field, name, size) == 0)))
            return true;
    }
    return false;
}

/* Every placeholder in clear: 0 = it may stand there. */
static int judge_value(struct placeholders *placeholders, const char *host, enum net_secret_place place, const char *name,
                       size_t name_size, const char *value, size_t size, const char *where, unsigned *ret_secret,
                       struct error *err)
{
    const struct net_secrets *secrets = placeholders->secrets;
    size_t at = 0, from = 0;
    unsigned secret = 0, count = 0;

    while (placeholder_next(secrets, value, size, from, &at, &secret)) {
        const struct net_secret *item = &secrets->items[secret];

        if (placeholder_is_too_many(++count, secret, ret_secret))
            return -E2BIG;
        if (!placeholder_is_for(item, host) || !may_be_in_field(item, place, name, name_size))
            return placeholder_refuse(placeholders, secret, host, where, ret_secret, err);
        from = at + strlen(item->placeholder);
    }
    return 0;
}

/* Its decoded "name:password" where a placeholder is in it; NULL = it is no such field, or holds none. */
static int decode_basic(const struct net_secrets *secrets, const char *name, size_t name_size, const char *value, size_t size,
                        char **ret_decoded, size_t *ret_size)
{
    auto_free char *decoded = NULL;
    unsigned secret;
    size_t at;
    int length;

    *ret_decoded = NULL;
    if (name_size != 13 || strncasecmp(name, "authorization", 13) != 0 || size < 6 || strncasecmp(value, "basic ", 6) != 0)
        return 0;
    for (value += 6, size -= 6; size && *value == ' '; value++)
        size--;
    decoded = mem_alloc(size + 1);
    if (!decoded)
        return -ENOMEM;
    length = spelling_base64_read(value, size, decoded);
    if (length < 0 || !placeholder_next(secrets, decoded, (size_t)length, 0, &at, &secret) ||
        !hold_is_value(decoded, (size_t)length))
        return 0;
    *ret_size = (size_t)length;
    *ret_decoded = take_ptr(decoded);
    return 0;
}

int placeholder_split_field(struct placeholders *placeholders, const char *host, const char *name, size_t name_size,
                            const char *value, size_t size, struct placeholder_text *ret_text, unsigned *ret_secret,
                            struct error *err)
{
    struct placeholder_text text = {0};
    enum net_secret_place place = NET_SECRET_HEADER;
    char where[64 + HOLD_NAME_MAX];
    int status = placeholder_check(placeholders, name, name_size, "the name of a field", ret_secret, err);

    if (status < 0)
        return status;
    status = decode_basic(placeholders->secrets, name, name_size, value, size, &text.decoded, &size);
    if (status < 0)
        return error_memory(err);
    snprintf(where, sizeof(where), "field '%.*s'", (int)(name_size < HOLD_NAME_MAX ? name_size : HOLD_NAME_MAX), name);
    if (text.decoded) {
        text.is_basic = true;
        place = NET_SECRET_BASIC;
        value = text.decoded;
        snprintf(where, sizeof(where), "the name and password of field 'Authorization'");
    }
    status = judge_value(placeholders, host, place, name, name_size, value, size, where, ret_secret, err);
    if (status == 0)
        status = placeholder_cut(placeholders->secrets, value, size, HOLD_RAW, &text);
    return placeholder_finish_split(placeholders, value, size, where, &text, status, ret_text, ret_secret, err);
}

/* ---- targets ---- */

/* The parameter that byte `at` of a query is in the value of; false = of none. ';' has two readings. */
static bool parameter_at(const char *query, size_t at, const char **ret_name, size_t *ret_size)
{
    size_t first = at, equals;

    while (first > 0 && query[first - 1] != '&' && query[first - 1] != '?')
        first--;
    equals = first;
    while (equals < at && query[equals] != '=')
        equals++;
    *ret_name = query + first;
    *ret_size = equals - first;
    return equals < at && *ret_size <= HOLD_NAME_MAX && !memchr(query, ';', at);
}

bool placeholder_is_parameter(const struct net_secret *secret, enum net_secret_place place, const char *name, size_t size)
{
    char decoded[HOLD_NAME_MAX];
    int length = size <= sizeof(decoded) ? spelling_form_read(name, size, decoded) : -1;

    for (size_t i = 0; i < secret->field_count && length >= 0; i++) {
        const struct net_secret_field *field = &secret->fields[i];
        bool is_pointer = place == NET_SECRET_BODY && field->field[0] == '/';

        if (field->place == place && !is_pointer && strlen(field->field) == (size_t)length &&
            memcmp(field->field, decoded, (size_t)length) == 0)
            return true;
    }
    return false;
}

static int judge_target(struct placeholders *placeholders, const char *host, const char *target, size_t size,
                        unsigned *ret_secret, struct error *err)
{
    const struct net_secrets *secrets = placeholders->secrets;
    const char *query = memchr(target, '?', size), *name;
    size_t at = 0, from = 0, length;
    unsigned secret = 0, count = 0;

    while (placeholder_next(secrets, target, size, from, &at, &secret)) {
        const struct net_secret *item = &secrets->items[secret];
        bool is_in_query = query && target + at > query;

        if (placeholder_is_too_many(++count, secret, ret_secret))
            return -E2BIG;
        if (!is_in_query || !placeholder_is_for(item, host) ||
            !parameter_at(query, (size_t)(target + at - query), &name, &length) ||
            !placeholder_is_parameter(item, NET_SECRET_QUERY, name, length))
            return placeholder_refuse(placeholders, secret, host, is_in_query ? "the query" : "the path", ret_secret, err);
        from = at + strlen(item->placeholder);
    }
    return 0;
}

int placeholder_split_target(struct placeholders *placeholders, const char *host, const char *target, size_t size,
                             struct placeholder_text *ret_text, unsigned *ret_secret, struct error *err)
{
    struct placeholder_text text = {0};
    int status = judge_target(placeholders, host, target, size, ret_secret, err);

    if (status == 0)
        status = placeholder_cut(placeholders->secrets, target, size, HOLD_FORM, &text);
    return placeholder_finish_split(placeholders, target, size, "the target", &text, status, ret_text, ret_secret, err);
}
