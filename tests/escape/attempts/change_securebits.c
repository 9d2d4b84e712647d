/* SPDX-License-Identifier: Apache-2.0 */
/* Have securebits that are not locked: root's exec would give capabilities back. */
#include <linux/securebits.h>
#include <sys/prctl.h>

#include "attempt.h"

int main(void)
{
    int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
    int wanted = SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                 SECBIT_NO_SETUID_FIXUP_LOCKED;

    if (bits < 0)
        broken("PR_GET_SECUREBITS");
    if ((bits & wanted) == wanted)
        refused_because("locked securebits");
    succeeded("securebits are not locked");
}
