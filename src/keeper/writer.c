/* SPDX-License-Identifier: Apache-2.0 */
/* This keeper as a writer of the audit log: records are kept until the log has them, over whatever connections there are one after another. */
#include <errno.h>

#include "base/memory.h"
#include "keeper/keeper.h"
#include "logger/client.h"

#define WRITER_BYTES_MAX ((size_t)16 << 20) /* that the log has not acknowledged */

struct writer {
    struct keeper *keeper;
    struct log_client *client;
    struct loop_watch watch; /* fd = -1: no connection */
};

static void settle(struct writer *writer, int status);

static void writer_ready(struct loop_watch *watch, uint32_t events)
{
    struct writer *writer = container_of(watch, struct writer, watch);
    int status = log_client_receive(writer->client, NULL);

    settle(writer, status == 0 ? log_client_flush(writer->client, NULL) : status);
}

/* `status` of the last call: the client closes a connection that ended, which is no longer watched then. */
static void settle(struct writer *writer, int status)
{
    struct keeper *keeper = writer->keeper;

    if (writer->watch.fd >= 0 && log_client_fd(writer->client) < 0) {
        loop_forget(keeper->loop, &writer->watch);
        writer->watch.fd = -1;
        daemon_tell_gone(keeper, "logger");
    }
    if (writer->watch.fd >= 0 && loop_change(keeper->loop, &writer->watch, status == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        writer->watch.fd = -1;
}

int writer_connect(struct keeper *keeper, int fd, struct error *err)
{
    struct writer *writer = keeper->writer;
    int status;

    loop_forget(keeper->loop, &writer->watch);
    writer->watch = (struct loop_watch){.fd = fd, .ready = writer_ready};
    log_client_connect(writer->client, fd);
    status = loop_watch(keeper->loop, &writer->watch, EPOLLIN);
    if (status < 0) {
        writer->watch.fd = -1;
        return error_system(err, -status, "watch the log's connection");
    }
    settle(writer, log_client_flush(writer->client, NULL));
    return 0;
}

int writer_begin(struct keeper *keeper, struct error *err)
{
    struct writer *writer = mem_alloc(sizeof(*writer));
    int status;

    if (!writer)
        return error_memory(err);
    *writer = (struct writer){.keeper = keeper, .watch.fd = -1};
    status = log_client_new(WRITER_BYTES_MAX, 0, &writer->client, err);
    if (status == 0)
        keeper->writer = writer;
    else
        mem_free(writer);
    return status;
}
