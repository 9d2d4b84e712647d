/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One system call that agents do not need and that enlarges the kernel's surface. Called so that it
 * does no harm when it is permitted. Argument: name.
 */
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/timex.h>

#include "attempt.h"

static long call_io_uring(void)
{
    char parameters[256] = {0};

    return syscall(SYS_io_uring_setup, 4, parameters);
}

static long call_userfaultfd(void)
{
    return syscall(SYS_userfaultfd, 1 /* UFFD_USER_MODE_ONLY */);
}

static long call_bpf(void)
{
    union bpf_attr map = {
        .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};

    return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof(map));
}

static long call_perf(void)
{
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE,
                                    .size = sizeof(event),
                                    .config = PERF_COUNT_SW_TASK_CLOCK,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1};

    return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0);
}

static long call_adjtime(void)
{
    struct timex now = {0};

    if (adjtimex(&now) < 0)
        return -1;
    now.modes = ADJ_TICK; /* the tick that it has already */
    return adjtimex(&now);
}

static long call_clock_settime(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return clock_settime(CLOCK_REALTIME, &now);
}

static long call_personality(void)
{
    return personality(ADDR_NO_RANDOMIZE);
}

static long call_sethostname(void)
{
    char name[256];

    return gethostname(name, sizeof(name)) < 0 ? -1 : sethostname(name, strlen(name));
}

static long call_syslog(void)
{
    char text[128];

    return syscall(SYS_syslog, 3 /* read all */, text, sizeof(text));
}

static long call_fanotify(void)
{
    return syscall(SYS_fanotify_init, 0, O_RDONLY);
}

static long call_quotactl(void)
{
    /* Q_SYNC of all file systems: what sync() does. */
    return syscall(SYS_quotactl, 0x80000100u, NULL, 0, NULL);
}

static long call_acct(void)
{
    /* Off is off already, or the call says that the file is not to be had. */
    long result = syscall(SYS_acct, "/nonexistent/cordon-escape");

    return result < 0 && errno == ENOENT ? 0 : result;
}

static long call_swapon(void)
{
    long result = syscall(SYS_swapon, "/nonexistent/cordon-escape", 0);

    return result < 0 && errno == ENOENT ? 0 : result;
}

static long call_module(void)
{
    long result = syscall(SYS_init_module, NULL, 0, "");

    return result < 0 && errno != EPERM && errno != ENOSYS ? 0 : result;
}

static long call_kexec(void)
{
    long result = syscall(SYS_kexec_load, 0, 1000000, NULL, 0);

    return result < 0 && errno == EINVAL ? 0 : result;
}

static long call_reboot(void)
{
    /* Without the magic numbers nothing happens but the check of the right. */
    long result = syscall(SYS_reboot, 0, 0, 0, NULL);

    return result < 0 && errno == EINVAL ? 0 : result;
}

static long call_ldt(void)
{
    struct {
        unsigned entry, base, limit, flags;
    } descriptor = {.entry = 0, .limit = 0xfffff, .flags = 0x51};

    return syscall(SYS_modify_ldt, 0x11, &descriptor, sizeof(descriptor));
}

static long call_kcmp(void)
{
    return syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0);
}

static long call_move_pages(void)
{
    return syscall(SYS_move_pages, 0, 0, NULL, NULL, NULL, 0);
}

#ifdef __x86_64__
static long call_iopl(void)
{
    return syscall(SYS_iopl, 3);
}

static long call_ioperm(void)
{
    return syscall(SYS_ioperm, 0x80, 1, 1); /* a port that only delays */
}
#endif

static long call_finit_module(void)
{
    long result = syscall(SYS_finit_module, -1, "", 0);

    return result < 0 && errno == EBADF ? 0 : result;
}

static long call_delete_module(void)
{
    long result = syscall(SYS_delete_module, "cordon_escape_none", O_NONBLOCK);

    return result < 0 && errno == ENOENT ? 0 : result;
}

static long call_settimeofday(void)
{
    struct timespec now;
    struct {
        long seconds, micros;
    } same;

    clock_gettime(CLOCK_REALTIME, &now);
    same.seconds = now.tv_sec;
    same.micros = now.tv_nsec / 1000;
    return syscall(SYS_settimeofday, &same, NULL);
}

/* Memory that process 1 would never see again. */
static long call_memfd_secret(void)
{
    return syscall(SYS_memfd_secret, 0);
}

static long call_set_mm(void)
{
    /* The name of the executable of this process, as others see it: EBADF comes after the check of
     * the right. */
    long result = syscall(SYS_prctl, 35 /* PR_SET_MM */, 13 /* PR_SET_MM_EXE_FILE */, -1, 0, 0);

    return result < 0 && errno == EBADF ? 0 : result;
}

static const struct {
    const char *name;
    long (*call)(void);
} calls[] = {
    {"io_uring_setup", call_io_uring},
    {"userfaultfd", call_userfaultfd},
    {"bpf", call_bpf},
    {"perf_event_open", call_perf},
    {"adjtimex", call_adjtime},
    {"clock_settime", call_clock_settime},
    {"personality", call_personality},
    {"sethostname", call_sethostname},
    {"syslog", call_syslog},
    {"fanotify_init", call_fanotify},
    {"quotactl", call_quotactl},
    {"acct", call_acct},
    {"swapon", call_swapon},
    {"init_module", call_module},
    {"kexec_load", call_kexec},
    {"reboot", call_reboot},
    {"modify_ldt", call_ldt},
    {"kcmp", call_kcmp},
    {"move_pages", call_move_pages},
#ifdef __x86_64__
    {"iopl", call_iopl},
    {"ioperm", call_ioperm},
#endif
    {"finit_module", call_finit_module},
    {"delete_module", call_delete_module},
    {"settimeofday", call_settimeofday},
    {"memfd_secret", call_memfd_secret},
    {"set_mm", call_set_mm},
};

int main(int argc, char **argv)
{
    const char *name = argument(argc, argv, 1);

    for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
        if (strcmp(calls[i].name, name) == 0)
            decide(calls[i].call(), name);
    errno = EINVAL;
    broken("no such call in the table");
}
