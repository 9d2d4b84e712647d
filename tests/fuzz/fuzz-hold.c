/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what inspector and holder read. The first byte says which.
 * 0: an answer's text, from which a value is taken out in the same way wherever it is cut; the text keeps its length, and
 *    wherever a second reading of each way of writing finds the value, nothing of it is left.
 * 1, 3: records of the inspector, of the holder: nothing behind them is read, a record cut short is waited for. The
 *    inspector's make a request: whatever they are, its fields are lines, and the value is in one field alone.
 * 2: an answer of a server, read alike wherever it is cut.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "inspect/hold.h"
#include "inspect/holder_answer.h"
#include "inspect/holder_ask.h"
#include "inspect/lane.h"
#include "inspect/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "s3c +t/\"v"
#define LENGTH (sizeof(VALUE) - 1)

static const struct net_secret_field field = {NET_SECRET_HEADER, "X-Key"};
static struct net_secret item = {
    .name = "S", .placeholder = "cordon", .value = VALUE, .value_length = LENGTH, .fields = &field, .field_count = 1};
static const struct net_secrets secrets = {.items = &item, .count = 1};

static void hold(int condition)
{
    if (!condition)
        abort();
}

/* ---- records ---- */

/* Each value stands behind "X-Key: ", in one line with it. */
static void check_request(const struct queue *out)
{
    const char *text = (const char *)queue_head(out), *end = text + queue_size(out), *at = text;

    while ((at = memmem(at, (size_t)(end - at), VALUE, LENGTH))) {
        const char *line = at;

        while (line > text && line[-1] != '\n')
            line--;
        hold(end - line > 7 && strncasecmp(line, "X-Key: ", 7) == 0);
        at += LENGTH;
    }
}

static void read_records(enum hold_side from, const uint8_t *data, size_t size)
{
    struct queue out = {0};
    struct hold_record record;
    const char *payload;
    struct ask ask;
    int length, status = 0;

    ask_init(&ask, &secrets, 1, "api.example.com", 443, &out);
    while ((length = hold_read(from, data, size, &record, &payload)) > 0) {
        struct hold_record again;
        const char *same;
        enum hold_failure failure = 0;

        hold((size_t)length <= size && (const uint8_t *)payload + record.size == data + length);
        hold(hold_read(from, data, (size_t)length - 1, &again, &same) == 0);
        if (from == HOLD_INSPECTOR && status == 0) {
            status = ask_take(&ask, &record, payload, &failure, NULL);
            hold(status == 0 || failure != 0);
            /* literal bytes may be the value by chance: what is not its own doing is not the holder's */
            if (record.type == HOLD_BYTES && memmem(payload, record.size, "s3c", 3))
                status = -1;
        }
        data += length;
        size -= (size_t)length;
    }
    if (status == 0)
        check_request(&out);
    ask_finish(&ask);
    queue_finish(&out);
}

/* ---- a text ---- */

static unsigned char *scrub_text(struct scrub *scrub, const uint8_t *data, size_t size, size_t cut)
{
    unsigned char *out = malloc(size + 1);
    size_t parts[2] = {cut, size - cut}, at = 0, length = 0;

    hold(out != NULL);
    for (int i = 0; i < 3; i++) {
        if (i < 2)
            hold(scrub_push(scrub, data + at, parts[i]) == 0);
        else
            scrub_end(scrub);
        at += i < 2 ? parts[i] : 0;
        hold(length + scrub_ready(scrub) <= at);
        memcpy(out + length, scrub_head(scrub), scrub_ready(scrub));
        length += scrub_ready(scrub);
        scrub_take(scrub, scrub_ready(scrub));
    }
    hold(length == size);
    return out;
}

/* The whole text in one way of writing, then a plain comparison at each place. */
static void check_lane(enum lane_kind kind, const uint8_t *data, size_t size, const unsigned char *out)
{
    struct made {
        unsigned char byte;
        size_t from, to;
    } *made = malloc((size + 1) * sizeof(*made) * 2);
    size_t count = 0, to;

    hold(made != NULL);
    for (size_t from = 0; from < size; from = to) {
        unsigned char bytes[4] = {data[from]};
        int got = 0;

        to = from + 1;
        if (kind == LANE_WIDE && !data[from])
            continue; /* it is nothing */
        for (size_t length = 1; length <= size - from && length <= LANE_UNIT_MAX && got == 0; length++) {
            got = lane_read(kind, data + from, length, bytes);
            to = from + length;
        }
        if (got <= 0) {
            bytes[0] = data[from];
            to = from + 1;
            got = 1;
        }
        for (int i = 0; i < got; i++)
            made[count++] = (struct made){bytes[i], from, to};
    }
    for (size_t i = 0; i + LENGTH <= count; i++) {
        bool is_value = true;

        for (size_t j = 0; j < LENGTH; j++)
            is_value = is_value && made[i + j].byte == (unsigned char)VALUE[j];
        for (size_t at = made[i].from; is_value && at < made[i + LENGTH - 1].to; at++)
            hold(out[at] == '*');
    }
    free(made);
}

static void scrub_all(const uint8_t *data, size_t size)
{
    static struct values values;
    static struct scrub *scrub;
    unsigned char *whole;

    if (!scrub)
        hold(values_init(&values, &secrets, NULL) == 0 && scrub_new(&values, &scrub, NULL) == 0);
    whole = scrub_text(scrub, data, size, size);
    for (unsigned kind = 0; kind < LANES; kind++)
        check_lane(kind, data, size, whole);
    for (size_t cut = 0; cut < size && cut < 48; cut++) {
        unsigned char *parts = scrub_text(scrub, data, size, cut);

        hold(memcmp(parts, whole, size) == 0);
        free(parts);
    }
    free(whole);
}

/* ---- an answer ---- */

/* Everything that it was read as, in one number; 0 = refused. */
static uint64_t read_answer(const uint8_t *data, size_t size, size_t cut)
{
    struct answer answer = {0};
    uint64_t sum = 1469598103934665603u;
    size_t at = 0, limit = cut;
    bool is_over = false;

    answer_begin(&answer, false);
    while (!is_over) {
        enum hold_failure failure = 0;
        const unsigned char *body = NULL;
        size_t used = 0, got = 0;
        int event = answer_read(&answer, data + at, limit - at, &used, &body, &got, &failure, NULL);

        hold(used <= limit - at && (event >= 0 || failure != 0));
        at += used;
        for (size_t i = 0; i < got; i++)
            sum = (sum ^ body[i]) * 1099511628211u;
        if (event == ANSWER_HEAD || event == ANSWER_END)
            sum = (sum ^ (answer.status * 8u + (unsigned)event)) * 1099511628211u;
        if (event == ANSWER_MORE && limit < size)
            limit = size;
        else if (event == ANSWER_MORE || event == ANSWER_END)
            is_over = true;
        if (event < 0) {
            sum = 0;
            is_over = true;
        }
    }
    answer_finish(&answer);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *copy;

    if (size == 0)
        return 0;
    copy = malloc(size);
    hold(copy != NULL);
    memcpy(copy, data + 1, size - 1);
    size--;
    if (data[0] & 1)
        read_records(data[0] & 2 ? HOLD_HOLDER : HOLD_INSPECTOR, copy, size);
    else if (data[0] & 2)
        for (size_t cut = 0; cut < size && cut < 64; cut++)
            hold(read_answer(copy, size, cut) == read_answer(copy, size, size));
    else
        scrub_all(copy, size);
    free(copy);
    return 0;
}
