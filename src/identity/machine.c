/* SPDX-License-Identifier: Apache-2.0 */
/* Where the id of this machine is found, and made where there is none. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "identity/name.h"

/* Of systemd; and what makes one anywhere. */
#define REMEDY "systemd-machine-id-setup, or where there is none: tr -d - </proc/sys/kernel/random/uuid >/etc/machine-id"

static const char *const places[] = {"/etc/machine-id", "/var/lib/dbus/machine-id"};

#define DIGITS 32

static bool read_id(const char *path, char ret_id[DIGITS + 1])
{
    char text[DIGITS + 2];
    auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text));

    if (got < DIGITS || (got > DIGITS && text[DIGITS] != '\n'))
        return false;
    text[DIGITS] = '\0';
    if (strspn(text, "0123456789abcdef") != DIGITS || strspn(text, "0") == DIGITS)
        return false;
    memcpy(ret_id, text, DIGITS + 1);
    return true;
}

/* Whole or not at all, and who comes second takes the first's. */
static int make_id(const char *state, const char *path, struct error *err)
{
    unsigned char chance[DIGITS / 2 + 8];
    char text[DIGITS + 2], beside[PATH_MAX];
    auto_close int fd = -1;
    int status = file_make_directories(state, 0700, err);

    if (status < 0)
        return status;
    if (getrandom(chance, sizeof(chance), 0) != (ssize_t)sizeof(chance))
        return error_system(err, errno, "random bytes");
    for (size_t i = 0; i < DIGITS / 2; i++)
        snprintf(text + 2 * i, 3, "%02x", chance[i]);
    text_put(text + DIGITS, sizeof(text) - DIGITS, "\n");
    if (snprintf(beside, sizeof(beside), "%s.%02x%02x%02x%02x%02x%02x%02x%02x", path, chance[16], chance[17], chance[18], chance[19], chance[20],
                 chance[21], chance[22], chance[23]) >= (int)sizeof(beside))
        return error_system(err, ENAMETOOLONG, "%s", path);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_system(err, errno, "make %s", beside);
    status = file_write_all(fd, text, DIGITS + 1);
    if (status == 0 && fsync(fd) < 0)
        status = -errno;
    if (status == 0 && link(beside, path) < 0 && errno != EEXIST)
        status = -errno;
    (void)unlink(beside);
    return status < 0 ? error_system(err, -status, "make %s", path) : 0;
}

int identity_machine_id(const char *state, char ret_id[33], bool *ret_is_own, struct error *err)
{
    return identity_machine_id_of(places, ARRAY_COUNT(places), state, ret_id, ret_is_own, err);
}

int identity_machine_id_of(const char *const *files, size_t count, const char *state, char ret_id[33], bool *ret_is_own, struct error *err)
{
    char path[PATH_MAX];
    int status;

    for (size_t i = 0; i < count; i++)
        if (read_id(files[i], ret_id)) {
            *ret_is_own = false;
            return 0;
        }
    if (!state || snprintf(path, sizeof(path), "%s/machine-id", state) >= (int)sizeof(path))
        return error_set(err, ERROR_SYSTEM, ENOENT, "who runs here cannot be told: %s holds no id of this machine; make one, as root: %s", places[0], REMEDY);
    status = read_id(path, ret_id) ? 0 : make_id(state, path, err);
    if (status == 0 && !read_id(path, ret_id))
        status = error_set(err, ERROR_SYSTEM, EINVAL, "%s is no id of 32 hex digits: remove it, and the next run makes one", path);
    if (status < 0)
        return error_prepend(err, "who runs here cannot be told: %s holds no id of this machine (make one, as root: %s), and no other can be made", places[0],
                             REMEDY);
    *ret_is_own = true;
    return 0;
}
