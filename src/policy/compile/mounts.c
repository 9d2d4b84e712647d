/* SPDX-License-Identifier: Apache-2.0 */
/* Reads /proc/self/mountinfo (format: proc_pid_mountinfo(5)). System calls: open read. */
#include "policy/compile/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "base/file.h"
#include "base/path.h"
#include "policy/policy.h"

#define MOUNTINFO_SIZE_MAX ((size_t)8 << 20)

/* Each of these shows or steers the host instead of holding files. */
static const char *const kernel_types[] = {
    "proc",   "sysfs",     "cgroup",   "cgroup2",     "debugfs",  "tracefs",
    "bpf",    "pstore",    "configfs", "securityfs",  "efivarfs", "devtmpfs",
    "devpts", "selinuxfs", "smackfs",  "binfmt_misc", "mqueue",   "fusectl",
    "nfsd",   "nsfs",      "resctrl",  "rpc_pipefs",  "xenfs",    "functionfs",
};

static bool is_kernel_type(const char *type)
{
    for (size_t i = 0; i < ARRAY_COUNT(kernel_types); i++)
        if (strcmp(type, kernel_types[i]) == 0)
            return true;
    return false;
}

/* How Windows' drives and other directories come into WSL, by its versions. Elsewhere these are any shared directory. */
static bool is_outside_type(const char *type)
{
    return strcmp(type, "9p") == 0 || strcmp(type, "drvfs") == 0 || strcmp(type, "virtiofs") == 0;
}

/* The kernel writes blank, tab, newline and backslash as three octal digits. In place. */
static void unescape(char *text)
{
    char *out = text;

    while (*text) {
        if (text[0] == '\\' && text[1] >= '0' && text[1] <= '3' && text[2] >= '0' &&
            text[2] <= '7' && text[3] >= '0' && text[3] <= '7') {
            *out++ = (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 | (text[3] - '0'));
            text += 4;
        } else {
            *out++ = *text++;
        }
    }
    *out = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": fields 3, 4, 5 and the type. */
static bool parse_line(char *line, struct host_mount *mount)
{
    char *fields[5], *end, *type;

    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        fields[i] = strsep(&line, " ");
        if (!fields[i] || !line)
            return false;
    }
    end = strstr(line, " - ");
    if (!end)
        return false;
    end += 3;
    type = strsep(&end, " ");
    mount->major = (unsigned)strtoul(fields[2], &line, 10);
    if (*line != ':')
        return false;
    mount->minor = (unsigned)strtoul(line + 1, NULL, 10);
    unescape(fields[3]);
    unescape(fields[4]);
    mount->root = fields[3];
    mount->point = fields[4];
    mount->type = type;
    mount->is_kernel = is_kernel_type(type);
    mount->is_outside = is_outside_type(type);
    return fields[4][0] == '/';
}

static bool is_known_device(const struct mount_table *table, const struct host_mount *mount)
{
    for (size_t i = 0; i < table->count; i++)
        if (table->mounts[i].major == mount->major && table->mounts[i].minor == mount->minor)
            return true;
    return false;
}

static int add_line(struct arena *arena, struct mount_table *table, char *line, struct error *err)
{
    struct host_mount mount = {0}, *slot;

    if (!parse_line(line, &mount))
        return error_set(err, ERROR_SYSTEM, EINVAL, "a line of mountinfo is not understood");
    if (table->count >= MOUNTS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d mounts on this host", MOUNTS_MAX);
    if (!table->has_aliases && !mount.is_kernel)
        table->has_aliases = is_known_device(table, &mount);
    slot = arena_append(arena, table->mounts, table->count);
    if (!slot)
        return error_memory(err);
    *slot = mount;
    return 0;
}

int policy_read_mounts(struct arena *arena, const char *path, const char **ret_text, struct error *err)
{
    auto_close int fd = open(path ? path : "/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    auto_free char *data = NULL;
    const char *text;
    size_t size;
    int r;

    if (fd < 0)
        return error_system(err, errno, "open %s", path ? path : "/proc/self/mountinfo");
    r = file_read_fd(fd, path ? path : "/proc/self/mountinfo", MOUNTINFO_SIZE_MAX, &data, &size, err);
    if (r < 0)
        return r;
    text = arena_string_n(arena, data, size);
    if (!text)
        return error_memory(err);
    *ret_text = text;
    return 0;
}

int mounts_parse(struct arena *arena, char *text, struct mount_table *ret_table, struct error *err)
{
    struct mount_table table = {0};
    char *line;
    int r;

    while ((line = strsep(&text, "\n"))) {
        if (!*line)
            continue;
        r = add_line(arena, &table, line, err);
        if (r < 0)
            return r;
    }
    *ret_table = table;
    return 0;
}

const struct host_mount *mounts_find(const struct mount_table *table, const char *path)
{
    const struct host_mount *best = NULL;

    for (size_t i = 0; i < table->count; i++) {
        const struct host_mount *mount = &table->mounts[i];

        /* A later mount on the same point covers an earlier one. */
        if (path_is_within(path, mount->point) &&
            (!best || strlen(mount->point) >= strlen(best->point)))
            best = mount;
    }
    return best;
}

/* What follows `directory` in `path`, with its leading slash, or "". */
static const char *tail_of(const char *path, const char *directory)
{
    return strcmp(directory, "/") == 0 ? (path[1] ? path : "") : path + strlen(directory);
}

static char *join_tail(struct arena *arena, const char *directory, const char *tail)
{
    if (!*tail)
        return arena_string(arena, directory);
    return arena_printf(arena, "%s%s", strcmp(directory, "/") == 0 ? "" : directory, tail);
}

int mounts_alias(struct arena *arena, const struct host_mount *home, const char *path,
                 const struct host_mount *other, const char **ret_alias, struct error *err)
{
    const char *inner, *alias = NULL;

    *ret_alias = NULL;
    if (other == home || other->major != home->major || other->minor != home->minor)
        return 0;
    inner = join_tail(arena, home->root, tail_of(path, home->point));
    if (!inner)
        return error_memory(err);
    if (path_is_within(inner, other->root))
        alias = join_tail(arena, other->point, tail_of(inner, other->root));
    else if (path_is_within(other->root, inner))
        alias = arena_string(arena, other->point);
    else
        return 0;
    if (!alias)
        return error_memory(err);
    *ret_alias = alias;
    return 0;
}
