/* SPDX-License-Identifier: Apache-2.0 */
/* The card's contents, out of the plan. */
#include "author/reach.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "author/reach_parts.h"
#include "author/sensitive.h"
#include "base/number.h"
#include "base/path.h"
#include "base/text.h"
#include "policy/question.h"

int reach_add(struct view_of_plan *view, struct reach_list *list, const char *format, ...)
{
    char text[PATH_MAX + 256];
    const char **item = arena_append(view->arena, list->items, list->count);
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!item || view->is_broken)
        return error_memory(view->err);
    *item = arena_string(view->arena, text);
    return *item ? 0 : error_memory(view->err);
}

const char *reach_spell(struct view_of_plan *view, const char *path)
{
    const char *home = view->input->home, *spelt;

    if (!home || strcmp(home, "/") == 0 || !path_is_within(path, home))
        return path;
    spelt = arena_printf(view->arena, "~%s", path + strlen(home));
    view->is_broken = view->is_broken || !spelt;
    return spelt ? spelt : path;
}

/* ---- files ---- */

static bool is_of_system(const struct plan_mount *mount)
{
    return !mount->origin || mount->origin->is_profile || (mount->origin->layer && strcmp(mount->origin->layer, "built-in") == 0);
}

bool reach_is_cache(const struct plan_mount *mount)
{
    static const char member[] = "filesystem.cachePaths";

    return mount->origin && mount->origin->member && strncmp(mount->origin->member, member, sizeof(member) - 1) == 0;
}

static int add_mount(struct view_of_plan *view, const struct plan_mount *mount)
{
    struct reach *reach = view->reach;
    const char *name = reach_spell(view, mount->target);

    if (mount->kind == PLAN_PRIVATE)
        reach->private_count++;
    if (mount->kind != PLAN_BIND)
        return 0;
    if (mount->is_device)
        return !is_of_system(mount) ? reach_add(view, &reach->devices, "%s", name) : 0;
    if (mount->is_socket)
        return reach_add(view, &reach->sockets, "%s", name);
    if (reach_is_cache(mount))
        return reach_add(view, &reach->kept, "%s", name);
    if (mount->is_writable)
        return reach_add(view, &reach->change, "%s", name);
    if (is_of_system(mount)) {
        reach->system_count++;
        return 0;
    }
    return reach_add(view, &reach->read, "%s", name);
}

/* ---- what is sensitive ---- */

struct search {
    struct view_of_plan *view;
    const struct plan_index *index;
    struct sensitive_places places;
    struct sensitive_walk walk;
};

static bool is_readable(const struct search *search, const char *path)
{
    struct question question = {.operation = OPERATION_READ, .exists = true};
    char inside[PATH_MAX];
    struct judged judged;

    if (!plan_path_inside(search->index, path, inside))
        return false;
    question.path = inside;
    plan_judge(search->index, &question, &judged);
    return judged.judgement == JUDGED_ALLOWED || judged.judgement == JUDGED_DEPENDS;
}

static bool is_known_already(const struct reach_list *list, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < list->count; i++)
        if (strncmp(list->items[i], name, length) == 0 && strncmp(list->items[i] + length, " (", 2) == 0)
            return true;
    return false;
}

/* The rest of the kinds are no files, or everybody's to read. */
static bool is_worth_a_word(const struct sensitive *row)
{
    return row && row->kind != SENSITIVE_SESSION && row->kind != SENSITIVE_MACHINE;
}

static int add_hit(const char *path, const struct sensitive *row, void *data)
{
    struct search *search = data;
    const char *name = reach_spell(search->view, path);
    struct stat st;

    if (!is_worth_a_word(row) || lstat(path, &st) < 0 || !is_readable(search, path) ||
        is_known_already(&search->view->reach->sensitive, name))
        return 0;
    return reach_add(search->view, &search->view->reach->sensitive, "%s (%s)", name, row->what);
}

static int search_mount(struct search *search, const struct plan_mount *mount)
{
    const struct sensitive *row = sensitive_find(&search->places, mount->source);
    int r;

    if (row && is_worth_a_word(row))
        return add_hit(mount->source, row, search);
    r = sensitive_visit(&search->places, mount->source, add_hit, search);
    if (r < 0 || !mount->is_directory || (is_of_system(mount) && !mount->is_writable))
        return r;
    return sensitive_walk(&search->walk, mount->source) < 0 ? error_memory(search->view->err) : 0;
}

static int add_sensitive(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    auto_plan_index struct plan_index *index = NULL;
    struct search search = {.view = view, .walk = {.left = REACH_NAMES_MAX, .visit = add_hit}};
    int r = plan_index_new(plan, &index, view->err);

    search.index = index;
    search.places = (struct sensitive_places){view->input->home, view->input->workspace};
    search.walk.places = &search.places;
    search.walk.data = &search;
    for (size_t i = 0; i < plan->mount_count && r == 0; i++) {
        const struct plan_mount *mount = &plan->mounts[i];

        if (mount->kind == PLAN_BIND && !mount->is_device && !mount->is_socket && !reach_is_cache(mount))
            r = search_mount(&search, mount);
    }
    view->reach->sensitive_is_cut = search.walk.is_cut;
    return r;
}

/* ---- the rest ---- */

static int add_used(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    int r = 0;

    for (size_t i = 0; i < plan->secret_count && r == 0; i++) {
        const struct plan_secret *secret = &plan->secrets[i];

        r = reach_add(view, &view->reach->secrets, "%s for %s%s", secret->name ? secret->name : secret->file,
                      secret->host_count ? secret->hosts[0] : "no host", secret->host_count > 1 ? " and others" : "");
    }
    for (size_t i = 0; i < plan->env_count && r == 0; i++) {
        const struct origin *origin = plan->env_origins[i];

        if (origin && !origin->is_profile && origin->member &&
            strncmp(origin->member, "environment.", strlen("environment.")) == 0)
            r = reach_add(view, &view->reach->variables, "%.*s", (int)strcspn(plan->env[i], "="), plan->env[i]);
    }
    return r;
}

static int add_limit(struct view_of_plan *view, const struct plan_limit *limit)
{
    static const struct {
        const char *member, *name;
        char unit; /* b: bytes, n: a count, t: ms, c: thousandths */
    } rows[] = {
        {"resources.memory", "memory", 'b'},       {"resources.cpus", "processors", 'c'}, {"resources.pids", "processes", 'n'},
        {"resources.openFiles", "open files", 'n'}, {"resources.disk", "disk", 'b'},      {"resources.output", "output", 'b'},
        {"resources.wallTime", "time", 't'},       {"resources.cpuTime", "processor time", 't'},
    };
    auto_text struct text value = {0};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (strcmp(rows[i].member, limit->member) != 0)
            continue;
        if (rows[i].unit == 'b')
            number_print_size(&value, limit->value);
        else if (rows[i].unit == 't')
            number_print_duration(&value, limit->value);
        else if (rows[i].unit == 'c')
            text_printf(&value, "%" PRIu64 ".%" PRIu64, limit->value / 1000, limit->value % 1000 / 100);
        else
            text_printf(&value, "%" PRIu64, limit->value);
        if (value.is_broken)
            return error_memory(view->err);
        return reach_add(view, &view->reach->limits, "%s %s", rows[i].name, value.data);
    }
    return 0;
}

static int add_limits(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    int r = 0;

    for (size_t i = 0; i < plan->limit_count && r == 0; i++)
        r = add_limit(view, &plan->limits[i]);
    if (r == 0 && plan->timeout_ms && !plan_limit_value(plan, "resources.wallTime"))
        r = add_limit(view, &(struct plan_limit){.member = "resources.wallTime", .value = plan->timeout_ms});
    return r;
}

/* Losses of one name are one line. */
static int add_troubles(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    int r = 0;

    for (size_t i = 0; i < plan->loss_count && r == 0; i++)
        if (i == 0 || strcmp(plan->losses[i].name, plan->losses[i - 1].name) != 0)
            r = reach_add(view, &view->reach->losses, "%s", plan->losses[i].name);
    for (size_t i = 0; i < plan->problem_count && r == 0; i++)
        r = reach_add(view, &view->reach->problems, "%s", plan->problems[i].error.text);
    return r;
}

int reach_look(struct arena *arena, const struct reach_input *input, struct reach *ret_reach, struct error *err)
{
    struct reach reach = {.plan = input->plan};
    struct view_of_plan view = {.arena = arena, .input = input, .reach = &reach, .err = err};
    int r = 0;

    for (size_t i = 0; i < input->plan->mount_count && r == 0; i++)
        r = add_mount(&view, &input->plan->mounts[i]);
    for (size_t i = 0; i < input->plan->name_count; i++)
        reach.kept_names += input->plan->names[i].kind == PLAN_NAME_KEPT || input->plan->names[i].kind == PLAN_NAME_OLD;
    if (r == 0 && input->has_machine)
        r = add_sensitive(&view);
    if (r == 0)
        r = reach_add_network(&view);
    if (r == 0)
        r = add_used(&view);
    if (r == 0)
        r = add_limits(&view);
    if (r == 0)
        r = add_troubles(&view);
    if (r == 0)
        r = reach_add_cannot(&view);
    if (r == 0 && view.is_broken)
        r = error_memory(err);
    if (r == 0)
        *ret_reach = reach;
    return r;
}
