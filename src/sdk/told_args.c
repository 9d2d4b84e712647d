/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/told_args.h"

#include <fcntl.h>
#include <inttypes.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>

#include "base/kernel/syscalls.h"
#include "base/memory.h"

struct word {
    uint64_t value;
    const char *name;
};

#define WORD(name) {(uint64_t)(unsigned)(name), #name}
#define END        {0, NULL}

static const struct word open_flags[] = {
    WORD(O_WRONLY), WORD(O_RDWR), WORD(O_CREAT), WORD(O_EXCL), WORD(O_TRUNC), WORD(O_APPEND), WORD(O_NONBLOCK),
    WORD(O_NOFOLLOW), WORD(O_CLOEXEC), END,
};

static const struct word clone_flags[] = {
    WORD(CLONE_NEWUSER), WORD(CLONE_NEWNS), WORD(CLONE_NEWPID), WORD(CLONE_NEWNET), WORD(CLONE_NEWIPC), WORD(CLONE_NEWUTS),
    WORD(CLONE_NEWCGROUP), WORD(CLONE_NEWTIME), END,
};

static const struct word mount_flags[] = {
    {1, "MS_RDONLY"}, {2, "MS_NOSUID"}, {4, "MS_NODEV"}, {8, "MS_NOEXEC"}, {32, "MS_REMOUNT"}, {4096, "MS_BIND"}, {8192, "MS_MOVE"},
    {16384, "MS_REC"}, {1 << 17, "MS_UNBINDABLE"}, {1 << 18, "MS_PRIVATE"}, {1 << 19, "MS_SLAVE"}, {1 << 20, "MS_SHARED"}, END,
};

static const struct word unlink_flags[] = {WORD(AT_REMOVEDIR), END};
static const struct word rename_flags[] = {{1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}, END};
static const struct word at_flags[] = {WORD(AT_SYMLINK_NOFOLLOW), WORD(AT_SYMLINK_FOLLOW), WORD(AT_EMPTY_PATH), END};

static const struct word requests[] = {
    WORD(TIOCSTI), {0x541c, "TIOCLINUX"}, WORD(TIOCCONS), WORD(TIOCSETD), WORD(FS_IOC_SETFLAGS), WORD(FS_IOC_FSSETXATTR), END,
};

static const struct word options[] = {WORD(PR_SET_MM), WORD(PR_SET_SECUREBITS), WORD(PR_SET_PTRACER), END};

static const struct word families[] = {
    {AF_UNIX, "AF_UNIX"}, WORD(AF_INET), WORD(AF_INET6), WORD(AF_NETLINK), WORD(AF_PACKET), WORD(AF_ALG), WORD(AF_VSOCK),
    WORD(AF_BLUETOOTH), WORD(AF_CAN), WORD(AF_XDP), WORD(AF_TIPC), WORD(AF_RDS), WORD(AF_KEY), END,
};

static const struct word types[] = {
    WORD(SOCK_STREAM), WORD(SOCK_DGRAM), WORD(SOCK_RAW), WORD(SOCK_SEQPACKET), WORD(SOCK_PACKET), END,
};

static const struct word traces[] = {
    WORD(PTRACE_TRACEME), WORD(PTRACE_ATTACH), WORD(PTRACE_SEIZE), WORD(PTRACE_PEEKDATA), WORD(PTRACE_POKEDATA), END,
};

static const struct word commands[] = {{1024, "F_SETLEASE"}, {1040, "F_SETDELEG"}, END};
static const struct word personas[] = {WORD(ADDR_NO_RANDOMIZE), WORD(READ_IMPLIES_EXEC), WORD(MMAP_PAGE_ZERO), END};
static const struct word resources[] = {{0, "RLIMIT_CPU"}, {4, "RLIMIT_CORE"}, {6, "RLIMIT_NPROC"}, {7, "RLIMIT_NOFILE"}, END};

static const struct word signals[] = {
    WORD(SIGHUP), WORD(SIGINT), WORD(SIGQUIT), WORD(SIGABRT), WORD(SIGKILL), WORD(SIGUSR1), WORD(SIGSEGV), WORD(SIGUSR2), WORD(SIGTERM),
    WORD(SIGCHLD), WORD(SIGCONT), WORD(SIGSTOP), WORD(SIGTSTP), END,
};

enum how {
    HOW_NONE = 0,
    HOW_FLAGS,  /* those of the words that are set, and the rest as a number */
    HOW_ONE,    /* one of the words, or the number */
    HOW_TYPE,   /* the same without what is set above it */
    HOW_OCTAL,
    HOW_NUMBER,
    HOW_HEX,
};

struct part {
    int index;
    const char *label;
    enum how how;
    const struct word *words;
};

static const struct row {
    int number;
    struct part parts[3];
} rows[] = {
    {__NR_openat, {{2, "flags", HOW_FLAGS, open_flags}, {3, "mode", HOW_OCTAL, NULL}}},
    {__NR_mknodat, {{2, "mode", HOW_OCTAL, NULL}}},
    {__NR_mkdirat, {{2, "mode", HOW_OCTAL, NULL}}},
    {__NR_fchmod, {{1, "mode", HOW_OCTAL, NULL}}},
    {__NR_fchmodat, {{2, "mode", HOW_OCTAL, NULL}}},
    {__NR_fchmodat2, {{2, "mode", HOW_OCTAL, NULL}, {3, "flags", HOW_FLAGS, at_flags}}},
    {__NR_unlinkat, {{2, "flags", HOW_FLAGS, unlink_flags}}},
    {__NR_renameat2, {{4, "flags", HOW_FLAGS, rename_flags}}},
    {__NR_linkat, {{4, "flags", HOW_FLAGS, at_flags}}},
    {__NR_fchownat, {{2, "uid", HOW_NUMBER, NULL}, {3, "gid", HOW_NUMBER, NULL}, {4, "flags", HOW_FLAGS, at_flags}}},
    {__NR_truncate, {{1, "length", HOW_NUMBER, NULL}}},
    {__NR_clone, {{0, "flags", HOW_FLAGS, clone_flags}}},
    {__NR_unshare, {{0, "flags", HOW_FLAGS, clone_flags}}},
    {__NR_setns, {{1, "type", HOW_FLAGS, clone_flags}}},
    {__NR_mount, {{3, "flags", HOW_FLAGS, mount_flags}}},
    {__NR_umount2, {{1, "flags", HOW_HEX, NULL}}},
    {__NR_ioctl, {{0, "fd", HOW_NUMBER, NULL}, {1, "request", HOW_ONE, requests}}},
    {__NR_prctl, {{0, "option", HOW_ONE, options}, {1, "argument", HOW_NUMBER, NULL}}},
    {__NR_socket, {{0, "family", HOW_ONE, families}, {1, "type", HOW_TYPE, types}, {2, "protocol", HOW_NUMBER, NULL}}},
    {__NR_socketpair, {{0, "family", HOW_ONE, families}, {1, "type", HOW_TYPE, types}}},
    {__NR_ptrace, {{0, "request", HOW_ONE, traces}, {1, "pid", HOW_NUMBER, NULL}}},
    {__NR_process_vm_readv, {{0, "pid", HOW_NUMBER, NULL}}},
    {__NR_process_vm_writev, {{0, "pid", HOW_NUMBER, NULL}}},
    {__NR_kcmp, {{0, "pid", HOW_NUMBER, NULL}, {1, "pid", HOW_NUMBER, NULL}}},
    {__NR_kill, {{0, "pid", HOW_NUMBER, NULL}, {1, "signal", HOW_ONE, signals}}},
    {__NR_tkill, {{0, "tid", HOW_NUMBER, NULL}, {1, "signal", HOW_ONE, signals}}},
    {__NR_tgkill, {{0, "pid", HOW_NUMBER, NULL}, {1, "tid", HOW_NUMBER, NULL}, {2, "signal", HOW_ONE, signals}}},
    {__NR_rt_sigqueueinfo, {{0, "pid", HOW_NUMBER, NULL}, {1, "signal", HOW_ONE, signals}}},
    {__NR_rt_tgsigqueueinfo, {{0, "pid", HOW_NUMBER, NULL}, {1, "tid", HOW_NUMBER, NULL}, {2, "signal", HOW_ONE, signals}}},
    {__NR_fcntl, {{0, "fd", HOW_NUMBER, NULL}, {1, "command", HOW_ONE, commands}}},
    {__NR_personality, {{0, "persona", HOW_FLAGS, personas}}},
    {__NR_prlimit64, {{0, "pid", HOW_NUMBER, NULL}, {1, "resource", HOW_ONE, resources}}},
    {__NR_bpf, {{0, "command", HOW_NUMBER, NULL}}},
    {__NR_keyctl, {{0, "operation", HOW_NUMBER, NULL}}},
    {__NR_setpriority, {{0, "which", HOW_NUMBER, NULL}, {1, "who", HOW_NUMBER, NULL}}},
    {__NR_connect, {{0, "fd", HOW_NUMBER, NULL}}},
    {__NR_bind, {{0, "fd", HOW_NUMBER, NULL}}},
#ifdef __x86_64__
    {__NR_open, {{1, "flags", HOW_FLAGS, open_flags}, {2, "mode", HOW_OCTAL, NULL}}},
    {__NR_creat, {{1, "mode", HOW_OCTAL, NULL}}},
    {__NR_mkdir, {{1, "mode", HOW_OCTAL, NULL}}},
    {__NR_mknod, {{1, "mode", HOW_OCTAL, NULL}}},
    {__NR_chmod, {{1, "mode", HOW_OCTAL, NULL}}},
    {__NR_chown, {{1, "uid", HOW_NUMBER, NULL}, {2, "gid", HOW_NUMBER, NULL}}},
    {__NR_lchown, {{1, "uid", HOW_NUMBER, NULL}, {2, "gid", HOW_NUMBER, NULL}}},
#endif
};

static void add_flags(struct text *out, uint64_t value, const struct word *words)
{
    const char *between = "";

    for (; words->name; words++) {
        if (!words->value || (value & words->value) != words->value)
            continue;
        text_printf(out, "%s%s", between, words->name);
        value &= ~words->value;
        between = "|";
    }
    if (value || !*between)
        text_printf(out, "%s0x%" PRIx64, between, value);
}

static void add_one(struct text *out, uint64_t value, const struct word *words)
{
    for (; words->name; words++)
        if (words->value == value) {
            text_add(out, words->name);
            return;
        }
    text_printf(out, value < 4096 ? "%" PRIu64 : "0x%" PRIx64, value);
}

static void add_part(struct text *out, const struct part *part, uint64_t value)
{
    uint32_t low = (uint32_t)value;

    text_printf(out, "%s%s=", out->length ? " " : "", part->label);
    switch (part->how) {
    case HOW_FLAGS:
        add_flags(out, low, part->words);
        break;
    case HOW_ONE:
        add_one(out, low, part->words);
        break;
    case HOW_TYPE:
        add_one(out, low & 0xf, part->words);
        break;
    case HOW_OCTAL:
        text_printf(out, "0%o", low & 07777);
        break;
    case HOW_HEX:
        text_printf(out, "0x%x", low);
        break;
    case HOW_NUMBER:
    case HOW_NONE:
        text_printf(out, "%" PRId64, (int64_t)(int32_t)low);
        break;
    }
}

/* A mode counts only where a file is made. */
static bool is_meant(int call, const struct part *part, const uint64_t args[6])
{
    if (call == __NR_openat && part->how == HOW_OCTAL)
        return args[2] & O_CREAT;
#ifdef __x86_64__
    if (call == __NR_open && part->how == HOW_OCTAL)
        return args[1] & O_CREAT;
#endif
    return true;
}

void told_args(struct text *out, int call, const uint64_t args[6])
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        for (size_t j = 0; rows[i].number == call && j < ARRAY_COUNT(rows[i].parts) && rows[i].parts[j].label; j++)
            if (is_meant(call, &rows[i].parts[j], args))
                add_part(out, &rows[i].parts[j], args[rows[i].parts[j].index]);
}
