/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the names in rules to the files that would be executed inside: looked for in the container's own PATH and tree, as
 * the plan makes it. A program that something inside could write would be whatever that puts there, so it is refused; a
 * script is, because what runs is its interpreter. Some names stand for several files (docs/decisions/0141).
 * System calls: openat fstat read.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/looks.h"
#include "policy/compile/compile.h"

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define LINE_MAX_    256 /* of a script, as the kernel (BINPRM_BUF_SIZE) */

/* What a name came to: a file, or why there is none (in the work arena). */
struct found {
    bool is_found;
    const char *path; /* inside */
    const char *host;
    struct resolved object;
    const char *why;
};

#define COMPANY_MAX 4

/*
 * Names of which people mean the program together with others of its own that it has connect for it. What tunnels for
 * anybody who asks (ssh) is no part of another program, and needs a name of its own. A path is one file.
 */
static const struct company {
    const char *name;
    const char *directories[2]; /* from the one above the program's own */
    const char *programs[2];
} companies[] = {
    {"git", {"lib/git-core", "libexec/git-core"}, {"git-remote-http", "git-remote-https"}},
};

/* What a name in a rule came to. */
struct sought {
    const struct company *company; /* NULL = it stands for its program alone */
    const char *why;             /* why it stands for no program here, NULL = it does */
    uint16_t others[COMPANY_MAX]; /* from 1: of the rules' programs, which the name stands for as well */
    unsigned other_count;
    const char *why_other; /* one of these is there and must not be it, NULL = none is like that */
};

static bool is_of_host(const struct plan_mount *mount)
{
    return mount && (mount->kind == PLAN_BIND || mount->kind == PLAN_PIN) && !mount->is_device && !mount->is_socket;
}

/* *ret_host: the host's name of what is at `path` inside; NULL = nothing of the host. */
static int host_name(struct compile *c, const char *path, const char **ret_host, struct error *err)
{
    const struct plan_mount *mount = outside_mount_over(c->plan, path);
    const char *rest;

    *ret_host = NULL;
    if (!is_of_host(mount))
        return 0;
    rest = path + (strcmp(mount->target, "/") == 0 ? 0 : strlen(mount->target));
    *ret_host = *rest ? arena_printf(c->work, "%s%s", strcmp(mount->source, "/") == 0 ? "" : mount->source, rest) : mount->source;
    return *ret_host ? 0 : error_memory(err);
}

/*
 * Links on the way are followed as the host has them. What they lead to must be there under the same name inside, or, where
 * a tree is shown elsewhere, lie in that tree: anything else would be another object inside than here.
 */
static int look_at(struct compile *c, const char *path, struct found *found, struct error *err)
{
    const struct plan_mount *mount = outside_mount_over(c->plan, path);
    bool is_view = is_of_host(mount) && strcmp(mount->source, mount->target) != 0;
    const char *real = path, *host = NULL;
    int r = is_view ? 0 : placed_target(c, path, &real, err);

    if (r == 0)
        r = host_name(c, real, &host, err);
    if (r < 0 || !host || (!is_view && strcmp(host, real) != 0))
        return r;
    r = resolve_path(c->resolver, host, &found->object, err);
    if (r < 0 || found->object.status != RESOLVE_FOUND || (is_view && !path_is_within(found->object.real, mount->source)))
        return r;
    found->is_found = S_ISREG(found->object.mode) && (found->object.mode & 0111);
    found->path = real;
    found->host = found->object.real;
    return 0;
}

static const char *path_inside(const struct plan *plan)
{
    for (size_t i = 0; i < plan->env_count; i++)
        if (strncmp(plan->env[i], "PATH=", 5) == 0)
            return plan->env[i] + 5;
    return DEFAULT_PATH;
}

static int look_for(struct compile *c, const char *name, struct found *found, struct error *err)
{
    int r = 0;

    if (name[0] == '/') {
        r = look_at(c, name, found, err);
        found->why = arena_printf(c->work, "there is no program %s in the container", name);
        return r < 0 || found->why ? r : error_memory(err);
    }
    for (const char *at = path_inside(c->plan); r == 0 && !found->is_found && *at; at += strspn(at, ":")) {
        size_t length = strcspn(at, ":");
        char *directory = arena_string_n(c->work, at, length);
        const char *path = directory ? path_join(c->work, directory, name) : NULL;

        if (!path)
            return error_memory(err);
        if (*path == '/')
            path = path_normalise(c->work, path);
        if (!path)
            return error_memory(err);
        if (*path == '/')
            r = look_at(c, path, found, err);
        at += length;
    }
    found->why = arena_printf(c->work, "no directory of the container's PATH has a program '%s'; name its file", name);
    return r < 0 || found->why ? r : error_memory(err);
}

/* "/usr/bin/env python3" */
static int refuse_script(struct compile *c, struct found *found, char *line, struct error *err)
{
    line += strspn(line, " \t");
    line[strcspn(line, "\r\n")] = '\0';
    found->is_found = false;
    found->why = arena_printf(c->work, "%s is a script, and what connects is its interpreter (%.100s): name that, and each of "
                                       "its scripts may", found->path, line);
    return found->why ? 0 : error_memory(err);
}

static int refuse_file(struct compile *c, struct found *found, const char *why, struct error *err)
{
    found->is_found = false;
    found->why = arena_printf(c->work, "%s %s", found->path, why);
    return found->why ? 0 : error_memory(err);
}

static int read_file(struct compile *c, struct found *found, struct net_program *program, struct error *err)
{
    char head[LINE_MAX_ + 1];
    struct stat st;
    ssize_t got;
    auto_close int fd = -1;

    look_content(found->host, false);
    fd = open(found->host, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) < 0)
        return refuse_file(c, found, "cannot be read, so nobody could tell whether it is still the same", err);
    if (st.st_dev != found->object.device || st.st_ino != found->object.inode)
        return error_set(err, ERROR_SYSTEM, ESTALE, "%s changed meanwhile; try again", found->host);
    got = pread(fd, head, LINE_MAX_, 0);
    head[got < 0 ? 0 : got] = '\0';
    if (got > 2 && memcmp(head, "#!", 2) == 0)
        return refuse_script(c, found, head + 2, err);
    if (got < 4 || memcmp(head, "\177ELF", 4) != 0)
        return refuse_file(c, found, "is no program of this system: another one starts it, name that", err);
    program->device = st.st_dev;
    program->inode = st.st_ino;
    program->size = (uint64_t)st.st_size;
    program->change_s = st.st_ctim.tv_sec;
    program->change_ns = (uint32_t)st.st_ctim.tv_nsec;
    if (!known_program_find(c, program)) {
        if (digest_fd(fd, program->digest) < 0)
            return refuse_file(c, found, "cannot be read, so nobody could tell whether it is still the same", err);
        known_program_keep(c, program);
    }
    program->path = arena_string(c->arena, found->path);
    return program->path ? 0 : error_memory(err);
}

/* *ret_why: why the name stands for no program here, NULL = it does. */
static int find_program(struct compile *c, struct net_program *program, const char **ret_why, struct error *err)
{
    struct found found = {0};
    int r = look_for(c, program->path, &found, err);

    if (r == 0 && found.is_found && outside_mount_over(c->plan, found.path)->is_writable)
        r = refuse_file(c, &found, "lies where something inside may write, and so could become another program; grant its "
                                   "directory read-only", err);
    if (r == 0 && found.is_found)
        r = read_file(c, &found, program, err);
    if (r < 0)
        return r;
    *ret_why = found.is_found ? NULL : found.why;
    if (!found.is_found && program->path[0] != '/')
        program->path = arena_printf(c->arena, "/nothing/%s", program->path);
    return program->path ? 0 : error_memory(err);
}

/* Of two names for one file the first is what a connection is marked with. */
static uint16_t first_of(const struct net_rules *rules, uint16_t number)
{
    const struct net_program *program = &rules->programs[number - 1];

    for (uint16_t i = 1; i < number; i++)
        if (rules->programs[i - 1].inode == program->inode && rules->programs[i - 1].device == program->device)
            return i;
    return number;
}

static const struct company *company_of(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(companies); i++)
        if (strcmp(companies[i].name, name) == 0)
            return &companies[i];
    return NULL;
}

static bool has_other(const struct sought *sought, uint16_t number)
{
    for (unsigned i = 0; i < sought->other_count; i++)
        if (sought->others[i] == number)
            return true;
    return false;
}

/* Where there is none there is nothing to grant: a git without its helpers for HTTP has no HTTP. */
static int add_other(struct compile *c, const char *path, struct sought *sought, struct error *err)
{
    struct net_rules *rules = c->net_rules;
    struct found found = {0};
    struct net_program program = {.path = path}, *slot;
    const char *why;
    uint16_t number;
    int r = look_at(c, path, &found, err);

    if (r < 0 || !found.is_found)
        return r;
    r = find_program(c, &program, &why, err);
    if (r < 0)
        return r;
    if (why) {
        sought->why_other = why;
        return 0;
    }
    slot = arena_append(c->arena, rules->programs, rules->program_count);
    if (!slot)
        return error_memory(err);
    *slot = program;
    number = first_of(rules, (uint16_t)rules->program_count);
    if (number != rules->program_count) /* it has a number */
        rules->program_count--;
    if (!has_other(sought, number))
        sought->others[sought->other_count++] = number;
    return 0;
}

static int find_company(struct compile *c, const struct company *company, const char *program, struct sought *sought,
                        struct error *err)
{
    const char *directory = path_parent(c->work, program), *above = directory ? path_parent(c->work, directory) : NULL;
    int r = 0;

    if (!above)
        return error_memory(err);
    for (size_t i = 0; i < COMPANY_MAX && r == 0; i++) {
        const char *at = path_join(c->work, above, company->directories[i / 2]);
        const char *path = at ? path_join(c->work, at, company->programs[i % 2]) : NULL;

        r = path ? add_other(c, path, sought, err) : error_memory(err);
    }
    return r;
}

/* Those that rules name come first: a file that one of them means has that number. */
static int find_all(struct compile *c, struct sought *all, size_t named, struct error *err)
{
    struct net_rules *rules = c->net_rules;
    int r = 0;

    for (size_t i = 0; i < named && r == 0; i++) {
        all[i].company = company_of(rules->programs[i].path); /* as the documents write it, until it has been found */
        r = find_program(c, &rules->programs[i], &all[i].why, err);
    }
    for (size_t i = 0; i < named && r == 0; i++)
        if (all[i].company && !all[i].why)
            r = find_company(c, all[i].company, rules->programs[i].path, &all[i], err);
    return r;
}

/*
 * A request must name programs that are there. A ceiling speaks of all containers: what is not in this one stays in its
 * rule as a program that nothing is (no inode), because a rule without programs would be about every one.
 */
static int use_programs(struct compile *c, const struct document *layer, const struct egress_rule *from,
                        struct net_rule *rule, const struct sought *all, struct error *err)
{
    size_t room = rule->program_count * (1 + COMPANY_MAX), count = 0;
    uint16_t *numbers = room ? arena_alloc(c->arena, room * sizeof(*numbers)) : NULL;
    int r = 0;

    if (room && !numbers)
        return error_memory(err);
    for (size_t i = 0; i < rule->program_count && r == 0; i++) {
        const struct sought *sought = &all[rule->programs[i] - 1];
        const char *why = sought->why ? sought->why : sought->why_other;

        numbers[count++] = sought->why ? rule->programs[i] : first_of(c->net_rules, rule->programs[i]);
        for (unsigned j = 0; j < sought->other_count; j++)
            numbers[count++] = sought->others[j];
        if (why && layer->kind != LAYER_CEILING)
            r = compile_problem(c, ERROR_UNENFORCEABLE, &from->programs.items[i].origin, err, "%s", why);
    }
    rule->programs = numbers;
    rule->program_count = count;
    return r;
}

static int check_count(struct compile *c, struct error *err)
{
    if (c->net_rules->program_count <= NET_PROGRAMS_MAX)
        return 0;
    return compile_problem(c, ERROR_LIMIT, c->plan->network_origin, err, "rules name %zu programs; at most %u are possible",
                           c->net_rules->program_count, NET_PROGRAMS_MAX);
}

int programs_find(struct compile *c, struct error *err)
{
    struct net_rules *rules = c->net_rules;
    size_t named = rules->program_count;
    struct sought *all = arena_alloc(c->work, (named + 1) * sizeof(*all));
    int r = check_count(c, err);

    if (!all)
        return error_memory(err);
    if (r == 0)
        r = find_all(c, all, named, err);
    if (r == 0)
        r = check_count(c, err);
    for (size_t i = 0; i < rules->layer_count && named && r == 0; i++) {
        const struct document *layer = c->policy->layers[i];

        for (size_t j = 0; j < rules->layers[i].allow_count && r == 0; j++)
            r = use_programs(c, layer, &layer->network.allow[j], &rules->layers[i].allow[j], all, err);
    }
    return r;
}
