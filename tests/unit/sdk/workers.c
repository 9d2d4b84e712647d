/* SPDX-License-Identifier: Apache-2.0 */
/* All three workers of a container, each of which follows a script (fake-gateway.c). */
#include "sdk/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/retire.h"
#include "sdk/told.h"
#include "test.h"

static struct workers workers;
static struct error err;
static struct event_log *event_log;
static int records[2];
static struct net_rule opened = {.where = "opened", .terminates = true};
static struct net_layer layers[2];
static struct net_program program = {.path = "/usr/bin/git"};
static struct net_rules rules = {.layers = layers, .layer_count = 2, .programs = &program, .program_count = 1};

/* `inspector` begins with '+' where there is a holder. */
static int begin(const char *gateway, const char *inspector, const char *holder)
{
    struct workers_start start = {.gateway = CORDON_TEST_FAKE_GATEWAY, .inspector = CORDON_TEST_FAKE_GATEWAY, .rules = &rules,
                                  .trust = -1, .placeholders = -1, .values = -1};
    struct event_options to_pipe = {.fd = -1};
    auto_close int trust = -1, values = -1;
    int status;

    err = (struct error)ERROR_INIT;
    workers = WORKERS_INIT;
    layers[0].where = gateway;
    layers[1].where = inspector;
    layers[1].allow = &opened;
    layers[1].allow_count = 1;
    check_int(pipe2(records, O_CLOEXEC), 0);
    to_pipe.fd = records[1];
    check_int(event_log_open(&to_pipe, &event_log, &err), 0);
    check_int(worker_seal("trust", "t", 1, &trust, &err), 0);
    check_int(worker_seal("values", holder ? holder : "", (holder ? strlen(holder) : 0) + 1, &values, &err), 0);
    start.trust = trust;
    start.placeholders = start.values = values;
    start.holder = holder ? CORDON_TEST_FAKE_GATEWAY : NULL;
    status = workers_begin(&workers, &start, &err);
    return status < 0 ? status : workers_await(&workers, clock_monotonic_ns() + 2 * NS_PER_S, -1, &err);
}

static int attach(void)
{
    return workers_attach(&workers, records[0], 0, -1, &err);
}

/* Ends them, and says what was recorded. */
static const char *end(void)
{
    static char text[65536];
    ssize_t got;

    workers_kill(&workers);
    event_log_free(event_log);
    close(records[1]);
    got = read(records[0], text, sizeof(text) - 1);
    close(records[0]);
    text[got > 0 ? got : 0] = '\0';
    retire_finish();
    check_int(waitpid(-1, NULL, WNOHANG), -1);
    check_int(errno, ECHILD);
    return text;
}

TEST(each_worker_has_what_it_needs_and_the_authority_is_known_before_a_network_is)
{
    check_int(begin("RpP", "+ApP", "RP"), 0);
    check_contains(workers.authority, "BEGIN CERTIFICATE");
    check_int(workers.authority_size, strlen(workers.authority));
    check_int(attach(), 0);
    check_int(workers_step(&workers, event_log, &err), 0);
    check(workers.gateway.channel >= 0);
    end();
}

TEST(without_secrets_there_is_no_holder)
{
    int fds[WORKERS_MAX];

    check_int(begin("RpP", "ApP", NULL), 0);
    check_int(workers_watched(&workers, fds), 2);
    check_int(attach(), 0);
    end();
}

TEST(where_no_tls_is_opened_there_is_no_authority)
{
    opened.terminates = false;
    check_int(begin("RpP", "RpP", NULL), 0);
    check(!workers.authority);
    check_int(attach(), 0);
    end();
}

TEST(a_worker_that_cannot_refuses_the_launch_and_none_is_left)
{
    static const struct {
        const char *inspector, *holder, *text;
        int status;
    } cases[] = {
        {"+E", "R", "network: no tproxy", -ENOENT}, {"+A", "E", "network: no tproxy", -ENOENT},
        {"+", "R", "the inspector ended", 0},       {"+A", "", "the holder of secrets ended", 0},
        {"+u", "R", "the inspector said", -EBADMSG}, {"+A", "u", "the holder of secrets said", -EBADMSG},
        {"+R", "R", "gave no authority", -EBADMSG}, {"+0", "R", "gave no authority", -EBADMSG},
        {"+A", "A", "the holder of secrets ended", -EBADMSG}, {"+h", "R", "the inspector is not ready", -ETIMEDOUT},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int status = begin("h", cases[i].inspector, cases[i].holder);

        if (status == 0) /* who knows no authority is waited for with the network */
            status = attach();
        check(status < 0);
        if (cases[i].status)
            check_int(status, cases[i].status);
        check_contains(err.text, cases[i].text);
        end();
    }
}

/* Whoever dies, and what becomes of the others by that: one record names the one who was first. */
TEST(when_one_of_them_dies_all_are_ended_and_that_is_recorded_once)
{
    static const struct {
        const char *gateway, *inspector, *holder, *text;
    } cases[] = {
        {"RP", "+Ah", "R", "the holder of secrets ended (status 5)"},
        {"Rh", "+A", "Rh", "the inspector ended (status 5)"},
        {"Rd", "+Ah", "Rh", "the gateway ended (status 5)"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *text;

        check_int(begin(cases[i].gateway, cases[i].inspector, cases[i].holder), 0);
        if (attach() < 0)
            check_contains(err.text, "ended"); /* it can be as fast as that */
        for (int again = 0; workers.gateway.channel >= 0 && again < 1000; again++) {
            struct timespec pause = {.tv_nsec = 1000000};

            check_int(workers_step(&workers, event_log, &err), 0);
            nanosleep(&pause, NULL);
        }
        check_int(workers.inspector.channel, -1);
        check_int(workers.holder.channel, -1);
        check_int(workers_step(&workers, event_log, &err), 0);
        check_int(workers_end(&workers, event_log, &err), 0);
        text = end();
        check_contains(text, cases[i].text);
        check(strstr(strstr(text, "network.gone") + 1, "network.gone") == NULL);
    }
}

TEST(only_the_gateway_tells_of_decisions)
{
    check_int(begin("Rh", "Ad", NULL), 0);
    check_int(attach(), 0);
    for (int status = 0; status == 0;) {
        status = workers_step(&workers, event_log, &err);
        check(workers.gateway.channel >= 0); /* its word is read before its end is */
        check(status == 0 || status == -EBADMSG);
    }
    end();
}

TEST(requests_secrets_and_budgets_are_recorded_with_what_is_known_of_them)
{
    const char *text;

    check_int(begin("RqQSbow", "Aw", NULL), 0);
    check_int(attach(), 0);
    check_int(workers_end(&workers, event_log, &err), 0);
    check(!workers.ends_run);
    text = end();
    check_contains(text, "\"type\":\"network.request\",\"connection\":9,\"protocol\":\"tcp\",\"address\":\"1.2.3.4\",\"port\":443,"
                         "\"name\":\"a.example\",\"pid\":77,\"exe\":null,\"program\":\"/usr/bin/git\",\"method\":\"GET\","
                         "\"path\":\"/v1/\\u001bx\",\"call\":\"tools/call\",\"tool\":\"\\u001b]0;x\\u0007\\\"\",\"status\":204,\"rule\":null,\"reason\":null");
    check_contains(text, "\"type\":\"network.request-denied\",\"connection\":9");
    check_contains(text, "\"method\":\"PUT\",\"path\":\"/\",\"call\":null,\"tool\":null,\"status\":null,\"rule\":\"a rule\",\"reason\":\"");
    check_contains(text, "\"type\":\"network.secret-denied\",\"connection\":9,\"protocol\":null,\"address\":null,\"port\":null,\"name\":\"a.example\"");
    check_contains(text, "\"secret\":\"TOKEN\"");
    check_contains(text, "\"type\":\"network.budget\",\"connection\":3,\"rule\":\"the budget\",\"kind\":\"requests\",\"limit\":10,\"endsRun\":false");
    check_contains(text, "\"type\":\"grant.ended\",\"rule\":\"a.yaml:3: a rule\",\"until\":\"2026-12-24T17:30:00Z\"");
}

TEST(a_budget_that_ends_the_run_is_remembered)
{
    check_int(begin("RBh", "Ah", NULL), 0);
    check_int(attach(), 0);
    while (!workers.ends_run)
        check_int(workers_step(&workers, event_log, &err), 0);
    check_string(workers.over.where, "the budget");
    check_contains(end(), "\"endsRun\":true");
}

/* The process is named by the /proc of the container's process 1: here this one, whose root is the host's. */
TEST(a_process_that_still_is_has_its_program_in_the_record)
{
    struct worker_message message = {.type = WORKER_EVENT, .kind = WORKER_CONNECTED, .connection = 1, .pid = (uint32_t)getpid()};
    char exe[4096] = "\"exe\":\"";
    const char *text;
    ssize_t length = readlink("/proc/self/exe", exe + 7, sizeof(exe) - 9);

    check(length > 0);
    strcpy(exe + 7 + length, "\"");
    check_int(begin("h", "Ah", NULL), 0);
    workers.first = getpid();
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.pid = 0x3fffff; /* nobody's */
    check_int(told_record(&workers, &message, event_log, &err), 0);
    text = end();
    check_contains(text, exe);
    check_contains(text, "\"pid\":4194303,\"exe\":null");
}

/* Its requests come later than the process may live. */
TEST(a_connections_program_stays_in_its_records_when_the_process_is_gone)
{
    struct worker_message message = {.type = WORKER_EVENT, .kind = WORKER_CONNECTED, .connection = 5};
    char exe[4096] = "\"exe\":\"";
    ssize_t length = readlink("/proc/self/exe", exe + 7, sizeof(exe) - 9);
    const char *text;
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    check(length > 0);
    strcpy(exe + 7 + length, "\"");
    check_int(begin("h", "Ah", NULL), 0);
    workers.first = getpid();
    message.pid = (uint32_t)pid;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    kill(pid, SIGKILL);
    check_int(waitpid(pid, NULL, 0), pid);
    message.kind = WORKER_REQUEST;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.kind = WORKER_CLOSED;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.kind = WORKER_REQUEST;
    message.connection = 5 + 1024; /* in the same place, and another's */
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.connection = 5;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    text = end();
    for (int i = 0; i < 3; i++) {
        text = strstr(text, exe);
        check(text != NULL);
        text++;
    }
    check(!strstr(text, exe));
    text = strstr(text, "\"connection\":1029");
    check(text != NULL);
    check_contains(text, "\"exe\":null");
    check_contains(strstr(text, "\"connection\":5,"), "\"exe\":null");
}

static bool executed(void *context, unsigned pid, char *ret_path, size_t size)
{
    const char *exe = context;

    if (pid != 7 || strlen(exe) >= size)
        return false;
    strcpy(ret_path, exe);
    return true;
}

/* As it was when it connected, whatever /proc says of the number by now. */
TEST(what_a_process_executed_when_it_connected_is_in_the_record_when_it_is_gone)
{
    static char curl[] = "/usr/bin/curl", git[] = "/usr/bin/git";
    struct worker_message message = {.type = WORKER_EVENT, .kind = WORKER_CONNECTED, .connection = 6, .pid = 7};
    const char *text;

    check_int(begin("h", "Ah", NULL), 0);
    workers.executed = executed;
    workers.executed_context = curl;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    workers.executed_context = git; /* it executed another program */
    message.kind = WORKER_CLOSED;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.connection = 8;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    message.pid = 8;
    check_int(told_record(&workers, &message, event_log, &err), 0);
    text = end();
    for (int i = 0; i < 2; i++) {
        text = strstr(text, "\"connection\":6,\"protocol\":null,\"address\":null,\"port\":null,\"name\":null,\"pid\":7,\"exe\":\"/usr/bin/curl\"");
        check(text != NULL);
        text++;
    }
    check_contains(text, "\"pid\":7,\"exe\":\"/usr/bin/git\"");
    check_contains(text, "\"pid\":8,\"exe\":null");
}

TEST(what_the_kernel_refused_is_recorded_with_the_rule_that_decides)
{
    struct tier_refusal refused = {.pid = 7, .program = 1, .errnum = ECONNREFUSED, .protocol = IPPROTO_TCP,
                                      .family = AF_INET, .port = 81, .address = {93, 184, 216, 34}};
    struct net_ports ports = {.first = 80, .last = 80, .has_port = true, .protocol = NET_TCP};
    struct net_rule web = {.where = "web", .ports = &ports, .port_count = 1}, none = {.where = "none", .ports = &ports, .port_count = 1};
    const char *text;

    check_int(begin("h", "Ah", NULL), 0);
    layers[0] = (struct net_layer){.where = "default", .allow = &web, .allow_count = 1};
    check_int(told_refused(&workers, &refused, event_log, &err), 0);
    refused.port = 80; /* granted, so that something else was the matter */
    check_int(told_refused(&workers, &refused, event_log, &err), 0);
    layers[0].deny = &none;
    layers[0].deny_count = 1;
    refused.lost = 3;
    refused.protocol = IPPROTO_MPTCP;
    memcpy(refused.address, (unsigned char[16]){[10] = 0xff, 0xff, 1, 2, 3, 4}, 16);
    refused.family = AF_INET6;
    check_int(told_refused(&workers, &refused, event_log, &err), 0);
    refused = (struct tier_refusal){.family = AF_INET, .port = 9, .address = {192, 0, 0, 1}};
    check_int(told_refused(&workers, &refused, event_log, &err), 0); /* the resolver's: nobody else's */
    check_int(event_network_end(event_log, &err), 0);
    text = end();
    check_contains(text, "\"type\":\"network.denied\",\"connection\":null,\"protocol\":\"tcp\",\"address\":\"93.184.216.34\",\"port\":81,"
                         "\"name\":null,\"pid\":7,\"exe\":null,\"program\":\"/usr/bin/git\",\"rule\":\"default\",\"reason\":\"no rule grants it\","
                         "\"errno\":111");
    check_contains(text, "\"address\":\"1.2.3.4\",\"port\":80,\"name\":null,\"pid\":7,\"exe\":null,\"program\":\"/usr/bin/git\",\"rule\":\"none\","
                         "\"reason\":\"a rule denies it\"");
    check_contains(text, "\"type\":\"network.lost\",\"count\":3");
    check(!strstr(strstr(strstr(text, "network.denied") + 1, "network.denied") + 1, "network.denied"));
}

/* The default of a policy without rules; and a gateway that is no more has been recorded already. */
TEST(what_is_refused_without_rules_is_the_defaults_and_without_a_gateway_nobodys)
{
    struct tier_refusal refused = {.errnum = ENETUNREACH, .protocol = IPPROTO_UDP, .family = AF_INET,
                                   .port = 53, .address = {1, 1, 1, 1}};
    const char *text;

    check_int(begin("h", "Ah", NULL), 0);
    workers_kill(&workers);
    check_int(told_refused(&workers, &refused, event_log, &err), 0);
    workers.rules = NULL;
    refused.exe = "/usr/bin/curl";
    workers.where = "network.egress.default";
    check_int(told_refused(&workers, &refused, event_log, &err), 0);
    text = end();
    check_contains(text, "\"protocol\":\"udp\",\"address\":\"1.1.1.1\",\"port\":53,\"name\":null,\"pid\":null,\"exe\":\"/usr/bin/curl\",\"program\":null,"
                         "\"rule\":\"network.egress.default\",\"reason\":\"no rule grants it\",\"errno\":101");
    check(!strstr(strstr(text, "network.denied") + 1, "network.denied"));
}

TEST(rules_that_judge_requests_or_open_tls_need_an_inspector_and_others_do_not)
{
    const struct net_requests requests = {.has_websocket = true};
    struct net_rule rule = {.where = "r"};
    struct net_layer layer = {.where = "l", .allow = &rule, .allow_count = 1};
    const struct net_rules one = {.layers = &layer, .layer_count = 1};

    check(!workers_need_inspector(&one));
    rule.terminates = true;
    check(workers_need_inspector(&one));
    rule = (struct net_rule){.where = "r", .requests = &requests};
    check(workers_need_inspector(&one));
    layer = (struct net_layer){.where = "l", .deny = &rule, .deny_count = 1};
    check(workers_need_inspector(&one));
}
