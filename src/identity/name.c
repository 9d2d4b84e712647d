/* SPDX-License-Identifier: Apache-2.0 */
/* Names as text and as values. Nothing here allocates. */
#include "identity/name.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/digest.h"
#include "base/text.h"

#define SCHEME "spiffe://"

static const char domain_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789.-_";
static const char path_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
/* No i, l, o, u. */
static const char instance_letters[] = "0123456789abcdefghjkmnpqrstvwxyz";

_Static_assert(sizeof(SCHEME) + IDENTITY_DOMAIN_SIZE + sizeof("/host//user/4294967295/agent//") + IDENTITY_HOST_SIZE + IDENTITY_CLASS_SIZE +
                       IDENTITY_DEPTH_MAX * (IDENTITY_INSTANCE_SIZE + sizeof("/sub/") - 1) <= IDENTITY_TEXT_SIZE,
               "every name that can be parsed can be printed");

static bool is_made_of(const char *text, size_t size_max, const char *letters)
{
    size_t length = strnlen(text, size_max);

    return length && length < size_max && strspn(text, letters) == length;
}

/* RFC 3986 has "." and ".." removed on the way. */
static bool is_segment(const char *text, size_t size_max)
{
    return is_made_of(text, size_max, path_letters) && strcmp(text, ".") != 0 && strcmp(text, "..") != 0;
}

bool identity_class_is_valid(const char *text)
{
    return is_segment(text, IDENTITY_CLASS_SIZE);
}

bool identity_instance_is_valid(const char *text)
{
    return is_made_of(text, IDENTITY_INSTANCE_SIZE, instance_letters) && strlen(text) == IDENTITY_INSTANCE_SIZE - 1;
}

void identity_class_from(const char *text, char ret_class[IDENTITY_CLASS_SIZE])
{
    size_t length = 0;

    for (; text && text[length] && length < IDENTITY_CLASS_SIZE - 1; length++)
        ret_class[length] = strchr(path_letters, text[length]) ? text[length] : '-';
    ret_class[length] = '\0';
    if (!identity_class_is_valid(ret_class))
        text_put(ret_class, IDENTITY_CLASS_SIZE, "unnamed");
}

/* ---- parts ---- */

/* What is left of a text, cut at each '/'. */
struct cut {
    const char *at, *end;
    bool is_over;
};

/* The next segment into `to`, empty where it is too long: no segment is empty. */
static const char *cut_next(struct cut *cut, char *to, size_t size)
{
    const char *slash = memchr(cut->at, '/', (size_t)(cut->end - cut->at));
    size_t length = (size_t)((slash ? slash : cut->end) - cut->at);

    to[0] = '\0';
    if (length < size && !memchr(cut->at, '\0', length)) {
        memcpy(to, cut->at, length);
        to[length] = '\0';
    }
    cut->is_over = !slash;
    cut->at += length + (slash != NULL);
    return to;
}

static bool cut_word(struct cut *cut, const char *word)
{
    char text[8];

    return !cut->is_over && strcmp(cut_next(cut, text, sizeof(text)), word) == 0 && !cut->is_over;
}

/* Decimal, without a sign or a leading zero; (uid_t)-1 is nobody. */
static bool parse_uid(const char *text, uint32_t *ret_uid)
{
    uint64_t value = 0;

    if (!is_made_of(text, 11, "0123456789") || (text[0] == '0' && text[1]))
        return false;
    for (; *text; text++)
        value = value * 10 + (uint64_t)(*text - '0');
    *ret_uid = (uint32_t)value;
    return value < UINT32_MAX;
}

static const char *parse_agent(struct cut *cut, struct identity_name *name)
{
    if (!cut_word(cut, "agent") || !is_segment(cut_next(cut, name->class_name, sizeof(name->class_name)), IDENTITY_CLASS_SIZE) || cut->is_over)
        return "after the user comes /agent/CLASS/INSTANCE";
    for (;;) {
        if (name->depth == IDENTITY_DEPTH_MAX)
            return "more than " STRINGIFY(IDENTITY_DEPTH_MAX) " containers within each other";
        if (!identity_instance_is_valid(cut_next(cut, name->instances[name->depth++], IDENTITY_INSTANCE_SIZE)))
            return "an instance has 26 digits of a run id";
        name->kind = IDENTITY_AGENT;
        if (cut->is_over)
            return NULL;
        if (!cut_word(cut, "sub"))
            return "after an instance comes /sub/INSTANCE";
    }
}

/* NULL, or what is wrong. */
static const char *parse(struct cut *cut, struct identity_name *name)
{
    char uid[16];

    if (!is_made_of(cut_next(cut, name->domain, sizeof(name->domain)), sizeof(name->domain), domain_letters))
        return "a trust domain has 1 to 255 of a-z 0-9 . - _";
    name->kind = IDENTITY_DOMAIN;
    if (cut->is_over)
        return NULL;
    if (!cut_word(cut, "host") || !is_segment(cut_next(cut, name->host, sizeof(name->host)), sizeof(name->host)))
        return "after the trust domain comes /host/HOST";
    name->kind = IDENTITY_HOST;
    if (cut->is_over)
        return NULL;
    if (!cut_word(cut, "user") || !parse_uid(cut_next(cut, uid, sizeof(uid)), &name->uid))
        return "after the host comes /user/UID";
    name->kind = IDENTITY_USER;
    return cut->is_over ? NULL : parse_agent(cut, name);
}

int identity_parse(const char *text, size_t length, struct identity_name *ret_name, struct error *err)
{
    struct identity_name name = {0};
    struct cut cut = {.at = text + sizeof(SCHEME) - 1, .end = text + length};
    const char *fault;

    if (length < sizeof(SCHEME) || memcmp(text, SCHEME, sizeof(SCHEME) - 1) != 0)
        return error_set(err, ERROR_INVALID, EINVAL, "'%.*s' is not a name of an agent: it begins with " SCHEME, (int)(length < 200 ? length : 200), text);
    fault = length >= IDENTITY_TEXT_SIZE ? "it is too long" : parse(&cut, &name);
    if (fault)
        return error_set(err, ERROR_INVALID, EINVAL, "'%.*s' is not a name of an agent: %s", (int)(length < 200 ? length : 200), text, fault);
    *ret_name = name;
    return 0;
}

void identity_print(const struct identity_name *name, char ret_text[IDENTITY_TEXT_SIZE])
{
    size_t length = (size_t)snprintf(ret_text, IDENTITY_TEXT_SIZE, SCHEME "%s", name->domain);

    if (name->kind >= IDENTITY_HOST)
        length += (size_t)snprintf(ret_text + length, IDENTITY_TEXT_SIZE - length, "/host/%s", name->host);
    if (name->kind >= IDENTITY_USER)
        length += (size_t)snprintf(ret_text + length, IDENTITY_TEXT_SIZE - length, "/user/%u", (unsigned)name->uid);
    if (name->kind >= IDENTITY_AGENT)
        length += (size_t)snprintf(ret_text + length, IDENTITY_TEXT_SIZE - length, "/agent/%s", name->class_name);
    for (size_t i = 0; i < name->depth; i++)
        length += (size_t)snprintf(ret_text + length, IDENTITY_TEXT_SIZE - length, i ? "/sub/%s" : "/%s", name->instances[i]);
}

/* ---- names from names ---- */

int identity_host(const char *domain, const char *host, struct identity_name *ret_name, struct error *err)
{
    struct identity_name name = {.kind = IDENTITY_HOST};

    if (!is_made_of(domain, sizeof(name.domain), domain_letters))
        return error_set(err, ERROR_INVALID, EINVAL, "trust domain '%.100s': it has 1 to 255 of a-z 0-9 . - _", domain);
    if (!is_segment(host, sizeof(name.host)))
        return error_set(err, ERROR_INVALID, EINVAL, "host '%.100s': it has 1 to 64 of A-Z a-z 0-9 . - _", host);
    text_put(name.domain, sizeof(name.domain), domain);
    text_put(name.host, sizeof(name.host), host);
    *ret_name = name;
    return 0;
}

void identity_user(const struct identity_name *of, uint32_t uid, struct identity_name *ret_name)
{
    struct identity_name name = {.kind = IDENTITY_USER, .uid = uid};

    memcpy(name.domain, of->domain, sizeof(name.domain));
    memcpy(name.host, of->host, sizeof(name.host));
    *ret_name = name;
}

int identity_agent(const struct identity_name *user, const char *class_name, const char *instance, struct identity_name *ret_name,
                   struct error *err)
{
    struct identity_name name = *user;

    if (user->kind != IDENTITY_USER)
        return error_set(err, ERROR_INVALID, EINVAL, "an agent is one of a user's");
    if (!identity_class_is_valid(class_name))
        return error_set(err, ERROR_INVALID, EINVAL, "class '%.100s': it has 1 to 64 of A-Z a-z 0-9 . - _", class_name);
    if (!identity_instance_is_valid(instance))
        return error_set(err, ERROR_INVALID, EINVAL, "instance '%.100s': it has 26 digits of a run id", instance);
    name.kind = IDENTITY_AGENT;
    text_put(name.class_name, sizeof(name.class_name), class_name);
    text_put(name.instances[0], sizeof(name.instances[0]), instance);
    name.depth = 1;
    *ret_name = name;
    return 0;
}

int identity_sub(const struct identity_name *parent, const char *instance, struct identity_name *ret_name, struct error *err)
{
    struct identity_name name = *parent;

    if (parent->kind != IDENTITY_AGENT)
        return error_set(err, ERROR_INVALID, EINVAL, "a container inside is one of a container's");
    if (!identity_instance_is_valid(instance))
        return error_set(err, ERROR_INVALID, EINVAL, "instance '%.100s': it has 26 digits of a run id", instance);
    if (parent->depth >= IDENTITY_DEPTH_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d containers within each other", IDENTITY_DEPTH_MAX);
    text_put(name.instances[name.depth++], sizeof(name.instances[0]), instance);
    *ret_name = name;
    return 0;
}

bool identity_around(const struct identity_name *name, struct identity_name *ret_name)
{
    struct identity_name around = *name;

    if (name->kind <= IDENTITY_DOMAIN)
        return false;
    if (name->depth > 1) {
        memset(around.instances[--around.depth], 0, sizeof(around.instances[0]));
    } else if (name->kind == IDENTITY_AGENT) {
        identity_user(name, name->uid, &around);
    } else if (name->kind == IDENTITY_USER) {
        around.uid = 0;
        around.kind = IDENTITY_HOST;
    } else {
        memset(around.host, 0, sizeof(around.host));
        around.kind = IDENTITY_DOMAIN;
    }
    *ret_name = around;
    return true;
}

bool identity_is_within(const struct identity_name *name, const struct identity_name *outer)
{
    if (name->kind < outer->kind || strcmp(name->domain, outer->domain) != 0)
        return false;
    if ((outer->kind >= IDENTITY_HOST && strcmp(name->host, outer->host) != 0) || (outer->kind >= IDENTITY_USER && name->uid != outer->uid) ||
        (outer->kind >= IDENTITY_AGENT && strcmp(name->class_name, outer->class_name) != 0) || name->depth < outer->depth)
        return false;
    for (size_t i = 0; i < outer->depth; i++)
        if (strcmp(name->instances[i], outer->instances[i]) != 0)
            return false;
    return true;
}

bool identity_equal(const struct identity_name *a, const struct identity_name *b)
{
    return a->kind == b->kind && a->depth == b->depth && identity_is_within(a, b);
}

int identity_local(const char *machine_id, struct identity_name *ret_name, struct error *err)
{
    /* what makes this name another one than any other program's from the same id */
    static const char application[] = "cordon: local trust domain, version 1";
    unsigned char digest[DIGEST_SIZE];
    char domain[IDENTITY_DOMAIN_SIZE] = "local.";

    digest_hmac(machine_id, strlen(machine_id), application, sizeof(application) - 1, digest);
    for (size_t i = 0; i < 16; i++)
        snprintf(domain + 6 + 2 * i, 3, "%02x", digest[i]);
    return identity_host(domain, domain + 6, ret_name, err);
}
