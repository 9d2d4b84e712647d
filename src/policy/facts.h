/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this kernel and this caller can do, as a plain value: filled by a tier's probe, read by
 * compile and explain, made up by tests.
 */
#ifndef CORDON_POLICY_FACTS_H
#define CORDON_POLICY_FACTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* ABI 1 forbids every rename between directories, so files are handled from ABI 2 on (decision 0003). */
#define LANDLOCK_ABI_FILES  2
#define LANDLOCK_ABI_SCOPES 6 /* signals and abstract sockets, Linux 6.12 */
#define LANDLOCK_ABI_RECORDS 7 /* audit records of refusals, Linux 6.15 */

enum cgroup_kind {
    CGROUP_NONE = 0, /* no hierarchy that this caller may use */
    CGROUP_V1 = 1,   /* root, v1 controllers */
    CGROUP_V2 = 2,   /* a delegated v2 subtree */
};

struct facts {
    /* What time it is, for rules that end: of the wall's clock, since 1970, and of the one that nobody sets (CLOCK_BOOTTIME). 0 = they all hold. */
    uint64_t now_real_ms, now_boot_ms;

    char kernel[65]; /* uname release */
    int kernel_major, kernel_minor;
    uid_t uid;
    gid_t gid;
    bool is_root;
    unsigned group_count; /* supplementary groups beside gid */
    bool can_drop_groups; /* root caller: CAP_SETGID in this namespace */

    bool user_namespaces;          /* a user namespace can be created and mapped */
    char user_namespaces_why[160]; /* when not: what forbids it and the command that mends it */
    bool mount_api;                /* open_tree, move_mount, mount_setattr (5.12) */
    bool proc_mount; /* a new procfs can be mounted in it (not inside a default Docker container) */
    char proc_mount_why[160];
    int landlock_abi; /* 0 = none */
    unsigned landlock_errata; /* bit N - 1: erratum N is mended in this kernel */
    bool seccomp;
    bool is_no_new_privs;
    bool has_core_socket; /* core dumps are sent to a socket of the host (6.16), which no limit of a process holds */
    bool keeps_names; /* the filter can hand calls to process 1 (5.14), which may read its arguments */
    bool keeps_sockets; /* the same for bind() and connect() */
    char keeps_names_why[160];

    /*
     * What of the way out this installation has: of the kernel by the tier's probe, of Cordon's own programs by who knows
     * where they are. What a policy needs and is false here is refused by name in one place (compile/workers.c).
     */
    unsigned user_port_min; /* ports below are root's (net.ipv4.ip_unprivileged_port_start); 0 = nobody asked */
    bool no_tproxy;      /* this kernel surely cannot lead connections to the gateway */
    char tproxy_why[160];
    bool has_gateway;    /* cordon-gateway is there */
    bool has_inspector;  /* cordon-inspector is: requests are judged, TLS is opened */
    bool is_inside;      /* a container inside another one: none is started for it */
    bool has_holder;     /* cordon-holder is: values of secrets are put in */
    bool knows_programs; /* connections are attributed to the program that makes them */
    bool keeps_budgets;  /* the gateway counts */
    bool leads_icmp;     /* the gateway sends echo requests on: the host lets this user send some */

    enum cgroup_kind cgroup;
    bool cgroup_memory, cgroup_pids, cgroup_cpu,
        cgroup_cpuacct; /* controllers usable for this caller */
    char cgroup_why[160];
    bool cgroup_is_bare;  /* a v2 hierarchy is there, without the controllers that limits need */
    bool is_in_cordon;    /* the kernel's first process here is Cordon's */
    bool is_in_container; /* Docker, Podman, Kubernetes: known marks */
    bool is_chrooted;     /* the root directory is not that of the mount namespace */
    bool has_systemd;     /* it runs this machine */
    bool is_wsl;
    bool has_windows_interop; /* the kernel starts Windows programs by an interpreter of the host's: on WSL, or registered */
    bool own_formats;         /* a user namespace can have its own table of program formats (binfmt_misc, 6.7) */
    bool is_apparmor_userns_restricted; /* kernel.apparmor_restrict_unprivileged_userns */
    bool has_rlimit_nproc_per_userns;   /* 5.14: RLIMIT_NPROC counts per user namespace */
};

#endif
