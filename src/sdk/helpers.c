/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Helper programs are found from the file that this code was loaded from, never through PATH and
 * never through an environment variable: whoever chose the library has chosen its helpers.
 */
#include "sdk/helpers.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/looks.h"
#include "base/memory.h"
#include "base/owner.h"
#include "base/path.h"
#include "sdk/keeping.h"

/* Any object of this library will do. */
static const char anchor;

static bool read_link(const char *link, char ret_target[PATH_MAX])
{
    ssize_t length = readlink(link, ret_target, PATH_MAX);

    if (length >= PATH_MAX)
        errno = ENAMETOOLONG;
    if (length < 0 || length >= PATH_MAX)
        return false;
    ret_target[length] = '\0';
    return true;
}

/* The dynamic linker knows the main program under no name (and dladdr() answers with argv[0], which
 * the caller chooses): the kernel knows it. */
static int find_library(struct arena *arena, const char **ret_path, bool *ret_is_program,
                        struct error *err)
{
    struct link_map *map = NULL;
    char resolved[PATH_MAX];
    Dl_info info;
    bool is_program;
    const char *path;

    if (!dladdr1(&anchor, &info, (void **)&map, RTLD_DL_LINKMAP) || !map)
        return error_set(err, ERROR_INTERNAL, ENOENT, "the library does not know where it is");
    is_program = map->l_name[0] == '\0';
    if (is_program ? !read_link("/proc/self/exe", resolved) : !realpath(map->l_name, resolved))
        return error_system(err, errno, "find this library at '%s' (load it by its absolute path)",
                            is_program ? "/proc/self/exe" : map->l_name);
    if (is_program && installation_is_replaced())
        return error_set(err, ERROR_SYSTEM, EREMCHG, "the program %s was replaced since this process of it began, and what is beside it now may be of another version: start it anew", resolved);
    path = arena_string(arena, resolved);
    if (!path)
        return error_memory(err);
    *ret_path = path;
    *ret_is_program = is_program;
    return 0;
}

#define DELETED " (deleted)" /* as the kernel has it behind the name, which may end so by itself */

bool installation_is_replaced(void)
{
    struct stat own, there;
    char path[PATH_MAX];
    size_t length;

    if (!read_link("/proc/self/exe", path))
        return false; /* whoever needs it finds out */
    length = strlen(path);
    if (length < strlen(DELETED) || strcmp(path + length - strlen(DELETED), DELETED) != 0)
        return false;
    return stat(path, &there) < 0 || stat("/proc/self/exe", &own) < 0 || there.st_dev != own.st_dev || there.st_ino != own.st_ino;
}

/* Could somebody else than root, the caller and the owner of the library have put this here? A
 * group is the caller's own when it is the caller's primary one (umask 002). */
static bool is_trusted(const struct stat *st, const struct stat *library)
{
    bool has_owner = st->st_uid == 0 || st->st_uid == geteuid() ||
                     (st->st_uid == library->st_uid && owner_is_mapped(st->st_uid));
    bool has_foreign_group = (st->st_mode & S_IWGRP) && st->st_gid != getegid();

    return has_owner && !(st->st_mode & S_IWOTH) && !has_foreign_group;
}

int places_check_helper(struct arena *arena, const char *library, const char *directory,
                        const char *name, const char **ret_path, struct error *err)
{
    struct stat library_st, directory_st, st;
    const char *path = path_join(arena, directory, name);

    if (!path)
        return error_memory(err);
    if (look_stat(library, &library_st) < 0)
        return error_system(err, errno, "%s", library);
    if (look_lstat(path, &st) < 0 || look_lstat(directory, &directory_st) < 0)
        return error_system(err, errno, "helper program %s (install Cordon as a whole)", path);
    if (!S_ISREG(st.st_mode) || !(st.st_mode & S_IXUSR))
        return error_set(err, ERROR_SYSTEM, EACCES, "helper program %s is not an executable file",
                         path);
    if (is_trusted(&st, &library_st) && is_trusted(&directory_st, &library_st)) {
        *ret_path = path;
        return 0;
    }
    if (!owner_is_mapped(st.st_uid) || !owner_is_mapped(directory_st.st_uid))
        return error_set(err, ERROR_SYSTEM, EPERM,
                         "helper program %s: its owner does not exist in this user namespace, so who can "
                         "write it cannot be told: run Cordon outside of it (without unshare -r), or "
                         "install it inside, as its root",
                         path);
    return error_set(err, ERROR_SYSTEM, EPERM,
                     "helper program %s could be changed by others: it and its directory must "
                     "belong to root or you and be writable by nobody else",
                     path);
}

/* In a build tree: in the part's own directory. */
static int find_worker(struct arena *arena, const struct places *places, const char *name, const char *part,
                       const char **ret_path, struct error *err)
{
    const char *installed = path_join(arena, places->helpers, name);
    const char *built = arena_printf(arena, "%s/../../%s", places->helpers, part);
    char resolved[PATH_MAX];

    if (!installed || !built)
        return error_memory(err);
    if (access(installed, F_OK) == 0 || !realpath(built, resolved))
        return places_check_helper(arena, places->library, places->helpers, name, ret_path, err);
    built = arena_string(arena, resolved);
    return built ? places_check_helper(arena, places->library, built, name, ret_path, err) : error_memory(err);
}

int helpers_find_gateway(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-gateway", "gateway", ret_path, err);
}

int helpers_find_worker(struct arena *arena, const struct places *places, const char *name, const char **ret_path,
                        struct error *err)
{
    return find_worker(arena, places, name, "inspect", ret_path, err);
}

int helpers_find_signer(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-signer", "signer", ret_path, err);
}

int helpers_find_verifier(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-verify-token", "attest", ret_path, err);
}

int helpers_find_nester(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-nester", "sdk", ret_path, err);
}

int helpers_find_sensor(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-sensor", "sensor", ret_path, err);
}

int helpers_find_auditor(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    return find_worker(arena, places, "cordon-auditor", "auditor", ret_path, err);
}

/* Installed it is a command of its own, where commands are. */
int helpers_find_log_verifier(struct arena *arena, const struct places *places, const char **ret_path, struct error *err)
{
    const char *commands = arena_printf(arena, "%s/../../bin", places->helpers);
    char resolved[PATH_MAX];

    if (!commands)
        return error_memory(err);
    if (!realpath(commands, resolved))
        return find_worker(arena, places, "cordon-verify", "audit", ret_path, err);
    commands = arena_string(arena, resolved);
    return commands ? places_check_helper(arena, places->library, commands, "cordon-verify", ret_path, err) : error_memory(err);
}

/* As the gateway will: without a right, where net.ipv4.ping_group_range names a group of this user. */
static bool may_ping(void)
{
    auto_close int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, IPPROTO_ICMP);

    return fd >= 0;
}

/* *ret_has: it is there and nobody else can change it. */
static int tell_worker(struct arena *arena, const struct places *places, const char *name, const char *part, bool *ret_has,
                       struct error *err)
{
    const char *path;
    int r = find_worker(arena, places, name, part, &path, NULL);

    *ret_has = r == 0;
    return r == -ENOMEM ? error_memory(err) : 0;
}

int helpers_tell(struct arena *arena, const struct places *places, struct facts *facts, struct error *err)
{
    int r = tell_worker(arena, places, "cordon-gateway", "gateway", &facts->has_gateway, err);

    /* What this library does not start and wire is not there for a policy either. */
    facts->has_inspector = facts->has_holder = false;
    if (r == 0 && facts->has_gateway)
        r = tell_worker(arena, places, "cordon-inspector", "inspect", &facts->has_inspector, err);
    if (r == 0 && facts->has_inspector)
        r = tell_worker(arena, places, "cordon-holder", "inspect", &facts->has_holder, err);
    facts->knows_programs = facts->keeps_budgets = facts->has_gateway;
    facts->leads_icmp = facts->has_gateway && may_ping();
    return r;
}

static bool is_beside(const char *directory)
{
    char path[PATH_MAX];

    return (size_t)snprintf(path, sizeof(path), "%s/cordon-init", directory) < sizeof(path) && access(path, F_OK) == 0;
}

/* Installed: CORDON_HELPERS_FROM_... leads there. In a build tree, library and program alike have
 * ../tier/process beside them. */
int helpers_find(struct arena *arena, struct places *places, struct error *err)
{
    bool is_program = false;
    char resolved[PATH_MAX];
    const char *from, *installed, *built;
    int status = find_library(arena, &places->library, &is_program, err);

    if (status < 0)
        return status;
    from = path_parent(arena, places->library);
    if (!from)
        return error_memory(err);
    installed =
        path_join(arena, from, is_program ? CORDON_HELPERS_FROM_BIN : CORDON_HELPERS_FROM_LIB);
    built = path_join(arena, from, "../tier/process");
    if (!installed || !built)
        return error_memory(err);
    if (is_program && is_beside(from)) /* the program is one of them */
        memcpy(resolved, from, strlen(from) + 1);
    else if (!realpath(installed, resolved) && !realpath(built, resolved))
        return error_set(err, ERROR_SYSTEM, ENOENT,
                         "no helper programs at %s (install Cordon as a whole)", installed);
    places->helpers = arena_string(arena, resolved);
    if (!places->helpers)
        return error_memory(err);
    return places_check_helper(arena, places->library, places->helpers, "cordon-init",
                               &places->init, err);
}
