/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is written down of a review. In the run's directory of the store: review.open (what lies over what, what the policy
 * says of names), which becomes review.done; it keeps the store from dropping the run. Where the changes lie: N/upper and
 * N/work, the log of who changed what, what is done with already. The lock of that directory says who is at work.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/path.h"
#include "review/inside.h"

static bool is_run_name(const char *name)
{
    size_t length = strspn(name, "0123456789abcdefghjkmnpqrstvwxyz");

    return length == 26 && !name[length];
}

/* A review that was ended, whose changes could not be removed at once. */
static void remove_left(int runs, const char *name)
{
    auto_close int run = openat(runs, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

    if (run >= 0 && faccessat(run, REVIEW_DONE_NAME, F_OK, 0) == 0 && faccessat(run, HERE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        place_remove_tree(run, HERE_NAME);
}

/* Every run of the store with a review that waits, newest first. */
int state_list_waiting(int runs, struct arena *arena, char ***ret_names, size_t *ret_count, struct error *err)
{
    int fd = openat(runs, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    char path[64], **names = NULL;
    size_t count = 0;

    if (!directory) {
        fd_close_at(&fd);
        return error_system(err, errno, "read the run store");
    }
    while ((entry = readdir(directory))) {
        char **slot;

        if (!is_run_name(entry->d_name))
            continue;
        snprintf(path, sizeof(path), "%.26s/" REVIEW_OPEN_NAME, entry->d_name);
        if (faccessat(runs, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0) {
            remove_left(runs, entry->d_name);
            continue;
        }
        slot = arena_append(arena, names, count);
        if (slot)
            *slot = arena_string(arena, entry->d_name);
        if (!slot || !*slot) {
            closedir(directory);
            return error_memory(err);
        }
    }
    closedir(directory);
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j && strcmp(names[j], names[j - 1]) > 0; j--) {
            char *other = names[j];

            names[j] = names[j - 1];
            names[j - 1] = other;
        }
    *ret_names = names;
    *ret_count = count;
    return 0;
}

int state_open_run(const char *runs_path, const char *run_id, int *ret_runs, int *ret_run, struct error *err)
{
    auto_close int runs = open(runs_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW), run = -1;
    struct stat st;

    if (runs < 0)
        return errno == ENOENT ? error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no run store %s yet", runs_path)
                               : error_system(err, errno, "open run store %s", runs_path);
    if (fstat(runs, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 022)
        return error_set(err, ERROR_SYSTEM, EPERM, "run store %s is not yours alone", runs_path);
    run = run_id ? openat(runs, run_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (run_id && run < 0)
        return error_set(err, ERROR_NOT_FOUND, errno, "there is no run %s in %s", run_id, runs_path);
    *ret_runs = take_fd(runs);
    *ret_run = take_fd(run);
    return 0;
}

/* ---- reading ---- */

static int state_parse(struct review *review, struct fields *fields, struct error *err)
{
    struct arena *arena = review->arena;
    const char *schema = field_text(fields);
    bool has_births = strcmp(schema, "cordon-review/2") == 0, is_known = has_births || strcmp(schema, "cordon-review/1") == 0;
    size_t count;

    review->path = arena_string(arena, field_text(fields));
    review->is_elsewhere = field_number(fields);
    review->started_ns = field_number(fields);
    review->workspace = arena_string(arena, field_text(fields));
    review->command = arena_string(arena, field_text(fields));
    review->folds_names = field_number(fields);
    count = field_number(fields);
    for (size_t i = 0; i < count && is_known && !fields->is_bad; i++) {
        struct review_tree *tree = arena_append(arena, review->trees, review->tree_count);

        if (!tree)
            return error_memory(err);
        tree->source = arena_string(arena, field_text(fields));
        tree->target = arena_string(arena, field_text(fields));
        tree->device = field_number(fields);
        tree->inode = field_number(fields);
        tree->is_cache = field_number(fields);
        tree->born_ns = has_births ? field_number(fields) : 0;
        if (!tree->source || !tree->target)
            return error_memory(err);
    }
    count = field_number(fields);
    for (size_t i = 0; i < count && is_known && !fields->is_bad; i++) {
        struct review_rule *rule = arena_append(arena, review->rules, review->rule_count);

        if (!rule)
            return error_memory(err);
        rule->kind = (enum review_rule_kind)field_number(fields);
        rule->text = arena_string(arena, field_text(fields));
        if (!rule->text)
            return error_memory(err);
    }
    if (!review->path || !review->workspace || !review->command)
        return error_memory(err);
    if (!is_known || fields->is_bad || fields->at != fields->end)
        return error_set(err, ERROR_SYSTEM, EBADMSG, "%s of run %s is not understood", REVIEW_OPEN_NAME, review->run);
    return 0;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int done_read(struct review *review, struct error *err)
{
    auto_free char *data = NULL;
    struct fields fields = {0};
    int status = fields_load(review->directory, DONE_NAME, &data, &fields, err);

    if (status == -ENOENT)
        return 0;
    while (status == 0 && fields.at < fields.end && !fields.is_bad) {
        const char **slot = arena_append(review->arena, review->done, review->done_count);

        if (slot)
            *slot = arena_string(review->arena, field_text(&fields));
        if (!slot || !*slot)
            return error_memory(err);
    }
    if (review->done_count)
        qsort(review->done, review->done_count, sizeof(*review->done), compare_texts);
    return status;
}

/* The review's data, locked unless somebody is at work. */
static int data_open(struct review *review, struct error *err)
{
    struct stat st;

    review->directory = open(review->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (review->directory < 0)
        return error_system(err, errno, "the changes of run %s: open %s", review->run, review->path);
    if (fstat(review->directory, &st) < 0 || st.st_uid != geteuid() || st.st_mode & 077)
        return error_set(err, ERROR_SYSTEM, EPERM, "%s is not yours alone", review->path);
    if (flock(review->directory, LOCK_EX | LOCK_NB) < 0)
        review->is_running = true;
    return 0;
}

/* What was written down is damaged: it can be dropped, where changes lie unless somebody said otherwise. */
static int state_give_up(struct review *review, struct error *err)
{
    struct error ignored = ERROR_INIT;

    review->stuck = *err;
    review->tree_count = review->rule_count = 0;
    review->is_elsewhere = false;
    review->workspace = review->command = "";
    review->path = arena_printf(review->arena, "%s/%s/" HERE_NAME, review->runs_path, review->run);
    if (!review->path)
        return error_memory(err);
    return data_open(review, &ignored) == -ENOENT || review->directory >= 0 ? 0 : error_set(err, ERROR_SYSTEM, EPERM, "%s", ignored.text);
}

static int state_open(struct review *review, struct error *err)
{
    auto_free char *data = NULL;
    struct fields fields = {0};
    int status = fields_load(review->run_directory, REVIEW_OPEN_NAME, &data, &fields, err);

    if (status == -ENOENT)
        return error_set(err, ERROR_NOT_FOUND, ENOENT,
                         faccessat(review->run_directory, REVIEW_DONE_NAME, F_OK, 0) == 0
                             ? "run %s has nothing left to review: its changes were committed or discarded"
                             : "run %s was not started with --review",
                         review->run);
    if (status == 0)
        status = state_parse(review, &fields, err);
    if (status < 0)
        return state_give_up(review, err);
    status = data_open(review, err);
    return status < 0 ? status : done_read(review, err);
}

static int find_newest(struct review *review, struct error *err)
{
    char **names;
    size_t count;
    int status = state_list_waiting(review->runs, review->arena, &names, &count, err);

    if (status < 0)
        return status;
    if (!count)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "no reviewed run waits: `cordon run --review -- COMMAND` makes one");
    snprintf(review->run, sizeof(review->run), "%s", names[0]);
    review->run_directory = openat(review->runs, names[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return review->run_directory < 0 ? error_system(err, errno, "open run %s", names[0]) : 0;
}

int review_open(const char *runs, const char *run, struct review **ret_review, const char **ret_recovered, struct error *err)
{
    auto_review struct review *review = mem_alloc(sizeof(*review));
    int status;

    if (!review)
        return error_memory(err);
    review->runs = review->run_directory = review->directory = -1;
    review->arena = arena_new();
    review->runs_path = mem_string(runs);
    if (!review->arena || !review->runs_path)
        return error_memory(err);
    if (run && !is_run_name(run))
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is no run: `cordon review --list` has their ids", run);
    status = state_open_run(runs, run, &review->runs, &review->run_directory, err);
    if (status < 0)
        return status;
    if (run)
        snprintf(review->run, sizeof(review->run), "%s", run);
    else
        status = find_newest(review, err);
    if (status == 0)
        status = state_open(review, err);
    *ret_recovered = "";
    if (status == 0 && !review->is_running && !review->stuck.kind && commit_recover(review, ret_recovered, &review->stuck) == 0)
        review->stuck = (struct error)ERROR_INIT;
    if (status == 0)
        *ret_review = take_ptr(review);
    return status;
}

void review_free(struct review *review)
{
    if (!review)
        return;
    fd_close_at(&review->directory);
    fd_close_at(&review->run_directory);
    fd_close_at(&review->runs);
    mem_free(review->runs_path);
    arena_free(review->arena);
    mem_free(review);
}

void review_free_at(struct review **review)
{
    review_free(*review);
}

bool review_is_running(const struct review *review)
{
    return review->is_running;
}

const char *review_run(const struct review *review)
{
    return review->run;
}

const char *review_workspace(const struct review *review)
{
    return review->workspace;
}

/*
 * A number is given again when its object is gone, so the time of birth counts where there is one. It says more than the number of
 * the file system's device, which may be another after a restart.
 */
static bool is_same_tree(const struct review_tree *tree, int fd, const struct stat *st)
{
    uint64_t born_ns = tree->born_ns ? place_born_ns(fd) : 0;

    return st->st_ino == tree->inode && (born_ns ? born_ns == tree->born_ns : st->st_dev == tree->device);
}

int review_root(const struct review *review, unsigned index, struct error *err)
{
    const struct review_tree *tree = &review->trees[index];
    int fd = open(tree->source, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;

    if (fd < 0)
        return error_system(err, errno, "open %s", tree->source);
    if (fstat(fd, &st) == 0 && is_same_tree(tree, fd, &st))
        return fd;
    close(fd);
    return error_set(err, ERROR_FORBIDDEN, ESTALE,
                     "%s is not the directory that it was when run %s began: put that back in its place, or discard the run",
                     tree->source, review->run);
}

int review_upper(const struct review *review, unsigned tree, struct error *err)
{
    char name[32];
    int fd;

    snprintf(name, sizeof(name), "%u/upper", tree);
    fd = openat(review->directory, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    return fd < 0 ? error_system(err, errno, "open %s/%s", review->path, name) : fd;
}

static const char *key_of(struct arena *arena, unsigned tree, const char *path)
{
    return arena_printf(arena, "%u/%s", tree, path);
}

bool review_is_done(const struct review *review, unsigned tree, const char *path)
{
    const char *key = review->done_count ? key_of(review->arena, tree, path) : NULL;

    return key && bsearch(&key, review->done, review->done_count, sizeof(*review->done), compare_texts);
}

bool review_has_done_below(const struct review *review, unsigned tree, const char *path)
{
    const char *key = review->done_count ? key_of(review->arena, tree, path) : NULL;
    size_t length = key ? strlen(key) : 0;

    for (size_t i = 0; key && i < review->done_count; i++)
        if (strncmp(review->done[i], key, length) == 0 && review->done[i][length] == '/')
            return true;
    return false;
}

int review_add_done(struct review *review, const struct change *const *changes, size_t count, struct error *err)
{
    auto_text struct text out = {0};
    size_t before = review->done_count;
    int status;

    for (size_t i = 0; i < count; i++) {
        const char **slot = arena_append(review->arena, review->done, review->done_count);

        if (slot)
            *slot = key_of(review->arena, changes[i]->tree, changes[i]->path);
        if (!slot || !*slot) {
            review->done_count = before;
            return error_memory(err);
        }
    }
    for (size_t i = 0; i < review->done_count; i++)
        field_put(&out, review->done[i]);
    if (review->done_count)
        qsort(review->done, review->done_count, sizeof(*review->done), compare_texts);
    status = fields_save(review->directory, DONE_NAME, &out, true, err);
    review->is_looked = false;
    return status;
}

static void data_remove(int run, const char *path, bool is_elsewhere)
{
    auto_close int parent = -1;
    char directory[PATH_MAX];
    const char *slash = strrchr(path, '/');

    if (!is_elsewhere) {
        place_remove_tree(run, HERE_NAME);
        return;
    }
    if (!slash || slash == path || (size_t)(slash - path) >= sizeof(directory))
        return;
    memcpy(directory, path, (size_t)(slash - path));
    directory[slash - path] = '\0';
    parent = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (parent >= 0)
        place_remove_tree(parent, slash + 1);
}

/* First what says that it waits, then the changes: never changes of which nobody knows. */
int review_finish(struct review *review, struct error *err)
{
    if (renameat(review->run_directory, REVIEW_OPEN_NAME, review->run_directory, REVIEW_DONE_NAME) < 0 ||
        fsync(review->run_directory) < 0)
        return error_system(err, errno, "close the review of run %s", review->run);
    data_remove(review->run_directory, review->path, review->is_elsewhere);
    return 0;
}

void review_forget(const char *runs_path, const char *run_id)
{
    auto_arena struct arena *arena = arena_new();
    auto_close int runs = -1, run = -1;
    struct review review = {.arena = arena};
    auto_free char *data = NULL;
    struct fields fields;

    if (!arena || state_open_run(runs_path, run_id, &runs, &run, NULL) < 0 ||
        fields_load(run, REVIEW_OPEN_NAME, &data, &fields, NULL) < 0 || state_parse(&review, &fields, NULL) < 0)
        return;
    unlinkat(run, REVIEW_OPEN_NAME, 0);
    data_remove(run, review.path, review.is_elsewhere);
}

void review_pending(const char *runs_path, char ret_run[32])
{
    char path[PATH_MAX];
    char name[32];
    ssize_t length;

    ret_run[0] = '\0';
    if ((size_t)snprintf(path, sizeof(path), "%s/" REVIEW_PENDING_NAME, runs_path) >= sizeof(path))
        return;
    length = readlink(path, name, sizeof(name) - 1);
    name[length > 0 ? length : 0] = '\0';
    if (is_run_name(name))
        memcpy(ret_run, name, sizeof(name));
}

/* ---- names ---- */

const char *review_name_inside(const struct review *review, struct arena *arena, const struct change *change)
{
    return path_join(arena, review->trees[change->tree].target, change->path);
}

const char *review_name_outside(const struct review *review, struct arena *arena, const struct change *change)
{
    return path_join(arena, review->trees[change->tree].source, change->path);
}

bool review_is_chosen(const struct review *review, const struct change *change, const char *const *paths, size_t count)
{
    char name[PATH_MAX];

    if (!count)
        return true;
    snprintf(name, sizeof(name), "%s/%s", review->trees[change->tree].source, change->path);
    for (size_t i = 0; i < count; i++)
        if (path_is_within(name, paths[i]))
            return true;
    return false;
}

void review_choose(const struct review *review, const char *const *paths, size_t count, bool *ret_chosen)
{
    for (size_t i = 0; i < review->change_count; i++)
        ret_chosen[i] = review_is_chosen(review, &review->changes[i], paths, count);
    for (size_t i = 0; i < review->change_count; i++)
        if (ret_chosen[i] && review->changes[i].pair)
            ret_chosen[review->changes[i].pair - 1] = true;
}

int review_waiting(const char *runs_path, struct arena *arena, char ***ret_names, size_t *ret_count, struct error *err)
{
    auto_close int runs = -1, run = -1;
    int status = state_open_run(runs_path, NULL, &runs, &run, err);

    if (status < 0 && err && err->kind == ERROR_NOT_FOUND) {
        *ret_count = 0;
        return 0;
    }
    return status < 0 ? status : state_list_waiting(runs, arena, ret_names, ret_count, err);
}
