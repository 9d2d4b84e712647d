/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which new name is an old one's: told by the run's log, and believed only where what was there is what is here now, so that
 * nothing is taken away under the name of something else. Both halves are then chosen, refused and applied together.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "review/inside.h"

#define COMPARE_BYTES 65536

static bool is_same_link(int upper, const char *name, int lower, const char *other)
{
    const char *a_name, *b_name;
    auto_close int a_parent = place_open_parent(upper, name, &a_name), b_parent = place_open_parent(lower, other, &b_name);
    char a[PATH_MAX], b[PATH_MAX];
    ssize_t a_size = a_parent < 0 ? -1 : readlinkat(a_parent, a_name, a, sizeof(a));
    ssize_t b_size = b_parent < 0 ? -1 : readlinkat(b_parent, b_name, b, sizeof(b));

    return a_size >= 0 && a_size == b_size && memcmp(a, b, (size_t)a_size) == 0;
}

/* Where either has something at or behind `at`; `end` where there are only holes. */
static off_t next_data(int a, int b, off_t at, off_t end)
{
    off_t first = lseek(a, at, SEEK_DATA), second;

    first = first < 0 ? (errno == ENXIO ? end : at) : first;
    second = lseek(b, at, SEEK_DATA);
    second = second < 0 ? (errno == ENXIO ? end : at) : second;
    return first < second ? first : second;
}

/* Both of `size` bytes. Holes are not read: a program makes as many of them as it likes. */
static bool is_same_content(int upper, const char *name, int lower, const char *other, off_t size)
{
    auto_close int a = place_open(upper, name, O_RDONLY | O_NONBLOCK), b = place_open(lower, other, O_RDONLY | O_NONBLOCK);
    auto_free char *bytes = mem_alloc(2 * (size_t)COMPARE_BYTES);
    off_t at = 0;

    if (a < 0 || b < 0 || !bytes)
        return false;
    while ((at = next_data(a, b, at, size)) < size) {
        ssize_t got = pread(a, bytes, COMPARE_BYTES, at), other_got = pread(b, bytes + COMPARE_BYTES, COMPARE_BYTES, at);

        if (got <= 0 || got != other_got || memcmp(bytes, bytes + COMPARE_BYTES, (size_t)got) != 0)
            return false;
        at += got;
    }
    return true;
}

bool is_same_object(int upper, const char *name, const struct stat *st, int lower, const char *other, const struct stat *before)
{
    if (S_ISLNK(st->st_mode) && S_ISLNK(before->st_mode))
        return is_same_link(upper, name, lower, other);
    return S_ISREG(st->st_mode) && S_ISREG(before->st_mode) && st->st_size == before->st_size &&
           is_same_content(upper, name, lower, other, st->st_size);
}

static int compare_changes(const void *a, const void *b)
{
    const struct change *const *x = a, *const *y = b;
    int by_tree = ((*x)->tree > (*y)->tree) - ((*x)->tree < (*y)->tree);

    return by_tree ? by_tree : strcmp((*x)->path, (*y)->path);
}

/* Below its tree; NULL = it was in another one. */
static const char *old_path(const struct review *review, const struct change *change)
{
    const char *target = review->trees[change->tree].target;
    size_t length = strlen(target);

    return strncmp(change->from, target, length) == 0 && change->from[length] == '/' ? change->from + length + 1 : NULL;
}

static bool is_same_still(const struct review *review, const struct change *change, const struct change *old)
{
    auto_close int lower = review_root(review, change->tree, NULL), upper = lower < 0 ? -1 : review_upper(review, change->tree, NULL);
    struct stat st, before;

    return upper >= 0 && place_stat(upper, change->path, &st) && place_stat(lower, old->path, &before) &&
           is_same_object(upper, change->path, &st, lower, old->path, &before);
}

static const char half[] = "the other half of the renaming is not applied";

static void pair(struct review *review, struct change *change, struct change *old)
{
    change->pair = (size_t)(old - review->changes) + 1;
    old->pair = (size_t)(change - review->changes) + 1;
    if (change->refused && !old->refused)
        old->refused = half;
    else if (old->refused && !change->refused)
        change->refused = half;
    if (change->conflict && !old->conflict)
        old->conflict = "what took its place was changed outside since";
}

int renames_match(struct review *review, struct error *err)
{
    auto_free struct change **sorted = NULL;

    if (!review->change_count)
        return 0;
    sorted = mem_alloc(review->change_count * sizeof(*sorted));
    if (!sorted)
        return error_memory(err);
    for (size_t i = 0; i < review->change_count; i++)
        sorted[i] = &review->changes[i];
    qsort(sorted, review->change_count, sizeof(*sorted), compare_changes);
    for (size_t i = 0; i < review->change_count; i++) {
        struct change *change = &review->changes[i], key = {.tree = change->tree}, *key_at = &key, **found = NULL;

        if (!change->from)
            continue;
        key.path = old_path(review, change);
        if (key.path)
            found = bsearch(&key_at, sorted, review->change_count, sizeof(*sorted), compare_changes);
        if (found && (*found)->type == CHANGE_DELETED && !(*found)->pair && is_same_still(review, change, *found))
            pair(review, change, *found);
        change->from = change->pair ? key.path : NULL;
    }
    return 0;
}
