/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what peers send to cordon-launcher. For each record one byte says who sends it and one how many descriptors come along. It is
 * answered, the answer ends, nothing is started (nobody is there to do it), and of what is given to each keeper nothing is another's.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "launcher/fds.h"
#include "launcher/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define RECORDS_MAX 16

static void hold(int condition)
{
    if (!condition)
        abort();
}

/* A keeper with one container, and another keeper without. */
static void groups_make(struct server *server, struct group groups[2], struct container *container)
{
    for (int i = 0; i < 2; i++) {
        groups[i] = (struct group){.peer = {.pid = getpid(), .pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0), .uid = 1000, .gid = 1000}};
        snprintf(groups[i].name, sizeof(groups[i].name), "1000-%d", i + 1);
    }
    groups[0].next = &groups[1];
    groups[0].containers = container;
    groups[0].count = 1;
    *container = (struct container){.group = &groups[0], .id = "a", .uid = server->range.first, .pidfd = -1, .map = -1, .has_own_uid = true};
    server->groups = groups;
    server->group_count = 2;
    server->container_count = 1;
}

static void serve_one(struct server *server, const uint8_t *head, const struct launch_request *request)
{
    static const enum who all[] = {WHO_DAEMON, WHO_KEEPER, WHO_KEEPER};
    struct source from = {.kind = SOURCE_CONNECTION, .fd = -1, .who = all[head[0] % 3]};
    struct launch_reply reply;
    size_t count = head[1] % (LAUNCH_FDS_MAX + 1);
    int fds[LAUNCH_FDS_MAX], answer, ends[2];

    if (from.who == WHO_KEEPER)
        from.group = server->groups->next;
    hold(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0);
    from.fd = ends[1];
    for (size_t i = 0; i < count; i++)
        fds[i] = fcntl(ends[0], F_DUPFD_CLOEXEC, 3);
    requests_serve(server, &from, request, fds, count, &reply, &answer);
    hold(!server->notes.hearer || (server->notes.hearer == &from && !from.who && request->type == LAUNCH_HEAR));
    notes_forget(server, &from);
    hold(reply.magic == LAUNCH_MAGIC && reply.status <= 0 && memchr(reply.text, '\0', sizeof(reply.text)) != NULL);
    hold((reply.status == 0) == (reply.kind == 0) && answer == -1);
    hold(server->groups->connections == NULL);
    fds_close(fds, count);
    fds_close(ends, 2);
    /* a keeper without containers has none of the other's, and none that was not started */
    if (from.who == WHO_KEEPER)
        hold(reply.status < 0 || request->type == LAUNCH_ATTACH || (request->type == LAUNCH_KEEP && request->order != LAUNCH_KEEPS));
    hold(!server->kept && !server->kept_count);
}

static void containers_forget(struct group *group)
{
    while (group->containers) {
        struct container *next = group->containers->next;

        hold(group->containers->is_over && group->containers->pidfd == -1);
        mem_free(group->containers);
        group->containers = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct server server = {.range = {RANGE_FIRST, RANGE_BLOCK}, .hand = -1, .epoll = -1, .records = -1, .keeps = -1, .containers = -1, .keeper_program = -1, .init_program = -1};
    struct group groups[2];
    struct container container;
    uint32_t owner = 1000, next = 0;
    unsigned char states[RANGE_BLOCK];

    for (int i = 0; i < CGROUPS_COUNT_; i++)
        server.cgroups.at[i] = -1;
    memset(states, LEDGER_FREE, sizeof(states));
    server.ledger = (struct ledger){.range = server.range, .file = -1, .owners = &owner, .states = states, .next = &next, .proc = "/proc/self/fdinfo"};
    groups_make(&server, groups, &container);
    for (int i = 0; i < RECORDS_MAX && size >= 2 + sizeof(struct launch_request); i++) {
        struct launch_request request;

        memcpy(&request, data + 2, sizeof(request));
        serve_one(&server, data, &request);
        data += 2 + sizeof(request);
        size -= 2 + sizeof(request);
    }
    hold(server.groups == groups && server.group_count == 2);
    containers_forget(&groups[1]);
    for (int i = 0; i < 2; i++)
        close(groups[i].peer.pidfd);
    return 0;
}
