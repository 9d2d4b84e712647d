/* SPDX-License-Identifier: Apache-2.0 */
/* A list of system calls being written: what is on it is allowed, what is not ends the process, or fails. */
#ifndef CORDON_WORKER_FILTER_H
#define CORDON_WORKER_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define FILTER_MAX         256
#define FILTER_NUMBER      offsetof(struct seccomp_data, nr)
#define FILTER_ARGUMENT(n) (offsetof(struct seccomp_data, args) + (n) * 8) /* the low half: all of them are int */

struct filter {
    struct sock_filter *code; /* of FILTER_MAX */
    unsigned count;
    unsigned otherwise; /* SECCOMP_RET_*: what becomes of what is on no list; 0 = it ends the process */
};

void filter_add(struct filter *filter, unsigned short code, unsigned value, unsigned char yes, unsigned char no);
void filter_load(struct filter *filter, size_t offset);
void filter_verdict(struct filter *filter, unsigned value);

/* Of this machine's own kind of calls; their number is loaded then. */
void filter_begin(struct filter *filter);
/* Each of the following wants the number loaded, and leaves it so for the calls that it does not decide. */
void filter_rows(struct filter *filter, const int *numbers, size_t count, unsigned verdict);
/* Calls that every program here makes: memory, time, its end. */
void filter_common(struct filter *filter);
/* Memory, but none that can be executed. */
void filter_memory(struct filter *filter);
/* fcntl() without F_SETOWN and F_SETSIG: where Landlock has no scope of signals, they send any to whatever runs as this user. */
void filter_fcntl(struct filter *filter);
/* socketpair(AF_UNIX, ...): leads nowhere but to whom one end is given. */
void filter_pairs(struct filter *filter);
/* socket() of IPv4 and IPv6; another one is an error. */
void filter_internet(struct filter *filter);
/* Threads of this process, and no process. */
void filter_threads(struct filter *filter);
void filter_end(struct filter *filter);

#endif
