/* SPDX-License-Identifier: Apache-2.0 */
/* Choosing what is applied, and dropping the rest. stage.c prepares it beside its place, redo.c carries it out. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "review/stage.h"

/* A line for people: why a change is not applied. */
static void tell(const struct review *review, const struct change *change, const char *why, struct text *out)
{
    text_add(out, "not applied: ");
    text_add_safe(out, review->trees[change->tree].source);
    text_add(out, "/");
    text_add_safe(out, change->path);
    text_printf(out, ": %s\n", why);
}

/* With what is chosen go the new directories that it lies in. */
static void choose(struct commit *commit, const char *const *paths, size_t path_count)
{
    const struct review *review = commit->review;
    size_t above[REVIEW_DEPTH_MAX + 2], depth = 0;

    review_choose(review, paths, path_count, commit->chosen);
    for (size_t i = 0; i < review->change_count; i++) {
        const struct change *change = &review->changes[i];

        while (depth && !change_is_below(change, &review->changes[above[depth - 1]]))
            depth--;
        for (size_t j = 0; commit->chosen[i] && !change->refused && j < depth; j++)
            commit->chosen[above[j]] = true;
        if (change_makes_directory(change) && depth < ARRAY_COUNT(above))
            above[depth++] = i;
    }
}

/* What --force does besides: a line for people. */
static void tell_forced(const struct review *review, const struct change *change, struct text *out)
{
    if (!change->loses_group)
        return;
    text_add(out, "with your group: ");
    text_add_safe(out, review->trees[change->tree].source);
    text_add(out, "/");
    text_add_safe(out, change->path);
    text_printf(out, ": it was of group %u\n", (unsigned)change->before.gid);
}

static int check_conflicts(struct commit *commit, bool is_forced, struct text *out)
{
    const struct review *review = commit->review;
    size_t conflicts = 0, groups = 0;

    for (size_t i = 0; i < review->change_count; i++) {
        const struct change *change = &review->changes[i];

        if (!commit->chosen[i] || change->refused || !change->conflict)
            continue;
        conflicts++;
        groups += change->loses_group;
        if (is_forced)
            tell_forced(review, change, out);
        else
            tell(review, change, change->conflict, out);
    }
    if (!conflicts || is_forced)
        return 0;
    return error_set(commit->err, ERROR_FORBIDDEN, EBUSY,
                     "%zu of these %s%s%s, so nothing was applied: commit others by their names, discard these, or name them with --force",
                     conflicts, conflicts > groups ? "were changed outside since the run began" : "",
                     groups && conflicts > groups ? ", or " : "", groups ? "cannot keep their group" : "");
}

static int check_idle(const struct review *review, struct error *err)
{
    if (!review->is_running)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EBUSY, "run %s is still under way, or another command is at work on it: wait for its end",
                     review->run);
}

/*
 * A log that could not be saved may still be there, or be there again after a loss of power. What is prepared goes only when
 * the log is gone for certain: without it a log would be carried out in part.
 */
static void take_back(struct commit *commit)
{
    struct error ignored = ERROR_INIT;
    struct review *review = commit->review;

    if ((unlinkat(review->directory, LOG_NAME, 0) < 0 && errno != ENOENT) || fsync(review->directory) < 0)
        error_prepend(commit->err, "(not known to be undone: the next command for run %s may complete it)", review->run);
    else if (redo_forget(review, &ignored) < 0)
        error_prepend(commit->err, "(what was prepared is left for the next command)");
}

static int commit_chosen(struct commit *commit, struct review_result *result, size_t *ret_failed)
{
    struct review *review = commit->review;
    size_t failed = 0, whole = 0;
    int status = stage_all(commit);

    if (status == 0)
        status = ops_save(review, &commit->ops, commit->err);
    if (status < 0) {
        take_back(commit);
        return status;
    }
    status = redo_run(review, &commit->ops, &result->text, commit->err);
    for (size_t i = 0; i < commit->ops.count; i++) {
        whole += commit->ops.items[i].is_whole;
        failed += commit->ops.items[i].is_whole && commit->ops.items[i].is_failed;
    }
    result->applied = whole - failed;
    *ret_failed = failed;
    return status;
}

/* What waits still; nothing: the review is over. */
static int settle(struct review *review, struct review_result *result, struct error *err)
{
    int status = review_count(review, &result->left, err);

    return status == 0 && !result->left ? review_finish(review, err) : status;
}

static void commit_end(struct commit *commit)
{
    fd_close_at(&commit->root);
    fd_close_at(&commit->stage);
    fd_close_at(&commit->upper);
    mem_free(commit->chosen);
    arena_free(commit->ops.arena);
}

/* What was asked for and is not there must not look as if it were. */
static int tell_left(size_t refused, size_t failed, struct error *err)
{
    if (!refused && !failed)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, 0, "%zu of these were not applied and still wait (the reasons are above); the others were",
                     refused + failed);
}

int review_commit(struct review *review, const char *const *paths, size_t path_count, bool is_forced, const char *expected,
                  struct review_result *ret_result, struct error *err)
{
    cleanup_with(commit_end) struct commit commit = {
        .review = review, .root = -1, .stage = -1, .upper = -1, .err = err, .ops = {.arena = arena_new()}};
    size_t named = 0, refused = 0, failed = 0;
    int status = check_idle(review, err);

    if (status == 0 && is_forced && !path_count)
        return error_set(err, ERROR_INVALID, EINVAL, "--force needs the paths that shall be overwritten");
    if (status == 0)
        status = review_looked(review, err);
    if (status == 0)
        status = bound_check(review, expected, err);
    commit.chosen = mem_alloc(review->change_count + 1);
    if (status == 0 && (!commit.chosen || !commit.ops.arena))
        status = error_memory(err);
    if (status < 0)
        return status;
    choose(&commit, paths, path_count);
    notes_print(&ret_result->text, review);
    for (size_t i = 0; i < review->change_count; i++) {
        named += commit.chosen[i];
        commit.chosen_count += commit.chosen[i] && !review->changes[i].refused;
        refused += commit.chosen[i] && review->changes[i].refused;
        if (commit.chosen[i] && review->changes[i].refused)
            tell(review, &review->changes[i], review->changes[i].refused, &ret_result->text);
    }
    if (path_count && !named)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s changed nothing at %s", review->run, paths[0]);
    status = check_conflicts(&commit, is_forced, &ret_result->text);
    if (status == 0 && commit.chosen_count)
        status = commit_chosen(&commit, ret_result, &failed);
    if (status == 0)
        status = settle(review, ret_result, err);
    return status < 0 ? status : tell_left(refused, failed, err);
}

int review_discard(struct review *review, const char *const *paths, size_t path_count, struct review_result *ret_result,
                   struct error *err)
{
    auto_free const struct change **list = NULL;
    auto_free bool *chosen = NULL;
    size_t count = 0;
    int status = check_idle(review, err);

    if (status == 0 && !path_count) {
        if (review_count(review, &ret_result->applied, NULL) < 0)
            ret_result->applied = 0; /* it can be dropped all the same */
        if (review->stuck.kind)
            text_printf(&ret_result->text, "dropped as it is: %s\n", review->stuck.text);
        stages_remove(review);
        return review_finish(review, err);
    }
    if (status == 0)
        status = review_looked(review, err);
    if (status < 0)
        return status;
    list = mem_alloc((review->change_count + 1) * sizeof(*list));
    chosen = mem_alloc(review->change_count + 1);
    if (!list || !chosen)
        return error_memory(err);
    review_choose(review, paths, path_count, chosen);
    for (size_t i = 0; i < review->change_count; i++)
        if (chosen[i])
            list[count++] = &review->changes[i];
    if (!count)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s changed nothing at %s", review->run, paths[0]);
    status = review_add_done(review, list, count, err);
    ret_result->applied = count;
    return status < 0 ? status : settle(review, ret_result, err);
}
