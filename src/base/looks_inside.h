/* SPDX-License-Identifier: Apache-2.0 */
/* What looks are made of, for looks*.c alone. */
#ifndef CORDON_BASE_LOOKS_INSIDE_H
#define CORDON_BASE_LOOKS_INSIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>

#include "base/looks.h"

#define LOOKS_MAX 2048

struct arena;
struct looks_watch;

enum look_kind { LOOK_STATUS, LOOK_CONTENT, LOOK_ACCESS, LOOK_REAL_PATH, LOOK_ANSWER, LOOK_VARIABLE };

struct look {
    enum look_kind kind;
    bool follows, answer;
    bool is_dated;   /* its stamps are believed */
    bool is_watched; /* the kernel says when it moves */
    int mode, error; /* of access; errno, 0 = it was there */
    int parent;      /* of a name that is absent: the dated directory, whose stamps say so; -1 = none */
    dev_t device, special;
    ino_t inode;
    nlink_t links;
    mode_t type;
    uid_t uid;
    gid_t gid;
    off_t size;
    struct timespec changed, modified;
    const char *path, *text;
    const char *bytes; /* `size` of them; NULL = its stamps have to do */
    bool (*ask)(const char *path);
};

struct looks {
    unsigned shares;
    bool is_given_up;
    int64_t began_ns;
    struct arena *arena;
    struct look *looks;
    size_t count, room;
    uint16_t *slots; /* while they are noted: index + 1 */
    struct looks_watch *watch;
    size_t asked; /* by the last looks_hold() */
};

/* Has nothing been said of anything that is marked? Unproved: nor has everything been asked for since it was marked. */
enum quiet { QUIET_NOT = 0, QUIET_UNPROVED, QUIET };
enum quiet looks_watch_quiet(struct looks *looks);
void looks_watch_proved(struct looks *looks);

#endif
