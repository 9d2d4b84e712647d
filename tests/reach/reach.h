/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the measure share: how each says what it reached. */
#ifndef CORDON_REACH_H
#define CORDON_REACH_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* One thing of a class was tried; a line is printed when the kernel's own code was reached. */
void reach_note(const char *class, const char *name, bool is_reached);

/* The call in a process of its own, which may end by it or wait in it: 0 or more, a negative errno,
 * or REACH_ENDED when the process did not come back. */
#define REACH_ENDED (-100000)
long reach_call(long number, const long arguments[6]);

/* Neither the filter nor a check of rights at the entry refused it. */
bool reach_is_open(long result);

void reach_calls(void);
void reach_commands(void);
void reach_sockets(void);
void reach_files(void);
void reach_networks(void);

#endif
