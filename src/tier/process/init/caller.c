/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the keeper learns about a caller: text in its memory, its directories, its mask, its terminal. All of it is the
 * contained program's to choose, so it is copied once, bounded, and judged only after it was copied.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>

#include "tier/process/init/keeper.h"

#define PAGE_BYTES 4096u /* the smallest: what can be read up to its end can be read at once */
#define ANCESTORS_MAX 256
#define UMASK_TAKES_NS 20000000 /* 20 ms */
#define SHORT_TEXT    128
#define TTY_PTS_MAJOR 136

struct span {
    uint64_t address, length;
};

/* In two parts, so that what lies before the end of a page is read although the next page is not there. */
static long read_memory(const struct call *call, uint64_t address, void *bytes, size_t size)
{
    uint64_t first = PAGE_BYTES - address % PAGE_BYTES;
    struct span local = {(uint64_t)(uintptr_t)bytes, size};
    struct span remote[2] = {{address, size}, {0, 0}};

    if (first < size) {
        remote[0].length = first;
        remote[1] = (struct span){address + first, size - first};
    }
    return sys_call6(process_vm_readv, call->tid, &local, 1, remote, 2, 0);
}

long caller_bytes(const struct call *call, uint64_t address, void *bytes, size_t size)
{
    long got = read_memory(call, address, bytes, size);

    return got < 0 ? got : (size_t)got == size ? 0 : -EFAULT;
}

long caller_put(const struct call *call, uint64_t address, const void *bytes, size_t size)
{
    struct span local = {(uint64_t)(uintptr_t)bytes, size}, remote = {address, size};
    long put = sys_call6(process_vm_writev, call->tid, &local, 1, &remote, 1, 0);

    return put < 0 ? put : (size_t)put == size ? 0 : -EFAULT;
}

/* Its length when the text ends within what was read, else -ENAMETOOLONG. */
static long text_end(const char *text, long got)
{
    for (long i = 0; i < got; i++)
        if (!text[i])
            return i;
    return got < 0 ? got : -ENAMETOOLONG;
}

/* Most paths are short, and a second page costs as much as the first. */
long caller_text(const struct call *call, uint64_t address, char text[PATH_MAX])
{
    long got = read_memory(call, address, text, SHORT_TEXT), length = text_end(text, got);

    if (length != -ENAMETOOLONG)
        return length;
    got = read_memory(call, address, text, PATH_MAX);
    length = text_end(text, got);
    return length == -ENAMETOOLONG && got < PATH_MAX ? -EFAULT : length;
}

static void task_path(char *text, size_t size, uint32_t tid, const char *rest, long number)
{
    char *end = text + size;
    char *at = string_append(string_append_number(text, end, tid), end, rest);

    if (number >= 0)
        string_append_number(at, end, (uint64_t)number);
}

static void descriptor_path(char *path, size_t size, const struct call *call, int fd)
{
    task_path(path, size, call->tid, fd == AT_FDCWD ? "/cwd" : "/fd/", fd == AT_FDCWD ? -1 : fd);
}

/* O_PATH of what a number of the caller's stands for. */
long caller_descriptor(const struct keeper *keeper, const struct call *call, int fd)
{
    char path[48];
    long opened;

    if (fd != AT_FDCWD && fd < 0)
        return -EBADF;
    descriptor_path(path, sizeof(path), call, fd);
    opened = sys_call4(openat, keeper->proc, path, O_PATH | O_CLOEXEC, 0);
    return opened == -ENOENT && fd != AT_FDCWD ? -EBADF : opened;
}

static long directory_take(const char *path, int is_entered)
{
    if (is_entered)
        return sys_call1(chdir, path);
    return sys_call4(openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

long caller_directory(const struct keeper *keeper, const struct call *call, int fd, const char *directory, int is_entered)
{
    char path[PATH_MAX + 64] not_initialised, *end = path + sizeof(path), *at;
    long status;

    if (*directory == '/')
        return directory_take(directory, is_entered);
    if (fd != AT_FDCWD && fd < 0)
        return -EBADF;
    at = string_append(path, end, "/proc/");
    descriptor_path(at, (size_t)(end - at), call, fd);
    at += string_length(at);
    if (directory[0] != '.' || directory[1])
        string_append(string_append(at, end, "/"), end, directory);
    status = directory_take(path, is_entered);
    if (status == -ENOENT && fd != AT_FDCWD) { /* the number, or the path behind it? */
        long there = caller_descriptor(keeper, call, fd);

        if (there >= 0)
            sys_call1(close, there);
        else
            status = there;
    }
    return status;
}

long caller_read(const struct keeper *keeper, uint32_t tid, const char *file, char *text, size_t size)
{
    char path[48];
    long fd, got;

    task_path(path, sizeof(path), tid, file, -1);
    fd = sys_call4(openat, keeper->proc, path, O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return fd;
    got = sys_call3(read, fd, text, size - 1);
    sys_call1(close, fd);
    text[got < 0 ? 0 : got] = '\0';
    return got;
}

long caller_link(const struct keeper *keeper, uint32_t tid, const char *file, long number, char *text, size_t size)
{
    char path[48];

    task_path(path, sizeof(path), tid, file, number);
    return sys_call4(readlinkat, keeper->proc, path, text, size);
}

/* The number behind `label` in /proc/TID/status. */
static long status_number(const struct keeper *keeper, uint32_t tid, const char *label, unsigned base)
{
    char text[1024];
    size_t length = string_length(label);
    long got = caller_read(keeper, tid, "/status", text, sizeof(text));

    if (got < 0)
        return got;
    for (const char *at = text; *at; at++) {
        const char *digit = at + length;
        long number = 0;
        size_t same = 0;

        while (same < length && at[same] == label[same])
            same++;
        if (same < length)
            continue;
        while (*digit == ' ' || *digit == '\t')
            digit++;
        for (; *digit >= '0' && *digit < (char)('0' + base) && number < 1 << 28; digit++)
            number = number * (long)base + (*digit - '0');
        return number;
    }
    return -ESRCH;
}

/* The process that the calling thread belongs to. */
long caller_group_of(const struct keeper *keeper, uint32_t tid)
{
    return status_number(keeper, tid, "\nTgid:", 10);
}

long caller_group(const struct keeper *keeper, const struct call *call)
{
    return caller_group_of(keeper, call->tid);
}

int caller_is_first(const struct keeper *keeper, const struct call *call)
{
    return status_number(keeper, call->tid, "\nPPid:", 10) == 1;
}

/* Process 1 is nobody's to look into. */
int caller_may_trace(const struct keeper *keeper, const struct call *call, long process)
{
    long group = caller_group(keeper, call);

    for (int i = 0; i < ANCESTORS_MAX && process > 1; i++) {
        if (process == group || keeper->is_tracing_open)
            return 1;
        process = status_number(keeper, (uint32_t)process, "\nPPid:", 10);
    }
    return 0;
}

/* The index of its controlling terminal in /dev/pts; -ENXIO when it has none there. */
long caller_terminal(const struct keeper *keeper, const struct call *call)
{
    char text[512];
    long got = caller_read(keeper, call->tid, "/stat", text, sizeof(text));
    const char *at = text;
    unsigned device = 0;

    if (got < 0)
        return got;
    for (const char *c = text; *c; c++) /* the name may hold anything, so from its last bracket on */
        if (*c == ')')
            at = c;
    for (int field = 2; *at && field < 7; at++)
        field += *at == ' ';
    for (; *at >= '0' && *at <= '9'; at++)
        device = device * 10 + (unsigned)(*at - '0');
    if ((device >> 8 & 0xfff) != TTY_PTS_MAJOR)
        return -ENXIO;
    return (long)((device & 0xff) | (device >> 12 & 0xfff00));
}

static int64_t coarse_now(int64_t *ret_second)
{
    struct __kernel_timespec now = {0};

    sys_call2(clock_gettime, CLOCK_MONOTONIC_COARSE, &now);
    *ret_second = now.tv_sec;
    return now.tv_sec * 1000000000 + now.tv_nsec;
}

void caller_forget_masks(struct keeper *keeper)
{
    int64_t second;

    for (int i = 0; i < KEEPER_UMASKS; i++)
        keeper->umasks[i].tid = 0;
    keeper->umask_changes_until = coarse_now(&second) + UMASK_TAKES_NS;
}

/*
 * Make the caller's file mode creation mask the keeper's own. umask() comes by the keeper, which forgets all masks then and
 * remembers none before it must be over; a second is too short for a thread number to come round.
 */
void caller_take_mask(struct keeper *keeper, const struct call *call)
{
    struct umask_seen *seen = &keeper->umasks[call->tid % KEEPER_UMASKS];
    int64_t second, now = coarse_now(&second);

    if (seen->tid != call->tid || seen->second != second) {
        long mask = status_number(keeper, call->tid, "\nUmask:", 8);

        *seen = (struct umask_seen){call->tid, mask < 0 ? 077 : (uint32_t)mask & 0777, second};
    }
    if (seen->mask != keeper->mask) {
        sys_call1(umask, seen->mask);
        keeper->mask = seen->mask;
    }
    if (now < keeper->umask_changes_until)
        seen->tid = 0;
}

/* The process as it knows itself: the last of the numbers that it has in each of its pid namespaces. */
long caller_group_inside(const struct keeper *keeper, const struct call *call)
{
    char text[1024];
    long got = caller_read(keeper, call->tid, "/status", text, sizeof(text)), number = -ESRCH;
    static const char label[] = "\nNStgid:";

    for (const char *at = text; got > 0 && *at; at++) {
        size_t same = 0;

        while (label[same] && at[same] == label[same])
            same++;
        if (label[same])
            continue;
        for (at += same; *at && *at != '\n'; at++)
            if (*at >= '0' && *at <= '9')
                number = at[-1] < '0' ? *at - '0' : number * 10 + (*at - '0');
        break;
    }
    return number;
}

/* In its own user namespace. "CapEff:\t000001ffffffffff", the highest first. */
int caller_has_capability(const struct keeper *keeper, const struct call *call, unsigned capability)
{
    char text[1024];
    long got = caller_read(keeper, call->tid, "/status", text, sizeof(text));
    static const char label[] = "\nCapEff:\t";

    for (const char *at = text; got > 0 && *at; at++) {
        const char *digit = at + sizeof(label) - 1 + 15 - capability / 4;
        size_t same = 0;

        while (label[same] && at[same] == label[same])
            same++;
        if (!label[same])
            return digit < text + got && (*digit >= 'a' ? *digit - 'a' + 10 : *digit - '0') >> capability % 4 & 1;
    }
    return 0;
}
