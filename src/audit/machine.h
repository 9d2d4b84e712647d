/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a log asks of the machine: files below one directory, what makes them last, the clocks. One table of operations, so that
 * tests can record every write, take power away between any two, and move the clock.
 */
#ifndef CORDON_AUDIT_MACHINE_H
#define CORDON_AUDIT_MACHINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "base/compiler.h"

/* All names are relative to `directory`. All return 0 or -errno, and never block on anything but the disk. */
struct log_machine {
    void *context;
    int (*make_directory)(void *context, int directory, const char *name); /* 0 where it is there */
    /* A whole file under a new name or in place of another, of which a reader sees the one or the other. It need not last. */
    int (*put)(void *context, int directory, const char *name, const void *bytes, size_t size);
    int (*remove)(void *context, int directory, const char *name); /* a file or an empty directory; 0 where there is none */
    int (*rename)(void *context, int directory, const char *from, const char *to);
    /* A new file of `size` bytes, all zero, whose room on the disk is taken. *ret_fd to write and sync it. */
    int (*reserve)(void *context, int directory, const char *name, uint64_t size, int *ret_fd);
    int (*write)(void *context, int fd, const struct iovec *parts, int count, uint64_t offset); /* all of it */
    int (*sync)(void *context, int fd);                                  /* what was written to it lasts */
    int (*sync_directory)(void *context, int directory, const char *name); /* the names in it last */
    int (*sync_all)(void *context, int directory);                       /* everything on this file system lasts */
    int (*free_bytes)(void *context, int directory, uint64_t *ret_bytes);
    uint64_t (*time_us)(void *context); /* since 1970 */
    uint64_t (*mono_us)(void *context); /* since the machine started, sleep counted */
    bool is_threaded; /* sync_all may be called by another thread while other operations go on */
};

extern const struct log_machine log_machine_own;

#endif
