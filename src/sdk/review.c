/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reviewed runs: where a run keeps what it changes, and the public functions that show, commit and discard it. Paths come
 * as a person writes them and are turned into those of the host.
 */
#include "sdk/review.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/path.h"
#include "sdk/audit.h"
#include "sdk/daemon.h"
#include "sdk/places.h"
#include "sdk/remote.h"

int cordon_request_set_review(struct cordon_request *request, const char *directory, struct cordon_error *err)
{
    char *copy = NULL;

    if (directory && !*directory)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "an empty directory for changes");
    copy = directory ? mem_string(directory) : NULL;
    if (directory && !copy)
        return error_memory(public_error(err));
    mem_free(request->review_directory);
    request->review_directory = copy;
    request->is_reviewed = true;
    return 0;
}

/* ---- the start of a run ---- */

/* What is Cordon's own below the cache directory, and no file of a person's. */
static bool is_cache(const struct assembly *assembly, const struct plan_mount *mount)
{
    return assembly->places.cache && path_is_within(mount->source, assembly->places.cache);
}

static int list_trees(const struct assembly *assembly, struct arena *arena, struct review_options *options, struct error *err)
{
    const struct plan *plan = assembly->plan;
    struct review_tree *trees = NULL;

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        struct review_tree *tree = mount->is_reviewed ? arena_append(arena, trees, options->tree_count) : NULL;

        if (mount->is_reviewed && !tree)
            return error_memory(err);
        if (tree)
            *tree = (struct review_tree){mount->source, mount->target, mount->device, mount->inode, is_cache(assembly, mount), 0};
    }
    options->trees = trees;
    return 0;
}

static int add_rule(struct arena *arena, struct review_rule **rules, size_t *count, enum review_rule_kind kind, const char *text,
                    struct error *err)
{
    struct review_rule *rule = arena_append(arena, *rules, *count);

    if (!rule)
        return error_memory(err);
    *rule = (struct review_rule){kind, text};
    return 0;
}

static int list_rules(const struct plan *plan, struct arena *arena, struct review_options *options, struct error *err)
{
    struct review_rule *rules = NULL;
    int status = 0;

    for (size_t i = 0; i < plan->mount_count && status == 0; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        bool is_pin = mount->kind == PLAN_PIN;

        if (!is_pin || !mount->is_writable)
            status = add_rule(arena, &rules, &options->rule_count, REVIEW_RULE_MOUNT, mount->target, err);
        if (status == 0 && is_pin)
            status = add_rule(arena, &rules, &options->rule_count, REVIEW_RULE_PIN, mount->target, err);
    }
    for (size_t i = 0; i < plan->name_count && status == 0; i++)
        if (plan->names[i].kind == PLAN_NAME_KEPT || plan->names[i].kind == PLAN_NAME_OLD)
            status = add_rule(arena, &rules, &options->rule_count,
                              plan->names[i].kind == PLAN_NAME_KEPT ? REVIEW_RULE_KEPT : REVIEW_RULE_OLD, plan->names[i].pattern, err);
    options->rules = rules;
    return status;
}

static const char *real_directory(struct arena *arena, const char *path, struct error *err)
{
    char real[PATH_MAX];
    const char *copy;

    if (!realpath(path, real)) {
        error_system(err, errno, "--review-dir %s", path);
        return NULL;
    }
    copy = arena_string(arena, real);
    if (!copy)
        error_memory(err);
    return copy;
}

static const char *command_line(struct arena *arena, const char *const *argv)
{
    const char *line = argv[0];

    for (size_t i = 1; line && argv[i] && strlen(line) < 200; i++)
        line = arena_printf(arena, "%s %s", line, argv[i]);
    return line && strlen(line) > 240 ? arena_printf(arena, "%.240s...", line) : line;
}

int run_review_begin(struct run_review *review, const struct assembly *assembly, const struct cordon_request *request,
                     const char *run_id, const char *const *argv, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct review_options options = {
        .runs = assembly->places.runs,
        .run_id = run_id,
        .workspace = assembly->variables.workspace,
        .command = arena ? command_line(arena, argv) : NULL,
        .started_ns = clock_real_ns(),
        .folds_names = assembly->plan->names_fold,
    };
    int status;

    if (!options.command)
        return error_memory(err);
    if (request->review_directory) {
        options.directory = real_directory(arena, request->review_directory, err);
        if (!options.directory)
            return -EINVAL;
    }
    status = list_trees(assembly, arena, &options, err);
    if (status == 0)
        status = list_rules(assembly->plan, arena, &options, err);
    if (status == 0)
        status = review_create(&options, &review->directory, &review->lock, err);
    return status;
}

void run_review_end(struct run_review *review, const char *runs, const char *run_id, bool has_run)
{
    if (!review->directory)
        return;
    fd_close_at(&review->lock);
    if (!has_run)
        review_forget(runs, run_id);
    mem_free(review->directory);
    *review = (struct run_review){.lock = -1};
}

int run_review_note(const struct run_review *review, const struct findings *findings, struct error *err)
{
    auto_text struct text out = {0};

    container_findings_print(&out, findings);
    if (out.is_broken)
        return error_memory(err);
    return review_add_note(review->directory, out.length ? out.data : "", err);
}

static int record_change(void *context, const struct review_told *told, struct error *err)
{
    const struct event_change change = {.what = told->what, .path = told->path, .from = told->from, .kind = told->kind};

    return event_review_changed(context, &change, err);
}

/* What cannot be looked at keeps nobody from the run's end: `cordon review` says it again. */
int run_review_record(struct event_log *log, const char *runs, struct error *err)
{
    auto_review struct review *review = NULL;
    struct error why = ERROR_INIT;
    const char *recovered;
    size_t count;
    int status = review_open(runs, event_log_run_id(log), &review, &recovered, &why);

    if (status == 0)
        status = review_count(review, &count, &why);
    if (status < 0)
        return event_review_end(log, why.text, err);
    status = review_each(review, record_change, log, err);
    return status < 0 ? status : event_review_end(log, NULL, err);
}

/* ---- afterwards ---- */

struct caller {
    struct arena *arena;
    struct places places;
};

static void caller_finish(struct caller *caller)
{
    arena_free(caller->arena);
}

static int caller_find(struct caller *caller, struct error *err)
{
    extern char **environ;

    caller->arena = arena_new();
    if (!caller->arena)
        return error_memory(err);
    return places_find_own(caller->arena, (const char *const *)environ, &caller->places, err);
}

/* Of the host: as written where that is absolute; else below where the caller is, or, from elsewhere, below the workspace. */
static int paths_resolve(struct arena *arena, const struct review *review, const char *const *paths, size_t count,
                         const char *const **ret_paths, struct error *err)
{
    const char **resolved = arena_alloc(arena, (count + 1) * sizeof(*resolved)), *workspace = review_workspace(review);
    char cwd[PATH_MAX];
    bool is_within = getcwd(cwd, sizeof(cwd)) && path_is_within(cwd, workspace);

    if (!resolved)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        const char *joined = paths[i][0] == '/' ? paths[i] : path_join(arena, is_within ? cwd : workspace, paths[i]);

        if (!paths[i][0] || path_has_dotdot(paths[i]))
            return error_set(err, ERROR_INVALID, EINVAL, "path '%s': write it without '..'", paths[i]);
        resolved[i] = joined ? path_normalise(arena, joined) : NULL;
        if (!resolved[i])
            return error_memory(err);
    }
    *ret_paths = resolved;
    return 0;
}

static int begin(struct caller *caller, const char *run, const char *const *paths, size_t count, struct review **ret_review,
                 const char *const **ret_paths, const char **ret_recovered, struct error *err)
{
    int status = caller->arena ? 0 : caller_find(caller, err);

    if (status == 0)
        status = review_open(caller->places.runs, run, ret_review, ret_recovered, err);
    return status < 0 ? status : paths_resolve(caller->arena, *ret_review, paths, count, ret_paths, err);
}

int cordon_review_list(enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    cleanup_with(caller_finish) struct caller caller = {0};
    auto_text struct text out = {0};
    int status = caller_find(&caller, public_error(err));

    if (status == 0)
        status = review_list(caller.places.runs, format == CORDON_JSON, &out, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}

int cordon_review_show(const char *run, const char *const *paths, size_t path_count, enum cordon_review_form form,
                       enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    cleanup_with(caller_finish) struct caller caller = {0};
    auto_review struct review *review = NULL;
    auto_text struct text out = {0};
    const char *const *resolved;
    const char *recovered;
    enum review_show show = format == CORDON_JSON            ? REVIEW_SHOW_JSON
                            : form == CORDON_REVIEW_DIFF ? REVIEW_SHOW_DIFF
                                                             : REVIEW_SHOW_TREE;
    int status = begin(&caller, run, paths, path_count, &review, &resolved, &recovered, public_error(err));

    if (status == 0 && *recovered && format == CORDON_TEXT)
        text_printf(&out, "%s\n", recovered);
    if (status == 0)
        status = review_print(review, resolved, path_count, show, &out, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}

/* 'The newest' is another when a run ended since somebody looked. */
static int check_only(const struct caller *caller, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    char **names;
    size_t count;
    int status = arena ? review_waiting(caller->places.runs, arena, &names, &count, err) : error_memory(err);

    if (status < 0 || count < 2)
        return status;
    return error_set(err, ERROR_INVALID, EINVAL, "%zu reviewed runs wait: name one (cordon review --list), or say --expect with what `cordon review` printed", count);
}

struct wish {
    bool is_commit, is_forced;
    const char *expected;
};

static void print_result(struct text *out, const struct wish *wish, const struct review *review, const char *recovered,
                         const struct review_result *result, enum cordon_format format, bool is_done)
{
    const char *what = wish->is_commit ? "committed" : "discarded";
    struct json json = JSON_INIT(out, 0);

    if (format != CORDON_JSON) {
        if (*recovered)
            text_printf(out, "%s\n", recovered);
        text_add_n(out, result->text.data ? result->text.data : "", result->text.length);
        if (is_done)
            text_printf(out, "run %s: %zu change%s %s, %zu left\n", review_run(review), result->applied, result->applied == 1 ? "" : "s",
                        what, result->left);
        return;
    }
    json_begin_object(&json, NULL);
    json_add_string(&json, "run", review_run(review));
    json_add_uint(&json, what, result->applied);
    if (result->left == SIZE_MAX)
        json_add_null(&json, "left"); /* nobody can say */
    else
        json_add_uint(&json, "left", result->left);
    json_add_string(&json, "recovered", *recovered ? recovered : NULL);
    json_add_string(&json, "notes", result->text.length ? result->text.data : NULL);
    json_end(&json);
    text_add(out, "\n");
}

/* It is done, whatever becomes of its record: where there is none, that is said. */
static void record_decided(const struct caller *caller, const struct review *review, const struct wish *wish, const char *const *paths, size_t path_count,
                           const struct review_result *result, struct text *out)
{
    const struct event_decided decided = {.is_commit = wish->is_commit, .workspace = review_workspace(review), .paths = paths, .path_count = path_count,
                                          .count = result->applied, .left = result->left};
    const struct cordon_request nothing = {0};
    struct error err = ERROR_INIT;
    enum daemon_use use = DAEMON_NEVER;
    unsigned first;
    int status = event_review_decided(caller->places.runs, review_run(review), &decided, &first, &err);

    if (status == 0)
        status = daemon_find_use(&nothing, &use, &err);
    if (status == 0 && use != DAEMON_NEVER)
        status = audit_tell_run(review_run(review), first, &err);
    if ((status == -ENOENT || status == -ECONNREFUSED) && use == DAEMON_AVAILABLE)
        return; /* then the run itself is in no log yet */
    if (status < 0 && out)
        text_printf(out, "not in the audit log: %s\n", err.text);
}

/* The same for what is written and for what is dropped. */
static int apply(const char *run, const char *const *paths, size_t path_count, const struct wish *wish, enum cordon_format format,
                 char **ret_text, struct cordon_error *err)
{
    cleanup_with(caller_finish) struct caller caller = {0};
    auto_review struct review *review = NULL;
    struct review_result result = {0};
    auto_text struct text out = {0};
    const char *const *resolved;
    const char *recovered;
    int status = caller_find(&caller, public_error(err)), taken;

    if (status == 0 && !run && !wish->expected)
        status = check_only(&caller, public_error(err));
    if (status == 0)
        status = begin(&caller, run, paths, path_count, &review, &resolved, &recovered, public_error(err));
    if (status == 0)
        status = wish->is_commit
                     ? review_commit(review, resolved, path_count, wish->is_forced, wish->expected, &result, public_error(err))
                     : review_discard(review, resolved, path_count, &result, public_error(err));
    if (review && status < 0 && review_count(review, &result.left, NULL) < 0)
        result.left = SIZE_MAX;
    if (review)
        print_result(&out, wish, review, recovered, &result, format, status == 0 || result.applied);
    if (review && (status == 0 || result.applied))
        record_decided(&caller, review, wish, resolved, path_count, &result, format == CORDON_TEXT ? &out : NULL);
    text_finish(&result.text);
    if (!review)
        return status;
    taken = text_take(&out, ret_text, status < 0 ? NULL : public_error(err));
    return status < 0 ? status : taken;
}

int cordon_review_commit(const char *run, const char *const *paths, size_t path_count, int is_forced, const char *expected,
                         enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    const struct wish wish = {true, is_forced != 0, expected};

    return apply(run, paths, path_count, &wish, format, ret_text, err);
}

int cordon_review_discard(const char *run, const char *const *paths, size_t path_count, enum cordon_format format, char **ret_text,
                          struct cordon_error *err)
{
    const struct wish wish = {0};

    return apply(run, paths, path_count, &wish, format, ret_text, err);
}

int cordon_container_changes(const struct cordon_container *container, size_t *ret_count, struct cordon_error *err)
{
    auto_review struct review *review = NULL;
    const char *recovered;
    int status;

    if (container->remote)
        return remote_changes(container->remote, ret_count, public_error(err));
    if (!container->review.directory)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "the container was not started for a review");
    status = review_open(container->assembly.places.runs, event_log_run_id(container->log), &review, &recovered, public_error(err));
    return status < 0 ? status : review_count(review, ret_count, public_error(err));
}

int cordon_review_pending(char ret_run[CORDON_RUN_SIZE], struct cordon_error *err)
{
    cleanup_with(caller_finish) struct caller caller = {0};
    int status = caller_find(&caller, public_error(err));

    if (status == 0)
        review_pending(caller.places.runs, ret_run);
    return status;
}
