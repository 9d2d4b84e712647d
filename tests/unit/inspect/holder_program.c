/* SPDX-License-Identifier: Apache-2.0 */
/* The program cordon-holder as its starter and the inspector see it, and what of the values is in its memory. */
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
#include "base/memory.h"
#include "base/text.h"
#include "hold_server.h"
#include "inspect/hold_client.h"
#include "net/secrets.h"
#include "test.h"
#include "worker/channel.h"

#define VALUE "ghp_0123456789abcdef/+&"

static const struct net_secret_field fields[] = {{NET_SECRET_HEADER, "Authorization"}};
static const char *const hosts[] = {"api.example.com"};

struct holder {
    pid_t child;
    int starter, inspector; /* ends of ours */
};

static int sealed(const void *bytes, size_t size, bool is_sealed)
{
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    check(fd >= 0);
    check_int(write(fd, bytes, size), size);
    if (is_sealed)
        check_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL), 0);
    return fd;
}

static void give(int channel, enum worker_message_type type, int fd)
{
    struct worker_message message = {.type = type};

    check_int(channel_send_with(channel, &message, &fd, fd >= 0, true), 0);
    if (fd >= 0)
        close(fd);
}

static int secrets_file(const char *value, bool is_sealed)
{
    struct net_secret item = {.name = "TOKEN",
                              .placeholder = "cordon-0123456789abcdef",
                              .hosts = hosts,
                              .host_count = 1,
                              .fields = fields,
                              .field_count = 1,
                              .value_length = strlen(value),
                              .value = value,
                              .where = "test"};
    const struct net_secrets secrets = {.items = &item, .count = 1};
    struct error err = ERROR_INIT;
    void *record;
    size_t size;
    int fd;

    if (net_secrets_write(&secrets, true, &record, &size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    fd = sealed(record, size, is_sealed);
    mem_free(record);
    return fd;
}

static int trust_file(void)
{
    size_t size;
    char *trust = server_trust(&size);
    int fd = sealed(trust, size, true);

    free(trust);
    return fd;
}

static void start(struct holder *ret_holder)
{
    int starter[2], inspector[2];

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the holder's limit, their calls not on its list */
#endif
    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, starter), 0);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, inspector), 0);
    ret_holder->child = fork();
    check(ret_holder->child >= 0);
    if (ret_holder->child == 0) {
        char name[] = "cordon-holder", *const arguments[] = {name, NULL}, *const environment[] = {NULL};

        if (starter[1] == WORKER_CHANNEL ? fcntl(WORKER_CHANNEL, F_SETFD, 0) < 0 : dup2(starter[1], WORKER_CHANNEL) < 0)
            _exit(1);
        execve(HOLDER_PROGRAM, arguments, environment);
        _exit(1);
    }
    close(starter[1]);
    ret_holder->starter = starter[0];
    ret_holder->inspector = inspector[0];
    give(starter[0], WORKER_INSPECTOR, inspector[1]);
}

static struct worker_message hear(const struct holder *holder)
{
    struct worker_message message = {0};
    struct pollfd poll_for = {.fd = holder->starter, .events = POLLIN};

    check_int(poll(&poll_for, 1, 20000), 1);
    check_int(recv(holder->starter, &message, sizeof(message), 0), sizeof(message));
    return message;
}

static int status_of(struct holder *holder)
{
    int status;

    check_int(waitpid(holder->child, &status, 0), holder->child);
    return status;
}

static void start_whole(struct holder *ret_holder)
{
    struct worker_message message;

    start(ret_holder);
    give(ret_holder->starter, WORKER_SECRETS, secrets_file(VALUE, true));
    give(ret_holder->starter, WORKER_TRUST, trust_file());
    give(ret_holder->starter, WORKER_BEGIN, -1);
    message = hear(ret_holder);
    if (message.type != WORKER_READY)
        test_fail(__FILE__, __LINE__, "%s", message.where);
}

static void stop(struct holder *holder)
{
    close(holder->starter);
    check_int(status_of(holder), 0);
    close(holder->inspector);
}

/* ---- one request ---- */

struct scene {
    struct loop *loop;
    struct loop_timer limit;
    struct hold_client *client;
    struct holder *holder;
    struct text heard;
    bool is_over;
    void (*while_open)(struct scene *scene); /* when the answer is there */
};

static void stop_loop(struct scene *scene)
{
    scene->is_over = true;
    loop_stop(scene->loop, 0);
}

static void ask(void *owner)
{
    struct scene *scene = owner;

    check_int(hold_client_request(scene->client, "GET"), 0);
    check_int(hold_client_bytes(scene->client, "/", 1), 0);
    check_int(hold_client_field(scene->client, "Authorization", 13, false), 0);
    check_int(hold_client_secret(scene->client, 0, HOLD_RAW), 0);
    check_int(hold_client_body(scene->client, HOLD_NO_BODY, 0), 0);
    check_int(hold_client_end(scene->client), 0);
}

static void on_answer(void *owner, unsigned status)
{
    text_printf(&((struct scene *)owner)->heard, "%u ", status);
}

static void on_field(void *owner, const char *name, size_t name_size, const char *value, size_t size)
{
    text_printf(&((struct scene *)owner)->heard, "%.*s=%.*s ", (int)name_size, name, (int)size, value);
}

static void on_body(void *owner, enum hold_body kind, uint64_t length)
{
    (void)owner, (void)kind, (void)length;
}

static void on_bytes(void *owner, const char *bytes, size_t size)
{
    text_add_n(&((struct scene *)owner)->heard, bytes, size);
}

static void on_end(void *owner, bool goes_on)
{
    struct scene *scene = owner;

    if (scene->while_open && goes_on)
        scene->while_open(scene);
    stop_loop(scene);
}

static void on_failed(void *owner, enum hold_failure failure, const struct error *err)
{
    struct scene *scene = owner;

    if (!scene->is_over)
        text_printf(&scene->heard, "failed %s: %s", hold_failure_name(failure), err->text);
    stop_loop(scene);
}

static void on_gone(void *owner)
{
    stop_loop(owner);
}

static void on_room(void *owner)
{
    (void)owner;
}

static void too_late(struct loop_timer *timer)
{
    struct scene *scene = container_of(timer, struct scene, limit);

    text_add(&scene->heard, "too late");
    stop_loop(scene);
}

static void play(struct scene *scene, struct holder *holder, const struct script *script, struct server *ret_server)
{
    static const struct hold_events events = {ask, on_answer, on_field, on_body, on_bytes, on_end, on_room, on_failed, on_gone};
    struct error err = ERROR_INIT;

    scene->holder = holder;
    server_start(script, ret_server);
    check_int(loop_open(&scene->loop, &err), 0);
    scene->limit.due = too_late;
    loop_start(scene->loop, &scene->limit, 20000);
    if (hold_client_open(scene->loop, holder->inspector, ret_server->socket, "api.example.com", 443, &events, scene,
                         &scene->client, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(loop_run(scene->loop), 0);
    hold_client_free(scene->client);
    loop_cancel(scene->loop, &scene->limit);
    loop_close(scene->loop);
}

static const struct script echo = {
    .identity = {.name = "api.example.com", .alpn = "http/1.1"},
    .pieces = {{"HTTP/1.1 200 OK\r\nContent-Length: 25\r\nX: " VALUE "\r\n\r\n<" VALUE ">", 0}},
};

TEST(a_confined_holder_serves_and_ends_with_its_starter)
{
    struct scene scene = {0};
    struct holder holder;
    struct server server;

    start_whole(&holder);
    play(&scene, &holder, &echo, &server);
    check_string(scene.heard.data, "200 X=cordon-0123456789abcdef <cordon-0123456789abcdef>");
    check_contains(server.heard, "Authorization: " VALUE "\r\n");
    text_finish(&scene.heard);
    stop(&holder);
    server_stop(&server);
}

TEST(it_ends_with_the_inspector_as_well)
{
    struct holder holder;

    start_whole(&holder);
    close(holder.inspector);
    check_int(status_of(&holder), 0);
    close(holder.starter);
}

/* ---- rights ---- */

static void check_status_line(pid_t child, const char *wanted)
{
    char path[64], text[8192];
    int fd;
    ssize_t size;

    snprintf(path, sizeof(path), "/proc/%d/status", child);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    check(fd >= 0);
    size = read(fd, text, sizeof(text) - 1);
    check(size > 0);
    text[size] = '\0';
    close(fd);
    check_contains(text, wanted);
}

TEST(it_has_given_up_every_right_when_it_is_ready)
{
    struct holder holder;
    char path[64];

    start_whole(&holder);
    check_status_line(holder.child, "NoNewPrivs:\t1");
    check_status_line(holder.child, "Seccomp:\t2");
    check_status_line(holder.child, "CapPrm:\t0000000000000000");
    check_status_line(holder.child, "CapEff:\t0000000000000000");
    check_status_line(holder.child, "CapBnd:\t0000000000000000");
    if (geteuid() != 0) { /* whoever may trace everything may look */
        snprintf(path, sizeof(path), "/proc/%d/mem", holder.child);
        check(open(path, O_RDONLY | O_CLOEXEC) < 0);
    }
    stop(&holder);
}

/* ---- memory ---- */

/* How often the value is in what the process may write to. */
static unsigned copies_of(pid_t child, const char *value)
{
    static char block[1 << 20];
    char path[64], line[512];
    unsigned long begin, end;
    unsigned count = 0;
    FILE *maps;
    int memory;
    char rights[5];

    snprintf(path, sizeof(path), "/proc/%d/mem", child);
    memory = open(path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof(path), "/proc/%d/maps", child);
    maps = fopen(path, "re");
    check(memory >= 0 && maps != NULL);
    while (fgets(line, sizeof(line), maps)) {
        if (sscanf(line, "%lx-%lx %4s", &begin, &end, rights) != 3 || rights[1] != 'w')
            continue;
        for (unsigned long at = begin; at < end; at += sizeof(block)) {
            ssize_t got = pread(memory, block, end - at < sizeof(block) ? end - at : sizeof(block), (off_t)at);

            for (char *found = block; got > 0 && (found = memmem(found, (size_t)(block + got - found), value, strlen(value)));)
                count++, found++;
        }
    }
    fclose(maps);
    close(memory);
    return count;
}

static void count_while_open(struct scene *scene)
{
    text_printf(&scene->heard, " %u", copies_of(scene->holder->child, "abcdef/+&"));
}

TEST(when_a_flow_is_over_the_value_is_in_memory_once)
{
    struct scene scene = {.while_open = count_while_open};
    struct holder holder;
    struct server server;

    if (geteuid() != 0)
        test_skip("root");
    start_whole(&holder);
    check_int(copies_of(holder.child, "abcdef/+&"), 1);
    play(&scene, &holder, &echo, &server);
    check_contains(scene.heard.data, "200 X=cordon-0123456789abcdef <cordon-0123456789abcdef> ");
    text_finish(&scene.heard);
    server_stop(&server);
    for (int i = 0; i < 3000 && copies_of(holder.child, "abcdef/+&") != 1; i++)
        poll(NULL, 0, 20); /* it has yet to notice that the client let go */
    check_int(copies_of(holder.child, "abcdef/+&"), 1);
    stop(&holder);
}

/* ---- starts that are none ---- */

static void expect_error(struct holder *holder, const char *text)
{
    struct worker_message message = hear(holder);

    check_int(message.type, WORKER_ERROR);
    check_contains(message.where, text);
    check(!strstr(message.where, "short12"));
    check_int(WEXITSTATUS(status_of(holder)), 125);
    close(holder->starter);
    close(holder->inspector);
}

TEST(a_start_with_one_thing_wrong_is_refused_with_the_reason)
{
    struct holder holder;

    start(&holder);
    give(holder.starter, WORKER_TRUST, trust_file());
    give(holder.starter, WORKER_BEGIN, -1);
    expect_error(&holder, "begins without secrets");

    start(&holder);
    give(holder.starter, WORKER_SECRETS, secrets_file(VALUE, false));
    expect_error(&holder, "not in a memory file sealed");

    start(&holder);
    give(holder.starter, WORKER_SECRETS, sealed("garbage", 7, true));
    expect_error(&holder, "");

    start(&holder);
    give(holder.starter, WORKER_SECRETS, secrets_file(VALUE, true));
    give(holder.starter, WORKER_SECRETS, secrets_file(VALUE, true));
    expect_error(&holder, "secrets twice");

    start(&holder);
    give(holder.starter, WORKER_SECRETS, secrets_file("short12", true));
    give(holder.starter, WORKER_TRUST, trust_file());
    give(holder.starter, WORKER_BEGIN, -1);
    expect_error(&holder, "secret 'TOKEN': its value has 7 bytes");

    start(&holder);
    give(holder.starter, WORKER_SECRETS, secrets_file(VALUE, true));
    give(holder.starter, WORKER_TRUST, sealed("no certificate\n", 15, true));
    give(holder.starter, WORKER_BEGIN, -1);
    expect_error(&holder, "there is no certificate among them");

    start(&holder);
    give(holder.starter, WORKER_RULES, secrets_file(VALUE, true));
    expect_error(&holder, "where it does not belong");
}

TEST(a_holder_whose_starter_is_gone_before_it_began_ends)
{
    struct holder holder;

    start(&holder);
    close(holder.starter);
    check_int(status_of(&holder), 0);
    close(holder.inspector);
}

TEST(an_inspector_that_says_something_else_than_a_flow_ends_it)
{
    struct worker_message message = {.type = WORKER_BEGIN};
    struct holder holder;

    start_whole(&holder);
    check_int(channel_send(holder.inspector, &message, true), 0);
    check_int(WEXITSTATUS(status_of(&holder)), 125);
    close(holder.starter);
    close(holder.inspector);
}
