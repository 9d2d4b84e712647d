/* SPDX-License-Identifier: Apache-2.0 */
/* Make or ask for a key. Argument: call (add_key, request_key, join, persistent). */
#include <linux/keyctl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *call = argument(argc, argv, 1);

    if (strcmp(call, "add_key") == 0)
        decide(syscall(SYS_add_key, "user", "cordon-escape-new", "x", 1, KEY_SPEC_PROCESS_KEYRING),
               "add_key");
    if (strcmp(call, "join") == 0)
        decide(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL), "keyctl join");
    if (strcmp(call, "persistent") == 0)
        decide(syscall(SYS_keyctl, KEYCTL_GET_PERSISTENT, -1, KEY_SPEC_PROCESS_KEYRING),
               "keyctl persistent");
    /* Without a key of that name the kernel would ask a program of the host to make one. */
    if (syscall(SYS_request_key, "user", "cordon-escape-none", NULL, 0) < 0 && errno != ENOKEY)
        refused("request_key");
    succeeded("request_key");
}
