/* SPDX-License-Identifier: Apache-2.0 */
/* Find the caller's key in a keyring and read it. Arguments: keyring (-3 session, -4 user, -5 user
 * session), marker. */
#include <linux/keyctl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    long keyring = number_argument(argc, argv, 1), key;
    char text[256] = "";

    key = syscall(SYS_keyctl, KEYCTL_SEARCH, keyring, "user", "cordon-escape", 0);
    if (key < 0)
        refused("keyctl");
    if (syscall(SYS_keyctl, KEYCTL_READ, key, text, sizeof(text) - 1) < 0)
        refused("keyctl read");
    if (strstr(text, argument(argc, argv, 2)))
        succeeded("the caller's key was read");
    refused_because("another key");
}
