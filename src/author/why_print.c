/* SPDX-License-Identifier: Apache-2.0 */
/* Answers for people and for programs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "author/why.h"
#include "base/json.h"
#include "base/kernel/syscalls.h"

#define COLUMNS 80
#define INDENT  "             "

static const char *error_name(int errnum)
{
    const char *name = errnum ? strerrorname_np(errnum) : NULL;

    return name ? name : "?";
}

static const char *layer_of(enum mechanism mechanism)
{
    return mechanism ? mechanism_name(mechanism) : NULL;
}

static void print_address(struct text *out, const struct question *question)
{
    char address[NET_ADDRESS_TEXT_SIZE];

    if (question->host) {
        text_add_safe(out, question->host);
    } else if (question->address.family) {
        net_address_print(&question->address, address);
        text_printf(out, strchr(address, ':') ? "[%s]" : "%s", address);
    } else {
        text_add(out, "an address that is not known");
    }
    if (question->port)
        text_printf(out, ":%u", question->port);
}

void why_print_question(struct text *out, const struct question *question)
{
    const char *call;

    text_printf(out, "%s ", operation_name(question->operation));
    switch (question->operation) {
    case OPERATION_SYSCALL:
        call = kernel_syscall_name(question->call);
        text_add(out, call ? call : "of a number that is not known");
        return;
    case OPERATION_CONNECT:
    case OPERATION_BIND:
        if (!question->path) {
            print_address(out, question);
            return;
        }
        break;
    default:
        break;
    }
    text_add_safe(out, question->path ? question->path : "what is not known");
    if (question->second) {
        text_add(out, " to ");
        text_add_safe(out, question->second);
    }
}

void why_print_wrapped(struct text *out, unsigned indent, const char *label, unsigned width, const char *text)
{
    size_t column = indent + width;
    bool is_first = true;

    text_printf(out, "%*s%-*s", (int)indent, "", (int)width, label);
    while (*text) {
        size_t length = strcspn(text, " ");

        if (!is_first && column + 1 + length > COLUMNS) {
            text_printf(out, "\n%*s", (int)(indent + width), "");
            column = indent + width;
            is_first = true;
        }
        if (!is_first) {
            text_add(out, " ");
            column++;
        }
        text_add_safe_n(out, text, length);
        column += length;
        text += length + strspn(text + length, " ");
        is_first = false;
    }
    text_add(out, "\n");
}

static void print_row(struct text *out, const char *label, const char *text)
{
    why_print_wrapped(out, 2, label, 11, text);
}

static void add_origin(struct text *out, const struct origin *origin)
{
    if (origin->file) {
        text_add_safe(out, origin->file);
        if (origin->line)
            text_printf(out, ":%u:%u", origin->line, origin->column);
        text_add(out, ": ");
    }
    text_add_safe(out, origin->member ? origin->member : "");
    if (origin->layer)
        text_printf(out, " (%s)", origin->layer);
}

static void print_rule(struct text *out, const struct judged *judged)
{
    auto_text struct text text = {0};

    if (judged->origin)
        add_origin(&text, judged->origin);
    else
        text_add(&text, judged->judgement == JUDGED_ALLOWED ? "no rule is in the way" : "no rule names it");
    if (judged->name)
        text_printf(&text, ", pattern %s", judged->name->pattern);
    print_row(out, "rule", text.data ? text.data : "");
}

static void print_by(struct text *out, const struct judged *judged)
{
    auto_text struct text text = {0};

    if (!judged->first)
        return;
    text_printf(&text, "%s (%s)", mechanism_name(judged->first), error_name(judged->errnum));
    if (judged->behind)
        text_printf(&text, "; behind it %s", mechanism_name(judged->behind));
    print_row(out, "by", text.data ? text.data : "");
}

static void print_edits(struct text *out, const struct suggestion *suggestion)
{
    for (size_t i = 0; i < suggestion->edit_count; i++) {
        const struct suggest_edit *edit = &suggestion->edits[i];

        text_printf(out, i ? INDENT : "  %-11s", "instead");
        if (edit->removed) {
            text_add(out, "take away ");
            text_add_safe(out, edit->removed->member);
            text_add(out, " (");
            text_add_safe(out, edit->value);
            text_add(out, ")");
        } else {
            text_printf(out, "add to %s", edit->member);
        }
        text_add(out, edit->removed ? " from " : " of ");
        text_add_safe(out, edit->file ? edit->file : "a document that extends the profile");
        text_add(out, edit->removed ? "\n" : ":\n" INDENT "  - ");
        if (!edit->removed) {
            text_add_safe(out, edit->value);
            text_add(out, "\n");
        }
        if (!edit->file && !edit->removed && !strchr(edit->value, '\'')) { /* which would end the quotes of a shell */
            text_printf(out, INDENT "for one run: --set '%s=[", edit->member);
            text_add_safe(out, edit->value);
            text_add(out, "]'\n");
        }
    }
}

static void print_radius(struct text *out, const struct suggestion *suggestion, const struct radius *radius)
{
    auto_text struct text text = {0};

    if (!radius->is_path)
        return;
    text_printf(&text, "%s%llu file%s that %s now; ", radius->is_more ? "at least " : "", (unsigned long long)radius->files,
                radius->files == 1 ? "" : "s", suggestion->is_write ? "it cannot change" : "it cannot read");
    if (!radius->hit_count)
        text_add(&text, radius->is_more ? "nothing sensitive among those looked at" : "nothing sensitive");
    else
        text_printf(&text, "%llu sensitive:", (unsigned long long)(radius->hit_count + radius->hits_more));
    print_row(out, "opens", text.data ? text.data : "");
    for (size_t i = 0; i < radius->hit_count; i++) {
        text_add(out, INDENT "! ");
        text_add_safe(out, radius->hits[i].path);
        text_printf(out, " (%s)\n", radius->hits[i].row->what);
    }
    if (radius->hits_more)
        text_printf(out, INDENT "! and %llu more\n", (unsigned long long)radius->hits_more);
}

static void print_record(struct text *out, const struct why *why)
{
    const struct event_access *access = &why->record->access;
    auto_text struct text text = {0};

    if (why->record->kind == RECORD_ACCESS) {
        text_printf(&text, "%s, told by %s, %s", access->errnum ? error_name(access->errnum) : "went on",
                    access->source ? access->source : "?", access->reason ? access->reason : "");
        print_row(out, "recorded", text.data ? text.data : "");
        if (access->process.exe)
            print_row(out, "program", access->process.exe);
    } else if (why->record->kind == RECORD_NETWORK) {
        text_printf(&text, "%s: %s", why->record->type, why->record->network.reason ? why->record->network.reason : "");
        print_row(out, "recorded", text.data ? text.data : "");
        if (why->record->network.exe)
            print_row(out, "program", why->record->network.exe);
    }
    if (why->count > 1) {
        char number[40];

        snprintf(number, sizeof(number), "%llu times", (unsigned long long)why->count);
        print_row(out, "came", number);
    }
}

/* What was refused then and would be allowed now, or the other way round. */
static const char *disagreement(const struct why *why)
{
    bool was_refused;

    if (!why->record || why->judged->judgement == JUDGED_DEPENDS)
        return NULL;
    was_refused = why->record->kind == RECORD_NETWORK ? strstr(why->record->type, "denied") != NULL
                                                       : strcmp(why->record->type, "access.denied") == 0;
    if (was_refused == (why->judged->judgement != JUDGED_ALLOWED))
        return NULL;
    if (why->changed)
        return "the plan of today answers otherwise than the run did, because it is another one";
    return was_refused ? "no rule refuses it: permissions of the host's file system, or what the program had done before, may have"
                       : "the plan refuses it, and it went on";
}

void why_print_text(struct text *out, const struct why *why, bool has_colour)
{
    const struct judged *judged = why->judged;
    const struct suggestion *suggestion = why->suggestion;
    const char *colour = judged->judgement == JUDGED_ALLOWED ? "\033[32m" : judged->judgement == JUDGED_DEPENDS ? "\033[33m" : "\033[31m";

    if (why->record)
        text_printf(out, "%s  ", why->record->id);
    text_printf(out, "%s%s%s: ", has_colour ? colour : "", judgement_name(judged->judgement), has_colour ? "\033[0m" : "");
    why_print_question(out, why->question);
    text_add(out, "\n");
    if (why->record)
        print_record(out, why);
    print_rule(out, judged);
    if (*judged->reason)
        print_row(out, judged->judgement == JUDGED_DEPENDS ? "depends" : "because", judged->reason);
    print_by(out, judged);
    if (disagreement(why))
        print_row(out, "but", disagreement(why));
    if (why->changed)
        print_row(out, "changed", *why->changed ? why->changed : "the machine or the environment is another than it was for the run");
    if (!suggestion)
        return;
    if (suggestion->none) {
        print_row(out, "instead", suggestion->none);
        return;
    }
    print_edits(out, suggestion);
    if (suggestion->note)
        print_row(out, suggestion->is_wider ? "wider" : "note", suggestion->note);
    if (why->radius)
        print_radius(out, suggestion, why->radius);
    print_row(out, "ceiling", "none forbids it");
}

/* JSON */

static void add_string_or_null(struct json *json, const char *key, const char *value)
{
    json_add_string(json, key, value);
}

static void json_question(struct json *json, const struct question *question)
{
    char address[NET_ADDRESS_TEXT_SIZE];
    static const char *const protocols[] = {[NET_TCP] = "tcp", [NET_UDP] = "udp", [NET_ICMP] = "icmp"};

    json_begin_object(json, "question");
    json_add_string(json, "operation", operation_name(question->operation));
    add_string_or_null(json, "path", question->path);
    add_string_or_null(json, "second", question->second);
    add_string_or_null(json, "program", question->exe);
    add_string_or_null(json, "host", question->host);
    if (question->address.family) {
        net_address_print(&question->address, address);
        json_add_string(json, "address", address);
    } else {
        json_add_null(json, "address");
    }
    if (question->port)
        json_add_uint(json, "port", question->port);
    else
        json_add_null(json, "port");
    add_string_or_null(json, "protocol", question->protocol >= NET_TCP && question->protocol <= NET_ICMP ? protocols[question->protocol] : NULL);
    add_string_or_null(json, "syscall", question->operation == OPERATION_SYSCALL ? kernel_syscall_name(question->call) : NULL);
    json_add_bool(json, "exists", question->exists);
    json_end(json);
}

static void json_suggestion(struct json *json, const struct suggestion *suggestion)
{
    json_begin_object(json, "suggestion");
    add_string_or_null(json, "none", suggestion->none);
    add_string_or_null(json, "note", suggestion->note);
    json_add_bool(json, "wider", suggestion->is_wider);
    json_begin_array(json, "documents");
    for (size_t i = 0; i < suggestion->edit_count; i++) {
        const char *file = suggestion->edits[i].file;
        auto_text struct text yaml = {0}, patch = {0};
        bool is_told = false;

        for (size_t j = 0; j < i; j++)
            is_told = is_told || (file == suggestion->edits[j].file || (file && suggestion->edits[j].file && strcmp(file, suggestion->edits[j].file) == 0));
        if (is_told)
            continue;
        suggest_print_yaml(&yaml, suggestion, file, "");
        suggest_print_patch(&patch, suggestion, file);
        json_begin_object(json, NULL);
        add_string_or_null(json, "file", file);
        json_add_string(json, "add", yaml.data ? yaml.data : "");
        json_add_raw(json, "patch", patch.data ? patch.data : "[]");
        json_end(json);
    }
    json_end(json);
    json_end(json);
}

static void json_radius(struct json *json, const struct radius *radius)
{
    json_begin_object(json, "opens");
    json_add_uint(json, "files", radius->files);
    json_add_bool(json, "more", radius->is_more);
    json_begin_array(json, "sensitive");
    for (size_t i = 0; i < radius->hit_count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "path", radius->hits[i].path);
        json_add_string(json, "kind", sensitive_kind_name(radius->hits[i].row->kind));
        json_add_string(json, "what", radius->hits[i].row->what);
        json_end(json);
    }
    json_end(json);
    json_add_uint(json, "sensitiveMore", radius->hits_more);
    json_end(json);
}

void why_print_json(struct text *out, const struct why *why)
{
    struct json json = JSON_INIT(out, 0);
    const struct judged *judged = why->judged;
    auto_text struct text rule = {0};

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-why/1");
    add_string_or_null(&json, "id", why->record ? why->record->id : NULL);
    if (why->count)
        json_add_uint(&json, "count", why->count);
    else
        json_add_null(&json, "count");
    json_question(&json, why->question);
    json_add_string(&json, "verdict", judgement_name(judged->judgement));
    add_string_or_null(&json, "errno", judged->errnum ? error_name(judged->errnum) : NULL);
    add_string_or_null(&json, "first", layer_of(judged->first));
    add_string_or_null(&json, "behind", layer_of(judged->behind));
    if (judged->origin)
        add_origin(&rule, judged->origin);
    add_string_or_null(&json, "rule", judged->origin ? rule.data : NULL);
    add_string_or_null(&json, "pattern", judged->name ? judged->name->pattern : NULL);
    json_add_string(&json, "reason", judged->reason);
    add_string_or_null(&json, "decides", judged->what);
    add_string_or_null(&json, "disagrees", disagreement(why));
    add_string_or_null(&json, "changed", why->changed);
    if (why->suggestion)
        json_suggestion(&json, why->suggestion);
    else
        json_add_null(&json, "suggestion");
    if (why->radius && why->radius->is_path)
        json_radius(&json, why->radius);
    else
        json_add_null(&json, "opens");
    json_end(&json);
    text_add(out, "\n");
}
