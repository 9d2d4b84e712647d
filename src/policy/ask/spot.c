/* SPDX-License-Identifier: Apache-2.0 */
/* What surrounds a name inside: the deepest of the plan's mounts above it, and what that makes of it. */
#include <stdio.h>
#include <string.h>

#include "policy/ask/ask.h"
#include "policy/shown.h"

#define LINKS_MAX 8

static bool is_passage(const struct plan_mount *mount)
{
    return mount->kind == PLAN_DIRECTORY && !(mount->mode & 0444);
}

static bool begins(const char *path, size_t length, const char *with)
{
    size_t with_length = strlen(with);

    return length >= with_length && memcmp(path, with, with_length) == 0 &&
           (length == with_length || path[with_length] == '/');
}

static void spot_dev(const char *path, size_t length, struct ask_spot *spot)
{
    const char *name = path + strlen("/dev/");

    if (spot->is_top) {
        spot->kind = ASK_FRAME;
        return;
    }
    length -= strlen("/dev/");
    spot->kind = ASK_ABSENT;
    spot->tree = NULL;
    if (begins(name, length, "shm")) {
        spot->kind = ASK_PRIVATE;
        spot->tree = shown_devices;
        spot->is_top = length == 3;
    } else if (begins(name, length, "pts") || (length == 4 && memcmp(name, "ptmx", 4) == 0)) {
        spot->kind = ASK_DEVICE;
    } else if (begins(name, length, "fd") || begins(name, length, "stdin") || begins(name, length, "stdout") ||
               begins(name, length, "stderr")) {
        spot->kind = ASK_PROCESS; /* links into /proc/self/fd */
    }
    for (size_t i = 0; i < ARRAY_COUNT(shown_devices); i++)
        if (strlen(shown_devices[i]) == length && memcmp(shown_devices[i], name, length) == 0) {
            spot->kind = ASK_DEVICE;
            spot->tree = shown_devices[i];
            spot->is_top = true;
        }
}

static void spot_proc(const char *path, size_t length, struct ask_spot *spot)
{
    const char *name = path + strlen("/proc/");

    if (spot->is_top) {
        spot->kind = ASK_FRAME;
        return;
    }
    spot->kind = ASK_MACHINE;
    if (begins(path, length, "/proc/self") || begins(path, length, "/proc/thread-self") || (*name >= '0' && *name <= '9'))
        spot->kind = ASK_PROCESS;
    for (size_t i = 0; i < ARRAY_COUNT(shown_masked); i++)
        if (begins(path, length, shown_masked[i].path))
            spot->kind = strlen(shown_masked[i].path) == length ? ASK_MASK : ASK_SHUT;
}

static enum ask_kind kind_of_bind(const struct plan_mount *mount)
{
    return mount->is_device ? ASK_DEVICE : mount->is_socket ? ASK_SOCKET : mount->is_writable ? ASK_WRITE : ASK_READ;
}

static void spot_of_mount(const struct plan_index *index, const char *path, size_t length, struct ask_spot *spot)
{
    const struct plan_mount *mount = spot->mount;

    spot->origin = mount->origin;
    spot->tree = mount;
    switch (mount->kind) {
    case PLAN_DIRECTORY:
        if (mount->is_writable) {
            struct ask_spot around;

            ask_spot_around(index, mount->target, &around); /* no mount of its own */
            spot->tree = around.tree;
            spot->origin = around.origin;
            spot->kind = ASK_PRIVATE;
            spot->is_made = spot->is_top;
            spot->is_top = false;
            break;
        }
        spot->tree = mount->is_sealed ? mount : NULL;
        spot->kind = !spot->is_top ? ASK_ABSENT : is_passage(mount) ? ASK_PASSAGE : ASK_FRAME;
        break;
    case PLAN_SYMLINK:
        spot->tree = NULL;
        spot->kind = spot->is_top ? ASK_LINK : ASK_ABSENT;
        break;
    case PLAN_BIND:
        spot->kind = kind_of_bind(mount);
        break;
    case PLAN_PIN:
        spot->kind = mount->is_writable ? ASK_WRITE : ASK_READ;
        break;
    case PLAN_PRIVATE:
        spot->kind = ASK_PRIVATE;
        break;
    case PLAN_MASK:
        spot->kind = spot->is_top ? ASK_MASK : ASK_SHUT;
        break;
    case PLAN_PROC:
        spot_proc(path, length, spot);
        break;
    case PLAN_DEV:
        spot_dev(path, length, spot);
        break;
    case PLAN_FILE:
        spot->kind = ASK_OWN_FILE;
        break;
    case PLAN_SERVED:
        spot->kind = ASK_READ;
        break;
    }
}

static void spot_at(const struct plan_index *index, const char *path, size_t length, struct ask_spot *ret_spot)
{
    const struct ask_entry *entry = ask_table_deepest(&index->mounts, path, length);

    *ret_spot = (struct ask_spot){.kind = ASK_ABSENT};
    if (entry) {
        ret_spot->mount = entry->value;
        ret_spot->is_top = entry->length == length;
        spot_of_mount(index, path, length, ret_spot);
    } else if (length == 1) {
        ret_spot->kind = ASK_FRAME;
    }
    if (ret_spot->kind == ASK_ABSENT || ret_spot->kind == ASK_PRIVATE) {
        entry = ask_table_deepest(&index->denied, path, length);
        ret_spot->denied = entry ? entry->value : NULL;
    }
    if (ret_spot->kind == ASK_ABSENT && !(ret_spot->mount && is_passage(ret_spot->mount)))
        ret_spot->origin = NULL; /* the directory around says nothing of what is not in it */
}

void ask_spot(const struct plan_index *index, const char *path, struct ask_spot *ret_spot)
{
    spot_at(index, path, strlen(path), ret_spot);
}

void ask_spot_around(const struct plan_index *index, const char *path, struct ask_spot *ret_spot)
{
    const char *slash = strrchr(path, '/');

    spot_at(index, path, slash && slash != path ? (size_t)(slash - path) : 1, ret_spot);
}

/* `to`, a link's text, with `rest` behind it, from the directory of the link; without "." and "..". */
static bool path_turn(const char *directory, size_t directory_length, const char *text, const char *rest,
                      char result[PATH_MAX])
{
    char whole[PATH_MAX] not_initialised;
    const char *at = whole;
    size_t used = 0;
    int length = text[0] == '/' ? snprintf(whole, sizeof(whole), "%s%s", text, rest)
                                : snprintf(whole, sizeof(whole), "%.*s/%s%s", (int)directory_length, directory, text, rest);

    if (length < 0 || (size_t)length >= sizeof(whole))
        return false;
    while (*at) {
        size_t part;

        while (*at == '/')
            at++;
        part = strcspn(at, "/");
        if (part == 2 && at[0] == '.' && at[1] == '.') {
            while (used && result[--used] != '/')
                ;
        } else if (part && !(part == 1 && *at == '.')) {
            result[used++] = '/';
            memcpy(result + used, at, part); /* never longer than `whole` */
            used += part;
        }
        at += part;
    }
    if (!used)
        result[used++] = '/';
    result[used] = '\0';
    return true;
}

const char *ask_follow(const struct plan_index *index, const char *path, bool is_followed, char buffer[PATH_MAX])
{
    for (int i = 0; i < LINKS_MAX; i++) {
        size_t length = strlen(path), directory;
        const struct ask_entry *entry = ask_table_deepest(&index->mounts, path, length);
        const struct plan_mount *mount = entry ? entry->value : NULL;
        char turned[PATH_MAX] not_initialised;

        if (!mount || mount->kind != PLAN_SYMLINK || (entry->length == length && !is_followed))
            return path;
        for (directory = entry->length; directory && path[directory - 1] != '/'; directory--)
            ;
        if (!path_turn(path, directory, mount->source, path + entry->length, turned))
            return NULL;
        memcpy(buffer, turned, strlen(turned) + 1);
        path = buffer;
    }
    return NULL;
}
