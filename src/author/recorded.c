/* SPDX-License-Identifier: Apache-2.0 */
/* From records to questions. */
#include "author/recorded.h"

#include <string.h>

#include "base/kernel/syscalls.h"

/* False: it does not fit. */
static bool path_move(const char *path, const char *from, const char *to, char *ret_path)
{
    size_t length = from ? strlen(from) : 0, head = 0, size;

    if (from && to && strncmp(path, from, length) == 0 && (path[length] == '/' || !path[length])) {
        head = strlen(to);
        if (head >= PATH_MAX)
            return false;
        memcpy(ret_path, to, head);
        path += length;
    }
    size = strlen(path);
    if (head + size >= PATH_MAX)
        return false;
    memcpy(ret_path + head, path, size + 1);
    return true;
}

static unsigned protocol_of(const char *name)
{
    if (!name)
        return NET_TCP;
    return strcmp(name, "udp") == 0 ? NET_UDP : strcmp(name, "icmp") == 0 ? NET_ICMP : NET_TCP;
}

/* "127.0.0.1:80", "[::1]:80": how an access record writes an address. */
static bool address_take(const char *text, struct question *question)
{
    struct net_host host;
    unsigned port = 0;

    if (net_authority_parse(text, strlen(text), &host, &port, NULL) < 0 || !host.is_address)
        return false;
    question->address = host.address;
    question->port = port;
    return true;
}

/* What the host's own permissions refuse, no policy changes; what the host has and the program cannot find, the policy hides. */
static bool is_of_policy(const struct event_access *access)
{
    return access->rule || access->is_hidden || !access->layer || strcmp(access->layer, "kernel") != 0;
}

static void access_read(const struct event_record *record, const char *from, const char *to, struct recorded *recorded)
{
    const struct event_access *access = &record->access;
    struct question *question = &recorded->question;
    bool is_denied = strcmp(record->type, "access.denied") == 0;

    question->operation = access->operation;
    question->exe = access->process.exe;
    question->is_directory = access->kind && strcmp(access->kind, "directory") == 0;
    question->exists = access->is_hidden || (access->operation != OPERATION_CREATE && !is_denied) ||
                       (is_denied && access->outside != NULL && access->operation != OPERATION_CREATE);
    recorded->count = access->count ? access->count : 1;
    if (access->operation == OPERATION_SYSCALL) {
        question->call = access->call ? kernel_syscall_number(access->call) : -1;
        if (question->call < 0)
            return;
    } else if (access->kind && strcmp(access->kind, "address") == 0) {
        if (!access->path || !address_take(access->path, question))
            return;
    } else if (access->path) {
        if (!path_move(access->path, from, to, recorded->path))
            return;
        question->path = recorded->path;
        if (access->second) {
            if (!path_move(access->second, from, to, recorded->second))
                return;
            question->second = recorded->second;
        }
    } else if (operation_is_of_file(access->operation)) {
        return;
    }
    if (record->is_cut || (is_denied && !is_of_policy(access)))
        return;
    recorded->verdict = is_denied ? RECORDED_REFUSED : RECORDED_ALLOWED;
}

static enum recorded_verdict verdict_of(const char *type)
{
    static const struct {
        const char *type;
        enum recorded_verdict verdict;
    } rows[] = {
        {"network.connected", RECORDED_ALLOWED}, {"network.failed", RECORDED_ALLOWED},        {"network.denied", RECORDED_REFUSED},
        {"network.name-denied", RECORDED_REFUSED}, {"network.request", RECORDED_ALLOWED}, {"network.request-denied", RECORDED_REFUSED},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (strcmp(type, rows[i].type) == 0)
            return rows[i].verdict;
    return RECORDED_NOTHING; /* secret-denied: about a value; closed: said before */
}

static void request_read(const struct event_network *network, struct recorded *recorded)
{
    recorded->request = (struct net_request){
        .method = network->method ? network->method : "GET",
        .path = network->path,
        .has_call = network->call != NULL,
        .call = network->call,
        .tool = network->tool,
    };
    recorded->question.request = &recorded->request;
}

static void network_read(const struct event_record *record, struct recorded *recorded)
{
    const struct event_network *network = &record->network;
    struct question *question = &recorded->question;

    question->operation = OPERATION_CONNECT;
    question->exe = network->exe;
    question->port = network->port;
    question->protocol = protocol_of(network->protocol);
    recorded->count = 1;
    if (network->address && net_address_parse(network->address, strlen(network->address), &question->address) < 0)
        return;
    if (network->name && *network->name) {
        if (net_name_canonical(network->name, strlen(network->name), recorded->name, NULL) < 0)
            return;
        question->host = recorded->name;
    }
    if (!question->host && !question->address.family)
        return;
    if (network->has_request)
        request_read(network, recorded);
    recorded->verdict = verdict_of(record->type);
}

void recorded_read(const struct event_record *record, const char *from, const char *to, struct recorded *ret_recorded)
{
    ret_recorded->verdict = RECORDED_NOTHING;
    ret_recorded->question = (struct question){0};
    ret_recorded->count = 0;
    if (record->kind == RECORD_ACCESS)
        access_read(record, from, to, ret_recorded);
    else if (record->kind == RECORD_NETWORK)
        network_read(record, ret_recorded);
}
