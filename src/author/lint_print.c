/* SPDX-License-Identifier: Apache-2.0 */
/* Findings and exposure, for people and for programs. */
#include <string.h>

#include "author/lint_look.h"
#include "base/json.h"

#define COLUMNS 79

/* Whole words, each line after the first behind `indent` blanks. Text that is safe already. */
static void add_wrapped(struct text *out, const char *text, size_t column, size_t indent)
{
    for (bool is_first = true; *text; is_first = false) {
        size_t length = strcspn(text, " ");

        if (!is_first && column + 1 + length > COLUMNS) {
            text_printf(out, "\n%*s", (int)indent, "");
            column = indent;
        } else if (!is_first) {
            text_add(out, " ");
            column++;
        }
        text_add_n(out, text, length);
        column += length;
        text += length + (text[length] == ' ');
    }
    text_add(out, "\n");
}

static void print_finding(struct text *out, const struct lint_finding *finding)
{
    const struct origin *origin = finding->origin;

    if (origin && (origin->file || origin->layer)) {
        text_add_safe(out, origin->file ? origin->file : origin->layer);
        if (origin->line)
            text_printf(out, ":%u:%u", origin->line, origin->column);
        text_add(out, ": ");
    }
    text_printf(out, "%s: ", lint_severity_name(finding->rule->severity));
    if (origin && origin->member) {
        text_add_safe(out, origin->member);
        text_add(out, " ");
    }
    text_printf(out, "[%s]\n    ", finding->rule->id);
    add_wrapped(out, finding->reason, 4, 4);
    if (finding->mend) {
        text_add(out, "    mend: ");
        add_wrapped(out, finding->mend, 10, 10);
    }
}

static const char *word_of(unsigned exposure)
{
    return exposure < 10 ? "tight" : exposure < 30 ? "guarded" : exposure < 60 ? "open" : "exposed";
}

static void print_exposure(struct text *out, const struct lint *lint)
{
    text_printf(out, "exposure %u.%u of 10: %s\n", lint->exposure / 10, lint->exposure % 10, word_of(lint->exposure));
    for (size_t i = 0; i < lint->exposure_count; i++) {
        const struct lint_exposure *exposure = &lint->exposures[i];

        if (!exposure->is_open)
            continue;
        text_printf(out, "  %2u.%u  %s\n", exposure->weight / 10, exposure->weight % 10, exposure->summary);
        if (*exposure->why) {
            text_add(out, "        ");
            text_add_safe(out, exposure->why);
            text_add(out, "\n");
        }
    }
}

static void print_count(struct text *out, size_t count, const char *name, const char *behind)
{
    text_printf(out, "%zu %s%s%s", count, name, count == 1 ? "" : "s", behind);
}

int lint_print_text(const struct lint *lint, char **ret_text, struct error *err)
{
    auto_text struct text out = {0};

    for (size_t i = 0; i < lint->finding_count; i++)
        print_finding(&out, &lint->findings[i]);
    if (lint->finding_count)
        text_add(&out, "\n");
    if (lint->exposure_count)
        print_exposure(&out, lint);
    print_count(&out, lint->counts[LINT_ERROR], "error", ", ");
    print_count(&out, lint->counts[LINT_WARNING], "warning", ", ");
    print_count(&out, lint->counts[LINT_NOTE], "note", "\n");
    return text_take(&out, ret_text, err);
}

static void add_place(struct json *json, const struct origin *origin)
{
    json_add_string(json, "file", origin ? origin->file : NULL);
    json_add_string(json, "layer", origin ? origin->layer : NULL);
    json_add_uint(json, "line", origin ? origin->line : 0);
    json_add_uint(json, "column", origin ? origin->column : 0);
    json_add_string(json, "member", origin ? origin->member : NULL);
}

static void add_exposures(struct json *json, const struct lint *lint)
{
    json_begin_array(json, "exposures");
    for (size_t i = 0; i < lint->exposure_count; i++) {
        const struct lint_exposure *exposure = &lint->exposures[i];

        json_begin_object(json, NULL);
        json_add_string(json, "id", exposure->id);
        json_add_uint(json, "weightTenths", exposure->weight);
        json_add_bool(json, "open", exposure->is_open);
        json_add_string(json, "summary", exposure->summary);
        json_add_string(json, "why", *exposure->why ? exposure->why : NULL);
        json_end(json);
    }
    json_end(json);
}

int lint_print_json(const struct lint *lint, char **ret_json, struct error *err)
{
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-lint/1");
    json_add_uint(&json, "errors", lint->counts[LINT_ERROR]);
    json_add_uint(&json, "warnings", lint->counts[LINT_WARNING]);
    json_add_uint(&json, "notes", lint->counts[LINT_NOTE]);
    json_add_uint(&json, "exposureTenths", lint->exposure);
    json_begin_array(&json, "findings");
    for (size_t i = 0; i < lint->finding_count; i++) {
        const struct lint_finding *finding = &lint->findings[i];

        json_begin_object(&json, NULL);
        json_add_string(&json, "rule", finding->rule->id);
        json_add_string(&json, "severity", lint_severity_name(finding->rule->severity));
        add_place(&json, finding->origin);
        json_add_string(&json, "reason", finding->reason);
        json_add_string(&json, "mend", finding->mend);
        json_end(&json);
    }
    json_end(&json);
    add_exposures(&json, lint);
    json_end(&json);
    text_add(&out, "\n");
    return text_take(&out, ret_json, err);
}
