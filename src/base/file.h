/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files, bounded, complete writes, and numbers of the kernel. */
#ifndef CORDON_BASE_FILE_H
#define CORDON_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "base/error.h"

/*
 * Read a whole regular file (or, with fd >= 0, what is left on that descriptor) of at most size_max
 * bytes. *ret_data is NUL-terminated and the caller's to mem_free(). ERROR_LIMIT when there is
 * more, ERROR_SYSTEM otherwise.
 */
int file_read(const char *path, size_t size_max, char **ret_data, size_t *ret_size,
              struct error *err) must_check;
int file_read_fd(int fd, const char *name, size_t size_max, char **ret_data, size_t *ret_size,
                 struct error *err) must_check;

/* The decimal number that a file of the kernel begins with, as in /proc/sys; `otherwise` where there is none. */
unsigned long file_number(const char *path, unsigned long otherwise);

/* Write all of it, through short writes and EINTR. 0 or -errno. */
int file_write_all(int fd, const void *data, size_t size) must_check;

/*
 * Put a file with these bytes in the place of `path` (of what a link there leads to), or make it: at once and for good, or not
 * at all. Permissions of an old one stay.
 */
int file_replace(const char *path, const void *data, size_t size, struct error *err) must_check;

/* mkdir -p below an existing root; every new directory gets `mode`. An existing directory is left
 * alone. */
int file_make_directories(const char *path, mode_t mode, struct error *err) must_check;

#endif
