/* SPDX-License-Identifier: Apache-2.0 */
/* A comparison for programs: cordon-policy-diff/1. */
#include "base/json.h"
#include "policy/diff.h"

static void add_words(struct json *json, const char *key, const struct words_list *words)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < words->count; i++)
        json_add_string(json, NULL, words->items[i]);
    json_end(json);
}

static void add_rights(struct json *json, unsigned rights)
{
    static const char *const names[] = {"read", "write", "connect", "request", "resolve", "spend", "last"};

    json_begin_array(json, "rights");
    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (rights & 1u << i)
            json_add_string(json, NULL, names[i]);
    json_end(json);
}

static void add_side(struct json *json, const char *key, const char *value, const char *rule)
{
    json_begin_object(json, key);
    json_add_string(json, "value", value);
    json_add_string(json, "rule", rule);
    json_end(json);
}

static void add_item(struct json *json, const struct difference *item)
{
    json_begin_object(json, NULL);
    json_add_string(json, "change", difference_kind_name(item->kind));
    json_add_string(json, "area", difference_area_name(item->area));
    json_add_string(json, "member", item->member);
    add_rights(json, item->rights);
    add_words(json, "subjects", &item->subjects);
    add_words(json, "except", &item->except);
    if (item->area == AREA_NETWORK) {
        add_words(json, "otherThan", &item->other_than);
        add_words(json, "ports", &item->ports);
        add_words(json, "addresses", &item->addresses);
        add_words(json, "programs", &item->programs);
        add_words(json, "methods", &item->methods);
        add_words(json, "paths", &item->paths);
        add_words(json, "calls", &item->calls);
    }
    json_add_string(json, "detail", item->detail);
    json_add_string(json, "witness", item->witness);
    add_side(json, "before", item->before, item->before_rule);
    add_side(json, "after", item->after, item->after_rule);
    json_end(json);
}

int policy_diff_json(const struct policy_diff *diff, char **ret_json, struct error *err)
{
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-policy-diff/1");
    json_add_bool(&json, "wider", diff->has_wider);
    json_add_bool(&json, "narrower", diff->has_narrower);
    json_add_bool(&json, "unknown", diff->has_unknown);
    json_add_bool(&json, "changed", diff->has_changed);
    json_begin_array(&json, "items");
    for (size_t i = 0; i < diff->count; i++)
        add_item(&json, &diff->items[i]);
    json_end(&json);
    json_end(&json);
    text_add(&out, "\n");
    return text_take(&out, ret_json, err);
}
