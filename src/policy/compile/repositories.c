/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a repository at a writable root keeps hooks and configuration beside .git itself: the
 * directory that a .git file names, the common directory of work trees, the directories of
 * submodules and work trees, what core.hooksPath names, and the root itself where it is a git
 * directory. System calls: openat getdents64 read.
 */
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/git_config.h"
#include "base/looks.h"
#include "policy/compile/compile.h"
#include "policy/model/protected.h"

#define GIT_PREFIX   ".git/"
#define MODULES_MAX  256
#define ENTRIES_MAX  16384
#define MODULE_DEPTH 16
#define POINTER_MAX  ((size_t)4096)

struct repository {
    struct compile *c;
    const struct document *layer; /* whose protection it is */
    const char *worktree;
    const char *git;    /* the directory itself, real */
    const char *common; /* where hooks and configuration are, real: mostly the same */
    size_t modules, entries;
    struct error *err;
};

static const struct origin *origin_of(const struct repository *repository)
{
    return &repository->layer->protect_builtin.origin;
}

/* What git reads and this cannot: nobody knows what a program outside would run. */
static int refuse(const struct repository *repository, const char *path, const char *why)
{
    return compile_problem(repository->c, ERROR_FORBIDDEN, origin_of(repository), repository->err,
                           "%s %s; without it nobody knows which hooks git would run", path, why);
}

static int protect_names(const struct repository *repository, const char *git)
{
    size_t count;
    const struct protected_name *names = protected_names(&count);
    int r = 0;

    if (!guards_is_exposed(repository->c, git))
        return 0;
    for (size_t i = 0; i < count && r == 0; i++)
        if (strncmp(names[i].name, GIT_PREFIX, strlen(GIT_PREFIX)) == 0 &&
            protected_name_holds(repository->layer, names[i].name))
            r = guards_protect(repository->c, git, names[i].name + strlen(GIT_PREFIX),
                               origin_of(repository), repository->err);
    return r;
}

/* `name` (absolute, or relative to `directory`) as an object. */
static int resolve_below(const struct repository *repository, const char *directory,
                         const char *name, struct resolved *ret_object)
{
    struct compile *c = repository->c;
    const char *path = name[0] == '/' ? name : path_join(c->work, directory, name);

    if (path)
        path = path_normalise(c->work, path);
    return path ? resolve_path(c->resolver, path, ret_object, repository->err)
                : error_memory(repository->err);
}

/* The text of a file; NULL when there is none. */
static int read_below(const struct repository *repository, const char *directory, const char *name,
                      size_t size_max, const char **ret_text)
{
    auto_free char *data = NULL;
    struct error made = ERROR_INIT;
    struct resolved object;
    size_t size;
    int r = resolve_below(repository, directory, name, &object);

    *ret_text = NULL;
    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISREG(object.mode))
        return r;
    look_content(object.real, true);
    r = file_read(object.real, size_max, &data, &size, &made);
    if (r == -ENOMEM)
        return error_memory(repository->err);
    if (r < 0) {
        const char *why = arena_printf(repository->c->work, "cannot be read (%s)", made.text);

        return why ? refuse(repository, object.real, why) : error_memory(repository->err);
    }
    if (strlen(data) != size)
        return refuse(repository, object.real, "holds a NUL, which git passes over");
    *ret_text = arena_string(repository->c->work, data);
    return *ret_text ? 0 : error_memory(repository->err);
}

/* A file whose one line names a directory, behind `prefix`; NULL when it does not. */
static int read_pointer(const struct repository *repository, const char *directory,
                        const char *name, const char *prefix, const char **ret_directory)
{
    const char *text, *line;
    struct resolved object;
    int r = read_below(repository, directory, name, POINTER_MAX, &text);

    *ret_directory = NULL;
    if (r < 0 || !text || strncmp(text, prefix, strlen(prefix)) != 0)
        return r;
    text += strlen(prefix);
    text += strspn(text, " \t");
    line = arena_string_n(repository->c->work, text, strcspn(text, "\r\n"));
    if (!line)
        return error_memory(repository->err);
    if (!*line)
        return 0;
    r = resolve_below(repository, directory, line, &object);
    if (r == 0 && object.status == RESOLVE_FOUND && S_ISDIR(object.mode))
        *ret_directory = object.real;
    return r;
}

/* A directory that git would take hooks or configuration from. */
static int looks_like_git(const struct repository *repository, const char *path, bool *ret_does)
{
    static const char *const signs[] = {"config", "hooks", "commondir", "config.worktree"};
    struct resolved object;
    int r = 0;

    *ret_does = false;
    for (size_t i = 0; i < ARRAY_COUNT(signs) && r == 0 && !*ret_does; i++) {
        r = resolve_below(repository, path, signs[i], &object);
        *ret_does = r == 0 && object.status == RESOLVE_FOUND;
    }
    return r;
}

/* HEAD, and either a common directory elsewhere or the two that hold what a repository is made of. */
#define BARE_PARTS 4
static const char *const bare_parts[BARE_PARTS] = {"HEAD", "commondir", "objects", "refs"};

static int find_bare_parts(const struct repository *repository, const char *path, bool *is_there)
{
    struct resolved object;
    int r = 0;

    for (size_t i = 0; i < BARE_PARTS && r == 0; i++) {
        r = resolve_below(repository, path, bare_parts[i], &object);
        is_there[i] = r == 0 && object.status == RESOLVE_FOUND;
    }
    return r;
}

/* What git itself takes for a repository without a work tree, or for a submodule's directory. */
static int is_bare(const struct repository *repository, const char *path, bool *ret_is)
{
    bool is_there[BARE_PARTS];
    int r = find_bare_parts(repository, path, is_there);

    *ret_is = r == 0 && is_there[0] && (is_there[1] || (is_there[2] && is_there[3]));
    return r;
}

/* A root that is no git directory must not become one: git would take its configuration from it. */
static int keep_bare_parts_away(const struct repository *repository, const char *root)
{
    bool is_there[BARE_PARTS];
    int r = find_bare_parts(repository, root, is_there);

    for (size_t i = 0; i < BARE_PARTS && r == 0 && (i == 0 || is_there[0]); i++)
        if (!is_there[i])
            r = guards_protect(repository->c, root, bare_parts[i], origin_of(repository), repository->err);
    return r;
}

/* What git keeps in such a directory that holds no other one. */
static bool is_internal(const char *name)
{
    static const char *const names[] = {"objects", "refs", "logs",     "info",
                                        "hooks",   "lfs",  "rr-cache", "branches"};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static int walk(struct repository *repository, const char *path, bool is_git, unsigned depth);

/* The program may have put anything there in an earlier run. -E2BIG: not to be looked through. */
static int walk_entry(struct repository *repository, const char *path, const char *name,
                      bool is_in_git, unsigned depth)
{
    struct resolved object;
    bool is_git;
    int r = resolve_below(repository, path, name, &object);

    if (++repository->entries > ENTRIES_MAX)
        return -E2BIG;
    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISDIR(object.mode))
        return r;
    r = looks_like_git(repository, object.real, &is_git);
    if (r < 0 || (!is_git && is_in_git && is_internal(name)))
        return r;
    if (is_git && ++repository->modules > MODULES_MAX)
        return -E2BIG;
    r = is_git ? protect_names(repository, object.real) : 0;
    return r < 0 ? r : walk(repository, object.real, is_git, depth + 1);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static int walk(struct repository *repository, const char *path, bool is_git, unsigned depth)
{
    cleanup_with(close_directory) DIR *directory = NULL;
    const struct dirent *entry;
    int r = 0;

    if (depth > MODULE_DEPTH)
        return -E2BIG;
    look_content(path, true);
    directory = opendir(path);
    if (!directory)
        return -E2BIG;
    while (r == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = walk_entry(repository, path, entry->d_name, is_git, depth);
    return r == 0 && errno ? error_system(repository->err, errno, "read %s", path) : r;
}

/* The directories of submodules, or of work trees; too many of them are shut off from changes. */
static int protect_modules(struct repository *repository, const char *git, const char *name)
{
    struct compile *c = repository->c;
    struct resolved object;
    int r = resolve_below(repository, git, name, &object);

    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISDIR(object.mode) ||
        !guards_is_exposed(c, object.real))
        return r;
    r = walk(repository, object.real, false, 0);
    if (r != -E2BIG)
        return r;
    r = compile_warning(c, origin_of(repository), repository->err,
                        "%s cannot be looked through or holds more than 256 repositories; it is read-only as a whole",
                        object.real);
    return r < 0 ? r : guards_protect(c, git, name, origin_of(repository), repository->err);
}

/* The directory is granted as a whole, so that the hooks in it are kept one by one: githooks(5). */
static int protect_hooks_in(const struct repository *repository, const char *directory)
{
    static const char *const hooks[] = {
        "applypatch-msg", "pre-applypatch", "post-applypatch", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
        "commit-msg", "post-commit", "pre-rebase", "post-checkout", "post-merge", "pre-push", "pre-receive", "update",
        "proc-receive", "post-receive", "post-update", "reference-transaction", "push-to-checkout", "pre-auto-gc",
        "post-rewrite", "sendemail-validate", "fsmonitor-watchman", "p4-changelist", "p4-prepare-changelist",
        "p4-post-changelist", "p4-pre-submit", "post-index-change",
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(hooks) && r == 0; i++)
        r = guards_protect(repository->c, directory, hooks[i], origin_of(repository), repository->err);
    return r;
}

/*
 * What git makes of a path in its configuration: "~" and "~/" are the home; other homes, git's own prefix and
 * ":(optional)" depend on the machine and on git, and blanks inside on git's version. -EINVAL = such a form.
 */
static int expand(const struct repository *repository, const char **value_at)
{
    struct compile *c = repository->c;
    const char *value = *value_at;

    if (strpbrk(value, "\t\r\n") || strlen(value) > PATH_LENGTH_MAX / 2 || strncmp(value, "%(", 2) == 0 ||
        strncmp(value, ":(", 2) == 0)
        return -EINVAL;
    if (value[0] != '~')
        return 0;
    if (!c->home || (value[1] && value[1] != '/'))
        return -EINVAL;
    *value_at = value[1] ? path_join(c->work, c->home, value + 2) : c->home;
    return *value_at ? 0 : error_memory(repository->err);
}

/* The directory that core.hooksPath names, relative to the work tree. */
static int protect_hooks_path(const struct repository *repository, const char *git,
                              const char *config)
{
    struct compile *c = repository->c;
    const char *text, *value;
    struct resolved object;
    int r = read_below(repository, git, config, GIT_CONFIG_MAX, &text);

    if (r < 0 || !text)
        return r;
    r = git_config_value(c->work, text, "core", "hooksPath", &value, repository->err);
    if (r < 0 || !value)
        return r;
    r = expand(repository, &value);
    if (r == -EINVAL)
        return refuse(repository, git, "has a core.hooksPath of a form that is not followed (write ~/ or the whole "
                                       "path, without tabs)");
    if (r == 0)
        r = resolve_below(repository, repository->worktree, value, &object);
    if (r < 0 || object.status == RESOLVE_PROC || !guards_is_exposed(c, object.real))
        return r;
    if (path_is_within(repository->worktree, object.real))
        return protect_hooks_in(repository, object.real);
    value = path_base(object.given);
    git = path_parent(c->work, object.given);
    return git ? guards_protect(c, git, value, origin_of(repository), repository->err)
               : error_memory(repository->err);
}

static int protect_repository(struct repository *repository)
{
    int r = read_pointer(repository, repository->git, "commondir", "", &repository->common);

    if (r == 0 && !repository->common)
        repository->common = repository->git;
    if (r == 0 && strcmp(repository->common, repository->git) != 0)
        r = protect_names(repository, repository->common);
    if (r == 0)
        r = protect_modules(repository, repository->common, "modules");
    if (r == 0)
        r = protect_modules(repository, repository->common, "worktrees");
    if (r == 0 && strcmp(repository->common, repository->git) != 0)
        r = protect_modules(repository, repository->git, "modules");
    if (r == 0)
        r = protect_hooks_path(repository, repository->common, "config");
    return r < 0 ? r : protect_hooks_path(repository, repository->git, "config.worktree");
}

/* The root may be a git directory itself, without the name that the table of names knows; beside a
 * .git, too, because git passes over one that is none. */
static int protect_bare(struct repository *repository, const char *root)
{
    bool is_it;
    int r = is_bare(repository, root, &is_it);

    if (r == 0 && !is_it)
        r = keep_bare_parts_away(repository, root);
    if (r < 0 || !is_it)
        return r;
    repository->git = root;
    r = protect_names(repository, root);
    return r < 0 ? r : protect_repository(repository);
}

int repositories_protect(struct compile *c, const struct document *layer, const char *root,
                         struct error *err)
{
    struct repository repository = {.c = c, .layer = layer, .worktree = root, .err = err};
    struct resolved object;
    int r;

    if (!protected_name_holds(layer, ".git/hooks") && !protected_name_holds(layer, ".git/config"))
        return 0;
    if (strcmp(path_base(root), ".git") == 0) {
        repository.git = root;
        repository.worktree = path_parent(c->work, root);
        return repository.worktree ? protect_repository(&repository) : error_memory(err);
    }
    r = protect_bare(&repository, root);
    if (r == 0)
        r = resolve_below(&repository, root, ".git", &object);
    if (r < 0 || object.status != RESOLVE_FOUND)
        return r;
    repository.git = object.real;
    if (S_ISREG(object.mode)) {
        r = read_pointer(&repository, root, ".git", "gitdir:", &repository.git);
        if (r == 0 && repository.git)
            r = protect_names(&repository, repository.git);
    } else if (!S_ISDIR(object.mode)) {
        return 0;
    }
    return r < 0 || !repository.git ? r : protect_repository(&repository);
}
