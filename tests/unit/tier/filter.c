/* SPDX-License-Identifier: Apache-2.0 */
/* The system call filter, judged by running the emitted program in a small interpreter of the kernel's BPF subset. */
#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/compiler.h"
#include "base/kernel/syscalls.h"
#include "test.h"
#include "tier/process/filter.h"
#include "tier/process/process.h"

#ifdef __x86_64__
#define NATIVE AUDIT_ARCH_X86_64
#define FOREIGN AUDIT_ARCH_I386
#else
#define NATIVE AUDIT_ARCH_AARCH64
#define FOREIGN AUDIT_ARCH_ARM
#endif

static struct sock_filter program[FILTER_LENGTH_MAX];
static size_t length;
static int steps;

static void build(const struct plan_filter *plan)
{
    struct error err = ERROR_INIT;

    check_int(filter_emit(plan, FILTER_SILENT, program, &length, &err), 0);
}

static uint32_t run4(uint32_t arch, uint32_t number, uint64_t first, uint64_t second, uint64_t third, uint64_t fourth)
{
    struct seccomp_data data = {.nr = (int)number, .arch = arch, .args = {first, second, third, fourth}};
    uint32_t accumulator = 0;

    steps = 0;
    for (size_t at = 0; at < length; at++) {
        const struct sock_filter *op = &program[at];
        bool is_true = false;

        steps++;
        switch (op->code) {
        case BPF_LD | BPF_W | BPF_ABS:
            memcpy(&accumulator, (char *)&data + op->k, sizeof(accumulator));
            continue;
        case BPF_RET | BPF_K:
            return op->k;
        case BPF_ALU | BPF_AND | BPF_K:
            accumulator &= op->k;
            continue;
        case BPF_JMP | BPF_JA:
            at += op->k;
            continue;
        case BPF_JMP | BPF_JEQ | BPF_K:
            is_true = accumulator == op->k;
            break;
        case BPF_JMP | BPF_JGE | BPF_K:
            is_true = accumulator >= op->k;
            break;
        case BPF_JMP | BPF_JGT | BPF_K:
            is_true = accumulator > op->k;
            break;
        case BPF_JMP | BPF_JSET | BPF_K:
            is_true = accumulator & op->k;
            break;
        default:
            test_fail(__FILE__, __LINE__, "instruction %zu has unknown code %x", at, op->code);
        }
        at += is_true ? op->jt : op->jf;
    }
    test_fail(__FILE__, __LINE__, "the program runs off its end");
}

static uint32_t run(uint32_t arch, uint32_t number, uint64_t first, uint64_t second, uint64_t third)
{
    return run4(arch, number, first, second, third, 0);
}

static uint32_t refusal(int number)
{
    return SECCOMP_RET_ERRNO | (uint32_t)number;
}

static const struct plan_filter ordinary = {.allows_inet = true};
static const struct plan_filter nested = {.allows_inet = true, .allows_namespaces = true, .keeps_names = true};

TEST(the_program_says_what_the_table_says_for_every_number)
{
    size_t count;
    const struct filter_row *rows = filter_rows(&count);

    build(&ordinary);
    for (size_t i = 0; i < count; i++) {
        uint32_t action = run(NATIVE, (uint32_t)rows[i].number, 0, 0, 0);

        if (rows[i].verdict == FILTER_ALLOW)
            check_int(action, SECCOMP_RET_ALLOW);
        if (rows[i].verdict == FILTER_EPERM)
            check_int(action, refusal(EPERM));
        if (rows[i].verdict == FILTER_ENOSYS)
            check_int(action, refusal(ENOSYS));
    }
}

#define LISTED_MAX 512

/* The kernel's own list, by number; NULL where it has none. Returns one more than the highest. */
static int kernel_list_read(const char *names[LISTED_MAX])
{
    static char text[1 << 16];
    char *at = text;
    int end = 0;
    FILE *file = fopen(CORDON_TEST_KERNEL_CALLS, "re");

    check(file != NULL);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    for (char *line; (line = strsep(&at, "\n")) != NULL;) {
        char *name;
        long number = strtol(line, &name, 10);

        if (*line == '#' || *line == '\0')
            continue;
        check(*name == ' ' && number >= 0 && number < LISTED_MAX && !names[number]);
        names[number] = name + 1;
        if (number >= end)
            end = (int)number + 1;
    }
    return end;
}

static bool has_row(int number)
{
    size_t count;
    const struct filter_row *rows = filter_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (rows[i].number == number)
            return true;
    return false;
}

#ifdef __x86_64__
TEST(every_call_of_the_kernels_list_has_a_row_and_its_name_here)
{
    const char *names[LISTED_MAX] = {NULL};
    int end = kernel_list_read(names);

    check(end > 470);
    for (int number = 0; number < end; number++) {
        if (!names[number])
            continue;
        if (!has_row(number))
            test_fail(__FILE__, __LINE__, "system call %d, %s, has no row", number, names[number]);
        check_string(kernel_syscall_name(number), names[number]);
        check_int(kernel_syscall_number(names[number]), number);
    }
}

TEST(no_row_is_for_a_number_that_the_kernels_list_does_not_have)
{
    const char *names[LISTED_MAX] = {NULL};
    size_t count;
    const struct filter_row *rows = filter_rows(&count);

    kernel_list_read(names);
    for (size_t i = 0; i < count; i++)
        if (rows[i].number >= LISTED_MAX || !names[rows[i].number])
            test_fail(__FILE__, __LINE__, "the row of number %d is for no call of the list", rows[i].number);
}

/* Also one that this machine's newer headers name. */
TEST(a_number_that_is_not_in_the_kernels_list_is_refused)
{
    const char *names[LISTED_MAX] = {NULL};

    kernel_list_read(names);
    build(&ordinary);
    for (uint32_t number = 0; number < 2000; number++)
        if (number >= LISTED_MAX || !names[number])
            check_int(run(NATIVE, number, 0, 0, 0), refusal(ENOSYS));
    check_int(run(NATIVE, 0xffffffff, 0, 0, 0), refusal(ENOSYS));
}
#endif

TEST(no_row_appears_twice_and_each_has_a_reason)
{
    size_t count;
    const struct filter_row *rows = filter_rows(&count);

    for (size_t i = 0; i < count; i++) {
        check(rows[i].reason && *rows[i].reason);
        for (size_t j = i + 1; j < count; j++)
            check(rows[i].number != rows[j].number);
    }
}

TEST(entries_of_another_architecture_are_refused_for_every_number)
{
    build(&ordinary);
    for (uint32_t number = 0; number < 1024; number++) {
        check_int(run(FOREIGN, number, 0, 0, 0), refusal(ENOSYS));
#ifdef __x86_64__
        check_int(run(NATIVE, 0x40000000u | number, 0, 0, 0), refusal(ENOSYS));
#endif
    }
    check_int(run(NATIVE, __NR_read, 0, 0, 0), SECCOMP_RET_ALLOW);
}

TEST(only_four_socket_families_pass)
{
    build(&ordinary);
    for (uint32_t family = 0; family < 64; family++) {
        bool is_open = family == AF_UNIX || family == AF_INET || family == AF_INET6 || family == AF_NETLINK;

        check_int(run(NATIVE, __NR_socket, family, SOCK_STREAM, 0),
                  is_open ? (int)SECCOMP_RET_ALLOW : (int)refusal(EAFNOSUPPORT));
    }
    check_int(run(NATIVE, __NR_socket, AF_INET, SOCK_STREAM, 262 /* MPTCP */), refusal(EPROTONOSUPPORT));
    check_int(run(NATIVE, __NR_socket, AF_INET6, SOCK_STREAM, 6), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socket, AF_NETLINK, SOCK_RAW, 6 /* XFRM */), refusal(EAFNOSUPPORT));
    check_int(run(NATIVE, __NR_socketpair, AF_UNIX, SOCK_STREAM, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socketpair, 30 /* TIPC */, SOCK_STREAM, 0), refusal(EAFNOSUPPORT));
}

TEST(of_the_inet_types_only_stream_and_datagram_pass)
{
    static const uint32_t families[] = {AF_INET, AF_INET6};

    build(&ordinary);
    for (size_t i = 0; i < ARRAY_COUNT(families); i++)
        for (uint32_t type = 0; type < 16; type++) {
            uint32_t expected = type == SOCK_STREAM || type == SOCK_DGRAM ? SECCOMP_RET_ALLOW
                                : type == SOCK_RAW                        ? refusal(EPERM)
                                                                          : refusal(ESOCKTNOSUPPORT);

            check_int(run(NATIVE, __NR_socket, families[i], type, 0), expected);
            check_int(run(NATIVE, __NR_socket, families[i], type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), expected);
            check_int(run(NATIVE, __NR_socket, families[i], 0xdeadbeefull << 32 | type, 0), expected);
        }
    check_int(run(NATIVE, __NR_socket, AF_INET, SOCK_DGRAM, 1 /* ICMP: ping */), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socket, AF_INET, SOCK_SEQPACKET, 132 /* SCTP */), refusal(ESOCKTNOSUPPORT));
    check_int(run(NATIVE, __NR_socket, AF_UNIX, SOCK_SEQPACKET, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socket, AF_NETLINK, SOCK_RAW, 0), SECCOMP_RET_ALLOW);
}

TEST(high_bits_of_an_int_argument_change_nothing)
{
    uint64_t high = 0xdeadbeefull << 32;

    build(&ordinary);
    check_int(run(NATIVE, __NR_ioctl, 0, TIOCSTI, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 0, high | TIOCSTI, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 0, high | TIOCLINUX, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 0, TIOCGWINSZ, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socket, high | 40 /* VSOCK */, SOCK_STREAM, 0), refusal(EAFNOSUPPORT));
    check_int(run(NATIVE, __NR_socket, high | AF_UNIX, SOCK_STREAM, 0), SECCOMP_RET_ALLOW);
}

TEST(without_network_the_inet_families_are_refused)
{
    struct plan_filter none = {.allows_inet = false};

    build(&none);
    check_int(run(NATIVE, __NR_socket, AF_INET, SOCK_STREAM, 0), refusal(EAFNOSUPPORT));
    check_int(run(NATIVE, __NR_socket, AF_INET6, SOCK_DGRAM, 0), refusal(EAFNOSUPPORT));
    check_int(run(NATIVE, __NR_socket, AF_UNIX, SOCK_STREAM, 0), SECCOMP_RET_ALLOW);
}

TEST(new_namespaces_are_refused_unless_nested)
{
    static const uint32_t flags[] = {CLONE_NEWUSER, CLONE_NEWNS,   CLONE_NEWPID,    CLONE_NEWNET,
                                     CLONE_NEWIPC,  CLONE_NEWUTS,  CLONE_NEWCGROUP};

    build(&ordinary);
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        check_int(run(NATIVE, __NR_clone, flags[i] | SIGCHLD, 0, 0), refusal(EPERM));
        check_int(run(NATIVE, __NR_unshare, flags[i], 0, 0), refusal(EPERM));
    }
    check_int(run(NATIVE, __NR_unshare, CLONE_NEWTIME, 0, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_unshare, CLONE_FILES, 0, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_clone, CLONE_VM | CLONE_THREAD | SIGCHLD, 0, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_clone3, 0, 0, 0), refusal(ENOSYS));
    build(&nested);
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        check_int(run(NATIVE, __NR_clone, flags[i] | SIGCHLD, 0, 0), SECCOMP_RET_ALLOW);
        check_int(run(NATIVE, __NR_unshare, flags[i], 0, 0), SECCOMP_RET_ALLOW);
    }
    check_int(run(NATIVE, __NR_unshare, CLONE_NEWUSER | CLONE_NEWTIME, 0, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_clone3, 0, 0, 0), refusal(ENOSYS));
    check_int(run(NATIVE, __NR_setns, 3, CLONE_NEWNS, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_bpf, 0, 0, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_keyctl, 0, 0, 0), refusal(ENOSYS));
    check_int(run(NATIVE, __NR_fsopen, 0, 0, 0), refusal(ENOSYS));
}

static uint32_t run_mount(uint64_t flags)
{
    return run4(NATIVE, __NR_mount, 0, 0, 0, flags);
}

TEST(nested_only_the_keeper_mounts_new_file_systems)
{
    build(&ordinary);
    check_int(run_mount(MS_BIND), refusal(EPERM));
    build(&nested);
    check_int(run_mount(MS_BIND | MS_REC), SECCOMP_RET_ALLOW);
    check_int(run_mount(MS_BIND | MS_REMOUNT | MS_RDONLY), SECCOMP_RET_ALLOW);
    check_int(run_mount(MS_MOVE), SECCOMP_RET_ALLOW);
    check_int(run_mount(MS_REC | MS_PRIVATE), SECCOMP_RET_ALLOW);
    check_int(run_mount(MS_SLAVE), SECCOMP_RET_ALLOW);
    check_int(run_mount(0), SECCOMP_RET_USER_NOTIF);
    check_int(run_mount(MS_NOSUID | MS_NODEV | MS_REC), SECCOMP_RET_USER_NOTIF);
    check_int(run_mount(1ull << 32 | MS_RDONLY), SECCOMP_RET_USER_NOTIF);
    /* the old magic number has the bits of a change of propagation, which the kernel takes away */
    check_int(run_mount(MS_MGC_VAL), SECCOMP_RET_USER_NOTIF);
    check_int(run_mount(MS_MGC_VAL | MS_NOSUID), SECCOMP_RET_USER_NOTIF);
    check_int(run_mount(MS_MGC_VAL | MS_BIND), SECCOMP_RET_ALLOW);
}

TEST(nested_the_packet_filter_is_out_of_reach)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_setsockopt, 3, 0, 64), SECCOMP_RET_ALLOW); /* nobody has the capability */
    build(&nested);
    check_int(run(NATIVE, __NR_setsockopt, 3, SOL_SOCKET, SO_REUSEADDR), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_setsockopt, 3, 6 /* TCP */, 1), SECCOMP_RET_ALLOW);
    for (unsigned level = 0; level <= 41; level += 41) { /* IP, IPv6 */
        check_int(run(NATIVE, __NR_setsockopt, 3, level, 26), SECCOMP_RET_ALLOW);
        check_int(run(NATIVE, __NR_setsockopt, 3, level, 63), SECCOMP_RET_ALLOW);
        check_int(run(NATIVE, __NR_setsockopt, 3, level, 64), refusal(ENOPROTOOPT));
        check_int(run(NATIVE, __NR_getsockopt, 3, level, 65), refusal(ENOPROTOOPT));
        check_int(run(NATIVE, __NR_setsockopt, 3, level, 128), refusal(ENOPROTOOPT));
        check_int(run(NATIVE, __NR_setsockopt, 3, level, 0xffffffff), refusal(ENOPROTOOPT));
    }
    check_int(run(NATIVE, __NR_setsockopt, 3, 41, 67 /* IPV6_TCLASS */), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_setsockopt, 3, 0, 96 /* ARPT_SO_SET_REPLACE */), refusal(ENOPROTOOPT));
    check_int(run(NATIVE, __NR_ioctl, 3, SIOCSIFFLAGS, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_ioctl, 3, 0x8980, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, 0x89a0 /* SIOCBRADDBR */, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, 0x89f1 /* SIOCADDTUNNEL */, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, 0x8a00, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_ioctl, 3, TIOCSTI, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, FIONREAD, 0), SECCOMP_RET_ALLOW);
}

TEST(a_denied_call_that_programs_fall_back_from_stays_one)
{
    const char *deny[] = {"clone3", "io_uring_setup"};
    struct plan_filter filter = {.deny = deny, .deny_count = 2};

    check_int(filter_verdict_of(&filter, __NR_clone3), FILTER_ENOSYS);
    check_int(filter_verdict_of(&filter, __NR_io_uring_setup), FILTER_ENOSYS);
}

TEST(the_document_denies_and_allows_by_name_and_deny_wins)
{
    const char *deny[] = {"ptrace", "fallocate"}, *allow[] = {"personality", "fallocate"};
    struct plan_filter filter = {.deny = deny, .deny_count = 2, .allow = allow, .allow_count = 2};

    build(&filter);
    check_int(run(NATIVE, __NR_ptrace, 0, 0, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_fallocate, 0, 0, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_personality, 0x40000, 0, 0), SECCOMP_RET_ALLOW);
    build(&ordinary);
    check_int(run(NATIVE, __NR_personality, 0x40000, 0, 0), refusal(EPERM));
}

TEST(an_unknown_name_is_refused_before_anything_is_emitted)
{
    const char *deny[] = {"no_such_call"};
    struct plan_filter filter = {.deny = deny, .deny_count = 1};
    struct error err = ERROR_INIT;

    check_int(filter_emit(&filter, FILTER_SILENT, program, &length, &err), -EINVAL);
    check_contains(err.text, "no_such_call");
}

TEST(no_verdict_is_further_than_the_balanced_tree_allows)
{
    build(&ordinary);
    for (uint32_t number = 0; number < 500; number++) {
        run(NATIVE, number, 0, 0, 0);
        check(steps < 48);
    }
}

TEST(a_set_user_id_bit_is_refused_wherever_a_mode_can_be_given)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_fchmod, 3, 04755, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmod, 3, 0755, 04000), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fchmodat, 3, 0, 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmodat2, 3, 0, 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_mknodat, 3, 0, S_IFREG | 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_openat2, 3, 0, 0), refusal(ENOSYS));
#ifdef __x86_64__
    check_int(run(NATIVE, __NR_open, 0, O_CREAT | O_WRONLY, 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_open, 0, O_TMPFILE | O_WRONLY, 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_open, 0, O_CREAT | O_WRONLY, 0755), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_open, 0, O_DIRECTORY, 04755), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_creat, 0, 04755, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_chmod, 0, 04755, 0), refusal(EPERM));
#endif
}

/* Group execution or not: an access control list could add it afterwards. */
TEST(a_set_group_id_bit_is_refused_wherever_a_mode_can_be_given_and_the_sticky_bit_is_not)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_fchmod, 3, 02755, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmod, 3, 02644, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmod, 3, 01777, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fchmodat, 3, 0, 02755), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmodat2, 3, 0, 02755), refusal(EPERM));
    check_int(run(NATIVE, __NR_mknodat, 3, 0, S_IFREG | 02755), refusal(EPERM));
#ifdef __x86_64__
    check_int(run(NATIVE, __NR_open, 0, O_CREAT | O_WRONLY, 02755), refusal(EPERM));
    check_int(run(NATIVE, __NR_open, 0, O_TMPFILE | O_WRONLY, 02755), refusal(EPERM));
    check_int(run(NATIVE, __NR_creat, 0, 02755, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_chmod, 0, 02755, 0), refusal(EPERM));
#endif
}

/* Of a directory the bit makes no program; the keeper sees which it is. */
TEST(where_names_are_kept_the_keeper_judges_a_set_group_id_bit_of_what_is_there)
{
    struct plan_filter kept = ordinary;

    kept.keeps_names = true;
    build(&kept);
    check_int(run(NATIVE, __NR_fchmod, 3, 02755, 0), SECCOMP_RET_USER_NOTIF);
    check_int(run(NATIVE, __NR_fchmodat, 3, 0, 02755), SECCOMP_RET_USER_NOTIF);
    check_int(run(NATIVE, __NR_fchmodat2, 3, 0, 02755), SECCOMP_RET_USER_NOTIF);
    check_int(run(NATIVE, __NR_fchmod, 3, 06755, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_fchmodat, 3, 0, 04755), refusal(EPERM));
    check_int(run(NATIVE, __NR_mknodat, 3, 0, S_IFREG | 02755), refusal(EPERM));
    check_int(run(NATIVE, __NR_openat, 3, 0, O_CREAT | O_WRONLY), SECCOMP_RET_USER_NOTIF);
}

TEST(a_lease_is_refused_and_what_else_fcntl_does_is_not)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_fcntl, 3, F_SETLEASE, F_WRLCK), refusal(EINVAL));
    check_int(run(NATIVE, __NR_fcntl, 3, F_SETLEASE, F_RDLCK), refusal(EINVAL));
    check_int(run(NATIVE, __NR_fcntl, 3, 0xdeadbeefull << 32 | F_SETLEASE, F_RDLCK), refusal(EINVAL));
    check_int(run(NATIVE, __NR_fcntl, 3, 1040 /* F_SETDELEG */, 4096), refusal(EINVAL));
    check_int(run(NATIVE, __NR_fcntl, 3, F_GETLEASE, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fcntl, 3, F_SETLKW, 4096), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fcntl, 3, F_OFD_SETLK, 4096), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fcntl, 3, F_NOTIFY, DN_CREATE), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_fcntl, 3, F_ADD_SEALS, F_SEAL_SEAL), SECCOMP_RET_ALLOW);
}

TEST(a_core_limit_cannot_be_moved_and_other_limits_can)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_setrlimit, RLIMIT_CORE, 1, 0), SECCOMP_RET_ERRNO);
    check_int(run(NATIVE, __NR_setrlimit, RLIMIT_NOFILE, 1, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_prlimit64, 0, RLIMIT_CORE, 4096), SECCOMP_RET_ERRNO);
    check_int(run(NATIVE, __NR_prlimit64, 0, RLIMIT_CORE, 1ull << 32), SECCOMP_RET_ERRNO);
    check_int(run(NATIVE, __NR_prlimit64, 0, RLIMIT_CORE, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_prlimit64, 0, RLIMIT_NOFILE, 4096), SECCOMP_RET_ALLOW);
}

TEST(a_btrfs_snapshot_is_refused_and_cloning_a_file_is_not)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_ioctl, 3, 0x50009401 /* BTRFS_IOC_SNAP_CREATE */, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, 0x50009417 /* BTRFS_IOC_SNAP_CREATE_V2 */, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioctl, 3, FICLONE, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_ioctl, 3, FIDEDUPERANGE, 0), SECCOMP_RET_ALLOW);
}

TEST(process_1_cannot_be_starved_and_others_can_be_scheduled)
{
    build(&ordinary);
    check_int(run(NATIVE, __NR_prlimit64, 1, RLIMIT_NOFILE, 4096), refusal(EPERM));
    check_int(run(NATIVE, __NR_prlimit64, 1, RLIMIT_NOFILE, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_sched_setscheduler, 1, 5, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_sched_setaffinity, 1, 8, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_sched_setaffinity, 0, 8, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_setpriority, PRIO_PROCESS, 1, 19), refusal(EPERM));
    check_int(run(NATIVE, __NR_setpriority, PRIO_USER, 0, 19), refusal(EPERM));
    check_int(run(NATIVE, __NR_setpriority, PRIO_PROCESS, 0, 19), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_ioprio_set, 1, 1, 0), refusal(EPERM));
    check_int(run(NATIVE, __NR_ioprio_set, 1, 0, 0), SECCOMP_RET_ALLOW);
}

/* And nothing but them: the call is a keeper's errand. */
TEST(what_could_send_a_unix_datagram_comes_from_the_keeper)
{
    struct plan_filter sockets = {.allows_inet = true, .keeps_sockets = true};
    struct plan_filter names = {.allows_inet = true, .keeps_names = true};
    static const int calls[] = {__NR_socket, __NR_socketpair};

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++)
        for (uint32_t type = 0; type < 16; type++) {
            uint32_t expected = type == SOCK_DGRAM || type == SOCK_RAW ? SECCOMP_RET_USER_NOTIF : SECCOMP_RET_ALLOW;

            sockets.sends_datagrams = false;
            build(&sockets);
            check_int(run(NATIVE, calls[i], AF_UNIX, type, 0), expected);
            check_int(run(NATIVE, calls[i], 0xdeadbeefull << 32 | AF_UNIX, 0xdeadbeefull << 32 | SOCK_CLOEXEC | type, 0), expected);
            sockets.sends_datagrams = true;
            build(&sockets);
            check_int(run(NATIVE, calls[i], AF_UNIX, type, 0), SECCOMP_RET_ALLOW);
            build(&ordinary);
            check_int(run(NATIVE, calls[i], AF_UNIX, type, 0), SECCOMP_RET_ALLOW);
            build(&names); /* there is no directory of the host to find one in */
            check_int(run(NATIVE, calls[i], AF_UNIX, type, 0), SECCOMP_RET_ALLOW);
        }
    sockets.sends_datagrams = false;
    build(&sockets);
    check_int(run(NATIVE, __NR_socket, AF_INET, SOCK_DGRAM, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_socketpair, AF_INET, SOCK_DGRAM, 0), refusal(EAFNOSUPPORT));
}

TEST(a_program_that_asks_to_be_traced_is_seen_by_the_keeper)
{
    struct plan_filter sockets = {.allows_inet = true, .keeps_sockets = true};

    build(&sockets);
    check_int(run(NATIVE, __NR_ptrace, 0 /* PTRACE_TRACEME */, 0, 0), SECCOMP_RET_USER_NOTIF);
    check_int(run(NATIVE, __NR_ptrace, 16 /* PTRACE_ATTACH */, 0, 0), SECCOMP_RET_ALLOW);
    build(&ordinary);
    check_int(run(NATIVE, __NR_ptrace, 0, 0, 0), SECCOMP_RET_ALLOW);
}

TEST(attributes_can_be_set_where_only_sockets_are_kept)
{
    struct plan_filter sockets = {.allows_inet = true, .keeps_sockets = true};
    struct plan_filter names = {.allows_inet = true, .keeps_names = true};

    build(&sockets);
    check_int(run(NATIVE, __NR_setxattr, 0, 0, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_removexattrat, 0, 0, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_landlock_create_ruleset, 0, 0, 0), refusal(EOPNOTSUPP));
    build(&names);
    check_int(run(NATIVE, __NR_setxattr, 0, 0, 0), refusal(EOPNOTSUPP));
    check_int(run(NATIVE, __NR_file_setattr, 0, 0, 0), refusal(EOPNOTSUPP));
    build(&ordinary);
    check_int(run(NATIVE, __NR_setxattr, 0, 0, 0), SECCOMP_RET_ALLOW);
    check_int(run(NATIVE, __NR_landlock_create_ruleset, 0, 0, 0), SECCOMP_RET_ALLOW);
}

/* Every number, with arguments that other rows refuse or let through. */
static void compare_words(const struct plan_filter *plan)
{
    static const uint64_t arguments[] = {0, 1, 2, 3, 0x10000000 /* CLONE_NEWUSER */, 04755, TIOCSTI, AF_INET, ~0ull};
    unsigned refused = 0, allowed = 0;

    build(plan);
    for (int number = 0; number < 600; number++) {
        struct plan_call call;

        process_judge_call(plan, number, &call);
        for (size_t i = 0; i < ARRAY_COUNT(arguments); i++) {
            uint64_t x = arguments[i];
            uint32_t action = run4(NATIVE, (uint32_t)number, x, x, x, x);
            bool is_refused = (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && (action & SECCOMP_RET_DATA);

            if (call.judgement == JUDGED_REFUSED && (!is_refused || (int)(action & SECCOMP_RET_DATA) != call.errnum))
                test_fail(__FILE__, __LINE__, "%d is said to be refused with %d, and is answered %x", number, call.errnum, action);
            if (call.judgement == JUDGED_ALLOWED && is_refused)
                test_fail(__FILE__, __LINE__, "%d is said to be allowed, and is answered %x", number, action);
        }
        refused += call.judgement == JUDGED_REFUSED;
        allowed += call.judgement == JUDGED_ALLOWED;
    }
    check(refused > 100 && allowed > 100);
}

TEST(what_is_said_of_a_call_is_what_the_filter_answers)
{
    const char *deny[] = {"ptrace", "io_uring_setup"}, *allow[] = {"kcmp"};
    struct plan_filter plans[] = {
        {0},
        {.keeps_names = true, .allows_inet = true},
        {.keeps_sockets = true},
        {.keeps_names = true, .allows_namespaces = true},
        {.is_in_place = true},
        {.is_in_place = true, .allows_inet = true},
        {.deny = deny, .deny_count = 2, .allow = allow, .allow_count = 1},
    };

    for (size_t i = 0; i < ARRAY_COUNT(plans); i++)
        compare_words(&plans[i]);
}
