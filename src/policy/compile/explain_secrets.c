/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets and authorities in both forms of explain. No value is in a plan, so none can be here. */
#include <string.h>

#include "policy/compile/explain.h"
#include "policy/compile/explain_rows.h"

static const char *const place_names[] = {
    [NET_SECRET_HEADER] = "header", [NET_SECRET_QUERY] = "query", [NET_SECRET_BASIC] = "basicAuth", [NET_SECRET_BODY] = "body"};

size_t explain_secrets_count(const struct plan *plan)
{
    return plan->secret_count + plan->authority_count;
}

struct explain_row explain_secrets_row(const struct plan *plan, size_t at)
{
    if (at < plan->secret_count)
        return (struct explain_row){"placeholder", BY_HOLDER, BY_INSPECTOR, plan->secrets[at].origin};
    return (struct explain_row){"believed", BY_NOTHING, BY_NOTHING, plan->authorities[at - plan->secret_count].origin};
}

/* Words go on on the next line. */
static void add_word(struct text *out, size_t *line, const char *before, const char *word)
{
    if (out->length - *line + strlen(before) + strlen(word) > EXPLAIN_LINE_COLUMNS) {
        size_t ends = strspn(before, ",;:"); /* what ends a part stays with it */

        text_add_n(out, before, ends);
        text_add(out, "\n       ");
        *line = out->length - 7;
        before += ends;
    }
    text_add(out, before);
    text_add_safe(out, word);
}

static void add_source(struct text *out, size_t *line, const struct plan_secret *secret)
{
    add_word(out, line, ", from ", secret_source_name(secret->source));
    if (secret->text)
        add_word(out, line, " ", secret->text);
    for (size_t i = 0; secret->command && secret->command[i]; i++)
        add_word(out, line, " ", secret->command[i]);
}

void explain_secrets_subject(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    const struct plan_secret *secret = &plan->secrets[at];
    size_t line = out->length - column;

    if (at >= plan->secret_count) {
        const struct plan_authority *authority = &plan->authorities[at - plan->secret_count];

        add_word(out, &line, "", authority->path);
        add_word(out, &line, " ", authority->digest);
        return;
    }
    add_word(out, &line, "", secret->file ? secret->file : secret->variable);
    for (size_t i = 0; i < secret->host_count; i++)
        add_word(out, &line, i ? ", " : " for ", secret->hosts[i]);
    for (size_t i = 0; i < secret->field_count; i++) {
        add_word(out, &line, i ? ", " : " in ", place_names[secret->fields[i].place]);
        if (*secret->fields[i].field)
            add_word(out, &line, " ", secret->fields[i].field);
    }
    add_source(out, &line, secret);
}

static void json_add_places(struct json *json, const struct plan_secret *secret)
{
    json_begin_array(json, "in");
    for (size_t i = 0; i < secret->field_count; i++) {
        const struct net_secret_field *field = &secret->fields[i];

        json_begin_object(json, NULL);
        if (field->place == NET_SECRET_BASIC)
            json_add_bool(json, place_names[field->place], true);
        else
            json_add_string(json, place_names[field->place], field->field);
        json_end(json);
    }
    json_end(json);
}

void explain_secret(struct json *json, const struct plan *plan, size_t index)
{
    const struct plan_secret *secret = &plan->secrets[index];

    json_add_string(json, "name", secret->name);
    json_add_string(json, "variable", secret->variable);
    json_add_string(json, "file", secret->file);
    json_add_string(json, "source", secret_source_name(secret->source));
    json_add_string(json, "from", secret->text);
    json_begin_array(json, "command");
    for (size_t i = 0; secret->command && secret->command[i]; i++)
        json_add_string(json, NULL, secret->command[i]);
    json_end(json);
    json_add_string(json, "prefix", secret->prefix);
    json_begin_array(json, "hosts");
    for (size_t i = 0; i < secret->host_count; i++)
        json_add_string(json, NULL, secret->hosts[i]);
    json_end(json);
    json_add_places(json, secret);
    json_add_string(json, "first", mechanism_name(BY_HOLDER));
    json_add_string(json, "behind", mechanism_name(BY_INSPECTOR));
}

void explain_authority(struct json *json, const struct plan *plan, size_t index)
{
    json_add_string(json, "path", plan->authorities[index].path);
    json_add_string(json, "digest", plan->authorities[index].digest);
}
