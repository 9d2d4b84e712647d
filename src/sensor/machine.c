/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation. One thread, one epoll: records, the listening socket, listeners, the other half. A record is attributed when
 * it is read: by the login uid in it, by the process that made the Landlock domain, by the cgroup of a process that is
 * still there. Nobody is waited for. Once a second what was counted is told.
 *
 * System calls: those of CONFINE_SENSOR.
 */
#include "sensor/machine.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sensor/ask.h"
#include "sensor/calls.h"
#include "sensor/channel.h"
#include "sensor/fold.h"
#include "sensor/gaps.h"
#include "sensor/processes.h"
#include "worker/confine.h"

#define BATCH     512 /* records between two looks at the clock */
#define EVENTS    64
#define HOLD_MS   2 /* how long a refusal waits for the record of its call */
#define CALL_MS   50 /* and a call for the names behind it, which a busy machine sends late */
#define TICK_MS   1000
#define IDLE_NS   (3 * NS_PER_S) /* without a record: then nothing is waited for but records */
#define NOBODYS   1024u
#define FD_AUDIT  0u /* of epoll's data; listeners have their numbers */
#define FD_LISTEN (LISTENERS_MAX + 1)
#define FD_OTHER  (LISTENERS_MAX + 2)

struct machine {
    const struct machine_settings *settings;
    int epoll;
    struct fold *fold;
    struct calls *calls;
    struct ask ask;
    struct gaps gaps;
    uint64_t tick_ns, record_ns; /* when counts are due; when the last record came */
    uint64_t overruns, unknown, lost_told;
    bool has_lost_told, is_off;
    struct {
        uint64_t domain, generation;
    } nobodys[NOBODYS]; /* domains that are of no container, as long as the containers stay the same */
};

static int say(const struct machine *machine, enum machine_word_type type)
{
    const struct machine_word word = {.type = type};

    return send(machine->settings->channel, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN ? -errno : 0;
}

/* ---- whose ---- */

static bool is_container_range(const struct machine *machine, uint32_t login_uid)
{
    return login_uid != SENSOR_NO_UID && login_uid >= machine->settings->login_uid_least && login_uid <= machine->settings->login_uid_most;
}

static uint32_t container_of_call(struct machine *machine, uint64_t domain, const struct audit_record *call)
{
    struct listeners *listeners = machine->ask.listeners;
    uint64_t generation = listeners_generation(listeners);
    __typeof__(&machine->nobodys[0]) nobody = &machine->nobodys[domain % NOBODYS];
    uint32_t found = listeners_of_login(listeners, call->login_uid);
    bool is_gone;

    if (found)
        return found;
    machine->unknown += is_container_range(machine, call->login_uid);
    if (!listeners_has_cgroups(listeners) || (nobody->domain == domain && nobody->generation == generation))
        return 0;
    found = processes_container(listeners, call->pid, call->time_ms, &is_gone);
    machine->unknown += is_gone;
    if (!found && !is_gone) {
        nobody->domain = domain;
        nobody->generation = generation;
    }
    return found;
}

static bool whose(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    struct machine *machine = context;
    struct listeners *listeners = machine->ask.listeners;
    bool is_gone = false;

    if (made) {
        owner->container = listeners_of_maker(listeners, made->pid);
        if (!owner->container)
            owner->container = processes_container(listeners, made->pid, made->time_ms, &is_gone);
        machine->unknown += is_gone && listeners_has_cgroups(listeners);
        return owner->container || listeners_hear_user(listeners, made->uid);
    }
    owner->container = call ? container_of_call(machine, domain, call) : 0;
    return owner->container || listeners_hear_all(listeners);
}

static int tell(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct machine *machine = context;

    listeners_tell(machine->ask.listeners, owner, told, path, exe);
    return 0;
}

/* ---- records ---- */

static int change_take(struct machine *machine, const struct audit_record *record)
{
    if (record->is_switch && machine->is_off == record->is_on) {
        machine->is_off = !record->is_on;
        listeners_tell_gap(machine->ask.listeners, SENSOR_GAP_OFF, machine->is_off, true);
    }
    return record->is_rule && !record->is_ours ? say(machine, MACHINE_RULES) : 0;
}

static int call_take(struct machine *machine, const struct audit_record *record)
{
    uint32_t container;

    if (!machine->settings->names_calls || !calls_is_refused(record) || fold_knows_serial(machine->fold, record->serial))
        return fold_take(machine->fold, record);
    container = listeners_of_login(machine->ask.listeners, record->login_uid);
    if (container)
        return calls_begin(machine->calls, container, record);
    machine->unknown += is_container_range(machine, record->login_uid);
    return 0;
}

static int record_take(struct machine *machine, const struct audit_record *record)
{
    int status;

    switch (record->kind) {
    case RECORD_CHANGE:
        return change_take(machine, record);
    case RECORD_CALL:
        return call_take(machine, record);
    case RECORD_OBJECT:
    case RECORD_WHERE:
    case RECORD_PEER:
        return calls_take(machine->calls, record);
    case RECORD_LAST:
        status = calls_take(machine->calls, record);
        return status == 0 ? fold_take(machine->fold, record) : status;
    default:
        return fold_take(machine->fold, record);
    }
}

static int message_take(struct machine *machine, const char *bytes, size_t size)
{
    static struct audit_record record;
    const char *text = bytes + NLMSG_HDRLEN;
    struct nlmsghdr head;
    uint64_t serial;

    memcpy(&head, bytes, sizeof(head));
    if (head.nlmsg_type == RECORD_REPLACE)
        return say(machine, MACHINE_YIELD);
    if (!record_serial(text, size - NLMSG_HDRLEN, &serial))
        return 0;
    gaps_see(&machine->gaps, serial);
    return record_read(head.nlmsg_type, text, size - NLMSG_HDRLEN, &record) ? record_take(machine, &record) : 0;
}

static int records_read(struct machine *machine)
{
    static char bytes[CHANNEL_BYTES];
    int status = 0;

    for (int i = 0; i < BATCH && status == 0; i++) {
        struct sockaddr_nl from = {0};
        socklen_t from_size = sizeof(from);
        ssize_t size = recvfrom(machine->settings->audit, bytes, sizeof(bytes), MSG_DONTWAIT, (struct sockaddr *)&from, &from_size);

        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        if (size < 0 && errno == ENOBUFS) {
            machine->overruns++;
            continue;
        }
        if (size < 0)
            return -errno;
        if (size >= NLMSG_HDRLEN && from.nl_pid == 0) /* of the kernel */
            status = message_take(machine, bytes, (size_t)size);
    }
    machine->record_ns = clock_monotonic_ns();
    return status;
}

/* ---- once a second ---- */

static void gap_tell(struct machine *machine, enum sensor_gap gap, uint64_t count)
{
    if (count)
        listeners_tell_gap(machine->ask.listeners, gap, count, machine->settings->names_calls);
}

static int tick(struct machine *machine)
{
    uint64_t now = clock_monotonic_ns();
    int status;

    if (now < machine->tick_ns)
        return 0;
    machine->tick_ns = now + TICK_MS * NS_PER_MS;
    status = fold_tell_repeated(machine->fold);
    gap_tell(machine, SENSOR_GAP_OVERRUN, machine->overruns);
    gap_tell(machine, SENSOR_GAP_SERIAL, gaps_settle(&machine->gaps));
    gap_tell(machine, SENSOR_GAP_UNKNOWN, machine->unknown);
    machine->overruns = machine->unknown = 0;
    listeners_tell_lost(machine->ask.listeners);
    return status == 0 ? say(machine, MACHINE_ASK) : status;
}

/* 1 = go on, 0 = the other half is gone. */
static int word_take(struct machine *machine)
{
    struct machine_word word;
    ssize_t size = recv(machine->settings->channel, &word, sizeof(word), MSG_DONTWAIT);

    if (size < 0)
        return errno == EAGAIN ? 1 : -errno;
    if (size != sizeof(word) || word.type != MACHINE_STATUS)
        return 0;
    if (machine->has_lost_told && word.lost != (uint32_t)machine->lost_told)
        gap_tell(machine, SENSOR_GAP_KERNEL, word.lost - (uint32_t)machine->lost_told);
    machine->lost_told = word.lost;
    machine->has_lost_told = true;
    if (machine->is_off == (word.is_on != 0)) {
        machine->is_off = !word.is_on;
        listeners_tell_gap(machine->ask.listeners, SENSOR_GAP_OFF, machine->is_off, true);
    }
    return 1;
}

/* ---- the loop ---- */

static int event_take(struct machine *machine, uint64_t which)
{
    int status = 1;

    if (which == FD_OTHER)
        return word_take(machine);
    if (which == FD_AUDIT)
        return 1; /* read in each round, whether it was told or not */
    if (which == FD_LISTEN)
        status = ask_accept(&machine->ask);
    else
        ask_hear(&machine->ask, (uint32_t)which);
    return status < 0 ? status : 1;
}

static int patience(const struct machine *machine)
{
    if (fold_holds(machine->fold))
        return HOLD_MS;
    if (calls_holds(machine->calls))
        return CALL_MS;
    if (machine->is_off) /* that it is on again no record tells */
        return TICK_MS;
    return clock_monotonic_ns() - machine->record_ns < IDLE_NS ? TICK_MS : -1;
}

/* Nothing came for as long as what is held was to wait. */
static int quiet_flush(struct machine *machine)
{
    return fold_holds(machine->fold) ? fold_flush(machine->fold) : calls_flush(machine->calls);
}

static void sweep(struct machine *machine)
{
    uint32_t number;

    while ((number = listeners_gone(machine->ask.listeners)) != 0) {
        fold_forget_container(machine->fold, number);
        listeners_remove(machine->ask.listeners, number);
    }
}

static int serve(struct machine *machine)
{
    int status = 1;

    while (status > 0) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(machine->epoll, events, EVENTS, patience(machine));

        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count && status > 0; i++)
            status = event_take(machine, events[i].data.u64);
        if (status <= 0)
            break;
        status = count == 0 ? quiet_flush(machine) : 0;
        for (int i = 0; i < count && status == 0; i++)
            if (events[i].data.u64 == FD_AUDIT)
                status = records_read(machine);
        if (status == 0)
            status = tick(machine);
        sweep(machine);
        status = status == 0 ? 1 : status;
    }
    return status == -EPIPE || status == -ECONNRESET ? 0 : status;
}

static int watch(const struct machine *machine, int fd, uint64_t which, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = which};

    return epoll_ctl(machine->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? error_system(err, errno, "wait for records") : 0;
}

/* Also root's own: there is no way back, since nothing is ever executed. */
static int capabilities_drop(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    return syscall(SYS_capset, &header, none) < 0 ? error_system(err, errno, "give up all capabilities") : 0;
}

static int confine(struct error *err)
{
    int status = capabilities_drop(err);

    if (status == 0)
        status = confine_limits(CONFINE_SENSOR, err);
    return status == 0 ? confine_thread(CONFINE_SENSOR, err) : status;
}

static int prepare(struct machine *machine, struct error *err)
{
    const struct fold_sink sink = {whose, tell, machine};
    int status;

    machine->epoll = machine->ask.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (machine->epoll < 0)
        return error_system(err, errno, "wait for records");
    status = watch(machine, machine->settings->audit, FD_AUDIT, err);
    if (status == 0)
        status = watch(machine, machine->settings->listen, FD_LISTEN, err);
    if (status == 0)
        status = watch(machine, machine->settings->channel, FD_OTHER, err);
    if (status == 0)
        status = fold_new(FOLD_MACHINE, &sink, &machine->fold, err);
    if (status == 0)
        status = calls_new(machine->fold, &machine->calls, err);
    if (status == 0)
        status = listeners_new(&machine->ask.listeners, err);
    return status == 0 ? confine(err) : status;
}

int machine_serve(const struct machine_settings *settings, struct error *err)
{
    static struct machine machine;
    int status;

    machine.settings = settings;
    machine.ask.listen = settings->listen;
    machine.ask.tells_domains = settings->tells_domains;
    machine.ask.daemon_uid = settings->daemon_uid;
    status = prepare(&machine, err);
    if (status == 0 && say(&machine, MACHINE_READY) < 0)
        return 0;
    if (status < 0)
        return status;
    status = serve(&machine);
    return status < 0 ? error_system(err, -status, "read the kernel's audit records") : 0;
}
