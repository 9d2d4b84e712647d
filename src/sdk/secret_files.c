/* SPDX-License-Identifier: Apache-2.0 */
/* What is read by the kernel alone, straight into locked memory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/owner.h"
#include "sdk/secret.h"

static int check_owner(const struct plan_secret *secret, const struct stat *st, struct error *err)
{
    const char *fault = owner_secret_fault(st->st_uid, st->st_mode, geteuid());

    return fault ? error_set(err, ERROR_FORBIDDEN, EPERM, "%s %s", secret->text, fault) : 0;
}

int secret_read_file(const struct plan_secret *secret, struct locked *value, struct error *err)
{
    auto_close int fd = open(secret->text, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    struct stat st;
    ssize_t got = 1;
    int status;

    if (fd < 0 || fstat(fd, &st) < 0)
        return error_system(err, errno, "%s", secret->text);
    if (!S_ISREG(st.st_mode) || st.st_dev != secret->device || st.st_ino != secret->inode)
        return error_set(err, ERROR_SYSTEM, ESTALE, "%s was exchanged since it was checked", secret->text);
    status = check_owner(secret, &st, err);
    while (status == 0 && got != 0) {
        got = read(fd, value->bytes + value->length, value->size - value->length);
        if (got < 0 && errno != EINTR)
            return error_system(err, errno, "%s", secret->text);
        value->length += got > 0 ? (size_t)got : 0;
        if (value->length == value->size)
            return error_set(err, ERROR_LIMIT, E2BIG, "%s has more than %zu bytes", secret->text, value->size);
    }
    return status;
}

int secret_read_key(const struct plan_secret *secret, struct locked *value, struct error *err)
{
    /* without words for a helper of the host (the fourth argument) none is started */
    long key = syscall(SYS_request_key, "user", secret->text, NULL, 0), length;

    if (key < 0)
        return error_system(err, errno, "key '%s' of type user in the kernel's keyrings (keyctl add user NAME VALUE @u; for the desktop's "
                            "keyring use command: [secret-tool, lookup, ...])", secret->text);
    length = syscall(SYS_keyctl, KEYCTL_READ, key, value->bytes, value->size);
    if (length < 0)
        return error_system(err, errno, "read key '%s'", secret->text);
    if ((size_t)length > value->size)
        return error_set(err, ERROR_LIMIT, E2BIG, "key '%s' has more than %zu bytes", secret->text, value->size);
    value->length = (size_t)length;
    return 0;
}
