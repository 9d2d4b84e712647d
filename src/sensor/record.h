/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's audit records of what Landlock refused (Linux 6.15, records 1423 and 1424), and of the call that it was part
 * of (record 1300), as values. What a program can choose in them (paths, names of programs) the kernel writes in quotes or,
 * with a character that could end those, as hexadecimal digits.
 */
#ifndef CORDON_SENSOR_RECORD_H
#define CORDON_SENSOR_RECORD_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/operation.h"

/* Newer than Debian 12's <linux/audit.h>. */
#define RECORD_SYSCALL         1300
#define RECORD_END_OF_EVENT    1320
#define RECORD_LANDLOCK_ACCESS 1423 /* 6.15 */
#define RECORD_LANDLOCK_DOMAIN 1424 /* 6.15 */

#define RECORD_NAME_SIZE 32

enum record_kind {
    RECORD_OTHER = 0,  /* of no interest here */
    RECORD_DENIED,     /* 1423 */
    RECORD_DOMAIN_NEW, /* 1424: told with the first refusal of a domain */
    RECORD_DOMAIN_END, /* 1424: with how much was refused in all */
    RECORD_CALL,       /* 1300 */
    RECORD_LAST,       /* 1320: nothing more with this serial */
};

struct audit_record {
    enum record_kind kind;
    uint64_t serial; /* records of one event have the same */
    uint64_t domain; /* DENIED, DOMAIN_*: Landlock's number for it */
    enum operation operation; /* DENIED; NONE = a right that this build does not know */
    char right[RECORD_NAME_SIZE]; /* DENIED: the first that was missing, "fs.read_file" */
    bool is_directory;        /* DENIED: a directory was to be made or removed */
    bool is_of_parent; /* DENIED: `path` is the directory in which a name was to be made or removed, the name is not told */
    bool has_path;
    size_t path_length;
    char path[PATH_MAX]; /* DENIED; NUL-terminated */
    char device[RECORD_NAME_SIZE];
    uint64_t inode;
    bool has_address;
    char address[46]; /* DENIED: as the kernel prints it, "" = only a port */
    unsigned port;
    unsigned pid; /* DENIED: whom it was aimed at (signal, ptrace); DOMAIN_NEW: who made it; CALL: who called. Host's numbers */
    unsigned uid; /* DOMAIN_NEW */
    uint64_t denials; /* DOMAIN_END */
    int64_t result;   /* CALL: as the program got it */
    char exe[PATH_MAX]; /* CALL */
};

/*
 * One record: its type and its text as they came from the kernel. False, and *ret_record is of RECORD_OTHER: it is not
 * what such a record is.
 */
bool record_read(unsigned type, const char *text, size_t size, struct audit_record *ret_record) must_check;

#endif
