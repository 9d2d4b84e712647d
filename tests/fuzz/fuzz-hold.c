/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: what inspector and holder read. The first byte says which: records of a side, where nothing behind the
 * bytes is read and a record cut short is waited for; or an answer's text, from which a value is taken out in the same way
 * wherever it is cut, and which keeps its length.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/hold.h"
#include "inspect/scrub.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define VALUE "s3cr+t/\"v"

static struct net_secret item = {.name = "S", .placeholder = "cordon", .value = VALUE, .value_length = sizeof(VALUE) - 1};
static const struct net_secrets secrets = {.items = &item, .count = 1};

static void hold(int condition)
{
    if (!condition)
        abort();
}

static void read_records(enum hold_side from, const uint8_t *data, size_t size)
{
    struct hold_record record;
    const char *payload;
    int length;

    while ((length = hold_read(from, data, size, &record, &payload)) > 0) {
        struct hold_record again;
        const char *same;

        hold((size_t)length <= size && (const uint8_t *)payload + record.size == data + length);
        hold(hold_read(from, data, (size_t)length - 1, &again, &same) == 0);
        data += length;
        size -= (size_t)length;
    }
}

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct values values;
    static struct scrub *scrub;
    unsigned char *whole;

    if (size == 0)
        return 0;
    if (data[0] & 1) {
        uint8_t *copy = malloc(size);

        hold(copy != NULL);
        memcpy(copy, data, size);
        read_records(data[0] & 2 ? HOLD_HOLDER : HOLD_INSPECTOR, copy + 1, size - 1);
        free(copy);
        return 0;
    }
    if (!scrub)
        hold(values_init(&values, &secrets, NULL) == 0 && scrub_new(&values, &scrub, NULL) == 0);
    data++;
    size--;
    whole = scrub_text(scrub, data, size, size);
    hold(memmem(whole, size, VALUE, sizeof(VALUE) - 1) == NULL);
    for (size_t cut = 0; cut < size && cut < 48; cut++) {
        unsigned char *parts = scrub_text(scrub, data, size, cut);

        hold(memcmp(parts, whole, size) == 0);
        free(parts);
    }
    free(whole);
    return 0;
}
