/* SPDX-License-Identifier: Apache-2.0 */
/* The workspace. */
#include "sdk/workspace.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/looks.h"
#include "base/path.h"

/* The name by which a shell came to the working directory: PWD, as far as it leads here. */
static const char *find_logical(const char *cwd, const char *pwd)
{
    struct stat here, there;

    if (!pwd || pwd[0] != '/' || look_stat(cwd, &here) < 0 || look_stat(pwd, &there) < 0 || here.st_dev != there.st_dev ||
        here.st_ino != there.st_ino)
        return cwd;
    return pwd;
}

int workspace_find(struct arena *arena, const char *asked, const char *cwd, const char *pwd,
                   const char **ret_workspace, const char **ret_given, struct error *err)
{
    const char *workspace, *given = find_logical(cwd, pwd);
    char resolved[PATH_MAX];
    struct stat st;

    if (asked && asked[0] == '/')
        given = arena_string(arena, asked);
    else if (asked)
        given = path_join(arena, given, asked);
    if (!given)
        return error_memory(err);
    if (!asked) {
        *ret_workspace = cwd;
        *ret_given = given;
        return 0;
    }
    if (!look_real_path(asked, resolved) || look_stat(resolved, &st) < 0)
        return error_system(err, errno, "workspace %s", asked);
    if (!S_ISDIR(st.st_mode))
        return error_set(err, ERROR_INVALID, ENOTDIR, "workspace %s: not a directory", asked);
    workspace = arena_string(arena, resolved);
    if (!workspace)
        return error_memory(err);
    *ret_workspace = workspace;
    *ret_given = given;
    return 0;
}

/* Nothing in these is a project of somebody's, unless somebody says so. */
static const char *const system_trees[] = {"/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/nix",
                                           "/opt", "/proc", "/root", "/run", "/sbin", "/snap", "/sys", "/usr", "/var"};

/* Everybody's: what lies in them may be a project, they are none. */
static const char *const shared_directories[] = {"/home", "/media", "/mnt", "/srv", "/tmp", "/var/tmp"};

/* /home/NAME, or something hidden in it, whoever that is. */
static bool is_somebodys_home(const char *path)
{
    const char *below;

    if (strncmp(path, "/home/", 6) != 0)
        return false;
    below = strchr(path + 6, '/');
    return !below || below[1] == '.';
}

static const char *describe_system(const char *workspace)
{
    for (size_t i = 0; i < ARRAY_COUNT(shared_directories); i++) {
        if (strcmp(workspace, shared_directories[i]) == 0)
            return "shared by everybody here";
        if (path_is_within(workspace, shared_directories[i]))
            return is_somebodys_home(workspace) ? "somebody's home or hidden in it" : NULL;
    }
    for (size_t i = 0; i < ARRAY_COUNT(system_trees); i++)
        if (path_is_within(workspace, system_trees[i]))
            return "a directory of the system";
    return NULL;
}

int workspace_check_default(const char *workspace, const char *home, bool is_asked, struct error *err)
{
    char resolved[PATH_MAX];
    const char *what, *below;

    if (!look_real_path(home, resolved))
        strncpy(resolved, home, sizeof(resolved) - 1)[sizeof(resolved) - 1] = '\0';
    below = strcmp(resolved, "/") != 0 && path_is_within(workspace, resolved) ? workspace + strlen(resolved) : NULL;
    if (strcmp(workspace, "/") == 0)
        what = "the root directory";
    else if (below && !*below)
        what = "your home";
    else if (path_is_within(resolved, workspace))
        what = "a directory above your home";
    else if (below && below[1] == '.')
        what = "a hidden directory of your home, where programs keep settings and keys";
    else if (below || is_asked || !(what = describe_system(workspace)))
        return 0;
    else
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "workspace %s is %s, and the default policy would make all of it writable: go to a project "
                         "directory, or name the workspace (-w DIRECTORY)",
                         workspace, what);
    return error_set(err, ERROR_FORBIDDEN, EPERM,
                     "workspace %s is %s, and the default policy would make all of it writable: go to a project "
                     "directory, or name one as workspace (-w DIRECTORY), or bring a policy of your own (--policy FILE)",
                     workspace, what);
}

/* The mount that `path` lies in; the plan has parents before children. */
static const struct plan_mount *covering_mount(const struct plan *plan, const char *path)
{
    const struct plan_mount *covering = NULL;

    for (size_t i = 0; i < plan->mount_count; i++) {
        const char *target = plan->mounts[i].target;

        if (path_is_within(path, target) && (!covering || path_is_within(target, covering->target)))
            covering = &plan->mounts[i];
    }
    return covering;
}

int workspace_check_writable(const struct plan *plan, const char *workspace, struct error *err)
{
    const struct plan_mount *mount = covering_mount(plan, workspace);

    if (!mount || mount->kind != PLAN_BIND || mount->is_writable)
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EPERM,
                     "workspace %s belongs to %s, which the default policy makes readable only: name a project directory "
                     "(-w DIRECTORY), or bring a policy of your own (--policy FILE)",
                     workspace, mount->target);
}
