/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver under test in a network namespace of its own. */
#include "names_world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <net/route.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "dns_rules.h"
#include "gateway/names.h"
#include "names_server.h"
#include "test.h"

#define SERVER      "9.9.9.53" /* a public address: a rule may grant it */
#define SERVER_PORT 5353

/* ---- the namespace: loopback, and a route to everywhere that leads nowhere ---- */

static void route_all(int fd)
{
    struct rtentry route = {.rt_flags = RTF_UP, .rt_dev = (char[]){"lo"}};
    struct sockaddr_in *destination = (struct sockaddr_in *)(void *)&route.rt_dst,
                       *mask = (struct sockaddr_in *)(void *)&route.rt_genmask;

    destination->sin_family = mask->sin_family = AF_INET;
    check_int(ioctl(fd, SIOCADDRT, &route), 0);
}

static void route_all6(unsigned long change)
{
    int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct in6_rtmsg route = {.rtmsg_flags = RTF_UP, .rtmsg_metric = 1, .rtmsg_ifindex = 1};

    if (fd < 0)
        return;
    check_int(ioctl(fd, change, &route), 0);
    close(fd);
}

void world_forget_route6(void)
{
    route_all6(SIOCDELRT);
}

static void add_address(int fd, const char *label, const char *address)
{
    struct ifreq request = {.ifr_flags = 0};
    struct sockaddr_in *at = (struct sockaddr_in *)(void *)&request.ifr_addr;

    snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", label);
    at->sin_family = AF_INET;
    check_int(inet_pton(AF_INET, address, &at->sin_addr), 1);
    check_int(ioctl(fd, SIOCSIFADDR, &request), 0);
}

static void enter_namespace(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
    int fd;

    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
        test_skip("userns");
    fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    check(fd >= 0);
    check_int(ioctl(fd, SIOCSIFFLAGS, &request), 0);
    route_all(fd);
    add_address(fd, "lo:1", SERVER);
    add_address(fd, "lo:2", WORLD_OTHER);
    close(fd);
    route_all6(SIOCADDRT);
}

static int bound(const char *address, unsigned port, int type)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

    check(fd >= 0);
    check_int(inet_pton(AF_INET, address, &at.sin_addr), 1);
    check_int(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
    check_int(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    if ((type & 15) == SOCK_STREAM)
        check_int(listen(fd, 64), 0);
    return fd;
}

/* As the gateway makes it: bound to one address, and told which one was asked; here bound to all of the namespace. */
static int bound_to_all(void)
{
    int fd = bound("0.0.0.0", 53, SOCK_DGRAM | SOCK_NONBLOCK), on = 1;

    check_int(setsockopt(fd, SOL_IP, IP_TRANSPARENT, &on, sizeof(on)), 0);
    check_int(setsockopt(fd, SOL_IP, IP_RECVORIGDSTADDR, &on, sizeof(on)), 0);
    return fd;
}

static int bound6(int type)
{
    struct sockaddr_in6 at = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    int fd = socket(AF_INET6, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;

    if (fd < 0)
        return -1;
    check_int(setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &on, sizeof(on)), 0);
    check_int(setsockopt(fd, SOL_IPV6, IPV6_TRANSPARENT, &on, sizeof(on)), 0);
    check_int(setsockopt(fd, SOL_IPV6, IPV6_RECVORIGDSTADDR, &on, sizeof(on)), 0);
    check_int(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    if (type == SOCK_STREAM)
        check_int(listen(fd, 16), 0);
    return fd;
}

/* ---- the resolver's process ---- */

struct resolver {
    struct loop *loop;
    struct names *names;
    struct loop_watch control;
    int events;
};

static void denied(void *context, const char *name, const struct net_decision *decision)
{
    struct resolver *resolver = context;

    dprintf(resolver->events, "%s %s\n", name, net_reason_text(decision->reason));
}

/* 93.184.216.40 is the host's own, as if it were on an interface. */
static bool is_own(void *context unused_arg, const struct net_address *address)
{
    struct net_address own = address_of("93.184.216.40");

    return net_address_equals(address, &own);
}

static void say_names(struct resolver *resolver, const char *address, char *ret_text, size_t size)
{
    struct net_address asked = address_of(address), dial;
    const char *found[NAMES_ROOM];
    size_t count = 0, used;
    char text[NET_ADDRESS_TEXT_SIZE];
    int status = names_of(resolver->names, &asked, &dial, found, NAMES_ROOM, &count);

    if (status < 0) {
        snprintf(ret_text, size, "%d", status);
        return;
    }
    net_address_print(&dial, text);
    used = (size_t)snprintf(ret_text, size, "%s", text);
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(ret_text + used, size - used, " %s", found[i]);
}

static void control_ready(struct loop_watch *watch, uint32_t events unused_arg)
{
    struct resolver *resolver = (struct resolver *)(void *)((char *)watch - offsetof(struct resolver, control));
    char text[65536] = "", said[8192];
    ssize_t size = recv(watch->fd, text, sizeof(text) - 1, 0);

    if (size <= 0) {
        loop_stop(resolver->loop, 0);
        return;
    }
    if (text[0] == '?')
        say_names(resolver, text + 1, said, sizeof(said));
    else
        snprintf(said, sizeof(said), "%d", names_set_rules(resolver->names, rules_of(text + 1), NULL));
    check(send(watch->fd, said, strlen(said), 0) >= 0);
}

/* Whatever the resolver reads it has read: nothing is there any more. Returns where it was, for what looks at the end. */
static int lose_files(void)
{
    char path[] = "/tmp/cordon-names-root-XXXXXX";
    int root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    check(root >= 0 && test_make_directory(path));
    check_int(chdir(path), 0);
    check_int(chroot("."), 0);
    check_int(open("/etc/resolv.conf", O_RDONLY), -1);
    return root;
}

static void run_resolver(struct world *world, const char *rules, const char *hosts, int control, int ready)
{
    char path[] = "/tmp/cordon-names-XXXXXX";
    struct resolver resolver = {.events = world->events};
    struct names_setup setup = {.rules = rules_of(rules),
                                .denied = denied,
                                .is_own = is_own,
                                .context = &resolver,
                                .servers = SERVER ":" STRINGIFY(SERVER_PORT),
                                .hosts_path = hosts ? path : "/nonexistent"};
    struct names_sockets sockets = {.udp = {bound_to_all(), bound6(SOCK_DGRAM)},
                                    .tcp = {bound("0.0.0.0", 53, SOCK_STREAM | SOCK_NONBLOCK), bound6(SOCK_STREAM)}};
    struct error err = ERROR_INIT;
    int root;

    if (hosts) {
        close(test_make_file(path));
        test_write_file(path, hosts, 0600);
    }
    check_int(loop_open(&resolver.loop, &err), 0);
    setup.loop = resolver.loop;
    if (names_open(&setup, &resolver.names, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(names_listen(resolver.names, &sockets, &err), 0);
    resolver.control = (struct loop_watch){.fd = control, .ready = control_ready};
    check_int(loop_watch(resolver.loop, &resolver.control, EPOLLIN), 0);
    if (hosts)
        unlink(path);
    root = lose_files();
    close(ready);
    check_int(loop_run(resolver.loop), 0);
    loop_forget(resolver.loop, &resolver.control);
    names_close(resolver.names);
    loop_close(resolver.loop);
    check(fchdir(root) == 0 && chroot(".") == 0); /* the search for leaks reads /proc */
    exit(0);
}

/* ---- the world ---- */

void world_begin(struct world *world, const char *rules, const char *hosts)
{
    int control[2], events[2], ready[2], udp, tcp;
    char byte;

    enter_namespace();
    udp = bound(SERVER, SERVER_PORT, SOCK_DGRAM);
    tcp = bound(SERVER, SERVER_PORT, SOCK_STREAM);
    world->server_pid = fork();
    check(world->server_pid >= 0);
    if (!world->server_pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        names_server_run(udp, tcp);
    }
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, control), 0);
    check_int(pipe2(events, O_CLOEXEC), 0);
    check_int(pipe2(ready, O_CLOEXEC), 0);
    world->resolver_pid = fork();
    check(world->resolver_pid >= 0);
    if (!world->resolver_pid) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(control[0]);
        world->events = events[1];
        run_resolver(world, rules, hosts, control[1], ready[1]);
    }
    close(udp);
    close(tcp);
    close(control[1]);
    close(events[1]);
    close(ready[1]);
    world->control = control[0];
    world->events = events[0];
    check_int(read(ready[0], &byte, 1), 0);
    close(ready[0]);
}

void world_end(struct world *world)
{
    int status;

    close(world->control);
    check_int(waitpid(world->resolver_pid, &status, 0), world->resolver_pid);
    check_int(status, 0);
    close(world->events);
    check_int(kill(world->server_pid, SIGKILL), 0);
    check_int(waitpid(world->server_pid, &status, 0), world->server_pid);
    check_int(WTERMSIG(status), SIGKILL);
}

static const char *exchange(struct world *world, char verb, const char *text)
{
    static char said[8192];
    size_t size = strlen(text) + 1;
    char *message = malloc(size + 1);
    ssize_t got;

    check(message);
    message[0] = verb;
    memcpy(message + 1, text, size);
    check(send(world->control, message, size, 0) == (ssize_t)size);
    free(message);
    got = recv(world->control, said, sizeof(said) - 1, 0);
    check(got > 0);
    said[got] = '\0';
    return said;
}

const char *world_names_of(struct world *world, const char *address)
{
    return exchange(world, '?', address);
}

int world_set_rules(struct world *world, const char *rules)
{
    return atoi(exchange(world, '!', rules));
}

const char *world_event(struct world *world)
{
    static char line[512];
    struct pollfd fd = {.fd = world->events, .events = POLLIN};
    size_t size = 0;

    while (size < sizeof(line) - 1 && poll(&fd, 1, 1000) == 1 && read(world->events, line + size, 1) == 1)
        if (line[size++] == '\n') {
            size--;
            break;
        }
    line[size] = '\0';
    return line;
}

/* ---- the program inside ---- */

static int connected(const char *resolver, int type)
{
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(53)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(53)};
    bool is4 = inet_pton(AF_INET, resolver, &to4.sin_addr) == 1;
    struct timeval limit = {.tv_sec = 8};
    int fd = socket(is4 ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0);

    check(fd >= 0);
    check(is4 || inet_pton(AF_INET6, resolver, &to6.sin6_addr) == 1);
    check_int(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
    check_int(connect(fd, is4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6, is4 ? sizeof(to4) : sizeof(to6)), 0);
    return fd;
}

int world_udp(void)
{
    return connected(WORLD_RESOLVER, SOCK_DGRAM);
}

int world_tcp(void)
{
    return connected(WORLD_RESOLVER, SOCK_STREAM);
}

static unsigned next_id(void)
{
    static unsigned id = 1000;

    return ++id;
}

void world_ask(const char *name, unsigned type, struct reply *ret_reply)
{
    world_ask_at(WORLD_RESOLVER, name, type, ret_reply);
}

void world_ask_at(const char *resolver, const char *name, unsigned type, struct reply *ret_reply)
{
    unsigned id = next_id();
    struct message message = message_question(id, name, type, 1232);
    unsigned char bytes[4096];
    int fd = connected(resolver, SOCK_DGRAM);
    ssize_t size;

    check(send(fd, message.bytes, message.size, 0) == (ssize_t)message.size);
    size = recv(fd, bytes, sizeof(bytes), 0);
    if (size < 0)
        test_fail(__FILE__, __LINE__, "no answer about %s: %s", name, strerror(errno));
    reply_read(bytes, (size_t)size, ret_reply);
    check_int(ret_reply->id, id);
    close(fd);
}

void world_ask_tcp(const char *name, unsigned type, struct reply *ret_reply)
{
    world_ask_tcp_at(WORLD_RESOLVER, name, type, ret_reply);
}

void world_ask_tcp_at(const char *resolver, const char *name, unsigned type, struct reply *ret_reply)
{
    unsigned id = next_id();
    struct message question = message_question(id, name, type, 1232), message = {0};
    unsigned char bytes[4096];
    int fd = connected(resolver, SOCK_STREAM);
    size_t size;

    message_add_u16(&message, (unsigned)question.size);
    message_add(&message, question.bytes, question.size);
    check(send(fd, message.bytes, message.size, 0) == (ssize_t)message.size);
    check_int(recv(fd, bytes, 2, MSG_WAITALL), 2);
    size = (size_t)bytes[0] << 8 | bytes[1];
    check(size <= sizeof(bytes));
    check_int(recv(fd, bytes, size, MSG_WAITALL), size);
    reply_read(bytes, size, ret_reply);
    check_int(ret_reply->id, id);
    close(fd);
}

const char *world_addresses(const char *name, unsigned type)
{
    static char text[2048];
    struct reply reply;
    size_t used = 0;

    world_ask(name, type, &reply);
    check_int(reply.rcode, 0);
    text[0] = '\0';
    for (unsigned i = 0; i < reply.answer_count; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "", reply.answers[i].text);
    return text;
}
