/* SPDX-License-Identifier: Apache-2.0 */
/* What the inspector hears of a flow: that it is open, what its server answers without any value in it, why it failed. */
#include <errno.h>
#include <string.h>

#include "inspect/holder_flow_inside.h"
#include "inspect/spelling.h"

/* ---- records to the inspector ---- */

/* Whole or not at all. */
static int tell(struct holder_flow *flow, const struct hold_record *head, const void *payload)
{
    unsigned char *room = queue_room(&flow->down, sizeof(*head) + head->size);

    if (!room)
        return -ENOMEM;
    memcpy(room, head, sizeof(*head));
    if (head->size)
        memcpy(room + sizeof(*head), payload, head->size);
    queue_grow(&flow->down, sizeof(*head) + head->size);
    return 0;
}

void holder_flow_fail(struct holder_flow *flow, enum hold_failure failure, const struct error *err)
{
    struct hold_record record = {
        .type = HOLD_FAILED, .number = (uint16_t)failure, .size = (uint32_t)strnlen(err->text, sizeof(err->text))};

    if (flow->is_ending)
        return;
    flow->is_ending = true;
    holder_flow_close_server(flow);
    queue_finish(&flow->up);
    if (tell(flow, &record, err->text) < 0)
        queue_finish(&flow->down);
}

void holder_flow_fail_memory(struct holder_flow *flow)
{
    struct error err = ERROR_INIT;

    (void)error_memory(&err);
    holder_flow_fail(flow, HOLD_EXHAUSTED, &err);
}

int holder_flow_tell_opened(struct holder_flow *flow)
{
    static const struct hold_record opened = {.type = HOLD_OPENED};
    const struct net_secrets *secrets = flow->holder->secrets;
    int status = 0;

    for (unsigned i = 0; i < secrets->count && status == 0; i++) {
        struct hold_record record = {.type = HOLD_LENGTHS, .number = (uint16_t)i, .size = sizeof(struct hold_lengths)};
        struct hold_lengths lengths;

        if (!(flow->usable >> i & 1))
            continue;
        for (unsigned j = 0; j < HOLD_ENCODINGS; j++)
            lengths.of[j] = (uint32_t)spelling_write(j, secrets->items[i].value, secrets->items[i].value_length, NULL);
        status = tell(flow, &record, &lengths);
    }
    return status == 0 ? tell(flow, &opened, NULL) : status;
}

/* What the scrubber lets go, as BYTES. */
static int tell_scrubbed(struct holder_flow *flow)
{
    size_t ready;

    while ((ready = scrub_ready(flow->scrub)) > 0) {
        struct hold_record record = {.type = HOLD_BYTES};

        record.size = (uint32_t)(ready < HOLD_PAYLOAD_MAX ? ready : HOLD_PAYLOAD_MAX);
        if (tell(flow, &record, scrub_head(flow->scrub)) < 0)
            return -ENOMEM;
        scrub_take(flow->scrub, record.size);
    }
    return 0;
}

/* A name with a value of a secret in it is no name that anybody needs. 1 = may be told. */
static int scrub_name(struct holder_flow *flow, const struct answer_field *field)
{
    int status;

    scrub_reset(flow->scrub);
    status = scrub_push(flow->scrub, field->name, field->name_size);
    if (status < 0)
        return status;
    scrub_end(flow->scrub);
    return scrub_found(flow->scrub) == 0;
}

static int tell_field(struct holder_flow *flow, const struct answer_field *field)
{
    struct hold_record record = {.type = HOLD_FIELD, .number = (uint16_t)field->name_size};
    char payload[HOLD_PAYLOAD_MAX] not_initialised;
    int status = scrub_name(flow, field);

    if (status <= 0)
        return status;
    if (field->name_size + field->value_size > HOLD_PAYLOAD_MAX)
        return -E2BIG;
    scrub_reset(flow->scrub);
    status = scrub_push(flow->scrub, field->value, field->value_size);
    if (status < 0)
        return status;
    scrub_end(flow->scrub);
    record.size = (uint32_t)(field->name_size + field->value_size);
    memcpy(payload, field->name, field->name_size);
    if (field->value_size)
        memcpy(payload + field->name_size, scrub_head(flow->scrub), field->value_size);
    scrub_reset(flow->scrub);
    return tell(flow, &record, payload);
}

static int tell_head(struct holder_flow *flow)
{
    struct hold_record status_record = {.type = HOLD_ANSWER, .number = (uint16_t)flow->answer.status};
    struct hold_record body = {.type = HOLD_BODY, .encoding = (uint8_t)flow->answer.body};
    struct answer_field field;
    size_t at = 0;
    int status = tell(flow, &status_record, NULL);

    while (status == 0 && answer_next_field(&flow->answer, &at, &field))
        status = tell_field(flow, &field);
    if (flow->answer.body == HOLD_LENGTH)
        body.count = flow->answer.length;
    return status == 0 ? tell(flow, &body, NULL) : status;
}

/* ---- the answer ---- */

/* The request may not be whole yet: then nothing more of this connection can be used. */
static int end_answer(struct holder_flow *flow)
{
    bool goes_on = answer_goes_on(&flow->answer) && flow->ask.state == ASK_WHOLE && !flow->has_met_end;
    struct hold_record record = {.type = HOLD_END, .number = goes_on ? HOLD_GOES_ON : 0};
    int status;

    scrub_end(flow->scrub);
    status = tell_scrubbed(flow);
    if (status == 0)
        status = tell(flow, &record, NULL);
    flow->has_head = false;
    ask_next(&flow->ask);
    answer_begin(&flow->answer, false);
    flow->is_ending = !goes_on;
    return status;
}

static int take_event(struct holder_flow *flow, int event, const unsigned char *data, size_t size)
{
    int status = 0;

    switch (event) {
    case ANSWER_HEAD:
        flow->has_head = true;
        status = tell_head(flow);
        scrub_reset(flow->scrub);
        return status;
    case ANSWER_DATA:
        status = scrub_push(flow->scrub, data, size);
        return status == 0 ? tell_scrubbed(flow) : status;
    case ANSWER_END:
        return end_answer(flow);
    default:
        return 0;
    }
}

static void fail_by(struct holder_flow *flow, int status)
{
    struct error err = ERROR_INIT;

    if (status != -E2BIG) {
        holder_flow_fail_memory(flow);
        return;
    }
    error_set(&err, ERROR_SYSTEM, E2BIG, "the server's answer: a field of it is too long");
    holder_flow_fail(flow, HOLD_BAD_ANSWER, &err);
}

enum moved holder_flow_read_answer(struct holder_flow *flow)
{
    enum moved moved = MOVED_NONE;

    while (!flow->is_ending && queue_size(&flow->down) < WAITING_MAX) {
        struct error err = ERROR_INIT;
        enum hold_failure failure = HOLD_EXHAUSTED;
        const unsigned char *data = NULL;
        size_t used = 0, size = 0;
        int event;

        if (flow->ask.state == ASK_IDLE && queue_size(&flow->bytes)) {
            error_set(&err, ERROR_SYSTEM, EPROTO, "the server's answer: nothing was asked");
            holder_flow_fail(flow, HOLD_BAD_ANSWER, &err);
            return MOVED_SOME;
        }
        if (!queue_size(&flow->bytes) && !flow->has_head)
            return moved;
        event = answer_read(&flow->answer, queue_head(&flow->bytes), queue_size(&flow->bytes), &used, &data, &size, &failure, &err);
        if (event < 0) {
            holder_flow_fail(flow, failure, &err);
            return MOVED_SOME;
        }
        if (event == ANSWER_MORE && used == 0)
            return moved;
        event = take_event(flow, event, data, size);
        queue_take(&flow->bytes, used);
        if (event < 0)
            fail_by(flow, event);
        moved = MOVED_SOME;
    }
    return moved;
}

void holder_flow_meet_end(struct holder_flow *flow, bool is_clean)
{
    struct error err = ERROR_INIT;
    enum hold_failure failure = HOLD_LOST;
    int event;

    flow->has_met_end = true;
    if (flow->ask.state == ASK_IDLE && answer_is_fresh(&flow->answer)) {
        flow->is_ending = true;
        return;
    }
    if (!is_clean) {
        error_set(&err, ERROR_SYSTEM, EPIPE, "the server's connection ended without an end of TLS: its answer may be cut");
        holder_flow_fail(flow, HOLD_LOST, &err);
        return;
    }
    event = answer_close(&flow->answer, &failure, &err);
    if (event < 0)
        holder_flow_fail(flow, failure, &err);
    else if (take_event(flow, event, NULL, 0) < 0)
        holder_flow_fail_memory(flow);
}
