/* SPDX-License-Identifier: Apache-2.0 */
/*
 * secrets[]: where a value comes from, where its placeholder stands, whom it is sent to. No value is read here or anywhere
 * in this part.
 */
#include <string.h>

#include "policy/read/reader.h"

#define KEY_DESCRIPTION_MAX 256
#define KINDS               "env:NAME, file:/path, keyring:DESCRIPTION, or 'command' as a member of its own"

const char *secret_source_name(enum secret_source source)
{
    static const char *const names[] = {
        [SECRET_ANY] = "any", [SECRET_ENV] = "env", [SECRET_FILE] = "file", [SECRET_KEYRING] = "keyring", [SECRET_COMMAND] = "command"};

    return (size_t)source < ARRAY_COUNT(names) ? names[source] : "unknown";
}

static bool is_limit(const struct reader *reader)
{
    return reader->options->kind == LAYER_CEILING;
}

int store_secrets_open(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                       const struct value *value unused_arg)
{
    reader->document->secrets.is_set = true;
    return reader_origin(reader, place, &reader->document->secrets.origin);
}

int store_secret_open(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                      const struct value *value unused_arg)
{
    struct secrets *secrets = &reader->document->secrets;

    if (secrets->count >= NET_SECRETS_MAX)
        return reader_refuse(reader, place, "there are more than %u", NET_SECRETS_MAX);
    reader->secret = arena_append(reader->arena, secrets->items, secrets->count);
    return reader->secret ? reader_origin(reader, place, &reader->secret->origin) : error_memory(reader->err);
}

int store_secret_name(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                      const struct value *value)
{
    reader->secret->name = value->text;
    return 0;
}

int store_secret_file(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                      const struct value *value)
{
    reader->secret->file = value->text;
    return reader_origin(reader, place, &reader->secret->file_origin);
}

int store_secret_prefix(struct reader *reader, const struct member *member unused_arg, const struct place *place unused_arg,
                        const struct value *value)
{
    reader->secret->prefix = value->text;
    return 0;
}

/* sources */

static int set_source(struct reader *reader, const struct place *place, enum secret_source source)
{
    if (reader->secret->source)
        return reader_refuse(reader, place, "stands beside 'source'; leave one of them out");
    reader->secret->source = source;
    return reader_origin(reader, place, &reader->secret->source_origin);
}

static enum secret_source source_kind(const char *text, size_t length)
{
    for (int kind = SECRET_ENV; kind <= SECRET_COMMAND; kind++) {
        const char *name = secret_source_name((enum secret_source)kind);

        if (strlen(name) == length && strncmp(name, text, length) == 0)
            return (enum secret_source)kind;
    }
    return SECRET_ANY;
}

static int read_source(struct reader *reader, const struct place *place, enum secret_source kind, const char *rest)
{
    const struct member name_row = {.type = VALUE_ENV_NAME};
    const struct node node = {.kind = NODE_STRING, .text = rest, .length = strlen(rest)};
    struct value value = {0};

    switch (kind) {
    case SECRET_ENV:
        reader->secret->text = rest;
        return value_parse(reader, &name_row, place, &node, &value);
    case SECRET_FILE:
        return value_parse_path(reader, place, rest, NULL, &reader->secret->text);
    default:
        reader->secret->text = rest;
        for (const char *c = rest; *c; c++)
            if ((unsigned char)*c < 0x20 || *c == 0x7f)
                return reader_refuse(reader, place, "holds a control character");
        return *rest && strlen(rest) <= KEY_DESCRIPTION_MAX
                   ? 0
                   : reader_refuse(reader, place, "a key's description has 1 to " STRINGIFY(KEY_DESCRIPTION_MAX) " bytes");
    }
}

int store_secret_source(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                        const struct value *value)
{
    const char *colon = strchr(value->text, ':');
    size_t length = colon ? (size_t)(colon - value->text) : strlen(value->text);
    enum secret_source kind = source_kind(value->text, length);
    int status;

    if (kind == SECRET_ANY || (kind == SECRET_COMMAND && colon))
        return reader_refuse(reader, place, "'%.40s' is no source; expected one of " KINDS, value->text);
    if (!colon && !is_limit(reader))
        return reader_refuse(reader, place, "says the kind and not which; expected one of " KINDS);
    status = set_source(reader, place, kind);
    return status < 0 || !colon ? status : read_source(reader, place, kind, colon + 1);
}

int store_secret_command(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                         const struct value *value unused_arg)
{
    return set_source(reader, place, SECRET_COMMAND);
}

/* NULL ends it at every time. */
int store_secret_argument(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                          const struct value *value)
{
    struct secret *secret = reader->secret;
    size_t slots = secret->command_count ? secret->command_count + 1 : 0;
    const char **end;

    if (!secret->command_count && (!*value->text || (strchr(value->text, '/') && value->text[0] != '/')))
        return reader_refuse(reader, place, "'%.60s' is not a program: write its absolute path, or a name that the caller's "
                                            "PATH has", value->text);
    if (!slots && !arena_append(reader->arena, secret->command, slots))
        return error_memory(reader->err);
    end = arena_append(reader->arena, secret->command, slots);
    if (!end)
        return error_memory(reader->err);
    secret->command[secret->command_count++] = value->text;
    *end = NULL;
    return 0;
}

/* hosts and places */

int store_secret_hosts(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                       const struct value *value unused_arg)
{
    reader->secret->hosts.is_set = true;
    return reader_origin(reader, place, &reader->secret->hosts.origin);
}

int store_secret_host(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                      const struct value *value)
{
    struct string_list *hosts = &reader->secret->hosts;
    struct string_item *item;

    if (value->text[0] == '*' && !is_limit(reader))
        return reader_refuse(reader, place, "'%.60s': a secret is sent to hosts that are named; write each", value->text);
    for (size_t i = 0; i < hosts->count; i++)
        if (strcmp(hosts->items[i].text, value->text) == 0)
            return 0;
    item = arena_append(reader->arena, hosts->items, hosts->count);
    if (!item)
        return error_memory(reader->err);
    item->text = value->text;
    return reader_origin(reader, place, &item->origin);
}

int store_secret_places(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                        const struct value *value unused_arg)
{
    return reader_origin(reader, place, &reader->secret->fields_origin);
}

int store_secret_place(struct reader *reader, const struct member *member, const struct place *place,
                       const struct value *value)
{
    struct net_secret_field *field;

    if (member->detail == NET_SECRET_BASIC && !value->number)
        return reader_refuse(reader, place, "says nothing; leave it out");
    field = arena_append(reader->arena, reader->secret->fields, reader->secret->field_count);
    if (!field)
        return error_memory(reader->err);
    field->place = (enum net_secret_place)member->detail;
    field->field = member->detail == NET_SECRET_BASIC ? "" : value->text;
    return 0;
}

int store_secret_place_close(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                             const struct value *value)
{
    if (value->node->count != 1)
        return reader_refuse(reader, place, "expected one of header, query, basicAuth, body");
    return 0;
}

/* as a whole */

static const char *missing_of(const struct secret *secret)
{
    if (!secret->name)
        return "name";
    if (!secret->source)
        return "source";
    return secret->hosts.is_set ? NULL : "hosts";
}

static int add_default_place(struct reader *reader)
{
    struct net_secret_field *field = arena_append(reader->arena, reader->secret->fields, reader->secret->field_count);

    if (!field)
        return error_memory(reader->err);
    *field = (struct net_secret_field){.place = NET_SECRET_HEADER, .field = "Authorization"};
    return 0;
}

int store_secret_close(struct reader *reader, const struct member *member unused_arg, const struct place *place,
                       const struct value *value unused_arg)
{
    const struct secrets *secrets = &reader->document->secrets;
    const struct secret *secret = reader->secret;
    const char *missing = missing_of(secret);

    if (is_limit(reader))
        return 0;
    if (missing)
        return reader_refuse(reader, place, "member '%s' is missing%s", missing,
                             strcmp(missing, "source") == 0 ? "; write it, or 'command'" : "");
    for (size_t i = 0; i + 1 < secrets->count; i++) {
        const struct secret *other = &secrets->items[i];

        if (strcmp(other->name, secret->name) == 0)
            return reader_refuse(reader, place, "secret '%s' is there already", secret->name);
        if (secret->file && other->file && strcmp(other->file, secret->file) == 0)
            return reader_refuse(reader, place, "%s holds the placeholder of '%s' already", secret->file, other->name);
    }
    return secret->field_count ? 0 : add_default_place(reader);
}
