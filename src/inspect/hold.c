/* SPDX-License-Identifier: Apache-2.0 */
/* The form of records: a row for each type says who sends it and what it may hold. */
#include "inspect/hold.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct form {
    bool from[2]; /* inspector, holder */
    uint8_t encoding_max;
    uint16_t number_max;
    uint32_t size_min, size_max;
    bool has_count;
};

static const struct form forms[] = {
    [HOLD_REQUEST] = {.from = {true, false}, .size_min = 1, .size_max = HOLD_METHOD_MAX},
    [HOLD_FIELD] = {.from = {true, true},
                    .encoding_max = HOLD_BASIC,
                    .number_max = HOLD_NAME_MAX,
                    .size_min = 1,
                    .size_max = HOLD_PAYLOAD_MAX},
    [HOLD_BODY] = {.from = {true, true}, .encoding_max = HOLD_CHUNKED, .has_count = true},
    [HOLD_BYTES] = {.from = {true, true}, .size_min = 1, .size_max = HOLD_PAYLOAD_MAX},
    [HOLD_SECRET] = {.from = {true, false}, .encoding_max = HOLD_JSON, .number_max = UINT16_MAX},
    [HOLD_END] = {.from = {true, true}, .number_max = HOLD_GOES_ON},
    [HOLD_LENGTHS] = {.from = {false, true},
                      .number_max = UINT16_MAX,
                      .size_min = sizeof(struct hold_lengths),
                      .size_max = sizeof(struct hold_lengths)},
    [HOLD_OPENED] = {.from = {false, true}},
    [HOLD_FAILED] = {.from = {false, true}, .number_max = HOLD_FAILURES, .size_max = 512},
    [HOLD_ANSWER] = {.from = {false, true}, .number_max = 999},
};

/* What differs by the side that sends it. */
static bool is_field(enum hold_side from, const struct hold_record *record)
{
    if (record->type != HOLD_FIELD)
        return true;
    if (from == HOLD_INSPECTOR)
        return record->number == 0 && record->size <= HOLD_NAME_MAX;
    return record->encoding == 0 && record->number > 0 && record->number <= record->size;
}

static bool is_record(enum hold_side from, const struct hold_record *record)
{
    const struct form *form;

    if (record->type == 0 || record->type >= ARRAY_COUNT(forms))
        return false;
    form = &forms[record->type];
    if (!form->from[from] || record->encoding > form->encoding_max || record->number > form->number_max)
        return false;
    if (record->size < form->size_min || record->size > form->size_max || (record->count && !form->has_count))
        return false;
    if (record->type == HOLD_BODY && record->encoding != HOLD_LENGTH && record->count)
        return false;
    if (record->type == HOLD_END && from == HOLD_INSPECTOR && record->number)
        return false;
    return is_field(from, record);
}

int hold_read(enum hold_side from, const void *data, size_t size, struct hold_record *ret_record,
              const char **ret_payload)
{
    struct hold_record record;

    if (size < sizeof(record))
        return 0;
    memcpy(&record, data, sizeof(record));
    if (!is_record(from, &record))
        return -EPROTO;
    if (size - sizeof(record) < record.size)
        return 0;
    *ret_record = record;
    *ret_payload = (const char *)data + sizeof(record);
    return (int)(sizeof(record) + record.size);
}

bool hold_expects_body(const char *method, size_t size)
{
    static const char *const without[] = {"GET", "HEAD", "OPTIONS", "DELETE"};

    for (size_t i = 0; i < ARRAY_COUNT(without); i++)
        if (strlen(without[i]) == size && strncasecmp(without[i], method, size) == 0)
            return false;
    return true;
}

bool hold_is_token(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char byte = text[i];

        if (!((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
              (byte && strchr("!#$%&'*+-.^_`|~", byte))))
            return false;
    }
    return size > 0;
}

bool hold_is_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)text[i];

        if ((byte < ' ' && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

const char *hold_failure_name(enum hold_failure failure)
{
    static const char *const names[] = {
        [HOLD_UNVERIFIED] = "not-verified", [HOLD_NO_TLS] = "no-tls",         [HOLD_NOT_FOR_HOST] = "not-for-host",
        [HOLD_MISPLACED] = "misplaced",     [HOLD_BAD_RECORD] = "bad-record", [HOLD_BAD_ANSWER] = "bad-answer",
        [HOLD_ENCODED] = "encoded",         [HOLD_UPGRADED] = "upgraded",     [HOLD_LOST] = "lost",
        [HOLD_SLOW] = "slow",               [HOLD_EXHAUSTED] = "exhausted",
    };

    return (unsigned)failure < ARRAY_COUNT(names) && names[failure] ? names[failure] : "unknown";
}
