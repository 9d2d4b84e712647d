/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: records and announcements as cordon-sensord gets them, one a line: behind a letter for its type a record, or
 * behind '!' the marks of a container. Nothing behind the bytes is read, every message is bounded, whole and goes to a container that there is.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sensor/calls.h"
#include "sensor/gaps.h"
#include "sensor/listeners.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTAINERS 64

struct machine {
    struct listeners *listeners;
    struct fold *fold;
    struct calls *calls;
    struct gaps gaps;
    int readers[CONTAINERS];
    unsigned count;
};

static void hold(int condition)
{
    if (!condition)
        abort();
}

static bool whose(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    struct machine *machine = context;

    (void)domain;
    if (made)
        owner->container = listeners_of_maker(machine->listeners, made->pid);
    else
        owner->container = call ? listeners_of_login(machine->listeners, call->login_uid) : 0;
    return owner->container != 0;
}

static int tell(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct machine *machine = context;

    hold(told->path_length < PATH_MAX && told->exe_length < PATH_MAX);
    hold(!memchr(path, '\0', told->path_length) && !memchr(exe, '\0', told->exe_length));
    hold(memchr(told->right, '\0', sizeof(told->right)) && memchr(told->address, '\0', sizeof(told->address)));
    listeners_tell(machine->listeners, owner, told, path, exe);
    return 0;
}

/* Marks as an announcer writes them: a login uid, a number of a process, a cgroup. */
static void announce(struct machine *machine, const uint8_t *at, size_t length)
{
    struct sensor_ask ask = {.type = SENSOR_CONTAINER, .login_uid = SENSOR_NO_UID};
    uint32_t number;
    int ends[2];

    if (length < 9 || machine->count == CONTAINERS)
        return;
    memcpy(&ask.login_uid, at, 4);
    memcpy(&ask.pid, at + 4, 4);
    memcpy(ask.cgroup, at + 8, length - 8 < sizeof(ask.cgroup) ? length - 8 : sizeof(ask.cgroup));
    hold(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    if (listeners_announce(machine->listeners, ends[0], &ask, &number) == 0) {
        hold(number != 0 && (ask.login_uid == SENSOR_NO_UID || listeners_of_login(machine->listeners, ask.login_uid) == number));
        hold(!ask.cgroup[0] || listeners_of_cgroup(machine->listeners, ask.cgroup, strlen(ask.cgroup)) != 0);
        machine->readers[machine->count++] = ends[1];
        return;
    }
    close(ends[0]);
    close(ends[1]);
}

static void record_take(struct machine *machine, unsigned type, const char *text, size_t size)
{
    static struct audit_record record;
    uint64_t serial;
    uint32_t container;

    if (record_serial(text, size, &serial))
        gaps_see(&machine->gaps, serial & UINT32_MAX);
    if (!record_read(type, text, size, &record))
        return;
    container = record.kind == RECORD_CALL ? listeners_of_login(machine->listeners, record.login_uid) : 0;
    if (container && calls_is_refused(&record) && !fold_knows_serial(machine->fold, record.serial))
        hold(calls_begin(machine->calls, container, &record) == 0);
    else
        hold(calls_take(machine->calls, &record) == 0 && fold_take(machine->fold, &record) == 0);
}

static unsigned type_of(uint8_t letter)
{
    static const unsigned types[] = {RECORD_LANDLOCK_ACCESS, RECORD_LANDLOCK_DOMAIN, RECORD_SYSCALL, RECORD_END_OF_EVENT,
                                     RECORD_PATH, RECORD_DIRECTORY, RECORD_ADDRESS, RECORD_CONFIG};

    return letter >= 'a' && letter < 'a' + ARRAY_COUNT(types) ? types[letter - 'a'] : letter;
}

static void line_take(struct machine *machine, const uint8_t *line, size_t length)
{
    char *copy = malloc(length);

    hold(copy != NULL);
    memcpy(copy, line + 1, length - 1);
    if (*line == '!')
        announce(machine, line + 1, length - 1);
    else if (*line == '-' && machine->count) {
        close(machine->readers[--machine->count]);
        listeners_tell_gap(machine->listeners, SENSOR_GAP_SERIAL, 1, true);
    } else
        record_take(machine, type_of(*line), copy, length - 1);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct machine machine = {0};
    const struct fold_sink sink = {whose, tell, &machine};
    const uint8_t *at = data, *end = data + size;
    uint32_t number;

    hold(listeners_new(&machine.listeners, NULL) == 0 && fold_new(FOLD_RUN, &sink, &machine.fold, NULL) == 0);
    hold(calls_new(machine.fold, &machine.calls, NULL) == 0);
    while (at < end) {
        const uint8_t *line = memchr(at, '\n', (size_t)(end - at)), *stop = line ? line : end;

        if (stop > at)
            line_take(&machine, at, (size_t)(stop - at));
        while ((number = listeners_gone(machine.listeners)) != 0) {
            fold_forget_container(machine.fold, number);
            listeners_remove(machine.listeners, number);
        }
        at = stop + 1;
    }
    hold(calls_flush(machine.calls) == 0 && fold_flush(machine.fold) == 0 && fold_tell_repeated(machine.fold) == 0);
    (void)gaps_settle(&machine.gaps);
    calls_free(machine.calls);
    fold_free(machine.fold);
    listeners_free(machine.listeners);
    for (unsigned i = 0; i < machine.count; i++)
        close(machine.readers[i]);
    return 0;
}
