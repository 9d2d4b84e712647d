/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Findings as SARIF 2.1.0 (OASIS standard, 27 March 2020), which code hosts and editors read. The severities have the same
 * names there. All that is open is in the run's property bag.
 */
#include <string.h>

#include "author/lint_look.h"
#include "base/file.h"
#include "base/json.h"

#define DOCUMENT_BYTES_MAX ((size_t)1 << 20)

/* A relative reference or, from "/" on, a file URI (RFC 3986, RFC 8089): what is not unreserved is encoded. */
static int add_uri(struct json *json, const char *path)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    auto_text struct text uri = {0};

    text_add(&uri, path[0] == '/' ? "file://" : strchr(path, ':') ? "./" : "");
    for (const unsigned char *at = (const unsigned char *)path; *at; at++) {
        if (strchr(unreserved, *at))
            text_add_n(&uri, (const char *)at, 1);
        else
            text_printf(&uri, "%%%02X", *at);
    }
    if (uri.is_broken)
        return -1;
    json_add_string(json, "uri", uri.data ? uri.data : "");
    return 0;
}

/* The document that was read last, for its columns. */
struct lines {
    const char *file;
    char *text;
    size_t size;
};

static void lines_finish(struct lines *lines)
{
    mem_free(lines->text);
}

/* Columns of documents count bytes, and SARIF's do not. What cannot be read again is taken for ASCII. */
static unsigned column_in_characters(struct lines *lines, const struct origin *origin)
{
    unsigned column = 1, line = 1;
    const char *at, *end;
    struct error err;

    if (!lines->file || strcmp(lines->file, origin->file) != 0) {
        mem_free(lines->text);
        *lines = (struct lines){.file = origin->file};
        if (file_read(origin->file, DOCUMENT_BYTES_MAX, &lines->text, &lines->size, &err) < 0)
            lines->text = NULL;
    }
    if (!lines->text)
        return origin->column;
    end = lines->text + lines->size;
    for (at = lines->text; at < end && line < origin->line; at++)
        line += *at == '\n';
    for (unsigned i = 0; i + 1 < origin->column && at + i < end && at[i] != '\n'; i++)
        column += (at[i] & 0xc0) != 0x80;
    return column;
}

static int add_location(struct json *json, struct lines *lines, const struct origin *origin)
{
    int r = 0;

    json_begin_array(json, "locations");
    json_begin_object(json, NULL);
    if (origin->file) {
        json_begin_object(json, "physicalLocation");
        json_begin_object(json, "artifactLocation");
        r = add_uri(json, origin->file);
        json_end(json);
        if (origin->line) {
            json_begin_object(json, "region");
            json_add_uint(json, "startLine", origin->line);
            if (origin->column)
                json_add_uint(json, "startColumn", column_in_characters(lines, origin));
            json_end(json);
        }
        json_end(json);
    }
    if (origin->member) {
        json_begin_array(json, "logicalLocations");
        json_begin_object(json, NULL);
        json_add_string(json, "fullyQualifiedName", origin->member);
        json_add_string(json, "kind", "member");
        json_end(json);
        json_end(json);
    }
    json_end(json);
    json_end(json);
    return r;
}

static void add_text(struct json *json, const char *key, const char *text)
{
    json_begin_object(json, key);
    json_add_string(json, "text", text);
    json_end(json);
}

static void add_driver(struct json *json, const char *version)
{
    size_t count;
    const struct lint_rule *rules = lint_rules(&count);

    json_begin_object(json, "tool");
    json_begin_object(json, "driver");
    json_add_string(json, "name", "cordon policy lint");
    json_add_string(json, "version", version);
    json_begin_array(json, "rules");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "id", rules[i].id);
        add_text(json, "shortDescription", rules[i].summary);
        json_begin_object(json, "defaultConfiguration");
        json_add_string(json, "level", lint_severity_name(rules[i].severity));
        json_end(json);
        json_end(json);
    }
    json_end(json);
    json_end(json);
    json_end(json);
}

static int add_result(struct json *json, const struct lint *lint, struct lines *lines, const struct lint_finding *finding)
{
    const struct origin whole = {.file = lint->document};
    bool has_place = finding->origin && (finding->origin->file || finding->origin->member);
    auto_text struct text message = {0};
    size_t count;
    int r = 0;

    text_add(&message, finding->reason);
    if (finding->mend)
        text_printf(&message, ". Mend: %s", finding->mend);
    if (message.is_broken)
        return -1;
    json_begin_object(json, NULL);
    json_add_string(json, "ruleId", finding->rule->id);
    json_add_uint(json, "ruleIndex", (uint64_t)(finding->rule - lint_rules(&count)));
    json_add_string(json, "level", lint_severity_name(finding->rule->severity));
    add_text(json, "message", message.data);
    if (has_place || whole.file) /* code hosts drop what has no place */
        r = add_location(json, lines, has_place ? finding->origin : &whole);
    json_end(json);
    return r;
}

int lint_print_sarif(const struct lint *lint, const char *version, char **ret_json, struct error *err)
{
    auto_text struct text out = {0};
    cleanup_with(lines_finish) struct lines lines = {0};
    struct json json = JSON_INIT(&out, 2);
    int r = 0;

    json_begin_object(&json, NULL);
    json_add_string(&json, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
    json_add_string(&json, "version", "2.1.0");
    json_begin_array(&json, "runs");
    json_begin_object(&json, NULL);
    add_driver(&json, version);
    json_add_string(&json, "columnKind", "unicodeCodePoints");
    json_begin_array(&json, "results");
    for (size_t i = 0; i < lint->finding_count && r == 0; i++)
        r = add_result(&json, lint, &lines, &lint->findings[i]);
    json_end(&json);
    json_begin_object(&json, "properties");
    json_add_uint(&json, "exposureTenths", lint->exposure);
    json_end(&json);
    json_end(&json);
    json_end(&json);
    json_end(&json);
    text_add(&out, "\n");
    return r < 0 ? error_memory(err) : text_take(&out, ret_json, err);
}
