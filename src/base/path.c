/* SPDX-License-Identifier: Apache-2.0 */
/* Path names as text. */
#include "base/path.h"

#include <string.h>

char *path_normalise(struct arena *arena, const char *path)
{
    char *out = arena_alloc(arena, strlen(path) + 2);
    size_t used = 0;

    if (!out)
        return NULL;
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length && !(length == 1 && path[0] == '.')) {
            out[used++] = '/';
            memcpy(out + used, path, length);
            used += length;
        }
        path += length;
        path += strspn(path, "/");
    }
    if (!used)
        out[used++] = '/';
    out[used] = '\0';
    return out;
}

bool path_is_within(const char *path, const char *directory)
{
    size_t length = strlen(directory);

    if (length == 1)
        return true;
    return strncmp(path, directory, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

bool path_has_dotdot(const char *path)
{
    while (*path) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.')
            return true;
        path += length;
        path += strspn(path, "/");
    }
    return false;
}

const char *path_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

char *path_parent(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    if (!slash || slash == path)
        return arena_string(arena, "/");
    return arena_string_n(arena, path, (size_t)(slash - path));
}

char *path_join(struct arena *arena, const char *directory, const char *name)
{
    return arena_printf(arena, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name);
}
