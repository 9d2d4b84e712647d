/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A repository that the program made may say in its own configuration what git runs, and the first `git status` of the
 * caller would run it, outside. So what such a configuration says is looked at, without running git. The directories are
 * known by descriptors that came from inside: what lies in them is opened relative to them, through no link, and their
 * name on the host is one that leads to the same directory.
 */
#include "sdk/findings.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/path.h"
#include "base/utf8.h"
#include "sdk/git_keys.h"

#define HOOKS_MAX 4096 /* names in a directory of hooks that are looked at */

struct look {
    const struct plan *plan;
    struct findings *findings;
    uint64_t started_ns;
    int directory;
    const char *path; /* of the directory, on the host where it could be found */
    const char *root; /* of the writable tree that it lies in, on the host; NULL = not found */
    const char *file; /* under consideration: its path */
    struct error *err;
};

void findings_finish(struct findings *findings)
{
    arena_free(findings->arena);
    *findings = (struct findings){0};
}

bool finding_is_told(const struct event_finding *finding)
{
    return strcmp(finding->kind, "git.removed") != 0;
}

static int add(struct findings *findings, const struct event_finding *finding, struct error *err)
{
    static const struct event_finding more = {
        .kind = "git.more",
        .path = "",
        .text = "there is more of this kind than is shown",
        .remedy = "remove the repositories that the program made, or make them again outside",
    };
    struct event_finding *slot;

    if (findings->count > FINDINGS_MAX)
        return 0;
    slot = arena_append(findings->arena, findings->items, findings->count);
    if (!slot)
        return error_memory(err);
    *slot = findings->count > FINDINGS_MAX ? more : *finding;
    return 0;
}

/* As a shell takes it; NULL = it would need more than quotes. */
static const char *quoted(struct arena *arena, const char *word)
{
    for (const char *at = word; *at;) {
        size_t step = utf8_printable(at);

        if (!step || *at == '\'' || *at == '\\')
            return NULL;
        at += step;
    }
    if (!word[strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+:@%,=")])
        return word;
    return arena_printf(arena, "'%s'", word);
}

static const char *remedy_remove(struct look *look, const char *file)
{
    const char *word = quoted(look->findings->arena, file);

    return word ? arena_printf(look->findings->arena, "rm %s", word) : "remove it";
}

static const char *remedy_unset(struct look *look, const struct git_config_entry *entry, const char *key)
{
    const char *file = quoted(look->findings->arena, look->file), *name = quoted(look->findings->arena, key);

    if (!file || !name || entry->is_cut)
        return "remove it from the file";
    return arena_printf(look->findings->arena, "git config --file %s --unset-all %s", file, name);
}

static int add_file(struct look *look, const char *kind, const char *text, const char *remedy)
{
    const struct event_finding finding = {.kind = kind, .path = look->file, .text = text, .remedy = remedy};

    return remedy ? add(look->findings, &finding, look->err) : error_memory(look->err);
}

/* ---- where a directory is on the host ---- */

static bool is_same(const char *path, const struct stat *st)
{
    struct stat there;

    return stat(path, &there) == 0 && there.st_ino == st->st_ino && there.st_dev == st->st_dev;
}

/* The widest tree around it that the program could write. */
static const char *tree_of(const struct plan *plan, const char *path)
{
    const char *root = path;

    for (size_t i = 0; i < plan->mount_count; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        if (mount->kind == PLAN_BIND && mount->is_writable && path_is_within(root, mount->source))
            root = mount->source;
    }
    return root;
}

/*
 * The descriptor's name is one inside, or, when the container's mounts are gone, one below the root of the mount; both
 * are tried and believed only when they lead to this very directory.
 */
/* In a reviewed run the directory lies in a layer, of which the descriptor has no number: its name there is believed. */
static bool is_in_layer(struct look *look, size_t index, const char *rest, const struct stat *st)
{
    size_t layer = 0;
    const char *path;
    struct stat found;

    for (size_t i = 0; i < index; i++)
        layer += look->plan->mounts[i].is_reviewed;
    path = arena_printf(look->findings->arena, "%s/%zu/upper/%s", look->plan->review, layer, rest);
    return path && lstat(path, &found) == 0 && S_ISDIR(found.st_mode) && S_ISDIR(st->st_mode);
}

static int find_on_host(struct look *look, const char *name, const struct stat *st)
{
    struct arena *arena = look->findings->arena;

    for (size_t i = look->plan->mount_count; i-- > 0 && !look->root;) {
        const struct plan_mount *mount = &look->plan->mounts[i];
        bool is_inside = path_is_within(name, mount->target);
        const char *rests[] = {is_inside ? name + strlen(mount->target) : NULL, name};

        if ((mount->kind != PLAN_BIND && mount->kind != PLAN_PIN) || !mount->is_directory)
            continue;
        for (size_t j = 0; j < ARRAY_COUNT(rests) && !look->root; j++) {
            const char *path = rests[j] ? arena_printf(arena, "%s%s%s", mount->source, *rests[j] == '/' ? "" : "/", rests[j])
                                        : NULL;
            const char *whole = path ? path_normalise(arena, path) : NULL;

            if (rests[j] && !whole)
                return error_memory(look->err);
            if (whole && (is_same(whole, st) || (mount->is_reviewed && is_in_layer(look, i, rests[j], st)))) {
                look->path = whole;
                look->root = tree_of(look->plan, whole);
            }
        }
    }
    return 0;
}

/* 1 = it is there, 0 = it was removed. */
static int find_directory(struct look *look)
{
    char again[64], name[PATH_MAX];
    struct stat st;
    ssize_t length;
    int status;

    snprintf(again, sizeof(again), "/proc/self/fd/%d", look->directory);
    length = readlink(again, name, sizeof(name) - 1);
    if (length < 0 || fstat(look->directory, &st) < 0)
        return error_system(look->err, errno, "find the name of a directory that was noted");
    name[length] = '\0';
    look->root = NULL;
    look->path = arena_string(look->findings->arena, name);
    if (!look->path)
        return error_memory(look->err);
    if (!st.st_nlink)
        return 0;
    status = find_on_host(look, name, &st);
    return status < 0 ? status : 1;
}

/* ---- configuration ---- */

static const char *key_name(struct arena *arena, const struct git_config_entry *entry)
{
    if (!entry->subsection)
        return arena_printf(arena, "%s.%s", entry->section, entry->key);
    return arena_printf(arena, "%s.%s.%s", entry->section, entry->subsection, entry->key);
}

/* Lexically, for what is not there: nothing can be written through it yet. */
static const char *without_dots(struct arena *arena, const char *path)
{
    char *copy = arena_alloc(arena, strlen(path) + 2), *to = copy;
    const char *at = path;

    while (copy && *at) {
        size_t length = strcspn(at, "/");

        if (length == 2 && at[0] == '.' && at[1] == '.') {
            while (to > copy && *--to != '/')
                ;
        } else if (length && !(length == 1 && *at == '.')) {
            *to++ = '/';
            memcpy(to, at, length);
            to += length;
        }
        at += length + (at[length] == '/');
        *to = '\0';
    }
    if (copy && to == copy)
        memcpy(copy, "/", sizeof("/"));
    return copy;
}

/* Where git would write the files of the repository: is that in the tree that the program could write anyway? */
static int leads_out(struct look *look, const char *value, bool *ret_is_out)
{
    struct arena *arena = look->findings->arena;
    const char *path = value[0] == '/' ? value : path_join(arena, look->path, value);
    char again[64], name[PATH_MAX];
    auto_close int fd = -1;

    *ret_is_out = true;
    if (!path)
        return error_memory(look->err);
    if (!look->root)
        return 0;
    fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t length;

        snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
        length = readlink(again, name, sizeof(name) - 1);
        name[length < 0 ? 0 : length] = '\0';
        *ret_is_out = !path_is_within(name, look->root);
        return 0;
    }
    path = without_dots(arena, path);
    if (!path)
        return error_memory(look->err);
    *ret_is_out = !path_is_within(path, look->root);
    return 0;
}

static int visit_entry(const struct git_config_entry *entry, void *data)
{
    struct look *look = data;
    struct arena *arena = look->findings->arena;
    const struct git_key *row = git_key_find(entry);
    struct event_finding finding = {.kind = "git.key", .path = look->file};
    bool is_out = true;

    if (!row)
        return 0;
    if (row->value == GIT_DIRECTORY && leads_out(look, entry->value, &is_out) < 0)
        return -ENOMEM;
    if (!is_out)
        return 0;
    finding.key = key_name(arena, entry);
    finding.value = arena_string(arena, entry->value);
    finding.text = row->why;
    finding.remedy = finding.key ? remedy_unset(look, entry, finding.key) : NULL;
    if (!finding.key || !finding.value || !finding.remedy)
        return error_memory(look->err);
    return add(look->findings, &finding, look->err);
}

static int open_in(int directory, const char *name, int flags)
{
    struct open_how how = {.flags = (unsigned)(flags | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC),
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    long fd = syscall(SYS_openat2, directory, name, &how, sizeof(how));

    return fd < 0 ? -errno : (int)fd;
}

/* 1 when it is not there. */
static int look_at_file(struct look *look, const char *name)
{
    struct error why = ERROR_INIT;
    auto_free char *text = NULL;
    struct stat st;
    size_t size;
    int status;
    auto_close int fd = -1;

    look->file = path_join(look->findings->arena, look->path, name);
    if (!look->file)
        return error_memory(look->err);
    if (fstatat(look->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? 1 : add_file(look, "git.unread", "it cannot be looked at", remedy_remove(look, look->file));
    if (!S_ISREG(st.st_mode)) /* git follows a link, and what it leads to can change */
        return add_file(look, "git.unread",
                        S_ISLNK(st.st_mode) ? "it is a symbolic link, which git follows and Cordon does not"
                                            : "it is no regular file",
                        remedy_remove(look, look->file));
    fd = open_in(look->directory, name, O_RDONLY);
    if (fd < 0)
        return add_file(look, "git.unread", "it cannot be opened", remedy_remove(look, look->file));
    status = file_read_fd(fd, name, GIT_CONFIG_MAX, &text, &size, &why);
    if (status == -ENOMEM)
        return error_memory(look->err);
    if (status < 0)
        return add_file(look, "git.unread", "it is too large to be looked through, or cannot be read",
                        remedy_remove(look, look->file));
    return git_config_each(text, size, visit_entry, look, look->err);
}

/* ---- hooks ---- */

static bool is_changed(const struct look *look, const struct stat *st)
{
    return (uint64_t)st->st_ctim.tv_sec * NS_PER_S + (uint64_t)st->st_ctim.tv_nsec >= look->started_ns;
}

static int look_at_hook(struct look *look, const char *name)
{
    look->file = arena_printf(look->findings->arena, "%s/hooks/%s", look->path, name);
    if (!look->file)
        return error_memory(look->err);
    return add_file(look, "git.hook", "git runs it as a hook", remedy_remove(look, look->file));
}

static void directory_close(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static bool is_sample(const char *name)
{
    size_t length = strlen(name), suffix = strlen(".sample");

    return length > suffix && strcmp(name + length - suffix, ".sample") == 0;
}

static int look_through_hooks(struct look *look, DIR *hooks, bool is_all)
{
    const struct dirent *entry;
    int status = 0;

    for (size_t count = 0; status == 0 && (entry = readdir(hooks)); count++) {
        struct stat st;

        if (count == HOOKS_MAX)
            return add_file(look, "git.unread", "there is too much in it to be looked through", "remove it");
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || is_sample(entry->d_name) ||
            fstatat(dirfd(hooks), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
            continue;
        if (S_ISLNK(st.st_mode) ? is_all || is_changed(look, &st)
                                : S_ISREG(st.st_mode) && st.st_mode & 0111 && (is_all || is_changed(look, &st)))
            status = look_at_hook(look, entry->d_name);
    }
    return status;
}

/* Those of a .git directory are kept; a bare repository, or one whose directory has another name, has its own. */
static int look_at_hooks(struct look *look)
{
    cleanup_with(directory_close) DIR *hooks = NULL;
    struct stat st;
    int fd;

    look->file = path_join(look->findings->arena, look->path, "hooks");
    if (!look->file)
        return error_memory(look->err);
    if (fstatat(look->directory, "hooks", &st, AT_SYMLINK_NOFOLLOW) < 0 || (!S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode)))
        return 0;
    if (S_ISLNK(st.st_mode))
        return is_changed(look, &st) ? add_file(look, "git.unread", "it is a symbolic link, which git follows and Cordon does not",
                                                remedy_remove(look, look->file))
                                     : 0;
    fd = open_in(look->directory, "hooks", O_RDONLY | O_DIRECTORY);
    hooks = fd < 0 ? NULL : fdopendir(fd);
    if (!hooks && fd >= 0)
        close(fd);
    if (!hooks)
        return add_file(look, "git.unread", "it cannot be opened", "remove it");
    return look_through_hooks(look, hooks, is_changed(look, &st));
}

/* ---- all of it ---- */

static int look_at_repository(struct look *look)
{
    int status = look_at_file(look, "config");

    if (status == 1) {
        look->file = path_join(look->findings->arena, look->path, "config");
        status = look->file ? add_file(look, "git.removed", "it was made and removed again", "") : error_memory(look->err);
    }
    return status < 0 ? status : look_at_hooks(look);
}

static int look_at_note(struct look *look, const struct tier_note *note)
{
    int status;

    look->directory = note->directory;
    look->file = "";
    if (note->kind == TIER_NOTE_MORE)
        return add_file(look, "git.more", "the program made more repositories than are looked at",
                        "look at those that are not named here before git is used in them, or remove them");
    if (note->directory < 0)
        return add_file(look, "git.unread", "a repository that the program made could not be looked at",
                        "raise the limit of open files (ulimit -n), or remove the repositories that the program made");
    status = find_directory(look);
    if (status < 0)
        return status;
    look->file = look->path;
    if (status == 0)
        return add_file(look, "git.removed", "it was made and removed again", "");
    status = note->kind == TIER_NOTE_PARTS ? look_at_repository(look) : look_at_file(look, "config.worktree");
    return status < 0 ? status : 0;
}

static int findings_begin(struct findings *ret_findings, struct error *err)
{
    *ret_findings = (struct findings){.arena = arena_new()};
    return ret_findings->arena ? 0 : error_memory(err);
}

int findings_look(const struct plan *plan, const struct tier_note *notes, size_t count, uint64_t started_ns,
                  struct findings *ret_findings, struct error *err)
{
    struct look look = {.plan = plan, .findings = ret_findings, .started_ns = started_ns, .err = err};
    int status = 0;

    if (!count)
        return 0;
    status = findings_begin(ret_findings, err);
    for (size_t i = 0; i < count && status == 0; i++)
        status = look_at_note(&look, &notes[i]);
    return status;
}

int findings_give_up(size_t count, struct findings *ret_findings, struct error *err)
{
    static const struct event_finding unseen = {
        .kind = "git.unread",
        .path = "",
        .text = "repositories that the program made were not looked at, because the run was given up",
        .remedy = "look at them before git is used in them, or remove them",
    };

    if (!count)
        return 0;
    if (findings_begin(ret_findings, err) < 0)
        return -ENOMEM;
    return add(ret_findings, &unseen, err);
}
