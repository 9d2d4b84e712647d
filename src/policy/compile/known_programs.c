/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Digests of large programs, kept from run to run: to read one takes longer than everything else at a start. An entry is believed
 * for the very file (device, inode, size, change time) that was read, and only where nobody but the caller and root can have
 * written it. No run depends on it: what cannot be read or written is read anew. System calls: openat fstat read write renameat.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "policy/compile/compile.h"

#define LARGE      ((uint64_t)256 * 1024) /* what is smaller is read in a millisecond */
#define SETTLED_S  2                      /* a file that changed just now may change again within one tick of its clock */
#define ENTRY_SIZE 256

/* "DEVICE-INODE", one entry for all versions of a file. NULL = none is kept. */
static const char *entry_path(struct compile *c, const struct net_program *program)
{
    if (!c->options->cache_directory || program->size < LARGE)
        return NULL;
    return arena_printf(c->work, "%s/programs/%llx-%llx", c->options->cache_directory, (unsigned long long)program->device,
                        (unsigned long long)program->inode);
}

static void print_entry(const struct net_program *program, char ret_text[ENTRY_SIZE])
{
    char digest[DIGEST_TEXT_SIZE];

    digest_print(program->digest, digest);
    snprintf(ret_text, ENTRY_SIZE, "%llu %lld.%09u %s\n", (unsigned long long)program->size, (long long)program->change_s,
             program->change_ns, digest);
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = digit ? strchr(digits, digit) : NULL;

    return at ? (int)(at - digits) : -1;
}

static bool read_digest(const char *text, unsigned char ret_digest[DIGEST_SIZE])
{
    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        int high = hex_value(text[2 * i]), low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

        if (low < 0)
            return false;
        ret_digest[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

bool known_program_find(struct compile *c, struct net_program *program)
{
    const char *path = entry_path(c, program), *digest;
    struct net_program found = *program;
    char text[ENTRY_SIZE], again[ENTRY_SIZE];
    struct stat st;
    ssize_t got;
    auto_close int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK) : -1;

    if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (st.st_uid != geteuid() && st.st_uid != 0) ||
        (st.st_mode & (S_IWGRP | S_IWOTH)))
        return false;
    got = read(fd, text, sizeof(text) - 1);
    text[got < 0 ? 0 : got] = '\0';
    digest = strstr(text, "sha256:");
    if (!digest || !read_digest(digest + 7, found.digest))
        return false;
    print_entry(&found, again);
    if (strcmp(text, again) != 0)
        return false;
    *program = found;
    return true;
}

void known_program_keep(struct compile *c, const struct net_program *program)
{
    const char *path = entry_path(c, program), *directory = path ? path_parent(c->work, path) : NULL;
    const char *new_path = directory ? arena_printf(c->work, "%s.%d", path, (int)getpid()) : NULL;
    char text[ENTRY_SIZE];
    int fd;

    if (!new_path || c->options->is_dry_run || c->collects || program->change_s + SETTLED_S > time(NULL) ||
        file_make_directories(directory, 0700, NULL) < 0)
        return;
    print_entry(program, text);
    fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return;
    if (file_write_all(fd, text, strlen(text)) < 0 || rename(new_path, path) < 0)
        unlink(new_path);
    close(fd);
}
