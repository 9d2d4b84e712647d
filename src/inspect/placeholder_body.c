/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Placeholders in bodies. JSON is read by jansson, duplicate keys refused; the text itself goes on as it is. A placeholder has
 * only bytes that JSON may leave as they are, and can stand in strings and keys alone: where it is as often in the text as
 * in the strings that a secret's pointers name, and nowhere else in the tree, each of them is one of those. Neither may one stand
 * in the text that is none in the tree, because an escape before it takes its beginning.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/media.h"
#include "inspect/placeholder_inside.h"
#include "inspect/spelling.h"

#define DEPTH_MAX 256u

enum kind { KIND_OTHER, KIND_JSON, KIND_FORM };

static enum kind kind_of(const char *type)
{
    if (media_is(type, strlen(type), "application/json"))
        return KIND_JSON;
    return media_is(type, strlen(type), "application/x-www-form-urlencoded") ? KIND_FORM : KIND_OTHER;
}

bool placeholder_wants_body(const struct placeholders *placeholders, const char *host, const char *type)
{
    enum kind kind = kind_of(type);

    for (size_t i = 0; i < placeholders->secrets->count && kind != KIND_OTHER; i++) {
        const struct net_secret *secret = &placeholders->secrets->items[i];

        for (size_t j = 0; j < secret->field_count && placeholder_is_for(secret, host); j++)
            if (secret->fields[j].place == NET_SECRET_BODY && (kind == KIND_JSON) == (secret->fields[j].field[0] == '/'))
                return true;
    }
    return false;
}

/* ---- forms ---- */

static int judge_form(struct placeholders *placeholders, const char *host, const char *body, size_t size, unsigned *ret_secret,
                      struct error *err)
{
    const struct net_secrets *secrets = placeholders->secrets;
    size_t at = 0, from = 0;
    unsigned secret = 0, count = 0;

    while (placeholder_next(secrets, body, size, from, &at, &secret)) {
        const struct net_secret *item = &secrets->items[secret];
        const char *first = body + at, *equals;

        if (placeholder_is_too_many(++count, secret, ret_secret))
            return -E2BIG;
        while (first > body && first[-1] != '&')
            first--;
        equals = memchr(first, '=', (size_t)(body + at - first));
        if (!placeholder_is_for(item, host) || !equals || memchr(body, ';', at) ||
            !placeholder_is_parameter(item, NET_SECRET_BODY, first, (size_t)(equals - first)))
            return placeholder_refuse(placeholders, secret, host, "a field of the form in the body", ret_secret, err);
        from = at + strlen(item->placeholder);
    }
    return 0;
}

/* ---- JSON ---- */

static size_t count_in(const char *bytes, size_t size, const char *placeholder)
{
    size_t length = strlen(placeholder), count = 0;

    for (const char *at = bytes; (at = memmem(at, size - (size_t)(at - bytes), placeholder, length)); at += length)
        count++;
    return count;
}

/*
 * In the text itself, which goes on as it is. false: an escape before one of them reaches into it ("\\n" takes the first byte of
 * "npm_..."), so that it is none to who reads the string.
 */
static bool count_in_text(const char *body, size_t size, const char *placeholder, size_t *ret_count)
{
    size_t length = strlen(placeholder), at = 0, count = 0;
    const char *next;

    while ((next = memmem(body + at, size - at, placeholder, length))) {
        while (body + at < next)
            at += body[at] != '\\' ? 1 : body[at + 1] == 'u' ? 6 : 2;
        if (body + at != next)
            return false;
        at += length;
        count++;
    }
    *ret_count = count;
    return true;
}

/* In all strings and keys. *ret_deep: there may be more below. */
static size_t count_in_tree(const json_t *value, const char *placeholder, unsigned depth, bool *ret_deep)
{
    size_t count = 0, i;
    const json_t *item;
    const char *key;

    if (depth > DEPTH_MAX) {
        *ret_deep = true;
        return 0;
    }
    if (json_is_string(value))
        return count_in(json_string_value(value), json_string_length(value), placeholder);
    json_array_foreach(value, i, item)
        count += count_in_tree(item, placeholder, depth + 1, ret_deep);
    json_object_foreach((json_t *)(uintptr_t)value, key, item)
        count += count_in(key, strlen(key), placeholder) + count_in_tree(item, placeholder, depth + 1, ret_deep);
    return count;
}

/* One component of a pointer: "~0" is '~', "~1" is '/'. The rest behind it; NULL = it does not fit. */
static const char *read_component(const char *pointer, char *name, size_t size)
{
    size_t length = 0;

    for (; *pointer && *pointer != '/'; pointer++) {
        char byte = *pointer;

        if (byte == '~') {
            if (pointer[1] != '0' && pointer[1] != '1')
                return NULL;
            byte = *++pointer == '0' ? '~' : '/';
        }
        if (length + 1 >= size)
            return NULL;
        name[length++] = byte;
    }
    name[length] = '\0';
    return pointer;
}

static const json_t *element_of(const json_t *array, const char *name)
{
    size_t index = 0;

    if (!name[0] || (name[0] == '0' && name[1]) || strlen(name) > 9)
        return NULL;
    for (; *name; name++) {
        if (*name < '0' || *name > '9')
            return NULL;
        index = index * 10 + (size_t)(*name - '0');
    }
    return json_array_get(array, index);
}

/* RFC 6901. NULL = nothing is there. */
static const json_t *resolve(const json_t *value, const char *pointer)
{
    char name[HOLD_NAME_MAX];

    while (value && *pointer == '/') {
        pointer = read_component(pointer + 1, name, sizeof(name));
        if (!pointer)
            return NULL;
        value = json_is_object(value) ? json_object_get(value, name) : json_is_array(value) ? element_of(value, name) : NULL;
    }
    return value;
}

/* How often it is where this secret may stand; a string that two pointers name counts once. */
static size_t count_permitted(const json_t *root, const struct net_secret *secret)
{
    const json_t *seen[64];
    size_t seen_count = 0, count = 0;

    for (size_t i = 0; i < secret->field_count && seen_count < ARRAY_COUNT(seen); i++) {
        const json_t *value;
        bool is_new = true;

        if (secret->fields[i].place != NET_SECRET_BODY || secret->fields[i].field[0] != '/')
            continue;
        value = resolve(root, secret->fields[i].field);
        for (size_t j = 0; j < seen_count; j++)
            is_new = is_new && seen[j] != value;
        if (!json_is_string(value) || !is_new)
            continue;
        seen[seen_count++] = value;
        count += count_in(json_string_value(value), json_string_length(value), secret->placeholder);
    }
    return count;
}

static int judge_tree(struct placeholders *placeholders, const char *host, const json_t *root, const char *body, size_t size,
                      unsigned *ret_secret, struct error *err)
{
    for (unsigned i = 0; i < placeholders->secrets->count; i++) {
        const struct net_secret *secret = &placeholders->secrets->items[i];
        size_t in_text = 0, in_tree, permitted;
        bool is_plain = count_in_text(body, size, secret->placeholder, &in_text), is_deep = false;

        if (is_plain && !in_text)
            continue;
        in_tree = count_in_tree(root, secret->placeholder, 0, &is_deep);
        permitted = placeholder_is_for(secret, host) ? count_permitted(root, secret) : 0;
        if (!is_plain || is_deep || in_text != in_tree || in_tree != permitted)
            return placeholder_refuse(placeholders, i, host, "a part of the JSON in the body", ret_secret, err);
    }
    return 0;
}

static int judge_json(struct placeholders *placeholders, const char *host, const char *body, size_t size, unsigned *ret_secret,
                      struct error *err)
{
    json_t *root;
    unsigned secret = 0;
    size_t at;
    int status;

    if (!placeholder_next(placeholders->secrets, body, size, 0, &at, &secret))
        return 0;
    root = json_loadb(body, size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
    if (!root)
        return placeholder_refuse(placeholders, secret, host, "a body that is no JSON, or says a key twice", ret_secret, err);
    status = judge_tree(placeholders, host, root, body, size, ret_secret, err);
    json_decref(root);
    return status;
}

/* ---- any ---- */

static int judge_other(struct placeholders *placeholders, const char *host, const char *body, size_t size, unsigned *ret_secret,
                       struct error *err)
{
    unsigned secret = 0;
    size_t at;

    if (!placeholder_next(placeholders->secrets, body, size, 0, &at, &secret))
        return 0;
    return placeholder_refuse(placeholders, secret, host, "a body that is neither JSON nor a form", ret_secret, err);
}

int placeholder_split_body(struct placeholders *placeholders, const char *host, const char *type, const char *body, size_t size,
                           struct placeholder_text *ret_text, unsigned *ret_secret, struct error *err)
{
    enum kind kind = kind_of(type);
    struct placeholder_text text = {0};
    int status;

    if (kind == KIND_JSON)
        status = judge_json(placeholders, host, body, size, ret_secret, err);
    else if (kind == KIND_FORM)
        status = judge_form(placeholders, host, body, size, ret_secret, err);
    else
        status = judge_other(placeholders, host, body, size, ret_secret, err);
    if (status == 0)
        status = placeholder_cut(placeholders->secrets, body, size, kind == KIND_JSON ? HOLD_JSON : HOLD_FORM, &text);
    return placeholder_finish_split(placeholders, body, size, "the body", &text, status, ret_text, ret_secret, err);
}
