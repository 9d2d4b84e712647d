/* SPDX-License-Identifier: Apache-2.0 */
/* Make a socket. Arguments: family, type, protocol. */
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    decide(socket((int)number_argument(argc, argv, 1), (int)number_argument(argc, argv, 2),
                  (int)number_argument(argc, argv, 3)),
           "socket");
}
