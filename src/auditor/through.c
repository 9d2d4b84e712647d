/* SPDX-License-Identifier: Apache-2.0 */
/* The daemon's log, through a connection that the library asked cordond for: where its logger writes it, and nobody else does. */
#include <errno.h>
#include <poll.h>

#include "audit/log.h"
#include "auditor/command.h"
#include "base/clock.h"
#include "logger/client.h"

#define KEPT_BYTES_MAX ((size_t)16 << 20) /* on their way */
#define WAIT_MS        30000
#define LOOK_MS        50

int through_open(const struct options *options, struct writer_desk *desk, struct error *err)
{
    int status = log_client_new(KEPT_BYTES_MAX, 0, &desk->client, err);

    if (status == 0)
        log_client_connect(desk->client, (int)options->through);
    return status;
}

int through_append(struct writer_desk *desk, const struct stamp_label *label, const char *body, size_t size, struct error *err)
{
    int status = desk->untold + size > KEPT_BYTES_MAX / 2 ? through_settle(desk, err) : 0;

    if (status == 0)
        status = log_client_name(desk->client, label->actor, *label->identity ? label->identity : NULL, err);
    if (status == 0)
        status = log_client_add(desk->client, body, size, NULL, err);
    desk->untold += size;
    return status < 0 ? status : LOG_TAKEN;
}

int through_settle(struct writer_desk *desk, struct error *err)
{
    desk->untold = 0;
    return log_client_wait(desk->client, log_client_number(desk->client), WAIT_MS, err);
}

/* A checkpoint is signed each second, with the time: one of a later second has all that was durable when this one began. */
int through_catch_up(const struct writer_desk *desk, struct reader *reader, struct error *err)
{
    const uint64_t began_s = clock_real_ns() / NS_PER_S, end_ns = clock_monotonic_ns() + (uint64_t)WAIT_MS * NS_PER_MS;
    struct note_key key;
    uint64_t signed_s = 0;
    int status = 0;

    note_signer_key(desk->signer, NOTE_COSIGNATURE, &key);
    while (status >= 0 && (note_verify(reader_note(reader), &key, &signed_s) != NOTE_SIGNED || signed_s <= began_s)) {
        if (clock_monotonic_ns() > end_ns)
            return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "the daemon's log has signed nothing for %d seconds: what it has cannot be told", WAIT_MS / 1000);
        poll(NULL, 0, LOOK_MS);
        status = reader_refresh(reader, err);
    }
    return status < 0 ? status : 0;
}
