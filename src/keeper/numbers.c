/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program gets a kept descriptor under the client's number, and the library takes it from this process under the same. What this process has there
 * itself is put aside for that call: the same file comes back under the same number, so that whoever watches it does not notice.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/memory.h"
#include "keeper/keeper.h"

int numbers_lift(int fd, int *ret_fd, struct error *err)
{
    auto_close int low = fd;
    int lifted = fcntl(low, F_DUPFD_CLOEXEC, KEEPER_NUMBERS_ABOVE);

    if (lifted < 0)
        return error_system(err, errno, "keep a descriptor");
    *ret_fd = lifted;
    return 0;
}

static int put_aside(int number, int *ret_fd, struct error *err)
{
    int aside = fcntl(number, F_DUPFD_CLOEXEC, KEEPER_NUMBERS_ABOVE);

    if (aside < 0 && errno != EBADF)
        return error_system(err, errno, "put descriptor %d aside", number);
    *ret_fd = aside;
    return 0;
}

int numbers_lend(const struct kept *kept, size_t count, struct lent *ret_lent, struct error *err)
{
    ret_lent->count = 0;
    for (size_t i = 0; i < count; i++) {
        struct kept *former = &ret_lent->former[i];
        int status = put_aside(kept[i].number, &former->fd, err);

        former->number = kept[i].number;
        if (status == 0) {
            ret_lent->count++;
            if (dup3(kept[i].fd, kept[i].number, O_CLOEXEC) < 0)
                status = error_system(err, errno, "lend descriptor %d", kept[i].number);
        }
        if (status < 0) {
            numbers_take_back(ret_lent);
            return status;
        }
    }
    return 0;
}

void numbers_take_back(struct lent *lent)
{
    while (lent->count) {
        struct kept *former = &lent->former[--lent->count];

        if (former->fd < 0) {
            close(former->number);
            continue;
        }
        /* dup3() over an open descriptor fails only where the number cannot be */
        if (dup3(former->fd, former->number, O_CLOEXEC) < 0)
            _exit(1);
        fd_close_at(&former->fd);
    }
}
