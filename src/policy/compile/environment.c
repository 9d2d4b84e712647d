/* SPDX-License-Identifier: Apache-2.0 */
/* The program's whole environment, its working directory and its command line. */
#include <errno.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "policy/compile/compile.h"

#define DEFAULT_PATH    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

static bool has_name(const char *entry, const char *name, size_t length)
{
    return strncmp(entry, name, length) == 0 && entry[length] == '=';
}

/* The first value of a name stays; a placeholder, which comes later, is before all. */
static int add_variable(struct compile *c, const char *name, size_t length, const char *value,
                        const struct origin *origin, struct error *err)
{
    struct plan *plan = c->plan;
    size_t origin_count = plan->env_count;
    const struct origin **from;
    const char **slot;

    if (secrets_have_variable(c, name, length))
        return 0;
    for (size_t i = 0; i < plan->env_count; i++)
        if (has_name(plan->env[i], name, length))
            return 0;
    if (plan->env_count >= ENVIRONMENT_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "environment: more than %d variables",
                         ENVIRONMENT_MAX);
    from = arena_append(c->arena, plan->env_origins, origin_count);
    slot = arena_append(c->arena, plan->env, plan->env_count);
    if (slot)
        *slot = arena_printf(c->arena, "%.*s=%s", (int)length, name, value);
    if (!from || !slot || !*slot)
        return error_memory(err);
    return compile_origin(c, origin, from, err);
}

/* HTTP_PROXY, no_proxy, npm_config_https_proxy: whatever ends so tells some program where a proxy is, or when not to ask it. */
bool environment_is_proxy(const char *name, size_t length)
{
    return length >= 5 && strncasecmp(name + length - 5, "proxy", 5) == 0;
}

/* The first value of a name stays, so these come before all others. */
static int add_proxy(struct compile *c, struct error *err)
{
    static const char *const names[] = {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(names) && r == 0; i++)
        r = add_variable(c, names[i], strlen(names[i]), c->effective.proxy, c->effective.proxy_origin, err);
    return r;
}

/* Whoever reads one of these believes nobody else; a value that is inherited names a file of the host without our authority. */
static int add_authorities(struct compile *c, struct error *err)
{
    static const char *const names[] = {
        "SSL_CERT_FILE",   "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",    "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO",
        "PIP_CERT",        "NIX_SSL_CERT_FILE",  "CARGO_HTTP_CAINFO", "DENO_CERT",           "AWS_CA_BUNDLE",
        "HTTPLIB2_CA_CERTS", "PERL_LWP_SSL_CA_FILE",
    };
    int r = 0;

    for (size_t i = 0; c->authorities && i < ARRAY_COUNT(names) && r == 0; i++)
        r = add_variable(c, names[i], strlen(names[i]), c->authorities, c->plan->network_origin, err);
    return r;
}

/* Another proxy would not be reached, and what asks none reaches nothing. */
static int set_variable(struct compile *c, const struct env_item *item, struct error *err)
{
    if (secrets_have_variable(c, item->name, strlen(item->name)))
        return compile_problem(c, ERROR_INVALID, &item->origin, err,
                               "%s is the variable of a secret's placeholder: leave it out here, or give the secret a 'file'",
                               item->name);
    if (!c->effective.network.is_proxied || !environment_is_proxy(item->name, strlen(item->name)))
        return add_variable(c, item->name, strlen(item->name), item->value, &item->origin, err);
    return compile_warning(c, &item->origin, err, "%s: has no effect beside runtimeConfig.networkProxy", item->name);
}

bool environment_takes(const char *pattern, const char *entry, size_t length)
{
    size_t fixed = strcspn(pattern, "*");

    return length >= fixed && strncmp(entry, pattern, fixed) == 0 && (pattern[fixed] == '*' || length == fixed);
}

static int inherit(struct compile *c, struct error *err)
{
    const struct string_list *patterns = &c->effective.env_inherit;
    int r = 0;

    for (const char *const *entry = c->options->caller_env; entry && *entry && r == 0; entry++) {
        size_t length = strcspn(*entry, "=");
        char *name;

        if (!length || (*entry)[length] != '=')
            continue;
        for (size_t i = 0; i < patterns->count && r == 0; i++) {
            const char *pattern = patterns->items[i].text;

            if (!environment_takes(pattern, *entry, length))
                continue;
            if (in_place_is_private(c, *entry, length) ||
                (c->effective.network.is_proxied && environment_is_proxy(*entry, length)))
                continue;
            name = arena_string_n(c->work, *entry, length);
            if (!name)
                return error_memory(err);
            r = add_variable(c, name, length, *entry + length + 1, &patterns->items[i].origin,
                             err);
        }
    }
    return r;
}

static int keep(struct compile *c, const char ***list, size_t *count, const char *text, struct error *err)
{
    const char **slot = arena_append(c->arena, *list, *count), **end;

    if (!slot || !text)
        return error_memory(err);
    *slot = text;
    end = arena_append(c->arena, *list, *count);
    if (!end)
        return error_memory(err);
    *end = NULL;
    --*count;
    return 0;
}

/* For another program, later: what is set by now, and what is taken from a caller. */
static int keep_rules(struct compile *c, struct error *err)
{
    const struct string_list *patterns = &c->effective.env_inherit;
    struct plan *plan = c->plan;
    size_t set = 0, inherited = 0;
    int r = 0;

    for (size_t i = 0; i < plan->env_count && r == 0; i++)
        r = keep(c, &plan->env_set, &set, plan->env[i], err);
    for (size_t i = 0; i < patterns->count && r == 0; i++)
        r = keep(c, &plan->env_inherits, &inherited, arena_string(c->arena, patterns->items[i].text), err);
    plan->env_is_proxied = c->effective.network.is_proxied;
    return r;
}

/* What comes last, kept for another program as well. */
static int add_default(struct compile *c, const char *name, const char *value, const struct origin *origin, struct error *err)
{
    size_t count = 0;
    int r;

    while (c->plan->env_defaults && c->plan->env_defaults[count])
        count++;
    r = keep(c, &c->plan->env_defaults, &count, arena_printf(c->arena, "%s=%s", name, value), err);
    return r < 0 ? r : add_variable(c, name, strlen(name), value, origin, err);
}

static int add_defaults(struct compile *c, struct error *err)
{
    const struct variables *variables = c->options->variables;
    const struct {
        const char *name, *value;
    } defaults[] = {
        {"HOME", variables ? variables->home : NULL},
        {"USER", variables ? variables->user : NULL},
        {"LOGNAME", variables ? variables->user : NULL},
        {"PATH", DEFAULT_PATH},
    };
    const struct origin *origin = compile_builtin_origin(c, "environment");
    bool has_home = !c->effective.env_home_is_cwd;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = has_home ? 0 : 1; i < ARRAY_COUNT(defaults) && r == 0; i++)
        if (defaults[i].value && !in_place_is_private(c, defaults[i].name, strlen(defaults[i].name)))
            r = add_default(c, defaults[i].name, defaults[i].value, origin, err);
    return r;
}

static int add_environment(struct compile *c, struct error *err)
{
    const struct effective *effective = &c->effective;
    const char **end;
    int r = effective->network.is_proxied ? add_proxy(c, err) : 0;

    for (size_t i = 0; i < effective->env_set_count && r == 0; i++)
        r = set_variable(c, &effective->env_set[i], err);
    if (r == 0)
        r = add_authorities(c, err);
    if (r == 0)
        r = keep_rules(c, err);
    if (r == 0)
        r = inherit(c, err);
    if (r == 0 && effective->env_home_is_cwd && effective->cwd)
        r = add_default(c, "HOME", effective->cwd, effective->cwd_origin, err);
    if (r == 0 && !effective->env_is_exact)
        r = add_defaults(c, err);
    if (r < 0)
        return r;
    end = arena_append(c->arena, c->plan->env, c->plan->env_count);
    if (!end)
        return error_memory(err);
    c->plan->env_count--;
    return 0;
}

/* The real name of a directory that is visible inside; NULL when it is not. */
static int visible_directory(struct compile *c, const char *path, const char **ret_path,
                             struct error *err)
{
    struct resolved object;
    const char *target;
    int r;

    *ret_path = NULL;
    if (!path || path[0] != '/')
        return 0;
    r = resolve_path(c->resolver, path, &object, err);
    if (r < 0)
        return r;
    if (object.status == RESOLVE_FOUND && S_ISDIR(object.mode) &&
        layout_is_visible(c->layout, object.real)) {
        *ret_path = object.real;
        return 0;
    }
    r = placed_target(c, path, &target, err);
    if (r == 0 && layout_is_directory(c->layout, target))
        *ret_path = target;
    return r;
}

/* Where the caller stands, within the workspace; else the workspace, which the caller named; else what is there. */
static int choose_directory(struct compile *c, struct error *err)
{
    const struct variables *variables = c->options->variables;
    const char *workspace = variables ? variables->workspace : NULL, *cwd = c->options->caller_cwd;
    const char *const candidates[] = {
        cwd && workspace && path_is_within(cwd, workspace) ? cwd : NULL,
        workspace,
        cwd,
        variables ? variables->home : NULL,
    };
    const char *directory = NULL;
    int r = 0;

    c->plan->cwd_is_asked = c->effective.cwd != NULL;
    if (c->effective.cwd) {
        r = placed_target(c, c->effective.cwd, &directory, err);
        if (r == 0)
            r = compile_origin(c, c->effective.cwd_origin, &c->plan->cwd_origin, err);
        if (r < 0)
            return r;
    }
    for (size_t i = 0; i < ARRAY_COUNT(candidates) && !directory && r == 0; i++)
        r = visible_directory(c, candidates[i], &directory, err);
    if (r < 0)
        return r;
    c->plan->cwd = arena_string(c->arena, directory ? directory : "/");
    return c->plan->cwd ? 0 : error_memory(err);
}

int environment_add(struct compile *c, struct error *err)
{
    int r = add_environment(c, err);

    if (r == 0)
        r = choose_directory(c, err);
    if (r < 0 || !c->effective.command_line)
        return r;
    c->plan->command_line = arena_string(c->arena, c->effective.command_line);
    if (!c->plan->command_line)
        return error_memory(err);
    return compile_origin(c, c->effective.command_origin, &c->plan->command_origin, err);
}
