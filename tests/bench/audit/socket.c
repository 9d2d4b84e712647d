/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench-logger SOCKET RECORDS SIZE one|many|WRITERS: a writer of cordon-logger. many: all at once, until all are durable: records a second. one:
 * each is waited for before the next, as under `audit: required`: microseconds a record, p50 and p99. WRITERS, a number: so many of them that
 * each wait for a record of theirs, in rounds: records a second, and microseconds until one is durable, p99.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "logger/client.h"
#include "protocol/service.h"
#include "protocol/socket.h"

#define KEPT_MAX ((size_t)16 << 20)
#define WAIT_MS  60000
#define WRITERS_MAX 1024

static int fail(const struct error *err)
{
    fprintf(stderr, "bench-logger: %s\n", err->text);
    return 1;
}

static int ask(int control, struct protocol_out *out, const int *fds, size_t count, struct error *err)
{
    static struct protocol_received received;
    int status = protocol_send(control, 0, out, fds, count, err);

    if (status == 0)
        status = protocol_receive(control, 0, &received, err);
    if (status > 0 && received.message.type != PROTOCOL_DONE)
        return error_set(err, ERROR_SYSTEM, 0, "refused: %s", protocol_text(&received.message, TAG_TEXT));
    return status > 0 ? 0 : -1;
}

static int begin(int control, struct error *err)
{
    struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOG_BEGIN, 1);
    return ask(control, &out, NULL, 0, err);
}

static int join(int control, unsigned number, int *ret_fd, struct error *err)
{
    struct protocol_out writer;
    char name[48];
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    snprintf(name, sizeof(name), "bench:%d:%u", getpid(), number);
    protocol_begin(&writer, PROTOCOL_LOG_WRITER, 2);
    protocol_add_text(&writer, TAG_LOG_WRITER, name);
    protocol_add_text(&writer, TAG_LOG_ACTOR, "agent");
    protocol_add_number(&writer, TAG_UID, 1000);
    protocol_add_number(&writer, TAG_GID, 1000);
    protocol_add_text(&writer, TAG_IDENTITY, "spiffe://local.0/host/h/user/1000/agent/bench/1");
    if (ask(control, &writer, &pair[1], 1, err) < 0)
        return -1;
    close(pair[1]);
    *ret_fd = pair[0];
    return 0;
}

static int many(struct log_client *client, uint64_t records, const char *body, size_t size, struct error *err)
{
    uint64_t start = clock_monotonic_ns();

    for (uint64_t i = 1; i <= records; i++) {
        if (log_client_add(client, body, size, NULL, err) < 0)
            return -1;
        if (i % 1000 == 0 && log_client_flush(client, err) < 0 && err->errnum != 0)
            return -1;
        if (i % 1000 == 0 && i - log_client_durable(client) > 10000 && log_client_wait(client, i - 10000, WAIT_MS, err) < 0)
            return -1;
    }
    if (log_client_wait(client, records, WAIT_MS, err) < 0)
        return -1;
    printf("%.0f\n", (double)records * 1e9 / (double)(clock_monotonic_ns() - start));
    return 0;
}

static int compare(const void *a, const void *b)
{
    return *(const double *)a < *(const double *)b ? -1 : *(const double *)a > *(const double *)b;
}

static int one(struct log_client *client, uint64_t records, const char *body, size_t size, struct error *err)
{
    double *us = mem_alloc(records * sizeof(*us));

    for (uint64_t i = 0; us && i < records; i++) {
        uint64_t start = clock_monotonic_ns(), number;

        if (log_client_add(client, body, size, &number, err) < 0 || log_client_wait(client, number, WAIT_MS, err) < 0)
            return -1;
        us[i] = (double)(clock_monotonic_ns() - start) / 1000;
    }
    qsort(us, records, sizeof(*us), compare);
    printf("%.0f %.0f\n", us[records / 2], us[records * 99 / 100]);
    mem_free(us);
    return 0;
}

/* One round: each writer's record is on its way before the first is waited for. */
static int wait_round(struct log_client **clients, unsigned writers, const char *body, size_t size, double *us, struct error *err)
{
    uint64_t numbers[WRITERS_MAX], start = clock_monotonic_ns();

    for (unsigned i = 0; i < writers; i++)
        if (log_client_add(clients[i], body, size, &numbers[i], err) < 0 || (log_client_flush(clients[i], err) < 0 && err->errnum != 0))
            return -1;
    for (unsigned i = 0; i < writers; i++) {
        if (log_client_wait(clients[i], numbers[i], WAIT_MS, err) < 0)
            return -1;
        us[i] = (double)(clock_monotonic_ns() - start) / 1000;
    }
    return 0;
}

static int waiters(int control, unsigned writers, uint64_t records, const char *body, size_t size, struct error *err)
{
    struct log_client *clients[WRITERS_MAX] = {NULL};
    uint64_t rounds = records / writers, start;
    double *us = mem_alloc(rounds * writers * sizeof(*us));
    int fd, status = us ? 0 : -1;

    for (unsigned i = 0; i < writers && status == 0; i++) {
        status = join(control, i, &fd, err);
        if (status == 0)
            status = log_client_new(KEPT_MAX, 0, &clients[i], err);
        if (status == 0)
            log_client_connect(clients[i], fd);
    }
    start = clock_monotonic_ns();
    for (uint64_t i = 0; i < rounds && status == 0; i++)
        status = wait_round(clients, writers, body, size, us + i * writers, err);
    if (status == 0) {
        double seconds = (double)(clock_monotonic_ns() - start) / 1e9;

        qsort(us, rounds * writers, sizeof(*us), compare);
        printf("%.0f %.0f\n", (double)(rounds * writers) / seconds, us[rounds * writers * 99 / 100]);
    }
    for (unsigned i = 0; i < writers; i++)
        log_client_free(clients[i]);
    mem_free(us);
    return status;
}

int main(int argc, char **argv)
{
    static char body[65536];
    auto_log_client struct log_client *client = NULL;
    struct error err = ERROR_INIT;
    uint64_t records;
    unsigned writers;
    size_t size;
    int control, fd;

    if (argc != 5)
        return 2;
    records = strtoull(argv[2], NULL, 10);
    size = strtoul(argv[3], NULL, 10);
    memset(body, 'x', size);
    memcpy(body, "{\"fill\":\"", 9);
    memcpy(body + size - 2, "\"}", 2);
    if (service_connect(argv[1], &control, &err) < 0 || begin(control, &err) < 0)
        return fail(&err);
    writers = (unsigned)strtoul(argv[4], NULL, 10);
    if (writers)
        return writers > WRITERS_MAX || records < writers ? 2 : waiters(control, writers, records, body, size, &err) < 0 ? fail(&err) : 0;
    if (join(control, 0, &fd, &err) < 0 || log_client_new(KEPT_MAX, 0, &client, &err) < 0)
        return fail(&err);
    log_client_connect(client, fd);
    return (strcmp(argv[4], "one") == 0 ? one : many)(client, records, body, size, &err) < 0 ? fail(&err) : 0;
}
