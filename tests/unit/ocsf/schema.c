/* SPDX-License-Identifier: Apache-2.0 */
#include "schema.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

static char fault[512];

static json_t *load(void)
{
    json_error_t error;
    json_t *schema = json_load_file(CORDON_TEST_SCHEMA, JSON_REJECT_DUPLICATES, &error);

    if (!schema)
        test_fail(__FILE__, __LINE__, "%s:%d: %s", CORDON_TEST_SCHEMA, error.line, error.text);
    return schema;
}

static bool wrong(const char *where, const char *what)
{
    if (!fault[0])
        snprintf(fault, sizeof(fault), "%s: %s", where, what);
    return false;
}

/* The type of `name` in attributes, whether it ends in ! or not. */
static const char *type_of(const json_t *attributes, const char *name)
{
    char required[128];
    const char *type = json_string_value(json_object_get(attributes, name));

    snprintf(required, sizeof(required), "%s!", name);
    return type ? type : json_string_value(json_object_get(attributes, required));
}

static bool check_object(const json_t *schema, const char *where, const char *type, json_t *value);

static bool check_type(const json_t *schema, const char *where, const char *type, json_t *value)
{
    static const char *const strings[] = {"string_t", "hostname_t", "username_t", "file_path_t", "ip_t"};
    size_t size = strlen(type), i;
    json_t *item;
    char element[64];

    if (size > 2 && strcmp(type + size - 2, "[]") == 0) {
        if (!json_is_array(value) || !json_array_size(value))
            return wrong(where, "not an array, or empty");
        snprintf(element, sizeof(element), "%.*s", (int)size - 2, type);
        json_array_foreach(value, i, item) if (!check_type(schema, where, element, item)) return false;
        return true;
    }
    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        if (strcmp(type, strings[i]) == 0)
            return json_is_string(value) && *json_string_value(value) ? true : wrong(where, "no string, or an empty one");
    if (strcmp(type, "boolean_t") == 0)
        return json_is_boolean(value) ? true : wrong(where, "no boolean");
    if (strcmp(type, "port_t") == 0)
        return json_is_integer(value) && json_integer_value(value) > 0 && json_integer_value(value) < 65536 ? true : wrong(where, "no port");
    if (strcmp(type, "timestamp_t") == 0)
        return json_integer_value(value) > 1000000000000 ? true : wrong(where, "no ms since 1970");
    if (strcmp(type, "integer_t") == 0 || strcmp(type, "long_t") == 0)
        return json_is_integer(value) ? true : wrong(where, "no integer");
    return check_object(schema, where, type, value);
}

static bool check_required(const char *where, const json_t *attributes, const json_t *any, json_t *value)
{
    const char *name;
    json_t *type;
    size_t i;
    json_t *item;
    bool has_one = !any;

    json_object_foreach((json_t *)attributes, name, type)
    {
        size_t size = strlen(name);
        char plain[128];

        if (name[size - 1] != '!')
            continue;
        snprintf(plain, sizeof(plain), "%.*s", (int)size - 1, name);
        if (!json_object_get(value, plain)) {
            char what[256];

            snprintf(what, sizeof(what), "'%s' is required", plain);
            return wrong(where, what);
        }
    }
    json_array_foreach(any, i, item) has_one |= json_object_get(value, json_string_value(item)) != NULL;
    return has_one ? true : wrong(where, "none of those of which one is required");
}

static bool check_object(const json_t *schema, const char *where, const char *type, json_t *value)
{
    json_t *object = json_object_get(json_object_get(schema, "objects"), type), *attributes = json_object_get(object, "attributes"), *member;
    const char *name;

    if (!attributes)
        return wrong(where, "of a type that the extract does not have");
    if (!json_is_object(value) || !json_object_size(value))
        return wrong(where, "no object, or an empty one");
    json_object_foreach(value, name, member)
    {
        const char *member_type = type_of(attributes, name);
        char path[256];

        snprintf(path, sizeof(path), "%s.%s", where, name);
        if (!member_type)
            return wrong(path, "not in the schema");
        if (!check_type(schema, path, member_type, member))
            return false;
    }
    return check_required(where, attributes, json_object_get(object, "any"), value);
}

static bool check_enum(const json_t *schema, json_t *record, const char *number, const char *word)
{
    json_t *value = json_object_get(record, number);
    char key[32];
    const char *caption, *said = json_string_value(json_object_get(record, word));

    if (!value)
        return said ? wrong(word, "without its number") : true;
    snprintf(key, sizeof(key), "%lld", (long long)json_integer_value(value));
    caption = json_string_value(json_object_get(json_object_get(json_object_get(schema, "enums"), number), key));
    if (!caption)
        return wrong(number, "not one of the enumeration");
    return !said || strcmp(caption, "*") == 0 || strcmp(caption, said) == 0 ? true : wrong(word, "not the caption of its number");
}

static bool check_class(const json_t *schema, json_t *record, json_t **ret_class)
{
    const json_int_t class_uid = json_integer_value(json_object_get(record, "class_uid")),
                     activity = json_integer_value(json_object_get(record, "activity_id")),
                     category = json_integer_value(json_object_get(record, "category_uid"));
    char key[32];
    json_t *class_schema;
    const char *name;

    snprintf(key, sizeof(key), "%lld", (long long)class_uid);
    *ret_class = class_schema = json_object_get(json_object_get(schema, "classes"), key);
    if (!class_schema)
        return wrong("class_uid", "not a class of the extract");
    if (strcmp(json_string_value(json_object_get(class_schema, "caption")), json_string_value(json_object_get(record, "class_name"))) != 0)
        return wrong("class_name", "not the class's");
    if (category != json_integer_value(json_object_get(class_schema, "category")))
        return wrong("category_uid", "not the class's");
    if (json_integer_value(json_object_get(record, "type_uid")) != class_uid * 100 + activity)
        return wrong("type_uid", "not class_uid * 100 + activity_id");
    snprintf(key, sizeof(key), "%lld", (long long)activity);
    name = json_string_value(json_object_get(json_object_get(class_schema, "activities"), key));
    if (activity != 99 && (!name || strcmp(name, json_string_value(json_object_get(record, "activity_name"))) != 0))
        return wrong("activity_name", "not the activity's, or no activity of the class");
    return true;
}

static bool check_record(const json_t *schema, json_t *record)
{
    json_t *class_schema, *profiles = json_object_get(json_object_get(record, "metadata"), "profiles"), *member, *profile;
    const char *name;
    json_t *attributes = json_copy(json_object_get(schema, "base"));
    size_t i;
    bool fits = check_class(schema, record, &class_schema);

    if (fits)
        json_object_update(attributes, json_object_get(class_schema, "attributes"));
    json_array_foreach(profiles, i, profile)
    {
        json_t *of = json_object_get(json_object_get(schema, "profiles"), json_string_value(profile));

        if (!of)
            fits = wrong("metadata.profiles", "one that the extract does not have");
        else
            json_object_update_missing(attributes, of);
    }
    if (fits)
        json_object_foreach(record, name, member)
        {
            const char *type = type_of(attributes, name);

            fits = fits && (type ? check_type(schema, name, type, member) : wrong(name, "not in the schema"));
        }
    fits = fits && check_required("record", attributes, json_object_get(class_schema, "any"), record) &&
           check_enum(schema, record, "severity_id", "severity") && check_enum(schema, record, "status_id", "status") &&
           check_enum(schema, record, "action_id", "action") && check_enum(schema, record, "disposition_id", "disposition");
    json_decref(attributes);
    return fits;
}

const char *schema_fault(const char *body, size_t size)
{
    static json_t *schema;
    json_error_t error;
    json_t *record = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);

    fault[0] = '\0';
    if (!schema)
        schema = load();
    if (!record) {
        snprintf(fault, sizeof(fault), "%s (at %d)", error.text, error.position);
        return fault;
    }
    check_record(schema, record);
    json_decref(record);
    return fault[0] ? fault : NULL;
}

void schema_check(const char *body, size_t size)
{
    const char *wrong_with = schema_fault(body, size);

    if (wrong_with)
        test_fail(__FILE__, __LINE__, "%s in %.*s", wrong_with, (int)size, body);
}
