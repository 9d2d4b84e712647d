/* SPDX-License-Identifier: Apache-2.0 */
/* Where a name leads. System calls: openat2 readlink. */
#include "author/real_path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/path.h"

/* Is the name there, and no component of it a link? Where nobody can tell, it is not. */
static bool is_direct(const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    long fd = syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd < 0)
        return false;
    close((int)fd);
    return true;
}

bool real_path_find(const char *path, char *ret_path)
{
    size_t length = strlen(path);

    if (path[0] != '/' || length >= PATH_MAX || path_has_dotdot(path) || !is_direct(path))
        return realpath(path, ret_path) != NULL;
    memcpy(ret_path, path, length + 1);
    return true;
}
