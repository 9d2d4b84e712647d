/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units: every accepted form, and for each one what is nearly it. */
#include "base/number.h"

#include <errno.h>

#include "test.h"

TEST(a_whole_number_within_its_range_is_read)
{
    uint64_t value = 7;

    check_int(number_parse("0", 0, 10, &value, NULL), 0);
    check_int(value, 0);
    check_int(number_parse("65535", 1, 65535, &value, NULL), 0);
    check_int(value, 65535);
    check_int(number_parse("18446744073709551615", 0, UINT64_MAX, &value, NULL), 0);
    check(value == UINT64_MAX);
}

TEST(a_number_out_of_its_range_is_refused_with_the_range)
{
    struct error err = ERROR_INIT;
    uint64_t value = 7;

    check_int(number_parse("70000", 1, 65535, &value, &err), -ERANGE);
    check_string(err.text, "70000 is not in 1..65535");
    check_int(number_parse("0", 1, 65535, &value, &err), -ERANGE);
    check_int(value, 7);
}

TEST(what_is_not_a_whole_number_is_refused_and_the_output_untouched)
{
    static const char *const wrong[] = {
        "", " 1", "1 ", "+1", "-1", "1.0", "0x1", "1e3", "abc", "1\n", "18446744073709551616"};
    struct error err = ERROR_INIT;
    uint64_t value = 7;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        check_int(number_parse(wrong[i], 0, UINT64_MAX, &value, &err), -EINVAL);
        check_int(err.kind, ERROR_INVALID);
        check_int(value, 7);
    }
}

TEST(sizes_carry_binary_or_decimal_units)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } rows[] = {
        {"0B", 0},
        {"4096B", 4096},
        {"64KiB", 65536},
        {"512MiB", 536870912},
        {"1GiB", 1073741824},
        {"2TiB", 2199023255552},
        {"1kB", 1000},
        {"10MB", 10000000},
        {"1GB", 1000000000},
        {"1TB", 1000000000000},
        {"16777215TiB", 16777215ull << 40},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t bytes = 7;

        check_int(number_parse_size(rows[i].text, &bytes, NULL), 0);
        check(bytes == rows[i].bytes);
    }
}

TEST(a_size_that_is_nearly_one_is_refused)
{
    static const char *const wrong[] = {"",        "512",    "MiB",   "512 MiB", "512mib", "512M",
                                        "512MiBs", "1.5GiB", "-1MiB", "1KB",     "1PiB",   " 1B"};
    struct error err = ERROR_INIT;
    uint64_t bytes = 7;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        check_int(number_parse_size(wrong[i], &bytes, &err), -EINVAL);
        check_contains(err.text, "512MiB");
    }
    check_int(number_parse_size("16777216TiB", &bytes, &err), -ERANGE);
    check_contains(err.text, "too large");
    check_int(bytes, 7);
}

TEST(durations_carry_a_unit)
{
    static const struct {
        const char *text;
        uint64_t ms;
    } rows[] = {{"0s", 0},      {"300ms", 300},  {"30s", 30000},
                {"5m", 300000}, {"2h", 7200000}, {"8784h", 31622400000}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t ms = 7;

        check_int(number_parse_duration(rows[i].text, &ms, NULL), 0);
        check(ms == rows[i].ms);
    }
}

TEST(a_duration_that_is_nearly_one_is_refused)
{
    static const char *const wrong[] = {"", "30", "s", "30 s", "1d", "1.5s", "-1s", "30S", "1h30m"};
    struct error err = ERROR_INIT;
    uint64_t ms = 7;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        check_int(number_parse_duration(wrong[i], &ms, &err), -EINVAL);
        check_contains(err.text, "30s");
    }
    check_int(number_parse_duration("8785h", &ms, &err), -ERANGE);
    check_contains(err.text, "366 days");
    check_int(number_parse_duration("18446744073709551615h", &ms, &err), -ERANGE);
    check_int(ms, 7);
}

TEST(a_share_of_processors_has_at_most_three_decimals)
{
    static const struct {
        const char *text;
        uint64_t thousandths;
    } rows[] = {{"2", 2000},  {"1.5", 1500},   {"0.25", 250},
                {"0.001", 1}, {"1.000", 1000}, {"1000000.999", 1000000999}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint64_t value = 7;

        check_int(number_parse_milli(rows[i].text, &value, NULL), 0);
        check(value == rows[i].thousandths);
    }
}

TEST(a_share_that_is_nothing_or_too_fine_is_refused)
{
    static const char *const wrong[] = {"",   "0",  "0.0", "0.0001", "1.2345",  "1.",
                                        ".5", "-1", "1,5", "1.5 ",   "1000001", "1.5.5"};
    struct error err = ERROR_INIT;
    uint64_t value = 7;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (number_parse_milli(wrong[i], &value, &err) != -EINVAL)
            test_fail(__FILE__, __LINE__, "'%s' was read as %llu", wrong[i],
                      (unsigned long long)value);
    check_int(value, 7);
}

TEST(what_is_printed_is_exact_and_can_be_read_again)
{
    static const struct {
        uint64_t value;
        const char *size, *duration;
    } rows[] = {
        {0, "0B", "0ms"},
        {1, "1B", "1ms"},
        {1000, "1000B", "1s"},
        {1024, "1KiB", "1024ms"},
        {1536, "1536B", "1536ms"},
        {60000, "60000B", "1m"},
        {90000, "90000B", "90s"},
        {7200000, "7200000B", "2h"},
        {536870912, "512MiB", "536870912ms"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        auto_text struct text size = {0}, duration = {0};
        uint64_t value = 7;

        number_print_size(&size, rows[i].value);
        check_string(size.data, rows[i].size);
        check_int(number_parse_size(size.data, &value, NULL), 0);
        check(value == rows[i].value);
        number_print_duration(&duration, rows[i].value);
        check_string(duration.data, rows[i].duration);
        check_int(number_parse_duration(duration.data, &value, NULL), 0);
        check(value == rows[i].value);
    }
}
