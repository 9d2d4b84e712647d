/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces, the gateway and sockets for its tests. */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "worker/channel.h"

#define PATIENCE_MS 10000

static void write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        test_fail(__FILE__, __LINE__, "%s: %s", path, strerror(errno));
    close(fd);
}

/* This process's own user and network namespace, in which it is who it was. false = this machine has none. */
static bool enter_own_namespaces(bool as_root)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    char map[64];

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        return false;
    write_text("/proc/self/setgroups", "deny");
    snprintf(map, sizeof(map), "%u %u 1", as_root ? 0 : uid, uid);
    write_text("/proc/self/uid_map", map);
    snprintf(map, sizeof(map), "%u %u 1", as_root ? 0 : gid, gid);
    write_text("/proc/self/gid_map", map);
    return true;
}

static void add_address4(int fd, const char *name, const char *text)
{
    struct ifreq request = {0};
    struct sockaddr_in *address = (void *)&request.ifr_addr;

    strncpy(request.ifr_name, name, sizeof(request.ifr_name) - 1);
    address->sin_family = AF_INET;
    inet_pton(AF_INET, text, &address->sin_addr);
    check_int(ioctl(fd, SIOCSIFADDR, &request), 0);
    request.ifr_flags = IFF_UP;
    check_int(ioctl(fd, SIOCSIFFLAGS, &request), 0);
}

struct in6_ifreq_kernel {
    struct in6_addr address;
    uint32_t prefix;
    int index;
};

static void add_address6(const char *text)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct in6_ifreq_kernel request = {.prefix = 128, .index = 1};

    if (fd < 0)
        return;
    inet_pton(AF_INET6, text, &request.address);
    check_int(ioctl(fd, SIOCSIFADDR, &request), 0);
    close(fd);
}

/* The host's own addresses are those on lo: what stands for the rest of the world must not be one of them. */
static void make_outside(void)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    check(fd >= 0);
    add_address4(fd, "lo", "127.0.0.1");
    close(fd);
    check_int(system("ip route add local 93.184.216.0/24 dev lo && ip -6 route add local 2606:2800:220:1::/64 dev lo"), 0);
    add_address6("fd00::1");
}

void world_begin(struct world *world)
{
    int ready[2];
    char byte, path[64];

    *world = (struct world){.channel = -1, .inspector = -1, .user = -1, .net = -1};
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the gateway's limit, their calls not on its list */
#endif
    if (!enter_own_namespaces(true))
        test_skip("userns");
    prctl(PR_SET_DUMPABLE, 1);
    make_outside();
    check_int(pipe2(ready, O_CLOEXEC), 0);
    world->container = fork();
    check(world->container >= 0);
    if (world->container == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (!enter_own_namespaces(false))
            _exit(1);
        (void)!write(ready[1], "", 1);
        pause();
        _exit(0);
    }
    close(ready[1]);
    check_int(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    snprintf(path, sizeof(path), "/proc/%d/ns/user", world->container);
    world->user = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%d/ns/net", world->container);
    world->net = open(path, O_RDONLY | O_CLOEXEC);
    check(world->user >= 0 && world->net >= 0);
}

static void send_message(int channel, enum worker_message_type type, uint32_t kind, int fd)
{
    struct worker_message message = {.type = type, .kind = kind};
    struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = "";
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&header);

    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(rights), &fd, sizeof(fd));
    check_int(sendmsg(channel, &header, MSG_NOSIGNAL), sizeof(message));
}

static void send_rules(int channel, const struct net_rules *rules, uint32_t kind)
{
    struct error err = ERROR_INIT;
    void *record;
    size_t size;
    int fd = memfd_create("rules", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    check(fd >= 0);
    check_int(net_rules_write(rules, &record, &size, &err), 0);
    check_int(write(fd, record, size), size);
    mem_free(record);
    check_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), 0);
    send_message(channel, WORKER_RULES, kind, fd);
    close(fd);
}

void world_send_rules(struct world *world, const struct net_rules *rules)
{
    send_rules(world->channel, rules, 0);
}

void world_send_captured(struct world *world, const struct net_rules *rules)
{
    send_rules(world->channel, rules, WORKER_RULES_CAPTURED);
}

struct worker_message world_receive(struct world *world)
{
    struct pollfd wait = {.fd = world->channel, .events = POLLIN};
    struct worker_message message;

    check_int(poll(&wait, 1, PATIENCE_MS), 1);
    check_int(recv(world->channel, &message, sizeof(message), 0), sizeof(message));
    return message;
}

struct worker_message world_expect(struct world *world, enum worker_event_kind kind)
{
    struct worker_message message;

    do
        message = world_receive(world);
    while (message.type != WORKER_EVENT || message.kind != kind);
    return message;
}

struct worker_message world_await_answer(struct world *world)
{
    struct worker_message message;

    do
        message = world_receive(world);
    while (message.type == WORKER_EVENT);
    return message;
}

static pid_t start_gateway(int *ret_channel)
{
    int pair[2];
    pid_t pid;

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    pid = fork();
    check(pid >= 0);
    if (pid == 0) {
        static char name[] = "cordon-gateway";
        static char *const arguments[] = {name, NULL};

        if (pair[1] == WORKER_CHANNEL)
            fcntl(pair[1], F_SETFD, 0);
        else
            dup2(pair[1], WORKER_CHANNEL);
        execve(GATEWAY_PROGRAM, arguments, arguments + 1);
        _exit(127);
    }
    close(pair[1]);
    *ret_channel = pair[0];
    return pid;
}

struct worker_message world_capture(struct world *world, const struct net_rules *rules)
{
    struct worker_message message;
    int channel, status;
    pid_t pid = start_gateway(&channel);

    send_message(channel, WORKER_CAPTURE, 0, world->net);
    send_rules(channel, rules, 0);
    check_int(recv(channel, &message, sizeof(message), 0), sizeof(message));
    check_int(waitpid(pid, &status, 0), pid);
    close(channel);
    check(WIFEXITED(status) && (WEXITSTATUS(status) == 0) == (message.type == WORKER_READY));
    return message;
}

static bool attach(struct world *world, const struct net_rules *rules, int inspector, struct worker_message *ret_error)
{
    struct worker_message message;

    world->gateway = start_gateway(&world->channel);
    world_send_rules(world, rules);
    if (inspector >= 0)
        send_message(world->channel, WORKER_INSPECTOR, 0, inspector);
    send_message(world->channel, WORKER_ATTACH, 0, world->net);
    message = world_receive(world);
    if (ret_error)
        *ret_error = message;
    return message.type == WORKER_READY;
}

bool world_attach(struct world *world, const struct net_rules *rules, struct worker_message *ret_error)
{
    return attach(world, rules, -1, ret_error);
}

bool world_attach_inspected(struct world *world, const struct net_rules *rules, struct worker_message *ret_error)
{
    int pair[2];
    bool is_ready;

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    world->inspector = pair[0];
    is_ready = attach(world, rules, pair[1], ret_error);
    close(pair[1]);
    return is_ready;
}

struct worker_message world_inspector_receive(struct world *world, int ret_fds[2])
{
    struct pollfd wait = {.fd = world->inspector, .events = POLLIN};
    struct worker_message message;
    struct error err = ERROR_INIT;

    check_int(poll(&wait, 1, PATIENCE_MS), 1);
    check_int(channel_receive_all(world->inspector, &message, ret_fds, &err), 1);
    return message;
}

void world_inspector_say(struct world *world, const struct worker_message *message)
{
    check_int(send(world->inspector, message, sizeof(*message), MSG_NOSIGNAL), sizeof(*message));
}

int world_inside(struct world *world, int (*run)(void *data), void *data)
{
    int status;
    pid_t pid = fork();

    check(pid >= 0);
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (setns(world->user, CLONE_NEWUSER) < 0 || setns(world->net, CLONE_NEWNET) < 0)
            _exit(100);
        _exit(run(data));
    }
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFEXITED(status) && WEXITSTATUS(status) != 100);
    return WEXITSTATUS(status);
}

void world_kill_gateway(struct world *world)
{
    fd_close_at(&world->channel);
    world->channel = -1;
    check_int(kill(world->gateway, SIGKILL), 0);
    check_int(waitpid(world->gateway, NULL, 0), world->gateway);
    world->gateway = 0;
}

void world_end(struct world *world)
{
    fd_close_at(&world->inspector);
    fd_close_at(&world->channel);
    fd_close_at(&world->user);
    fd_close_at(&world->net);
    if (world->gateway)
        waitpid(world->gateway, NULL, 0);
    kill(world->container, SIGKILL);
    waitpid(world->container, NULL, 0);
}

/* ---- sockets ---- */

socklen_t world_address(const char *text, unsigned port, struct sockaddr_storage *to)
{
    struct sockaddr_in *four = (void *)to;
    struct sockaddr_in6 *six = (void *)to;

    memset(to, 0, sizeof(*to));
    if (!strchr(text, ':')) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        inet_pton(AF_INET, text, &four->sin_addr);
        return sizeof(*four);
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    inet_pton(AF_INET6, text, &six->sin6_addr);
    return sizeof(*six);
}

int world_listen(int type, const char *address, unsigned port)
{
    struct sockaddr_storage at;
    socklen_t size = world_address(address, port, &at);
    int fd = socket(at.ss_family, type | SOCK_CLOEXEC, 0), on = 1;

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof(on)); /* for IPv6 a local route is not enough */
    if (bind(fd, (struct sockaddr *)&at, size) < 0 || (type == SOCK_STREAM && listen(fd, 64) < 0)) {
        int status = -errno;

        close(fd);
        return status;
    }
    return fd;
}

static uint32_t mark;

void world_set_mark(uint32_t new_mark)
{
    mark = new_mark;
}

int world_connect(int type, const char *address, unsigned port)
{
    static const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    struct sockaddr_storage to;
    socklen_t size = world_address(address, port, &to);
    int fd = socket(to.ss_family, type | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (mark)
        check_int(setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)), 0);
    if (connect(fd, (struct sockaddr *)&to, size) < 0) {
        int status = -errno;

        close(fd);
        return status;
    }
    return fd;
}

static void echo_stream(int listener)
{
    char bytes[65536];
    ssize_t size;
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd < 0 || fork() != 0) {
        close(fd);
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while ((size = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        if (send(fd, bytes, (size_t)size, MSG_NOSIGNAL) != size)
            break;
    _exit(0);
}

static void echo_datagram(int fd)
{
    char bytes[65536];
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    ssize_t got = recvfrom(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

    if (got >= 0)
        (void)!sendto(fd, bytes, (size_t)got, 0, (struct sockaddr *)&from, size);
}

static bool is_stream(int fd)
{
    int type = 0;
    socklen_t size = sizeof(type);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

void world_echo(const int *listeners, size_t count)
{
    struct pollfd fds[16];

    check(count <= ARRAY_COUNT(fds));
    for (size_t i = 0; i < count; i++) {
        check(listeners[i] >= 0);
        fds[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    }
    if (fork() == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        signal(SIGCHLD, SIG_IGN);
        while (poll(fds, count, -1) > 0)
            for (size_t i = 0; i < count; i++)
                if (fds[i].revents && is_stream(fds[i].fd))
                    echo_stream(fds[i].fd);
                else if (fds[i].revents)
                    echo_datagram(fds[i].fd);
        _exit(0);
    }
    for (size_t i = 0; i < count; i++)
        close(listeners[i]);
}
