/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another network for a container that runs: a server of the test's on an address of this machine, and a program inside that
 * reaches it or does not.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

#define PORTS 2

static struct cordon_container *container;
static struct cordon_error err;
static char address[INET_ADDRSTRLEN];
static int ports[PORTS];
static pid_t server;

static bool find_address(struct in_addr *ret_address)
{
    struct ifaddrs *list = NULL, *at;
    bool is_found = false;

    check_int(getifaddrs(&list), 0);
    for (at = list; at && !is_found; at = at->ifa_next)
        if (at->ifa_addr && at->ifa_addr->sa_family == AF_INET && !(at->ifa_flags & IFF_LOOPBACK) && at->ifa_flags & IFF_UP) {
            *ret_address = ((struct sockaddr_in *)(void *)at->ifa_addr)->sin_addr;
            is_found = true;
        }
    freeifaddrs(list);
    return is_found;
}

/* Answers the first byte of each connection, which it then holds. */
static void serve(const int listeners[PORTS])
{
    struct pollfd polled[PORTS + 64];
    nfds_t count = PORTS;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (int i = 0; i < PORTS; i++)
        polled[i] = (struct pollfd){.fd = listeners[i], .events = POLLIN};
    while (poll(polled, count, -1) > 0) {
        char byte;

        for (nfds_t i = PORTS; i < count; i++)
            if (polled[i].revents && (read(polled[i].fd, &byte, 1) != 1 || write(polled[i].fd, "y", 1) != 1)) {
                close(polled[i].fd);
                polled[i].fd = -1;
            }
        for (int i = 0; i < PORTS && count < PORTS + 64; i++)
            if (polled[i].revents)
                polled[count++] = (struct pollfd){.fd = accept(polled[i].fd, NULL, NULL), .events = POLLIN};
    }
    _exit(1);
}

static void begin_server(void)
{
    struct sockaddr_in name = {.sin_family = AF_INET};
    int listeners[PORTS];
    socklen_t size = sizeof(name);

    if (!find_address(&name.sin_addr))
        test_skip("interface");
    inet_ntop(AF_INET, &name.sin_addr, address, sizeof(address));
    for (int i = 0; i < PORTS; i++) {
        listeners[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        name.sin_port = 0;
        check_int(bind(listeners[i], (struct sockaddr *)&name, sizeof(name)), 0);
        check_int(listen(listeners[i], 16), 0);
        check_int(getsockname(listeners[i], (struct sockaddr *)&name, &size), 0);
        ports[i] = ntohs(name.sin_port);
    }
    server = fork();
    if (server == 0)
        serve(listeners);
    for (int i = 0; i < PORTS; i++)
        close(listeners[i]);
}

#define FILES "filesystem: {readonlyPaths: [/usr, /bin, /lib, /lib64, {path: /etc/ld.so.cache, optional: true}]}\n"

/* `rules` may say $A, $0 and $1: the address and the ports. */
static struct cordon_request *request_of(const char *files, const char *rules)
{
    char text[4096] = "version: cordon/1\n";
    struct cordon_request *request = NULL;
    char *at = stpcpy(text + strlen(text), files);

    for (; *rules; rules++)
        if (*rules == '$' && rules[1] == 'A')
            at = stpcpy(at, address), rules++;
        else if (*rules == '$')
            at += sprintf(at, "%d", ports[*++rules - '0']);
        else
            *at++ = *rules;
    *at = '\0';
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_add_policy_text(request, "p.yaml", text, strlen(text), &err), 0);
    return request;
}

#define GRANT(port) "network: {egress: {allow: [{to: [{cidr: $A/32}], ports: [{port: " port ", protocol: tcp}]}]}}\n"

static const char script[] = "import errno, socket, sys\n"
                             "held = []\n"
                             "def said(f):\n"
                             "  try: print(f(), flush=True)\n"
                             "  except OSError as e: print(errno.errorcode.get(e.errno, e), flush=True)\n"
                             "def reach(host, port):\n"
                             "  s = socket.socket(); s.settimeout(10); s.connect((host, port)); s.sendall(b'x')\n"
                             "  if s.recv(1) != b'y': return 'shut'\n"
                             "  held.append(s); return 'through'\n"
                             "for line in sys.stdin:\n"
                             "  word = line.split()\n"
                             "  if word[0] == 'reach': said(lambda: reach(word[1], int(word[2])))\n"
                             "  else: said(lambda: 'more' if held[-1].recv(1) else 'shut')\n";

static bool starts_from_pool;
static struct cordon_pool *pool;

static int spawn(const struct cordon_request *request)
{
    struct cordon_pool_stats stats = {0};
    int status;

    if (!starts_from_pool)
        return cordon_spawn(request, &container, &err);
    status = cordon_pool_new(request, 1, &pool, &err);
    while (status == 0 && !stats.ready) {
        struct pollfd polled = {.fd = cordon_pool_poll_fd(pool, &err), .events = POLLIN};

        poll(&polled, 1, 1000);
        status = cordon_pool_step(pool, &err);
        cordon_pool_stats(pool, &stats);
    }
    if (status == 0)
        status = cordon_pool_spawn(pool, request, &container, &err);
    cordon_pool_stats(pool, &stats);
    check_int((int)stats.taken_ready, status == 0);
    return status;
}

static void start(const char *rules)
{
    static const char *const argv[] = {"python3", "-c", script, NULL};
    struct cordon_request *request;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the gateway's limit, their calls not on its list */
#endif
    signal(SIGPIPE, SIG_IGN);
    sandbox_open();
    begin_server();
    request = request_of(FILES, rules);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, CORDON_STDIO_PIPE, starts_from_pool ? CORDON_STDIO_NULL : CORDON_STDIO_INHERIT, &err), 0);
    if (spawn(request) < 0) {
        if (err.kind == CORDON_ERROR_UNENFORCEABLE)
            test_skip("tproxy");
        test_fail(__FILE__, __LINE__, "%s", err.text);
    }
    cordon_request_free(request);
}

/* The container is driven while it answers: its events want to be read. */
static const char *ask(const char *line)
{
    static char answer[128];
    struct cordon_status status;
    size_t used = 0;
    int in = cordon_container_stdin_fd(container), out = cordon_container_stdout_fd(container);

    check_int(write(in, line, strlen(line)), (ssize_t)strlen(line));
    while (!used || answer[used - 1] != '\n') {
        struct pollfd polled = {.fd = out, .events = POLLIN};

        check_int(cordon_container_try_wait(container, &status, &err), 0);
        if (poll(&polled, 1, 20) > 0) {
            ssize_t got = read(out, answer + used, 1);

            check_int(got, 1);
            used++;
        }
    }
    answer[used - 1] = '\0';
    return answer;
}

static const char *reach(int port)
{
    char line[64];

    snprintf(line, sizeof(line), "reach %s %d\n", address, ports[port]);
    return ask(line);
}

static int change(const char *files, const char *rules)
{
    struct cordon_request *request = request_of(files, rules);
    int status;

    err = (struct cordon_error){0};
    status = cordon_container_set_network(container, request, &err);
    cordon_request_free(request);
    return status;
}

static void refused(const char *files, const char *rules, int kind, const char *text)
{
    check(change(files, rules) < 0);
    check_int(err.kind, kind);
    check_contains(err.text, text);
}

static void end(void)
{
    cordon_container_free(container);
    container = NULL;
    kill(server, SIGKILL);
    sandbox_finish(server);
    sandbox_close();
}

static bool is_refused(const char *answer)
{
    return strcmp(answer, "EACCES") == 0 || strcmp(answer, "ECONNREFUSED") == 0 || strcmp(answer, "ECONNRESET") == 0;
}

TEST(a_running_container_reaches_what_its_new_network_grants_and_nothing_else)
{
    start(GRANT("$0"));
    check_string(reach(0), "through");
    check(is_refused(reach(1)));
    check_int(change(FILES, GRANT("$1")), 0); /* a port that was not captured before */
    check_string(reach(1), "through");
    check(is_refused(reach(0)));
    check_int(change(FILES, GRANT("$0")), 0);
    check_string(reach(0), "through");
    check(is_refused(reach(1)));
    end();
}

TEST(open_connections_that_the_new_network_denies_are_closed_and_others_stay)
{
    const char *answer;

    start(GRANT("$0"));
    check_string(reach(0), "through");
    check_int(change(FILES, GRANT("$0") ), 0);
    check_string(reach(0), "through");
    check_int(change(FILES, "name: nothing\n"), 0);
    answer = ask("read\n");
    check(strcmp(answer, "shut") == 0 || strcmp(answer, "ECONNRESET") == 0);
    check(is_refused(reach(0)));
    end();
}

TEST(what_is_not_the_network_is_refused_by_name_and_nothing_changes)
{
    start(GRANT("$0"));
    refused(FILES "name: x\nresources: {pids: 50}\n", GRANT("$1"), CORDON_ERROR_FORBIDDEN, "resources.pids");
    refused("filesystem: {readonlyPaths: [/usr, /bin, /lib, /lib64, /etc]}\n", GRANT("$1"), CORDON_ERROR_FORBIDDEN, "/etc");
    refused("filesystem: {readonlyPaths: [/usr, /bin, /lib]}\n", GRANT("$1"), CORDON_ERROR_FORBIDDEN, "/lib64");
    refused(FILES "environment: {set: {A: b}}\n", GRANT("$1"), CORDON_ERROR_FORBIDDEN, "environment");
    refused(FILES "runtimeConfig: {networkProxy: 'http://127.0.0.1:9'}\n", "", CORDON_ERROR_FORBIDDEN, "runtimeConfig.networkProxy");
    refused(FILES, "network: {egress: {allow: [{to: [{cidr: nonsense}]}]}}\n", CORDON_ERROR_INVALID, "cidr");
    check_string(reach(0), "through");
    check(is_refused(reach(1)));
    end();
}

TEST(what_the_container_was_not_started_for_is_refused_by_name)
{
    start(GRANT("$0"));
    refused(FILES, "network: {egress: {allow: [{to: [{host: a.example}], http: {methods: [GET]}}]}}\n", CORDON_ERROR_UNENFORCEABLE,
            "rules about requests");
    refused(FILES, "network: {egress: {allow: [{to: [{host: a.example}], programs: [python3]}]}}\n", CORDON_ERROR_UNENFORCEABLE,
            "not told apart in this container");
    refused(FILES, "network: {egress: {default: allow}, ingress: {default: allow}}\n", CORDON_ERROR_UNENFORCEABLE, "neither the host's");
    refused(FILES, "network: {ingress: {ports: [{port: 9, hostPort: 40009, protocol: tcp}]}}\n", CORDON_ERROR_UNENFORCEABLE,
            "network.ingress.ports[0]: port 40009 is no port");
    check_string(reach(0), "through");
    end();
}

TEST(a_container_without_a_gateway_or_without_life_takes_no_network)
{
    start("name: none\n");
    refused(FILES, GRANT("$0"), CORDON_ERROR_UNENFORCEABLE, "started without rules");
    end();
    start(GRANT("$0"));
    check_int(cordon_container_kill(container, &err), 0);
    check_int(cordon_container_wait(container, -1, &(struct cordon_status){0}, &err), 1);
    refused(FILES, GRANT("$1"), CORDON_ERROR_INVALID, "has ended");
    end();
}

/* The gateway was there before anybody was. */
TEST(a_run_from_a_pool_has_the_network_of_its_policy)
{
    starts_from_pool = true;
    start(GRANT("$0"));
    check_string(reach(0), "through");
    check(is_refused(reach(1)));
    check_int(change(FILES, GRANT("$1")), 0);
    check_string(reach(1), "through");
    check(is_refused(reach(0)));
    end();
    cordon_pool_free(pool);
}
