/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files of cordon-nester (nester.c). */
#ifndef CORDON_SDK_NEST_NESTER_H
#define CORDON_SDK_NEST_NESTER_H

#include "sdk/container.h"
#include "sdk/nest/around.h"
#include "sdk/nest/wire.h"

enum { FD_AROUND, FD_USER, FD_MOUNTS, FD_PROGRAM, FD_LIFELINE };

struct nester_of {
    struct cordon_container *container;
    struct cordon_request *request, *blank;
    struct around around;
    char *bytes; /* of it */
    size_t size;
    int fds[NEST_FDS_MAX]; /* of NEST_HELLO */
    size_t fd_count;
    int user, mounts;  /* namespaces of the new container */
    uint32_t wants;    /* enum nest_wants */
    int life[2];       /* the read end goes to nesters of containers inside, and ends with this process */
    bool is_inside;      /* it has gone into the container around */
    size_t first, outer; /* layer of the request, first one of the containers around */
};

/* To whoever started the outermost container. */
int nester_tell_starter(const struct nester_of *n, enum nest_type type, unsigned number, const int *fds, size_t count) must_check;
/* Who hears the record of the container; NULL = nobody. */
const struct event_recorder *nester_recorder(const struct nester_of *n);
/* ---- outside.c: before it goes in ---- */
int nester_begin_outside(struct nester_of *n, struct error *err) must_check;

#endif
