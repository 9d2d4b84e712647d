/* SPDX-License-Identifier: Apache-2.0 */
/* Where name and address come from, in their order. */
#include "sdk/git_identity.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/git_config.h"
#include "base/looks.h"
#include "base/path.h"
#include "base/text.h"

struct identity {
    const char *name, *email;
};

/* Fill what is still missing from one file; an unreadable one has nothing to say, as with git itself. */
static int identity_read(struct arena *arena, const char *path, struct identity *identity, struct error *err)
{
    auto_free char *text = NULL;
    struct error ignored = ERROR_INIT;
    size_t size;
    int status;

    look_content(path, true);
    status = file_read(path, GIT_CONFIG_MAX, &text, &size, &ignored);

    if (status == -ENOMEM)
        return error_memory(err);
    if (status < 0)
        return 0;
    if (!identity->name)
        status = git_config_value(arena, text, "user", "name", &identity->name, err);
    if (status == 0 && !identity->email)
        status = git_config_value(arena, text, "user", "email", &identity->email, err);
    return status;
}

static int identity_read_at(struct arena *arena, const char *directory, const char *name, struct identity *identity,
                            struct error *err)
{
    const char *path = directory ? path_join(arena, directory, name) : NULL;

    if (!directory || (identity->name && identity->email))
        return 0;
    return path ? identity_read(arena, path, identity, err) : error_memory(err);
}

/* What git itself would fall back to, without the host's name. */
static int identity_default(struct arena *arena, const char *user, struct identity *identity, struct error *err)
{
    struct passwd record, *found = NULL;
    char buffer[4096];

    if (!identity->name) {
        size_t length = getpwuid_r(geteuid(), &record, buffer, sizeof(buffer), &found) == 0 && found && found->pw_gecos
                            ? strcspn(found->pw_gecos, ",") : 0;

        identity->name = length ? arena_string_n(arena, found->pw_gecos, length) : arena_string(arena, user);
    }
    if (!identity->email)
        identity->email = arena_printf(arena, "%s@cordon.invalid", user);
    return identity->name && identity->email ? 0 : error_memory(err);
}

static bool is_inherited(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->env_inherit.count; j++)
            if (strcmp(policy->layers[i]->env_inherit.items[j].text, "GIT_AUTHOR_NAME") == 0)
                return true;
    return false;
}

static int environment_extend(struct arena *arena, const char *const *environment, const struct identity *identity,
                              const char *const **ret_environment, struct error *err)
{
    const struct {
        const char *name, *value;
    } added[] = {{"GIT_AUTHOR_NAME", identity->name},
                 {"GIT_AUTHOR_EMAIL", identity->email},
                 {"GIT_COMMITTER_NAME", identity->name},
                 {"GIT_COMMITTER_EMAIL", identity->email}};
    const char **copy;
    size_t count = 0;

    while (environment[count])
        count++;
    copy = arena_alloc(arena, (count + ARRAY_COUNT(added) + 1) * sizeof(*copy));
    if (!copy)
        return error_memory(err);
    memcpy(copy, environment, count * sizeof(*copy));
    for (size_t i = 0; i < ARRAY_COUNT(added); i++) {
        if (!added[i].value || environment_get(environment, added[i].name))
            continue;
        copy[count] = arena_printf(arena, "%s=%s", added[i].name, added[i].value);
        if (!copy[count++])
            return error_memory(err);
    }
    *ret_environment = copy;
    return 0;
}

int git_identity_add(struct arena *arena, const struct policy *policy, const struct places *places,
                     const char *workspace, const char *const *environment, const char *const **ret_environment,
                     struct error *err)
{
    const char *config = environment_get(environment, "XDG_CONFIG_HOME");
    struct identity own = {0}, repository = {0};
    int status;

    *ret_environment = environment;
    if (!is_inherited(policy))
        return 0;
    if (!config || config[0] != '/')
        config = path_join(arena, places->home, ".config");
    if (!config)
        return error_memory(err);
    status = identity_read_at(arena, workspace, ".git/config", &repository, err);
    if (status == 0)
        status = identity_read_at(arena, places->home, ".gitconfig", &own, err);
    if (status == 0)
        status = identity_read_at(arena, config, "git/config", &own, err);
    if (status == 0)
        status = identity_default(arena, places->user, &own, err);
    if (status < 0)
        return status;
    if (repository.name)
        own.name = NULL;
    if (repository.email)
        own.email = NULL;
    return environment_extend(arena, environment, &own, ret_environment, err);
}
