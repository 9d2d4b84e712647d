/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A writer's end of its connection to the logger: records are kept until they are durable, and sent again over a new connection where the
 * logger was restarted. What finds no room is counted, and the count is told: nothing is lost unsaid. Not for several threads.
 */
#ifndef CORDON_LOGGER_CLIENT_H
#define CORDON_LOGGER_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct log_client;
struct spool;

/*
 * `bytes_max`: of records that are not durable yet. Numbers go on behind `number` (0 = a writer that has written nothing). No connection
 * is there until log_client_connect().
 */
int log_client_new(size_t bytes_max, uint64_t number, struct log_client **ret_client, struct error *err) must_check;
void log_client_free(struct log_client *client);
void log_client_free_at(struct log_client **client);
#define auto_log_client cleanup_with(log_client_free_at)

/*
 * From now on each record is in this file as well, which it takes, from before it is heard of until it is durable (spool.h). What does not fit there is
 * kept in memory alone: 0, or what went wrong, once.
 */
int log_client_keep(struct log_client *client, struct spool *spool, struct error *err) must_check;
/* Nothing is left in it and nothing comes any more: the file is removed. */
void log_client_keep_no_more(struct log_client *client);

/* From now on over this socket, which it takes: what is not durable is sent again. */
void log_client_connect(struct log_client *client, int fd);
/* To poll for POLLIN, and for POLLOUT where log_client_flush() has said -EAGAIN; -1 = there is no connection. */
int log_client_fd(const struct log_client *client);

/*
 * Who acts in the records that are added from here on: "agent" with its SPIFFE ID, or "human" (identity NULL). Only where cordond lets this writer
 * name them, and only agents of the writer's own user; without a word it is as the writer's label says.
 */
int log_client_name(struct log_client *client, const char *actor, const char *identity, struct error *err) must_check;

/*
 * Keep one record: *ret_number (may be NULL) is its own. Not sent before log_client_flush(). -ENOBUFS (ERROR_LIMIT): there is no room; it is
 * counted as lost.
 */
int log_client_add(struct log_client *client, const char *body, size_t size, uint64_t *ret_number, struct error *err) must_check;

/* So many that nobody has any more: told with the next flush, and again over another connection as long as no record that came after it is durable. */
void log_client_lose(struct log_client *client, uint64_t count);

/* Send what was not sent. 0; -EAGAIN: the rest later; -ENOTCONN, -EPIPE: the connection is gone, what is kept stays. */
int log_client_flush(struct log_client *client, struct error *err) must_check;

/* Take what the logger says; does not wait. 0, or -EPIPE: it is gone; its last words are in `err`. */
int log_client_receive(struct log_client *client, struct error *err) must_check;

/* Flush, and wait until this number is durable: audit `required`. 0, -ETIMEDOUT, or as above. */
int log_client_wait(struct log_client *client, uint64_t number, int timeout_ms, struct error *err) must_check;

uint64_t log_client_durable(const struct log_client *client); /* the last number that is */
uint64_t log_client_number(const struct log_client *client);  /* ... that was given */
uint64_t log_client_lost(const struct log_client *client);
/* All records are durable, and the log was told of all that is lost. */
bool log_client_is_done(const struct log_client *client);

#endif
