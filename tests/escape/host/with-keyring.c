/* SPDX-License-Identifier: Apache-2.0 */
/* Run a command with a secret in the session keyring. Arguments: marker, -- command. */
#include <linux/keyctl.h>
#include <sys/syscall.h>

#include "host.h"

int main(int argc, char **argv)
{
    char **command = command_after(argv);

    (void)argc;
    if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
        die("keyctl");
    if (syscall(SYS_add_key, "user", "cordon-escape", argv[1], strlen(argv[1]),
                KEY_SPEC_SESSION_KEYRING) < 0)
        die("add_key");
    execvp(command[0], command);
    die(command[0]);
}
