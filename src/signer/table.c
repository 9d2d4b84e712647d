/* SPDX-License-Identifier: Apache-2.0 */
/* The containers that are there, by name. */
#include <errno.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "signer/signer.h"

static struct signer_container **bucket_of(struct signer *signer, const char *text)
{
    return &signer->buckets[hash_bytes(&signer->secret, text, strlen(text)) % SIGNER_BUCKETS];
}

struct signer_container *signer_find(struct signer *signer, const char *text)
{
    struct signer_container *at = *bucket_of(signer, text);

    while (at && strcmp(at->text, text) != 0)
        at = at->next;
    return at;
}

static void container_free(struct signer_container *container)
{
    EVP_PKEY_free(container->key); /* OpenSSL overwrites it */
    X509_free(container->certificate);
    json_decref(container->facts);
    for (size_t i = 0; i < container->allowed_count; i++)
        mem_free(container->allowed[i]);
    mem_free(container);
}

void signer_remove(struct signer *signer, struct signer_container *container)
{
    struct signer_container **at = bucket_of(signer, container->text);

    if (container->key)
        signer_tell(signer, container, &(struct signer_note){.code = "destroyed", .what = "x509"});
    while (*at != container)
        at = &(*at)->next;
    *at = container->next;
    signer->container_count--;
    container_free(container);
}

void signer_remove_all(struct signer *signer, const struct signer_connection *of)
{
    for (size_t i = 0; i < SIGNER_BUCKETS; i++)
        for (struct signer_container *at = signer->buckets[i], *next; at; at = next) {
            next = at->next;
            if (at->of == of)
                signer_remove(signer, at);
        }
}

static size_t count_of_user(const struct signer *signer, const struct identity_name *within)
{
    size_t count = 0;

    if (signer->container_count < SIGNER_USER_MAX)
        return 0;
    for (size_t i = 0; i < SIGNER_BUCKETS; i++)
        for (const struct signer_container *at = signer->buckets[i]; at; at = at->next)
            count += at->name.uid == within->uid;
    return count;
}

/* ---- what a keeper says of one ---- */

/* An object of JSON, as it is. */
static int read_facts(const struct protocol_message *message, json_t **ret_facts, struct error *err)
{
    size_t size = 0;
    const char *bytes = protocol_bytes(message, TAG_SIGN_FACTS, &size);
    json_t *facts = bytes ? json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL) : NULL;

    if (bytes && !json_is_object(facts)) {
        json_decref(facts);
        return error_set(err, ERROR_INVALID, EINVAL, "the facts about a container are not an object of JSON");
    }
    *ret_facts = facts;
    return 0;
}

static int read_allowed(struct signer_container *container, const struct protocol_message *message, struct error *err)
{
    struct protocol_field field;

    for (size_t at = 0; protocol_next(message, &at, &field);) {
        if (field.tag != TAG_SIGN_ALLOWED)
            continue;
        if (container->allowed_count == TOKEN_AUDIENCES_MAX || !token_word_is_valid(field.data, TOKEN_AUDIENCE_SIZE))
            return error_set(err, ERROR_INVALID, EINVAL, "a container may have tokens for at most %d audiences, texts without blanks", TOKEN_AUDIENCES_MAX);
        container->allowed[container->allowed_count] = mem_string(field.data);
        if (!container->allowed[container->allowed_count])
            return error_memory(err);
        container->allowed_count++;
    }
    container->is_restricted = container->allowed_count || protocol_number(message, TAG_IS_SET, 0);
    return 0;
}

/* Within the connection's name, for which cordond stands, and there within nobody's container that is another connection's. */
static int check_name(struct signer_connection *connection, const struct identity_name *name, struct error *err)
{
    struct identity_name around = *name;
    char text[IDENTITY_TEXT_SIZE];

    if (name->kind != IDENTITY_AGENT || !identity_is_within(name, &connection->within))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "this is no container of whom this connection is for");
    while (identity_around(&around, &around) && around.kind == IDENTITY_AGENT && identity_is_within(&around, &connection->within)) {
        const struct signer_container *outer;

        identity_print(&around, text);
        outer = signer_find(connection->signer, text);
        if (!outer || outer->of != connection)
            return error_set(err, ERROR_FORBIDDEN, EPERM, "the container around it is not there, or another keeper's");
    }
    return 0;
}

static int container_make(struct signer_connection *connection, const struct protocol_message *message, struct signer_container **ret_container,
                          struct error *err)
{
    const char *text = protocol_text(message, TAG_SIGN_NAME);
    struct signer_container *container = mem_alloc(sizeof(*container));
    int status = container ? identity_parse(text, strlen(text), &container->name, err) : error_memory(err);

    if (status == 0)
        status = check_name(connection, &container->name, err);
    if (status == 0)
        status = read_facts(message, &container->facts, err);
    if (status == 0)
        status = read_allowed(container, message, err);
    if (status < 0) {
        if (container)
            container_free(container);
        return status;
    }
    text_put(container->text, sizeof(container->text), text);
    container->of = connection;
    container->tokens = SIGNER_BURST;
    container->filled_ns = clock_monotonic_ns();
    *ret_container = container;
    return 0;
}

/* The same container again: what is new is how it is contained. Its key and its quota stay. */
static void container_update(struct signer_container *there, struct signer_container *from)
{
    json_t *facts = there->facts;

    if (from->facts) {
        there->facts = from->facts;
        from->facts = facts;
    }
    for (size_t i = 0; i < TOKEN_AUDIENCES_MAX; i++) {
        char *allowed = there->allowed[i];

        there->allowed[i] = from->allowed[i];
        from->allowed[i] = allowed;
    }
    from->allowed_count = TOKEN_AUDIENCES_MAX; /* NULL is freed as well */
    for (there->allowed_count = 0; there->allowed_count < TOKEN_AUDIENCES_MAX && there->allowed[there->allowed_count];)
        there->allowed_count++;
    there->is_restricted = there->is_restricted || from->is_restricted;
}

int signer_add(struct signer_connection *connection, const struct protocol_message *message, struct error *err)
{
    struct signer *signer = connection->signer;
    struct signer_container *container = NULL, *there, **bucket;
    int status = container_make(connection, message, &container, err);

    if (status < 0)
        return status;
    there = signer_find(signer, container->text);
    if (there && there->of == connection)
        container_update(there, container);
    else if (there)
        status = error_set(err, ERROR_FORBIDDEN, EEXIST, "another keeper has a container of this name");
    else if (signer->container_count == SIGNER_CONTAINERS_MAX || count_of_user(signer, &container->name) >= SIGNER_USER_MAX)
        status = error_set(err, ERROR_LIMIT, EDQUOT, "more than %d containers, or %d of one user: end some", SIGNER_CONTAINERS_MAX, SIGNER_USER_MAX);
    if (there || status < 0) {
        container_free(container);
        return status;
    }
    bucket = bucket_of(signer, container->text);
    container->next = *bucket;
    *bucket = container;
    signer->container_count++;
    return 0;
}
