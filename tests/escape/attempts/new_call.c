/* SPDX-License-Identifier: Apache-2.0 */
/* Make every call from a number on: one that answers otherwise than with ENOSYS exists. Argument: the first number. */
#include "attempt.h"

#define LAST 1500

int main(int argc, char **argv)
{
    char text[64];

    for (long number = number_argument(argc, argv, 1); number < LAST; number++) {
        errno = 0;
        if (syscall(number, -1L, -1L, -1L, -1L, -1L, -1L) >= 0 || errno != ENOSYS) {
            snprintf(text, sizeof(text), "system call %ld", number);
            succeeded(text);
        }
    }
    errno = ENOSYS;
    refused("system calls of a newer kernel");
}
