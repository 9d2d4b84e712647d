/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What connections say. A writer's records are taken in their order; where the log has no room for one, or the writer has had its
 * share, the writer is not read until the next second: it keeps what is not acknowledged, and counts what it cannot keep.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "identity/name.h"
#include "logger/logger.h"

#define SIZE_BYTES 4

/* ---- records ---- */

static bool next_body(struct logger_batch *batch, const char **ret_body, size_t *ret_size)
{
    uint32_t size;

    if (batch->size - batch->at < SIZE_BYTES)
        return false;
    memcpy(&size, batch->bodies + batch->at, SIZE_BYTES);
    if (size > batch->size - batch->at - SIZE_BYTES)
        return false;
    *ret_body = (const char *)batch->bodies + batch->at + SIZE_BYTES;
    *ret_size = size;
    return true;
}

static void end_batch(struct logger_connection *connection)
{
    mem_free(connection->batch.bytes);
    connection->batch = (struct logger_batch){.bytes = NULL};
}

/* 0 = all of them, 1 = the writer waits; negative: it has sent what is no record, or the log is broken. */
static int take_records(struct logger *logger, struct logger_connection *connection, struct error *err)
{
    struct logger_batch *batch = &connection->batch;

    for (; batch->left > 0; batch->left--, batch->number++) {
        const char *body;
        size_t size;
        int status;

        if (!next_body(batch, &body, &size))
            return error_set(err, ERROR_INVALID, EBADMSG, "writer %s: a batch with fewer records than it says", connection->label.writer);
        status = log_append(logger->log, &batch->label, batch->number, body, size, err);
        if (status == -EDQUOT || status == -ENOSPC)
            return 1;
        if (status < 0)
            return status;
        if (batch->number > connection->pending)
            connection->pending = batch->number; /* of a double too: it is acknowledged with what it waits for */
        batch->at += SIZE_BYTES + size;
    }
    if (batch->at != batch->size)
        return error_set(err, ERROR_INVALID, EBADMSG, "writer %s: a batch with more than the records that it says", connection->label.writer);
    return 0;
}

/* Who acts in a batch, where the writer may say it: a person's agents and the person, never somebody else's. The machine is the log's. */
static int take_name(const struct logger_connection *connection, const struct protocol_message *message, struct stamp_label *ret_label, struct error *err)
{
    const char *actor = protocol_text(message, TAG_LOG_ACTOR), *identity = protocol_text(message, TAG_IDENTITY);
    struct identity_name name;

    *ret_label = connection->label;
    if (!actor && !identity)
        return 0;
    if (!connection->names)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "writer %s does not say who acts: its label does", connection->label.writer);
    if (!actor || strcmp(actor, "system") == 0 || (strcmp(actor, "agent") == 0 && !identity))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "writer %s: who acts is an agent with its name, or a person", connection->label.writer);
    if (identity && (strlen(identity) > STAMP_IDENTITY_MAX || identity_parse(identity, strlen(identity), &name, NULL) < 0 || name.kind != IDENTITY_AGENT ||
                     name.uid != connection->label.uid))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "writer %s names a container that is none of user %u's", connection->label.writer, connection->label.uid);
    snprintf(ret_label->actor, sizeof(ret_label->actor), "%s", actor);
    snprintf(ret_label->identity, sizeof(ret_label->identity), "%s", identity ? identity : "");
    return stamp_label_check(ret_label, err);
}

/* `message` points into `bytes`, which are this function's, or NULL: then it is copied where it has to wait. */
static int begin_batch(struct logger *logger, struct logger_connection *connection, const struct protocol_message *message,
                       unsigned char *bytes, struct error *err)
{
    struct logger_batch *batch = &connection->batch;
    const unsigned char *start;
    int status;

    *batch = (struct logger_batch){.number = protocol_number(message, TAG_LOG_FIRST, 0), .left = protocol_number(message, TAG_COUNT, 0)};
    batch->bodies = start = protocol_bytes(message, TAG_LOG_BODIES, &batch->size);
    status = take_name(connection, message, &batch->label, err);
    if (status < 0) {
        mem_free(bytes);
        return status;
    }
    if (batch->number == 0 || batch->left > UINT64_MAX - batch->number) {
        mem_free(bytes);
        return error_set(err, ERROR_INVALID, EINVAL, "writer %s: numbers run from 1", connection->label.writer);
    }
    batch->bytes = bytes;
    status = take_records(logger, connection, err);
    if (status == 1 && !bytes) {
        batch->bytes = mem_alloc(batch->size + 1);
        if (!batch->bytes)
            return error_memory(err);
        memcpy(batch->bytes, start, batch->size);
        batch->bodies = batch->bytes;
    }
    if (status == 0)
        end_batch(connection);
    return status;
}

static int take_file(struct logger *logger, struct logger_connection *connection, struct error *err)
{
    struct protocol_message record;
    unsigned char *bytes = NULL;
    int status = protocol_unseal(logger->received.fds[0], PROTOCOL_RECORD_BODIES, &bytes, &record, err);

    return status < 0 ? status : begin_batch(logger, connection, &record, bytes, err);
}

static int serve_writer(struct logger *logger, struct logger_connection *connection, struct error *err)
{
    const struct protocol_message *message = &logger->received.message;

    switch (message->type) {
    case PROTOCOL_LOG_RECORDS:
        return begin_batch(logger, connection, message, NULL, err);
    case PROTOCOL_LOG_BATCH:
        return take_file(logger, connection, err);
    case PROTOCOL_LOG_LOST:
        return log_lose(logger->log, &connection->label, protocol_number(message, TAG_COUNT, 0), err);
    default:
        return error_set(err, ERROR_INVALID, EPROTO, "%s is nothing that a writer says", message->row->name);
    }
}

/* ---- cordond ---- */

static int take_writer(struct logger *logger, const struct protocol_message *message, struct error *err)
{
    const char *identity = protocol_text(message, TAG_IDENTITY);
    struct stamp_label label = {.uid = (uint32_t)protocol_number(message, TAG_UID, UINT32_MAX),
                                .gid = (uint32_t)protocol_number(message, TAG_GID, UINT32_MAX)};
    int status;

    if (identity && strlen(identity) > STAMP_IDENTITY_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "an identity is at most %d long", STAMP_IDENTITY_MAX);
    if (protocol_number(message, TAG_UID, 0) > UINT32_MAX || protocol_number(message, TAG_GID, 0) > UINT32_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "no uid or gid");
    snprintf(label.writer, sizeof(label.writer), "%s", protocol_text(message, TAG_LOG_WRITER));
    snprintf(label.actor, sizeof(label.actor), "%s", protocol_text(message, TAG_LOG_ACTOR));
    snprintf(label.identity, sizeof(label.identity), "%s", identity ? identity : "");
    status = stamp_label_check(&label, err);
    if (status == 0 && strcmp(label.writer, "cordon-log") == 0)
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "cordon-log is the log's own writer");
    if (status == 0)
        status = logger_add(logger, logger->received.fds[0], false, &label, protocol_number(message, TAG_LOG_NAMES, 0) != 0, err);
    if (status == 0)
        (void)take_fd(logger->received.fds[0]);
    return status;
}

static int answer_status(struct logger *logger, struct logger_connection *connection, struct error *err)
{
    auto_protocol struct protocol_out out = {.type = 0};

    protocol_begin(&out, PROTOCOL_LOG_STATUS_IS, logger->received.message.request);
    protocol_add_number(&out, TAG_LOG_SIZE, log_size(logger->log));
    protocol_add_number(&out, TAG_COUNT, logger->count);
    protocol_add_number(&out, TAG_NUMBER, log_pending(logger->log));
    protocol_add_text(&out, TAG_LOG_KEY, logger->key_text);
    return protocol_send(connection->fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

static void answer_done(struct logger *logger, struct logger_connection *connection)
{
    auto_protocol struct protocol_out out = {.type = 0};

    protocol_begin(&out, PROTOCOL_DONE, logger->received.message.request);
    (void)!protocol_send(connection->fd, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

/* What fails is answered; the connection goes on. */
static int serve_control(struct logger *logger, struct logger_connection *connection)
{
    const struct protocol_message *message = &logger->received.message;
    struct error err = ERROR_INIT;
    int status;

    switch (message->type) {
    case PROTOCOL_LOG_BEGIN:
        connection->state = PROTOCOL_JOINED;
        status = 0;
        break;
    case PROTOCOL_LOG_WRITER:
        status = take_writer(logger, message, &err);
        break;
    case PROTOCOL_LOG_PRUNE:
        status = log_prune(logger->log, protocol_number(message, TAG_LOG_FIRST, 0), &err);
        break;
    case PROTOCOL_LOG_STATUS:
        return answer_status(logger, connection, &err);
    default:
        status = error_set(&err, ERROR_INVALID, EPROTO, "%s is nothing that is asked of a logger", message->row->name);
        break;
    }
    if (status < 0)
        protocol_send_error(connection->fd, message->request, &err, NULL);
    else
        answer_done(logger, connection);
    return 0;
}

/* ---- all of them ---- */

static int serve_message(struct logger *logger, struct logger_connection *connection, struct error *err)
{
    static const enum protocol_role writers[] = {PROTOCOL_KEEPER, PROTOCOL_DAEMON, PROTOCOL_SIGNER, PROTOCOL_LAUNCHER};
    int status = -EPROTO;

    if (connection->is_control) {
        status = protocol_permit(&logger->received.message, PROTOCOL_DAEMON, PROTOCOL_LOGGER, connection->state, logger->received.fd_count, err);
        return status < 0 ? status : serve_control(logger, connection);
    }
    for (size_t i = 0; i < ARRAY_COUNT(writers) && status < 0; i++)
        status = protocol_permit(&logger->received.message, writers[i], PROTOCOL_LOGGER, connection->state, logger->received.fd_count, err);
    return status < 0 ? status : serve_writer(logger, connection, err);
}

void logger_serve(struct logger *logger, struct logger_connection *connection)
{
    for (int i = 0; i < LOGGER_ROUND_MAX; i++) {
        struct error err = ERROR_INIT;
        int fd = connection->fd, status = protocol_receive(fd, MSG_DONTWAIT, &logger->received, &err);

        if (status == -EAGAIN)
            return;
        if (status == 0) {
            logger_remove(logger, connection);
            return;
        }
        if (status > 0)
            status = serve_message(logger, connection, &err);
        protocol_drop(&logger->received);
        if (status == -EIO)
            logger->is_broken = true;
        if (status < 0) {
            protocol_send_error(fd, 0, &err, NULL);
            logger_remove(logger, connection);
            return;
        }
        if (status == 1) {
            logger_listen_to(logger, connection, false);
            return;
        }
    }
}

static void acknowledge(struct logger *logger, struct logger_connection *connection)
{
    auto_protocol struct protocol_out out = {.type = 0};

    protocol_begin(&out, PROTOCOL_LOG_DURABLE, 0);
    protocol_add_number(&out, TAG_LOG_FIRST, connection->pending);
    if (protocol_send(connection->fd, MSG_DONTWAIT, &out, NULL, 0, NULL) == -EAGAIN)
        return; /* it does not listen: told with the next ones */
    connection->pending = 0;
}

void logger_commit(struct logger *logger)
{
    struct error err = ERROR_INIT;
    int status = log_commit(logger->log, NULL, &err);

    if (status < 0) {
        fprintf(stderr, "cordon-logger: %s\n", err.text);
        logger->is_broken = status != -ENOSPC;
        return;
    }
    for (unsigned i = 0; i < logger->highest; i++)
        if (logger->connections[i].fd >= 0 && logger->connections[i].pending)
            acknowledge(logger, &logger->connections[i]);
}

/* Those that had to wait go on where they were. */
static void go_on(struct logger *logger, struct logger_connection *connection)
{
    struct error err = ERROR_INIT;
    int status = take_records(logger, connection, &err);

    if (status == 1)
        return;
    if (status < 0) {
        protocol_send_error(connection->fd, 0, &err, NULL);
        logger_remove(logger, connection);
        return;
    }
    end_batch(connection);
    logger_listen_to(logger, connection, true);
}

void logger_tick(struct logger *logger)
{
    struct error err = ERROR_INIT;

    if (log_tick(logger->log, &err) < 0)
        fprintf(stderr, "cordon-logger: %s\n", err.text);
    for (unsigned i = 0; i < logger->highest; i++)
        if (logger->connections[i].fd >= 0 && logger->connections[i].is_waiting)
            go_on(logger, &logger->connections[i]);
    logger_commit(logger);
}
