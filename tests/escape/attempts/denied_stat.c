/* SPDX-License-Identifier: Apache-2.0 */
/* Learn size and times of a denied object, which must stay listed. Arguments: directory, name,
 * size, time of change in seconds. */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *directory = argument(argc, argv, 1), *name = argument(argc, argv, 2);
    struct dirent *entry;
    bool is_listed = false;
    char path[4096];
    struct stat st;
    DIR *dir = opendir(directory);

    if (!dir)
        broken("opendir of its parent");
    while ((entry = readdir(dir)))
        is_listed = is_listed || strcmp(entry->d_name, name) == 0;
    if (!is_listed) {
        errno = ENOENT;
        broken("the denied name is not in its parent's listing");
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (stat(path, &st) < 0)
        broken("stat of a listed name");
    if (st.st_size == number_argument(argc, argv, 3) ||
        st.st_mtime == number_argument(argc, argv, 4))
        succeeded("stat shows the object's own size or time");
    refused_because("listed, stat shows a prepared inode");
}
