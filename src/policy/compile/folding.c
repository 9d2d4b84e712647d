/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can two spellings be one name? Known not to are file systems that say so of each directory by a
 * flag. Those that are known to, and FUSE, which may be any of them, count as such. Every other is
 * asked for a name that exists with the case of its letters turned; where there is no name to ask
 * by, nobody knows, and the stricter comparison is right. System calls: openat fstatfs ioctl fstat
 * newfstatat getdents64.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/looks.h"
#include "policy/compile/compile.h"

#define ASKED_MAX 1024 /* names that are looked at for one with a letter in it */

static const unsigned long folding[] = {
    0x4d44,     /* MSDOS_SUPER_MAGIC: vfat */
    0x2011bab0, /* EXFAT_SUPER_MAGIC */
    0x5346544e, /* NTFS_SB_MAGIC */
    0x7366746e, /* ntfs3 */
    0x01021997, /* V9FS_MAGIC: Windows' drives in WSL 2 */
    0x517b,     /* SMB_SUPER_MAGIC */
    0xff534d42, /* CIFS_SUPER_MAGIC */
    0xfe534d42, /* SMB2_SUPER_MAGIC */
    0x4244,     /* HFS_SUPER_MAGIC */
    0x482b,     /* HFSPLUS_SUPER_MAGIC */
    0x65735546, /* FUSE_SUPER_MAGIC */
    0x786f4256, /* VBOXSF_SUPER_MAGIC */
    0x2fc12fc1, /* ZFS: by its properties casesensitivity and normalization */
};

#ifndef FS_CASEFOLD_FL
#define FS_CASEFOLD_FL 0x40000000 /* 5.4: ext4, f2fs, tmpfs */
#endif

static const unsigned long flagged[] = {
    EXT4_SUPER_MAGIC,
    BTRFS_SUPER_MAGIC,
    F2FS_SUPER_MAGIC,
    TMPFS_MAGIC,
    OVERLAYFS_SUPER_MAGIC,
    SQUASHFS_MAGIC,
    0xe0f5e1e2 /* EROFS_SUPER_MAGIC_V1 */,
};

enum answer { FOLDS, EXACT, UNKNOWN };

static bool is_among(unsigned long type, const unsigned long *types, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (types[i] == type)
            return true;
    return false;
}

static enum answer read_flag(int directory)
{
    int flags = 0;

    if (ioctl(directory, FS_IOC_GETFLAGS, &flags) == 0)
        return flags & FS_CASEFOLD_FL ? FOLDS : EXACT;
    return errno == ENOTTY || errno == EOPNOTSUPP || errno == EINVAL || errno == ENOSYS ? EXACT
                                                                                        : UNKNOWN;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* `name` exists in `directory`. */
static enum answer ask_by_name(int directory, const char *name)
{
    char turned[NAME_MAX + 1];
    size_t length = strlen(name);
    bool has_letter = false;
    struct stat given, found;

    if (length >= sizeof(turned))
        return UNKNOWN;
    for (size_t i = 0; i <= length; i++) {
        turned[i] = is_letter(name[i]) ? (char)(name[i] ^ 0x20) : name[i];
        has_letter = has_letter || is_letter(name[i]);
    }
    if (!has_letter || fstatat(directory, name, &given, AT_SYMLINK_NOFOLLOW) < 0)
        return UNKNOWN;
    if (fstatat(directory, turned, &found, AT_SYMLINK_NOFOLLOW) < 0)
        return errno == ENOENT ? EXACT : UNKNOWN;
    return given.st_ino == found.st_ino && given.st_dev == found.st_dev ? FOLDS : EXACT;
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

static enum answer ask_by_what_is_in(int fd)
{
    cleanup_with(close_directory) DIR *directory = NULL;
    enum answer answer = UNKNOWN;
    const struct dirent *entry;
    int own = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    directory = own < 0 ? NULL : fdopendir(own);
    if (!directory) {
        if (own >= 0)
            close(own);
        return UNKNOWN;
    }
    for (size_t i = 0; i < ASKED_MAX && answer == UNKNOWN && (entry = readdir(directory)); i++)
        answer = ask_by_name(fd, entry->d_name);
    return answer;
}

/* By its own name, when that lies on the same file system. */
static enum answer ask_by_itself(int fd, const char *path)
{
    auto_close int parent = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat own, around;

    if (parent < 0 || fstat(fd, &own) < 0 || fstat(parent, &around) < 0 ||
        own.st_dev != around.st_dev)
        return UNKNOWN;
    return ask_by_name(parent, path_base(path));
}

static bool look(const char *directory)
{
    auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    enum answer answer;
    struct statfs fs;

    if (fd < 0 || fstatfs(fd, &fs) < 0 ||
        is_among((unsigned long)fs.f_type, folding, ARRAY_COUNT(folding)))
        return true;
    if (is_among((unsigned long)fs.f_type, flagged, ARRAY_COUNT(flagged)))
        return read_flag(fd) != EXACT;
    if (read_flag(fd) == FOLDS)
        return true;
    answer = ask_by_what_is_in(fd);
    if (answer == UNKNOWN)
        answer = ask_by_itself(fd, directory);
    return answer != EXACT;
}

bool folding_is_possible(const char *directory)
{
    bool answer = look(directory);

    look_answer(directory, look, answer);
    return answer;
}

bool folding_is_possible_within(const struct compile *c, const char *tree)
{
    if (folding_is_possible(tree))
        return true;
    for (size_t i = 0; i < c->mounts.count; i++) {
        const struct host_mount *mount = &c->mounts.mounts[i];

        if (!mount->is_kernel && strcmp(mount->point, tree) != 0 &&
            path_is_within(mount->point, tree) && folding_is_possible(mount->point))
            return true;
    }
    return false;
}

void folding_look(struct compile *c)
{
    for (size_t i = 0; i < c->plan->mount_count && c->plan->name_count && !c->plan->names_fold;
         i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];

        if (mount->kind == PLAN_BIND && mount->is_writable && mount->is_directory)
            c->plan->names_fold = folding_is_possible_within(c, mount->source);
    }
}
