/* SPDX-License-Identifier: Apache-2.0 */
/* Records of one side, whole, cut short and with one thing wrong each. */
#include "inspect/hold.h"

#include <errno.h>
#include <stdlib.h>

#include "net/secrets.h"
#include "test.h"

struct row {
    enum hold_side from;
    struct hold_record record;
};

static const struct row good[] = {
    {HOLD_INSPECTOR, {.type = HOLD_REQUEST, .size = 3}},
    {HOLD_INSPECTOR, {.type = HOLD_FIELD, .size = 13, .encoding = HOLD_BASIC}},
    {HOLD_INSPECTOR, {.type = HOLD_SECRET, .number = 63, .encoding = HOLD_JSON}},
    {HOLD_INSPECTOR, {.type = HOLD_BODY, .encoding = HOLD_LENGTH, .count = 1ull << 40}},
    {HOLD_INSPECTOR, {.type = HOLD_BYTES, .size = HOLD_PAYLOAD_MAX}},
    {HOLD_INSPECTOR, {.type = HOLD_END}},
    {HOLD_HOLDER, {.type = HOLD_LENGTHS, .number = 1, .size = sizeof(struct hold_lengths)}},
    {HOLD_HOLDER, {.type = HOLD_OPENED}},
    {HOLD_HOLDER, {.type = HOLD_ANSWER, .number = 200}},
    {HOLD_HOLDER, {.type = HOLD_FIELD, .number = 4, .size = 4}},
    {HOLD_HOLDER, {.type = HOLD_BODY, .encoding = HOLD_CHUNKED}},
    {HOLD_HOLDER, {.type = HOLD_BYTES, .size = 1}},
    {HOLD_HOLDER, {.type = HOLD_END, .number = HOLD_GOES_ON}},
    {HOLD_HOLDER, {.type = HOLD_FAILED, .number = HOLD_FAILURES, .size = 512}},
};

static const struct row bad[] = {
    {HOLD_INSPECTOR, {.type = 0}},
    {HOLD_INSPECTOR, {.type = 11}},
    {HOLD_INSPECTOR, {.type = 255}},
    {HOLD_INSPECTOR, {.type = HOLD_REQUEST, .size = 0}},
    {HOLD_INSPECTOR, {.type = HOLD_REQUEST, .size = HOLD_METHOD_MAX + 1}},
    {HOLD_INSPECTOR, {.type = HOLD_FIELD, .size = HOLD_NAME_MAX + 1}},
    {HOLD_INSPECTOR, {.type = HOLD_FIELD, .size = 4, .number = 4}},
    {HOLD_INSPECTOR, {.type = HOLD_FIELD, .size = 4, .encoding = 2}},
    {HOLD_INSPECTOR, {.type = HOLD_SECRET, .encoding = HOLD_ENCODINGS}},
    {HOLD_INSPECTOR, {.type = HOLD_SECRET, .size = 1}},
    {HOLD_INSPECTOR, {.type = HOLD_SECRET, .count = 1}},
    {HOLD_INSPECTOR, {.type = HOLD_BODY, .encoding = HOLD_CHUNKED + 1}},
    {HOLD_INSPECTOR, {.type = HOLD_BODY, .encoding = HOLD_NO_BODY, .count = 1}},
    {HOLD_INSPECTOR, {.type = HOLD_BYTES, .size = 0}},
    {HOLD_INSPECTOR, {.type = HOLD_BYTES, .size = HOLD_PAYLOAD_MAX + 1}},
    {HOLD_INSPECTOR, {.type = HOLD_BYTES, .size = UINT32_MAX}},
    {HOLD_INSPECTOR, {.type = HOLD_END, .number = HOLD_GOES_ON}},
    {HOLD_INSPECTOR, {.type = HOLD_OPENED}},
    {HOLD_INSPECTOR, {.type = HOLD_ANSWER, .number = 200}},
    {HOLD_HOLDER, {.type = HOLD_SECRET}},
    {HOLD_HOLDER, {.type = HOLD_REQUEST, .size = 3}},
    {HOLD_HOLDER, {.type = HOLD_ANSWER, .number = 1000}},
    {HOLD_HOLDER, {.type = HOLD_FIELD, .number = 5, .size = 4}},
    {HOLD_HOLDER, {.type = HOLD_FIELD, .number = 0, .size = 4}},
    {HOLD_HOLDER, {.type = HOLD_LENGTHS, .size = sizeof(struct hold_lengths) - 1}},
    {HOLD_HOLDER, {.type = HOLD_FAILED, .number = HOLD_FAILURES + 1}},
    {HOLD_HOLDER, {.type = HOLD_OPENED, .size = 1}},
};

/* In a block of exactly that size, for valgrind and the address sanitizer. */
static int read_exactly(enum hold_side from, const unsigned char *bytes, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    struct hold_record record;
    const char *payload;
    int status;

    check(copy != NULL);
    memcpy(copy, bytes, size);
    status = hold_read(from, copy, size, &record, &payload);
    if (status > 0) {
        check(status <= (int)size);
        check(payload == (const char *)copy + sizeof(record));
        check_int(record.size, status - (int)sizeof(record));
    }
    free(copy);
    return status;
}

static size_t write_row(const struct row *row, unsigned char *to)
{
    memcpy(to, &row->record, sizeof(row->record));
    memset(to + sizeof(row->record), 'x', row->record.size);
    return sizeof(row->record) + row->record.size;
}

TEST(each_record_is_read_whole_and_waited_for_when_it_is_cut_at_any_byte)
{
    static unsigned char bytes[HOLD_RECORD_MAX + 1];

    for (size_t i = 0; i < ARRAY_COUNT(good); i++) {
        size_t size = write_row(&good[i], bytes);

        check_int(read_exactly(good[i].from, bytes, size), size);
        check_int(read_exactly(good[i].from, bytes, size + 1), size);
        for (size_t cut = 0; cut < size; cut += size > 1024 ? 97 : 1)
            check_int(read_exactly(good[i].from, bytes, cut), 0);
    }
}

TEST(a_record_with_one_thing_wrong_is_refused_before_its_payload_is_there)
{
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        check_int(read_exactly(bad[i].from, (const unsigned char *)&bad[i].record, sizeof(bad[i].record)), -EPROTO);
}

TEST(fields_that_the_holder_writes_are_reserved_in_every_case_and_others_are_not)
{
    check(net_secret_is_reserved("Host", 4));
    check(net_secret_is_reserved("CONTENT-LENGTH", 14));
    check(net_secret_is_reserved("range", 5));
    check(net_secret_is_reserved("Accept-Charset", 14));
    check(!net_secret_is_reserved("accept", 6));
    check(!net_secret_is_reserved("authorization", 13));
    check(!net_secret_is_reserved("hos", 3));
    check(!net_secret_is_reserved("hosts", 5));
    check(hold_is_token("X-Key_1", 7));
    check(!hold_is_token("", 0));
    check(!hold_is_token("a b", 3));
    check(!hold_is_token("a\0b", 3));
    check(hold_is_value("a\tb \xc3\xa9", 6));
    check(!hold_is_value("a\r", 2));
    check(!hold_is_value("a\0", 2));
    check(!hold_is_value("\x7f", 1));
}
