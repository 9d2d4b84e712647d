/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon run --ask`: the question that stands, on the person's own terminal. */
#ifndef CORDON_CLI_ASK_H
#define CORDON_CLI_ASK_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "cli/cli.h"

struct terminal;

struct asker {
    int tty;              /* the controlling terminal, -1 = nobody is asked */
    bool is_drawn;        /* a question stands there, `number`: the program's output and input wait */
    uint64_t number;
    uint64_t ready_ns;    /* keys count from then on */
    bool is_gone;         /* the terminal hung up: nobody answers any more */
    bool is_cut;          /* not all of it could be shown */
    const char *hour;     /* how long 'h' allows, as it was written; in ms: */
    uint64_t hour_ms;
    char key;             /* chosen, and not confirmed yet; 0 = none */
    unsigned escapes;     /* ^] in a row */
    bool is_escaped;      /* so many that all is to end */
};
#define ASKER_INIT ((struct asker){.tty = -1})

/* Is there somebody to ask, where the program can neither write nor read? Gives the program a terminal of its own where it needs one. */
int ask_prepare(struct asker *asker, struct cli *cli, struct cordon_error *err);

/* After each step of the container; 1 = something has changed, and the container and the relay have a next step. `terminal`: the program's relay, NULL = it has none of ours. */
int ask_step(struct asker *asker, struct cordon_container *container, struct terminal *terminal, struct cordon_error *err);

/* What to sleep on while a question stands instead of the relay: at most one, returned how many. */
int ask_poll(const struct asker *asker, struct pollfd *ret_fds);

/* The terminal as it was; the question is drawn again by the next step. */
void ask_leave(struct asker *asker);
void ask_close(struct asker *asker);

/* --ask, --ask-timeout, --ask-for */
extern const struct option option_ask, option_ask_timeout, option_ask_for;

#endif
