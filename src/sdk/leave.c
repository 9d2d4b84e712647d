/* SPDX-License-Identifier: Apache-2.0 */
/* In the program `cordon` only: where nobody else would, it reaps what it started before it ends. */
#include "base/compiler.h"
#include "base/retire.h"

__attribute__((destructor)) static void leave(void)
{
    retire_leave();
}
