/* SPDX-License-Identifier: Apache-2.0 */
/* Change the group of a file to our own (the owner may), or its owner as root. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    /* Setting the owner to what it is already needs the right and clears set-id bits. */
    decide(lchown(argument(argc, argv, 1), getuid(), getgid()), "chown");
}
