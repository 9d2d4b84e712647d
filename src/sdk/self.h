/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program's own questions: what am I refused, and why (`cordon why --self`, from inside). Fixed records over a socket whose
 * other end process 1 put into the program's hands. What is answered follows from the policy alone: never whether something
 * exists on the host, what else a rule would open, or where documents lie.
 */
#ifndef CORDON_SDK_SELF_H
#define CORDON_SDK_SELF_H

#include <limits.h>

#include "base/text.h"
#include "policy/question.h"
#include "sdk/told_access.h"

#define SELF_MAGIC      0x666c6553u /* "Self" */
#define SELF_SOCKETS    8u          /* at a time; who comes later is turned away */
#define SELF_ANSWER_MAX 61440u

enum self_kind { SELF_DENIALS = 1, SELF_QUESTION };

/* What the program sends; texts end with a zero. */
struct self_ask {
    uint32_t magic;
    uint32_t kind;      /* enum self_kind */
    uint32_t is_json;
    uint32_t operation; /* enum operation, as the rest of SELF_QUESTION */
    uint32_t port, protocol;
    int32_t call; /* number of a system call */
    uint32_t unused;
    char path[PATH_MAX], second[PATH_MAX];
    char host[256], limit[64];
};

/* An answer is an int32_t, 0 or a negative errno, and the text. */

/*
 * Places stay where they are, because a descriptor that is waited for is known by its place; and one that was closed stays empty
 * until the next look, because the next socket may have its number.
 */
struct self {
    int fds[SELF_SOCKETS]; /* -1 = none */
    unsigned resting;      /* bit N: place N was closed in this step */
    unsigned asked;        /* bit N: at the last look a question stood there */
};
#define SELF_INIT ((struct self){.fds = {[0 ... SELF_SOCKETS - 1] = -1}})

/* The parent's end of one, which becomes the container's. */
void self_take(struct self *self, int fd);

/* Who has asked? Before the container is heard, whose refusals up to here are then in the answers. */
void self_look(struct self *self);

/* Answer what had been asked at the last look. Never blocks, and never fails: who asks what cannot be read is turned away. */
void self_step(struct self *self, struct denials *denials, const struct plan *plan);

void self_close(struct self *self);

#endif
