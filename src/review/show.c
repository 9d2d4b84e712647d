/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of a run for people and for programs. Names and contents are the program's: nothing of them is printed raw. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/file.h"
#include "review/inside.h"

#define SHOWN_BYTES ((size_t)64 << 20) /* of contents; a program that changes more does not decide how much memory a review takes */

static const char *const type_names[] = {
    [CHANGE_ADDED] = "added", [CHANGE_CONTENT] = "changed", [CHANGE_DELETED] = "deleted", [CHANGE_MODE] = "mode"};

const char *object_kind(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFREG:
        return "file";
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "link";
    case S_IFIFO:
        return "pipe";
    case S_IFSOCK:
        return "socket";
    default:
        return "device";
    }
}

const char *change_name(const struct change *change)
{
    return change->from && change->type == CHANGE_ADDED ? "renamed" : type_names[change->type];
}

/* What is new and everybody gets from the umask needs no word: who else may write it, and what can be executed, does. */
static bool is_mode_told(const struct change *change)
{
    mode_t mode = change->after.mode;

    return !S_ISLNK(mode) && (mode & 022 || (S_ISREG(mode) && mode & 0111));
}

static bool is_mode_changed(const struct change *change)
{
    const struct object *before = &change->before, *after = &change->after;

    return before->mode && after->mode && !((before->mode ^ after->mode) & S_IFMT) && !S_ISLNK(after->mode) &&
           (before->mode ^ after->mode) & 07777;
}

static void print_mode(struct text *out, const struct change *change)
{
    const struct object *before = &change->before, *after = &change->after;

    if (is_mode_changed(change))
        text_printf(out, "  %04o -> %04o", (unsigned)before->mode & 07777, (unsigned)after->mode & 07777);
    else if (!((before->mode ^ after->mode) & S_IFMT) || !is_mode_told(change))
        return;
    else
        text_printf(out, "  %04o", (unsigned)after->mode & 07777);
    if (S_ISREG(after->mode) && after->mode & 0111 && !(before->mode & 0111))
        text_add(out, ", executable");
    if (after->mode & 022 & ~before->mode)
        text_printf(out, ", %s may write it", after->mode & 02 ? "everybody" : "its group");
}

static void print_size(struct text *out, const struct change *change)
{
    const struct object *before = &change->before, *after = &change->after;

    if (change->type != CHANGE_MODE && before->mode && after->mode && (before->mode ^ after->mode) & S_IFMT)
        text_printf(out, "  %s -> %s", object_kind(before->mode), object_kind(after->mode));
    else if (change->type != CHANGE_MODE && S_ISREG(before->mode) && S_ISREG(after->mode))
        text_printf(out, "  %llu -> %llu bytes", (unsigned long long)before->size, (unsigned long long)after->size);
    else if (change->type != CHANGE_MODE && S_ISREG(after->mode))
        text_printf(out, "  %llu bytes", (unsigned long long)after->size);
    print_mode(out, change);
    if (change->link) {
        text_add(out, " -> ");
        text_add_safe(out, change->link);
    }
}

static void print_act(struct text *out, const struct change *change)
{
    if (!change->last.time_ns)
        return;
    text_add(out, "  by ");
    text_add_safe(out, change->last.exe ? change->last.exe : "a process");
    text_printf(out, " (%u)", change->last.process);
    if (change->first.exe && change->last.exe && strcmp(change->first.exe, change->last.exe) != 0) {
        text_add(out, ", first ");
        text_add_safe(out, change->first.exe);
    }
}

static void print_change(struct text *out, const struct review *review, const struct change *change)
{
    const char *name = strrchr(change->path, '/');
    bool is_directory = S_ISDIR(change->after.mode ? change->after.mode : change->before.mode);
    int depth = 2;

    for (const char *at = change->path; (at = strchr(at, '/')); at++)
        depth++;
    text_printf(out, "%-8s", change_name(change));
    for (int i = 0; i < depth; i++)
        text_add(out, "  ");
    text_add_safe(out, name ? name + 1 : change->path);
    if (is_directory)
        text_add(out, "/");
    if (change->from) {
        text_add(out, " <- ");
        text_add_safe(out, change->from);
    }
    print_size(out, change);
    print_act(out, change);
    text_add(out, "\n");
    if (change->before.links > 1 && S_ISREG(change->before.mode) && change->type == CHANGE_CONTENT)
        text_printf(out, "%*s  note: it has %lu other names, which keep what is there now\n", 8 + 2 * depth, "",
                    (unsigned long)change->before.links - 1);
    if (change->refused)
        text_printf(out, "%*s  not to be applied: %s\n", 8 + 2 * depth, "", change->refused);
    else if (change->conflict)
        text_printf(out, "%*s  conflict: %s\n", 8 + 2 * depth, "", change->conflict);
    (void)review;
}

/* The directories on the way that did not change themselves. */
static void print_way(struct text *out, const char *path, const char *shown)
{
    const char *slash = path;
    int depth = 2;

    while ((slash = strchr(slash, '/'))) {
        size_t length = (size_t)(slash - path);
        const char *start = slash;

        while (start > path && start[-1] != '/')
            start--;
        if (strncmp(shown, path, length) != 0 || (shown[length] != '/' && shown[length])) {
            text_printf(out, "%*s", 8 + 2 * depth, "");
            text_add_safe_n(out, start, (size_t)(slash - start));
            text_add(out, "/\n");
        }
        depth++;
        slash++;
    }
}

static int compare_paths(const void *a, const void *b)
{
    const struct change *x = *(const struct change *const *)a, *y = *(const struct change *const *)b;
    const unsigned char *p = (const unsigned char *)x->path, *q = (const unsigned char *)y->path;

    if (x->tree != y->tree)
        return x->tree < y->tree ? -1 : 1;
    for (; *p && *p == *q; p++, q++)
        ;
    return (*p == '/' ? 1 : *p ? *p + 1 : 0) - (*q == '/' ? 1 : *q ? *q + 1 : 0);
}

struct counts {
    size_t changes, refused, conflicts;
};

static struct counts count(struct change *const *changes, size_t total)
{
    struct counts counts = {.changes = total};

    for (size_t i = 0; i < total; i++) {
        counts.refused += changes[i]->refused != NULL;
        counts.conflicts += !changes[i]->refused && changes[i]->conflict;
    }
    return counts;
}

static void print_head(struct text *out, const struct review *review, const struct counts *counts)
{
    text_printf(out, "run %s: ", review->run);
    text_add_safe(out, review->command);
    text_printf(out, "\n%zu change%s%s", counts->changes, counts->changes == 1 ? "" : "s",
                review->is_running ? " so far: it is still under way, and this is how it stands at this moment" : "");
    if (counts->conflicts)
        text_printf(out, ", %zu in conflict with what is there", counts->conflicts);
    if (counts->refused)
        text_printf(out, ", %zu that will not be applied", counts->refused);
    text_add(out, "\n");
    if (review->has_lost_told)
        text_add(out, "not every change has its program: there were too many to write down\n");
}

static void print_tree(struct text *out, const struct review *review, struct change *const *changes, size_t total)
{
    const char *shown = "";

    for (size_t i = 0; i < total; i++) {
        if (!i || changes[i]->tree != changes[i - 1]->tree) {
            text_add_safe(out, review->trees[changes[i]->tree].source);
            text_add(out, "\n");
            shown = "";
        }
        if (changes[i]->type == CHANGE_DELETED && changes[i]->pair)
            continue; /* it is told with the other half */
        print_way(out, changes[i]->path, shown);
        print_change(out, review, changes[i]);
        shown = changes[i]->path;
    }
}

/* ---- as differences ---- */

/* NULL with 0: nothing, or no regular file. */
static int read_side(int root, const char *path, mode_t mode, char **ret_data, size_t *ret_size)
{
    auto_close int fd = -1;

    *ret_size = 0;
    if (!S_ISREG(mode))
        return 0;
    fd = place_open(root, path, O_RDONLY | O_NONBLOCK);
    return fd < 0 ? fd : file_read_fd(fd, path, REVIEW_DIFF_BYTES, ret_data, ret_size, NULL);
}

static void print_digest(struct text *out, const char *label, int root, const char *path, const struct object *object)
{
    auto_close int fd = S_ISREG(object->mode) ? place_open(root, path, O_RDONLY | O_NONBLOCK) : -1;
    unsigned char digest[DIGEST_SIZE];
    char name[DIGEST_TEXT_SIZE];

    if (object->size > REVIEW_DIGEST_BYTES)
        text_printf(out, "%s %llu bytes, too many to be looked at here\n", label, (unsigned long long)object->size);
    if (fd < 0 || object->size > REVIEW_DIGEST_BYTES || digest_fd(fd, digest) < 0)
        return;
    digest_print(digest, name);
    text_printf(out, "%s %llu bytes %s\n", label, (unsigned long long)object->size, name);
}

static void print_link(struct text *out, char sign, int root, const char *path, mode_t mode)
{
    const char *name;
    auto_close int parent = S_ISLNK(mode) ? place_open_parent(root, path, &name) : -1;
    char text[PATH_MAX];
    ssize_t length = parent < 0 ? -1 : readlinkat(parent, name, text, sizeof(text));

    if (length < 0)
        return;
    text_printf(out, "%clink to ", sign);
    text_add_safe_n(out, text, (size_t)length);
    text_add(out, "\n");
}

/* Below the workspace, where patch(1) is applied; what lies elsewhere must not look as if it lay there. */
static int print_names(struct text *out, const struct review *review, const struct change *change, struct error *err)
{
    bool is_of_workspace = strcmp(review->trees[change->tree].source, review->workspace) == 0;
    const char *name = is_of_workspace ? change->path : review_name_outside(review, review->arena, change);

    if (!name)
        return error_memory(err);
    text_add(out, "--- ");
    text_add_safe(out, change->before.mode ? name : "/dev/null");
    text_add(out, "\n+++ ");
    text_add_safe(out, change->after.mode ? name : "/dev/null");
    text_add(out, "\n");
    return 0;
}

static int print_difference(struct text *out, const struct review *review, const struct change *change, struct error *err)
{
    auto_close int lower = review_root(review, change->tree, err), upper = -1;
    auto_free char *old_text = NULL, *new_text = NULL;
    size_t old_size = 0, new_size = 0;
    bool is_large = change->before.size > REVIEW_DIFF_BYTES || change->after.size > REVIEW_DIFF_BYTES || out->length > SHOWN_BYTES;
    int status = 0;

    upper = lower < 0 ? lower : review_upper(review, change->tree, err);
    if (upper < 0)
        return upper;
    status = print_names(out, review, change, err);
    if (status < 0)
        return status;
    if (is_mode_changed(change))
        text_printf(out, "mode %04o -> %04o\n", (unsigned)change->before.mode & 07777, (unsigned)change->after.mode & 07777);
    else if ((change->before.mode ^ change->after.mode) & S_IFMT && is_mode_told(change))
        text_printf(out, "new mode %04o\n", (unsigned)change->after.mode & 07777);
    if (change->type == CHANGE_MODE || S_ISDIR(change->after.mode))
        return 0;
    print_link(out, '-', lower, change->path, change->before.mode);
    print_link(out, '+', upper, change->path, change->after.mode);
    if (!is_large)
        status = read_side(lower, change->path, change->before.mode, &old_text, &old_size);
    if (status == 0 && !is_large)
        status = read_side(upper, change->path, change->after.mode, &new_text, &new_size);
    if (status < 0) {
        text_printf(out, "cannot be read: %s\n", strerrordesc_np(-status));
        return 0;
    }
    if (is_large || (old_size && memchr(old_text, 0, old_size)) || (new_size && memchr(new_text, 0, new_size))) {
        print_digest(out, "-", lower, change->path, &change->before);
        print_digest(out, "+", upper, change->path, &change->after);
        return 0;
    }
    return diff_print(out, old_text ? old_text : "", old_size, new_text ? new_text : "", new_size, err);
}

static int print_differences(struct text *out, const struct review *review, struct change *const *changes, size_t total,
                             struct error *err)
{
    bool is_cut = false;
    int status = 0;

    for (size_t i = 0; i < total && status == 0; i++) {
        const struct change *change = changes[i];
        bool is_directory = S_ISDIR(change->after.mode ? change->after.mode : change->before.mode);

        if (is_directory && change->type != CHANGE_MODE && !is_mode_told(change))
            continue;
        if (!is_cut && out->length > SHOWN_BYTES)
            text_add(out, "from here on sizes and digests alone: it would be too much; name paths to see what is in them\n");
        is_cut = out->length > SHOWN_BYTES;
        status = print_difference(out, review, change, err);
    }
    return status;
}

/* What was shown can be committed, and nothing else. */
static int print_bound(struct text *out, const struct review *review, struct error *err)
{
    char digest[DIGEST_TEXT_SIZE];
    int status = bound_digest(review, digest, err);

    if (status == 0 && *digest && review->change_count)
        text_printf(out, "this and nothing else: cordon commit --expect %s %s\n", digest, review->run);
    return status;
}

int review_print(struct review *review, const char *const *paths, size_t path_count, enum review_show show, struct text *out,
                 struct error *err)
{
    auto_free struct change **chosen = NULL;
    auto_free bool *is_chosen = NULL;
    struct counts counts;
    size_t total = 0;
    int status = review_looked(review, err);

    if (status < 0)
        return status;
    chosen = mem_alloc((review->change_count + 1) * sizeof(*chosen));
    is_chosen = mem_alloc(review->change_count + 1);
    if (!chosen || !is_chosen)
        return error_memory(err);
    review_choose(review, paths, path_count, is_chosen);
    for (size_t i = 0; i < review->change_count; i++)
        if (is_chosen[i])
            chosen[total++] = &review->changes[i];
    if (path_count && !total)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "run %s changed nothing at %s", review->run, paths[0]);
    qsort(chosen, total, sizeof(*chosen), compare_paths);
    counts = count(chosen, total);
    if (show == REVIEW_SHOW_JSON)
        return show_json(out, review, chosen, total, err);
    if (show == REVIEW_SHOW_TREE)
        print_head(out, review, &counts);
    notes_print(out, review);
    if (show == REVIEW_SHOW_TREE)
        print_tree(out, review, chosen, total);
    else
        status = print_differences(out, review, chosen, total, err);
    return status == 0 ? print_bound(out, review, err) : status;
}
