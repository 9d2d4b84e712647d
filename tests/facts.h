/* SPDX-License-Identifier: Apache-2.0 */
/* A machine that can do everything, for what is tested or measured without asking the one that it runs on. */
#ifndef CORDON_TESTS_FACTS_H
#define CORDON_TESTS_FACTS_H

#include <unistd.h>

#include "policy/facts.h"

static inline struct facts facts_made_up(void)
{
    return (struct facts){
        .kernel = "6.18.0",
        .kernel_major = 6,
        .kernel_minor = 18,
        .uid = geteuid(),
        .gid = getegid(),
        .is_root = geteuid() == 0,
        .can_drop_groups = true,
        .user_namespaces = true,
        .mount_api = true,
        .proc_mount = true,
        .landlock_abi = 7,
        .seccomp = true,
        .keeps_names = true,
        .keeps_sockets = true,
        .has_gateway = true,
        .has_inspector = true,
        .has_holder = true,
        .knows_programs = true,
        .keeps_budgets = true,
        .leads_icmp = true,
        .cgroup = CGROUP_V2,
        .cgroup_memory = true,
        .cgroup_pids = true,
        .cgroup_cpu = true,
        .cgroup_cpuacct = true,
        .has_rlimit_nproc_per_userns = true,
    };
}

#endif
