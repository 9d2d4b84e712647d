/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The questions of many containers over one connection to the signer, none of which waits: whoever asks is called with the answer. The connection may
 * end and another one come: who is there is said anew then, and what was not answered is asked again. Without OpenSSL, and never blocks.
 */
#ifndef CORDON_SIGNER_LINK_H
#define CORDON_SIGNER_LINK_H

#include "signer/client.h"

#define SIGNER_LINK_AT_ONCE 8   /* questions that the signer has; the others wait here, in their order */
#define SIGNER_LINK_WAITING 512 /* of all containers */
#define SIGNER_LINK_LATE_MS 1000

struct signer_link;

/* A container, as its questions go over a link: the caller's, zeroed but for these two, in its place until signer_link_leave(). */
struct signer_member {
    /* Say who is there, by signer_link_say(): before the first question over each connection. */
    int (*present)(void *context, struct signer_link *link, struct error *err);
    void *context;
    void (*connected)(void *context); /* of one that signer_link_hear() was called for */
    struct signer_member *next;
    char name[1024];
    uint64_t presented;   /* over which connection; 0 = over none */
    struct error refused; /* why the signer does not know it; kind 0 = it does */
};

/* Once for each question: status 0 with an answer, `bytes` as long as the call; else `why`. It may ask again. */
typedef void signer_answered(void *context, int status, const char *bytes, size_t size, uint64_t until, const struct error *why);

int signer_link_new(struct signer_link **ret_link, struct error *err) must_check;
/* What still waits is forgotten: its members must have left. */
void signer_link_free(struct signer_link *link);

/* From now on over this connection, which becomes the link's; the former one is closed. -1: there is none. */
void signer_link_connect(struct signer_link *link, int fd);
int signer_link_fd(const struct signer_link *link); /* -1 = none */
/* Hear what is there. false: the connection has ended, and another one is to be made. */
bool signer_link_step(struct signer_link *link);
/* Those that wait for too long are told so; when the next would be, of the monotonic clock, 0 = none waits. */
uint64_t signer_link_expire(struct signer_link *link, uint64_t now_ns);
/* Has the signer a question for longer than one takes? */
bool signer_link_is_late(const struct signer_link *link, uint64_t now_ns);
/* All that wait are told this. */
void signer_link_fail(struct signer_link *link, const struct error *why);

/* `answered` may be called before this returns. */
int signer_link_ask(struct signer_link *link, struct signer_member *member, const struct signer_question *question, signer_answered *answered,
                    void *context, struct error *err) must_check;

/* In present(): as signer_open(). */
int signer_link_say(struct signer_link *link, const char *name, const char *facts, const char *const *allowed, struct error *err) must_check;

/* A connection of its own for whom is within that name, over this one; its other end, *ret_fd, is the caller's. -ENOTCONN. */
int signer_link_serve(struct signer_link *link, const char *within, int *ret_fd, struct error *err) must_check;

/* From now on it is told of each new connection, after which its key is another one. */
void signer_link_hear(struct signer_link *link, struct signer_member *member);

/* It is no more: its questions are answered by -ECANCELED, and its key is destroyed. */
void signer_link_leave(struct signer_link *link, struct signer_member *member);

#endif
