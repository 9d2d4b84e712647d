/* SPDX-License-Identifier: Apache-2.0 */
/* The whole gateway between a container and a world of one machine. */
#include <errno.h>
#include <signal.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "world.h"

/* ---- rules ---- */

static struct net_block block(const char *text)
{
    struct net_block made;

    check_int(net_block_parse(text, &made, NULL), 0);
    return made;
}

struct policy {
    struct net_peer peers[2];
    struct net_ports ports[2];
    struct net_rule rule;
    struct net_layer layer;
    struct net_rules rules;
};

/* The server's two addresses at ports 7001 to 7009, TCP and UDP. */
static void policy_init(struct policy *policy)
{
    *policy = (struct policy){
        .peers = {{.has_block = true, .block = block(WORLD_SERVER4 "/32")},
                  {.has_block = true, .block = block(WORLD_SERVER6 "/128")}},
        .ports = {{.first = 7001, .last = 7009, .has_port = true, .protocol = NET_TCP},
                  {.first = 7001, .last = 7009, .has_port = true, .protocol = NET_UDP}},
    };
    policy->rule = (struct net_rule){.peers = policy->peers, .peer_count = 2, .ports = policy->ports, .port_count = 2,
                                     .where = "test: allow[0]"};
    policy->layer = (struct net_layer){.where = "test: default", .allow = &policy->rule, .allow_count = 1};
    policy->rules = (struct net_rules){.layers = &policy->layer, .layer_count = 1};
}

static void echo_everywhere(void)
{
    const int listeners[] = {
        world_listen(SOCK_STREAM, WORLD_SERVER4, 7001), world_listen(SOCK_STREAM, WORLD_SERVER6, 7001),
        world_listen(SOCK_DGRAM, WORLD_SERVER4, 7001),  world_listen(SOCK_DGRAM, WORLD_SERVER6, 7001),
        world_listen(SOCK_STREAM, WORLD_OTHER4, 7001),  world_listen(SOCK_STREAM, WORLD_SERVER4, 7050),
    };

    world_echo(listeners, ARRAY_COUNT(listeners));
}

static void begin(struct world *world, struct policy *policy)
{
    struct gateway_message message;

    policy_init(policy);
    world_begin(world);
    echo_everywhere();
    if (!world_attach(world, &policy->rules, &message)) {
        if (message.errnum == ENOENT || message.errnum == EOPNOTSUPP)
            test_skip("nft_tproxy");
        test_fail(__FILE__, __LINE__, "attach: %s (%d)", message.where, message.errnum);
    }
}

/* ---- what a program tries ---- */

struct attempt {
    int type;
    const char *address;
    unsigned port;
};

enum { ECHOED = 0, WRONG_ECHO = 1, NO_ANSWER = 2, REFUSED = 10 /* and errno */ };

static int try_echo(void *data)
{
    const struct attempt *attempt = data;
    char bytes[8] = "";
    int fd = world_connect(attempt->type, attempt->address, attempt->port);

    if (fd < 0)
        return -fd;
    if (send(fd, "hello", 5, MSG_NOSIGNAL) != 5)
        return errno;
    if (recv(fd, bytes, sizeof(bytes), 0) < 0)
        return errno == EAGAIN ? NO_ANSWER : errno;
    return memcmp(bytes, "hello", 5) == 0 ? ECHOED : WRONG_ECHO;
}

static int attempt(struct world *world, int type, const char *address, unsigned port)
{
    struct attempt one = {type, address, port};

    return world_inside(world, try_echo, &one);
}

TEST(a_granted_address_and_port_is_reached_and_told)
{
    struct world world;
    struct policy policy;
    struct gateway_message message;

    begin(&world, &policy);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    message = world_expect(&world, GATEWAY_CONNECTED);
    check_int(message.port, 7001);
    check_int(message.family, AF_INET);
    message = world_expect(&world, GATEWAY_CLOSED);
    check_int(message.bytes_up, 5);
    check_int(message.bytes_down, 5);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7001), ECHOED);
    message = world_expect(&world, GATEWAY_CONNECTED);
    check_int(message.family, AF_INET6);
    world_end(&world);
}

TEST(what_no_rule_grants_is_refused_at_once)
{
    struct world world;
    struct policy policy;

    begin(&world, &policy);
    check_int(attempt(&world, SOCK_STREAM, WORLD_OTHER4, 7001), EACCES);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7050), ECONNREFUSED);
    check_int(attempt(&world, SOCK_STREAM, "2001:db8::1", 7001), EACCES);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER6, 7050), ECONNREFUSED);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_OTHER4, 7001), EACCES);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7050), ECONNREFUSED);
    check_int(attempt(&world, SOCK_STREAM, "127.0.0.1", 7001), ECONNREFUSED);
    world_end(&world);
}

TEST(datagrams_come_back_from_where_they_went)
{
    struct world world;
    struct policy policy;

    begin(&world, &policy);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECHOED);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7001), ECHOED);
    check_int(world_expect(&world, GATEWAY_CONNECTED).protocol, NET_UDP);
    /* nobody there: the outer world's word for it is passed in */
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7002), ECONNREFUSED);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER6, 7002), ECONNREFUSED);
    check_int(world_expect(&world, GATEWAY_FAILED).errnum, ECONNREFUSED);
    world_end(&world);
}

TEST(a_server_that_refuses_is_a_reset_and_told_as_failed)
{
    struct world world;
    struct policy policy;
    struct gateway_message message;

    begin(&world, &policy);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7003), ECONNRESET);
    message = world_expect(&world, GATEWAY_FAILED);
    check_int(message.errnum, ECONNREFUSED);
    check_int(message.port, 7003);
    world_end(&world);
}

TEST(without_the_gateway_nothing_is_reached)
{
    struct world world;
    struct policy policy;

    begin(&world, &policy);
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECHOED);
    fd_close_at(&world.channel);
    check_int(waitpid(world.gateway, NULL, 0), world.gateway);
    world.gateway = 0;
    check_int(attempt(&world, SOCK_STREAM, WORLD_SERVER4, 7001), ECONNREFUSED);
    check_int(attempt(&world, SOCK_DGRAM, WORLD_SERVER4, 7001), ECONNREFUSED);
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
    struct gateway_message message;
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
    check_int(attempt(&world, SOCK_STREAM, "127.0.0.1", 9002), ECHOED);
    check_string(world_expect(&world, GATEWAY_CONNECTED).where, "test: hostLoopback[0]");
    check_int(attempt(&world, SOCK_STREAM, "::1", 9002), ECHOED);
    check_int(attempt(&world, SOCK_STREAM, "127.0.0.1", 8003), ECONNREFUSED);
    check_int(attempt(&world, SOCK_STREAM, "127.0.0.1", 8002), ECONNREFUSED);
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
