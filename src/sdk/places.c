/* SPDX-License-Identifier: Apache-2.0 */
/* Home and XDG directories of the caller. helpers.c finds what belongs to this installation. */
#include "sdk/places.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/looks.h"
#include "base/path.h"
#include "sdk/helpers.h"

const char *environment_get(const char *const *environment, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; environment && environment[i]; i++)
        if (strncmp(environment[i], name, length) == 0 && environment[i][length] == '=') {
            look_variable(name, environment[i] + length + 1);
            return environment[i] + length + 1;
        }
    look_variable(name, NULL);
    return NULL;
}

size_t environment_count(const char *const *environment)
{
    size_t count = 0;

    while (environment && environment[count])
        count++;
    return count;
}

int places_choose_home(struct arena *arena, const char *from_environment, const char *from_passwd,
                       const char **ret_home, struct error *err)
{
    const char *home = from_passwd;
    struct stat st;

    if (from_environment && from_environment[0] == '/' &&
        (!from_passwd || strcmp(from_environment, from_passwd) != 0)) {
        if (look_stat(from_environment, &st) == 0) {
            if (S_ISDIR(st.st_mode) && st.st_uid == geteuid())
                home = from_environment;
        } else if (errno != ENOENT && errno != ENOTDIR && errno != EACCES) {
            return error_system(err, errno, "HOME: %s", from_environment);
        }
    }
    if (!home || home[0] != '/')
        return error_set(err, ERROR_SYSTEM, ENOENT,
                         "uid %u has no home directory: set HOME to a directory that it owns",
                         (unsigned)geteuid());
    home = path_normalise(arena, home);
    if (!home)
        return error_memory(err);
    *ret_home = home;
    return 0;
}

static int find_account(struct arena *arena, const char *const *environment, struct places *places,
                        struct error *err)
{
    char buffer[8192];
    struct passwd entry, *found = NULL;
    int failure;

    look_content("/etc/passwd", true);
    look_content("/etc/nsswitch.conf", true);
    failure = getpwuid_r(geteuid(), &entry, buffer, sizeof(buffer), &found);
    if (failure)
        return error_system(err, failure, "password entry of uid %u", (unsigned)geteuid());
    if (found)
        places->user = arena_string(arena, found->pw_name);
    else
        places->user = arena_printf(arena, "%u", (unsigned)geteuid());
    if (!places->user)
        return error_memory(err);
    return places_choose_home(arena, environment_get(environment, "HOME"),
                              found ? found->pw_dir : NULL, &places->home, err);
}

/* The account is looked up where HOME does not say it: that takes as long as all the rest. */
static int find_home(struct arena *arena, const char *const *environment, struct places *places, struct error *err)
{
    int status = places_choose_home(arena, environment_get(environment, "HOME"), NULL, &places->home, NULL);

    if (status == -ENOMEM)
        return error_memory(err);
    return status < 0 ? find_account(arena, environment, places, err) : 0;
}

/* <$variable or home/fallback>/cordon. A relative value is ignored, as the XDG specification says.
 */
static int find_xdg(struct arena *arena, const char *const *environment, const char *home,
                    const char *variable, const char *fallback, const char **ret_path,
                    struct error *err)
{
    const char *base = environment_get(environment, variable);
    const char *path = NULL;

    if (!base || base[0] != '/')
        base = path_join(arena, home, fallback);
    else
        base = path_normalise(arena, base);
    if (base)
        path = path_join(arena, base, "cordon");
    if (!path)
        return error_memory(err);
    *ret_path = path;
    return 0;
}

static bool make_directory(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST ||
           (errno == ENOENT && file_make_directories(path, 0700, NULL) == 0);
}

void places_make(const struct places *places)
{
    make_directory(places->config);
    make_directory(places->cache);
    make_directory(places->state);
    if (places->runtime)
        make_directory(places->runtime);
}

/* Where there is no directory of the session, the daemon is below `state`. */
static int find_runtime(struct arena *arena, const char *const *environment, const char **ret_path, struct error *err)
{
    const char *base = environment_get(environment, "XDG_RUNTIME_DIR"), *path;
    struct stat st;

    base = base && base[0] == '/' ? path_normalise(arena, base) : arena_printf(arena, "/run/user/%u", (unsigned)geteuid());
    if (!base)
        return error_memory(err);
    if (look_stat(base, &st) < 0 || !S_ISDIR(st.st_mode) || st.st_uid != geteuid())
        return 0;
    path = path_join(arena, base, "cordon");
    if (!path)
        return error_memory(err);
    *ret_path = path;
    return 0;
}

/* Of the home that was found. */
static int find_directories(struct arena *arena, const char *const *environment, struct places found, struct places *ret_places, struct error *err)
{
    int status = find_xdg(arena, environment, found.home, "XDG_CONFIG_HOME", ".config", &found.config, err);

    if (status == 0)
        status =
            find_xdg(arena, environment, found.home, "XDG_CACHE_HOME", ".cache", &found.cache, err);
    if (status == 0)
        status = find_xdg(arena, environment, found.home, "XDG_STATE_HOME", ".local/state",
                          &found.state, err);
    if (status == 0)
        status = find_runtime(arena, environment, &found.runtime, err);
    if (status < 0)
        return status;
    found.runs = path_join(arena, found.state, "runs");
    if (!found.runs)
        return error_memory(err);
    *ret_places = found;
    return 0;
}

int places_find_caller(struct arena *arena, const char *const *environment, struct places *ret_places, struct error *err)
{
    struct places found = {0};
    int status = find_account(arena, environment, &found, err);

    return status < 0 ? status : find_directories(arena, environment, found, ret_places, err);
}

int places_find_own(struct arena *arena, const char *const *environment, struct places *ret_places, struct error *err)
{
    struct places found = {0};
    int status = find_home(arena, environment, &found, err);

    return status < 0 ? status : find_directories(arena, environment, found, ret_places, err);
}

int places_find(struct arena *arena, const char *const *environment, struct places *ret_places,
                struct error *err)
{
    struct places found = {0};
    int status = places_find_caller(arena, environment, &found, err);

    if (status == 0)
        status = helpers_find(arena, &found, err);
    if (status == 0)
        *ret_places = found;
    return status;
}
