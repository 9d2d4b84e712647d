/* SPDX-License-Identifier: Apache-2.0 */
/* Open any device beyond the harmless ones (null, zero, full, random, urandom, tty, the own
 * terminals). */
#include <dirent.h>

#include "attempt.h"

static const char *const harmless[] = {"null", "zero",  "full", "random", "urandom",
                                       "tty",  "stdin", "fd",   "stdout", "stderr",
                                       "ptmx", "pts",   "shm",  "console"};

static bool is_harmless(const char *name)
{
    for (size_t i = 0; i < sizeof(harmless) / sizeof(*harmless); i++)
        if (strcmp(name, harmless[i]) == 0)
            return true;
    return false;
}

int main(void)
{
    static const char *const dangerous[] = {
        "mem",     "kmsg",        "fuse",           "kvm",   "loop-control", "vsock",
        "net/tun", "userfaultfd", "mapper/control", "uinput"};
    DIR *dir = opendir("/dev");
    struct dirent *entry;
    int last_errno = ENOENT;

    for (size_t i = 0; i < sizeof(dangerous) / sizeof(*dangerous); i++) {
        char path[300];

        snprintf(path, sizeof(path), "/dev/%s", dangerous[i]);
        /* O_PATH would do nothing; a read-only open does no harm to any of them. */
        if (open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC) >= 0)
            succeeded(path);
    }
    while (dir && (entry = readdir(dir))) {
        char path[300];

        if (entry->d_name[0] == '.' || is_harmless(entry->d_name))
            continue;
        snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
        if (strncmp(entry->d_name, "loop", 4) == 0 || strncmp(entry->d_name, "vd", 2) == 0 ||
            strncmp(entry->d_name, "sd", 2) == 0 || strncmp(entry->d_name, "nvme", 4) == 0) {
            if (open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
                succeeded(path);
            last_errno = errno;
        }
    }
    errno = last_errno;
    refused("open of host devices");
}
