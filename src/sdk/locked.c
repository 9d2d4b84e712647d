/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/locked.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int locked_init(struct locked *locked, size_t size, struct error *err)
{
    char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (bytes == MAP_FAILED)
        return error_memory(err);
    if (mlock(bytes, size) < 0 || madvise(bytes, size, MADV_DONTDUMP) < 0 || madvise(bytes, size, MADV_WIPEONFORK) < 0) {
        int errnum = errno;

        munmap(bytes, size);
        return error_set(err, ERROR_LIMIT, errnum,
                         "secrets: memory that is never swapped cannot be had here (%s): raise the limit of locked memory (ulimit -l)",
                         strerrordesc_np(errnum));
    }
    *locked = (struct locked){bytes, size, 0};
    return 0;
}

void locked_finish(struct locked *locked)
{
    if (!locked->bytes)
        return;
    explicit_bzero(locked->bytes, locked->size);
    munmap(locked->bytes, locked->size);
    *locked = (struct locked){0};
}
