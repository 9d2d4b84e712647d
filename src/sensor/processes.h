/* SPDX-License-Identifier: Apache-2.0 */
/* Which container a process of the host is in, while it is there, by what it cannot change: its login uid, its cgroup. */
#ifndef CORDON_SENSOR_PROCESSES_H
#define CORDON_SENSOR_PROCESSES_H

#include "sensor/listeners.h"

/* `at_ms`: the time of the record that names it. One that began later has only got its number. 0 = in none; `*ret_is_gone`: nobody can tell any more. */
uint32_t processes_container(const struct listeners *listeners, uint32_t pid, uint64_t at_ms, bool *ret_is_gone);

/* The control group that the launcher made for the keeper `pid`: the one above its own, "keeper". False: it has none, or is gone. */
bool processes_keeper_group(uint32_t pid, char ret_group[SENSOR_CGROUP_SIZE]);
/* Is it in this group or below, with this login uid (SENSOR_NO_UID = whichever)? */
bool processes_is_within(uint32_t pid, const char *group, uint32_t login_uid);

#endif
