/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parent is told of refusals: into memory that both have (told.h), while the caller still waits for its answer and is
 * what it was. The parent is woken only where it sleeps, and never waited for: what finds no room is counted.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/futex.h>
#include <linux/ioctl.h>
#include <linux/stat.h>

#include "tier/process/init/keeper.h"

#define USES_LEAVE (TOLD_RING_SIZE / 4) /* free, by what is only watched: it takes no room from refusals */
#define HANDLED 256 /* processes of which the parent has a descriptor; of two in one place, the later */

static struct {
    uint32_t process;
    uint64_t start;
} handled[HANDLED];
static uint32_t handles; /* that were sent */

/* Between the texts of a record and where they are. */
struct writer {
    struct told_record record;
    const char *texts[TOLD_TEXTS];
};

/* Does a link at the end of the path lead on? Where the last component is missing, it matters for a link that leads nowhere. */
static int follows(const struct call *call)
{
    switch (call->number) {
    case __NR_openat:
        return !(call->args[2] & O_NOFOLLOW) && (call->args[2] & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    case __NR_utimensat:
        return !(call->args[3] & AT_SYMLINK_NOFOLLOW);
    case __NR_fchownat:
        return !(call->args[4] & AT_SYMLINK_NOFOLLOW);
    case __NR_truncate:
    case __NR_fchmodat:
    case __NR_connect:
        return 1;
#ifdef __x86_64__
    case __NR_open:
        return !(call->args[1] & O_NOFOLLOW) && (call->args[1] & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    case __NR_creat:
    case __NR_chmod:
    case __NR_chown:
    case __NR_utime:
    case __NR_utimes:
        return 1;
#endif
    default:
        return 0;
    }
}

/* Something that is not there and may be hidden: the parent asks the host. In place nothing is hidden by being absent. */
static int is_hidden(struct keeper *keeper, const struct call *call)
{
    if (!(keeper->record->flags & RECORD_KEEPER))
        return 0;
    if (call->number == __NR_connect && string_equal(keeper->seen.names[0].named, "/var/run/nscd/socket"))
        return 0; /* every C library tries it */
    for (uint32_t i = keeper->seen.count; i-- > 0;)
        if (absent_is_of_plan(keeper, call, i, follows(call), i > 0))
            return 1;
    return 0;
}

/* Is it something that the policy, or the kernel for it, refused? What is missing or in use is no refusal. */
static int is_refusal(struct keeper *keeper, const struct call *call, enum told_source source, long status)
{
    if (source == TOLD_BY_FILTER)
        return 1;
    if (call->number == __NR_socket || call->number == __NR_socketpair)
        return 0;
    if (call->number == __NR_connect && !keeper->seen.count) /* telling.c */
        return 0;
    switch (status) {
    case -EACCES:
    case -EPERM:
    case -EROFS:
        return 1;
    case -EBUSY: /* a name on which something is mounted */
        return keeper->seen.count > 0;
    case -EXDEV:
        return keeper->seen.decided == status;
    case -ENOENT:
        return is_hidden(keeper, call);
    default:
        return 0;
    }
}

static uint8_t layer_of(const struct keeper *keeper, enum told_source source, long status)
{
    if (source == TOLD_BY_FILTER)
        return TOLD_LAYER_FILTER;
    if (keeper->seen.decided == status)
        return (uint8_t)keeper->seen.layer;
    if (status == -ENOENT)
        return TOLD_LAYER_ABSENCE;
    return status == -EROFS || status == -EBUSY ? TOLD_LAYER_MOUNT : TOLD_LAYER_KERNEL;
}

static void put(struct writer *writer, int which, const char *text, size_t length)
{
    writer->texts[which] = text;
    writer->record.lengths[which] = (uint16_t)length;
}

/* One path. `base` is room for where it begins, if the place was not found. */
static void put_name(struct keeper *keeper, const struct call *call, struct writer *writer, const struct seen_name *name,
                     int which, char base[PATH_MAX])
{
    long length;

    put(writer, which + TOLD_NAMED, name->named, string_length(name->named));
    if (name->is_resolved) {
        put(writer, which + TOLD_DIRECTORY, name->directory, string_length(name->directory));
        put(writer, which + TOLD_NAME, name->name, string_length(name->name));
        return;
    }
    if (name->named[0] == '/') {
        put(writer, which + TOLD_BASE, "/", 1);
        return;
    }
    length = name->from == AT_FDCWD ? caller_link(keeper, call->tid, "/cwd", -1, base, PATH_MAX)
                                    : caller_link(keeper, call->tid, "/fd/", name->from, base, PATH_MAX);
    if (length > 0 && length < PATH_MAX)
        put(writer, which + TOLD_BASE, base, (size_t)length);
}

static void put_names(struct keeper *keeper, const struct call *call, struct writer *writer, char bases[2][PATH_MAX])
{
    struct seen *seen = &keeper->seen;

    for (uint32_t i = 0; i < seen->count; i++)
        put_name(keeper, call, writer, &seen->names[i], i ? TOLD_NAME_TEXTS : 0, bases[i]);
    if (seen->has_text)
        put(writer, TOLD_SECOND_NAMED, seen->names[1].named, string_length(seen->names[1].named));
    if (!seen->count || !seen->names[0].is_there)
        return;
    writer->record.flags |= TOLD_IS_THERE;
    if ((seen->names[0].mode & S_IFMT) == S_IFDIR)
        writer->record.flags |= TOLD_IS_DIRECTORY;
}

/*
 * A descriptor of the process, by which the parent finds it among its own: once for each, and no more at a time than the parent
 * takes, because all descriptors that a user has under way count together.
 */
static int hand_process(struct keeper *keeper, const struct facts *facts)
{
    struct message message = {.type = MESSAGE_TOLD, .value = (int32_t)facts->process};
    uint32_t at = facts->process % HANDLED, taken = __atomic_load_n(&keeper->told->handles, __ATOMIC_RELAXED);
    long fd, status;

    if (handled[at].process == facts->process && handled[at].start == facts->start)
        return 1;
    if (!facts->start || handles - taken >= TOLD_HANDLES_MAX)
        return 0;
    fd = sys_call2(pidfd_open, facts->process, 0);
    if (fd < 0)
        return 0;
    status = message_offer(keeper->control, &message, (int)fd);
    sys_call1(close, fd);
    if (status < 0)
        return 0;
    handles++;
    handled[at].process = facts->process;
    handled[at].start = facts->start;
    return 1;
}

static void put_facts(struct keeper *keeper, struct writer *writer, const struct facts *facts)
{
    struct told_record *record = &writer->record;

    record->process = facts->process;
    record->flags |= facts->is_cut ? TOLD_IS_CUT : 0;
    record->flags |= hand_process(keeper, facts) ? TOLD_HAS_HANDLE : 0;
    put(writer, TOLD_EXE, facts->exe, facts->exe_length);
    put(writer, TOLD_COMMAND_LINE, facts->command, facts->command_length);
    record->parent_count = facts->parent_count;
    for (uint32_t i = 0; i < facts->parent_count; i++) {
        record->parents[i] = facts->parents[i];
        put(writer, TOLD_PARENT_EXE + (int)i, facts->parent_exes[i], facts->parent_lengths[i]);
    }
}

/* NULL = there is no room for it and `kept` bytes. *ret_put is where the next one will begin. */
static char *ring_room(struct told_memory *told, uint32_t size, uint32_t kept, uint32_t *ret_put)
{
    uint32_t at = told->put, taken = __atomic_load_n(&told->taken, __ATOMIC_ACQUIRE);
    uint32_t rest = TOLD_RING_SIZE - at % TOLD_RING_SIZE, skip = rest < size ? rest : 0;

    if (at - taken > TOLD_RING_SIZE || TOLD_RING_SIZE - (at - taken) < size + skip + kept)
        return 0;
    if (skip) /* as much of one as says that it is none; sizes are multiples of 8, and so is the rest */
        *(uint64_t *)(void *)((char *)told->ring + at % TOLD_RING_SIZE) = 0;
    *ret_put = at + skip + size;
    return (char *)told->ring + (at + skip) % TOLD_RING_SIZE;
}

static void wake(struct keeper *keeper)
{
    const struct message message = {.type = MESSAGE_TOLD};

    if (!__atomic_exchange_n(&keeper->told->is_awaited, 0, __ATOMIC_SEQ_CST))
        return;
    if (message_offer(keeper->control, &message, -1) < 0)
        __atomic_store_n(&keeper->told->is_awaited, 1, __ATOMIC_SEQ_CST); /* it is awake, or the next one wakes it */
}

static int ring_put(struct keeper *keeper, struct writer *writer)
{
    struct told_memory *told = keeper->told;
    struct told_record *record = &writer->record;
    uint32_t size = sizeof(*record), next = 0;
    char *at;

    for (int i = 0; i < TOLD_TEXTS; i++)
        size += record->lengths[i];
    record->size = (size + 7) / 8 * 8;
    at = ring_room(told, record->size, record->source == TOLD_BY_WATCH || !record->errnum ? USES_LEAVE : 0, &next);
    if (!at) {
        __atomic_store_n(&told->lost[record->source], told->lost[record->source] + 1, __ATOMIC_RELAXED);
    } else {
        memcpy(at, record, sizeof(*record));
        at += sizeof(*record);
        for (int i = 0; i < TOLD_TEXTS; i++) {
            memcpy(at, writer->texts[i], record->lengths[i]);
            at += record->lengths[i];
        }
        __atomic_store_n(&told->put, next, __ATOMIC_SEQ_CST);
    }
    wake(keeper);
    return at != 0;
}

/*
 * Two threads tell: the keeper and the void's. Who holds this looks up no name but in /proc, so the keeper never waits for an
 * answer of the void's while the void waits for this.
 */
static uint32_t lock; /* 0 = free, 1 = taken, 2 = and somebody waits */

static void lock_take(void)
{
    uint32_t none = 0;

    if (__atomic_compare_exchange_n(&lock, &none, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE))
        sys_call6(futex, &lock, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 2, 0, 0, 0);
}

static void lock_give(void)
{
    if (__atomic_exchange_n(&lock, 0, __ATOMIC_RELEASE) == 2)
        sys_call6(futex, &lock, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, 1, 0, 0, 0);
}

void refusals_lose(struct keeper *keeper, enum told_source source)
{
    if (!keeper->told)
        return;
    lock_take();
    __atomic_store_n(&keeper->told->lost[source], keeper->told->lost[source] + 1, __ATOMIC_RELAXED);
    lock_give();
}

/* The caller stays what it is until the void answers. */
void refusals_tell_of_void(struct keeper *keeper, const struct call *call, long status, unsigned flags, const char *name,
                           const char *path)
{
    struct writer writer = {.record = {.source = TOLD_BY_VOID, .errnum = (int32_t)-status, .call = call->number, .flags = (uint8_t)flags,
                                       .layer = status == -ENOENT ? TOLD_LAYER_ABSENCE : TOLD_LAYER_MODE}};

    if (!keeper->told)
        return;
    memcpy(writer.record.args, call->args, sizeof(writer.record.args));
    put(&writer, TOLD_NAMED, name, string_length(name));
    put(&writer, TOLD_DIRECTORY, path, string_length(path));
    lock_take();
    put_facts(keeper, &writer, facts_of(keeper, call));
    ring_put(keeper, &writer);
    lock_give();
}

/* `ask`: the call's number when it waits for an answer, else 0. */
static int tell(struct keeper *keeper, const struct call *call, enum told_source source, long status, uint64_t ask)
{
    char bases[2][PATH_MAX] not_initialised;
    struct writer writer = {.record = {.source = (uint8_t)source, .errnum = (int32_t)-status, .call = call->number, .ask = ask}};
    const struct facts *facts;
    int is_put;

    writer.record.layer = layer_of(keeper, source, status);
    writer.record.flags = keeper->view.is_foreign ? TOLD_IS_FOREIGN : 0;
    memcpy(writer.record.args, call->args, sizeof(writer.record.args));
    put_names(keeper, call, &writer, bases);
    lock_take();
    facts = facts_of(keeper, call);
    if (sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id) < 0)
        writer.record.process = call->tid; /* it is gone: what was found may be another's */
    else
        put_facts(keeper, &writer, facts);
    is_put = ring_put(keeper, &writer);
    lock_give();
    return is_put;
}

void refusals_tell(struct keeper *keeper, const struct call *call, enum told_source source, long status)
{
    if (!keeper->told || !is_refusal(keeper, call, source, status))
        return;
    seen_complete(keeper, call, source, follows(call));
    tell(keeper, call, source, status, 0);
}

int refusals_ask(struct keeper *keeper, const struct call *call, enum told_source source, long errnum)
{
    return keeper->told ? tell(keeper, call, source, -errnum, call->id) : 0;
}

void refusals_tell_use(struct keeper *keeper, const struct call *call, const struct facts *facts, enum told_source source,
                       int errnum, uint64_t count)
{
    char bases[2][PATH_MAX] not_initialised;
    struct writer writer = {.record = {.source = (uint8_t)source, .errnum = errnum, .call = call->number, .count = count}};

    if (!keeper->told)
        return;
    writer.record.layer = errnum ? TOLD_LAYER_KERNEL : 0;
    writer.record.flags = keeper->view.is_foreign ? TOLD_IS_FOREIGN : 0;
    memcpy(writer.record.args, call->args, sizeof(writer.record.args));
    put_names(keeper, call, &writer, bases);
    writer.record.process = facts->process;
    put(&writer, TOLD_EXE, facts->exe, facts->exe_length);
    ring_put(keeper, &writer);
}
