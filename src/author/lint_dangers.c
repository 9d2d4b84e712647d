/* SPDX-License-Identifier: Apache-2.0 */
/* What a grant of files opens: what programs outside execute or obey, credentials, whole trees. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "author/lint_look.h"
#include "author/real_path.h"
#include "author/sensitive.h"
#include "base/clock.h"
#include "base/path.h"
#include "policy/obeyed.h"

#define NAMED_MAX   3                /* places that one finding names */
#define WALK_NAMES  20000            /* looked at in trees from which something can be sent away, */
#define WALK_NS     (15 * NS_PER_MS) /* and for how long */

/* A path of the host that a document gives, as a rule or as the source of a view. */
struct grant {
    const char *path;
    bool is_writable;
    bool is_other_name; /* rules name it otherwise: a view shows it, or a link leads there */
    const struct origin *origin;
};

/* A directory of PATH, and where it lies. */
struct searched {
    const char *named, *real;
};

struct dangers {
    struct look *look;
    const struct document *document;
    const char *home;                /* NULL = not known */
    const char **obeyed;             /* by the index of the table; NULL without a home */
    struct sensitive_places places;
    struct searched *search; /* by their names, and those that are links by where they lead as well */
    size_t search_count;
};

static const char *const system_trees[] = {"/bin",   "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt",
                                           "/root",  "/run",  "/sbin", "/sys", "/usr", "/var"};

/* What is done with `place` by this grant, as far as the rest of the document leaves it. */
static enum access access_by(const struct dangers *dangers, const struct grant *grant, const char *place)
{
    const struct origin *why = NULL;
    enum access access;

    if (grant->is_other_name) {
        for (size_t i = 0; i < dangers->document->path_count; i++) {
            const struct path_rule *rule = &dangers->document->paths[i];

            if (rule->kind == PATH_DENIED && !rule->is_glob && path_is_within(place, rule->path))
                return ACCESS_DENIED;
        }
        return grant->is_writable ? ACCESS_WRITE : ACCESS_READ;
    }
    access = policy_access(dangers->look->input->policy, place, &why);
    if (access > ACCESS_DENIED && document_access(dangers->document, place, &why) > ACCESS_DENIED && why == grant->origin)
        return access;
    return ACCESS_DENIED;
}

/* Is there such a place in what is granted, or the other way round? */
static bool reaches(const struct dangers *dangers, const struct grant *grant, const char *place, enum access least)
{
    if (path_is_within(grant->path, place))
        return access_by(dangers, grant, grant->path) >= least;
    return path_is_within(place, grant->path) && access_by(dangers, grant, place) >= least;
}

/* Named outright, or there: what is nowhere on this machine is no danger in a large tree. */
static bool is_meant(const struct dangers *dangers, const struct grant *grant, const char *place)
{
    struct stat st;

    if (!dangers->look->input->has_machine || path_is_within(grant->path, place))
        return true;
    return lstat(place, &st) == 0 || errno != ENOENT;
}

/* "~/.ssh (SSH keys), ~/.aws (AWS credentials) and 2 more" */
static const char *join(struct look *look, const struct obeyed *table, const size_t *at, size_t count)
{
    const char *text = "";

    for (size_t i = 0; i < count && i < NAMED_MAX && text; i++)
        text = arena_printf(look->arena, "%s%s%s (%s)", text, i ? ", " : "", table[at[i]].path, table[at[i]].who);
    if (count > NAMED_MAX && text)
        text = arena_printf(look->arena, "%s and %zu more", text, count - NAMED_MAX);
    look->is_broken = look->is_broken || !text;
    return text ? text : "";
}

static int check_obeyed(const struct dangers *dangers, const struct grant *grant)
{
    size_t count, hits[NAMED_MAX], hit_count = 0;
    const struct obeyed *table = obeyed_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (dangers->obeyed[i] && reaches(dangers, grant, dangers->obeyed[i], ACCESS_WRITE)) {
            if (hit_count < NAMED_MAX)
                hits[hit_count] = i;
            hit_count++;
        }
    if (!hit_count)
        return 0;
    return look_say(dangers->look, LINT_OBEYED, grant->origin, "name what is needed beside it, or give a copy by filesystem.views",
                    "%s is writable: %s", look_spell(dangers->look, grant->path),
                    join(dangers->look, table, hits, hit_count));
}

/* Who reads these can act as the user, or knows what was meant for nobody else. Sockets and the machine's own are told elsewhere. */
static bool is_credential(const struct sensitive *row)
{
    return row && row->kind != SENSITIVE_SESSION && row->kind != SENSITIVE_MACHINE;
}

/* What nothing can grant (password files) is in no plan, whatever a rule around it says. */
static bool is_in_plan(const struct look *look, const char *path)
{
    struct question question = {.operation = OPERATION_READ, .exists = true};
    char inside[PATH_MAX];
    struct judged judged;

    if (!look->index)
        return true;
    if (!plan_path_inside(look->index, path, inside))
        return false;
    question.path = inside;
    plan_judge(look->index, &question, &judged);
    return judged.judgement != JUDGED_REFUSED && judged.judgement != JUDGED_HIDDEN;
}

struct hits {
    const struct dangers *dangers;
    const struct grant *grant;
    const char *first; /* its path */
    const char *text;
    size_t count;
};

static int add_hit(const char *path, const struct sensitive *row, void *data)
{
    struct hits *hits = data;
    struct look *look = hits->dangers->look;

    if (!is_credential(row) || !reaches(hits->dangers, hits->grant, path, ACCESS_READ) ||
        !is_meant(hits->dangers, hits->grant, path) || !is_in_plan(look, path))
        return 0;
    if (hits->count++ >= NAMED_MAX)
        return 0;
    if (hits->count == 1)
        hits->first = look_spell(look, path);
    hits->text = arena_printf(look->arena, "%s%s%s (%s)", hits->text, hits->count > 1 ? ", " : "", look_spell(look, path), row->what);
    return hits->text ? 0 : error_memory(look->err);
}

/* Of what lies there today, where there is a way out: a key in a project is read by whoever builds it. */
static int walk_grant(const struct dangers *dangers, const struct grant *grant, struct hits *hits)
{
    struct sensitive_walk *walk = &dangers->look->walk;

    if (!dangers->look->input->has_machine || (grant->origin->is_profile && !grant->is_writable))
        return 0;
    if (!walk->visit) {
        walk->left = WALK_NAMES;
        walk->until_ns = clock_monotonic_ns() + WALK_NS;
        walk->visit = add_hit;
    }
    walk->places = &dangers->places;
    walk->data = hits;
    return sensitive_walk(walk, grant->path) < 0 ? error_memory(dangers->look->err) : 0;
}

static int check_credentials(const struct dangers *dangers, const struct grant *grant)
{
    struct look *look = dangers->look;
    const struct sensitive *row = sensitive_find(&dangers->places, grant->path);
    struct hits hits = {.dangers = dangers, .grant = grant, .text = ""};
    const struct origin *origin = grant->origin;
    bool has_way_out = look_has_way_out(look);
    const char *mend = "remove it, and use 'secrets' where a program has to show it to a host";
    int r = row ? add_hit(grant->path, row, &hits) : sensitive_visit(&dangers->places, grant->path, add_hit, &hits);

    if (r == 0 && !row && has_way_out && !hits.count && origin->is_profile)
        origin = NULL; /* what lies in a workspace is the user's, whoever grants it */
    if (r == 0 && !row && has_way_out)
        r = walk_grant(dangers, grant, &hits);
    if (r < 0 || !hits.count)
        return r;
    if (!row)
        mend = arena_printf(look->arena, "filesystem.deniedPaths: [\"%s\"%s]", hits.first, hits.count > 1 ? ", ..." : "");
    if (hits.count > NAMED_MAX && mend)
        hits.text = arena_printf(look->arena, "%s and %zu more", hits.text, hits.count - NAMED_MAX);
    if (!mend || !hits.text)
        return error_memory(look->err);
    return look_say(look, has_way_out ? LINT_CREDENTIAL_NETWORK : LINT_CREDENTIAL, origin, mend, "%s makes readable: %s%s",
                    look_spell(look, grant->path), hits.text, has_way_out ? "; and what is read can be sent away" : "");
}

static int check_search_path(const struct dangers *dangers, const struct grant *grant)
{
    for (size_t i = 0; i < dangers->search_count; i++)
        if (reaches(dangers, grant, dangers->search[i].real, ACCESS_WRITE))
            return look_say(dangers->look, LINT_PATH_DIRECTORY, grant->origin,
                            "give a directory that is not in PATH, or take it out of PATH outside",
                            "%s is writable, and %s is in your PATH: what is put there is run outside by its name",
                            look_spell(dangers->look, grant->path), look_spell(dangers->look, dangers->search[i].named));
    return 0;
}

/* Whole trees: 1 = one is, and details say nothing more. */
static int check_tree(const struct dangers *dangers, const struct grant *grant)
{
    const char *home = dangers->home, *what = NULL;
    int r;

    if (strcmp(grant->path, "/") == 0)
        what = "all of the machine";
    else if (home && path_is_within(home, grant->path))
        what = strcmp(home, grant->path) == 0 ? "your whole home" : "the home of every user";
    for (size_t i = 0; i < ARRAY_COUNT(system_trees) && !what && grant->is_writable; i++)
        if (strcmp(grant->path, system_trees[i]) == 0)
            what = "a directory of the system";
    if (!what)
        return 0;
    r = look_say(dangers->look, grant->is_writable ? LINT_TREE_WRITABLE : LINT_HOME_READABLE, grant->origin,
                 "name the directories that are needed, or ${workspace}", "%s is %s, %s", look_spell(dangers->look, grant->path),
                 what, grant->is_writable ? "writable: what is in it can be emptied, and what is obeyed can be changed"
                                          : "readable: everything that lies there or will");
    return r < 0 ? r : 1;
}

static bool is_protected(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->protect_builtin.is_set && policy->layers[i]->protect_builtin.value)
            return true;
    return false;
}

/* A directory in which people or editors work: the workspace, or one with a repository. */
static bool is_project(const struct dangers *dangers, const char *path)
{
    const struct variables *variables = dangers->look->input->variables;
    char git[PATH_MAX + 8];
    struct stat st;

    if (variables && variables->workspace && strcmp(path, variables->workspace) == 0)
        return true;
    if (!dangers->look->input->has_machine || strlen(path) >= PATH_MAX)
        return false;
    snprintf(git, sizeof(git), "%s/.git", path);
    return lstat(git, &st) == 0;
}

static int check_unprotected(const struct dangers *dangers, const struct grant *grant)
{
    if (is_protected(dangers->look->input->policy) || !is_project(dangers, grant->path))
        return 0;
    return look_say(dangers->look, LINT_UNPROTECTED, grant->origin, "filesystem.protectBuiltin: true",
                    "%s is writable with its git hooks, editor tasks and settings of agents: the next program of yours there "
                    "runs what it finds",
                    look_spell(dangers->look, grant->path));
}

static int check_grant(const struct dangers *dangers, const struct grant *grant)
{
    int is_tree = check_tree(dangers, grant), r = is_tree < 0 ? is_tree : 0;

    if (r == 0 && grant->is_writable && !is_tree)
        r = check_obeyed(dangers, grant);
    if (r == 0 && grant->is_writable)
        r = check_search_path(dangers, grant);
    if (r == 0 && grant->is_writable)
        r = check_unprotected(dangers, grant);
    return r < 0 ? r : check_credentials(dangers, grant);
}

/* A link is granted as what it leads to. */
static int check_names(const struct dangers *dangers, const struct grant *grant)
{
    struct grant real = {.is_writable = grant->is_writable, .is_other_name = true, .origin = grant->origin};
    char path[PATH_MAX];
    int r = check_grant(dangers, grant);

    if (r < 0 || !dangers->look->input->has_machine || !real_path_find(grant->path, path) || strcmp(path, grant->path) == 0)
        return r;
    real.path = arena_string(dangers->look->arena, path);
    return real.path ? check_grant(dangers, &real) : error_memory(dangers->look->err);
}

static const char **resolve_table(struct dangers *dangers, const struct obeyed *table, size_t count)
{
    struct look *look = dangers->look;
    const char **paths = arena_alloc(look->arena, count * sizeof(*paths));

    for (size_t i = 0; i < count && paths; i++) {
        if (table[i].path[0] == '~' && !dangers->home)
            continue;
        paths[i] = obeyed_path(look->arena, &table[i], dangers->home);
        if (!paths[i])
            return NULL;
    }
    return paths;
}

static int add_searched(struct dangers *dangers, const char *named, const char *real)
{
    struct searched *slot = arena_append(dangers->look->arena, dangers->search, dangers->search_count);

    if (!slot || !named || !real)
        return error_memory(dangers->look->err);
    *slot = (struct searched){named, real};
    return 0;
}

static int list_search_path(struct dangers *dangers)
{
    struct arena *arena = dangers->look->arena;
    const char *at = dangers->look->input->search_path;
    int r = 0;

    for (size_t length; at && *at && r == 0; at += length + strspn(at + length, ":")) {
        char real[PATH_MAX];
        char *named;

        length = strcspn(at, ":");
        if (at[0] != '/' || length >= sizeof(real))
            continue;
        named = arena_string_n(arena, at, length);
        named = named ? path_normalise(arena, named) : NULL;
        r = add_searched(dangers, named, named);
        if (r == 0 && dangers->look->input->has_machine && real_path_find(named, real) && strcmp(real, named) != 0)
            r = add_searched(dangers, named, arena_string(arena, real));
    }
    return r;
}

int look_at_dangers(struct look *look, const struct document *document)
{
    struct dangers dangers = {.look = look, .document = document};
    size_t count;
    const struct obeyed *table = obeyed_rows(&count);
    int r = 0;

    dangers.home = look->input->variables ? look->input->variables->home : NULL;
    dangers.places.home = dangers.home;
    dangers.places.workspace = look->input->variables ? look->input->variables->workspace : NULL;
    dangers.obeyed = resolve_table(&dangers, table, count);
    if (!dangers.obeyed)
        return error_memory(look->err);
    r = list_search_path(&dangers);
    for (size_t i = 0; i < document->path_count && r == 0; i++) {
        const struct path_rule *rule = &document->paths[i];
        struct grant grant = {rule->path, rule->kind == PATH_READWRITE, false, &rule->origin};

        if (!rule->is_glob && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY))
            r = check_names(&dangers, &grant);
    }
    for (size_t i = 0; i < document->view_count && r == 0; i++) {
        const struct view *view = &document->views[i];
        struct grant grant = {view->source, view->is_writable, true, &view->origin};

        r = check_names(&dangers, &grant);
    }
    return r;
}
