/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How many names of a file are still to be found. What its number of links counts are entries of
 * directories, so entries are counted: bind mounts show one under several paths, and a file that is
 * mounted on another has no entry there at all. What is in doubt is not counted, and the search
 * goes on. System calls: fstatfs newfstatat statx; those of folding_is_possible().
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/looks.h"
#include "policy/compile/linked.h"

/* Is `path` an entry of its directory, not something that is mounted there? */
static bool is_entry(const char *path)
{
    struct statx st;
    struct stat seen;

    (void)look_lstat(path, &seen); /* whether something is mounted there is seen in the table of mounts */
    return statx(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_INO, &st) == 0 &&
           (st.stx_attributes_mask & STATX_ATTR_MOUNT_ROOT) &&
           !(st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

struct linked_entry linked_entry_at(const char *path, bool is_listed)
{
    size_t length = (size_t)(path_base(path) - path);
    char directory[PATH_MAX];
    struct stat st;

    if (length >= sizeof(directory) || !is_entry(path))
        return (struct linked_entry){0};
    memcpy(directory, path, length);
    directory[length] = '\0';
    if (look_stat(directory, &st) < 0 || (!is_listed && folding_is_possible(directory)))
        return (struct linked_entry){0};
    return (struct linked_entry){
        .device = st.st_dev, .directory = st.st_ino, .name = path + length};
}

bool linked_lists_numbers(int directory)
{
    static const unsigned long trusted[] = {
        EXT4_SUPER_MAGIC, 0x58465342 /* XFS_SB_MAGIC */, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
        TMPFS_MAGIC,      OVERLAYFS_SUPER_MAGIC, /* of what is no directory, whatever `xino` is */
    };
    struct statfs fs;

    if (fstatfs(directory, &fs) < 0)
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(trusted); i++)
        if ((unsigned long)fs.f_type == trusted[i])
            return true;
    return false;
}

int linked_compare_entries(const struct linked_entry *one, const struct linked_entry *two)
{
    if (!one->name || !two->name)
        return !!one->name - !!two->name;
    if (one->directory != two->directory)
        return one->directory < two->directory ? -1 : 1;
    if (one->device != two->device)
        return one->device < two->device ? -1 : 1;
    return strcmp(one->name, two->name);
}

static int compare(const void *one, const void *two)
{
    return linked_compare_entries(one, two);
}

static nlink_t names_left(const struct linked *file)
{
    size_t counted = file->known_count + file->found_count;

    return counted < file->links_to ? file->links_to - counted : 0;
}

int linked_start_count(struct compile *c, struct linked_files *files, struct linked *file,
                       const struct linked *names, size_t count, struct error *err)
{
    struct linked_entry *known = arena_alloc(c->work, count * sizeof(*known));

    if (!known)
        return error_memory(err);
    file->known_count = 0;
    for (size_t i = 0; i < count; i++)
        if (names[i].entry.name &&
            (i == 0 || linked_compare_entries(&names[i].entry, &names[i - 1].entry) != 0))
            known[file->known_count++] = names[i].entry;
    file->known = known;
    files->links_left += names_left(file);
    return 0;
}

static bool is_counted(const struct linked *file, const struct linked_entry *entry)
{
    if (bsearch(entry, file->known, file->known_count, sizeof(*entry), compare))
        return true;
    for (size_t i = 0; i < file->found_count; i++)
        if (linked_compare_entries(&file->found[i], entry) == 0)
            return true;
    return false;
}

int linked_count(struct compile *c, struct linked_files *files, struct linked *file,
                 const char *path, bool is_listed, struct error *err)
{
    struct linked_entry entry = linked_entry_at(path, is_listed), *slot;

    if (!entry.name || !names_left(file) || is_counted(file, &entry))
        return 0;
    slot = arena_append(c->work, file->found, file->found_count);
    if (!slot)
        return error_memory(err);
    *slot = entry;
    files->links_left -= files->links_left > 0;
    return 0;
}
