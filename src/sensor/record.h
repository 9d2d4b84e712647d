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
#define RECORD_PATH            1302
#define RECORD_CONFIG          1305
#define RECORD_ADDRESS         1306
#define RECORD_DIRECTORY       1307
#define RECORD_END_OF_EVENT    1320
#define RECORD_LANDLOCK_ACCESS 1423 /* 6.15 */
#define RECORD_LANDLOCK_DOMAIN 1424 /* 6.15 */

#define RECORD_REPLACE         1329 /* to a registered reader: somebody wants to take its place */

#define RECORD_NAME_SIZE 32
#define RECORD_KEY       "cordon-sensor" /* of the rules that cordon-sensord sets */

enum record_kind {
    RECORD_OTHER = 0,  /* of no interest here */
    RECORD_DENIED,     /* 1423 */
    RECORD_DOMAIN_NEW, /* 1424: told with the first refusal of a domain */
    RECORD_DOMAIN_END, /* 1424: with how much was refused in all */
    RECORD_CALL,       /* 1300 */
    RECORD_LAST,       /* 1320: nothing more with this serial */
    RECORD_OBJECT,     /* 1302: one of the names of a call */
    RECORD_WHERE,      /* 1307: the caller's directory, in `path` */
    RECORD_PEER,       /* 1306: the address of a call */
    RECORD_CHANGE,     /* 1305: somebody changed what is recorded */
};

struct audit_record {
    enum record_kind kind;
    uint64_t serial; /* records of one event have the same */
    uint64_t time_ms; /* of the event, since 1970 */
    uint64_t domain; /* DENIED, DOMAIN_*: Landlock's number for it */
    enum operation operation; /* DENIED; NONE = a right that this build does not know */
    char right[RECORD_NAME_SIZE]; /* DENIED: the first that was missing, "fs.read_file" */
    bool is_directory;        /* DENIED: a directory was to be made or removed */
    bool is_of_parent; /* OBJECT: the directory of another of the names; else: DENIED: `path` is the directory in which a name was to be made or removed, the name is not told */
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
    bool is_ours;     /* CHANGE: of a rule with RECORD_KEY */
    bool is_native;   /* CALL: by this machine's own numbers */
    unsigned login_uid, call; /* CALL */
    uint64_t arguments[4];    /* CALL */
    bool is_rule;     /* CHANGE: a rule was added */
    bool is_switch;   /* CHANGE: recording was switched, to `is_on` */
    bool is_on;
    char exe[PATH_MAX]; /* CALL */
};

/*
 * One record: its type and its text as they came from the kernel. False, and *ret_record is of RECORD_OTHER: it is not
 * what such a record is.
 */
bool record_serial(const char *text, size_t size, uint64_t *ret_serial) must_check; /* that alone, of any record */

bool record_read(unsigned type, const char *text, size_t size, struct audit_record *ret_record) must_check;

#endif
