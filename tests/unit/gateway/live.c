/* SPDX-License-Identifier: Apache-2.0 */
/* The whole gateway between a container and a world of one machine. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "net/inside.h"
#include "test.h"
#include "policy.h"
#include "world.h"

TEST(a_granted_address_and_port_is_reached_and_told)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    message = world_expect(&world, WORKER_CONNECTED);
    check_int(message.port, 7001);
    check_int(message.family, AF_INET);
    message = world_expect(&world, WORKER_CLOSED);
    check_int(message.bytes_up, 5);
    check_int(message.bytes_down, 5);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7001), ECHOED);
    message = world_expect(&world, WORKER_CONNECTED);
    check_int(message.family, AF_INET6);
    world_end(&world);
}

static void check_whose(struct world *world, struct attempt attempt, unsigned program, unsigned pid)
{
    struct worker_message message;

    attempt.mark = NET_MARK(program, pid);
    check_int(world_inside(world, policy_try_echo, &attempt), ECHOED);
    message = world_expect(world, WORKER_CONNECTED);
    check_int(message.program, program);
    check_int(message.pid, pid);
}

TEST(events_say_whose_socket_it_was)
{
    static const struct attempt attempts[] = {
        {SOCK_STREAM, WORLD_SERVER4, 7001, 0}, {SOCK_STREAM, WORLD_SERVER6, 7001, 0},
        {SOCK_DGRAM, WORLD_SERVER4, 7001, 0}, {SOCK_DGRAM, WORLD_SERVER6, 7001, 0}};
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    for (size_t i = 0; i < ARRAY_COUNT(attempts); i++) {
        check_whose(&world, attempts[i], 0, 0); /* nobody marked it */
        check_whose(&world, attempts[i], 512, (1u << 22) - 1);
        check_whose(&world, attempts[i], 0, 77);
    }
    world_end(&world);
}

TEST(a_rule_for_one_program_is_for_no_other)
{
    static const uint16_t second[] = {2};
    struct net_program programs[2] = {{.path = "/usr/bin/git"}, {.path = "/usr/bin/curl"}};
    struct attempt attempt = {.address = WORLD_SERVER4, .port = 7001};
    struct world world;
    struct policy policy;

    policy_init(&policy);
    policy.rules.programs = programs;
    policy.rules.program_count = 2;
    policy.rule.programs = second;
    policy.rule.program_count = 1;
    policy_begin_with(&world, &policy);
    for (int i = 0; i < 2; i++) {
        attempt.type = i ? SOCK_DGRAM : SOCK_STREAM;
        attempt.mark = NET_MARK(2, 5);
        check_int(world_inside(&world, policy_try_echo, &attempt), ECHOED);
        attempt.mark = NET_MARK(1, 5);
        check_int(world_inside(&world, policy_try_echo, &attempt), i ? ECONNREFUSED : ECONNRESET);
        check_int(world_expect(&world, WORKER_DENIED).reason, NET_PROGRAM);
        attempt.mark = 0;
        check_int(world_inside(&world, policy_try_echo, &attempt), i ? ECONNREFUSED : ECONNRESET);
        check_int(world_expect(&world, WORKER_DENIED).reason, NET_PROGRAM);
    }
    world_end(&world);
}

TEST(what_no_rule_grants_is_refused_at_once)
{
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), EACCES);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7050), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_STREAM, "2001:db8::1", 7001), EACCES);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7050), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_OTHER4, 7001), EACCES);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7050), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_STREAM, "127.0.0.1", 7001), ECONNREFUSED);
    world_end(&world);
}

TEST(a_server_that_refuses_is_a_reset_and_told_as_failed)
{
    struct world world;
    struct policy policy;
    struct worker_message message;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7003), ECONNRESET);
    message = world_expect(&world, WORKER_FAILED);
    check_int(message.errnum, ECONNREFUSED);
    check_int(message.port, 7003);
    world_end(&world);
}

TEST(without_the_gateway_nothing_is_reached)
{
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    fd_close_at(&world.channel);
    check_int(waitpid(world.gateway, NULL, 0), world.gateway);
    world.gateway = 0;
    check_int(policy_attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    world_end(&world);
}

/* ---- doors ---- */

static int listen_inside_and_echo(void *data)
{
    int listener = world_listen(SOCK_STREAM, "127.0.0.1", 8001);

    (void)data;
    if (listener < 0)
        return -listener;
    world_echo(&listener, 1);
    sleep(60);
    return 0;
}

static int echo_through(int fd)
{
    char bytes[8] = "";

    if (fd < 0)
        return -fd;
    if (send(fd, "hello", 5, MSG_NOSIGNAL) != 5 || recv(fd, bytes, sizeof(bytes), 0) != 5) {
        close(fd);
        return NO_ANSWER;
    }
    close(fd);
    return memcmp(bytes, "hello", 5) == 0 ? ECHOED : WRONG_ECHO;
}

TEST(doors_lead_where_they_say_and_nowhere_else)
{
    struct world world;
    struct policy policy;
    struct net_door inward = {.port = 9001, .to_port = 8001, .where = "test: ingress.ports[0]"};
    struct net_door outward = {.port = 9002, .to_port = 8002, .where = "test: hostLoopback[0]"};
    struct worker_message message;
    int listeners[2], status = -1;
    pid_t server;

    policy_init(&policy);
    policy.rules.inward = &inward;
    policy.rules.outward = &outward;
    policy.rules.inward_count = policy.rules.outward_count = 1;
    world_begin(&world);
    listeners[0] = world_listen(SOCK_STREAM, "127.0.0.1", 8002);
    listeners[1] = world_listen(SOCK_STREAM, "127.0.0.1", 8003);
    world_echo(listeners, 2);
    if (!world_attach(&world, &policy.rules, &message))
        test_fail(__FILE__, __LINE__, "attach: %s", message.where);
    check_int(policy_attempt(&world, SOCK_STREAM, "127.0.0.1", 9002), ECHOED);
    check_string(world_expect(&world, WORKER_CONNECTED).where, "test: hostLoopback[0]");
    check_int(policy_attempt(&world, SOCK_STREAM, "::1", 9002), ECHOED);
    check_int(policy_attempt(&world, SOCK_STREAM, "127.0.0.1", 8003), ECONNREFUSED);
    check_int(policy_attempt(&world, SOCK_STREAM, "127.0.0.1", 8002), ECONNREFUSED);
    server = fork();
    check(server >= 0);
    if (server == 0)
        _exit(world_inside(&world, listen_inside_and_echo, NULL));
    for (int i = 0; i < 500 && status != ECHOED; i++) {
        status = echo_through(world_connect(SOCK_STREAM, "127.0.0.1", 9001));
        usleep(10000);
    }
    check_int(status, ECHOED);
    check_int(-world_connect(SOCK_STREAM, "127.0.0.1", 8001), ECONNREFUSED);
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    world_end(&world);
}

/* ---- a rule that asks for a name ---- */

static const char plain[] = "GET / HTTP/1.1\r\nHost: evil.example.org\r\n\r\n";
static const char good[] = "GET / HTTP/1.1\r\nHost: good.example.org\r\n\r\n";

static int send_and_receive(void *data)
{
    const char *text = data;
    char bytes[128] = "";
    int fd = world_connect(SOCK_STREAM, WORLD_SERVER4, 7001);

    if (fd < 0)
        return -fd;
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        return errno;
    if (recv(fd, bytes, sizeof(bytes), 0) < 0)
        return errno;
    return strncmp(bytes, text, sizeof(bytes) - 1 < strlen(text) ? sizeof(bytes) - 1 : strlen(text)) == 0 ? ECHOED
                                                                                                        : WRONG_ECHO;
}

TEST(a_name_that_is_denied_is_heard_before_anything_goes_up)
{
    struct world world;
    struct policy policy;
    struct net_peer named = {.host = "evil.example.org"};
    struct net_rule deny = {.peers = &named, .peer_count = 1, .where = "test: deny[0]"};
    struct worker_message message;

    policy_init(&policy);
    policy.layer.deny = &deny;
    policy.layer.deny_count = 1;
    world_begin(&world);
    policy_echo_everywhere();
    check(world_attach(&world, &policy.rules, &message));
    check_int(world_inside(&world, send_and_receive, (void *)good), ECHOED);
    check_int(world_expect(&world, WORKER_CLOSED).bytes_up, sizeof(good) - 1);
    check_int(world_inside(&world, send_and_receive, (void *)plain), ECONNRESET);
    message = world_expect(&world, WORKER_DENIED);
    check_string(message.where, "test: deny[0]");
    check_string(message.name, "evil.example.org");
    world_end(&world);
}

/* ---- what it refuses to start with ---- */

TEST(a_network_of_this_user_namespace_is_refused)
{
    struct world world;
    struct policy policy;
    struct worker_message message;
    int theirs;

    policy_init(&policy);
    world_begin(&world);
    theirs = world.net;
    world.net = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
    check(!world_attach(&world, &policy.rules, &message));
    check_contains(message.where, "belongs to this user namespace");
    close(world.net);
    world.net = theirs;
    world_end(&world);
}

TEST(a_port_of_the_host_that_is_taken_is_said_with_its_rule)
{
    struct world world;
    struct policy policy;
    struct net_door inward = {.port = 9001, .to_port = 8001, .where = "test: ingress.ports[0]"};
    struct worker_message message;
    int taken;

    policy_init(&policy);
    policy.rules.inward = &inward;
    policy.rules.inward_count = 1;
    world_begin(&world);
    taken = world_listen(SOCK_STREAM, "127.0.0.1", 9001);
    check(taken >= 0);
    check(!world_attach(&world, &policy.rules, &message));
    check_int(message.errnum, EADDRINUSE);
    check_contains(message.where, "test: ingress.ports[0]");
    close(taken);
    world_end(&world);
}

/* ---- what a program inside may bind to ---- */

static int try_to_take_over(void *data)
{
    (void)data;
    if (world_listen(SOCK_STREAM, "192.0.0.1", 1) >= 0 || world_listen(SOCK_STREAM, "0.0.0.0", 1) >= 0 ||
        world_listen(SOCK_DGRAM, "192.0.0.1", 1) >= 0 || world_listen(SOCK_DGRAM, "0.0.0.0", 53) >= 0)
        return 1;
    /* an address that a rule grants is local; listening there takes nothing from the gateway */
    if (world_listen(SOCK_STREAM, WORLD_SERVER4, 7001) < 0 || world_listen(SOCK_DGRAM, WORLD_SERVER4, 7001) < 0)
        return 2;
    return policy_try_echo(&(struct attempt){SOCK_STREAM, WORLD_SERVER4, 7001, 0}) == ECHOED &&
                   policy_try_echo(&(struct attempt){SOCK_DGRAM, WORLD_SERVER4, 7001, 0}) == ECHOED
               ? 0
               : 3;
}

TEST(nothing_that_listens_inside_takes_what_is_the_gateways)
{
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    check_int(world_inside(&world, try_to_take_over, NULL), 0);
    world_end(&world);
}

/* ---- what it is once it is ready ---- */

static void check_status(const struct world *world, const char *name, const char *expected)
{
    char path[64], line[256], value[200];
    bool is_found = false;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", world->gateway);
    file = fopen(path, "re");
    check(file != NULL);
    while (fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0 && sscanf(line + strlen(name), ":%199s", value) == 1) {
            check_string(value, expected);
            is_found = true;
        }
    fclose(file);
    check(is_found);
}

TEST(a_gateway_that_is_ready_has_no_rights_left)
{
    static const char *const sets[] = {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"};
    struct world world;
    struct policy policy;

    policy_begin(&world, &policy);
    for (size_t i = 0; i < ARRAY_COUNT(sets); i++)
        check_status(&world, sets[i], "0000000000000000");
    check_status(&world, "NoNewPrivs", "1");
    check_status(&world, "Seccomp", "2");
    check_status(&world, "Threads", "1");
    world_end(&world);
}
