/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls of the thread that marks connections: Unix sockets, one option of a socket, nothing of an interface. What
 * else the capability for marks opens begins with a socket that is not one of those, or is named here.
 */
#ifndef CORDON_TIER_MARKS_FILTER_H
#define CORDON_TIER_MARKS_FILTER_H

#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>

#define AF_UNIX_FAMILY  1 /* <sys/socket.h> belongs to a C library */
#define AF_INET_FAMILY  2
#define AF_INET6_FAMILY 10
#define LEVEL_SOCKET    1
#define OPTION_MARK     36
#define SOCKET_IOCTLS   0x8900

#if defined(__x86_64__)
#define MARKS_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define MARKS_ARCHITECTURE AUDIT_ARCH_AARCH64 /* programs of 32 bits say AUDIT_ARCH_ARM */
#endif

/* On x86-64 the calls have a second number each from here on (x32), which says the same architecture. Elsewhere there are none. */
#define NUMBER_END 0x40000000u

#define STATEMENT(code, k) {(code), 0, 0, (k)}
#define LOAD(member) STATEMENT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define IS(value, yes, no) {BPF_JMP | BPF_JEQ | BPF_K, (yes), (no), (value)}
#define IS_FROM(value, yes, no) {BPF_JMP | BPF_JGE | BPF_K, (yes), (no), (value)}

static struct sock_filter marks_filter[] = {
    LOAD(arch),
    IS(MARKS_ARCHITECTURE, 0, 17),
    LOAD(nr),
    IS_FROM(NUMBER_END, 15, 0),
    IS(__NR_socket, 4, 0),
    IS(__NR_setsockopt, 5, 0),
    IS(__NR_ioctl, 8, 0),
    IS(__NR_bpf, 11, 0),
    IS(__NR_io_uring_setup, 10, 9),
    LOAD(args[0]), /* socket(): the family */
    IS(AF_UNIX_FAMILY, 7, 8),
    LOAD(args[1]), /* setsockopt() */
    IS(LEVEL_SOCKET, 0, 6),
    LOAD(args[2]),
    IS(OPTION_MARK, 3, 4),
    LOAD(args[1]), /* ioctl() */
    STATEMENT(BPF_ALU | BPF_AND | BPF_K, 0xff00),
    IS(SOCKET_IOCTLS, 1, 0),
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    STATEMENT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
};

#endif
