/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the private /proc and /dev of a container show of the machine: process 1 makes them by these tables, and questions
 * about a plan are answered by them. Needs no C library.
 */
#ifndef CORDON_POLICY_SHOWN_H
#define CORDON_POLICY_SHOWN_H

/* Devices of the host in /dev. */
static const char *const shown_devices[] = {"null", "zero", "full", "random", "urandom", "tty"};

struct shown_masked {
    const char *path;
    int is_directory;
};

/* Entries of /proc that show the host's kernel or other users; absent ones need no mask. */
static const struct shown_masked shown_masked[] = {
    {"/proc/acpi", 1},        /* hardware state */
    {"/proc/asound", 1},      /* sound devices */
    {"/proc/scsi", 1},        /* disks; writable by root's uid */
    {"/proc/bus", 1},         /* raw PCI and USB configuration */
    {"/proc/fs", 1},          /* the host's file systems */
    {"/proc/irq", 1},         /* interrupt routing */
    {"/proc/driver", 1},      /* drivers' private files */
    {"/proc/pressure", 1},    /* the host's load */
    {"/proc/cmdline", 0},     /* boot parameters can hold secrets */
    {"/proc/config.gz", 0},   /* kernel configuration */
    {"/proc/consoles", 0},    /* consoles of the host */
    {"/proc/interrupts", 0},  /* keystroke timing */
    {"/proc/iomem", 0},       /* physical memory map, for root's uid */
    {"/proc/ioports", 0},     /* the same for ports */
    {"/proc/kallsyms", 0},    /* kernel addresses */
    {"/proc/kcore", 0},       /* kernel memory */
    {"/proc/key-users", 0},   /* keyrings of all users */
    {"/proc/keys", 0},        /* keyrings */
    {"/proc/kmsg", 0},        /* kernel log */
    {"/proc/kpagecgroup", 0}, /* physical pages, for root's uid */
    {"/proc/kpagecount", 0},  /* the same */
    {"/proc/kpageflags", 0},  /* the same */
    {"/proc/latency_stats", 0}, /* what other processes do */
    {"/proc/modules", 0},     /* modules and, for root's uid, their addresses */
    {"/proc/pagetypeinfo", 0}, /* physical memory, for root's uid */
    {"/proc/profile", 0},     /* where the kernel spends its time */
    {"/proc/sched_debug", 0}, /* all processes of the host */
    {"/proc/slabinfo", 0},    /* kernel heap, for exploits */
    {"/proc/sysrq-trigger", 0}, /* kill, reboot */
    {"/proc/timer_list", 0},  /* kernel addresses */
    {"/proc/vmallocinfo", 0}, /* kernel addresses */
};

#endif
