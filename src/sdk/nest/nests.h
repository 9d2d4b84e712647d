/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The containers inside a container, for whoever started it: a program asks, a nester (nester.c) is started beside the container and
 * given the program's socket, and does the rest. Whoever started the outermost container starts the nesters of all levels, so it
 * counts them, and ends them with it. It reads nothing that a program sent.
 */
#ifndef CORDON_SDK_NEST_NESTS_H
#define CORDON_SDK_NEST_NESTS_H

#include "base/text.h"
#include "sdk/nest/wire.h"
#include "sdk/worker.h"
#include "tier/tier.h"

#define NESTS_MAX     64 /* as nested.number at most */
#define NESTS_RECORDS 128 /* of containers inside, of all levels, that are kept of one outermost run */
#define NESTS_PENDING 64 /* asked at once; who comes later is refused */

struct cordon_container;
struct cordon_request;
struct event_recorder;

struct nester {
    struct worker worker;
    char id[27];      /* the run */
    int init;         /* pidfd of its container's first process, -1 = none yet */
    bool is_launched; /* a launcher made that, and is told of its end */
    struct tier_group *group; /* with limits of its own; NULL = it counts for those around alone */
    int parent;       /* place of the nester of the container around, -1 = the outermost */
    bool runs;        /* it is recorded that its program started */
    unsigned number;  /* of containers inside that its policy permits */
    struct nest_runs told;    /* what the nester says of it */
    uint64_t started_ms;      /* real time */
    uint64_t due_ns;          /* it was told to end: then it is ended; 0 = it was not */
    bool is_told;             /* whoever asks for news has heard of it */
    bool has_status;
    struct cordon_status status;
    struct text line;         /* of its record, what came of one that is not whole */
    void *recording;          /* where that goes */
    bool is_recorded;
    bool is_resting;  /* ended in this step: who waits for descriptors must notice before the place is used again */
};

/* Whoever was told of it has not heard yet that it ended. */
struct nest_ended {
    char id[27];
    struct cordon_status status;
};

struct nests {
    struct nester *items; /* NESTS_MAX of them; NULL = none may be inside */
    char (*records)[27];  /* NESTS_RECORDS run ids, the oldest first */
    size_t record_count;
    const struct event_recorder *recorder; /* who hears the outermost one's record hears theirs; NULL = nobody */
    struct nest_ended *ended; /* NESTS_MAX */
    size_t ended_count;
    int sensor;           /* a keeper's connection to the machine's, on which those that a launcher makes are announced; with `has_sensor` */
    bool has_sensor;
    const char *program;  /* cordon-nester */
    unsigned number;      /* so many at a time, of all levels */
    struct text around;   /* what a nester is told of the containers around the one that it makes */
    int pending[NESTS_PENDING];
    size_t pending_count;
    /* In a nester: whoever started the outermost container begins them (takes the descriptor). NULL elsewhere. */
    void (*forward)(void *context, int fd);
    void *context;
    const void *outer; /* in a nester: what it was told itself */
    size_t outer_size;
};
#define NESTS_INIT ((struct nests){0})

/* Of a container whose plan is compiled and whose identity is known; nothing where it permits none. */
int nests_begin(struct nests *nests, const struct cordon_container *container, const struct cordon_request *request,
                struct error *err) must_check;

/*
 * The container's network is to be another: those inside were made for the former one, so they end, and those that are asked for from
 * now on are held against `changed`. Before the change, so that none stands a moment longer; nothing has happened where this fails.
 */
struct assembly;
int nests_change(struct nests *nests, const struct cordon_container *container, const struct assembly *changed,
                 const struct cordon_request *request, struct error *err) must_check;

/* A program's socket, which becomes the container's. */
void nests_take(struct nests *nests, int fd);

/* Begin what was asked for, hear nesters, notice ends. Never waits; what cannot be begun is refused there, and nowhere else. */
void nests_step(struct nests *nests, const struct cordon_container *container);

/* When there is something to do although no descriptor says so; 0 = never. */
uint64_t nests_next_ns(const struct nests *nests, const struct cordon_container *container);

/* NESTS_MAX descriptors that are readable when there is something to do, each at its place, -1 = none. */
void nests_watched(const struct nests *nests, int *ret_fds);

/* All of them are ended, and none is waited for: what is frozen ends when it is thawed, and does nothing any more before. */
void nests_kill(const struct nests *nests);

/* Nothing of any of them runs when it returns; nothing of it may be frozen. */
void nests_end(struct nests *nests, const struct cordon_container *container);
void nests_close(struct nests *nests, const struct cordon_container *container);

/* A program that asked is told why there is nothing; closes its socket. */
void nest_refuse(int fd, const struct error *why);

#endif
