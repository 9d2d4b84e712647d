/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-logger as it runs: cordond's connection by the test, writers that it hands on. What they say is durable when it is acknowledged;
 * what they may not say ends their connection and no other's; a restart loses nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/reader.h"
#include "base/memory.h"
#include "logger/client.h"
#include "protocol/service.h"
#include "protocol/socket.h"
#include "test.h"

#define WAIT_MS 60000

struct scene {
    char directory[64], log[96], socket[96];
    pid_t pid;
    int control;
};

static void start(struct scene *scene, const char *option, const char *value)
{
    struct error err;
    int status = -1;

    scene->pid = fork();
    if (scene->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* with a test that fails */
        execl(CORDON_LOGGER, "cordon-logger", "--directory", scene->log, "--socket", scene->socket, "--origin", "cordon/test/host", option, value, NULL);
        _exit(127);
    }
    for (int i = 0; i < 600 && status < 0; i++) {
        status = service_connect(scene->socket, &scene->control, &err);
        if (status < 0)
            poll(NULL, 0, 100);
        check(status == 0 || waitpid(scene->pid, NULL, WNOHANG) == 0);
    }
    check_int(status, 0);
}

static void begin(struct scene *scene, const char *option, const char *value)
{
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* they open what the logger may not */
#endif
    strcpy(scene->directory, "/tmp/cordon-test-XXXXXX");
    test_make_directory(scene->directory);
    snprintf(scene->log, sizeof(scene->log), "%s/log", scene->directory);
    snprintf(scene->socket, sizeof(scene->socket), "%s/logger.sock", scene->directory);
    start(scene, option, value);
}

static int stop(struct scene *scene, int number)
{
    int status;

    close(scene->control);
    check_int(kill(scene->pid, number), 0);
    check_int(waitpid(scene->pid, &status, 0), scene->pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Send, and what is answered. */
static uint16_t ask(struct scene *scene, struct protocol_out *out, const int *fds, size_t count, struct protocol_received *received)
{
    struct pollfd ready = {.fd = scene->control, .events = POLLIN};
    struct error err;

    check_int(protocol_send(scene->control, 0, out, fds, count, &err), 0);
    protocol_free(out);
    check_int(poll(&ready, 1, WAIT_MS), 1);
    if (protocol_receive(scene->control, 0, received, &err) <= 0)
        return 0;
    return received->message.type;
}

static void join(struct scene *scene)
{
    static struct protocol_received received;
    struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOG_BEGIN, 1);
    check_int(ask(scene, &out, NULL, 0, &received), PROTOCOL_DONE);
}

static uint16_t hand_on_named(struct scene *scene, const char *writer, int fd)
{
    static struct protocol_received received;
    struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOG_WRITER, 2);
    protocol_add_text(&out, TAG_LOG_WRITER, writer);
    protocol_add_text(&out, TAG_LOG_ACTOR, "system");
    protocol_add_number(&out, TAG_UID, 4711);
    protocol_add_number(&out, TAG_GID, 4712);
    protocol_add_number(&out, TAG_LOG_NAMES, 1);
    return ask(scene, &out, &fd, 1, &received);
}

static uint16_t hand_on(struct scene *scene, const char *writer, const char *actor, int fd)
{
    static struct protocol_received received;
    struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOG_WRITER, 2);
    protocol_add_text(&out, TAG_LOG_WRITER, writer);
    protocol_add_text(&out, TAG_LOG_ACTOR, actor);
    protocol_add_number(&out, TAG_UID, 4711);
    protocol_add_number(&out, TAG_GID, 4712);
    protocol_add_text(&out, TAG_IDENTITY, "spiffe://local.0/host/h/user/4711/agent/a/b");
    return ask(scene, &out, &fd, 1, &received);
}

static int writer_socket(struct scene *scene, const char *writer)
{
    int pair[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    check_int(hand_on(scene, writer, "agent", pair[1]), PROTOCOL_DONE);
    close(pair[1]);
    return pair[0];
}

static void add(struct log_client *client, uint64_t from, uint64_t to, size_t fill)
{
    char body[8192];
    struct error err;

    for (uint64_t number = from; number <= to; number++) {
        int length = snprintf(body, sizeof(body), "{\"number\":%llu,\"fill\":\"%0*d\"}", (unsigned long long)number, (int)fill, 0);

        check_int(log_client_add(client, body, (size_t)length, NULL, &err), 0);
    }
}

/* Each record of this writer is in the log once, with its label: how many there are. */
static uint64_t count_records(const struct scene *scene, const char *writer)
{
    auto_reader struct reader *reader = NULL;
    struct reader_entry entry;
    struct error err;
    uint64_t number = 0;
    char start_of[64];

    check_int(reader_open(scene->log, NULL, &reader, &err), 0);
    for (uint64_t i = 0; i < reader_checkpoint(reader)->size; i++) {
        check_int(reader_entry(reader, i, &entry, &err), 0);
        if (strcmp(entry.stamp.label.writer, writer) != 0)
            continue;
        check_int(entry.stamp.number, ++number);
        check_int(entry.stamp.label.uid, 4711);
        check_string(entry.stamp.label.identity, "spiffe://local.0/host/h/user/4711/agent/a/b");
        snprintf(start_of, sizeof(start_of), "{\"number\":%llu,", (unsigned long long)number);
        check(memcmp(entry.body, start_of, strlen(start_of)) == 0);
    }
    return number;
}

TEST(what_is_acknowledged_is_in_the_log_when_the_logger_is_killed)
{
    auto_log_client struct log_client *client = NULL;
    struct scene scene;
    struct error err;

    begin(&scene, NULL, NULL);
    join(&scene);
    check_int(log_client_new(8 << 20, 0, &client, &err), 0);
    log_client_connect(client, writer_socket(&scene, "run:1"));
    add(client, 1, 3, 10);       /* in a message, */
    check_int(log_client_wait(client, 3, WAIT_MS, &err), 0);
    add(client, 4, 5000, 200);   /* in a memory file */
    check_int(log_client_wait(client, 5000, WAIT_MS, &err), 0);
    check_int(stop(&scene, SIGKILL), -SIGKILL);
    start(&scene, NULL, NULL);
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:1"), 5000);
}

TEST(a_restart_loses_nothing_and_keeps_nothing_twice)
{
    auto_log_client struct log_client *client = NULL;
    struct scene scene;
    struct error err;

    begin(&scene, NULL, NULL);
    check_int(log_client_new(8 << 20, 0, &client, &err), 0);
    for (uint64_t i = 0; i < 5; i++) {
        join(&scene);
        log_client_connect(client, writer_socket(&scene, "run:1"));
        add(client, i * 1000 + 1, i * 1000 + 1000, 50);
        check_int(log_client_flush(client, &err), 0);
        if (i % 2) /* what the logger has taken and not acknowledged is sent again */
            check_int(log_client_wait(client, i * 1000 + 1, WAIT_MS, &err), 0);
        stop(&scene, SIGKILL);
        start(&scene, NULL, NULL);
    }
    join(&scene);
    log_client_connect(client, writer_socket(&scene, "run:1"));
    check_int(log_client_wait(client, 5000, WAIT_MS, &err), 0);
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:1"), 5000);
}

TEST(a_writer_that_says_what_it_may_not_is_alone_with_it)
{
    static const char *const bodies[] = {"no json", "{\"a\":\n1}", "{\"\x1b\":1}", "{\"\xff\":1}", ""};
    auto_log_client struct log_client *good = NULL;
    struct scene scene;
    struct error err;

    begin(&scene, NULL, NULL);
    join(&scene);
    check_int(log_client_new(1 << 20, 0, &good, &err), 0);
    log_client_connect(good, writer_socket(&scene, "run:good"));
    for (size_t i = 0; i < ARRAY_COUNT(bodies); i++) {
        auto_log_client struct log_client *bad = NULL;

        check_int(log_client_new(1 << 20, 0, &bad, &err), 0);
        log_client_connect(bad, writer_socket(&scene, "run:bad"));
        check_int(log_client_add(bad, bodies[i], strlen(bodies[i]), NULL, &err), 0);
        check(log_client_wait(bad, 1, WAIT_MS, &err) < 0);
        check_contains(err.text, "a record is");
        add(good, i + 1, i + 1, 0);
        check_int(log_client_wait(good, i + 1, WAIT_MS, &err), 0);
    }
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:bad"), 0);
    check_int(count_records(&scene, "run:good"), ARRAY_COUNT(bodies));
}

TEST(bytes_that_are_no_message_end_the_connection_they_came_on)
{
    auto_log_client struct log_client *good = NULL;
    struct scene scene;
    struct error err;
    int fd;

    begin(&scene, NULL, NULL);
    join(&scene);
    for (size_t size = 1; size < 4000; size += 397) {
        char bytes[4000];
        struct pollfd ready;

        fd = writer_socket(&scene, "run:noise");
        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)rand();
        check_int(send(fd, bytes, size, 0), (long long)size);
        ready = (struct pollfd){.fd = fd, .events = POLLIN};
        check_int(poll(&ready, 1, WAIT_MS), 1);
        while (recv(fd, bytes, sizeof(bytes), 0) > 0)
            ;
        close(fd);
    }
    check_int(log_client_new(1 << 20, 0, &good, &err), 0);
    log_client_connect(good, writer_socket(&scene, "run:good"));
    add(good, 1, 1, 0);
    check_int(log_client_wait(good, 1, WAIT_MS, &err), 0);
    check_int(stop(&scene, SIGTERM), 0);
}

TEST(a_label_is_cordonds_and_is_checked)
{
    struct scene scene;
    int pair[2], file = open("/dev/null", O_RDONLY | O_CLOEXEC);

    begin(&scene, NULL, NULL);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    join(&scene);
    check_int(hand_on(&scene, "run 1", "agent", pair[1]), PROTOCOL_FAILED);
    check_int(hand_on(&scene, "", "agent", pair[1]), PROTOCOL_FAILED);
    check_int(hand_on(&scene, "cordon-log", "system", pair[1]), PROTOCOL_FAILED);
    check_int(hand_on(&scene, "run:1", "unknown", pair[1]), PROTOCOL_FAILED);
    check_int(hand_on(&scene, "run:1", "agent", file), PROTOCOL_FAILED);
    check_int(hand_on(&scene, "run:1", "agent", pair[1]), PROTOCOL_DONE);
    close(pair[0]);
    close(pair[1]);
    close(file);
    check_int(stop(&scene, SIGTERM), 0);
}

TEST(nobody_hands_on_a_writer_before_saying_that_it_begins)
{
    struct scene scene;
    int pair[2];

    begin(&scene, NULL, NULL);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    check_int(hand_on(&scene, "run:1", "agent", pair[1]), PROTOCOL_FAILED);
    close(pair[0]);
    close(pair[1]);
    check_int(stop(&scene, SIGTERM), 0);
}

TEST(a_writer_that_floods_waits_and_others_do_not)
{
    auto_log_client struct log_client *flood = NULL, *other = NULL;
    struct scene scene;
    struct error err;

    begin(&scene, "--share", "64KiB");
    join(&scene);
    check_int(log_client_new(8 << 20, 0, &flood, &err), 0);
    check_int(log_client_new(8 << 20, 0, &other, &err), 0);
    log_client_connect(flood, writer_socket(&scene, "run:flood"));
    log_client_connect(other, writer_socket(&scene, "run:other"));
    add(flood, 1, 300, 1000);
    check_int(log_client_flush(flood, &err), 0);
    add(other, 1, 1, 10);
    check_int(log_client_wait(other, 1, WAIT_MS, &err), 0);
    check_int(log_client_receive(flood, &err), 0);
    check(log_client_durable(flood) < 300); /* most of it waits, */
    check_int(log_client_wait(flood, 300, WAIT_MS, &err), 0); /* none of it is lost */
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:flood"), 300);
}

/* It dies with some of it taken, some waiting and some not read yet; who comes after it tells all of it again. */
TEST(of_a_writer_that_dies_while_it_waits_each_record_is_there_once)
{
    auto_log_client struct log_client *again = NULL, *other = NULL;
    struct log_client *flood = NULL;
    struct scene scene;
    struct error err;
    int status = 0;

    begin(&scene, "--share", "64KiB");
    join(&scene);
    check_int(log_client_new(8 << 20, 0, &flood, &err), 0);
    log_client_connect(flood, writer_socket(&scene, "run:flood"));
    for (uint64_t i = 0; i < 30 && status == 0; i++) { /* each a message of its own, until there is no room */
        add(flood, i * 10 + 1, i * 10 + 9, 1000);
        status = log_client_flush(flood, &err);
        add(flood, i * 10 + 10, i * 10 + 10, 1); /* for which there may be room where there is none for the others */
        if (status == 0)
            status = log_client_flush(flood, &err);
    }
    check(status == 0 || status == -EAGAIN);
    log_client_free(flood);
    check_int(log_client_new(8 << 20, 0, &other, &err), 0);
    log_client_connect(other, writer_socket(&scene, "run:other"));
    add(other, 1, 1, 10);
    check_int(log_client_wait(other, 1, WAIT_MS, &err), 0); /* by now it has been heard that the first one went */
    check_int(log_client_new(8 << 20, 0, &again, &err), 0);
    log_client_connect(again, writer_socket(&scene, "run:flood"));
    add(again, 1, 300, 1000);
    check_int(log_client_wait(again, 300, WAIT_MS, &err), 0);
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:flood"), 300);
}

TEST(what_a_writer_could_not_keep_is_counted_in_the_log)
{
    auto_reader struct reader *reader = NULL;
    auto_log_client struct log_client *client = NULL;
    static const char body[] = "{\"fill\":\"0000000000000000000000000000000000000000000000000000000000000000\"}";
    struct reader_entry entry;
    struct scene scene;
    struct error err;
    unsigned told = 0;

    begin(&scene, NULL, NULL);
    join(&scene);
    check_int(log_client_new(64 << 10, 0, &client, &err), 0);
    while (log_client_lost(client) < 9) /* nobody is there to take them */
        (void)!log_client_add(client, body, strlen(body), NULL, &err);
    log_client_connect(client, writer_socket(&scene, "run:1"));
    check_int(log_client_wait(client, log_client_number(client), WAIT_MS, &err), 0);
    poll(NULL, 0, 1500); /* the log tells of losses once a second */
    check_int(stop(&scene, SIGTERM), 0);
    check_int(reader_open(scene.log, NULL, &reader, &err), 0);
    for (uint64_t i = 0; i < reader_checkpoint(reader)->size; i++) {
        check_int(reader_entry(reader, i, &entry, &err), 0);
        told += memmem(entry.body, entry.body_size, "\"x_lost\":9,", 11) != NULL;
    }
    check_int(told, 1);
}

#define AGENT "spiffe://local.0/host/h/user/4711/agent/a/01m83zv9a44b63gfpw3chjnq54"

/* A client of a writer that says who acts. */
static struct log_client *naming_client(struct scene *scene, const char *writer)
{
    struct log_client *client = NULL;
    struct error err;
    int pair[2];

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    check_int(hand_on_named(scene, writer, pair[1]), PROTOCOL_DONE);
    close(pair[1]);
    check_int(log_client_new(1 << 20, 0, &client, &err), 0);
    log_client_connect(client, pair[0]);
    return client;
}

TEST(each_record_is_of_whom_the_writer_names_also_when_it_is_sent_again)
{
    static const struct {
        const char *actor, *identity;
    } who[] = {{"agent", AGENT}, {"human", NULL}, {"agent", AGENT "/sub/01m83zv9a44b63gfpw3chjnq55"}, {"delegated-human", AGENT}, {"human", NULL}};
    auto_reader struct reader *reader = NULL;
    auto_log_client struct log_client *client = NULL;
    struct scene scene;
    struct reader_entry entry;
    struct error err;
    int pair[2];
    uint64_t seen = 0;

    begin(&scene, NULL, NULL);
    join(&scene);
    client = naming_client(&scene, "keeper:1");
    add(client, 1, 2, 0); /* as the label says */
    for (unsigned i = 0; i < 60; i++) {
        check_int(log_client_name(client, who[i % 5].actor, who[i % 5].identity, &err), 0);
        if (i % 4 != 3) /* one that is named and says nothing */
            add(client, log_client_number(client) + 1, log_client_number(client) + 1 + i % 3, 0);
        if (i == 30) {
            check_int(log_client_flush(client, &err), 0);
            stop(&scene, SIGKILL);
            start(&scene, NULL, NULL);
            join(&scene);
            check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
            check_int(hand_on_named(&scene, "keeper:1", pair[1]), PROTOCOL_DONE);
            close(pair[1]);
            log_client_connect(client, pair[0]);
        }
    }
    check_int(log_client_wait(client, log_client_number(client), WAIT_MS, &err), 0);
    check_int(stop(&scene, SIGTERM), 0);
    check_int(reader_open(scene.log, NULL, &reader, &err), 0);
    for (uint64_t i = 0, of = 0, left = 2; i < reader_checkpoint(reader)->size; i++) {
        check_int(reader_entry(reader, i, &entry, &err), 0);
        if (strcmp(entry.stamp.label.writer, "keeper:1") != 0)
            continue;
        check_int(entry.stamp.number, ++seen);
        check_int(entry.stamp.label.uid, 4711);
        if (seen <= 2) {
            check_string(entry.stamp.label.actor, "system");
            left = 0;
            continue;
        }
        while (!left) {
            left = of % 4 != 3 ? 1 + of % 3 : 0;
            of++;
        }
        left--;
        check_string(entry.stamp.label.actor, who[(of - 1) % 5].actor);
        check_string(entry.stamp.label.identity, who[(of - 1) % 5].identity ? who[(of - 1) % 5].identity : "");
    }
    check_int(seen, log_client_number(client));
}

TEST(a_writer_names_nobody_who_is_not_its_users)
{
    static const struct {
        const char *actor, *identity;
        bool is_permitted;
    } names[] = {
        {"agent", AGENT, true},
        {"human", NULL, true},
        {"agent", "spiffe://local.0/host/h/user/4712/agent/a/01m83zv9a44b63gfpw3chjnq54", false},
        {"agent", "spiffe://local.0/host/h/user/4711", false},
        {"agent", "spiffe://local.0/host/h/user/47110/agent/a/01m83zv9a44b63gfpw3chjnq54", false},
        {"agent", "/user/4711/agent/a", false},
        {"agent", NULL, false},
        {"system", NULL, false},
        {"system", AGENT, false},
        {"somebody", AGENT, false},
    };
    struct scene scene;
    struct error err;

    begin(&scene, NULL, NULL);
    join(&scene);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        auto_log_client struct log_client *named = naming_client(&scene, "keeper:1"), *labelled = NULL;

        check_int(log_client_name(named, names[i].actor, names[i].identity, &err), 0);
        if (names[i].is_permitted)
            continue;
        add(named, 1, 1, 0);
        check(log_client_wait(named, 1, WAIT_MS, &err) < 0);
        check(log_client_durable(named) == 0);
        /* and one whose label says who it is names nobody at all */
        check_int(log_client_new(1 << 20, 0, &labelled, &err), 0);
        log_client_connect(labelled, writer_socket(&scene, "run:1"));
        check_int(log_client_name(labelled, names[0].actor, names[0].identity, &err), 0);
        add(labelled, 1, 1, 0);
        check(log_client_wait(labelled, 1, WAIT_MS, &err) < 0);
        check_contains(err.text, "its label does");
    }
    check_int(stop(&scene, SIGTERM), 0);
    check_int(count_records(&scene, "run:1"), 0);
}

/* The unconfined control: the same call succeeds here. */
TEST(a_logger_can_open_no_file_but_its_own_and_no_socket)
{
    struct scene scene;
    char path[64], text[4096];
    ssize_t size;
    int fd;

    begin(&scene, NULL, NULL);
    join(&scene);
    snprintf(path, sizeof(path), "/proc/%d/status", scene.pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    check(fd >= 0);
    size = read(fd, text, sizeof(text) - 1);
    check(size > 0);
    text[size] = '\0';
    close(fd);
    check_contains(text, "NoNewPrivs:\t1");
    check_contains(text, "Seccomp:\t2");
    check_int(stop(&scene, SIGTERM), 0);
}
