/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal while a program has one of its own: raw, its bytes relayed both ways. */
#ifndef CORDON_CLI_TERMINAL_H
#define CORDON_CLI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cordon/cordon.h"

#define PUMP_BUFFER (64 * 1024)

/* ^] three times within a second: the caller wants out. */
#define ESCAPE_KEY       0x1d
#define ESCAPE_COUNT     3
#define ESCAPE_WINDOW_NS 1000000000

struct escape {
    unsigned count;                /* how many came one behind the other */
    uint64_t times[ESCAPE_COUNT];  /* when the last ones came */
    bool is_given;
};

/* One direction. */
struct pump {
    int from, to; /* from = -1: its end was reached */
    size_t at, held;
    size_t write_max;
    struct cordon_terminal *filter; /* what is read passes through it; NULL = as it is */
    const char *ready;              /* what is to be written next: of `buffer`, or the filter's */
    size_t ready_size;
    struct escape *escape; /* looked for in what is read, which is read ahead of what can be written; NULL = not */
    char buffer[PUMP_BUFFER];
};

struct terminal {
    struct pump in, out; /* to the program, to the caller */
    struct escape escape;
    struct cordon_terminal *filter; /* of what comes out */
    int out_fd;          /* the caller's terminal by a descriptor of our own; -1 = stdout itself */
};

/* Rows and columns of the caller's terminal; -ENOTTY when stdin is none. */
int terminal_size(unsigned short *ret_rows, unsigned short *ret_columns, struct cordon_error *err);

/* Raw mode on stdin; undone by terminal_restore(), at exit and when a fault ends the process. */
int terminal_raw(struct cordon_error *err);
void terminal_restore(void);

/* What the container's program writes is filtered. */
int terminal_open(struct terminal *terminal, const struct cordon_container *container,
                  struct cordon_error *err);
void terminal_close(struct terminal *terminal);

/*
 * The program is gone and what it wrote is shown: put the caller's terminal back as it was, and let
 * no answer to the program's questions become input of whatever reads there next.
 */
void terminal_end(struct terminal *terminal);

/* Add what is to be waited for; at most TERMINAL_POLL_MAX. */
#define TERMINAL_POLL_MAX 3
int terminal_poll(const struct terminal *terminal, struct pollfd *fds);

/* Move what can be moved now. */
/* Write what has begun to be written, and take nothing more. False: the terminal has no room for all of it yet. */
bool terminal_settle(struct terminal *terminal);

void terminal_step(struct terminal *terminal);

/* Did the caller ask for the end in the way that no program can take? The keys went to the program as all others. */
bool terminal_is_escaped(const struct terminal *terminal);

/* The program is gone: is all that it wrote shown? */
bool terminal_is_drained(const struct terminal *terminal);

#endif
