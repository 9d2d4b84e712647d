/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a process of the host is in, while it is there, by what it cannot change: its login uid, its cgroup. */
#ifndef CORDON_SENSOR_PROCESSES_H
#define CORDON_SENSOR_PROCESSES_H

#include "sensor/listeners.h"

/* `at_ms`: the time of the record that names it. One that began later has only got its number. 0 = in none; `*ret_is_gone`: nobody can tell any more. */
uint32_t processes_container(const struct listeners *listeners, uint32_t pid, uint64_t at_ms, bool *ret_is_gone);

#endif
