/* SPDX-License-Identifier: Apache-2.0 */
/* An answer for people and for programs (cordon-policy-proof/1). */
#include "base/json.h"
#include "base/text.h"
#include "policy/prove.h"

#define LINES_SHOWN 8 /* the JSON has all */

static void add_lines(struct text *out, const char *before, const struct proof_lines *lines)
{
    for (size_t i = 0; i < lines->count && i < LINES_SHOWN; i++) {
        text_add(out, before);
        text_add_safe(out, lines->items[i].text);
        if (lines->items[i].rule) {
            text_add(out, " (");
            text_add_safe(out, lines->items[i].rule);
            text_add(out, ")");
        }
        text_add(out, "\n");
    }
    if (lines->count > LINES_SHOWN)
        text_printf(out, "%sand %zu more\n", before, lines->count - LINES_SHOWN);
}

int proof_text(const struct proof *proof, char **ret_text, struct error *err)
{
    auto_text struct text out = {0};

    text_printf(&out, "%s: ", proof_answer_name(proof->answer));
    text_add_safe(&out, proof->question);
    text_add(&out, "\n");
    add_lines(&out, "  so: ", &proof->witness);
    add_lines(&out, proof->answer == PROOF_HOLDS ? "  because: " : "  depends on: ", &proof->reasons);
    add_lines(&out, "  assumes: ", &proof->assumptions);
    return text_take(&out, ret_text, err);
}

static void add_json(struct json *json, const char *key, const struct proof_lines *lines)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < lines->count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "text", lines->items[i].text);
        json_add_string(json, "rule", lines->items[i].rule);
        json_end(json);
    }
    json_end(json);
}

int proof_json(const struct proof *proof, char **ret_json, struct error *err)
{
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-policy-proof/1");
    json_add_string(&json, "question", proof->question);
    json_add_string(&json, "answer", proof_answer_name(proof->answer));
    add_json(&json, "witness", &proof->witness);
    add_json(&json, "reasons", &proof->reasons);
    add_json(&json, "assumptions", &proof->assumptions);
    json_end(&json);
    text_add(&out, "\n");
    return text_take(&out, ret_json, err);
}
