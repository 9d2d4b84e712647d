/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway is a child of whoever started the container, and lives as long as its end of the channel has another. What
 * it says is bounded by its socket; what does not fit it counts, so nobody has to read in time.
 */
#include "sdk/gateway.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/spawn.h"
#include "worker/wire.h"

#define ATTACH_NS (10 * NS_PER_S)       /* set-up that takes longer has failed */
#define LAST_WORDS_NS (NS_PER_S / 2)    /* for what it has to say in the end */
#define STEP_MESSAGES 256               /* at once: the container wants attention as well */
#define SEND_BUFFER (256 << 10)         /* bytes of messages under way */

static int channel_send(int channel, uint32_t type, int fd, struct error *err)
{
    struct worker_message message = {.type = type};
    struct iovec vector = {&message, sizeof(message)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary = {0};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            .msg_controllen = sizeof(ancillary)};
    ssize_t sent;

    ancillary.header.cmsg_level = SOL_SOCKET;
    ancillary.header.cmsg_type = SCM_RIGHTS;
    ancillary.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
    do
        sent = sendmsg(channel, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    /* one that is gone has left a word of why */
    if (sent == (ssize_t)sizeof(message) || (sent < 0 && (errno == EPIPE || errno == ECONNRESET)))
        return 0;
    return error_system(err, sent < 0 ? errno : EIO, "tell the gateway what to do");
}

/* 1 = a message, 0 = none now, -ECONNRESET = it is gone. */
static int channel_receive(int channel, struct worker_message *ret_message)
{
    ssize_t got;

    do
        got = recv(channel, ret_message, sizeof(*ret_message), MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == EAGAIN ? 0 : -errno;
    if (got == 0)
        return -ECONNRESET;
    if (got != (ssize_t)sizeof(*ret_message))
        return -EBADMSG;
    ret_message->name[sizeof(ret_message->name) - 1] = ret_message->where[sizeof(ret_message->where) - 1] = '\0';
    return 1;
}

static int rules_seal(const struct net_rules *rules, int *ret_fd, struct error *err)
{
    auto_close int fd = memfd_create("cordon-rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    auto_free void *record = NULL;
    size_t size;
    int status;

    if (fd < 0)
        return error_system(err, errno, "make room for the rules of the network");
    status = net_rules_write(rules, &record, &size, err);
    if (status == 0)
        status = file_write_all(fd, record, size);
    if (status < 0)
        return error_system(err, -status, "write the rules of the network");
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return error_system(err, errno, "seal the rules of the network");
    *ret_fd = take_fd(fd);
    return 0;
}

int gateway_begin(struct gateway *gateway, const char *program, const struct net_rules *rules, struct error *err)
{
    struct spawn spawn = {.name = "cordon-gateway", .channel_number = WORKER_CHANNEL};
    auto_close int binary = -1, null = -1, inner = -1, record = -1;
    const char *step = NULL;
    int sockets[2], size = SEND_BUFFER, status = rules_seal(rules, &record, err);

    if (status == 0)
        status = spawn_open(program, &binary, err);
    if (status < 0)
        return status;
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return error_system(err, errno, "open /dev/null");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
        return error_system(err, errno, "create a socket pair");
    gateway->channel = sockets[0];
    inner = sockets[1];
    if (setsockopt(inner, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
        return error_system(err, errno, "make room for the gateway's messages");
    spawn.program = binary;
    spawn.channel = inner;
    spawn.null = null;
    status = spawn_program(&spawn, &gateway->pid, &gateway->pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "start cordon-gateway: %s", step ? step : "make a process");
    return channel_send(gateway->channel, WORKER_RULES, record, err);
}

static int await(const struct gateway *gateway, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    struct pollfd fds[] = {{.fd = gateway->channel, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
    uint64_t now = clock_monotonic_ns();
    int ready;

    if (now >= deadline_ns)
        return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "set-up did not end in time: the gateway is not ready");
    ready = poll(fds, 2, (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS));
    if (ready < 0 && errno != EINTR)
        return error_system(err, errno, "wait for the gateway");
    if (ready > 0 && fds[1].revents)
        return error_set(err, ERROR_SYSTEM, ECANCELED, "set-up was given up by the caller");
    return 0;
}

static int refusal(const struct worker_message *message, struct error *err)
{
    int errnum = message->errnum > 0 ? message->errnum : EIO;
    const char *reason = strerrordesc_np(errnum);

    if (message->kind == ERROR_UNENFORCEABLE)
        return error_set(err, ERROR_UNENFORCEABLE, errnum, "network: %s: %s", message->where,
                         reason ? reason : "unknown error");
    return error_system(err, errnum, "network: %s", message->where);
}

int gateway_attach(struct gateway *gateway, int network, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    uint64_t own_ns = clock_monotonic_ns() + ATTACH_NS;
    int status = channel_send(gateway->channel, WORKER_ATTACH, network, err);

    if (!deadline_ns || own_ns < deadline_ns)
        deadline_ns = own_ns;
    while (status == 0 && !gateway->is_ready) {
        struct worker_message message;

        status = channel_receive(gateway->channel, &message);
        if (status < 0)
            return error_set(err, ERROR_SYSTEM, -status, "the gateway ended without a word during set-up");
        if (status > 0 && message.type == WORKER_ERROR)
            return refusal(&message, err);
        if (status > 0)
            gateway->is_ready = message.type == WORKER_READY;
        if (status > 0 && !gateway->is_ready)
            return error_set(err, ERROR_INTERNAL, EBADMSG, "the gateway said something unknown (%u)", message.type);
        status = status > 0 ? 0 : await(gateway, deadline_ns, cancel_fd, err);
    }
    return status;
}

static const char *protocol_name(uint32_t protocol)
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

static int record_event(const struct worker_message *message, struct event_log *log, struct error *err)
{
    static const char *const types[] = {
        [WORKER_CONNECTED] = "network.connected", [WORKER_CLOSED] = "network.closed",
        [WORKER_DENIED] = "network.denied",       [WORKER_FAILED] = "network.failed",
        [WORKER_NAME_DENIED] = "network.name-denied",
    };
    bool is_denial = message->kind == WORKER_DENIED || message->kind == WORKER_NAME_DENIED;
    char address[INET6_ADDRSTRLEN] = "";
    struct event_network network = {
        .connection = message->connection,
        .protocol = protocol_name(message->protocol),
        .address = address,
        .port = message->port,
        .name = message->name,
        .rule = message->where,
        .reason = is_denial ? net_reason_text((enum net_reason)message->reason) : NULL,
        .errnum = message->errnum,
        .bytes_up = message->bytes_up,
        .bytes_down = message->bytes_down,
        .duration_us = message->duration_us,
    };

    if (message->kind == WORKER_LOST) {
        event_network_lost(log, message->count);
        return 0;
    }
    if (message->kind >= sizeof(types) / sizeof(types[0]) || !types[message->kind])
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the gateway told of something unknown (%u)", message->kind);
    network.type = types[message->kind];
    if (message->family == AF_INET || message->family == AF_INET6)
        inet_ntop(message->family, message->address, address, sizeof(address));
    return event_network(log, &network, err);
}

static void reap(struct gateway *gateway, siginfo_t *ret_how)
{
    memset(ret_how, 0, sizeof(*ret_how));
    while (waitid(P_PIDFD, (id_t)gateway->pidfd, ret_how, WEXITED | __WALL) < 0 && errno == EINTR)
        ;
    fd_close_at(&gateway->pidfd);
    fd_close_at(&gateway->channel);
    gateway->pidfd = gateway->channel = -1;
}

void gateway_kill(struct gateway *gateway)
{
    siginfo_t ignored;

    if (gateway->pidfd < 0) {
        fd_close_at(&gateway->channel);
        gateway->channel = -1;
        return;
    }
    syscall(SYS_pidfd_send_signal, gateway->pidfd, SIGKILL, NULL, 0);
    reap(gateway, &ignored);
}

/* 1 = it is gone. */
static int hear(struct gateway *gateway, struct event_log *log, int limit, struct error *err)
{
    struct worker_message message;

    for (int i = 0; i < limit; i++) {
        int status = channel_receive(gateway->channel, &message);

        if (status == -ECONNRESET)
            return 1;
        if (status < 0)
            return error_system(err, -status, "hear the gateway");
        if (status == 0)
            return 0;
        if (message.type == WORKER_EVENT)
            status = record_event(&message, log, err);
        else if (message.type == WORKER_ERROR)
            continue; /* its end comes next */
        else
            status = error_set(err, ERROR_INTERNAL, EBADMSG, "the gateway said something unknown (%u)", message.type);
        if (status < 0)
            return status;
    }
    return 0;
}

int gateway_step(struct gateway *gateway, struct event_log *log, struct error *err)
{
    siginfo_t how;
    char text[96];
    int status;

    if (gateway->channel < 0)
        return 0;
    status = hear(gateway, log, STEP_MESSAGES, err);
    if (status <= 0)
        return status;
    /* without a channel it has nothing to live for */
    syscall(SYS_pidfd_send_signal, gateway->pidfd, SIGKILL, NULL, 0);
    reap(gateway, &how);
    snprintf(text, sizeof(text), "the gateway ended (%s %d): the container has no network any more",
             how.si_code == CLD_EXITED ? "status" : "signal", how.si_status);
    return event_network_gone(log, text, err);
}

int gateway_end(struct gateway *gateway, struct event_log *log, struct error *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + LAST_WORDS_NS;
    int status = 0;

    if (gateway->channel >= 0)
        shutdown(gateway->channel, SHUT_WR);
    while (status == 0 && gateway->channel >= 0) {
        status = hear(gateway, log, STEP_MESSAGES, err);
        if (status == 0 && await(gateway, deadline_ns, -1, NULL) < 0)
            break;
    }
    gateway_kill(gateway);
    return status < 0 ? status : event_network_end(log, err);
}
