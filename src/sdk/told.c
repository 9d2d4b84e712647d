/* SPDX-License-Identifier: Apache-2.0 */
/* The names of numbers, and of the process behind one: the gateway has neither files nor /proc. */
#include "sdk/told.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

#define NUMBER_MAX ((UINT64_C(1) << 53) - 1)
#define TOLD_NAME_MAX 64 /* of a name that is shown beside the end of a run */
#define EXES 1024u /* connections of which the program is remembered; of two in one place, the later */

struct told_exe {
    uint64_t connection; /* 0 = none */
    uint32_t pid;
    char *path;
};

struct told {
    const char *type;
    bool has_reason;  /* else it says nothing of one */
    bool has_request; /* method, path, call, tool, status */
};

static const struct told kinds[] = {
    [WORKER_CONNECTED] = {"network.connected", false, false},
    [WORKER_CLOSED] = {"network.closed", false, false},
    [WORKER_DENIED] = {"network.denied", true, false},
    [WORKER_FAILED] = {"network.failed", false, false},
    [WORKER_NAME_DENIED] = {"network.name-denied", true, false},
    [WORKER_REQUEST] = {"network.request", false, true},
    [WORKER_REQUEST_DENIED] = {"network.request-denied", true, true},
    [WORKER_SECRET_DENIED] = {"network.secret-denied", true, true},
};

/* Every reader of JSON has room for that much (RFC 7493, 2.2); what is more nobody has seen go by. */
static uint64_t in_range(uint64_t number)
{
    return number < NUMBER_MAX ? number : NUMBER_MAX;
}

const char *told_protocol(unsigned protocol)
{
    switch (protocol) {
    case NET_TCP:
        return "tcp";
    case NET_UDP:
        return "udp";
    case NET_ICMP:
        return "icmp";
    default:
        return NULL;
    }
}

/* As the process was when it connected; else what it executes now: it may be gone, or execute another program by now. */
const char *told_exe(const struct workers *workers, unsigned pid, char text[PATH_MAX])
{
    char link[96];
    ssize_t length;

    if (pid && workers->executed && workers->executed(workers->executed_context, pid, text, PATH_MAX))
        return text;
    if (!pid || workers->first <= 0)
        return NULL;
    snprintf(link, sizeof(link), "/proc/%d/root/proc/%u/exe", (int)workers->first, pid);
    length = readlink(link, text, PATH_MAX - 1);
    if (length <= 0 || length >= PATH_MAX - 1)
        return NULL;
    text[length] = '\0';
    return text;
}

static void forget(struct told_exe *known)
{
    mem_free(known->path);
    *known = (struct told_exe){0};
}

void told_forget(struct workers *workers)
{
    for (size_t i = 0; workers->exes && i < EXES; i++)
        forget(&workers->exes[i]);
    mem_free(take_ptr(workers->exes));
}

/* Without memory nothing is remembered, and asked again. */
static void remember(struct workers *workers, const struct worker_message *message, const char *path)
{
    struct told_exe *known;

    if (!workers->exes)
        workers->exes = mem_alloc(EXES * sizeof(*workers->exes));
    if (!workers->exes)
        return;
    known = &workers->exes[message->connection % EXES];
    forget(known);
    known->path = mem_string(path);
    known->pid = message->pid;
    known->connection = known->path ? message->connection : 0;
}

/* As it was first found for this connection: later the process may be gone. */
static const char *exe_of(struct workers *workers, const struct worker_message *message, char text[PATH_MAX])
{
    struct told_exe *known = workers->exes ? &workers->exes[message->connection % EXES] : NULL;
    const char *path;

    if (!message->connection || !message->pid)
        return told_exe(workers, message->pid, text);
    if (known && known->connection == message->connection && known->pid == message->pid) {
        snprintf(text, PATH_MAX, "%s", known->path);
        path = text;
    } else {
        path = told_exe(workers, message->pid, text);
        known = NULL;
    }
    if (message->kind == WORKER_CLOSED || message->kind == WORKER_FAILED || message->kind == WORKER_DENIED) {
        if (known)
            forget(known);
    } else if (path && !known) {
        remember(workers, message, path);
    }
    return path;
}

const char *told_program(const struct workers *workers, unsigned program)
{
    return program && workers->rules && program <= workers->rules->program_count
               ? workers->rules->programs[program - 1].path
               : NULL;
}

void told_remember_denial(struct workers *workers, const struct event_network *network)
{
    auto_text struct text text = {0};
    const char *to = network->name && *network->name ? network->name : network->address;

    workers->denied++;
    text_add(&text, "connect ");
    text_add_safe_n(&text, to ? to : "", to ? strnlen(to, TOLD_NAME_MAX) : 0);
    if (network->port)
        text_printf(&text, " port %u", network->port);
    if (!text.is_broken)
        snprintf(workers->denied_text, sizeof(workers->denied_text), "%s", text.data);
}

static int record_budget(struct workers *workers, const struct worker_message *message, struct event_log *log,
                         struct error *err)
{
    const struct event_budget budget = {
        .connection = in_range(message->connection),
        .rule = message->where,
        .kind = message->method,
        .limit = in_range(message->count),
        .ends_run = message->ends_run,
    };

    if (message->ends_run && !workers->ends_run) {
        workers->ends_run = true;
        workers->over = *message;
    }
    return event_network_budget(log, &budget, err);
}

int told_record(struct workers *workers, const struct worker_message *message, struct event_log *log, struct error *err)
{
    const struct told *told = message->kind < ARRAY_COUNT(kinds) ? &kinds[message->kind] : NULL;
    char address[INET6_ADDRSTRLEN] = "", exe[PATH_MAX];
    struct event_network network = {
        .connection = in_range(message->connection),
        .protocol = told_protocol(message->protocol),
        .address = address,
        .port = message->port,
        .name = message->name,
        .rule = message->where,
        .pid = message->pid,
        .program = told_program(workers, message->program),
        .errnum = message->errnum,
        .bytes_up = in_range(message->bytes_up),
        .bytes_down = in_range(message->bytes_down),
        .duration_us = in_range(message->duration_us),
    };

    if (message->kind == WORKER_LOST) {
        event_network_lost(log, in_range(message->count));
        return 0;
    }
    if (message->kind == WORKER_BUDGET)
        return record_budget(workers, message, log, err);
    if (message->kind == WORKER_ENDED)
        return event_grant_ended(log, message->where, message->count, err);
    if (!told || !told->type)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the gateway told of something unknown (%u)", message->kind);
    network.type = told->type;
    network.reason = told->has_reason ? net_reason_text((enum net_reason)message->reason) : NULL;
    if (message->kind == WORKER_FAILED && message->path[0])
        network.reason = message->path; /* the inspector's */
    if (told->has_request) {
        network.has_request = true;
        network.method = message->method;
        network.path = message->path;
        network.call = message->call;
        network.tool = message->tool;
        network.status = (unsigned)(message->count < 1000 ? message->count : 0);
    }
    if (message->kind == WORKER_SECRET_DENIED)
        network.secret = message->secret;
    if (message->family == AF_INET || message->family == AF_INET6)
        inet_ntop(message->family, message->address, address, sizeof(address));
    if (told->has_reason)
        told_remember_denial(workers, &network);
    if (event_network_has_room(log)) /* else nobody reads it */
        network.exe = exe_of(workers, message, exe);
    return event_network(log, &network, err);
}
