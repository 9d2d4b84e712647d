/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From verdicts to a BPF program. The kernel runs the program once for each system call number to build its bitmap of
 * calls that are always allowed, so what counts at load time is the length of the path to a verdict: neighbouring
 * numbers with one verdict become a range, ranges become a balanced tree.
 */
#include "tier/process/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>

#include "base/kernel/syscalls.h"
#include "tier/process/emitter.h"
#include "tier/process/record.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#define X32_BIT 0x40000000u
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#define NUMBERS_MAX 1024
#define KERNEL_F_SETDELEG 1040u /* since 6.19: a lease that directories have too */
#define NAMESPACE_FLAGS                                                                          \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |   \
     CLONE_NEWCGROUP | CLONE_NEWTIME)
/* clone() keeps its exit signal in the low byte, where CLONE_NEWTIME lies; clone() cannot make a time namespace. */
#define CLONE_NAMESPACE_FLAGS (NAMESPACE_FLAGS & ~0xffu)

struct range {
    unsigned first; /* the next range's first ends it */
    enum filter_verdict verdict;
    bool is_told;
    bool is_clone; /* FILTER_NAMESPACES for clone() */
    enum filter_watch watch;
};

static void emit_namespaces(struct emitter *emitter, uint32_t flags)
{
    emit_load_argument(emitter, 0);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, flags, 0, 1);
    emit_return(emitter, RETURN_ERRNO(EPERM));
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

/*
 * A snapshot of a btrfs subvolume is made by its owner without privilege and shows what mounts cover. Of btrfs (type
 * 0x94) only cloning stays, which other file systems have too.
 */
static void emit_btrfs(struct emitter *emitter)
{
    emit_if_equal(emitter, FICLONE, SECCOMP_RET_ALLOW);
    emit_if_equal(emitter, FICLONERANGE, SECCOMP_RET_ALLOW);
    emit_if_equal(emitter, FIDEDUPERANGE, SECCOMP_RET_ALLOW);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, 0xff00, 0, 0);
    emit_if_equal(emitter, 0x9400, RETURN_ERRNO(EPERM));
    emit_if_equal(emitter, 0xbc00, RETURN_ERRNO(EPERM)); /* bcachefs has the same */
}

/*
 * A directory that its owner makes case-insensitive (chattr +F) would give every kept name a second spelling. Flags lie in
 * memory, so none is set where names are kept.
 */
static void emit_flags(struct emitter *emitter)
{
    if (!emitter->plan->keeps_names)
        return;
    emit_if_equal(emitter, FS_IOC_SETFLAGS, RETURN_ERRNO(EOPNOTSUPP));
    emit_if_equal(emitter, FS_IOC32_SETFLAGS, RETURN_ERRNO(EOPNOTSUPP));
}

static void emit_ioctl(struct emitter *emitter)
{
    emit_load_argument(emitter, 1);
    emit_nested_ioctl(emitter);
    emit_if_equal(emitter, TIOCSTI, RETURN_ERRNO(EPERM));
    emit_if_equal(emitter, TIOCLINUX, RETURN_ERRNO(EPERM));
    emit_if_equal(emitter, TIOCCONS, RETURN_ERRNO(EPERM));
    emit_if_equal(emitter, TIOCSETD, RETURN_ERRNO(EPERM));
    emit_flags(emitter);
    emit_btrfs(emitter);
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

static void emit_personality(struct emitter *emitter)
{
    emit_load_argument(emitter, 0);
    emit_if_equal(emitter, 0, SECCOMP_RET_ALLOW);
    emit_if_equal(emitter, 0xffffffffu, SECCOMP_RET_ALLOW);
    emit_return(emitter, RETURN_ERRNO(EPERM));
}

/* EINVAL is what a file system without leases answers. */
static void emit_fcntl(struct emitter *emitter)
{
    emit_load_argument(emitter, 1);
    emit_if_equal(emitter, F_SETLEASE, RETURN_ERRNO(EINVAL));
    emit_if_equal(emitter, KERNEL_F_SETDELEG, RETURN_ERRNO(EINVAL));
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

/* What is about an open descriptor names nothing: programs do it for each file. */
static void emit_watch(struct emitter *emitter, enum filter_watch watch)
{
    emitter->is_watched = false;
    if (watch == FILTER_WATCH_FLAGS_2 || watch == FILTER_WATCH_FLAGS_3) {
        emit_load_argument(emitter, watch == FILTER_WATCH_FLAGS_2 ? 2 : 3);
        emit(emitter, BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 0, 1);
        emit_return(emitter, SECCOMP_RET_ALLOW);
    }
    if (watch == FILTER_WATCH_EXECUTE) {
        emit_load_argument(emitter, 3);
        emit_if_equal(emitter, FILTER_START, SECCOMP_RET_ALLOW);
    }
    emitter->is_watched = watch != FILTER_UNWATCHED;
}

static void emit_verdict(struct emitter *emitter, const struct range *range)
{
    emit_watch(emitter, range->watch);
    emitter->is_told = emitter->tells && range->is_told;
    if (emitter->plan->is_in_place && emit_in_place(emitter, range->verdict))
        return;
    if (emitter->plan->allows_namespaces && emit_nested(emitter, range->verdict))
        return;
    if (emit_kept(emitter, range->verdict) || emit_about_processes(emitter, range->verdict) ||
        emit_about_sockets(emitter, range->verdict))
        return;
    switch (range->verdict) {
    case FILTER_ALLOW:
        emit_return(emitter, SECCOMP_RET_ALLOW);
        break;
    case FILTER_EPERM:
        emit_return(emitter, RETURN_ERRNO(EPERM));
        break;
    case FILTER_NAMESPACES:
        emit_namespaces(emitter, range->is_clone ? CLONE_NAMESPACE_FLAGS : NAMESPACE_FLAGS);
        break;
    case FILTER_IOCTL:
        emit_ioctl(emitter);
        break;
    case FILTER_PERSONALITY:
        emit_personality(emitter);
        break;
    case FILTER_PRCTL:
        emit_load_argument(emitter, 0);
        emit_if_equal(emitter, PR_SET_MM, RETURN_ERRNO(EPERM));
        emit_return(emitter, SECCOMP_RET_ALLOW);
        break;
    case FILTER_FCNTL:
        emit_fcntl(emitter);
        break;
    case FILTER_ENOSYS:
    default:
        emit_return(emitter, RETURN_ERRNO(ENOSYS));
    }
}

/* The accumulator holds the number; `count` ranges starting at `ranges`. */
static void emit_tree(struct emitter *emitter, const struct range *ranges, size_t count)
{
    size_t half = count / 2, branch, left;

    if (count == 1) {
        emit_verdict(emitter, ranges);
        return;
    }
    branch = emitter->length;
    emit(emitter, BPF_JMP | BPF_JGE | BPF_K, ranges[half].first, 0, 1);
    emit(emitter, BPF_JMP | BPF_JA, 0, 0, 0);
    left = emitter->length;
    emit_tree(emitter, ranges, half);
    if (branch + 1 < FILTER_LENGTH_MAX)
        emitter->program[branch + 1].k = (uint32_t)(emitter->length - left);
    emit_tree(emitter, ranges + half, count - half);
}

struct verdict {
    enum filter_verdict is;
    bool is_told;
};

static void rows_take(struct verdict verdicts[NUMBERS_MAX], const struct filter_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        verdicts[rows[i].number] = (struct verdict){rows[i].verdict, !rows[i].quiet};
}

static void verdicts_fill(const struct plan_filter *plan, struct verdict verdicts[NUMBERS_MAX])
{
    size_t count;
    const struct filter_row *rows = filter_rows(&count);

    for (size_t i = 0; i < NUMBERS_MAX; i++)
        verdicts[i] = (struct verdict){FILTER_ENOSYS, false};
    rows_take(verdicts, rows, count);
    rows = filter_rows_in_place(&count);
    rows_take(verdicts, rows, plan->is_in_place ? count : 0);
    rows = filter_nested_rows(&count);
    rows_take(verdicts, rows, plan->allows_namespaces ? count : 0);
    for (size_t i = 0; i < plan->allow_count; i++)
        verdicts[kernel_syscall_number(plan->allow[i])].is = FILTER_ALLOW;
    for (size_t i = 0; i < plan->deny_count; i++) {
        struct verdict *verdict = &verdicts[kernel_syscall_number(plan->deny[i])];

        if (verdict->is != FILTER_ENOSYS) /* refused already, in the way that programs fall back from */
            *verdict = (struct verdict){FILTER_EPERM, true};
    }
    /* the program's process makes these when nobody serves the listener yet: a question would never be answered */
    verdicts[__NR_execve].is_told = verdicts[__NR_exit_group].is_told = verdicts[__NR_exit].is_told = false;
}

enum filter_verdict filter_verdict_of(const struct plan_filter *plan, int number)
{
    struct verdict verdicts[NUMBERS_MAX];

    verdicts_fill(plan, verdicts);
    return number >= 0 && number < NUMBERS_MAX ? verdicts[number].is : FILTER_ENOSYS;
}

bool filter_is_told(const struct plan_filter *plan, int number)
{
    struct verdict verdicts[NUMBERS_MAX];

    verdicts_fill(plan, verdicts);
    return number >= 0 && number < NUMBERS_MAX && verdicts[number].is_told;
}

static bool is_watched(enum filter_telling tells, int number)
{
    return tells == FILTER_TELLS_ALL || (tells == FILTER_TELLS_OPENS && filter_opens(number));
}

static size_t ranges_fill(const struct verdict verdicts[NUMBERS_MAX], enum filter_telling tells, struct range ranges[NUMBERS_MAX])
{
    size_t count = 0;

    for (unsigned number = 0; number < NUMBERS_MAX; number++) {
        const struct verdict *verdict = &verdicts[number];
        bool is_clone = number == __NR_clone, is_told = verdict->is_told && verdict->is != FILTER_ALLOW;
        bool is_refused = verdict->is == FILTER_EPERM || verdict->is == FILTER_ENOSYS;
        enum filter_watch watch = !is_refused && is_watched(tells, (int)number) ? filter_watch_of((int)number) : FILTER_UNWATCHED;

        if (count && ranges[count - 1].verdict == verdict->is && ranges[count - 1].is_told == is_told &&
            ranges[count - 1].is_clone == is_clone && ranges[count - 1].watch == watch)
            continue;
        ranges[count++] = (struct range){number, verdict->is, is_told, is_clone, watch};
    }
    return count;
}

static int names_check(const char **names, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        int number = kernel_syscall_number(names[i]);

        if (number < 0 || number >= NUMBERS_MAX)
            return error_set(err, ERROR_INVALID, EINVAL, "unknown system call '%s'", names[i]);
    }
    return 0;
}

int filter_emit(const struct plan_filter *plan, enum filter_telling tells, struct sock_filter *ret_program, size_t *ret_length,
                struct error *err)
{
    struct verdict verdicts[NUMBERS_MAX];
    struct range ranges[NUMBERS_MAX];
    struct emitter emitter = {.program = ret_program, .plan = plan, .tells = tells != FILTER_SILENT};
    int status = names_check(plan->deny, plan->deny_count, err);

    if (status == 0)
        status = names_check(plan->allow, plan->allow_count, err);
    if (status < 0)
        return status;
    verdicts_fill(plan, verdicts);
    emit(&emitter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    emit(&emitter, BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0);
    emit_return(&emitter, RETURN_ERRNO(ENOSYS)); /* 32-bit entry */
    emit(&emitter, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
#ifdef X32_BIT
    emit(&emitter, BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1);
    emit_return(&emitter, RETURN_ERRNO(ENOSYS));
#endif
    emit_tree(&emitter, ranges, ranges_fill(verdicts, tells, ranges));
    if (emitter.length > FILTER_LENGTH_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the system call filter needs more than %d instructions",
                         FILTER_LENGTH_MAX);
    *ret_length = emitter.length;
    return 0;
}
