/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that change permissions, owner or times, which Landlock does not mediate. A thread of the supervisor copies the
 * call's arguments once, opens what they name without reading or following anything that the program could turn
 * meanwhile into something else, asks the kernel for that object's own path, and makes the call on it only where a
 * writable grant holds the path. Everything else is answered EPERM.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/mman.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/seccomp.h>

#include "tier/process/init/attributes.h"
#include "tier/process/init/keeper.h"

#define STACK_BYTES (128u << 10) /* three paths and what is told of a refusal */

static struct keeper answers; /* of it the listener and what is told are used: the files of the keeper need no more */

/* Is `path` that of a writable grant, or below it? */
static int is_granted(const struct record *record, const char *path)
{
    const struct record_rule *rules = (const struct record_rule *)((const char *)record + record->rules);

    for (uint32_t i = 0; i < record->rule_count; i++) {
        const char *target = (const char *)record + rules[i].target;
        size_t length = string_length(target);

        if (!(rules[i].flags & RECORD_RULE_METADATA) || !string_begins(path, target))
            continue;
        if (path[length] == '/' || !path[length] || target[length - 1] == '/')
            return 1;
    }
    return 0;
}

static void task_path(char *path, size_t size, const struct call *call, int directory)
{
    char *end = path + size, *at = string_append(path, end, "/proc/");

    at = string_append_number(at, end, call->tid);
    if (directory == AT_FDCWD)
        string_append(at, end, "/cwd");
    else
        string_append_number(string_append(at, end, "/fd/"), end, (uint64_t)directory);
}

/* O_PATH of one of the caller's descriptors, or of its working directory. */
static long descriptor_open(const struct call *call, int directory)
{
    char path[64];
    long fd;

    if (directory < 0 && directory != AT_FDCWD)
        return -EBADF;
    task_path(path, sizeof(path), call, directory);
    fd = sys_call4(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC, 0);
    return fd == -ENOENT ? -EBADF : fd;
}

/* "/proc/self/fd/3", as C libraries have it where a kernel lacks a call: the number, -1 = it is something else. */
static int descriptor_number(const char *path)
{
    static const char *const before[] = {"/proc/self/fd/", "/proc/thread-self/fd/", "/dev/fd/"};
    int number = 0;

    for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
        const char *at = path + string_length(before[i]);

        if (!string_begins(path, before[i]) || !*at)
            continue;
        while (*at >= '0' && *at <= '9' && number < 1 << 20)
            number = number * 10 + (*at++ - '0');
        return *at ? -1 : number;
    }
    return -1;
}

/* Links of /proc lead to what the supervisor has, so none is followed but the caller's own descriptors, above. */
static long path_open(const struct call *call, const struct named *named, const char *path)
{
    struct open_how how = {.flags = O_PATH | O_CLOEXEC | (named->flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0),
                           .resolve = RESOLVE_NO_MAGICLINKS};
    int number = named->flags & AT_SYMLINK_NOFOLLOW ? -1 : descriptor_number(path);
    long from, fd;

    if (number >= 0)
        return descriptor_open(call, number);
    if (*path == '/')
        return sys_call4(openat2, AT_FDCWD, path, &how, sizeof(how));
    from = descriptor_open(call, named->directory);
    if (from < 0)
        return from;
    fd = sys_call4(openat2, from, path, &how, sizeof(how));
    sys_call1(close, from);
    return fd;
}

static long object_open(const struct call *call, const struct named *named)
{
    char *path = seen_next(&answers);
    long status;

    seen_now(&answers)->from = named->directory;
    if (!named->path)
        return named->directory < 0 ? -EBADF : descriptor_open(call, named->directory);
    status = caller_text(call, named->path, path);
    if (status < 0)
        return status;
    if (*path)
        return path_open(call, named, path);
    return named->flags & AT_EMPTY_PATH ? descriptor_open(call, named->directory) : -ENOENT;
}

/* A name that the kernel gives, so that nothing on the way to it counts. */
static long object_check(const struct record *record, int object)
{
    struct seen_name *seen = seen_now(&answers);
    char again[48], *path = seen->directory;
    long length;

    string_append_number(string_append(again, again + sizeof(again), "/proc/self/fd/"), again + sizeof(again), (uint64_t)object);
    length = sys_call4(readlinkat, AT_FDCWD, again, path, sizeof(seen->directory) - 1);
    if (length < 0)
        return length;
    path[length] = '\0';
    seen->is_resolved = seen->is_there = 1;
    if (is_granted(record, path))
        return 0;
    answers.seen.decided = -EPERM;
    answers.seen.layer = TOLD_LAYER_KEEPER;
    return -EPERM;
}

static long change_apply(const struct record *record, const struct call *call, const struct named *named,
                         const struct change *change)
{
    long object = object_open(call, named), status;

    if (object < 0)
        return object == -ELOOP || object == -EACCES ? -EPERM : object;
    /* Is it still the caller whose descriptors were looked at? */
    status = sys_call3(ioctl, answers.listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
    if (status >= 0)
        status = object_check(record, (int)object);
    if (status >= 0)
        status = attributes_change((int)object, change);
    sys_call1(close, object);
    return status;
}

static void handle(const struct record *record, const struct seccomp_notif *asked)
{
    struct call call = {.id = asked->id, .tid = asked->pid, .number = asked->data.nr, .args = (const uint64_t *)asked->data.args};
    struct change change = {.what = CHANGE_MODE};
    struct named named;
    int is_watched; /* nothing is, in place */
    long status = filter_answer(record, &asked->data, &is_watched);
    enum told_source source = status < 0 ? TOLD_BY_FILTER : TOLD_BY_KEEPER;

    answers.seen.count = 0;
    answers.seen.decided = 0;
    if (status == 0)
        status = attributes_read(&call, &named, &change);
    if (status == 0)
        status = change_apply(record, &call, &named, &change);
    if (status < 0)
        refusals_tell(&answers, &call, source, status);
    keeper_answer(&answers, call.id, status, 0);
}

static void metadata_run(void *argument)
{
    const struct init *init = argument;

    for (;;) {
        struct seccomp_notif asked;
        long status;

        memset(&asked, 0, sizeof(asked));
        status = sys_call3(ioctl, answers.listener, SECCOMP_IOCTL_NOTIF_RECV, &asked);
        if (status == 0)
            handle(init->record, &asked);
        else if (status != -EINTR && status != -ENOENT)
            sys_call1(exit, 0); /* the last contained process is gone */
    }
}

void metadata_start(struct init *init, int listener)
{
    unsigned long flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_FILES | CLONE_FS;
    long stack = init_need(init,
                           sys_call6(mmap, 0, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK,
                                     -1, 0),
                           "map", "stack");

    answers.listener = listener;
    answers.record = init->record;
    answers.told = init->told;
    answers.control = init->control;
    answers.proc = (int)init_need(init, sys_call4(openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", "/proc");
    init_need(init, thread_start(metadata_run, init, (char *)stack + STACK_BYTES, flags), "start", "thread for metadata");
}
