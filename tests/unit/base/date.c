/* SPDX-License-Identifier: Apache-2.0 */
/* Times with their offset: each form that means one, and what is nearly it. */
#include "base/date.h"

#include <errno.h>

#include "test.h"

TEST(a_time_with_its_offset_is_read)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {
        {"1970-01-01T00:00:01Z", 1000},
        {"2026-12-24T17:30:00Z", 1798133400000},
        {"2026-12-24T18:30:00+01:00", 1798133400000},
        {"2026-12-24T12:00:00-05:30", 1798133400000},
        {"2026-12-24T17:30:00.5Z", 1798133400500},
        {"2026-12-24T17:30:00.123456789Z", 1798133400123},
        {"2024-02-29T00:00:00Z", 1709164800000},
        {"9999-12-31T23:59:59Z", 253402300799000},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        uint64_t ms = 7;

        if (date_parse(rows[i].text, &ms, &err) < 0 || ms != rows[i].ms)
            test_fail(__FILE__, __LINE__, "%s: %llu %s", rows[i].text, (unsigned long long)ms, err.text);
    }
}

TEST(what_is_no_such_time_is_refused_and_the_output_untouched)
{
    static const char *const wrong[] = {
        "", "tomorrow", "2026-12-24", "2026-12-24T18:30", "2026-12-24T18:30:00", "2026-12-24 18:30:00Z", "2026-12-24t18:30:00z", "2026-12-24T18:30:00 Z",
        "2026-12-24T18:30:00Z ", " 2026-12-24T18:30:00Z", "2026-12-24T18:30:00.Z", "2026-12-24T18:30:00.1234567890Z", "2026-12-24T18:30:00+0100",
        "2026-12-24T18:30:00+24:00", "2026-12-24T18:30:00+01:60", "+026-12-24T18:30:00Z", "26-12-24T18:30:00Z", "2026-12-24T18:30:00+01:00Z", "2026-1-24T18:30:00Z",
    };
    static const char *const none[] = {"2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-00-01T00:00:00Z", "2026-01-00T00:00:00Z", "2026-01-01T24:00:00Z",
                                       "2026-01-01T00:60:00Z", "2026-01-01T00:00:60Z", "1969-12-31T23:59:59Z", "1970-01-01T00:00:00Z", "1970-01-01T00:30:00+01:00"};
    struct error err = ERROR_INIT;
    uint64_t ms = 7;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (date_parse(wrong[i], &ms, &err) != -EINVAL || ms != 7)
            test_fail(__FILE__, __LINE__, "'%s' is read", wrong[i]);
    check_contains(err.text, "write it as \"2026-12-24T18:30:00+01:00\"");
    for (size_t i = 0; i < ARRAY_COUNT(none); i++)
        if (date_parse(none[i], &ms, &err) != -ERANGE || ms != 7)
            test_fail(__FILE__, __LINE__, "'%s' is read", none[i]);
}

TEST(a_time_is_shown_in_utc_and_read_again_as_it_was)
{
    char text[DATE_TEXT_SIZE];
    uint64_t ms = 0;

    date_print(1798133400000, text);
    check_string(text, "2026-12-24T17:30:00Z");
    date_print(1798133400042, text);
    check_string(text, "2026-12-24T17:30:00.042Z");
    check_int(date_parse(text, &ms, NULL), 0);
    check(ms == 1798133400042);
    date_print(UINT64_MAX, text);
    check(strlen(text) < DATE_TEXT_SIZE);
}
