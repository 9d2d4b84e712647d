/* SPDX-License-Identifier: Apache-2.0 */
/* Is the machine's daemon there (cordond --system), and what does it lack? */
#ifndef CORDON_SDK_MACHINE_H
#define CORDON_SDK_MACHINE_H

#include "policy/facts.h"

#define MACHINE_CONTROL "/run/cordon/control.sock"
#define MACHINE_SYSUSERS "/usr/lib/sysusers.d/cordon.conf"

struct machine_daemon {
    bool is_there;
    char why[256]; /* else: what is missing first, */
    char mend[256]; /* and the command that mends it; "" = none does */
};

/* As whom its parts run; ends with NULL. */
extern const char *const machine_users[];

/* `control`: where it would listen; `users`: who have to be there. It is connected to, and nothing is asked. */
void machine_daemon_look(const char *control, const char *const *users, const struct facts *facts, struct machine_daemon *ret_daemon);

#endif
