/* SPDX-License-Identifier: Apache-2.0 */
/* The workspace. */
#include "sdk/workspace.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/path.h"

int workspace_find(struct arena *arena, const char *asked, const char *cwd,
                   const char **ret_workspace, struct error *err)
{
    char resolved[PATH_MAX];
    const char *workspace;
    struct stat st;

    if (!asked) {
        *ret_workspace = cwd;
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
