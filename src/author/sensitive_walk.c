/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tree of this machine walked for what only a pattern tells, or only a look into the file: certificates are no secret and a private key
 * in the same kind of file is. Level by level: what people put somewhere lies above what tools put there by the thousand. What is below a hit is not
 * looked at. Links are not followed, and nothing but regular files is opened.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/sensitive.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/path.h"

#define LOOK_BYTES  8192 /* of a file whose name alone does not tell */
#define NAMES_TIMED 64   /* between two looks at the clock */

/* Names whose contents decide. */
static const struct {
    const char *end; /* of the name */
    const char *holds[3];
    struct sensitive row;
} suspects[] = {
    {".pem", {"PRIVATE KEY-----"}, {"/**/*.pem", SENSITIVE_KEY, "a private key"}},
    {".key", {"PRIVATE KEY-----"}, {"/**/*.key", SENSITIVE_KEY, "a private key"}},
    {".npmrc", {"_authToken", "_password", "_auth="}, {"/**/.npmrc", SENSITIVE_TOKEN, "a token of a registry"}},
};

/* Directories that are still to be read, one level behind the other. */
struct queue {
    struct arena *arena;
    const char **items;
    size_t count;
    char path[PATH_MAX]; /* of what is looked at now */
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static bool holds(int parent, const char *name, const char *const words[3])
{
    auto_close int fd = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    char bytes[LOOK_BYTES];
    struct stat st;
    ssize_t size = fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ? -1 : read(fd, bytes, sizeof(bytes));

    for (size_t i = 0; i < 3 && words[i] && size > 0; i++)
        if (memmem(bytes, (size_t)size, words[i], strlen(words[i])))
            return true;
    return false;
}

static const struct sensitive *look_inside(int parent, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < ARRAY_COUNT(suspects); i++) {
        size_t end = strlen(suspects[i].end);

        if (length >= end && strcmp(name + length - end, suspects[i].end) == 0 && holds(parent, name, suspects[i].holds))
            return &suspects[i].row;
    }
    return NULL;
}

static bool is_used_up(struct sensitive_walk *walk)
{
    if (!walk->left || (walk->until_ns && walk->left % NAMES_TIMED == 0 && clock_monotonic_ns() > walk->until_ns)) {
        walk->left = 0;
        walk->is_cut = true;
    }
    return !walk->left;
}

static int add_directory(struct sensitive_walk *walk, struct queue *queue)
{
    const char **slot;
    unsigned depth = 0;

    for (const char *at = queue->path; *at; at++)
        depth += *at == '/';
    if (depth > PATH_DEPTH_MAX) { /* deeper than a policy can name */
        walk->is_cut = true;
        return 0;
    }
    slot = arena_append(queue->arena, queue->items, queue->count);
    if (slot)
        *slot = arena_string(queue->arena, queue->path);
    return slot && *slot ? 0 : -ENOMEM;
}

static int look_at(struct sensitive_walk *walk, struct queue *queue, int parent, const struct dirent *entry)
{
    bool is_directory = entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN;
    const struct sensitive *row = is_directory ? sensitive_find(walk->places, queue->path) : sensitive_named(walk->places, queue->path);

    if (!row && (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN))
        row = look_inside(parent, entry->d_name);
    if (row)
        return walk->visit(queue->path, row, walk->data);
    return is_directory ? add_directory(walk, queue) : 0;
}

/* queue->path is the directory's; what may not be read, or is none, has nothing. */
static int read_directory(struct sensitive_walk *walk, struct queue *queue)
{
    int fd = open(queue->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK), r = 0;
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    size_t length = strcmp(queue->path, "/") == 0 ? 0 : strlen(queue->path);
    struct dirent *entry;

    if (!directory) {
        fd_close_at(&fd);
        return 0;
    }
    while (r == 0 && (entry = readdir(directory))) {
        size_t used = strlen(entry->d_name);

        if (is_dots(entry->d_name) || length + used + 2 > PATH_MAX)
            continue;
        if (is_used_up(walk))
            break;
        walk->left--;
        queue->path[length] = '/';
        memcpy(queue->path + length + 1, entry->d_name, used + 1);
        r = look_at(walk, queue, fd, entry);
    }
    closedir(directory);
    return r;
}

int sensitive_walk(struct sensitive_walk *walk, const char *tree)
{
    auto_arena struct arena *arena = arena_new();
    struct queue queue = {.arena = arena};
    int r = 0;

    if (!arena)
        return -ENOMEM;
    if (strlen(tree) >= sizeof(queue.path))
        return 0;
    memcpy(queue.path, tree, strlen(tree) + 1);
    r = read_directory(walk, &queue);
    for (size_t i = 0; i < queue.count && r == 0 && !is_used_up(walk); i++) {
        memcpy(queue.path, queue.items[i], strlen(queue.items[i]) + 1);
        r = read_directory(walk, &queue);
    }
    return r;
}
