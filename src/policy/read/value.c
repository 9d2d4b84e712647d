/* SPDX-License-Identifier: Apache-2.0 */
/* Scalars: from a node to a number or a text, by the type of the member's row. */
#include <inttypes.h>
#include <string.h>

#include "base/date.h"
#include "base/number.h"
#include "base/text.h"
#include "policy/model/protected.h"
#include "policy/read/reader.h"

#define LETTERS_LOWER "abcdefghijklmnopqrstuvwxyz"
#define LETTERS       LETTERS_LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS        "0123456789"
#define NAME_MAX_     64

const char *value_kind_phrase(const struct node *node)
{
    static const char *const phrases[] = {
        [NODE_MAP] = "a map",        [NODE_LIST] = "a list",    [NODE_STRING] = "a string",
        [NODE_INTEGER] = "a number", [NODE_FLOAT] = "a number", [NODE_BOOL] = "true or false",
        [NODE_NULL] = "nothing",
    };

    return phrases[node->kind];
}

int value_check_string(const struct reader *reader, const struct place *place,
                       const struct node *node, const char *wanted)
{
    if (node->kind == NODE_NULL)
        return reader_refuse(reader, place, "has no value; expected %s", wanted);
    if (node->kind == NODE_MAP || node->kind == NODE_LIST)
        return reader_refuse(reader, place, "expected %s, not %s", wanted, value_kind_phrase(node));
    if (node->kind != NODE_STRING)
        return reader_refuse(reader, place, "expected %s, not %s; write it in quotes: \"%.40s\"",
                             wanted, value_kind_phrase(node), node->text);
    if (strlen(node->text) != node->length)
        return reader_refuse(reader, place, "holds a NUL; remove it");
    return 0;
}

static int value_text(const struct reader *reader, const struct member *member,
                      const struct place *place, const struct node *node)
{
    int status = value_check_string(reader, place, node, "a string");

    if (status < 0)
        return status;
    if (node->length < member->minimum)
        return reader_refuse(reader, place, "is empty");
    if (node->length > member->maximum)
        return reader_refuse(reader, place, "is longer than %" PRIu64 " bytes", member->maximum);
    return 0;
}

static int value_bool(const struct reader *reader, const struct place *place,
                      const struct node *node, struct value *value)
{
    if (node->kind != NODE_BOOL)
        return reader_refuse(reader, place, "expected true or false%s",
                             node->kind == NODE_STRING ? ", without quotes" : "");
    value->number = node->text[0] == 't' || node->text[0] == 'T';
    return 0;
}

static void add_choices(struct text *text, const char *const *choices)
{
    for (size_t i = 0; choices[i]; i++)
        text_printf(text, "%s%s", i ? ", " : "", choices[i]);
}

/* One of `choices`; an unknown one is answered with all of them. */
static int value_choice(const struct reader *reader, const struct place *place,
                        const struct node *node, const char *const *choices, struct value *value)
{
    struct text expected auto_text = {0};

    for (size_t i = 0; node->kind == NODE_STRING && choices[i]; i++)
        if (strcmp(node->text, choices[i]) == 0 && strlen(node->text) == node->length) {
            value->number = i;
            return 0;
        }
    add_choices(&expected, choices);
    if (expected.is_broken)
        return error_memory(reader->err);
    if (node->kind == NODE_MAP || node->kind == NODE_LIST)
        return reader_refuse(reader, place, "expected one of %s", expected.data);
    return reader_refuse(reader, place, "'%.60s' is unknown; expected one of %s", node->text,
                         expected.data);
}

/* What to write for what was probably meant; NULL = who knows? */
static const char *count_remedy(const struct member *member, const struct node *node)
{
    size_t digits = strspn(node->text ? node->text : "", DIGITS);

    if (node->kind == NODE_LIST)
        return member->range;
    if (node->kind != NODE_STRING)
        return NULL;
    if (digits && !node->text[digits])
        return "write it without quotes";
    if (digits && member->range && !node->text[strspn(node->text, DIGITS " -:.,/")])
        return member->range;
    return "write it without quotes and unit";
}

static int value_count(const struct reader *reader, const struct member *member,
                       const struct place *place, const struct node *node, struct value *value)
{
    const char *remedy = count_remedy(member, node);

    if (node->kind != NODE_INTEGER)
        return reader_refuse(reader, place, "expected a whole number, not %s%s%s", value_kind_phrase(node),
                             remedy ? "; " : "", remedy ? remedy : "");
    if (number_parse(node->text, member->minimum, member->maximum, &value->number, reader->err) < 0)
        return reader_blame(reader, place);
    return 0;
}

/* A size or a duration: a string, because a number without its unit is a guess. */
static int value_unit(const struct reader *reader, const struct member *member,
                      const struct place *place, const struct node *node, struct value *value)
{
    bool is_size = member->type == VALUE_SIZE;
    int status;

    if (node->kind == NODE_INTEGER || node->kind == NODE_FLOAT)
        return reader_refuse(reader, place, "%.40s has no unit; write %s", node->text,
                             is_size ? "512MiB, 1GiB or 64KiB" : "300ms, 30s, 5m or 2h");
    status = value_check_string(reader, place, node, is_size ? "a size" : "a duration");
    if (status < 0)
        return status;
    status = is_size ? number_parse_size(node->text, &value->number, reader->err)
                     : number_parse_duration(node->text, &value->number, reader->err);
    if (status < 0)
        return reader_blame(reader, place);
    if (value->number < member->minimum)
        return reader_refuse(reader, place, "must be more than zero");
    return 0;
}

static int value_cpus(const struct reader *reader, const struct place *place,
                      const struct node *node, struct value *value)
{
    if (node->kind != NODE_INTEGER && node->kind != NODE_FLOAT)
        return reader_refuse(reader, place, "expected a number of processors, like 2 or 1.5");
    if (number_parse_milli(node->text, &value->number, reader->err) < 0)
        return reader_blame(reader, place);
    return 0;
}

static int value_time(const struct reader *reader, const struct place *place, const struct node *node, struct value *value)
{
    int status = value_check_string(reader, place, node, "a time, like \"2026-12-24T18:30:00+01:00\"");

    if (status == 0 && date_parse(node->text, &value->number, reader->err) < 0)
        return reader_blame(reader, place);
    return status;
}

static bool is_env_name(const char *text, size_t length)
{
    return length && !strchr(DIGITS, text[0]) && strspn(text, LETTERS DIGITS "_") >= length;
}

static const char *text_fault(enum value_type type, const char *text)
{
    size_t length = strlen(text);
    const char *equals = strchr(text, '=');

    switch (type) {
    case VALUE_NAME:
        if (length && length <= NAME_MAX_ && strchr(LETTERS DIGITS, text[0]) &&
            strspn(text, LETTERS DIGITS "._-") == length)
            return NULL;
        return "is not a name; write at most 64 letters, digits, '.', '_' or '-', a letter or "
               "digit first";
    case VALUE_ENV_NAME:
        return is_env_name(text, length) ? NULL
                                         : "is not a variable's name; write letters, "
                                           "digits and '_', no digit first";
    case VALUE_ENV_PATTERN:
        if (strcmp(text, "*") == 0)
            return "would take the caller's whole environment, credentials included; name the "
                   "variables";
        if (length && text[length - 1] == '*')
            length--;
        return is_env_name(text, length) ? NULL
                                         : "is not a variable's name; write NAME or a "
                                           "beginning of names and '*'";
    case VALUE_ENV_ENTRY:
        return equals && is_env_name(text, (size_t)(equals - text)) ? NULL : "is not NAME=value";
    case VALUE_SYSCALL:
        if (length && length <= NAME_MAX_ && strspn(text, LETTERS_LOWER DIGITS "_") == length)
            return NULL;
        return "is not a system call's name; write it as in the manual, like ptrace";
    case VALUE_URL:
        if (strncmp(text, "http://", 7) == 0 || strncmp(text, "https://", 8) == 0)
            return NULL;
        return "is not an http or https address; write http://127.0.0.1:3128";
    default:
        return value_word_fault(type, text);
    }
}

static int value_checked_text(const struct reader *reader, const struct member *member,
                              const struct place *place, const struct node *node)
{
    int status = value_check_string(reader, place, node, "a string");
    const char *fault;

    if (status < 0)
        return status;
    fault = text_fault(member->type, node->text);
    return fault ? reader_refuse(reader, place, "'%.60s' %s", node->text, fault) : 0;
}

static int value_version(const struct reader *reader, const struct place *place,
                         const struct node *node)
{
    int status = value_check_string(reader, place, node, "cordon/1");

    if (status < 0)
        return status;
    if (strcmp(node->text, "cordon/1") != 0)
        return reader_refuse(reader, place, "'%.40s' is unknown; expected cordon/1", node->text);
    return 0;
}

static int value_profile(const struct reader *reader, const struct place *place,
                         const struct node *node)
{
    struct text expected auto_text = {0};
    int status = value_check_string(reader, place, node, "a profile's name");

    if (status < 0 || profile_find(reader->profiles, node->text))
        return status;
    for (size_t i = 0; i < reader->profiles->count; i++)
        text_printf(&expected, "%s%s", i ? ", " : "", reader->profiles->profiles[i].name);
    if (expected.is_broken)
        return error_memory(reader->err);
    return reader_refuse(reader, place, "no profile '%.60s'; expected one of %s", node->text,
                         expected.data ? expected.data : "none");
}

static int value_protected(const struct reader *reader, const struct place *place,
                           const struct node *node)
{
    struct text expected auto_text = {0};
    size_t count;
    const struct protected_name *names = protected_names(&count);
    int status = value_check_string(reader, place, node, "a protected name");

    for (size_t i = 0; i < count && status == 0; i++) {
        if (strcmp(names[i].name, node->text) == 0)
            return 0;
        text_printf(&expected, "%s%s", i ? ", " : "", names[i].name);
    }
    if (status < 0)
        return status;
    if (expected.is_broken)
        return error_memory(reader->err);
    return reader_refuse(reader, place,
                         "'%.40s' is not a built-in protected name; expected one of %s", node->text,
                         expected.data);
}

/* In the one spelling in which names are compared. */
static int value_host(const struct reader *reader, const struct place *place, const struct node *node,
                      struct value *value)
{
    int status = value_check_string(reader, place, node, "the name of a host");
    char pattern[NET_NAME_SIZE];

    if (status < 0)
        return status;
    if (net_pattern_canonical(node->text, strlen(node->text), pattern, reader->err) < 0)
        return reader_blame(reader, place);
    value->text = arena_string(reader->arena, pattern);
    return value->text ? 0 : error_memory(reader->err);
}

/* {path: ..., optional: true}, or the path alone. */
static int value_path_item(const struct reader *reader, const struct member *member,
                           const struct place *place, const struct node *node, struct value *value)
{
    bool is_marked = false;
    bool *ret_is_glob = member->type == VALUE_PATH_GLOB ? &value->is_glob : NULL;
    const struct node *path = node;
    int status;

    if (node->kind == NODE_MAP) {
        path = node_get(node, "path");
        if (!path)
            return reader_refuse(reader, place, "has no member 'path'");
        for (size_t i = 0; i < node->count; i++) {
            const struct node_entry *entry = &node->entries[i];
            struct place at = {place, entry->key, 0, entry->line, entry->column};
            struct value mark = {0};

            if (entry->value == path)
                continue;
            if (strcmp(entry->key, "optional") != 0)
                return reader_refuse(reader, &at, "unknown member; expected one of path, optional");
            if (!member->has_optional)
                return reader_refuse(reader, &at,
                                     "only grants may be optional; name protectedPaths.missing in "
                                     "isolation.allowLoss if the name may be missing");
            status = value_bool(reader, &at, entry->value, &mark);
            if (status < 0)
                return status;
            is_marked = mark.number;
        }
    }
    status = value_check_string(reader, place, path, "a path");
    if (status == 0)
        status = value_parse_path(reader, place, path->text, ret_is_glob, &value->text);
    value->is_optional = is_marked;
    return status;
}

int value_parse(const struct reader *reader, const struct member *member, const struct place *place,
                const struct node *node, struct value *ret_value)
{
    struct value *value = ret_value;
    int status;

    value->node = node;
    value->text = node->text;
    switch (member->type) {
    case VALUE_ANY:
        return 0;
    case VALUE_BOOL:
        return value_bool(reader, place, node, value);
    case VALUE_CHOICE:
        return value_choice(reader, place, node, member->choices, value);
    case VALUE_LOSS:
        return value_choice(reader, place, node, policy_loss_names(), value);
    case VALUE_COUNT:
        return value_count(reader, member, place, node, value);
    case VALUE_SIZE:
    case VALUE_DURATION:
        return value_unit(reader, member, place, node, value);
    case VALUE_CPUS:
        return value_cpus(reader, place, node, value);
    case VALUE_TIME:
        return value_time(reader, place, node, value);
    case VALUE_TEXT:
        return value_text(reader, member, place, node);
    case VALUE_VERSION:
        return value_version(reader, place, node);
    case VALUE_PROFILE:
        return value_profile(reader, place, node);
    case VALUE_PATH:
        status = value_check_string(reader, place, node, "a path");
        return status < 0 ? status
                          : value_parse_path(reader, place, node->text, NULL, &value->text);
    case VALUE_PATH_ITEM:
    case VALUE_PATH_GLOB:
        return value_path_item(reader, member, place, node, value);
    case VALUE_PROTECTED:
        return value_protected(reader, place, node);
    case VALUE_HOST:
        return value_host(reader, place, node, value);
    case VALUE_PROGRAM:
        return value_program(reader, place, node, value);
    case VALUE_SOURCE:
        return value_check_string(reader, place, node, "a source (write \"env:NAME\", \"file:/path\" or \"keyring:DESCRIPTION\")");
    case VALUE_CIDR: /* parsed where it is stored */
        return value_check_string(reader, place, node, "an address block");
    default:
        return value_checked_text(reader, member, place, node);
    }
}
