/* SPDX-License-Identifier: Apache-2.0 */
/* What the log has not taken, in a file: there after a kill, whole up to where it was cut, in one process at a time, empty when all is durable. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "logger/client.h"
#include "logger/spool.h"
#include "protocol/socket.h"
#include "test.h"

#define AGENT "spiffe://local.1/host/local.1/user/4711/agent/a/01"
#define NAME  "0123456789abcdef"

struct place {
    char path[64];
    int fd;
};

static void begin(struct place *place)
{
    strcpy(place->path, "/tmp/cordon-test-XXXXXX");
    test_make_directory(place->path);
    place->fd = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    check(place->fd >= 0);
}

static struct spool *spool_of(const struct place *place)
{
    struct spool *spool = NULL;
    struct error err;

    check_int(spool_open(place->fd, NAME, 100, &spool, &err), 0);
    return spool;
}

static void add(struct spool *spool, uint64_t number, const char *body)
{
    const struct spooled record = {.number = number, .actor = "agent", .identity = AGENT, .body = body, .size = strlen(body)};
    struct error err;

    check_int(spool_add(spool, &record, &err), 0);
}

struct heard {
    uint64_t numbers[16];
    size_t count;
    bool has_names;
    char last[32];
};

static int hear(void *context, const struct spooled *record, struct error *err)
{
    struct heard *heard = context;

    check(heard->count < ARRAY_COUNT(heard->numbers));
    heard->has_names = record->actor && strcmp(record->actor, "agent") == 0 && record->identity && strcmp(record->identity, AGENT) == 0;
    snprintf(heard->last, sizeof(heard->last), "%.*s", (int)record->size, record->body);
    heard->numbers[heard->count++] = record->number;
    return 0;
}

static struct heard read_all(const struct place *place)
{
    struct heard heard = {.count = 0};
    struct error err;
    int fd = openat(place->fd, NAME, O_RDONLY | O_CLOEXEC);
    struct spool_told told;

    check(fd >= 0);
    check_int(spool_read(fd, hear, &heard, &told, &err), 0);
    check_int(told.count, heard.count);
    close(fd);
    return heard;
}

TEST(what_was_kept_is_there_when_its_writer_was_killed)
{
    struct place place;
    struct heard heard;
    pid_t pid;
    int status;

    begin(&place);
    pid = fork();
    if (pid == 0) {
        struct spool *spool = spool_of(&place);

        add(spool, 7, "{\"a\":1}");
        add(spool, 8, "{\"b\":2}");
        kill(getpid(), SIGKILL);
    }
    check_int(waitpid(pid, &status, 0), pid);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    heard = read_all(&place);
    check_int(heard.count, 2);
    check_int(heard.numbers[0], 7);
    check_int(heard.numbers[1], 8);
    check(heard.has_names);
    check_string(heard.last, "{\"b\":2}");
    close(place.fd);
}

TEST(a_file_that_was_cut_anywhere_gives_what_is_whole_in_it)
{
    struct place place;
    struct spool *spool;
    uint64_t first, all;

    begin(&place);
    spool = spool_of(&place);
    add(spool, 1, "{\"a\":1}");
    first = spool_size(spool);
    add(spool, 2, "{\"b\":2}");
    all = spool_size(spool);
    for (uint64_t size = all; size-- > 0;) {
        check_int(ftruncate(spool_file(spool), (off_t)size), 0);
        check_int(read_all(&place).count, size >= first);
    }
    spool_free(spool);
    close(place.fd);
}

TEST(bytes_that_no_writer_wrote_are_no_record)
{
    struct place place;
    struct spool *spool;
    uint64_t first;

    begin(&place);
    spool = spool_of(&place);
    add(spool, 1, "{\"a\":1}");
    first = spool_size(spool);
    for (uint64_t at = 0; at < first; at++) {
        char byte, other;
        struct heard heard;

        check_int(pread(spool_file(spool), &byte, 1, (off_t)at), 1);
        other = (char)(byte ^ 0x80);
        /* its file is only ever appended to */
        check_int(fcntl(spool_file(spool), F_SETFL, 0), 0);
        check_int(pwrite(spool_file(spool), &other, 1, (off_t)at), 1);
        heard = read_all(&place);
        check(heard.count <= 1);
        check_int(pwrite(spool_file(spool), &byte, 1, (off_t)at), 1);
    }
    check_int(read_all(&place).count, 1);
    spool_free(spool);
    close(place.fd);
}

TEST(who_lives_has_its_file_for_itself)
{
    struct place place;
    struct spool *spool, *other = NULL;
    struct error err;
    pid_t pid;
    int status;

    begin(&place);
    spool = spool_of(&place);
    add(spool, 1, "{}");
    pid = fork();
    if (pid == 0)
        _exit(spool_open(place.fd, NAME, 0, &other, &err) == -EAGAIN ? 7 : 1);
    check_int(waitpid(pid, &status, 0), pid);
    check_int(WEXITSTATUS(status), 7);
    spool_free(spool);
    pid = fork();
    if (pid == 0)
        _exit(spool_open(place.fd, NAME, 0, &other, &err) == 0 && spool_size(other) > 0 ? 7 : 1);
    check_int(waitpid(pid, &status, 0), pid);
    check_int(WEXITSTATUS(status), 7);
    close(place.fd);
}

TEST(what_is_replaced_stays_where_that_fails)
{
    struct place place;
    struct spool *spool;
    struct error err;

    begin(&place);
    spool = spool_of(&place);
    add(spool, 1, "{\"a\":1}");
    add(spool, 2, "{\"b\":2}");
    check_int(spool_renew_begin(spool, &err), 0);
    add(spool, 2, "{\"b\":2}");
    check_int(spool_renew_end(spool, -EIO, &err), -EIO);
    check_int(read_all(&place).count, 2);
    check_int(spool_renew_begin(spool, &err), 0);
    add(spool, 2, "{\"b\":2}");
    check_int(spool_renew_end(spool, 0, &err), 0);
    check_int(read_all(&place).count, 1);
    check_int(read_all(&place).numbers[0], 2);
    add(spool, 3, "{\"c\":3}");
    check_int(read_all(&place).count, 2);
    spool_remove(spool);
    check_int(faccessat(place.fd, NAME, F_OK, 0), -1);
    close(place.fd);
}

/* As the logger says it. */
static void acknowledge(int fd, uint64_t number)
{
    struct protocol_out out;
    struct error err;

    protocol_begin(&out, PROTOCOL_LOG_DURABLE, 0);
    protocol_add_number(&out, TAG_LOG_FIRST, number);
    check_int(protocol_send(fd, 0, &out, NULL, 0, &err), 0);
    protocol_free(&out);
}

TEST(a_writers_file_has_what_is_not_durable_and_nothing_else)
{
    struct log_client *client = NULL;
    struct place place;
    struct heard heard;
    struct error err;
    int ends[2];

    begin(&place);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check_int(log_client_new(1 << 20, 0, &client, &err), 0);
    check_int(log_client_name(client, "agent", AGENT, &err), 0);
    check_int(log_client_add(client, "{\"n\":1}", 7, NULL, &err), 0); /* before there is a file */
    check_int(log_client_keep(client, spool_of(&place), &err), 0);
    check_int(log_client_add(client, "{\"n\":2}", 7, NULL, &err), 0);
    heard = read_all(&place);
    check_int(heard.count, 2);
    check(heard.has_names);
    check_string(heard.last, "{\"n\":2}");
    log_client_connect(client, ends[0]);
    check_int(log_client_flush(client, &err), 0);
    check_int(read_all(&place).count, 2); /* sent is not durable */
    acknowledge(ends[1], 2);
    check_int(log_client_receive(client, &err), 0);
    check_int(read_all(&place).count, 0);
    check_int(log_client_add(client, "{\"n\":3}", 7, NULL, &err), 0);
    heard = read_all(&place);
    check_int(heard.count, 1);
    check_int(heard.numbers[0], 3);
    log_client_keep_no_more(client);
    check_int(faccessat(place.fd, NAME, F_OK, 0), -1);
    log_client_free(client);
    close(ends[1]);
    close(place.fd);
}


TEST(what_is_no_record_behind_the_last_one_is_said)
{
    struct heard heard = {.count = 0};
    struct place place;
    struct spool *spool;
    struct spool_told told;
    struct error err;

    begin(&place);
    spool = spool_of(&place);
    add(spool, 1, "{\"a\":1}");
    check_int(spool_read(spool_file(spool), hear, &heard, &told, &err), 0);
    check_int(told.rest, 0);
    add(spool, 2, "{\"b\":2}");
    check_int(ftruncate(spool_file(spool), (off_t)spool_size(spool) - 3), 0);
    heard.count = 0;
    check_int(spool_read(spool_file(spool), hear, &heard, &told, &err), 0);
    check_int(told.count, 1);
    check(told.rest > 3);
    spool_set_aside(spool);
    check_int(faccessat(place.fd, NAME, F_OK, 0), -1);
    check_int(faccessat(place.fd, NAME ".bad", F_OK, 0), 0);
    close(place.fd);
}

/* Killed while it wrote its file anew; or about to be done with it. */
TEST(what_was_being_written_anew_goes_with_its_writer)
{
    struct place place;
    struct spool *spool;
    struct error err;
    int ends[2], status;
    char byte;
    pid_t pid;

    begin(&place);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    pid = fork();
    if (pid == 0) {
        close(ends[0]);
        spool = spool_of(&place);
        check_int(spool_renew_begin(spool, &err), 0);
        check_int(send(ends[1], "x", 1, 0), 1);
        (void)!recv(ends[1], &byte, 1, 0);
        _exit(0);
    }
    close(ends[1]);
    check_int(recv(ends[0], &byte, 1, 0), 1);
    spool_clean(place.fd, NAME, 100);
    check_int(faccessat(place.fd, NAME ".new", F_OK, 0), 0);
    close(ends[0]);
    check_int(waitpid(pid, &status, 0), pid);
    spool_clean(place.fd, NAME, 100);
    check_int(faccessat(place.fd, NAME ".new", F_OK, 0), -1);
    spool_clean(place.fd, NAME, 100);
    check_int(faccessat(place.fd, NAME ".new", F_OK, 0), -1);
    close(place.fd);
}

/* What LOST says that is there; 0 = that is not what is there. */
static uint64_t take_lost(int fd)
{
    struct protocol_received received = {0};
    struct error err;
    uint64_t count = 0;

    if (protocol_receive(fd, MSG_DONTWAIT, &received, &err) > 0 && received.message.type == PROTOCOL_LOG_LOST)
        count = protocol_number(&received.message, TAG_COUNT, 0);
    protocol_drop(&received);
    return count;
}

TEST(what_is_lost_is_told_until_a_record_behind_it_is_durable)
{
    struct log_client *client = NULL;
    struct error err;
    int ends[2];

    check_int(log_client_new(1 << 20, 0, &client, &err), 0);
    log_client_lose(client, 3);
    for (int i = 0; i < 2; i++) { /* whoever was told has ended, and it may be nowhere */
        check(i > 0 || !log_client_is_done(client));
        check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
        log_client_connect(client, ends[0]);
        check_int(log_client_flush(client, &err), 0);
        check(log_client_is_done(client));
        check_int(take_lost(ends[1]), 3);
        close(ends[1]);
        check_int(log_client_receive(client, &err), -EPIPE);
    }
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    log_client_connect(client, ends[0]);
    check_int(log_client_add(client, "{}", 2, NULL, &err), 0);
    check_int(log_client_flush(client, &err), 0);
    check_int(take_lost(ends[1]), 3);
    check_int(take_lost(ends[1]), 0); /* the record */
    acknowledge(ends[1], 1);
    check_int(log_client_receive(client, &err), 0);
    close(ends[1]);
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    log_client_connect(client, ends[0]);
    log_client_lose(client, 2);
    check_int(log_client_flush(client, &err), 0);
    check_int(take_lost(ends[1]), 2);
    log_client_free(client);
    close(ends[1]);
}
