/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What only a look at the granted trees tells: the names that a denied pattern matches, and the other names (hard links)
 * of files that rules shut or make read-only (linked.c). A bounded walk for each, and none where nothing asks for it.
 * System calls: openat getdents64 newfstatat lstat readlink.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "base/looks.h"
#include "policy/compile/compile.h"
#include "policy/compile/linked.h"

#define FOUND_MAX 4096 /* each becomes a mount */

/* For one of the two: `rules` or `linked`. */
struct search {
    struct compile *c;
    const struct path_rule **rules; /* denied patterns */
    const char **small;             /* the same in small letters */
    size_t *roots;                  /* so much of each stands before its first wildcard */
    size_t rule_count;
    bool folds; /* in this tree two spellings may be one name */
    struct linked_files linked;
    size_t looked_at, found;
    struct glob_state *states[PATH_DEPTH_MAX + 2]; /* of all patterns, at each depth; made when the first comes so deep */
    struct error *err;
};

/* Refused by the name of one of those who asked; links may be a loss, and then nothing more is looked for. */
static int too_wide(struct search *search, const char *why)
{
    search->linked.links_left = 0;
    if (search->rule_count)
        return compile_problem(search->c, ERROR_UNENFORCEABLE, &search->rules[0]->origin, search->err,
                               "%s: %s; begin the pattern with the directory that it is meant for",
                               search->rules[0]->path, why);
    return compile_loss(search->c, "hardLinks", search->linked.files[0].origin, search->err,
                        "%s has other names (hard links), and to find them %s: grant less, or give it one name",
                        search->linked.files[0].path, why);
}

/* 1 when the walk is to end. */
static int is_over(const struct search *search)
{
    return !search->rule_count && !search->linked.links_left;
}

static int resolve_found(struct search *search, const char *host, const char *name, struct resolved *ret_object)
{
    const char *path = path_join(search->c->work, host, name);

    return path ? resolve_path(search->c->resolver, path, ret_object, search->err) : error_memory(search->err);
}

static int shut_found(struct search *search, const struct path_rule *rule, const char *host, const char *name)
{
    struct resolved object;
    int r = resolve_found(search, host, name, &object);

    if (r < 0 || object.status != RESOLVE_FOUND)
        return r;
    if (++search->found > FOUND_MAX)
        return too_wide(search, "more than " STRINGIFY(FOUND_MAX) " names match");
    r = objects_add_cap(search->c, object.real, ACCESS_DENIED, &rule->origin, search->err);
    return r < 0 ? r : objects_add_point(search->c, &object, false, search->err);
}

/*
 * Another name of a restricted file becomes a point and gets no more; what else is said of either, aliases.c joins.
 * `is_listed` as in linked_count().
 */
static int join_found(struct search *search, struct linked *linked, const char *host, const char *name, bool is_listed)
{
    struct resolved object;
    int r = resolve_found(search, host, name, &object);

    if (r < 0 || object.status != RESOLVE_FOUND || object.inode != linked->inode || object.device != linked->device)
        return r;
    r = linked_count(search->c, &search->linked, linked, object.real, is_listed, search->err);
    if (r < 0 || strcmp(object.real, linked->path) == 0 || linked_is_walked(&search->linked, object.real))
        return r;
    if (++search->found > FOUND_MAX)
        return too_wide(search, "more than " STRINGIFY(FOUND_MAX) " were found");
    r = objects_add_point(search->c, &object, false, search->err);
    return r < 0 ? r : objects_add_cap(search->c, object.real, linked->access, linked->origin, search->err);
}

static int search_directory(struct search *search, const char *host, const struct glob_state *at, size_t depth);

static struct glob_state *states_at(struct search *search, size_t depth)
{
    if (!search->states[depth])
        search->states[depth] = arena_alloc(search->c->work, (2 * search->rule_count + 1) * sizeof(**search->states));
    return search->states[depth];
}

static bool is_alive(const struct glob_state *state)
{
    for (size_t i = 0; i < GLOB_WORDS; i++)
        if (state->bits[i])
            return true;
    return false;
}

static char small_letter(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* As glob_step() for one of the rules; where case may not count, by either spelling. */
static bool step_rule(const struct search *search, size_t rule, const struct glob_state *at, const char *name,
                      size_t length, struct glob_state *ret_next)
{
    struct glob_state folded;
    char small[NAME_MAX + 1];

    if (glob_step(search->rules[rule]->path, at, name, length, ret_next))
        return true;
    if (!search->folds || length >= sizeof(small))
        return false;
    for (size_t i = 0; i < length; i++)
        small[i] = small_letter(name[i]);
    if (glob_step(search->small[rule], at, small, length, &folded))
        return true;
    for (size_t i = 0; i < GLOB_WORDS; i++)
        ret_next->bits[i] |= folded.bits[i];
    return false;
}

/* `next` has room for one state a pattern; `number` is the inode's. */
static int search_name(struct search *search, const char *host, const struct dirent *entry, ino_t number,
                       const struct glob_state *at, struct glob_state *next, size_t depth)
{
    size_t length = strlen(entry->d_name);
    bool goes_on = search->linked.links_left > 0;
    struct linked *linked = linked_find(&search->linked, number);
    const char *path;
    int r = 0;

    if (++search->looked_at > SEARCH_NAMES_MAX)
        return too_wide(search, "more than " STRINGIFY(SEARCH_NAMES_MAX) " names would have to be looked at");
    for (size_t i = 0; i < search->rule_count; i++) {
        if (step_rule(search, i, &at[i], entry->d_name, length, &next[i]))
            return shut_found(search, search->rules[i], host, entry->d_name);
        goes_on = goes_on || is_alive(&next[i]);
    }
    for (; linked && r == 0; linked = linked_next(&search->linked, linked))
        r = join_found(search, linked, host, entry->d_name, true);
    if (r < 0 || !goes_on || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
        return r;
    path = path_join(search->c->work, host, entry->d_name);
    return path ? search_directory(search, path, next, depth + 1) : error_memory(search->err);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

/*
 * What the caller may not list it may still own, and the program could open it then; or it may be passed by a name that is
 * known. What cannot be looked through for those who ask is shut whole.
 */
static int shut_unseen(struct search *search, const char *host)
{
    const struct origin *origin = search->rule_count ? &search->rules[0]->origin : search->linked.files[0].origin;
    struct resolved object;
    int r = resolve_path(search->c->resolver, host, &object, search->err);

    if (r < 0 || object.status != RESOLVE_FOUND)
        return r;
    r = objects_add_cap(search->c, object.real, ACCESS_DENIED, origin, search->err);
    return r < 0 ? r : objects_add_point(search->c, &object, false, search->err);
}

/* The number of the object: what the directory lists, or what the object says where that is not believed. */
static int find_number(struct search *search, int directory, const char *host, const struct dirent *entry, bool is_listed,
                       ino_t *ret_number)
{
    struct stat st = {.st_ino = entry->d_ino};

    if (!is_listed)
        looks_give_up();
    if (!is_listed && entry->d_type != DT_DIR && fstatat(directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
        errno != ENOENT && errno != EACCES) /* gone meanwhile, or not for the caller either */
        return error_system(search->err, errno, "look at %s in %s", entry->d_name, host);
    *ret_number = st.st_ino;
    return 0;
}

static int search_directory(struct search *search, const char *host, const struct glob_state *at, size_t depth)
{
    cleanup_with(close_directory) DIR *directory = NULL;
    struct glob_state *next;
    const struct dirent *entry;
    bool is_listed;
    int r = 0, fd;

    look_content(host, false);
    fd = open(host, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == EACCES)
        return shut_unseen(search, host);
    if (fd < 0 && errno == ENAMETOOLONG)
        return too_wide(search, "a path in the tree is longer than the kernel takes");
    if (fd < 0) /* gone, or no directory: a link is the name of something else */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP ? 0
                                                                     : error_system(search->err, errno, "read %s", host);
    directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return error_memory(search->err);
    }
    if (depth > PATH_DEPTH_MAX)
        return too_wide(search, "directories are nested too deep");
    next = states_at(search, depth + 1);
    if (!next)
        return error_memory(search->err);
    is_listed = !search->linked.links_left || linked_lists_numbers(fd);
    while (r == 0 && !is_over(search) && (errno = 0, entry = readdir(directory))) {
        ino_t number = 0;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        r = find_number(search, fd, host, entry, is_listed, &number);
        if (r == 0)
            r = search_name(search, host, entry, number, at, next, depth);
    }
    if (r == 0 && errno == EACCES && !is_over(search)) /* may be opened and not listed: /proc/PID/map_files */
        r = shut_unseen(search, host);
    else if (r == 0 && errno && !is_over(search))
        r = error_system(search->err, errno, "read %s", host);
    return r;
}

/* Of a file that is granted, or mounted somewhere, by itself no directory shows the number. */
static int search_single_file(struct search *search, const char *host)
{
    const char *parent = path_parent(search->c->work, host), *slash = strrchr(host, '/');
    struct linked *linked;
    struct stat st;
    int r = 0;

    if (!parent)
        return error_memory(search->err);
    if (!slash || look_stat(host, &st) < 0)
        return !slash || errno == ENOENT || errno == EACCES || errno == ENOTDIR || errno == ELOOP
                   ? 0
                   : error_system(search->err, errno, "look at %s", host);
    linked = S_ISREG(st.st_mode) && st.st_nlink > 1 ? linked_find(&search->linked, st.st_ino) : NULL;
    for (; linked && r == 0; linked = linked_next(&search->linked, linked))
        r = join_found(search, linked, parent, slash + 1, false);
    return r;
}

static int search_mounted_files(struct search *search, const char *tree)
{
    int r = 0;

    for (size_t i = 0; i < search->c->mounts.count && r == 0 && !is_over(search); i++) {
        const struct host_mount *mount = &search->c->mounts.mounts[i];

        if (!mount->is_kernel && path_is_within(mount->point, tree))
            r = search_single_file(search, mount->point);
    }
    return r;
}

static size_t root_length(const char *pattern)
{
    const char *rest = pattern, *start, *end = pattern;
    size_t length;

    while (glob_next_component(&rest, &start, &length) && !glob_is_wild(start, length))
        end = start + length;
    return (size_t)(end - pattern);
}

/* Could the pattern match anything in a tree of this name? Letters of either case, since in some trees they are one. */
static bool is_about(const struct search *search, size_t rule, const char *name, size_t length)
{
    size_t root = search->roots[rule];

    return length == 1 || strncasecmp(name, search->rules[rule]->path, length < root ? length : root) == 0;
}

/* Where each pattern stands before the first component. False = none is about the tree. */
static bool start_rules(struct search *search, const char *name, struct glob_state *at)
{
    size_t length = strlen(name);
    bool is_one = false;

    for (size_t i = 0; i < search->rule_count; i++)
        if (is_about(search, i, name, length)) {
            glob_start(search->rules[i]->path, &at[i]);
            is_one = true;
        } else {
            memset(&at[i], 0, sizeof(at[i]));
        }
    return is_one;
}

/* `name` is what the tree is called inside, `host` where it lies. */
static int search_tree(struct search *search, const char *name, const char *host)
{
    struct glob_state *at = states_at(search, 0), *next;
    const char *component;
    bool is_wanted = search->linked.links_left > 0;
    size_t length;
    int r = 0;

    if (!at)
        return error_memory(search->err);
    next = at + search->rule_count;
    if (!start_rules(search, name, at) && !is_wanted)
        return 0;
    search->folds = search->rule_count && folding_is_possible_within(search->c, host);
    while (glob_next_component(&name, &component, &length))
        for (size_t i = 0; i < search->rule_count; i++) {
            if (!is_alive(&at[i])) /* it stays so */
                continue;
            if (step_rule(search, i, &at[i], component, length, &next[i]))
                return 0; /* the tree itself is denied */
            at[i] = next[i];
        }
    for (size_t i = 0; i < search->rule_count; i++)
        is_wanted = is_wanted || is_alive(&at[i]);
    if (search->linked.links_left > 0)
        r = search_single_file(search, host);
    if (r == 0 && search->linked.links_left > 0)
        r = search_mounted_files(search, host);
    return is_wanted && r == 0 ? search_directory(search, host, at, 0) : r;
}

static bool is_within_another(const struct document *layer, const struct path_rule *rule)
{
    for (size_t i = 0; i < layer->path_count; i++) {
        const struct path_rule *other = &layer->paths[i];

        /* a name that lies in another one is longer, and has a '/' where that one ends */
        if (other->length > 1 && rule->length && (other->length >= rule->length || rule->path[other->length] != '/'))
            continue;
        if (other != rule && linked_is_grant(other) && !linked_is_system_tree(other) &&
            strcmp(other->path, rule->path) != 0 && path_is_within(rule->path, other->path))
            return true;
    }
    return false;
}

static int search_layer(struct search *search, const struct document *layer)
{
    int r = 0;

    if (layer->kind != LAYER_REQUEST)
        return 0;
    for (size_t i = 0; i < layer->path_count && r == 0; i++) {
        const struct path_rule *rule = &layer->paths[i];

        if (linked_is_grant(rule) && !linked_is_system_tree(rule) && !is_within_another(layer, rule))
            r = search_tree(search, rule->path, rule->path);
    }
    for (size_t i = 0; i < layer->view_count && r == 0; i++)
        r = search_tree(search, layer->views[i].target, layer->views[i].source);
    for (size_t i = 0; i < layer->view_count && r == 0; i++) /* rules name what a view shows by its own name as well */
        r = search_tree(search, layer->views[i].source, layer->views[i].source);
    return r;
}

static int add_rule(struct search *search, const struct path_rule *rule)
{
    struct arena *work = search->c->work;
    char *small = arena_string(work, rule->path);
    size_t count = search->rule_count, root_count = search->rule_count;
    const struct path_rule **slot = arena_append(work, search->rules, search->rule_count);
    const char **small_slot = arena_append(work, search->small, count);
    size_t *root_slot = arena_append(work, search->roots, root_count);

    if (!small || !slot || !small_slot || !root_slot)
        return error_memory(search->err);
    for (char *at = small; *at; at++)
        *at = small_letter(*at);
    *slot = rule;
    *small_slot = small;
    *root_slot = root_length(rule->path);
    return 0;
}

static int collect_rules(struct search *search)
{
    struct compile *c = search->c;
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count; i++)
        for (size_t j = 0; j < c->real.layers[i]->path_count && r == 0; j++) {
            const struct path_rule *rule = &c->real.layers[i]->paths[j];

            if (rule->is_glob && rule->kind == PATH_DENIED)
                r = add_rule(search, rule);
        }
    return r;
}

static int search_layers(struct search *search)
{
    int r = 0;

    for (size_t i = 0; i < search->c->real.layer_count && r == 0 && !is_over(search); i++)
        r = search_layer(search, search->c->real.layers[i]);
    return r;
}

int search_granted_trees(struct compile *c, struct error *err)
{
    struct search patterns = {.c = c, .err = err}, links = {.c = c, .err = err};
    int r = collect_rules(&patterns);

    if (r == 0)
        r = search_layers(&patterns);
    if (r == 0)
        r = linked_collect(c, &links.linked, err);
    return r < 0 ? r : search_layers(&links);
}
