/* SPDX-License-Identifier: Apache-2.0 */
/* The workspace. */
#include "sdk/workspace.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"

/* The name by which a shell came to the working directory: PWD, as far as it leads here. */
static const char *find_logical(const char *cwd, const char *pwd)
{
    struct stat here, there;

    if (!pwd || pwd[0] != '/' || stat(cwd, &here) < 0 || stat(pwd, &there) < 0 || here.st_dev != there.st_dev ||
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
    if (!realpath(asked, resolved) || stat(resolved, &st) < 0)
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

int workspace_check_default(const char *workspace, const char *home, struct error *err)
{
    char resolved[PATH_MAX];
    const char *what;

    if (!realpath(home, resolved))
        strncpy(resolved, home, sizeof(resolved) - 1)[sizeof(resolved) - 1] = '\0';
    if (strcmp(workspace, "/") == 0)
        what = "the root directory";
    else if (strcmp(workspace, resolved) == 0)
        what = "your home";
    else if (path_is_within(resolved, workspace))
        what = "a directory above your home";
    else if (path_is_within(workspace, resolved) && workspace[strlen(resolved) + 1] == '.')
        what = "a hidden directory of your home, where programs keep settings and keys";
    else
        return 0;
    return error_set(err, ERROR_FORBIDDEN, EPERM,
                     "workspace %s is %s, and the default policy would make all of it writable: go "
                     "to a project directory, or name one as workspace, or bring a policy of your own",
                     workspace, what);
}
