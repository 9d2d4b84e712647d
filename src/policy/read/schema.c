/* SPDX-License-Identifier: Apache-2.0 */
/* JSON Schema (draft 2020-12) of cordon/1, from the table that the reader reads. */
#include <string.h>

#include "base/json.h"
#include "policy/model/protected.h"
#include "policy/read/reader.h"

#define UNIT_SIZE     "^[0-9]+(TiB|GiB|MiB|KiB|TB|GB|MB|kB|B)$"
#define UNIT_DURATION "^[0-9]+(h|m|s|ms)$"
#define ABSOLUTE_PATH "^(/|\\$\\{(workspace|home|tmp)\\})"
#define GLOB_PATH     "^(/|\\*\\*/|\\$\\{(workspace|home|tmp)\\})"
#define ENV_NAME      "^[A-Za-z_][A-Za-z0-9_]*$"

static void write_member(struct json *json, const char *key, const struct member *member);

static void write_members(struct json *json, const struct member *members)
{
    bool is_any_required = false;

    json_add_string(json, "type", "object");
    json_add_bool(json, "additionalProperties", false);
    json_begin_object(json, "properties");
    for (const struct member *m = members; m->name; m++) {
        write_member(json, m->name, m);
        is_any_required |= m->is_required;
    }
    json_end(json);
    if (!is_any_required)
        return;
    json_begin_array(json, "required");
    for (const struct member *m = members; m->name; m++)
        if (m->is_required)
            json_add_string(json, NULL, m->name);
    json_end(json);
}

static void write_choices(struct json *json, const char *const *choices)
{
    json_begin_array(json, "enum");
    for (; *choices; choices++)
        json_add_string(json, NULL, *choices);
    json_end(json);
}

static void write_protected(struct json *json)
{
    size_t count;
    const struct protected_name *names = protected_names(&count);

    json_begin_array(json, "enum");
    for (size_t i = 0; i < count; i++)
        json_add_string(json, NULL, names[i].name);
    json_end(json);
}

static void write_pattern(struct json *json, const char *pattern)
{
    json_add_string(json, "type", "string");
    json_add_string(json, "pattern", pattern);
}

static void write_path_item(struct json *json, const struct member *member)
{
    const char *pattern = member->type == VALUE_PATH_GLOB ? GLOB_PATH : ABSOLUTE_PATH;

    json_begin_array(json, "anyOf");
    json_begin_object(json, NULL);
    write_pattern(json, pattern);
    json_end(json);
    json_begin_object(json, NULL);
    json_add_string(json, "type", "object");
    json_add_bool(json, "additionalProperties", false);
    json_begin_object(json, "properties");
    json_begin_object(json, "path");
    write_pattern(json, pattern);
    json_end(json);
    if (member->has_optional) {
        json_begin_object(json, "optional");
        json_add_string(json, "type", "boolean");
        json_end(json);
    }
    json_end(json);
    json_begin_array(json, "required");
    json_add_string(json, NULL, "path");
    json_end(json);
    json_end(json);
    json_end(json);
}

static void write_bounds(struct json *json, const struct member *member, const char *minimum,
                         const char *maximum)
{
    if (member->minimum)
        json_add_uint(json, minimum, member->minimum);
    if (member->maximum)
        json_add_uint(json, maximum, member->maximum);
}

/* Types that are a string with a pattern. */
static const char *type_pattern(enum value_type type)
{
    switch (type) {
    case VALUE_SIZE:
        return UNIT_SIZE;
    case VALUE_DURATION:
        return UNIT_DURATION;
    case VALUE_NAME:
        return "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$";
    case VALUE_PATH:
        return ABSOLUTE_PATH;
    case VALUE_ENV_NAME:
        return ENV_NAME;
    case VALUE_ENV_PATTERN:
        return "^[A-Za-z_][A-Za-z0-9_]*\\*?$";
    case VALUE_ENV_ENTRY:
        return "^[A-Za-z_][A-Za-z0-9_]*=";
    case VALUE_SYSCALL:
        return "^[a-z0-9_]{1,64}$";
    case VALUE_CIDR:
        return "^[0-9A-Fa-f.:]+(/[0-9]{1,3})?$";
    case VALUE_HOST:
        return "^(\\*\\.)?[A-Za-z0-9_]([A-Za-z0-9_.-]*[A-Za-z0-9_])?$";
    case VALUE_URL:
        return "^https?://";
    case VALUE_METHOD:
        return "^[A-Z][A-Z0-9_-]{0,31}$";
    case VALUE_TOKEN:
        return "^[A-Za-z0-9!#$%&'*+.^_`|~-]+$";
    case VALUE_FIELD:
        return "^[A-Za-z0-9._~-]+$";
    case VALUE_WORD:
        return "^[!-)+-~]{1,127}$";
    case VALUE_URL_PATH:
        return "^/";
    case VALUE_PROGRAM:
        return "^(/|\\$\\{(workspace|home|tmp)\\}|[^/$~]+$)";
    case VALUE_SOURCE:
        return "^((env|file|keyring)(:.+)?|command)$";
    case VALUE_PREFIX:
        return "^[A-Za-z0-9_-]{1,32}$";
    case VALUE_TIME:
        return "^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9](\\.[0-9]{1,9})?(Z|[+-][0-2][0-9]:[0-5][0-9])$";
    case VALUE_POINTER:
        return "^(/[!-~]*|[A-Za-z0-9._~-]+)$";
    case VALUE_AUDIENCE:
        return "^[!#-\\[\\]-~]{1,511}$";
    default:
        return NULL;
    }
}

static void write_container(struct json *json, const struct member *member)
{
    if (member->type == VALUE_MAP) {
        write_members(json, member->members);
    } else if (member->type == VALUE_LIST) {
        json_add_string(json, "type", "array");
        write_member(json, "items", member->item);
        write_bounds(json, member, "minItems", "maxItems");
    } else {
        json_add_string(json, "type", "object");
        json_begin_object(json, "propertyNames");
        json_add_string(json, "pattern", type_pattern(member->key));
        json_end(json);
        write_member(json, "additionalProperties", member->item);
    }
}

static void write_scalar(struct json *json, const struct member *member)
{
    const char *pattern = type_pattern(member->type);

    switch (member->type) {
    case VALUE_BOOL:
        json_add_string(json, "type", "boolean");
        break;
    case VALUE_CHOICE:
        write_choices(json, member->choices);
        break;
    case VALUE_LOSS:
        write_choices(json, policy_loss_names());
        break;
    case VALUE_PROTECTED:
        write_protected(json);
        break;
    case VALUE_PROFILE:
        write_choices(json, profile_names());
        break;
    case VALUE_VERSION:
        json_add_string(json, "const", "cordon/1");
        break;
    case VALUE_COUNT:
        json_add_string(json, "type", "integer");
        json_add_uint(json, "minimum", member->minimum);
        json_add_uint(json, "maximum", member->maximum);
        break;
    case VALUE_CPUS:
        json_add_string(json, "type", "number");
        json_add_uint(json, "exclusiveMinimum", 0);
        break;
    case VALUE_TEXT:
        json_add_string(json, "type", "string");
        write_bounds(json, member, "minLength", "maxLength");
        break;
    case VALUE_PATH_ITEM:
    case VALUE_PATH_GLOB:
        write_path_item(json, member);
        break;
    default:
        if (pattern)
            write_pattern(json, pattern);
    }
}

static void write_member(struct json *json, const char *key, const struct member *member)
{
    json_begin_object(json, key);
    if (member->description)
        json_add_string(json, "description", member->description);
    if (member->type == VALUE_MAP || member->type == VALUE_LIST || member->type == VALUE_DICT)
        write_container(json, member);
    else
        write_scalar(json, member);
    if (member->needs)
        json_add_string(json, "$comment", member->needs);
    json_end(json);
}

int policy_schema(char **ret_json, struct error *err)
{
    struct text text auto_text = {0};
    struct json json = JSON_INIT(&text, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    json_add_string(&json, "title", "Cordon policy, version cordon/1");
    write_members(&json, document_members);
    json_end(&json);
    text_add(&text, "\n");
    return text_take(&text, ret_json, err);
}
