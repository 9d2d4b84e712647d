/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's terminal while a program has one of its own: raw, its bytes relayed both ways. */
#ifndef CORDON_CLI_TERMINAL_H
#define CORDON_CLI_TERMINAL_H

#include <poll.h>
#include <stdbool.h>

#include "cordon/cordon.h"

#define PUMP_BUFFER (64 * 1024)

/* One direction. */
struct pump {
    int from, to; /* from = -1: its end was reached */
    size_t at, held;
    size_t write_max;
    char buffer[PUMP_BUFFER];
};

struct terminal {
    struct pump in, out; /* to the program, to the caller */
    int out_fd;          /* the caller's terminal by a descriptor of our own; -1 = stdout itself */
};

/* Rows and columns of the caller's terminal; -ENOTTY when stdin is none. */
int terminal_size(unsigned short *ret_rows, unsigned short *ret_columns, struct cordon_error *err);

/* Raw mode on stdin; undone by terminal_restore(), at exit and when a fault ends the process. */
int terminal_raw(struct cordon_error *err);
void terminal_restore(void);

void terminal_open(struct terminal *terminal, int master);
void terminal_close(struct terminal *terminal);

/* Add what is to be waited for; at most 4. */
int terminal_poll(const struct terminal *terminal, struct pollfd *fds);

/* Move what can be moved now. */
void terminal_step(struct terminal *terminal);

/* The program is gone: is all that it wrote shown? */
bool terminal_is_drained(const struct terminal *terminal);

#endif
