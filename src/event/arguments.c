/* SPDX-License-Identifier: Apache-2.0 */
/* Texts of a program's choice in a record: bounded, and its arguments without the obvious secrets. */
#include <string.h>

#include "base/redact.h"
#include "event/log.h"

bool record_cut(struct json *json, const char *member, const char *text, size_t bytes_max)
{
    size_t length;

    if (!text) {
        json_add_null(json, member);
        return false;
    }
    length = strnlen(text, bytes_max);
    json_add_string_n(json, member, text, length);
    return text[length] != '\0';
}

bool record_arguments(struct record *record, const char *member, const char *const *argv, const struct argument_bounds *bounds)
{
    bool is_cut = false, is_value = false;
    size_t left = bounds->bytes_in_all, count = 0;

    json_begin_array(&record->json, member);
    for (; argv[count] && count < bounds->count && left; count++) {
        auto_text struct text shown = {0};
        size_t length;

        redact_argument(&shown, argv[count], is_value);
        is_value = redact_next(argv[count]);
        if (shown.is_broken)
            record->text.is_broken = true;
        length = shown.length < bounds->bytes ? shown.length : bounds->bytes;
        length = length < left ? length : left;
        left -= length;
        is_cut |= length < shown.length;
        json_add_string_n(&record->json, NULL, shown.data ? shown.data : "", length);
    }
    json_end(&record->json);
    return is_cut || argv[count];
}
