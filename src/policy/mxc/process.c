/* SPDX-License-Identifier: Apache-2.0 */
/* process.*: the command, its directory, its environment, its time. */
#include <errno.h>
#include <string.h>

#include "base/path.h"
#include "policy/mxc/request.h"

/* What a document without process.env gets, and one with inheritDefaultEnv besides its own. */
static const char *const default_env[][2] = {
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"TERM", "xterm-256color"},
};

/* A later entry of the same name wins, in its place. */
static int set_env(const struct request *request, const char *name, const char *value,
                   const struct origin *origin)
{
    struct document *document = request->document;
    struct env_item *item = NULL;

    for (size_t i = 0; i < document->env_set_count && !item; i++)
        if (strcmp(document->env_set[i].name, name) == 0)
            item = &document->env_set[i];
    if (!item)
        item = arena_append(request->arena, document->env_set, document->env_set_count);
    if (!item)
        return error_memory(request->err);
    *item = (struct env_item){.name = name, .value = value, .origin = *origin};
    return 0;
}

static int read_env_entry(const struct request *request, const struct node *node, size_t index)
{
    const char *member = arena_printf(request->arena, "process.env[%zu]", index);
    const char *equals = strchr(node->text, '=');
    struct origin origin = mxc_origin(request, node, member);
    char *name;

    if (!member)
        return error_memory(request->err);
    if (mxc_has_nul(node))
        return mxc_refuse(request, node, ERROR_UNENFORCEABLE, 0,
                          "%s holds a NUL, which no environment can carry; remove it", member);
    if (!equals)
        return mxc_warn(request, node, member,
                        "sets nothing: it has no '='; write NAME=value or remove it");
    if (equals == node->text)
        return mxc_refuse(request, node, ERROR_INVALID, 0,
                          "%s has no name before '='; write NAME=value", member);
    name = arena_string_n(request->arena, node->text, (size_t)(equals - node->text));
    return name ? set_env(request, name, equals + 1, &origin) : error_memory(request->err);
}

/*
 * The environment is exactly document->env_set: nothing of the caller's, nothing of a profile. HOME
 * belongs to the default and exists only with a cwd; an entry of the document's own wins.
 */
static int read_env(const struct request *request, const struct node *process)
{
    const struct node *env = mxc_get(process, "env");
    struct document *document = request->document;
    int status = 0;

    document->env_is_exact = true;
    if (!env || mxc_is(mxc_get(process, "inheritDefaultEnv"), "true")) {
        struct origin origin = mxc_origin(request, NULL, "process.env");

        document->env_home_is_cwd = true;
        for (size_t i = 0; status == 0 && i < ARRAY_COUNT(default_env); i++)
            status = set_env(request, default_env[i][0], default_env[i][1], &origin);
    }
    for (size_t i = 0; status == 0 && env && i < env->count; i++)
        status = read_env_entry(request, env->items[i], i);
    for (size_t i = 0; i < document->env_set_count; i++)
        if (strcmp(document->env_set[i].name, "HOME") == 0)
            document->env_home_is_cwd = false;
    return status;
}

/* MXC takes an empty cwd for none, and hands any other text to chdir: a relative one fails there.
 */
static int read_cwd(const struct request *request, const struct node *cwd)
{
    if (!cwd || !cwd->length)
        return 0;
    if (mxc_has_nul(cwd))
        return mxc_refuse(request, cwd, ERROR_UNENFORCEABLE, 0,
                          "process.cwd holds a NUL, which no path can carry; remove it");
    if (cwd->text[0] != '/')
        return mxc_refuse(request, cwd, ERROR_INVALID, 0,
                          "process.cwd is not absolute; write the whole path, without '~'");
    if (path_has_dotdot(cwd->text) || cwd->length > PATH_LENGTH_MAX)
        return mxc_refuse(request, cwd, ERROR_INVALID, 0,
                          "process.cwd has '..' in it or is longer than " STRINGIFY(
                              PATH_LENGTH_MAX) " bytes; write the directory itself");
    request->document->cwd = path_normalise(request->arena, cwd->text);
    request->document->cwd_origin = mxc_origin(request, cwd, "process.cwd");
    return request->document->cwd ? 0 : error_memory(request->err);
}

int mxc_process(const struct request *request)
{
    const struct node *process = mxc_get(request->root, "process");
    const struct node *command = mxc_get(process, "commandLine");
    const struct node *timeout = mxc_get(process, "timeout");
    struct document *document = request->document;
    int status;

    if (!process)
        return 0;
    if (mxc_has_nul(command))
        return mxc_refuse(request, command, ERROR_INVALID, 0,
                          "process.commandLine holds a NUL; remove it");
    document->command_line = command->text;
    document->command_origin = mxc_origin(request, command, "process.commandLine");
    if (mxc_number(timeout))
        mxc_setting(request, &document->timeout, timeout, "process.timeout", mxc_number(timeout));
    status = read_cwd(request, mxc_get(process, "cwd"));
    return status < 0 ? status : read_env(request, process);
}
