/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets that a program uses and never sees: it has a placeholder, the holder puts the value in its place on the way to
 * the hosts that are named, and nowhere else.
 */
#ifndef CORDON_NET_SECRETS_H
#define CORDON_NET_SECRETS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "base/memory.h"

/* Where in a request the placeholder may stand. */
enum net_secret_place {
    NET_SECRET_HEADER = 1, /* `field`: its name, none that is reserved; the placeholder may have text around it ("Bearer ...") */
    NET_SECRET_QUERY,      /* `field`: of the parameter */
    NET_SECRET_BASIC,      /* user or password of Authorization: Basic; `field` is "" */
    NET_SECRET_BODY,       /* `field`: JSON pointer (RFC 6901), or name in a form; of application/json and -urlencoded */
};

struct net_secret_field {
    enum net_secret_place place;
    const char *field;
};

struct net_secret {
    const char *name;        /* for people and events */
    const char *placeholder; /* 16..255 letters, digits, '-' and '_': the same in every encoding; unguessable; in no other */
    const char *const *hosts; /* canonical names, no wildcards */
    size_t host_count;
    const struct net_secret_field *fields;
    size_t field_count;
    size_t value_length; /* bytes */
    const char *value;   /* only in the record for the holder, else NULL; no NUL, CR or LF in it */
    const char *where;
};

struct net_secrets {
    struct net_secret *items;
    size_t count;
};

#define NET_SECRETS_MAX      64u
#define NET_SECRET_VALUE_MIN 8u /* bytes: a shorter one stands in every other answer by chance */
#define NET_SECRET_VALUE_MAX 16384u
#define NET_SECRETS_RECORD_MAX ((size_t)2 << 20)

/* Header fields that the holder writes itself or that no request through it has; in any case. No secret can stand in one. */
bool net_secret_is_reserved(const char *header, size_t size);

/* Without the one line break behind it, which is an editor's or echo's. */
size_t net_secret_value_length(const char *bytes, size_t size);

/* Why no secret has this value ("the value ..."), with the remedy where there is one; NULL = it may. */
const char *net_secret_value_fault(const char *value, size_t length);

/*
 * As one flat record (net/record.h), with values of every one or of none. Both check everything; what is wrong is refused with
 * -EBADMSG, and no error says a value. The record with values holds the one copy that is made of them: the caller wipes it.
 */
int net_secrets_write(const struct net_secrets *secrets, bool has_values, void **ret_record, size_t *ret_size,
                      struct error *err) must_check;
int net_secrets_read(struct arena *arena, const void *record, size_t size, struct net_secrets **ret_secrets,
                     struct error *err) must_check;

#endif
