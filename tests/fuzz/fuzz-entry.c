/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bundles of entries and the stamps in front of records. Entries lie in the bytes one behind the other; a stamp that is read is
 * written as it was; a body that passes is one line of UTF-8.
 */
#include <stdlib.h>
#include <string.h>

#include "audit/stamp.h"
#include "audit/tile.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int condition)
{
    if (!condition)
        abort();
}

static void take_entry(const unsigned char *entry, size_t size)
{
    char text[STAMP_SIZE_MAX];
    struct stamp stamp;
    const char *body;
    size_t body_size;
    struct error err;

    if (!stamp_read(entry, size, &stamp, &body, &body_size))
        return;
    hold(body + body_size == (const char *)entry + size);
    hold(stamp_print(&stamp, text) == size - body_size - 1 && memcmp(text, entry, size - body_size - 1) == 0);
    if (stamp_body_check(body, body_size, &err) == 0) {
        hold(body[0] == '{' && body[body_size - 1] == '}' && utf8_is_valid(body, body_size));
        for (size_t i = 0; i < body_size; i++)
            hold((unsigned char)body[i] >= ' ');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned char *bytes = malloc(size + 1);
    const unsigned char *entry, *end;
    size_t at = 0, length;

    hold(bytes != NULL);
    if (size)
        memcpy(bytes, data, size);
    for (end = bytes; bundle_next(bytes, size, &at, &entry, &length); end = entry + length) {
        hold(entry == end + 2 && length <= ENTRY_SIZE_MAX && at <= size);
        take_entry(entry, length);
    }
    take_entry(bytes, size);
    free(bytes);
    return 0;
}
