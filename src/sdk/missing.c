/* SPDX-License-Identifier: Apache-2.0 */
/* A command that is there outside and not inside is the most frequent first failure. */
#include "sdk/missing.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/path.h"

static bool is_shown(const struct plan *plan, const char *path)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == PLAN_BIND && path_is_within(path, plan->mounts[i].target))
            return true;
    return false;
}

/* The real name of `directory`/`name` as far as it is a file; else false. */
static bool find_in(const char *directory, size_t length, const char *name, bool is_program, char ret_real[PATH_MAX])
{
    char candidate[PATH_MAX];
    struct stat st;

    if (snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)length, directory, name) >= (int)sizeof(candidate))
        return false;
    return stat(candidate, &st) == 0 && S_ISREG(st.st_mode) && (!is_program || access(candidate, X_OK) == 0) &&
           realpath(candidate, ret_real);
}

static bool find_outside(const char *command, const char *path, const char *cwd, char ret_real[PATH_MAX])
{
    if (command[0] == '/')
        return find_in("", 0, command + 1, true, ret_real);
    if (strchr(command, '/'))
        return find_in(cwd, strlen(cwd), command, true, ret_real);
    for (; path && *path; path += strspn(path, ":")) {
        size_t length = strcspn(path, ":");

        if (path[0] == '/' && find_in(path, length, command, true, ret_real))
            return true;
        path += length;
    }
    return false;
}

static bool is_policy_name(const char *name)
{
    const char *dot = strrchr(name, '.');

    return dot && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0 || strcmp(dot, ".json") == 0);
}

void missing_command_explain(const struct plan *plan, const char *command, const char *path, const char *cwd,
                             struct error *err)
{
    char real[PATH_MAX];
    int errnum = err->errnum;

    if (!is_shown(plan, "/usr/bin") && !is_shown(plan, "/bin")) {
        error_set(err, ERROR_NOT_FOUND, errnum,
                  "%s: not found: the policy leaves none of the system's programs and libraries; extends: [base] grants "
                  "them, unless another layer takes them away (cordon policy check)",
                  command);
    } else if (is_policy_name(command) &&
               find_in(command[0] == '/' ? "" : cwd, command[0] == '/' ? 0 : strlen(cwd), command, false, real)) {
        error_set(err, ERROR_NOT_FOUND, errnum,
                  "%s: not found in the container's PATH; a policy is named by --policy %s, with a command behind it",
                  command, command);
    } else if (find_outside(command, path, cwd, real) && !is_shown(plan, real)) {
        error_set(err, ERROR_NOT_FOUND, errnum,
                  "%s: not found inside; outside it is %s, which the policy does not grant: name it, or the directory of "
                  "its installation, in filesystem.readonlyPaths",
                  command, real);
    }
}
