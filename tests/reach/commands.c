/* SPDX-License-Identifier: Apache-2.0 */
/* Sub-commands of the calls that are many calls in one: ioctl, prctl, fcntl, bpf, keyctl, seccomp,
 * ptrace, perf. */
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <sys/socket.h>

#include "reach.h"

#define RANGE(class, number, first, last, before)                                                  \
    {                                                                                              \
        class, number, first, last, before                                                         \
    }

/* Calls whose argument `before` selects, tried for a range of selectors. */
static const struct {
    const char *class;
    long number, first, last;
    int before; /* arguments in front of the selector */
} ranges[] = {
    RANGE("prctl", SYS_prctl, 1, 80, 0),
    RANGE("bpf", SYS_bpf, 0, 40, 0),
    RANGE("keyctl", SYS_keyctl, 0, 33, 0),
    RANGE("seccomp", SYS_seccomp, 0, 4, 0),
    RANGE("arch_prctl", SYS_arch_prctl, 0x1001, 0x1024, 0),
    RANGE("ptrace", SYS_ptrace, 0, 31, 0),
    RANGE("ptrace", SYS_ptrace, 0x4200, 0x4212, 0),
};

static void try_range(size_t which)
{
    for (long selector = ranges[which].first; selector <= ranges[which].last; selector++) {
        long arguments[6] = {selector, -1, -1, -1, -1, -1};
        char name[32];

        snprintf(name, sizeof(name), "%#lx", selector);
        reach_note(ranges[which].class, name,
                   reach_is_open(reach_call(ranges[which].number, arguments)));
    }
}

/* An object says ENOTTY to a command that it does not know. FIFREEZE is left out: it has no
 * argument that could be bad. */
static bool takes_command(int fd, unsigned command)
{
    const long arguments[6] = {fd, (long)command, -1, 0, 0, 0};
    long result = reach_call(SYS_ioctl, arguments);

    return reach_is_open(result) && result != -ENOTTY && result != -EOPNOTSUPP;
}

static void try_ioctls(const char *class, int fd, unsigned first, unsigned last)
{
    for (unsigned command = first; fd >= 0 && command <= last; command++) {
        char name[32];

        snprintf(name, sizeof(name), "%#x", command);
        reach_note(class, name, takes_command(fd, command));
    }
}

static const struct {
    const char *name;
    unsigned long command;
} file_commands[] = {
    {"FS_IOC_GETFLAGS", FS_IOC_GETFLAGS},
    {"FS_IOC_SETFLAGS", FS_IOC_SETFLAGS},
    {"FS_IOC_GETVERSION", FS_IOC_GETVERSION},
    {"FS_IOC_SETVERSION", FS_IOC_SETVERSION},
    {"FS_IOC_FSGETXATTR", FS_IOC_FSGETXATTR},
    {"FS_IOC_FSSETXATTR", FS_IOC_FSSETXATTR},
    {"FS_IOC_GETFSLABEL", FS_IOC_GETFSLABEL},
    {"FS_IOC_SETFSLABEL", FS_IOC_SETFSLABEL},
    {"FS_IOC_FIEMAP", FS_IOC_FIEMAP},
    {"FIBMAP", FIBMAP},
    {"FIGETBSZ", FIGETBSZ},
    {"FITRIM", FITRIM},
    {"FICLONE", FICLONE},
    {"FICLONERANGE", FICLONERANGE},
    {"FIDEDUPERANGE", FIDEDUPERANGE},
    {"FS_IOC_GETFSUUID", 0x80111500},
    {"FS_IOC_SET_ENCRYPTION_POLICY", 0x800c6613},
    {"FS_IOC_ADD_ENCRYPTION_KEY", 0xc0506617},
    {"FS_IOC_ENABLE_VERITY", 0x40806685},
    {"FIOQSIZE", 0x5460},
    {"FIONREAD", 0x541b},
    {"EXT4_IOC_MOVE_EXT", 0xc028660f},
    {"EXT4_IOC_RESIZE_FS", 0x40086610},
    {"EXT4_IOC_GROUP_ADD", 0x40286608},
    {"BTRFS_IOC_SNAP_CREATE", 0x50009401},
    {"BTRFS_IOC_TREE_SEARCH", 0xd0009411},
};

static void try_file_commands(const char *class, int fd)
{
    for (size_t i = 0; i < sizeof(file_commands) / sizeof(*file_commands); i++)
        reach_note(class, file_commands[i].name,
                   takes_command(fd, (unsigned)file_commands[i].command));
}

/* Harmless on a file of our own; what is not known to the kernel gives EINVAL. */
static const struct {
    const char *name;
    int command;
    long argument;
} descriptor_commands[] = {
    {"F_DUPFD", 0, 0},
    {"F_GETFD", 1, 0},
    {"F_SETFD", 2, 0},
    {"F_GETFL", 3, 0},
    {"F_SETFL", 4, 0},
    {"F_GETLK", 5, -1},
    {"F_SETLK", 6, -1},
    {"F_SETOWN", 8, 0},
    {"F_GETOWN", 9, 0},
    {"F_SETSIG", 10, 0},
    {"F_GETSIG", 11, 0},
    {"F_SETOWN_EX", 15, -1},
    {"F_OFD_SETLK", 37, -1},
    {"F_SETLEASE", 1024, 0},
    {"F_GETLEASE", 1025, 0},
    {"F_NOTIFY", 1026, 0},
    {"F_DUPFD_QUERY", 1027, 0},
    {"F_CREATED_QUERY", 1028, 0},
    {"F_SETPIPE_SZ", 1031, 4096},
    {"F_ADD_SEALS", 1033, 0},
    {"F_GET_RW_HINT", 1035, -1},
    {"F_SET_RW_HINT", 1036, -1},
    {"F_GETDELEG", 1039, -1},
    {"F_SETDELEG", 1040, -1},
};

static void try_descriptor_commands(int fd)
{
    for (size_t i = 0; i < sizeof(descriptor_commands) / sizeof(*descriptor_commands); i++) {
        const long arguments[6] = {
            fd, descriptor_commands[i].command, descriptor_commands[i].argument, 0, 0, 0};
        long result = reach_call(SYS_fcntl, arguments);

        reach_note("fcntl", descriptor_commands[i].name,
                   reach_is_open(result) && result != -EINVAL);
    }
}

static void try_perf(void)
{
    for (unsigned type = 0; type < 8; type++) {
        /* type, size, then a sampling period that no event has */
        unsigned event[32] = {type, sizeof(event)};
        const long arguments[6] = {(long)event, 0, -1, -1, 0, 0};
        char name[16];

        snprintf(name, sizeof(name), "%u", type);
        long result = reach_call(SYS_perf_event_open, arguments);

        reach_note("perf", name, reach_is_open(result) && result != -EACCES);
    }
}

void reach_commands(void)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY), slave = -1, unlock = 0;
    int file = open("reach.tmp", O_RDWR | O_CREAT | O_TRUNC, 0600),
        directory = open(".", O_RDONLY | O_DIRECTORY);
    int internet = socket(AF_INET, SOCK_DGRAM, 0), local = socket(AF_UNIX, SOCK_DGRAM, 0);

    for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++)
        try_range(i);
    if (terminal >= 0 && ioctl(terminal, TIOCSPTLCK, &unlock) == 0)
        slave = ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY);
    try_ioctls("ioctl-terminal", slave, 0x5400, 0x5490);
    try_file_commands("ioctl-file", file);
    try_file_commands("ioctl-directory", directory);
    try_ioctls("ioctl-internet", internet, 0x8900, 0x89ff);
    try_ioctls("ioctl-local", local, 0x8900, 0x89ff);
    try_descriptor_commands(file);
    try_perf();
    unlink("reach.tmp");
}
