/* SPDX-License-Identifier: Apache-2.0 */
/* What was learned, for programs: every rule with its evidence, and everything that was left out. */
#include <string.h>

#include "author/learn_parts.h"
#include "base/json.h"

static const char *kind_name(enum learn_kind kind)
{
    static const char *const names[] = {[LEARN_EXTENDS] = "extends",     [LEARN_READONLY] = "readonly", [LEARN_READWRITE] = "readwrite",
                                        [LEARN_CACHE] = "cache",         [LEARN_DENIED] = "denied",     [LEARN_TOOLCHAINS] = "toolchains",
                                        [LEARN_SOCKET] = "socket",       [LEARN_HOST] = "host"};

    return names[kind];
}

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1) /* every reader of JSON has room for that much (RFC 7493, 2.2) */

static void add_count(struct json *json, const char *key, uint64_t count)
{
    json_add_uint(json, key, count < NUMBER_MAX ? count : NUMBER_MAX);
}

static void add_evidence(struct json *json, const struct learn_evidence *evidence)
{
    add_count(json, "seen", evidence->seen);
    json_add_uint(json, "runs", (uint64_t)__builtin_popcountll(evidence->runs));
    json_begin_array(json, "programs");
    for (size_t i = 0; i < LEARN_PROGRAMS && evidence->programs[i].exe; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "exe", evidence->programs[i].exe);
        add_count(json, "seen", evidence->programs[i].seen);
        json_end(json);
    }
    json_end(json);
    json_add_bool(json, "morePrograms", evidence->has_more_programs);
    json_add_bool(json, "refused", evidence->is_refused);
}

static int add_rule(struct json *json, const struct learned *learned, const struct learn_rule *rule)
{
    struct text spelled auto_text = {0};

    json_begin_object(json, NULL);
    json_add_string(json, "kind", kind_name(rule->kind));
    if (rule->text[0] == '/') {
        learn_add_spelled(&spelled, learned->places, rule->text);
        json_add_string(json, "path", spelled.data);
    } else {
        json_add_string(json, rule->kind == LEARN_HOST ? rule->is_address ? "address" : "host" : "name", rule->text);
    }
    if (rule->kind == LEARN_HOST) {
        json_add_uint(json, "port", rule->port);
        json_add_string(json, "protocol", rule->protocol);
    }
    if (rule->kind != LEARN_DENIED) {
        json_add_string(json, "confidence", learn_confidence_name(rule->confidence));
        json_add_string(json, "reason", learn_confidence_reason(learned, rule));
        json_add_bool(json, "widened", rule->is_widened);
        add_evidence(json, &rule->evidence);
    }
    json_end(json);
    return spelled.is_broken ? -1 : 0;
}

static int add_rules(struct json *json, const char *key, const struct learned *learned, const struct learn_rule *rules, size_t count)
{
    int r = 0;

    json_begin_array(json, key);
    for (size_t i = 0; i < count && r == 0; i++)
        r = add_rule(json, learned, &rules[i]);
    json_end(json);
    return r;
}

static void add_omissions(struct json *json, const struct learned *learned)
{
    json_begin_array(json, "leftOut");
    for (size_t i = 0; i < learned->omission_count; i++) {
        const struct learn_omission *omission = &learned->omissions[i];

        json_begin_object(json, NULL);
        json_add_string(json, "operation", operation_name(omission->operation));
        json_add_string(json, "object", omission->text);
        json_add_string(json, "reason", omission->reason);
        json_add_bool(json, "sensitive", omission->is_sensitive);
        add_evidence(json, &omission->evidence);
        json_end(json);
    }
    json_end(json);
}

static void add_merge(struct json *json, const struct learn_merge *merge)
{
    const char *line = merge->notes ?: "";

    json_begin_object(json, "merge");
    json_add_uint(json, "added", merge->added);
    json_add_uint(json, "had", merge->had);
    json_add_uint(json, "keptOut", merge->kept_out);
    json_add_string(json, "notes", *line ? line : NULL);
    json_end(json);
}

int learned_json(const struct learned *learned, const struct learn_merge *merge, const char *policy, char **ret_text, struct error *err)
{
    struct text out auto_text = {0};
    struct json json = JSON_INIT(&out, 0);
    int r;

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-learned/1");
    json_add_uint(&json, "runs", learned->run_count);
    add_count(&json, "uses", learned->use_count);
    add_count(&json, "lost", learned->lost);
    r = add_rules(&json, "rules", learned, learned->rules, learned->rule_count);
    if (r == 0)
        r = add_rules(&json, "proposed", learned, learned->proposed, learned->proposed_count);
    add_omissions(&json, learned);
    if (merge)
        add_merge(&json, merge);
    json_add_string(&json, "policy", policy);
    json_end(&json);
    text_add(&out, "\n");
    return r < 0 ? error_memory(err) : text_take(&out, ret_text, err);
}
