/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every program that is contained, whatever the policy says. */
#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "policy/compile/compile.h"

#define CORE_DUMPS "core dumps to the host's handler"

struct statement_row {
    const char *subject;
    const char *verdict;
    enum mechanism first, behind;
    int behind_abi; /* Landlock ABI from which BY_LANDLOCK stands behind */
};

#define SOCKET_FILES "sockets of the host in granted trees"
#define WINDOWS "Windows programs (interop of WSL)"
#define TERMINAL_CLIPBOARD "clipboard by the terminal, with --tty"

static const struct statement_row rows[] = {
    {"names that nothing grants", "absent", BY_ABSENCE, BY_LANDLOCK, LANDLOCK_ABI_FILES},
    {"capabilities", "none in any set", BY_KERNEL, BY_NAMESPACE, 0},
    {"set-user-ID programs, file capabilities", "give nothing", BY_KERNEL, BY_MOUNT, 0},
    {"user and group ids", "the caller's", BY_NAMESPACE, BY_NOTHING, 0},
    {"new user namespaces", "refused", BY_SECCOMP, BY_NAMESPACE, 0},
    {"mounting", "refused", BY_SECCOMP, BY_LANDLOCK, LANDLOCK_ABI_FILES},
    {"processes outside: seen, listed", "absent", BY_NAMESPACE, BY_NOTHING, 0},
    {"processes outside: signals", "refused", BY_NAMESPACE, BY_LANDLOCK, LANDLOCK_ABI_SCOPES},
    {"processes outside: ptrace, memory", "refused", BY_NAMESPACE, BY_LANDLOCK,
     LANDLOCK_ABI_FILES},
    {"System V and POSIX message IPC", "own", BY_NAMESPACE, BY_NOTHING, 0},
    {"host name, control groups seen", "own", BY_NAMESPACE, BY_NOTHING, 0},
    {"abstract sockets outside", "refused", BY_NAMESPACE, BY_LANDLOCK, LANDLOCK_ABI_SCOPES},
    {SOCKET_FILES, "only by name", BY_KEEPER, BY_NOTHING, 0},
    {WINDOWS, "not started", BY_NAMESPACE, BY_SECCOMP, 0},
    {"terminal injection (TIOCSTI, TIOCLINUX)", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {TERMINAL_CLIPBOARD, "refused", BY_SUPERVISOR, BY_NOTHING, 0},
    {"control sequences, with --tty", "filtered", BY_SUPERVISOR, BY_NOTHING, 0},
    {"the same without --tty, on a terminal", "not filtered", BY_NOTHING, BY_NOTHING, 0},
    {"descriptors that were not handed over", "closed", BY_KERNEL, BY_NOTHING, 0},
    {"caller's environment", "only by name", BY_KERNEL, BY_NOTHING, 0},
    {"keyrings (keyctl, add_key, request_key)", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"io_uring", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"bpf", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"userfaultfd", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"perf_event_open", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"kernel modules, kexec", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"clock, reboot, swap", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"32-bit and x32 system calls", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"rare socket families (vsock, packet...)", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"/proc/sys, /proc/sysrq-trigger", "not writable", BY_MOUNT, BY_NOTHING, 0},
    {CORE_DUMPS, "none", BY_RLIMIT, BY_NOTHING, 0},
    {"processes left behind", "ended with it", BY_NAMESPACE, BY_NOTHING, 0},
};

#define LISTED_BY_STAT "stat shows them"

/* The same where no namespace stands between (PLAN_WALL_LANDLOCK). */
static const struct statement_row rows_in_place[] = {
    {"files that nothing grants: content, lists, execution", "refused", BY_LANDLOCK, BY_NOTHING, 0},
    {"the same: permissions, owner, times", "refused", BY_SUPERVISOR, BY_NOTHING, 0},
    {"the same: attributes by path", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"the same: existence, size, owner, times, link text", LISTED_BY_STAT, BY_NOTHING, BY_NOTHING, 0},
    {"capabilities", "none in any set", BY_KERNEL, BY_NOTHING, 0},
    {"set-user-ID programs, file capabilities", "give nothing", BY_KERNEL, BY_NOTHING, 0},
    {"user and group ids", "the caller's", BY_NOTHING, BY_NOTHING, 0},
    {"new namespaces", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"mounting", "refused", BY_SECCOMP, BY_LANDLOCK, 0},
    {"processes outside: existence", LISTED_BY_STAT, BY_NOTHING, BY_NOTHING, 0},
    {"processes outside: signals", "refused", BY_LANDLOCK, BY_NOTHING, 0},
    {"processes outside: ptrace, memory", "refused", BY_LANDLOCK, BY_NOTHING, 0},
    {"processes outside: limits, priority, processors", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"/proc of any process, its own included", "refused", BY_LANDLOCK, BY_NOTHING, 0},
    {"System V and POSIX message IPC", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"host name", "the host's", BY_NOTHING, BY_NOTHING, 0},
    {"abstract sockets outside", "refused", BY_SECCOMP, BY_LANDLOCK, 0},
    {"sockets of the file system", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"terminal injection (TIOCSTI, TIOCLINUX)", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {TERMINAL_CLIPBOARD, "refused", BY_SUPERVISOR, BY_NOTHING, 0},
    {"control sequences, with --tty", "filtered", BY_SUPERVISOR, BY_NOTHING, 0},
    {"the same without --tty, on a terminal", "not filtered", BY_NOTHING, BY_NOTHING, 0},
    {"descriptors that were not handed over", "closed", BY_KERNEL, BY_NOTHING, 0},
    {"caller's environment", "only by name", BY_KERNEL, BY_NOTHING, 0},
    {"keyrings (keyctl, add_key, request_key)", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"io_uring", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"bpf", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"userfaultfd", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"perf_event_open", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"kernel modules, kexec", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"clock, reboot, swap", "refused", BY_SECCOMP, BY_KERNEL, 0},
    {"32-bit and x32 system calls", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {CORE_DUMPS, "none", BY_RLIMIT, BY_NOTHING, 0},
    {"processes left behind", "ended with it", BY_SUPERVISOR, BY_LANDLOCK, 0},
};

/* What nested.namespaces changes, and what it adds. */
static const struct statement_row nested_rows[] = {
    {"names that nothing grants", "absent", BY_ABSENCE, BY_NOTHING, 0},
    {"capabilities", "over its own namespaces only", BY_KERNEL, BY_NOTHING, 0},
    {"new user namespaces", "allowed", BY_NOTHING, BY_NOTHING, 0},
    {"mounting", "in its own namespaces only", BY_KERNEL, BY_SECCOMP, 0},
    {"mounting file systems", "tmpfs, devpts", BY_SUPERVISOR, BY_NOTHING, 0},
    {"size of tmpfs that sandboxes inside mount", "not by resources.disk", BY_NOTHING, BY_NOTHING, 0},
    {"changes of names, seen from anywhere", "judged by the container's", BY_SUPERVISOR, BY_NOTHING, 0},
    {"Landlock for files, of the program's own too", "off", BY_NOTHING, BY_NOTHING, 0},
    {"iptables, nftables, IPVS, IPsec of own networks", "refused", BY_SECCOMP, BY_NOTHING, 0},
    {"links, tunnels, bridges of own networks", "reachable", BY_NOTHING, BY_NOTHING, 0},
    {"routes, queueing, classifiers of own networks", "reachable", BY_NOTHING, BY_NOTHING, 0},
};

static const struct statement_row *nested_row(const char *subject)
{
    for (size_t i = 0; i < ARRAY_COUNT(nested_rows); i++)
        if (strcmp(nested_rows[i].subject, subject) == 0)
            return &nested_rows[i];
    return NULL;
}

/* The member that gives this system call back; NULL = none does. */
static const struct origin *granted_back_by(const struct plan *plan, const char *subject)
{
    for (size_t i = 0; i < plan->filter.allow_count; i++)
        if (strcmp(plan->filter.allow[i], subject) == 0)
            return plan->filter.allow_origins[i];
    return NULL;
}

static int add_row(struct compile *c, const struct statement_row *row,
                   const struct origin *clipboard, struct error *err)
{
    struct plan_statement statement = {
        .subject = row->subject,
        .verdict = row->verdict,
        .first = row->first,
        .behind = row->behind,
    };
    struct plan_statement *slot;

    if (strcmp(row->subject, WINDOWS) == 0 && !c->facts->has_windows_interop)
        return 0;
    if (strcmp(row->subject, WINDOWS) == 0 && !c->plan->owns_formats) { /* its sockets are not there, vsock is refused */
        statement.verdict = "reach nothing";
        statement.first = BY_ABSENCE;
    }
    if (row->behind == BY_LANDLOCK && c->facts->landlock_abi < row->behind_abi)
        statement.behind = BY_NOTHING;
    /* On the host's network the namespace does not stand between; settings.c demands the scope. */
    if (row->behind_abi == LANDLOCK_ABI_SCOPES && row->first == BY_NAMESPACE &&
        c->plan->network == PLAN_NET_HOST &&
        strcmp(row->subject, "abstract sockets outside") == 0) {
        statement.first = BY_LANDLOCK;
        statement.behind = BY_NOTHING;
    }
    if (!c->plan->filter.keeps_sockets && strcmp(row->subject, SOCKET_FILES) == 0) {
        statement.verdict = c->facts->keeps_sockets ? "none" : "reachable";
        statement.first = c->facts->keeps_sockets ? BY_ABSENCE : BY_NOTHING;
    }
    if (c->facts->has_core_socket && strcmp(row->subject, CORE_DUMPS) == 0) {
        statement.verdict = "sent there";
        statement.first = BY_NOTHING;
    }
    statement.origin = granted_back_by(c->plan, row->subject);
    if (statement.origin) {
        statement.verdict = "allowed";
        statement.first = statement.behind = BY_NOTHING;
    }
    if (c->plan->clipboard_write && strcmp(row->subject, TERMINAL_CLIPBOARD) == 0) {
        statement.origin = clipboard;
        statement.verdict = "may be set";
        statement.first = BY_NOTHING;
    }
    slot = arena_append(c->arena, c->plan->statements, c->plan->statement_count);
    if (!slot)
        return error_memory(err);
    *slot = statement;
    return 0;
}

static int add_nested_row(struct compile *c, const struct statement_row *row, struct error *err)
{
    const struct origin *why = NULL;
    size_t at = c->plan->statement_count;
    int r;

    policy_flag_permits(c->policy, FLAG_NESTED_NAMESPACES, &why);
    r = add_row(c, row, NULL, err);
    return r < 0 || !why ? r : compile_origin(c, why, &c->plan->statements[at].origin, err);
}

static int add_said(struct compile *c, const char *subject, const char *verdict, const struct origin *origin, struct error *err)
{
    struct plan_statement *slot = arena_append(c->arena, c->plan->statements, c->plan->statement_count);

    if (!slot)
        return error_memory(err);
    *slot = (struct plan_statement){.subject = subject, .verdict = arena_string(c->arena, verdict)};
    return slot->verdict ? compile_origin(c, origin, &slot->origin, err) : error_memory(err);
}

/* In how far the program may start containers of its own. */
static int add_containers(struct compile *c, struct error *err)
{
    const struct origin *origin = NULL;
    const char *verdict;

    if (!c->plan->nested_number)
        return 0;
    policy_flag_permits(c->policy, FLAG_NESTED_CONTAINERS, &origin);
    verdict = arena_printf(c->work, "at most %u, %u deep", c->plan->nested_number, c->plan->nested_depth);
    return verdict ? add_said(c, "containers inside, with no more than this", verdict, origin, err) : error_memory(err);
}

/* Whom it may have tokens for, where somebody says so. */
static int add_audiences(struct compile *c, struct error *err)
{
    const struct string_list *list = &c->effective.identity_audiences;
    auto_text struct text out = {0};

    if (!list->is_set)
        return 0;
    for (size_t i = 0; i < list->count; i++)
        text_printf(&out, "%s%s", i ? ", " : "", list->items[i].text);
    return out.is_broken ? error_memory(err) : add_said(c, "identity: tokens for", out.data ? out.data : "nobody", &list->origin, err);
}

/* Who it is and how it stands in the audit log, where somebody says so. */
static int add_attribution(struct compile *c, struct error *err)
{
    static const char *const modes[] = {"recorded", "required"}, *const privacies[] = {"clear", "salted", "sealed"};
    const struct effective *e = &c->effective;
    const struct {
        const char *subject, *verdict;
        const struct origin *origin;
    } said[] = {
        {"identity: kind of agent", e->identity_class.text, &e->identity_class.origin},
        {"identity: on whose behalf", e->identity_sponsor.text, &e->identity_sponsor.origin},
        {"audit log", e->audit_mode.is_set ? modes[e->audit_mode.value] : NULL, &e->audit_mode.origin},
        {"audit log: arguments", e->audit_arguments.is_set ? privacies[e->audit_arguments.value] : NULL, &e->audit_arguments.origin},
        {"audit log: paths", e->audit_paths.is_set ? privacies[e->audit_paths.value] : NULL, &e->audit_paths.origin},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(said) && r == 0; i++)
        if (said[i].verdict)
            r = add_said(c, said[i].subject, said[i].verdict, said[i].origin, err);
    return r == 0 ? add_audiences(c, err) : r;
}

int statements_add(struct compile *c, struct error *err)
{
    const struct statement_row *chosen = rows;
    const struct origin *clipboard;
    bool is_nested = c->plan->filter.allows_namespaces;
    size_t count = ARRAY_COUNT(rows);
    int r = 0;

    c->plan->clipboard_write = policy_flag_permits(c->policy, FLAG_CLIPBOARD_WRITE, &clipboard);
    if (c->plan->wall == PLAN_WALL_LANDLOCK) {
        chosen = rows_in_place;
        count = ARRAY_COUNT(rows_in_place);
    }
    for (size_t i = 0; i < count && r == 0; i++)
        if (!is_nested || !nested_row(chosen[i].subject))
            r = add_row(c, &chosen[i], clipboard, err);
    for (size_t i = 0; i < ARRAY_COUNT(nested_rows) && is_nested && r == 0; i++)
        r = add_nested_row(c, &nested_rows[i], err);
    if (r == 0)
        r = add_containers(c, err);
    return r < 0 ? r : add_attribution(c, err);
}
