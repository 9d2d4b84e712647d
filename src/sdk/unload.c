/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In the shared library only: a program that unloads it keeps no child that nobody would reap any more. The program
 * `cordon` ends instead: leave.c.
 */
#include "base/compiler.h"
#include "tier/tier.h"

__attribute__((destructor)) static void unload(void)
{
    tiers_leave();
}
