/* SPDX-License-Identifier: Apache-2.0 */
/* Walks what a rule would open, breadth first and bounded. System calls: openat getdents64 lstat. */
#include "author/radius.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"

struct look {
    struct arena *arena;
    const struct suggest_input *input;
    const struct plan_index *after; /* NULL = not known */
    const struct suggestion *suggestion;
    const struct sensitive_places *places;
    struct radius *radius;
    const char **todo; /* directories */
    size_t todo_count, looked;
    struct error *err;
};

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static bool is_open(const struct look *look, const struct plan_index *index, const char *path)
{
    char inside[PATH_MAX];
    struct question question = {
        .operation = look->suggestion->is_write ? OPERATION_WRITE : OPERATION_READ,
        .exists = true,
    };
    struct judged judged;

    question.path = plan_path_inside(index, path, inside) ? inside : path;
    plan_judge(index, &question, &judged);
    return judged.judgement == JUDGED_ALLOWED;
}

static int count(struct look *look, const char *path)
{
    struct radius *radius = look->radius;
    const struct sensitive *row;

    if (is_open(look, look->input->index, path) || (look->after && !is_open(look, look->after, path)))
        return 0;
    radius->files++;
    row = sensitive_find(look->places, path);
    if (!row)
        return 0;
    if (radius->hit_count == RADIUS_HITS_MAX) {
        radius->hits_more++;
        return 0;
    }
    path = arena_string(look->arena, path);
    if (!path)
        return error_memory(look->err);
    radius->hits[radius->hit_count++] = (struct radius_hit){path, row};
    return 0;
}

static int take_entry(struct look *look, const char *directory, const struct dirent *entry)
{
    const char *path = path_join(look->arena, directory, entry->d_name), **slot;
    struct stat st;
    bool is_directory = entry->d_type == DT_DIR;

    if (!path)
        return error_memory(look->err);
    if (entry->d_type == DT_UNKNOWN)
        is_directory = lstat(path, &st) == 0 && S_ISDIR(st.st_mode);
    if (!is_directory)
        return count(look, path);
    slot = arena_append(look->arena, look->todo, look->todo_count);
    if (!slot)
        return error_memory(look->err);
    *slot = path;
    return 0;
}

static int walk(struct look *look, const char *path)
{
    cleanup_with(close_directory) DIR *directory = opendir(path);
    const struct dirent *entry;
    int r = 0;

    while (directory && r == 0 && (entry = readdir(directory))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (look->looked++ == RADIUS_FILES_MAX) {
            look->radius->is_more = true;
            break;
        }
        r = take_entry(look, path, entry);
    }
    return r;
}

int radius_look(struct arena *arena, const struct suggest_input *input, const struct plan_index *after,
                const struct suggestion *suggestion, const struct sensitive_places *places, struct radius *ret_radius, struct error *err)
{
    const char *tree = suggestion->grant ? suggestion->grant : after ? suggestion->freed : NULL;
    struct radius radius = {.is_path = tree != NULL};
    struct look look = {.arena = arena, .input = input, .after = after, .suggestion = suggestion, .places = places,
                        .radius = &radius, .err = err};
    struct stat st;
    int r = 0;

    if (tree && lstat(tree, &st) == 0)
        r = S_ISDIR(st.st_mode) ? walk(&look, tree) : count(&look, tree);
    for (size_t i = 0; i < look.todo_count && r == 0 && !radius.is_more; i++)
        r = walk(&look, look.todo[i]);
    if (r == 0)
        *ret_radius = radius;
    return r;
}
