/* SPDX-License-Identifier: Apache-2.0 */
/* Look into pid 1 through /proc: its root, directories, descriptors, memory, program. Any that
 * opens is an escape. Argument: which (files or memory). */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    static const char *const files[] = {"/proc/1/root/", "/proc/1/cwd/",         "/proc/1/exe",
                                        "/proc/1/fd/0",  "/proc/1/task/1/root/", "/proc/1/ns/mnt"};
    static const char *const memory[] = {"/proc/1/maps",    "/proc/1/environ",
                                         "/proc/1/auxv",    "/proc/1/syscall",
                                         "/proc/1/pagemap", "/proc/1/task/1/environ"};
    bool is_memory = strcmp(argument(argc, argv, 1), "memory") == 0;
    const char *const *paths = is_memory ? memory : files;
    size_t count = is_memory ? sizeof(memory) / sizeof(*memory) : sizeof(files) / sizeof(*files);
    char byte;

    for (size_t i = 0; i < count; i++) {
        int fd = open(paths[i], O_RDONLY | O_NONBLOCK);

        /* Some of these check at read time and some give nothing of a process without memory. */
        if (fd >= 0 && (!is_memory || read(fd, &byte, 1) == 1))
            succeeded(paths[i]);
    }
    /* The directory itself opens for whoever owns it; what counts is what it shows. */
    if (!is_memory) {
        DIR *dir = opendir("/proc/1/map_files");
        int entries = 0;

        while (dir && readdir(dir))
            entries++;
        if (entries > 2)
            succeeded("/proc/1/map_files/");
        if (readlink("/proc/1/exe", &byte, 1) > 0 || readlink("/proc/1/fd/0", &byte, 1) > 0)
            succeeded("links of /proc/1");
    }
    refused("open below /proc/1");
}
