/* SPDX-License-Identifier: Apache-2.0 */
/* What patterns match on this machine: nothing, or very much. A walk of bounded length for each. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/lint_look.h"
#include "base/glob.h"

#define WALK_NAMES_MAX 20000 /* of all patterns of a document together */
#define WALK_DEPTH_MAX 24
#define MATCHES_MANY   1000

const char *look_pattern_root(struct look *look, const char *pattern)
{
    const char *root = glob_literal_part(look->arena, pattern);

    look->is_broken = look->is_broken || !root;
    return root ? root : "/";
}

struct walk {
    const char *pattern;
    size_t names, matches;
    size_t *left; /* names that may still be looked at */
    bool is_cut;
};

static bool is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* `state`: where the pattern stands at this directory. What is below a match is covered, and not looked at. */
static void walk_directory(struct walk *walk, int parent, const char *name, const struct glob_state *state, unsigned depth)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    if (!directory) {
        fd_close_at(&fd);
        return;
    }
    while (!walk->is_cut && (entry = readdir(directory))) {
        struct glob_state next;

        if (is_dots(entry->d_name))
            continue;
        if (!*walk->left || depth >= WALK_DEPTH_MAX) {
            walk->is_cut = true;
            break;
        }
        --*walk->left;
        walk->names++;
        if (glob_step(walk->pattern, state, entry->d_name, strlen(entry->d_name), &next))
            walk->matches++;
        else if (entry->d_type == DT_DIR || entry->d_type == DT_UNKNOWN)
            walk_directory(walk, fd, entry->d_name, &next, depth + 1);
    }
    closedir(directory);
}

/* Where the pattern stands when its root has been walked. */
static bool state_at(const char *pattern, const char *root, struct glob_state *ret_state)
{
    const char *rest = root, *start;
    bool has_matched = glob_start(pattern, ret_state);
    size_t length;

    while (!has_matched && glob_next_component(&rest, &start, &length)) {
        struct glob_state next;

        has_matched = glob_step(pattern, ret_state, start, length, &next);
        *ret_state = next;
    }
    return has_matched;
}

/* Patterns of a document that match nothing: told at the first, for a list of names that may come is one thought. */
struct nothing {
    const struct path_rule *first;
    size_t more, names;
};

static int say_nothing(struct look *look, const struct nothing *nothing)
{
    char more[64] = "";

    if (!nothing->first)
        return 0;
    if (nothing->more)
        snprintf(more, sizeof(more), " and %zu more pattern%s", nothing->more, nothing->more == 1 ? "" : "s");
    return look_say(look, LINT_GLOB_NOTHING, &nothing->first->origin, NULL,
                    "%s%s: none of the %zu names that are there; names made later are kept all the same",
                    look_spell(look, nothing->first->path), more, nothing->names);
}

static int check_pattern(struct look *look, const struct path_rule *rule, size_t *left, struct nothing *nothing)
{
    const char *root = look_pattern_root(look, rule->path);
    struct walk walk = {.pattern = rule->path, .left = left};
    struct glob_state state;

    if (strcmp(root, "/") == 0)
        return look_say(look, LINT_GLOB_WIDE, &rule->origin, "begin it with the directory that is meant: ${workspace}/**/NAME",
                        "%s begins at the root: all that is granted is searched at each start", look_spell(look, rule->path));
    if (!look->input->has_machine || state_at(rule->path, root, &state))
        return 0;
    walk_directory(&walk, AT_FDCWD, root, &state, 0);
    if (walk.matches >= MATCHES_MANY)
        return look_say(look, LINT_GLOB_WIDE, &rule->origin, "name the directory that holds them",
                        "%s matches %zu names or more: each is a mount of its own at each start", look_spell(look, rule->path),
                        walk.matches);
    if (walk.matches || walk.is_cut)
        return 0;
    if (nothing->first)
        nothing->more++;
    else
        *nothing = (struct nothing){.first = rule, .names = walk.names};
    return 0;
}

int look_at_patterns(struct look *look, const struct document *document)
{
    size_t left = WALK_NAMES_MAX;
    struct nothing nothing = {0};
    int r = 0;

    for (size_t i = 0; i < document->path_count && r == 0; i++)
        if (document->paths[i].is_glob && look_is_own(&document->paths[i].origin))
            r = check_pattern(look, &document->paths[i], &left, &nothing);
    return r < 0 ? r : say_nothing(look, &nothing);
}
