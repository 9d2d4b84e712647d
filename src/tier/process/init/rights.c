/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is given up. Capabilities go in init itself, before the program exists; limits, Landlock and seccomp bind the
 * program's process only, so that the program cannot signal or trace init even where uids are equal (Landlock counts
 * init as outside).
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/filter.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <linux/stat.h>

#include "base/kernel/landlock.h"
#include "tier/process/init/init.h"

/*
 * Not SECBIT_KEEP_CAPS_LOCKED: ping sets KEEP_CAPS before it gives up what it has, and ends where that is refused. The bit
 * has no say here: the kernel looks at it only where a change of user id takes capabilities away, which NO_SETUID_FIXUP,
 * locked, rules out, and where there is something in the permitted set to be kept. An exec clears it. A user namespace of
 * the program's own begins with the kernel's default bits, whatever is locked here, and its capabilities are over nothing
 * outside.
 */
#define SECUREBITS                                                                                   \
    (SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP | SECBIT_NO_SETUID_FIXUP_LOCKED | \
     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

#define WAIT_KILLABLE_RECV (1UL << 5) /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, 5.19: signals do not restart a call */

#define NO_LISTENER (1 << 30) /* no number of a descriptor */

struct resource_limit {
    uint64_t soft, hard;
};

void rights_add(struct init *init, int fd, uint64_t access, const char *name)
{
    struct landlock_path_beneath_attr rule = {.allowed_access = access, .parent_fd = fd};
    long status;

    if (!access || init->ruleset < 0)
        return;
    status = sys_call4(landlock_add_rule, init->ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);

    if (status < 0)
        init_fail(init, "add Landlock rule for", name, -status);
}

/*
 * A descriptor that the program was given may be opened again through /proc/self/fd (a shell's "> /dev/stderr") with
 * the rights that it has already. Pipes and sockets need no rule.
 */
static void rule_add_descriptor(struct init *init, int fd)
{
    uint64_t access = 0;
    struct statx info;
    long flags = sys_call3(fcntl, fd, F_GETFL, 0);
    uint32_t type;

    if (flags < 0 || flags & O_PATH)
        return;
    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &info), "stat", "descriptor");
    type = info.stx_mode & S_IFMT;
    if (type != S_IFREG && type != S_IFCHR)
        return;
    if ((flags & O_ACCMODE) != O_WRONLY)
        access |= LANDLOCK_ACCESS_FS_READ_FILE;
    if ((flags & O_ACCMODE) != O_RDONLY)
        access |= LANDLOCK_ACCESS_FS_WRITE_FILE | (flags & O_APPEND ? 0 : LANDLOCK_ACCESS_FS_TRUNCATE);
    if (type == S_IFCHR)
        access |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    access &= init->record->landlock_fs;
    if (info.stx_nlink)
        rights_add(init, fd, access, "descriptor");
}

void rights_prepare(struct init *init)
{
    const struct record *record = init->record;
    struct landlock_ruleset attributes = {.handled_access_fs = record->landlock_fs,
                                          .handled_access_net = record->landlock_net,
                                          .scoped = record->landlock_scoped};

    if (record->flags & RECORD_LANDLOCK)
        init->ruleset = (int)init_need(
            init, sys_call3(landlock_create_ruleset, &attributes, record->landlock_size, 0), "create",
            "Landlock rule set");
}

/* In place there are no mounts that were compared before. */
static void rule_compare(struct init *init, const struct record_rule *rule, int fd, const char *target)
{
    struct statx info;

    if (!rule->inode)
        return;
    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &info), "stat", target);
    if (info.stx_ino != rule->inode || ((uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor) != rule->device)
        init_fail(init, "grant (the object was exchanged since it was checked)", target, ESTALE);
}

void rights_complete(struct init *init)
{
    const struct record *record = init->record;
    const struct record_rule *rules = (const struct record_rule *)init_string(init, record->rules);

    if (init->ruleset < 0)
        return;
    for (uint32_t i = 0; i < record->rule_count; i++) {
        const char *target = init_string(init, rules[i].target);
        struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                               .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
        int fd = (int)init_need(init, sys_call4(openat2, AT_FDCWD, target, &how, sizeof(how)), "open", target);

        rule_compare(init, &rules[i], fd, target);
        rights_add(init, fd, rules[i].access, target);
        if (!init_is_in_place(init) || !string_begins(target, "/proc/"))
            sys_call1(close, fd); /* an entry of /proc that nobody holds may come back as another object */
    }
    if (init->tty >= 0)
        rule_add_descriptor(init, init->tty);
    for (int fd = 0; fd < 3; fd++)
        rule_add_descriptor(init, fd);
    for (uint32_t i = 0; i < init->begin.fd_count; i++)
        rule_add_descriptor(init, init->begin.fds[i]);
}

/* Until now nobody knew what the program would be given; from now on nothing is added. */
void rights_await(struct init *init)
{
    int fds[RECORD_EXEC_FDS_MAX];
    size_t count = init_await_seal(init, fds);

    for (size_t i = 0; i < count; i++) {
        rule_add_descriptor(init, fds[i]);
        sys_call1(close, fds[i]); /* they come once more, with the program */
    }
}

static void capabilities_set(struct init *init, uint32_t low, const char *action)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{.effective = low, .permitted = low}, {0}};

    init_need(init, sys_call2(capset, &header, data), action, "capabilities");
}

void rights_drop_last(struct init *init, const char *action)
{
    capabilities_set(init, 0, action);
}

/* In place the caller may lack the privilege to give up: with no_new_privs and an empty permitted set it gains nothing. */
static void need_privilege(struct init *init, long status, const char *action, const char *object)
{
    if (status != -EPERM || !init_is_in_place(init))
        init_need(init, status, action, object);
}

static uint32_t rights_of_keeper(const struct init *init)
{
    uint32_t marking = init->record->flags & RECORD_MARKS ? 1u << CAP_NET_RAW | 1u << CAP_NET_ADMIN : 0;

    return init_has_keeper(init) ? 1u << CAP_SYS_PTRACE | marking : 0;
}

static void rights_drop_but(struct init *init, uint32_t kept)
{
    for (uint32_t capability = 0; capability <= init->record->capability_last; capability++)
        need_privilege(init, sys_call5(prctl, PR_CAPBSET_DROP, capability, 0, 0, 0), "drop", "bounding capability");
    need_privilege(init, sys_call5(prctl, PR_SET_SECUREBITS, SECUREBITS, 0, 0, 0), "lock", "securebits");
    init_need(init, sys_call5(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear",
              "ambient capabilities");
    capabilities_set(init, kept, "drop");
    init_need(init, sys_call5(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set", "no_new_privs");
}

void rights_drop(struct init *init)
{
    rights_drop_but(init, rights_of_keeper(init));
}

void rights_drop_for_void(struct init *init)
{
    rights_drop_but(init, 1u << CAP_SYS_PTRACE);
}

void rights_restrict(struct init *init)
{
    if (init->ruleset < 0)
        return;
    init_need(init, sys_call2(landlock_restrict_self, init->ruleset, init->record->landlock_restrict_flags), "apply",
              "Landlock rule set");
    sys_call1(close, init->ruleset);
    init->ruleset = -1;
}

/* What is refused and told is asked instead; who answers reads the program as it was (filter_answer.c). This copy is one's own. */
static void filter_ask(struct sock_fprog *program, uint32_t start)
{
    for (uint32_t i = 0; i < program->len; i++) {
        struct sock_filter *row = &program->filter[i];

        if (row->code == (BPF_RET | BPF_K) && (row->k & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO && row->k & FILTER_TOLD)
            row->k = SECCOMP_RET_USER_NOTIF;
        if (row->code == (BPF_RET | BPF_K) && row->k == (SECCOMP_RET_ALLOW | FILTER_WATCHED))
            row->k = SECCOMP_RET_USER_NOTIF;
        if (row->code == (BPF_JMP | BPF_JEQ | BPF_K) && row->k == FILTER_START)
            row->k = start;
    }
}

/*
 * The limits of a program; that of core dumps apart, which the filter answers for: in a container that stands process 1 has it,
 * and each program has it from there.
 */
void rights_limit(struct init *init, int is_core)
{
    const struct record_limit *limits = (const struct record_limit *)init_string(init, init->record->limits);

    for (uint32_t i = 0; i < init->record->limit_count; i++) {
        struct resource_limit limit = {limits[i].value, limits[i].value};

        if ((limits[i].resource == RLIMIT_CORE) == (is_core != 0))
            init_need(init, sys_call4(prlimit64, 0, limits[i].resource, &limit, 0), "set", "resource limit");
    }
}

static long filter_load(const struct init *init, struct sock_fprog *program)
{
    long flags = SECCOMP_FILTER_FLAG_NEW_LISTENER, listener;

    if (!init_has_keeper(init) && !init_is_in_place(init)) {
        listener = sys_call3(seccomp, SECCOMP_SET_MODE_FILTER, 0, program);
        return listener < 0 ? listener : NO_LISTENER;
    }
    listener = sys_call3(seccomp, SECCOMP_SET_MODE_FILTER, flags | WAIT_KILLABLE_RECV, program);
    if (listener == -EINVAL) /* before 5.19 */
        listener = sys_call3(seccomp, SECCOMP_SET_MODE_FILTER, flags, program);
    return listener;
}

static void start_draw(struct init *init)
{
    if (init->record->flags & RECORD_WATCHED)
        init_need(init, sys_call3(getrandom, &init->start, sizeof(init->start), 0), "draw", "random bytes");
}

/* The listener when the filter asks the keeper, -1 when it does not. */
int rights_apply(struct init *init)
{
    const struct record *record = init->record;
    struct sock_fprog program = {.len = (unsigned short)record->filter_count,
                                 .filter = (struct sock_filter *)init_string(init, record->filter)};
    long listener;

    start_draw(init);
    filter_ask(&program, init->start);
    rights_limit(init, 1);
    rights_limit(init, 0);
    if (!init_has_keeper(init))
        rights_restrict(init);
    if (init_has_keeper(init) || init_is_in_place(init))
        rights_drop_last(init, "drop");
    listener = init_need(init, filter_load(init, &program), "load", "system call filter");
    return listener == NO_LISTENER ? -1 : (int)listener;
}

/*
 * In a thread of process 1: the keeper reads the filter's program where it lies (filter_answer.c), so the number of this
 * thread goes in there, and everything else into a copy.
 */
int rights_apply_here(struct init *init)
{
    const struct record *record = init->record;
    struct sock_filter *rows = (struct sock_filter *)init_string(init, record->filter);
    size_t size = record->filter_count * sizeof(*rows);
    long own = sys_call0(gettid), copy, listener;
    struct sock_fprog program = {.len = (unsigned short)record->filter_count};

    for (uint32_t i = 0; i < record->filter_count; i++)
        if (rows[i].code == (BPF_JMP | BPF_JEQ | BPF_K) && rows[i].k == FILTER_STARTER)
            rows[i].k = (uint32_t)own;
    copy = init_need(init, sys_call6(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), "map", "filter");
    program.filter = (struct sock_filter *)copy;
    memcpy(program.filter, rows, size);
    start_draw(init);
    filter_ask(&program, init->start);
    if (!init_has_keeper(init))
        rights_restrict(init);
    rights_drop_last(init, "drop");
    listener = init_need(init, filter_load(init, &program), "load", "system call filter");
    sys_call2(munmap, copy, size);
    return listener == NO_LISTENER ? -1 : (int)listener;
}
