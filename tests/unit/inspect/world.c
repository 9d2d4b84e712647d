/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "base/file.h"
#include "base/memory.h"
#include "test.h"
#include "worker/budget.h"
#include "worker/channel.h"

#define PATIENCE_MS 10000
#define SILENCE_MS  100

/* ---- the inspector ---- */

static int seal(const void *bytes, size_t size)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    check(fd >= 0);
    check_int(file_write_all(fd, bytes, size), 0);
    check_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), 0);
    return fd;
}

static int seal_rules(const struct world_rules *wanted)
{
    struct net_peer peer = {.host = wanted->host ? wanted->host : "api.test"};
    const struct net_rule rule = {.peers = &peer, .peer_count = 1, .requests = wanted->requests, .terminates = wanted->terminates,
                                  .budget = wanted->budget != NULL, .where = "test.yaml:1:1: network.egress.allow[0]"};
    struct net_rule list[] = {rule, rule};
    struct net_layer layer = {.where = "test.yaml", .allow = list, .allow_count = wanted->other ? 2 : 1};
    struct net_budget budget = wanted->budget ? *wanted->budget : (struct net_budget){0};
    const struct net_rules rules = {.layers = &layer, .layer_count = 1, .budgets = &budget, .budget_count = wanted->budget != NULL};
    struct error err = ERROR_INIT;
    auto_free void *record = NULL;
    size_t size;

    if (wanted->other) {
        list[0].requests = wanted->other;
        list[0].budget = 0;
    }
    if (net_rules_write(&rules, &record, &size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return seal(record, size);
}

static void send_fd(int channel, enum worker_message_type type, int fd)
{
    const struct worker_message message = {.type = type};

    check_int(channel_send_with(channel, &message, &fd, fd >= 0, true), 0);
    fd_close_at(&fd);
}

static int seal_secrets(const struct net_secrets *secrets, bool has_values)
{
    struct error err = ERROR_INIT;
    auto_free void *record = NULL;
    size_t size;

    if (net_secrets_write(secrets, has_values, &record, &size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return seal(record, size);
}

/* As the gateway does: it makes the counters, and knows the rules first. */
static int make_counters(const struct world_rules *wanted)
{
    struct net_budget budget = *wanted->budget;
    const struct net_rules rules = {.budgets = &budget, .budget_count = 1};
    struct budgets budgets;
    struct error err = ERROR_INIT;
    int fd;

    check_int(budgets_create(&budgets, &fd, &err), 0);
    check_int(budgets_set_rules(&budgets, &rules, true, &err), 0);
    budgets_close(&budgets);
    return fd;
}

/* A worker with `channel` as its own. */
static pid_t start(const char *program, int channel)
{
    pid_t pid = fork();

    if (pid == 0) {
        dup2(channel, 100);
        dup2(100, WORKER_CHANNEL);
        execl(program, program, (char *)NULL);
        _exit(127);
    }
    close(channel);
    return pid;
}

/* READY has a descriptor, which no worker is sent. *ret_text is that file, NULL = none. */
static void await_ready(int starter, char **ret_text)
{
    struct worker_message message;
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = {&message, sizeof(message)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    struct cmsghdr *rights;
    char text[4096];
    ssize_t size = recvmsg(starter, &header, MSG_CMSG_CLOEXEC);
    int fd;

    check_int(size, sizeof(message));
    if (message.type != WORKER_READY)
        test_fail(__FILE__, __LINE__, "not ready (%u): %s", message.type, message.where);
    rights = CMSG_FIRSTHDR(&header);
    if (!rights)
        return;
    memcpy(&fd, CMSG_DATA(rights), sizeof(fd));
    size = pread(fd, text, sizeof(text) - 1, 0);
    check(size > 0);
    text[size] = '\0';
    *ret_text = mem_string(text);
    close(fd);
}

static void start_holder(struct world *world, const struct net_secrets *secrets, const char *trust, int inspector)
{
    char *text = NULL;
    int pair[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    world->holder_pid = start(HOLDER_PROGRAM, pair[1]);
    world->holder = pair[0];
    send_fd(world->holder, WORKER_SECRETS, seal_secrets(secrets, true));
    send_fd(world->holder, WORKER_TRUST, seal(trust, strlen(trust)));
    send_fd(world->holder, WORKER_INSPECTOR, inspector);
    send_fd(world->holder, WORKER_BEGIN, -1);
    await_ready(world->holder, &text);
}

void world_begin(struct world *world, const struct world_rules *rules, const char *trust)
{
    int starter[2], gateway[2], holder[2];

    *world = (struct world){.holder = -1};
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the workers' limits, their calls not on their lists */
#endif
    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, starter), 0);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, gateway), 0);
    world->pid = start(INSPECTOR_PROGRAM, starter[1]);
    world->starter = starter[0];
    world->gateway = gateway[0];
    send_fd(world->starter, WORKER_RULES, seal_rules(rules));
    if (rules->secrets)
        send_fd(world->starter, WORKER_SECRETS, seal_secrets(rules->secrets, false));
    if (rules->secrets && trust) {
        check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, holder), 0);
        start_holder(world, rules->secrets, trust, holder[1]);
        send_fd(world->starter, WORKER_HOLDER, holder[0]);
    }
    if (trust)
        send_fd(world->starter, WORKER_TRUST, seal(trust, strlen(trust)));
    send_fd(world->starter, WORKER_GATEWAY, gateway[1]);
    send_fd(world->starter, WORKER_BEGIN, -1);
    await_ready(world->starter, &world->authority);
    if (rules->budget)
        send_fd(world->gateway, WORKER_COUNTERS, make_counters(rules));
}

static void answer_to_rules(struct world *world, const struct world_rules *rules, struct worker_message *ret_answer)
{
    struct error err = ERROR_INIT;
    int fd;

    send_fd(world->gateway, WORKER_RULES, seal_rules(rules));
    do
        check_int(channel_receive(world->gateway, ret_answer, &fd, &err), 1);
    while (ret_answer->type == WORKER_EVENT);
}

void world_set_rules(struct world *world, const struct world_rules *rules)
{
    struct worker_message answer;

    answer_to_rules(world, rules, &answer);
    check_int(answer.type, WORKER_APPLIED);
}

void world_try_rules(struct world *world, const struct world_rules *rules, struct worker_message *ret_why)
{
    answer_to_rules(world, rules, ret_why);
    check_int(ret_why->type, WORKER_ERROR);
}

void world_end(struct world *world)
{
    int status;

    close(world->starter);
    check_int(waitpid(world->pid, &status, 0), world->pid);
    check_int(status, 0);
    if (world->holder >= 0) {
        close(world->holder);
        check_int(waitpid(world->holder_pid, &status, 0), world->holder_pid);
        check_int(status, 0);
    }
    close(world->gateway);
    mem_free(world->authority);
}

struct worker_message world_event(struct world *world, enum worker_event_kind kind)
{
    struct worker_message message = {0};
    struct pollfd poll_gateway = {.fd = world->gateway, .events = POLLIN};
    struct error err = ERROR_INIT;
    int fd;

    do {
        check_int(poll(&poll_gateway, 1, PATIENCE_MS), 1);
        check_int(channel_receive(world->gateway, &message, &fd, &err), 1);
        check_int(message.type, WORKER_EVENT);
    } while (message.kind != kind);
    return message;
}

/* ---- connections ---- */

struct link world_link(struct world *world, bool is_tls)
{
    static uint64_t number;
    struct worker_message message = {
        .type = WORKER_FLOW,
        .kind = WORKER_FLOW_GIVEN,
        .protocol = NET_TCP,
        .family = AF_INET,
        .address = {203, 0, 113, 7},
        .port = is_tls ? 443 : 80,
        .connection = ++number,
        .is_tls = is_tls,
        .is_terminated = is_tls,
        .name = "api.test",
        .where = "test.yaml:1:1: network.egress.allow[0]",
    };
    int program[2], server[2], fds[2];

    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, program), 0);
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, server), 0);
    fds[0] = program[1];
    fds[1] = server[1];
    check_int(channel_send_with(world->gateway, &message, fds, 2, true), 0);
    close(fds[0]);
    close(fds[1]);
    return (struct link){.program = program[0], .server = server[0], .number = number};
}

void link_close(struct link *link)
{
    close(link->program);
    close(link->server);
}

void link_send_n(int fd, const void *bytes, size_t size)
{
    check_int(send(fd, bytes, size, MSG_NOSIGNAL), size);
}

void link_send(int fd, const char *text)
{
    link_send_n(fd, text, strlen(text));
}

/* Bytes, 0 at the end or a reset; the test fails when nothing comes. */
static ssize_t read_some(int fd, char *to, size_t size)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
    ssize_t got;

    if (poll(&poll_fd, 1, PATIENCE_MS) != 1)
        test_fail(__FILE__, __LINE__, "nothing came (after %.*s)", (int)size > 80 ? 80 : 0, to);
    got = recv(fd, to, size, 0);
    return got < 0 ? 0 : got;
}

void link_read_until(int fd, const char *end, char *ret, size_t size)
{
    size_t have = 0;

    ret[0] = '\0';
    while (!strstr(ret, end)) {
        ssize_t got = read_some(fd, ret + have, size - have - 1);

        if (got <= 0)
            test_fail(__FILE__, __LINE__, "the end came before '%s': '%s'", end, ret);
        have += (size_t)got;
        ret[have] = '\0';
    }
}

void link_read_all(int fd, char *ret, size_t size)
{
    size_t have = 0;
    ssize_t got;

    while ((got = read_some(fd, ret + have, size - have - 1)) > 0)
        have += (size_t)got;
    ret[have] = '\0';
}

bool link_is_silent(int fd)
{
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

    return poll(&poll_fd, 1, SILENCE_MS) == 0;
}
