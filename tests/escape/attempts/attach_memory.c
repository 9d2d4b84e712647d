/* SPDX-License-Identifier: Apache-2.0 */
/* Attach the host's System V shared memory and write to it. Argument: id. */
#include <sys/shm.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    char *memory = shmat((int)number_argument(argc, argv, 1), NULL, 0);

    if (memory == (char *)-1)
        refused("shmat");
    strcpy(memory, "escaped");
    succeeded("shmat");
}
