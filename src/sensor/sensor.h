/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordon-sensor says to whoever started it: what Landlock refused to programs of the same user, from the kernel's audit
 * records. The only header of this part that others include.
 *
 * The program is started with one end of a SOCK_SEQPACKET pair as descriptor SENSOR_CHANNEL, which is also its lifeline. It
 * needs CAP_AUDIT_READ (as a file capability, or from a root caller), and the initial network namespace. It hears nothing: each message is a struct
 * sensor_told and, right behind it, `path_length` and `exe_length` bytes.
 *
 *   READY      it listens from here on; or FAILED with errnum (ENODATA: audit is off), and it ends
 *   DOMAIN     a domain of this user, made by process `pid`, had its first refusal. Before any REFUSED of it
 *   REFUSED    `count` refusals: one when it is the first of its kind, and later how many more of it there were
 *   GONE       no process is in the domain any more. `count`: so many refusals of it did not reach this program
 */
#ifndef CORDON_SENSOR_SENSOR_H
#define CORDON_SENSOR_SENSOR_H

#include <stdint.h>

#define SENSOR_CHANNEL 3

enum sensor_told_type {
    SENSOR_READY = 1,
    SENSOR_FAILED,
    SENSOR_DOMAIN,
    SENSOR_REFUSED,
    SENSOR_GONE,
};

#define SENSOR_IS_DIRECTORY 1u /* a directory was to be made or removed */
#define SENSOR_IS_OF_PARENT 2u /* the path is the directory, the name in it is not told */
#define SENSOR_HAS_ADDRESS  4u
#define SENSOR_HAS_PATH     8u

#define SENSOR_RIGHT_SIZE   32
#define SENSOR_ADDRESS_SIZE 46

struct sensor_told {
    uint32_t type;      /* enum sensor_told_type */
    uint32_t operation; /* enum operation */
    uint64_t domain;    /* Landlock's number */
    uint64_t count;     /* REFUSED, GONE */
    uint64_t inode;
    int32_t errnum;     /* as the program got it where the record of the call was there, else as Landlock answers */
    uint32_t pid;       /* host's: who made the domain (DOMAIN), who asked (REFUSED, 0 = not known) */
    uint32_t target;    /* host's: whom a signal or ptrace was for, 0 = none */
    uint32_t flags;
    uint32_t port;
    uint16_t path_length, exe_length;
    char right[SENSOR_RIGHT_SIZE];     /* Landlock's name, "fs.read_file" */
    char address[SENSOR_ADDRESS_SIZE]; /* "" = a port alone */
};

#endif
