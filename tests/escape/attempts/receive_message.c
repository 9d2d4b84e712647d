/* SPDX-License-Identifier: Apache-2.0 */
/* Take a message out of the host's System V queue, or use its semaphore. Arguments: kind (queue or
 * semaphore), id. */
#include <sys/msg.h>
#include <sys/sem.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    int id = (int)number_argument(argc, argv, 2);
    struct {
        long type;
        char text[64];
    } message;

    if (strcmp(argument(argc, argv, 1), "queue") == 0)
        decide(msgrcv(id, &message, sizeof(message.text), 0, IPC_NOWAIT), "msgrcv");
    decide(semctl(id, 0, GETVAL), "semctl");
}
