/* SPDX-License-Identifier: Apache-2.0 */
/* A home and a workspace of a test's own, and `cordon` run in it. */
#ifndef CORDON_TESTS_SDK_SANDBOX_H
#define CORDON_TESTS_SDK_SANDBOX_H

#include <stddef.h>
#include <sys/types.h>

/* HOME and all XDG directories below a new directory; the working directory is <it>/work. Skips the
 * test where nothing can be contained. */
const char *sandbox_open(void);
void sandbox_close(void);

/* Result of a command. */
struct ran {
    int status; /* exit status, 128 + signal */
    char out[65536], err[65536];
};

/* Run a program (argv[0] is its path) with stdin from /dev/null, to its end. */
void sandbox_run(struct ran *ran, const char *const *argv);

#define RUN(ran, ...) sandbox_run((ran), (const char *const[]){__VA_ARGS__, NULL})

/* Wait for a child: its exit status, or 1000 and the signal that ended it. */
int sandbox_finish(pid_t pid);

#endif
