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
#include "signer/link.h"

#define SELF_MAGIC      0x666c6553u /* "Self" */
#define SELF_SOCKETS    8u          /* at a time; who comes later is turned away, and the longest there with it */
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

#define SELF_IDENTITY_MAGIC 0x64496c53u /* "SlId" */
#define SELF_AUDIENCES      4u

/*
 * Who am I, and something signed: docs/identity.md. Texts end with a zero; "" = none. The answer is an int32_t, a uint64_t (when to ask again, or
 * when it ends; s since 1970; 0 = never), and the bytes; of a refusal, in words.
 */
struct self_identity_ask {
    uint32_t magic, audience_count;
    uint64_t seconds; /* 0 = as usual */
    uint32_t digest_size, unused;
    unsigned char digest[64];
    char what[32], context[72], nonce[136], to[1024];
    char audiences[SELF_AUDIENCES][512];
    char subject[16384];
};


/*
 * Places stay where they are, because a descriptor that is waited for is known by its place; and one that was closed stays empty
 * until the next look, because the next socket may have its number.
 */
struct self {
    /* `answered` is called once, now or later; not where it fails */
    int (*identify)(void *context, const struct self_identity_ask *ask, signer_answered *answered, void *answered_context, struct error *err);
    void *identify_context;
    int fds[SELF_SOCKETS]; /* -1 = none */
    unsigned resting;      /* bit N: place N was closed in this step */
    unsigned asked;        /* bit N: at the last look a question stood there */
    unsigned waiting;      /* bit N: what was asked at place N is not answered yet */
    unsigned serial[SELF_SOCKETS]; /* another one with each socket there */
    unsigned next_out;     /* the place that is given up when all are taken */
};
#define SELF_INIT ((struct self){.fds = {[0 ... SELF_SOCKETS - 1] = -1}})

/* The parent's end of one, which becomes the container's. */
void self_take(struct self *self, int fd);

/* Who has asked? Before the container is heard, whose refusals up to here are then in the answers. */
void self_look(struct self *self);

/* Answer what had been asked at the last look. Never blocks, and never fails: who asks what cannot be read, or before it has its answer, is turned away. */
void self_step(struct self *self, struct denials *denials, const struct plan *plan);

void self_close(struct self *self);

/* self_ask.c, inside of a container: a connection to whom runs it; `who` asks, for errors. */
int self_connect(const char *who, int *ret_fd, struct error *err) must_check;

/* self_identity.c: is every text ended, every number in bounds? */
bool self_identity_is_whole(const struct self_identity_ask *ask);
/* For self.identify, of a struct cordon_container. */
int self_identify(void *context, const struct self_identity_ask *ask, signer_answered *answered, void *answered_context, struct error *err) must_check;

#endif
