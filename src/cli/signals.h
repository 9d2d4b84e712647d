/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals to `cordon run` as a readable descriptor. Handlers, not a blocked mask: a mask would be
 * inherited by what is started, a handler is not.
 */
#ifndef CORDON_CLI_SIGNALS_H
#define CORDON_CLI_SIGNALS_H

#include "cordon/cordon.h"

/*
 * Readable once a signal has come that asks for the end (TERM, INT, HUP, QUIT), for a launch that is to be given up.
 * signals_next() of it says which; the other descriptor has it as well.
 */
int signals_end_fd(void);

/* Install; one that was ignored when Cordon was started stays so (nohup). The descriptor, or
 * negative errno. */
int signals_open(struct cordon_error *err);

/* The next one that has arrived, 0 = none. */
int signals_next(int fd);

#endif
