/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: the file itself where a file is enough; the directory where names come and go; a restriction taken away only where
 * nothing that is said beside it could prevail. System calls: lstat, stat, faccessat.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/suggest.h"
#include "base/glob.h"
#include "base/path.h"

#define READ_LIST  "filesystem.readonlyPaths"
#define WRITE_LIST "filesystem.readwritePaths"
#define VARIABLE_IN_NAME "no rule can: '$' in the name means a variable in a document"

/* As a document names it: below the workspace and the home by their variables. `text` is `path` as a pattern or a name. */
static const char *with_variables(struct suggest *s, const char *path, const char *text)
{
    const struct variables *variables = s->input->variables;
    const struct {
        const char *name, *value;
    } rows[] = {{"${workspace}", variables->workspace}, {"${home}", variables->home}};

    for (size_t i = 0; text && i < ARRAY_COUNT(rows); i++)
        if (rows[i].value && rows[i].value[1] && strcmp(text, path) == 0 && path_is_within(path, rows[i].value))
            text = arena_printf(s->arena, "%s%s", rows[i].name, path + strlen(rows[i].value));
    return text ? suggest_quote(s->arena, text) : NULL;
}

static const char *spelled(struct suggest *s, const char *path)
{
    return with_variables(s, path, glob_literal(s->arena, path));
}

/* A rule that is there already, whose path may be a pattern. */
static const char *spelled_rule(struct suggest *s, const struct path_rule *rule)
{
    return rule->is_glob ? with_variables(s, rule->path, rule->path) : spelled(s, rule->path);
}

static const struct path_rule *rule_of(const struct suggest *s, const struct origin *origin)
{
    const struct policy *policy = s->input->policy;

    for (size_t i = 0; origin && origin->member && i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++) {
            const struct path_rule *rule = &policy->layers[i]->paths[j];

            if (rule->origin.line == origin->line && rule->origin.column == origin->column && rule->origin.member &&
                strcmp(rule->origin.member, origin->member) == 0 &&
                (rule->origin.file == origin->file || (rule->origin.file && origin->file && strcmp(rule->origin.file, origin->file) == 0)))
                return rule;
        }
    return NULL;
}

static bool lacks_grant(const struct suggest *s, const struct document *document)
{
    enum access needed = s->made->is_write ? ACCESS_WRITE : ACCESS_READ;

    return document_access(document, s->made->grant, NULL) < needed;
}

/* What each ceiling leaves of it. */
static const struct document *ceiling_against(const struct suggest *s)
{
    const struct policy *policy = s->input->policy;

    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind == LAYER_CEILING && lacks_grant(s, policy->layers[i]))
            return policy->layers[i];
    return NULL;
}

/* A rule at exactly this path is stronger than a grant of the same path; the same document may have both. */
static int remove_at(struct suggest *s, const char *path)
{
    const struct policy *policy = s->input->policy;

    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++) {
            const struct path_rule *rule = &policy->layers[i]->paths[j];
            bool is_narrower = rule->kind == PATH_DENIED || (s->made->is_write && rule->kind == PATH_READONLY);
            int r;

            if (policy->layers[i]->kind != LAYER_REQUEST || !is_narrower || rule->is_glob || strcmp(rule->path, path) != 0)
                continue;
            r = suggest_remove(s, &rule->origin, spelled_rule(s, rule));
            if (r < 0 || s->made->none)
                return r;
        }
    return 0;
}

/* Shown under another name, the object is granted as a view of its own. */
static int add_view(struct suggest *s, const char *inside)
{
    const char *source = spelled(s, s->made->grant), *target = suggest_quote(s->arena, inside), *value;

    if (!source || !target)
        return error_memory(s->err);
    value = arena_printf(s->arena, "{\"source\": %s, \"target\": %s, \"access\": \"%s\"}", source, target,
                         s->made->is_write ? "readwrite" : "readonly");
    return suggest_add(s, "filesystem.views", value, NULL);
}

/* What holds everything that programs outside obey is nothing to open for one name in it. */
static bool is_too_much(const struct suggest *s, const char *path)
{
    static const char *const trees[] = {"/bin", "/boot", "/etc", "/lib", "/lib64", "/opt", "/root", "/run", "/sbin", "/usr", "/var", "/home"};
    const char *home = s->input->variables->home;

    if (home && home[1] && path_is_within(home, path))
        return true;
    for (size_t i = 0; i < ARRAY_COUNT(trees); i++)
        if (strcmp(path, trees[i]) == 0)
            return true;
    return false;
}

/* 0, or the errno of who is refused without Cordon as well: no rule gives what its writer has not. What is missing is judged elsewhere. */
static int refused_outside(const char *path, bool is_write)
{
    struct stat st;

    if (stat(path, &st) < 0 || faccessat(AT_FDCWD, path, R_OK | (is_write ? W_OK : 0) | (S_ISDIR(st.st_mode) ? X_OK : 0), AT_EACCESS) == 0)
        return 0;
    return errno == EACCES || errno == EROFS ? errno : 0;
}

static int grant(struct suggest *s, const char *inside, bool is_write)
{
    char outside[PATH_MAX];
    const struct document *ceiling;
    size_t before;
    int r, errnum;

    s->made->is_write = is_write;
    s->made->grant = arena_string(s->arena, plan_path_outside(s->input->index, inside, outside) ? outside : inside);
    if (!s->made->grant)
        return error_memory(s->err);
    if (strcmp(s->made->grant, "/") == 0)
        return suggest_none(s, "no rule can: new names directly in / are never made");
    if (strchr(s->made->grant, '$') || strchr(inside, '$'))
        return suggest_none(s, VARIABLE_IN_NAME);
    if (is_write && is_too_much(s, s->made->grant))
        return suggest_none(s, "no narrow rule can: it would take all of %s, writable; let the program write in a directory of its own",
                            s->made->grant);
    errnum = refused_outside(s->made->grant, is_write);
    if (errnum == EROFS)
        return suggest_none(s, "no rule can: %s is on a read-only file system", s->made->grant);
    if (errnum)
        return suggest_none(s, "no rule can: you may not %s %s without Cordon", is_write ? "write" : "read", s->made->grant);
    ceiling = ceiling_against(s);
    if (ceiling)
        return suggest_none(s, "no rule can: the ceiling %s does not give as much of %s; who administers this machine can change that",
                            ceiling->file ? ceiling->file : ceiling->name, s->made->grant);
    r = remove_at(s, s->made->grant);
    if (r < 0 || s->made->none)
        return r;
    if (strcmp(s->made->grant, inside) != 0)
        return add_view(s, inside);
    before = s->made->edit_count;
    r = suggest_add(s, is_write ? WRITE_LIST : READ_LIST, spelled(s, s->made->grant), before ? NULL : lacks_grant);
    return r;
}

/* What stands before a pattern's first wildcard, or the path itself. NULL without memory. */
static const char *root_of(struct suggest *s, const char *pattern)
{
    const char *rest = pattern, *start, *end = pattern;
    size_t length;

    while (glob_next_component(&rest, &start, &length) && !glob_is_wild(start, length))
        end = start + length;
    return end == pattern ? "/" : arena_string_n(s->arena, pattern, (size_t)(end - pattern));
}

/* Everything that a pattern matches comes free with it. */
static int take_away(struct suggest *s, const struct path_rule *rule)
{
    const struct policy *policy = s->input->policy;
    int r = 0;

    for (size_t i = 0; i < policy->layer_count && r == 0 && !s->made->none; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count && r == 0 && !s->made->none; j++) {
            const struct path_rule *one = &policy->layers[i]->paths[j];

            if (policy->layers[i]->kind == LAYER_REQUEST && one->kind == rule->kind && strcmp(one->path, rule->path) == 0)
                r = suggest_remove(s, &one->origin, spelled_rule(s, one));
        }
    if (r < 0 || s->made->none)
        return r;
    s->made->is_wider = rule->is_glob || rule->kind == PATH_PROTECTED;
    s->made->note = rule->is_glob ? "a pattern has no exceptions: everything else that it matches comes free as well"
                                  : "everything at and below that path comes free as well";
    s->made->is_write = rule->kind != PATH_DENIED;
    s->made->freed = root_of(s, rule->path);
    return s->made->freed ? 0 : error_memory(s->err);
}

static bool protects(const struct suggest *s, const struct document *document)
{
    return document->protect_builtin.is_set && document->protect_builtin.value;
}

/* By the name that stands in the table: the narrowest that Cordon has is the name, wherever it is. */
static int unprotect(struct suggest *s, const char *path)
{
    const char *name = policy_protected_name(path);

    if (!name)
        return suggest_none(s, "no rule can: Cordon keeps %s as it is", path);
    s->made->is_wider = s->made->is_write = true;
    s->made->freed = s->input->variables->workspace;
    s->made->note = "the name is given up in every writable directory; what it names may then run outside of the container";
    return suggest_add(s, "filesystem.unprotectedPaths", suggest_quote(s->arena, name), protects);
}

/* The nearest directory above that the host has: a grant must be of something. */
static const char *directory_of(struct suggest *s, const char *path)
{
    char outside[PATH_MAX];
    struct stat st;

    do {
        path = path_parent(s->arena, path);
        if (!path)
            return NULL;
        if (lstat(plan_path_outside(s->input->index, path, outside) ? outside : path, &st) == 0 && S_ISDIR(st.st_mode))
            return path;
    } while (path[1]);
    return path;
}

static int grant_directory(struct suggest *s, const char *path)
{
    const char *directory = directory_of(s, path);

    if (!directory)
        return error_memory(s->err);
    s->made->is_wider = true;
    s->made->note = "names come and go only in a directory that is granted as a whole";
    return grant(s, directory, true);
}

static int grant_by_operation(struct suggest *s, const char *path, bool is_there)
{
    switch (s->question->operation) {
    case OPERATION_CREATE:
    case OPERATION_DELETE:
    case OPERATION_RENAME:
    case OPERATION_LINK:
    case OPERATION_BIND:
        return grant_directory(s, path);
    case OPERATION_WRITE:
    case OPERATION_METADATA:
        return is_there ? grant(s, path, true) : grant_directory(s, path);
    default:
        return is_there ? grant(s, path, false)
                        : suggest_none(s, "no rule can: there is nothing of that name on this machine");
    }
}

static int suggest_special(struct suggest *s, const char *path, const struct stat *st)
{
    if (path_is_within(path, "/proc") || path_is_within(path, "/sys"))
        return suggest_none(s, "no rule can: /proc is always a private one, and /sys is not shown");
    if (strchr(path, '$') && st && (S_ISCHR(st->st_mode) || S_ISSOCK(st->st_mode)))
        return suggest_none(s, VARIABLE_IN_NAME);
    if (path_is_within(path, "/dev")) {
        if (st && S_ISCHR(st->st_mode))
            return suggest_add(s, "devices", suggest_quote(s->arena, path), NULL);
        return suggest_none(s, "no rule can: of /dev only character devices are granted, by name");
    }
    if (st && S_ISSOCK(st->st_mode)) {
        s->made->note = "whoever listens there acts outside of the container";
        return suggest_add(s, "unixSockets", spelled(s, path), NULL);
    }
    if (st && !S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode) && !S_ISLNK(st->st_mode))
        return suggest_none(s, "no rule can: it is neither a file nor a directory");
    return s->question->operation == OPERATION_CONNECT ? suggest_none(s, "no rule can: there is no socket of that name on this machine") : 1;
}

/* A mount that gives as much as the one around it is none, so a plan may know only the rule around: the documents know better. */
static const struct origin *restriction_at(const struct suggest *s, const char *path)
{
    enum access needed = operation_only_reads(s->question->operation) ? ACCESS_READ : ACCESS_WRITE;
    char outside[PATH_MAX];
    const struct origin *why = NULL;
    const char *host = plan_path_outside(s->input->index, path, outside) ? outside : path;
    const struct path_rule *rule;

    if (policy_access(s->input->policy, host, &why) >= needed || !why)
        return NULL;
    rule = rule_of(s, why);
    return (rule && (rule->is_glob || rule->kind == PATH_PROTECTED)) ||
                   (why->member && strncmp(why->member, "filesystem.protectBuiltin", strlen("filesystem.protectBuiltin")) == 0)
               ? why
               : NULL;
}

static int restriction_of(const struct suggest *s, const char *path, const struct origin **ret_origin)
{
    const struct origin *why = restriction_at(s, path);

    if (!why && s->question->operation >= OPERATION_CREATE && s->question->operation <= OPERATION_LINK) {
        const char *parent = path_parent(s->arena, path);

        if (!parent)
            return error_memory(s->err);
        why = restriction_at(s, parent);
    }
    *ret_origin = why ? why : s->judged->origin;
    return 0;
}

/* What restricts it, if anything but the want of a grant does. 1 = a grant is wanted. */
static int suggest_restricted(struct suggest *s, const char *path)
{
    const struct origin *origin = NULL;
    const struct path_rule *rule;
    const char *member;
    int r = restriction_of(s, path, &origin);

    if (r < 0)
        return r;
    rule = rule_of(s, origin);
    member = origin && origin->member ? origin->member : "";
    if (strncmp(member, "filesystem.protectBuiltin", strlen("filesystem.protectBuiltin")) == 0)
        return unprotect(s, path);
    if (rule && (rule->is_glob || rule->kind == PATH_PROTECTED))
        return take_away(s, rule);
    if (origin && origin->layer && strcmp(origin->layer, "built-in") == 0 && !rule && strcmp(member, "private directories") != 0)
        return suggest_none(s, "no rule can: %s", *s->judged->reason ? s->judged->reason : "it is built in");
    if (s->judged->errnum == EXDEV)
        return suggest_none(s, "no rule makes two mounts one: a program that cannot rename copies; grant a directory that holds both");
    if (s->judged->errnum == EBUSY && !(rule && rule->kind == PATH_DENIED))
        return suggest_none(s, "no rule can: it stays in place because the policy names something at or below it");
    return 1;
}

int suggest_files(struct suggest *s)
{
    const char *path = s->judged->what ? s->judged->what : s->question->path;
    char outside[PATH_MAX];
    struct stat st;
    bool is_there;
    int r;

    if (!path)
        return suggest_none(s, "no rule can: it is not known what was named");
    if (s->input->plan->wall == PLAN_WALL_LANDLOCK && s->question->operation == OPERATION_CONNECT)
        return suggest_none(s, "no rule can: without a file tree of its own a program has no sockets of the file system");
    is_there = lstat(plan_path_outside(s->input->index, path, outside) ? outside : path, &st) == 0;
    r = suggest_special(s, path, is_there ? &st : NULL);
    if (r == 1)
        r = suggest_restricted(s, path);
    if (r == 1)
        r = grant_by_operation(s, path, is_there);
    if (r == 0 && s->made->grant && !s->made->none && !s->made->is_wider && is_there && S_ISDIR(st.st_mode)) {
        s->made->is_wider = true;
        s->made->note = "a directory is granted with all that is in it";
    }
    return r;
}
