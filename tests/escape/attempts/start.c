/* SPDX-License-Identifier: Apache-2.0 */
/* Start at all: succeeds by running, and leaves a file that says so. Argument: file, optional. */
#include "attempt.h"

int main(int argc, char **argv)
{
    if (argc > 1)
        close(open(argv[1], O_WRONLY | O_CREAT, 0644));
    succeeded("the program was started");
}
