/* SPDX-License-Identifier: Apache-2.0 */
/* What all texts have in common: looking for placeholders, cutting the text at them, judging each. */
#include "inspect/placeholder.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/memory.h"
#include "inspect/lane.h"
#include "inspect/placeholder_inside.h"
#include "inspect/spelling.h"

#define PIECES_MAX (2 * HOLD_USES_MAX + 1)

/* ---- looking ---- */

int placeholders_init(struct placeholders *placeholders, const struct net_secrets *secrets, struct error *err)
{
    int status;

    *placeholders = (struct placeholders){.secrets = secrets, .items = mem_alloc((secrets->count + 1) * sizeof(*secrets->items))};
    if (!placeholders->items)
        return error_memory(err);
    for (size_t i = 0; i < secrets->count; i++) {
        placeholders->items[i] = secrets->items[i];
        placeholders->items[i].value = secrets->items[i].placeholder;
        placeholders->items[i].value_length = strlen(secrets->items[i].placeholder);
    }
    placeholders->looked_for = (struct net_secrets){.items = placeholders->items, .count = secrets->count};
    status = values_init(&placeholders->values, &placeholders->looked_for, err);
    if (status == 0)
        status = scrub_new(&placeholders->values, &placeholders->scrub, err);
    if (status < 0)
        placeholders_finish(placeholders);
    return status;
}

void placeholders_finish(struct placeholders *placeholders)
{
    scrub_free(placeholders->scrub);
    values_finish(&placeholders->values);
    mem_free(placeholders->items);
    *placeholders = (struct placeholders){0};
}

bool placeholder_is_for(const struct net_secret *secret, const char *host)
{
    for (size_t i = 0; host && i < secret->host_count; i++)
        if (strcmp(secret->hosts[i], host) == 0)
            return true;
    return false;
}

bool placeholder_has_host(const struct placeholders *placeholders, const char *host)
{
    for (size_t i = 0; i < placeholders->secrets->count; i++)
        if (placeholder_is_for(&placeholders->secrets->items[i], host))
            return true;
    return false;
}

bool placeholder_next(const struct net_secrets *secrets, const char *bytes, size_t size, size_t from, size_t *ret_at,
                      unsigned *ret_secret)
{
    bool is_found = false;

    for (unsigned i = 0; i < secrets->count; i++) {
        const char *placeholder = secrets->items[i].placeholder;
        const char *at = size > from ? memmem(bytes + from, size - from, placeholder, strlen(placeholder)) : NULL;

        if (!at || (is_found && (size_t)(at - bytes) >= *ret_at))
            continue;
        *ret_at = (size_t)(at - bytes);
        *ret_secret = i;
        is_found = true;
    }
    return is_found;
}

/* Which secrets' placeholders are in there, however they are written. */
static int look(struct placeholders *placeholders, const char *bytes, size_t size, uint64_t *ret_found)
{
    struct scrub *scrub = placeholders->scrub;
    int status;

    scrub_reset(scrub);
    status = scrub_push(scrub, bytes, size);
    if (status < 0)
        return status;
    scrub_end(scrub);
    *ret_found = scrub_found(scrub);
    scrub_reset(scrub);
    return 0;
}

/* ---- refusing ---- */

int placeholder_refuse(const struct placeholders *placeholders, unsigned secret, const char *host, const char *where,
                       unsigned *ret_secret, struct error *err)
{
    const struct net_secret *item = &placeholders->secrets->items[secret];

    *ret_secret = secret;
    if (!host)
        return error_set(err, ERROR_FORBIDDEN, EACCES,
                         "the placeholder of secret '%s' is in %s, and its value is put in at its own hosts alone, over TLS that the policy terminates",
                         item->name, where);
    if (!placeholder_is_for(item, host))
        return error_set(err, ERROR_FORBIDDEN, EACCES,
                         "the placeholder of secret '%s' is in %s of a request to %s, which is none of the secret's hosts", item->name,
                         where, host);
    return error_set(err, ERROR_FORBIDDEN, EACCES,
                     "the placeholder of secret '%s' is in %s, which is none of the places that the secret's 'in' names",
                     item->name, where);
}

int placeholder_check(struct placeholders *placeholders, const char *bytes, size_t size, const char *where, unsigned *ret_secret,
                      struct error *err)
{
    uint64_t found = 0;

    if (look(placeholders, bytes, size, &found) < 0)
        return error_memory(err);
    for (unsigned i = 0; i < placeholders->secrets->count; i++)
        if (found >> i & 1) {
            *ret_secret = i;
            return error_set(err, ERROR_FORBIDDEN, EACCES, "the placeholder of secret '%s' is in %s, where no value is put in",
                             placeholders->secrets->items[i].name, where);
        }
    return 0;
}

/* ---- pieces ---- */

void placeholder_text_finish(struct placeholder_text *text)
{
    mem_free(text->pieces);
    mem_free(text->decoded);
    *text = (struct placeholder_text){0};
}

static int add_piece(struct placeholder_text *text, const struct placeholder_piece *piece)
{
    struct placeholder_piece *pieces;

    if (piece->bytes && !piece->size)
        return 0;
    if (text->count == PIECES_MAX || (!piece->bytes && text->secret_count == HOLD_USES_MAX))
        return -E2BIG;
    if (text->count % 16 == 0) {
        pieces = mem_resize(text->pieces, (text->count + 16) * sizeof(*pieces));
        if (!pieces)
            return -ENOMEM;
        text->pieces = pieces;
    }
    text->pieces[text->count++] = *piece;
    text->secret_count += piece->bytes == NULL;
    return 0;
}

int placeholder_cut(const struct net_secrets *secrets, const char *bytes, size_t size, enum hold_encoding encoding,
                    struct placeholder_text *text)
{
    size_t at = 0, from = 0;
    unsigned secret = 0;
    int status = 0;

    while (status == 0 && placeholder_next(secrets, bytes, size, from, &at, &secret)) {
        status = add_piece(text, &(struct placeholder_piece){.bytes = bytes + from, .size = at - from});
        if (status == 0)
            status = add_piece(text, &(struct placeholder_piece){.secret = secret, .encoding = encoding});
        from = at + strlen(secrets->items[secret].placeholder);
    }
    return status == 0 ? add_piece(text, &(struct placeholder_piece){.bytes = bytes + from, .size = size - from}) : status;
}

/* What a server makes of an escape and a value's first bytes together is no value that would be found in its answer. */
static int check_behind(const struct placeholders *placeholders, const char *where, const struct placeholder_text *text,
                        unsigned *ret_secret, struct error *err)
{
    for (size_t i = 1; i < text->count; i++) {
        const struct placeholder_piece *piece = &text->pieces[i], *before = piece - 1;

        if (piece->bytes || !before->bytes || !lane_is_begun(before->bytes, before->size))
            continue;
        *ret_secret = piece->secret;
        return error_set(err, ERROR_FORBIDDEN, EACCES,
                         "the placeholder of secret '%s' is in %s behind the beginning of an escape, which would take in a part of the value",
                         placeholders->secrets->items[piece->secret].name, where);
    }
    return 0;
}

int placeholder_finish_split(struct placeholders *placeholders, const char *bytes, size_t size, const char *where,
                             struct placeholder_text *text, int status, struct placeholder_text *ret_text, unsigned *ret_secret,
                             struct error *err)
{
    uint64_t found = 0;

    if (status == 0)
        status = check_behind(placeholders, where, text, ret_secret, err);
    if (status == 0)
        status = look(placeholders, bytes, size, &found);
    for (size_t i = 0; i < text->count; i++)
        if (!text->pieces[i].bytes)
            found &= ~(1ull << text->pieces[i].secret);
    for (unsigned i = 0; i < placeholders->secrets->count && status == 0; i++)
        if (found >> i & 1) {
            *ret_secret = i;
            status = error_set(err, ERROR_FORBIDDEN, EACCES,
                               "the placeholder of secret '%s' is in %s in a coding in which no value is put in",
                               placeholders->secrets->items[i].name, where);
        }
    if (status == -ENOMEM)
        error_memory(err);
    if (status == -E2BIG) {
        for (size_t i = 0; i < text->count; i++)
            if (!text->pieces[i].bytes)
                *ret_secret = text->pieces[i].secret;
        status = error_set(err, ERROR_LIMIT, EACCES, "%s holds more placeholders than one request may have", where);
    }
    if (status < 0) {
        placeholder_text_finish(text);
        return status;
    }
    *ret_text = *text;
    return 0;
}

uint64_t placeholder_text_length(const struct placeholder_text *text, const struct hold_client *client)
{
    uint64_t length = 0;

    for (size_t i = 0; i < text->count; i++) {
        const struct placeholder_piece *piece = &text->pieces[i];

        length += piece->bytes ? piece->size : hold_client_length(client, piece->secret, piece->encoding);
    }
    return length;
}

int placeholder_text_send(const struct placeholder_text *text, struct hold_client *client, size_t *at)
{
    int status = 0;

    while (*at < text->count && status == 0) {
        const struct placeholder_piece *piece = &text->pieces[*at];

        status = piece->bytes ? hold_client_bytes(client, piece->bytes, piece->size)
                              : hold_client_secret(client, piece->secret, piece->encoding);
        *at += status == 0;
    }
    return status;
}
