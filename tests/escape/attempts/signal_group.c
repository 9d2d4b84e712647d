/* SPDX-License-Identifier: Apache-2.0 */
/* Signal our own process group, in which the caller's other programs are without a container. */
#include <signal.h>

#include "attempt.h"

int main(void)
{
    signal(SIGTERM, SIG_IGN);
    decide(kill(0, SIGTERM), "kill of the process group");
}
