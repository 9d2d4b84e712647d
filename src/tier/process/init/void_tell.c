/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who asked for what is not there, or is denied. The caller stands still in the look-up meanwhile, so the kernel says which
 * system call it is in, and the name that it gave lies where it says; another thread of it can write there, so the name is
 * a word of the caller's, and where it was looked for is the kernel's. A flood pays for its own records, and what finds no room
 * in the channel is counted.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"
#include "tier/process/init/void.h"

#define TRIES            40 /* the caller is on its way into its sleep, and may have to wait for a processor */
#define TRIES_AT_ONCE    4
#define TRY_PAUSE_NS     100000

/* System calls that name a file: which argument does. */
enum { LOOKS = 1 << 0 /* permitted where the object itself is denied */ };
static const struct {
    short number;
    unsigned char argument, flags;
} calls[] = {
#ifdef __x86_64__
    {__NR_open, 0, 0},        {__NR_stat, 0, LOOKS},  {__NR_lstat, 0, LOOKS},    {__NR_access, 0, 0}, {__NR_readlink, 0, LOOKS},
    {__NR_utime, 0, 0},       {__NR_utimes, 0, 0},    {__NR_futimesat, 1, 0},
#endif
    {__NR_openat, 1, 0},      {__NR_openat2, 1, 0},   {__NR_newfstatat, 1, LOOKS}, {__NR_statx, 1, LOOKS},
    {__NR_faccessat, 1, 0},   {__NR_faccessat2, 1, 0}, {__NR_readlinkat, 1, LOOKS}, {__NR_chdir, 0, 0},
    {__NR_execve, 0, 0},      {__NR_execveat, 1, 0},  {__NR_statfs, 0, LOOKS},    {__NR_getxattr, 0, LOOKS},
    {__NR_lgetxattr, 0, LOOKS}, {__NR_listxattr, 0, LOOKS}, {__NR_llistxattr, 0, LOOKS}, {__NR_inotify_add_watch, 1, 0},
    {__NR_getxattrat, 1, LOOKS}, {__NR_listxattrat, 1, LOOKS}, {__NR_file_getattr, 1, LOOKS},
    {__NR_name_to_handle_at, 1, LOOKS}, {__NR_utimensat, 1, 0}, {__NR_truncate, 0, 0}, {__NR_open_tree, 1, LOOKS},
};

static struct {
    struct keeper as;  /* what caller.c wants of one */
} tell;

/* What a caller is in. */
struct caught {
    int number; /* -1 = not known */
    uint64_t args[6];
};

void void_tell_begin(struct init *init, int proc, int control)
{
    tell.as.told = init->told;
    tell.as.proc = proc;
    tell.as.control = control;
}

static uint64_t hexadecimal_take(const char **at)
{
    uint64_t number = 0;

    while (**at == ' ')
        (*at)++;
    if (**at == '0' && (*at)[1] == 'x')
        *at += 2;
    for (; (**at >= '0' && **at <= '9') || (**at >= 'a' && **at <= 'f'); (*at)++)
        number = number << 4 | (uint64_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
    return number;
}

/* "257 0xffffff9c 0x7ffe... ...", or "running" while it has not come to rest. */
static void caught_read(uint32_t thread, struct caught *caught)
{
    char path[32], text[256], *end = path + sizeof(path);
    const struct __kernel_timespec pause = {.tv_nsec = TRY_PAUSE_NS};
    const char *at = text;
    long fd, got = 0;

    caught->number = -1;
    string_append(string_append_number(path, end, thread), end, "/syscall");
    fd = sys_call4(openat, tell.as.proc, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    for (int i = 0; i < TRIES && got >= 0 && (got == 0 || *text == 'r'); i++) {
        if (i >= TRIES_AT_ONCE)
            sys_call2(nanosleep, &pause, 0);
        else if (i)
            sys_call0(sched_yield);
        got = sys_call4(pread64, fd, text, sizeof(text) - 1, 0);
    }
    sys_call1(close, fd);
    text[got < 0 ? 0 : got] = '\0';
    if (*text < '0' || *text > '9')
        return;
    for (caught->number = 0; *at >= '0' && *at <= '9' && caught->number < 1 << 20; at++)
        caught->number = caught->number * 10 + (*at - '0');
    for (int i = 0; i < 6; i++)
        caught->args[i] = hexadecimal_take(&at);
}

/* Index into calls, -1 = names no file that is known of. */
static int call_find(const struct caught *caught)
{
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
        if (calls[i].number == caught->number)
            return (int)i;
    return -1;
}

/* What of `named` lies behind its component `name`, with a slash; NULL = it has no such component. The last one counts. */
static const char *rest_behind(const char *named, const char *name)
{
    size_t length = string_length(name);
    const char *found = 0;

    for (const char *at = named; *at; at++)
        if ((at == named || at[-1] == '/') && string_begins(at, name) && (!at[length] || at[length] == '/'))
            found = at + length;
    return found;
}

static const char *last_component(const char *path)
{
    const char *last = path;

    for (; *path; path++)
        if (*path == '/' && path[1])
            last = path + 1;
    return last;
}

/* access(name, F_OK) */
static int asks_existence(const struct caught *caught)
{
#ifdef __x86_64__
    if (caught->number == __NR_access)
        return !(caught->args[1] & 7);
#endif
    return (caught->number == __NR_faccessat || caught->number == __NR_faccessat2) && !(caught->args[2] & 7);
}

/* Looking at a denied object is permitted, and going through it is not. */
static int is_refused(const struct void_node *mask, const struct caught *caught, int call, const char *named)
{
    const char *rest;

    if (caught->number == __NR_fchdir) /* by a descriptor that only refers to it */
        return 1;
    if (call < 0)
        return 0;
    if (caught->number == __NR_openat && caught->args[2] & O_PATH)
        return 0;
    if (!(calls[call].flags & LOOKS) && !asks_existence(caught))
        return 1;
    rest = mask->target ? rest_behind(named, last_component(mask->target)) : 0;
    return rest && *rest && rest[1];
}

/* Of the denied object itself, or of what is not in a directory; then what the caller wanted behind it. */
static void path_make(const struct void_asked *asked, const char *named, char path[PATH_MAX])
{
    const struct void_node *node = &void_nodes.nodes[asked->node];
    char *end = path + PATH_MAX, *at;
    const char *rest;

    if (asked->name)
        at = string_append(string_append(nodes_path(asked->node, path, end), end, "/"), end, asked->name);
    else
        at = string_append(path, end, node->target ? node->target : named);
    rest = rest_behind(named, asked->name ? asked->name : last_component(path));
    if (rest && (asked->name || node->target))
        string_append(at, end, rest);
}

void void_tell(const struct void_asked *asked)
{
    const struct void_node *node = &void_nodes.nodes[asked->node];
    char named[PATH_MAX] not_initialised, path[PATH_MAX] not_initialised;
    struct caught caught = {.number = -1};
    struct call call = {.tid = asked->thread, .args = caught.args};
    unsigned flags = 0;
    int known;

    if (asked->thread <= VOID_TID || !tell.as.told) /* process 1: what the keeper meets it tells itself */
        return;
    caught_read(asked->thread, &caught);
    if (caught.number < 0 && !asked->name) { /* used, or only looked at? */
        refusals_lose(&tell.as, TOLD_BY_VOID);
        return;
    }
    call.number = caught.number;
    known = call_find(&caught);
    if (known < 0 || caller_text(&call, caught.args[calls[known].argument], named) < 0)
        named[0] = '\0';
    if (!asked->name && !is_refused(node, &caught, known, named))
        return;
    path_make(asked, named, path);
    if (!asked->name && (!node->target || string_equal(path, node->target))) /* what is behind it nobody looked at */
        flags = TOLD_IS_THERE | ((node->mode & S_IFMT) == S_IFDIR ? TOLD_IS_DIRECTORY : 0);
    refusals_tell_of_void(&tell.as, &call, asked->name ? -ENOENT : -EACCES, flags, named, path);
}
