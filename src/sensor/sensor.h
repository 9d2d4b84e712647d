/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel's audit records tell of refusals, as the two programs that read them say it: cordon-sensor, for one run of its
 * own user, and cordon-sensord, for all containers of a machine. The only header of this part that others include.
 *
 * cordon-sensor is started with one end of a SOCK_SEQPACKET pair as descriptor SENSOR_CHANNEL, which is also its lifeline. It
 * needs CAP_AUDIT_READ (as a file capability, or from a root caller), and the initial network namespace. It hears nothing.
 * cordon-sensord listens at SENSOR_SOCKET; a connection begins with one struct sensor_ask, which is answered by READY or FAILED.
 *
 * Each message is a struct sensor_told and, right behind it, `path_length` and `exe_length` bytes.
 *
 *   READY      it listens from here on; or FAILED with errnum (ENODATA: audit is off), and it ends
 *   DOMAIN     a domain of this user, made by process `pid`, had its first refusal. Before any REFUSED of it
 *   REFUSED    `count` refusals: one when it is the first of its kind, and later how many more of it there were
 *   GONE       no process is in the domain any more. `count`: so many refusals of it did not reach this program
 *   GAP        `flags` is an enum sensor_gap: `count` (at least) of what it names are missing from here, whosever they were
 */
#ifndef CORDON_SENSOR_SENSOR_H
#define CORDON_SENSOR_SENSOR_H

#include <stdint.h>

#define SENSOR_CHANNEL 3
#define SENSOR_SOCKET  "/run/cordon/sensor.sock"

enum sensor_told_type {
    SENSOR_READY = 1,
    SENSOR_FAILED,
    SENSOR_DOMAIN,
    SENSOR_REFUSED,
    SENSOR_GONE,
    SENSOR_GAP,
};

#define SENSOR_IS_DIRECTORY 1u /* a directory was to be made or removed */
#define SENSOR_IS_OF_PARENT 2u /* the path is the directory, the name in it is not told */
#define SENSOR_HAS_ADDRESS  4u
#define SENSOR_HAS_PATH     8u
#define SENSOR_IS_CALL      16u /* a call that failed, by whatever refused: `domain` is 0, `right` is the call's number */
#define SENSOR_IS_RELATIVE  32u /* to a directory that is not told */

enum sensor_gap {
    SENSOR_GAP_OVERRUN = 1, /* records found no room in this program's socket */
    SENSOR_GAP_KERNEL,      /* the kernel found no room for records (`lost` of auditctl -s) */
    SENSOR_GAP_SERIAL,      /* numbers of events that never came */
    SENSOR_GAP_OFF,         /* somebody switched the kernel's audit off; count 0: it is on again */
    SENSOR_GAP_UNKNOWN,     /* of a login uid of containers' that nobody announced; or of a process that was gone before it was asked for its cgroup */
    SENSOR_GAP_LISTENER,    /* messages that found no room in this very connection */
};

#define SENSOR_RIGHT_SIZE   32
#define SENSOR_ADDRESS_SIZE 46
#define SENSOR_NO_UID       (~0u)

struct sensor_told {
    uint32_t type;      /* enum sensor_told_type */
    uint32_t operation; /* enum operation */
    uint64_t domain;    /* Landlock's number */
    uint64_t count;     /* REFUSED, GONE, GAP */
    uint64_t inode;
    int32_t errnum;     /* as the program got it where the record of the call was there, else as Landlock answers */
    uint32_t pid;       /* host's: who made the domain (DOMAIN), who asked (REFUSED, 0 = not known) */
    uint32_t target;    /* host's: whom a signal or ptrace was for, 0 = none */
    uint32_t flags;
    uint32_t port;
    uint32_t login_uid; /* REFUSED: of who asked; SENSOR_NO_UID = none, or not known */
    uint16_t path_length, exe_length;
    char right[SENSOR_RIGHT_SIZE];     /* Landlock's name, "fs.read_file" */
    char address[SENSOR_ADDRESS_SIZE]; /* "" = a port alone */
};

/*
 * What a connection to cordon-sensord begins with. Who asks is known by the kernel (SO_PEERCRED), not by this.
 *
 *   MINE       domains that the peer's own user made, and nobody else's; a second one with `pid` narrows it to what process `pid` made
 *   ALL        everything, of everybody; the peer is root
 *   CONTAINER  the peer is root, or the daemon's own user; with one descriptor, the sensor's end of a SOCK_SEQPACKET pair: there goes
 *              what belongs to the container that `login_uid`, `cgroup` or `pid` (who made its domain) names, until the other end is closed. Any number on one connection
 *              each answered; GAP comes on the connection itself
 *   KEEPER     the same peers; with one descriptor, the sensor's end of a pair: whoever has the other end announces containers there
 *              (CONTAINER) that run for `owner` in the control group of keeper `pid`, the one that the launcher made for it, and no others:
 *              each by the `pid` of a process of it, which is looked at: its group, its login uid
 */
enum sensor_ask_type {
    SENSOR_MINE = 1,
    SENSOR_ALL,
    SENSOR_CONTAINER,
    SENSOR_KEEPER,
};

#define SENSOR_CGROUP_SIZE 512

struct sensor_ask {
    uint32_t type;      /* enum sensor_ask_type */
    uint32_t owner;     /* CONTAINER, KEEPER: the user on whose behalf it runs; of a keeper's own announcements the keeper's counts */
    uint32_t login_uid; /* CONTAINER: its own alone; SENSOR_NO_UID = it has none */
    uint32_t pid;       /* host's, 0 = not said */
    char cgroup[SENSOR_CGROUP_SIZE]; /* CONTAINER: as in /proc/PID/cgroup, without the hierarchy; "" = it has none of its own */
};

#endif
