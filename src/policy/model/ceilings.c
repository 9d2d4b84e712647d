/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The organisation's ceilings. What is checked is what was opened: the directory and each file
 * once, by descriptor, so that neither can be exchanged between the check and the reading.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/looks.h"
#include "base/path.h"
#include "policy/policy.h"

#define CEILING_DIRECTORY "/etc/cordon/ceiling.d"
#define CEILING_SIZE_MAX  ((size_t)1024 * 1024)

/* A ceiling that somebody else may write is none; a sticky directory keeps what root put there. */
static int check_owner(int fd, const char *path, mode_t type, bool may_be_sticky,
                       struct error *err)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "ceiling %s", path);
    if ((st.st_mode & S_IFMT) != type)
        return error_set(err, ERROR_INVALID, EINVAL, "ceiling %s: not a %s", path,
                         type == S_IFDIR ? "directory"
                                         : "regular file; put the document itself there");
    if (st.st_uid != 0)
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "ceiling %s: owned by uid %u, not by root; run: chown root '%s'", path,
                         (unsigned)st.st_uid, path);
    if (st.st_mode & (S_IWGRP | S_IWOTH) && !(may_be_sticky && st.st_mode & S_ISVTX))
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "ceiling %s: writable by others than its owner; run: chmod go-w '%s'",
                         path, path);
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const char *const *first = a, *const *second = b;

    return strcmp(*first, *second);
}

static int add_name(struct arena *arena, const char *path, const char *name, const char ***names,
                    size_t *count, struct error *err)
{
    size_t length = strlen(name);
    bool is_yaml = length >= 5 && strcmp(name + length - 5, ".yaml") == 0;
    const char **slot;

    if (name[0] == '.' && !is_yaml) /* what editors leave, and the directory itself */
        return 0;
    if (name[0] == '.')
        return error_set(err, ERROR_INVALID, EINVAL,
                         "ceiling %s/%s: hidden, so that nobody sees that it holds; rename or "
                         "remove it",
                         path, name);
    if (!is_yaml)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "ceiling %s/%s: not named *.yaml; rename or remove it", path, name);
    if (*count == POLICY_LAYERS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "ceiling %s: more than %d documents", path,
                         POLICY_LAYERS_MAX);
    slot = arena_append(arena, *names, *count);
    if (!slot)
        return error_memory(err);
    *slot = arena_string(arena, name);
    return *slot ? 0 : error_memory(err);
}

/* Names in order, so that layers and messages do not depend on the file system. */
static int list_names(struct arena *arena, DIR *dir, const char *path, const char ***ret_names,
                      size_t *ret_count, struct error *err)
{
    const char **names = NULL;
    size_t count = 0;

    for (;;) {
        struct dirent *entry;
        int status;

        errno = 0;
        entry = readdir(dir);
        if (!entry && errno)
            return error_system(err, errno, "ceiling %s", path);
        if (!entry)
            break;
        status = add_name(arena, path, entry->d_name, &names, &count, err);
        if (status < 0)
            return status;
    }
    if (count)
        qsort(names, count, sizeof(*names), compare_names);
    *ret_names = names;
    *ret_count = count;
    return 0;
}

static int add_ceiling(struct policy *policy, int dir_fd, const char *directory, const char *name,
                       const struct variables *variables, struct error *err)
{
    struct load_options options = {
        .kind = LAYER_CEILING, .variables = variables, .layer_name = "ceiling"};
    auto_close int fd = -1;
    auto_free char *text = NULL;
    struct document *document;
    const char *path = path_join(policy->arena, directory, name);
    size_t size;
    int status;

    if (!path)
        return error_memory(err);
    look_content(path, false);
    fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return error_system(err, errno, "ceiling %s", path);
    status = check_owner(fd, path, S_IFREG, false, err);
    if (status == 0)
        status = file_read_fd(fd, path, CEILING_SIZE_MAX, &text, &size, err);
    if (status == 0)
        status = document_load_text(policy->arena, path, text, size, &options, &document, err);
    if (status == 0)
        status = policy_add_layer(policy, document, err);
    return status;
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

/* Whoever may write the directory above can put another one in its place. -ENOENT says nothing. */
static int open_directory(struct arena *arena, const char *path, int *ret_fd, struct error *err)
{
    const char *parent = path_parent(arena, path);
    auto_close int parent_fd = -1, fd = -1;
    struct stat st;
    int status;

    if (!parent)
        return error_memory(err);
    (void)look_stat(parent, &st);
    look_content(path, false);
    parent_fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (parent_fd < 0)
        return errno == ENOENT ? -ENOENT : error_system(err, errno, "ceiling %s", path);
    status = check_owner(parent_fd, parent, S_IFDIR, true, err);
    if (status < 0)
        return status;
    fd = openat(parent_fd, path_base(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : error_system(err, errno, "ceiling %s", path);
    status = check_owner(fd, path, S_IFDIR, false, err);
    if (status == 0)
        *ret_fd = take_fd(fd);
    return status;
}

int policy_add_ceilings(struct policy *policy, const char *directory,
                        const struct variables *variables, struct error *err)
{
    const char *path = directory ? directory : CEILING_DIRECTORY;
    cleanup_with(close_dir) DIR *dir = NULL;
    auto_close int fd = -1;
    size_t layer_count = policy->layer_count, count = 0;
    const char **names = NULL;
    int dir_fd, status;

    status = open_directory(policy->arena, path, &fd, err);
    if (status < 0)
        return status == -ENOENT ? 0 : status;
    dir = fdopendir(fd);
    if (!dir)
        return error_system(err, errno, "ceiling %s", path);
    dir_fd = take_fd(fd); /* the stream owns it now */
    status = list_names(policy->arena, dir, path, &names, &count, err);
    for (size_t i = 0; i < count && status == 0; i++)
        status = add_ceiling(policy, dir_fd, path, names[i], variables, err);
    if (status < 0)
        policy->layer_count = layer_count;
    return status;
}
