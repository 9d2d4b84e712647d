/* SPDX-License-Identifier: Apache-2.0 */
/* Run without no_new_privs. */
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
        succeeded("no_new_privs is off");
    if (prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0)
        succeeded("no_new_privs was switched off");
    refused_because("no_new_privs is on");
}
