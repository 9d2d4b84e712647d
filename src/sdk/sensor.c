/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what cordon-sensor says, or the machine's cordon-sensord, to records. It tells of every domain of this user; the container's is the one that the
 * program's own process made, whose number process 1 gave. There is no namespace of processes, so its numbers are the host's.
 */
#include "sdk/sensor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sensor/sensor.h"

#define READY_MS       1000
#define QUIET_MS       5 /* for a first refusal that is on its way */
#define MESSAGE_BYTES  (sizeof(struct sensor_told) + 2 * PATH_MAX)
#define ARGUMENT_BYTES 4096
#define SEES(name)     (1u << OPERATION_##name)

static const struct tier_source source = {
    "landlock",
    SEES(READ) | SEES(LIST) | SEES(WRITE) | SEES(CREATE) | SEES(DELETE) | SEES(RENAME) | SEES(LINK) | SEES(EXECUTE) | SEES(CONNECT) |
        SEES(BIND) | SEES(SIGNAL) | SEES(PTRACE),
    "stat, access and readlink; what a Landlock domain of the program's own refuses first; which name in a directory was to be made, renamed or removed; who asked, where the "
    "administrator keeps audit from system calls (-a never,task)",
};

/* Of what was announced: the kernel's records of all its processes, beside what process 1 tells. */
static const struct tier_source announced = {
    "landlock",
    SEES(READ) | SEES(LIST) | SEES(WRITE) | SEES(CREATE) | SEES(DELETE) | SEES(RENAME) | SEES(LINK) | SEES(EXECUTE) | SEES(CONNECT) |
        SEES(BIND) | SEES(SIGNAL) | SEES(PTRACE),
    "what is told by another source here; stat, access and readlink; what is absent",
};

/* Calls that failed, by rules of the audit: where Landlock tells nothing, and of what refuses before it. */
static const char by_calls[] = "audit";

const struct tier_source *sensor_source(const struct sensor *sensor)
{
    return sensor->is_announced ? &announced : &source;
}

bool sensor_is_there(const struct sensor *sensor)
{
    return sensor->worker.is_ready && sensor->worker.channel >= 0;
}

/* Without the right it would say so itself; asking the file first spares the run a process. */
bool sensor_may_listen(const char *program)
{
    return geteuid() == 0 || getxattr(program, "security.capability", NULL, 0) > 0;
}

static ssize_t receive(const struct sensor *sensor, char *bytes, struct sensor_told *ret_told)
{
    ssize_t size;

    do
        size = recv(sensor->worker.channel, bytes, MESSAGE_BYTES, MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    if (size < 0)
        return -errno;
    if (size < (ssize_t)sizeof(*ret_told))
        return size == 0 ? -ECONNRESET : -EBADMSG;
    memcpy(ret_told, bytes, sizeof(*ret_told));
    if ((size_t)size != sizeof(*ret_told) + ret_told->path_length + ret_told->exe_length || ret_told->path_length >= PATH_MAX ||
        ret_told->exe_length >= PATH_MAX)
        return -EBADMSG;
    ret_told->right[SENSOR_RIGHT_SIZE - 1] = ret_told->address[SENSOR_ADDRESS_SIZE - 1] = '\0';
    return size;
}

/* Whoever listens there is root, or was given the socket by root: else it is not the machine's. */
static int machine_connect(void)
{
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = SENSOR_SOCKET};
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct ucred who;
    socklen_t size = sizeof(who);

    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == 0 ? take_fd(fd) : -1;
}

static bool machine_ask(int fd, pid_t pid)
{
    const struct sensor_ask question = {.type = SENSOR_MINE, .pid = (uint32_t)pid, .login_uid = SENSOR_NO_UID};

    return send(fd, &question, sizeof(question), MSG_NOSIGNAL) == sizeof(question);
}

static bool hears_ready(const struct sensor *sensor, struct sensor_told *ret_told)
{
    char bytes[MESSAGE_BYTES];
    struct pollfd ready = {.fd = sensor->worker.channel, .events = POLLIN};

    return poll(&ready, 1, READY_MS) > 0 && receive(sensor, bytes, ret_told) >= 0 && ret_told->type == SENSOR_READY;
}

bool sensor_machine_listens(void)
{
    auto_close int fd = machine_connect();

    return fd >= 0;
}

static bool machine_begin(struct sensor *sensor)
{
    auto_close int fd = machine_connect();
    struct sensor_told told;

    if (fd < 0 || !machine_ask(fd, 0))
        return false;
    sensor->worker.channel = take_fd(fd);
    sensor->is_machines = hears_ready(sensor, &told);
    sensor->worker.is_ready = sensor->is_machines;
    if (!sensor->is_machines)
        sensor_kill(sensor);
    return sensor->is_machines;
}

void sensor_set_program(struct sensor *sensor, pid_t pid)
{
    sensor->program = pid;
    if (sensor_is_there(sensor) && sensor->is_machines && !sensor->is_announced && pid > 0)
        (void)!machine_ask(sensor->worker.channel, pid); /* else it hears of its user's other containers, too */
}

void sensor_begin(struct sensor *sensor, const char *program, const char **ret_why)
{
    struct sensor_told told = {0};
    struct error err;

    *ret_why = NULL;
    if (machine_begin(sensor))
        return;
    *ret_why = "cordon-sensor has no right to read the kernel's audit records (setcap cap_audit_read+ep)";
    if (!program || !sensor_may_listen(program))
        return;
    *ret_why = "cordon-sensor could not be started";
    if (worker_begin(&sensor->worker, program, "cordon-sensor", &err) < 0) {
        sensor_kill(sensor);
        return;
    }
    *ret_why = "cordon-sensor gave no answer";
    if (!hears_ready(sensor, &told)) {
        if (told.type == SENSOR_FAILED)
            *ret_why = told.errnum == ENODATA ? "the kernel's audit is off, or tells nothing of Landlock (Linux 6.15; auditctl -e 1)"
                                              : "the kernel's audit records are not to be had here (a container's network, or no right)";
        sensor_kill(sensor);
        return;
    }
    sensor->worker.is_ready = true;
    *ret_why = NULL;
}

/* ---- records ---- */

/* Of a process that is most likely alive: what it executes and how it was called. The record holds no word of either. */
struct facts {
    char exe[PATH_MAX], arguments[ARGUMENT_BYTES];
};

/* The number that it has in its own namespace: the last of those that the kernel names. 0 = it is gone. */
static unsigned number_inside(unsigned pid)
{
    char path[64], text[4096], *at;
    unsigned number = 0;
    auto_close int fd = -1;
    ssize_t length;

    snprintf(path, sizeof(path), "/proc/%u/status", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    length = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;
    text[length > 0 ? length : 0] = '\0';
    at = strstr(text, "\nNSpid:");
    if (!at)
        return 0;
    for (at += strlen("\nNSpid:"); *at == '\t' || *at == ' ';)
        number = (unsigned)strtoul(at, &at, 10);
    return number;
}

static void process_look(const struct sensor *sensor, const struct sensor_told *told, const char *exe, struct facts *facts, struct tier_process *ret_process)
{
    char path[64];
    auto_close int fd = -1;
    ssize_t length;

    ret_process->pid = sensor->is_elsewhere ? 0 : sensor->is_announced ? number_inside(told->pid) : told->pid;
    ret_process->host_pid = (pid_t)told->pid;
    if (!told->pid)
        return;
    snprintf(facts->exe, sizeof(facts->exe), "%.*s", told->exe_length, exe);
    ret_process->exe = facts->exe[0] ? facts->exe : NULL;
    if (sensor->is_elsewhere) /* that number is somebody else's here */
        return;
    if (!told->exe_length) {
        snprintf(path, sizeof(path), "/proc/%u/exe", told->pid);
        length = readlink(path, facts->exe, sizeof(facts->exe) - 1);
        facts->exe[length > 0 ? length : 0] = '\0';
    }
    ret_process->exe = facts->exe[0] ? facts->exe : NULL;
    snprintf(path, sizeof(path), "/proc/%u/cmdline", told->pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    length = fd >= 0 ? read(fd, facts->arguments, sizeof(facts->arguments) - 1) : -1;
    if (length <= 0)
        return;
    facts->arguments[length] = '\0';
    ret_process->command_line = facts->arguments;
    ret_process->command_line_size = (size_t)length + (facts->arguments[length - 1] != '\0');
    ret_process->is_cut = (size_t)length == sizeof(facts->arguments) - 1;
}

static int refusal_record(const struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, const struct sensor_told *told,
                          const char *text, struct error *err)
{
    struct facts facts;
    char path[PATH_MAX + 2], address[SENSOR_ADDRESS_SIZE + 16];
    struct tier_access access = {
        .operation = told->operation < OPERATION_COUNT_ ? (enum operation)told->operation : OPERATION_NONE,
        .source = told->flags & SENSOR_IS_CALL ? by_calls : source.name,
        .layer = told->flags & SENSOR_IS_CALL ? BY_KERNEL : BY_LANDLOCK,
        .errnum = told->errnum,
        .call = -1,
        .is_directory = told->flags & SENSOR_IS_DIRECTORY,
        .target_pid = told->target,
        .count = told->count,
    };

    /* The name in the directory is not told: "?" stands for it, so that it is judged as what lies there. */
    snprintf(path, sizeof(path), "%.*s%s", told->path_length, text,
             told->flags & SENSOR_IS_OF_PARENT ? told->path_length == 1 ? "?" : "/?" : "");
    if (told->flags & SENSOR_HAS_PATH)
        access.path = told->flags & SENSOR_IS_RELATIVE ? NULL : path;
    if (told->flags & SENSOR_IS_RELATIVE)
        access.named = path;
    snprintf(address, sizeof(address), strchr(told->address, ':') ? "[%s]:%u" : "%s:%u", told->address, told->port);
    if (told->flags & SENSOR_HAS_ADDRESS)
        access.named = address;
    process_look(sensor, told, text + told->path_length, &facts, &access.process);
    return told_access(denials, plan, log, &access, access.source, 0, err);
}

/* Is it the container's, and has nobody else told of it? */
static bool is_taken(struct sensor *sensor, const struct sensor_told *told)
{
    if (!sensor->is_announced) {
        if (told->type == SENSOR_DOMAIN && (pid_t)told->pid == sensor->program && sensor->program > 0)
            sensor->domain = told->domain;
        return sensor->domain && told->domain == sensor->domain;
    }
    if (told->type == SENSOR_DOMAIN) {
        sensor->domain = told->domain;
        sensor->domains++;
        sensor->is_over = false;
    }
    if (told->type == SENSOR_REFUSED && !operation_is_of_file((enum operation)told->operation) && told->flags & SENSOR_IS_CALL)
        return false; /* of calls the filter tells, and what it lets through no rule is about */
    return told->type != SENSOR_REFUSED || told->operation >= OPERATION_COUNT_ || !(sensor->others >> told->operation & 1);
}

/*
 * What is missing of the kernel's records, whosever and whatever it was. Beside process 1 it is no number of refusals: most of them that one has told, and
 * they are counted.
 */
static int told_lost(const struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, uint64_t count, struct error *err)
{
    if (!sensor->is_announced)
        return told_access(denials, plan, log, NULL, source.name, count, err);
    event_access_lost(log, source.name, count);
    return 0;
}

/* 1 = there may be more, 0 = none now, or it is gone. */
static int message_take(struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, struct error *err)
{
    char bytes[MESSAGE_BYTES];
    struct sensor_told told;
    ssize_t size = receive(sensor, bytes, &told);
    int status = 0;

    if (size == -EAGAIN)
        return 0;
    if (size < 0) { /* what it would have told from here on nobody knows: at least one */
        sensor_kill(sensor);
        status = told_lost(sensor, denials, plan, log, 1, err);
        return status;
    }
    if (told.type == SENSOR_GAP && told.count && told.flags != SENSOR_GAP_OFF)
        status = told_lost(sensor, denials, plan, log, told.count, err);
    if (status < 0 || !is_taken(sensor, &told))
        return status < 0 ? status : 1;
    switch (told.type) {
    case SENSOR_REFUSED:
        status = refusal_record(sensor, denials, plan, log, &told, bytes + sizeof(told), err);
        break;
    case SENSOR_GONE:
        sensor->domains -= sensor->domains > 0;
        sensor->is_over = !sensor->domains;
        status = told.count ? told_lost(sensor, denials, plan, log, told.count, err) : 0;
        break;
    default:
        break;
    }
    return status < 0 ? status : 1;
}

int sensor_step(struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, struct error *err)
{
    int status = 1;

    while (status > 0 && sensor_is_there(sensor))
        status = message_take(sensor, denials, plan, log, err);
    return status < 0 ? status : 0;
}

uint64_t sensor_due_ns(const struct sensor *sensor, uint64_t ended_ns)
{
    if (!sensor->is_announced || !sensor_is_there(sensor) || (sensor->domain && sensor->is_over))
        return 0;
    return ended_ns + (sensor->domain ? SENSOR_END_MS : QUIET_MS) * NS_PER_MS;
}

/* The kernel tells the end of a domain some milliseconds after its last process was waited for. Without a refusal there is none. */
int sensor_end(struct sensor *sensor, struct denials *denials, const struct plan *plan, struct event_log *log, struct error *err)
{
    uint64_t end_ns = clock_monotonic_ns() + SENSOR_END_MS * NS_PER_MS, now;
    int status = sensor_step(sensor, denials, plan, log, err);

    while (status == 0 && sensor_is_there(sensor) && !sensor->is_announced && !sensor->is_over && (now = clock_monotonic_ns()) < end_ns) {
        struct pollfd ready = {.fd = sensor->worker.channel, .events = POLLIN};
        int wait_ms = sensor->domain ? (int)((end_ns - now) / NS_PER_MS) + 1 : QUIET_MS;

        if (poll(&ready, 1, wait_ms) == 0 && !sensor->domain)
            break;
        status = sensor_step(sensor, denials, plan, log, err);
    }
    if (status == 0 && sensor->domain && !sensor->is_over)
        status = told_lost(sensor, denials, plan, log, 1, err);
    if (sensor_is_there(sensor))
        worker_leave(&sensor->worker);
    sensor->worker.is_ready = false;
    return status;
}

void sensor_kill(struct sensor *sensor)
{
    worker_kill(&sensor->worker, NULL);
    sensor->worker.is_ready = false;
}
