/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions for what is neither a file nor an address, and what all of them have in common. */
#include "author/suggest.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/kernel/syscalls.h"
#include "base/path.h"

int suggest_none(struct suggest *s, const char *format, ...)
{
    char text[400];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    s->made->edit_count = 0;
    s->made->none = arena_string(s->arena, text);
    return s->made->none ? 0 : error_memory(s->err);
}

const char *suggest_quote(struct arena *arena, const char *text)
{
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 0);

    json_add_string(&json, NULL, text);
    return out.is_broken ? NULL : arena_string(arena, out.data);
}

/* Does something that the document itself says stand at `member` or in it? */
static bool says(const struct origin *origin, const struct document *document, const char *member)
{
    size_t length = strlen(member);

    return origin && !origin->is_profile && origin->member && document->file && origin->file &&
           strcmp(origin->file, document->file) == 0 && strncmp(origin->member, member, length) == 0 &&
           strchr("[.", origin->member[length]);
}

static bool list_says(const struct string_list *list, const struct document *document, const char *member)
{
    if (list->is_set && says(&list->origin, document, member))
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (says(&list->items[i].origin, document, member))
            return true;
    return false;
}

static bool doors_say(const struct port_grants *doors, const struct document *document, const char *member)
{
    return (doors->is_set && says(&doors->origin, document, member)) ||
           (doors->count && says(&doors->items[0].origin, document, member));
}

/* All that a patch could overwrite by making a part of the document that is there. */
static bool document_says(const struct document *document, const char *member)
{
    const struct network *network = &document->network;
    bool found = (network->is_set && says(&network->origin, document, member)) || doors_say(&network->inward, document, member) ||
                 doors_say(&network->outward, document, member) || says(&network->budget.origin, document, member) ||
                 says(&network->host_loopback.origin, document, member) || list_says(&network->authorities, document, member) ||
                 says(&document->protect_builtin.origin, document, member) || says(&document->toolchains.origin, document, member) ||
                 list_says(&document->unprotected, document, member) || list_says(&document->unix_sockets, document, member) ||
                 list_says(&document->devices, document, member) || list_says(&document->syscalls_allow, document, member) ||
                 list_says(&document->syscalls_deny, document, member) ||
                 says(&network->egress_default.origin, document, member) || says(&network->loopback.origin, document, member) ||
                 says(&network->ingress_default.origin, document, member);

    for (size_t i = 0; i < document->path_count && !found; i++)
        found = says(&document->paths[i].origin, document, member);
    for (size_t i = 0; i < document->view_count && !found; i++)
        found = says(&document->views[i].origin, document, member);
    for (size_t i = 0; i < network->allow_count && !found; i++)
        found = says(&network->allow[i].origin, document, member);
    for (size_t i = 0; i < network->deny_count && !found; i++)
        found = says(&network->deny[i].origin, document, member);
    return found;
}

/* The longest part of the member that the document says something in. */
static int find_there(struct suggest *s, const struct document *document, struct suggest_edit *edit)
{
    char *part = arena_string(s->arena, edit->member);

    if (!part)
        return -ENOMEM;
    for (edit->there = strlen(part); edit->there; edit->there = strrchr(part, '.') ? (size_t)(strrchr(part, '.') - part) : 0) {
        part[edit->there] = '\0';
        if (document_says(document, part))
            return 0;
    }
    return 0;
}

static struct suggest_edit *edit_add(struct suggest *s)
{
    return s->made->edit_count < SUGGEST_EDITS_MAX ? &s->made->edits[s->made->edit_count++] : NULL;
}

int suggest_add(struct suggest *s, const char *member, const char *value,
                bool (*is_needed)(const struct suggest *s, const struct document *document))
{
    const struct policy *policy = s->input->policy;

    if (!value)
        return error_memory(s->err);
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *document = policy->layers[i];
        struct suggest_edit *edit;

        if (document->kind != LAYER_REQUEST || (is_needed && !is_needed(s, document)))
            continue;
        if (document->contract != CONTRACT_CORDON)
            return suggest_none(s, "%s is an MXC document, which has no such member", document->file ? document->file : document->name);
        edit = edit_add(s);
        if (!edit)
            return suggest_none(s, "it would take a change of more than %d documents", SUGGEST_EDITS_MAX);
        *edit = (struct suggest_edit){.file = document->file, .member = member, .value = value};
        if (find_there(s, document, edit) < 0)
            return error_memory(s->err);
    }
    return s->made->edit_count ? 0 : suggest_none(s, "the documents grant as much already: what is in the way is a rule about another name of it, as of a link, or of a profile");
}

int suggest_remove(struct suggest *s, const struct origin *origin, const char *value)
{
    struct suggest_edit *edit;
    char *member;

    if (origin->is_profile || !origin->file)
        return suggest_none(s, "%s says it of every policy that has it, and a document cannot take it away",
                            origin->layer ? origin->layer : "a profile");
    edit = edit_add(s);
    member = arena_string(s->arena, origin->member);
    if (!member || !value)
        return error_memory(s->err);
    if (!edit)
        return suggest_none(s, "it would take more than %d changes", SUGGEST_EDITS_MAX);
    member[strcspn(member, "[")] = '\0';
    *edit = (struct suggest_edit){.file = origin->file, .member = member, .value = value, .removed = origin};
    return 0;
}

/* limits, system calls */

static int suggest_call(struct suggest *s)
{
    const char *name = kernel_syscall_name(s->question->call);

    if (!name)
        return suggest_none(s, "no rule can: this build does not know the call");
    if (s->judged->origin)
        return suggest_remove(s, s->judged->origin, suggest_quote(s->arena, name));
    if (s->judged->judgement == JUDGED_DEPENDS)
        return suggest_none(s, "no rule can: its arguments decide, and they are not the policy's");
    if (!policy_grantable_call(name))
        return suggest_none(s, "no rule can: %s", *s->judged->reason ? s->judged->reason : "it reaches past the container");
    return suggest_add(s, "syscalls.allow", suggest_quote(s->arena, name), NULL);
}

static int suggest_limit(struct suggest *s)
{
    const struct plan *plan = s->input->plan;

    for (size_t i = 0; i < plan->limit_count && s->question->path; i++)
        if (strcmp(plan->limits[i].member, s->question->path) == 0)
            return suggest_none(s, "give %s more than %llu: how much is enough only the program knows", s->question->path,
                                (unsigned long long)plan->limits[i].value);
    return suggest_none(s, "no rule can: no limit of the policy was met");
}

static bool is_ceiling(const struct suggest *s, const struct origin *origin)
{
    for (size_t i = 0; origin && origin->file && i < s->input->policy->layer_count; i++) {
        const struct document *layer = s->input->policy->layers[i];

        if (layer->kind == LAYER_CEILING && layer->file && strcmp(layer->file, origin->file) == 0)
            return true;
    }
    return false;
}

static int suggest_by_operation(struct suggest *s)
{
    const struct origin *origin = s->judged->origin;

    if (s->judged->judgement == JUDGED_ALLOWED)
        return suggest_none(s, "it is allowed");
    if (is_ceiling(s, origin))
        return suggest_none(s, "no rule can: the ceiling %s:%u forbids it; who administers this machine can change that",
                            origin->file, origin->line);
    switch (s->question->operation) {
    case OPERATION_SYSCALL:
        return suggest_call(s);
    case OPERATION_LIMIT:
        return suggest_limit(s);
    case OPERATION_MOUNT:
        return suggest_none(s, "no rule can: nested.namespaces gives sandboxes of the program's own, which see their own mounts");
    case OPERATION_SIGNAL:
    case OPERATION_PTRACE:
        return suggest_none(s, "no rule can: processes outside of the container are never reached");
    case OPERATION_CONNECT:
    case OPERATION_BIND:
        return s->question->path ? suggest_files(s) : suggest_network(s);
    case OPERATION_NONE:
    case OPERATION_COUNT_:
        return suggest_none(s, "no rule can: it is not known what was tried");
    default:
        return suggest_files(s);
    }
}

int suggest(struct arena *arena, const struct suggest_input *input, const struct question *question, const struct judged *judged,
            struct suggestion *ret_suggestion, struct error *err)
{
    struct suggestion made = {0};
    struct suggest s = {.arena = arena, .input = input, .question = question, .judged = judged, .made = &made, .err = err};
    int r = suggest_by_operation(&s);

    if (r == 0)
        *ret_suggestion = made;
    return r;
}

/* doing it */

static bool is_same_origin(const struct origin *a, const struct origin *b)
{
    return a->file && b->file && a->member && b->member && strcmp(a->file, b->file) == 0 && strcmp(a->member, b->member) == 0 &&
           a->line == b->line && a->column == b->column;
}

#define DROP(array, count, member, is_it)                              \
    do {                                                               \
        size_t kept_ = 0;                                              \
        for (size_t i_ = 0; i_ < (count); i_++)                        \
            if (!is_same_origin(&(array)[i_].member, (is_it)))         \
                (array)[kept_++] = (array)[i_];                        \
        gone += (count)-kept_;                                         \
        (count) = kept_;                                               \
    } while (0)

/* From a document that is nobody else's. */
static size_t drop(struct document *document, const struct origin *origin)
{
    size_t gone = 0;

    DROP(document->paths, document->path_count, origin, origin);
    DROP(document->syscalls_deny.items, document->syscalls_deny.count, origin, origin);
    DROP(document->network.deny, document->network.deny_count, origin, origin);
    return gone;
}

static struct document *document_of(const struct policy *policy, const char *file)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        struct document *layer = policy->layers[i];

        if (layer->kind == LAYER_REQUEST && (file ? layer->file && strcmp(layer->file, file) == 0 : !layer->file))
            return layer;
    }
    return NULL;
}

int suggest_apply(const struct policy *policy, const struct suggestion *suggestion, const struct variables *variables,
                  struct error *err)
{
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = variables, .layer_name = "suggestion"};
    int r = 0;

    for (size_t i = 0; i < suggestion->edit_count && r == 0; i++) {
        const struct suggest_edit *edit = &suggestion->edits[i];
        struct document *document = document_of(policy, edit->file);
        const char *assignment;

        if (!document)
            return error_set(err, ERROR_INTERNAL, ENOENT, "%s is no document of the request", edit->file ? edit->file : "the profile");
        if (edit->removed) {
            if (!drop(document, edit->removed))
                return error_set(err, ERROR_INTERNAL, ENOENT, "%s is not in %s any more", edit->removed->member, edit->file);
            continue;
        }
        assignment = arena_printf(policy->arena, "%s=[%s]", edit->member, edit->value);
        r = assignment ? document_set_member(policy->arena, document, assignment, &options, err) : error_memory(err);
    }
    return r;
}

static bool has_edit(const struct suggestion *suggestion, const struct suggest_edit *edit)
{
    for (size_t i = 0; i < suggestion->edit_count; i++) {
        const struct suggest_edit *one = &suggestion->edits[i];

        if (!one->removed == !edit->removed && (!one->removed || strcmp(one->removed->member, edit->removed->member) == 0) &&
            strcmp(one->member, edit->member) == 0 && strcmp(one->value, edit->value) == 0 &&
            (one->file == edit->file || (one->file && edit->file && strcmp(one->file, edit->file) == 0)))
            return true;
    }
    return false;
}

bool suggest_join(struct suggestion *suggestion, const struct suggestion *more)
{
    size_t before = suggestion->edit_count;

    if (more->none) {
        suggestion->none = more->none;
        suggestion->edit_count = 0;
        return false;
    }
    for (size_t i = 0; i < more->edit_count; i++)
        if (!has_edit(suggestion, &more->edits[i])) {
            if (suggestion->edit_count == SUGGEST_EDITS_MAX)
                return false;
            suggestion->edits[suggestion->edit_count++] = more->edits[i];
        }
    suggestion->is_wider = suggestion->is_wider || more->is_wider;
    suggestion->freed = suggestion->freed ? suggestion->freed : more->freed;
    suggestion->is_write = suggestion->is_write || more->is_write;
    suggestion->note = more->is_wider && more->note ? more->note : suggestion->note ? suggestion->note : more->note;
    if (!suggestion->grant || (more->grant && path_is_within(suggestion->grant, more->grant)))
        suggestion->grant = more->grant ? more->grant : suggestion->grant;
    return suggestion->edit_count > before;
}

/* writing it down */

static bool is_of(const struct suggest_edit *edit, const char *file)
{
    return file && edit->file ? strcmp(file, edit->file) == 0 : !file && !edit->file;
}

/* So many characters of both, up to the end of a part. */
static size_t common_parts(const char *a, const char *b)
{
    size_t length = 0, same = 0;

    for (; a[length] && a[length] == b[length]; length++)
        if (a[length] == '.')
            same = length;
    return strchr(".", a[length]) && strchr(".", b[length]) ? length : same;
}

/* Only what stands in `last`, which was written before, is not written again. */
static void print_yaml_edit(struct text *out, const struct suggest_edit *edit, const char *last, const char *before)
{
    size_t common = common_parts(edit->member, last);
    const char *rest = edit->member;
    int depth = 0;

    for (; *rest; depth++) {
        size_t length = strcspn(rest, ".");

        if ((size_t)(rest - edit->member) >= common) {
            text_printf(out, "%s%*s", before, 2 * depth, "");
            text_add_n(out, rest, length);
            text_add(out, ":\n");
        }
        rest += length + (rest[length] == '.');
    }
    text_printf(out, "%s%*s- %s\n", before, 2 * depth, "", edit->value);
}

/* The edits of `file` that add, or those that remove, in the order in which they are to be written; their number. */
static size_t list_edits(const struct suggestion *suggestion, const char *file, bool is_removal,
                         const struct suggest_edit *ret_edits[SUGGEST_EDITS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < suggestion->edit_count; i++) {
        const struct suggest_edit *edit = &suggestion->edits[i];
        size_t at = count;

        if (!is_of(edit, file) || !edit->removed != !is_removal)
            continue;
        /* members together; of one list the last item goes first, so that the numbers of the others stay right */
        while (at && (is_removal ? strverscmp(ret_edits[at - 1]->removed->member, edit->removed->member)
                                 : strcmp(edit->member, ret_edits[at - 1]->member)) < 0) {
            ret_edits[at] = ret_edits[at - 1];
            at--;
        }
        ret_edits[at] = edit;
        count++;
    }
    return count;
}

void suggest_print_yaml(struct text *out, const struct suggestion *suggestion, const char *file, const char *before)
{
    const struct suggest_edit *edits[SUGGEST_EDITS_MAX];
    size_t count = list_edits(suggestion, file, false, edits);

    for (size_t i = 0; i < count; i++)
        print_yaml_edit(out, edits[i], i ? edits[i - 1]->member : "", before);
}

/* "filesystem.readonlyPaths[3]" as a pointer, RFC 6901; no member's name has '~' or '/'. */
static void print_pointer(struct text *out, const char *member)
{
    text_add(out, "/");
    for (; *member; member++) {
        if (*member == ']')
            continue;
        text_add_n(out, *member == '.' || *member == '[' ? "/" : member, 1);
    }
}

/* The first part that is missing, with the rest of them around the item. */
static void print_new(const struct suggest_edit *edit, size_t there, struct text *path, struct text *value)
{
    size_t length = strlen(edit->member), first;
    const char *rest;
    int depth = 0;

    if (there == length) {
        print_pointer(path, edit->member);
        text_add(path, "/-");
        text_add(value, edit->value);
        return;
    }
    first = there ? there + 1 : 0;
    first += strcspn(edit->member + first, ".");
    print_pointer(path, edit->member);
    if (path->is_broken)
        return;
    path->length = first + 1;
    path->data[path->length] = '\0';
    for (rest = edit->member + first; *rest; depth++) {
        rest++;
        text_printf(value, "{\"%.*s\":", (int)strcspn(rest, "."), rest);
        rest += strcspn(rest, ".");
    }
    text_printf(value, "[%s]", edit->value);
    while (depth--)
        text_add(value, "}");
}

/* `last` was made by the patch before. */
static void print_patch_edit(struct json *json, const struct suggest_edit *edit, const char *last)
{
    auto_text struct text path = {0}, value = {0};
    size_t made = common_parts(edit->member, last);

    if (edit->removed)
        print_pointer(&path, edit->removed->member);
    else
        print_new(edit, made > edit->there ? made : edit->there, &path, &value);
    json_begin_object(json, NULL);
    json_add_string(json, "op", edit->removed ? "remove" : "add");
    json_add_string(json, "path", path.data);
    if (!edit->removed)
        json_add_raw(json, "value", value.data);
    json_end(json);
}

void suggest_print_patch(struct text *out, const struct suggestion *suggestion, const char *file)
{
    const struct suggest_edit *edits[SUGGEST_EDITS_MAX];
    struct json json = JSON_INIT(out, 0);

    json_begin_array(&json, NULL);
    for (int is_removal = 1; is_removal >= 0; is_removal--) { /* what goes before what comes */
        size_t count = list_edits(suggestion, file, is_removal, edits);

        for (size_t i = 0; i < count; i++)
            print_patch_edit(&json, edits[i], i ? edits[i - 1]->member : "");
    }
    json_end(&json);
}
