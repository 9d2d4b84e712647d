/* SPDX-License-Identifier: Apache-2.0 */
/* Open the host's POSIX message queue and send to it. Argument: name. */
#include <mqueue.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    mqd_t queue = mq_open(argument(argc, argv, 1), O_WRONLY | O_NONBLOCK);

    if (queue < 0)
        refused("mq_open");
    decide(mq_send(queue, "escaped", 7, 0), "mq_send");
}
