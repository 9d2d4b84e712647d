/* SPDX-License-Identifier: Apache-2.0 */
/* What the launcher's two processes keep of root's rights, each with its reason, and the first one's list of system calls. */
#ifndef CORDON_LAUNCHER_RIGHTS_H
#define CORDON_LAUNCHER_RIGHTS_H

#include <stdbool.h>

#include "base/error.h"

enum rights_of { RIGHTS_FRONT = 1 << 0, RIGHTS_HAND = 1 << 1 };

struct right {
    int capability;
    unsigned of; /* enum rights_of */
    const char *why;
};

/* Ends with a NULL reason. */
extern const struct right rights_table[];

/* Is this process's own login uid set already? Then another can be given only by CAP_AUDIT_CONTROL, and not at all where the kernel forbids it. */
bool rights_has_login(void);

/* Its capabilities, the bounding set, too. What is missing of them is told. */
int rights_limit(enum rights_of of, struct error *err) must_check;

/* The first process, for good: no_new_privs and its list of system calls. */
int rights_confine(struct error *err) must_check;

/* The list, for tests. *ret_count of at most RIGHTS_FILTER_MAX instructions. */
#define RIGHTS_FILTER_MAX 192
struct sock_filter;
void rights_filter(struct sock_filter *ret_program, unsigned *ret_count);

#endif
