/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. All arithmetic is checked. */
#include "base/number.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {
    {"TiB", 1ull << 40}, {"GiB", 1ull << 30},      {"MiB", 1ull << 20},
    {"KiB", 1ull << 10}, {"TB", 1000000000000ull}, {"GB", 1000000000ull},
    {"MB", 1000000ull},  {"kB", 1000ull},          {"B", 1},
};

static const struct unit duration_units[] = {
    {"h", 3600000},
    {"m", 60000},
    {"s", 1000},
    {"ms", 1},
};

#define DURATION_MAX_MS (366ull * 24 * 3600000)

static const char *digits_parse(const char *text, uint64_t *ret_value)
{
    uint64_t value = 0;

    if (*text < '0' || *text > '9')
        return NULL;
    for (; *text >= '0' && *text <= '9'; text++)
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, (uint64_t)(*text - '0'), &value))
            return NULL;
    *ret_value = value;
    return text;
}

int number_parse(const char *text, uint64_t minimum, uint64_t maximum, uint64_t *ret_value,
                 struct error *err)
{
    uint64_t value;
    const char *end = digits_parse(text, &value);

    if (!end || *end)
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is not a whole number", text);
    if (value < minimum || value > maximum)
        return error_set(err, ERROR_INVALID, ERANGE, "%s is not in %" PRIu64 "..%" PRIu64, text,
                         minimum, maximum);
    *ret_value = value;
    return 0;
}

static int unit_parse(const char *text, const struct unit *units, size_t count, const char *example,
                      uint64_t *ret_value, struct error *err)
{
    uint64_t value;
    const char *end = digits_parse(text, &value);

    if (!end)
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is not a number with a unit (write %s)",
                         text, example);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(end, units[i].name) != 0)
            continue;
        if (__builtin_mul_overflow(value, units[i].factor, &value))
            return error_set(err, ERROR_INVALID, ERANGE, "'%s' is too large", text);
        *ret_value = value;
        return 0;
    }
    return error_set(err, ERROR_INVALID, EINVAL, "'%s' has no known unit (write %s)", text,
                     example);
}

int number_parse_size(const char *text, uint64_t *ret_bytes, struct error *err)
{
    return unit_parse(text, size_units, ARRAY_COUNT(size_units), "512MiB, 1GiB or 64KiB", ret_bytes,
                      err);
}

int number_parse_duration(const char *text, uint64_t *ret_ms, struct error *err)
{
    uint64_t ms;
    int status = unit_parse(text, duration_units, ARRAY_COUNT(duration_units),
                            "300ms, 30s, 5m or 2h", &ms, err);

    if (status < 0)
        return status;
    if (ms > DURATION_MAX_MS)
        return error_set(err, ERROR_INVALID, ERANGE, "'%s' is more than 366 days", text);
    *ret_ms = ms;
    return 0;
}

int number_parse_milli(const char *text, uint64_t *ret_thousandths, struct error *err)
{
    uint64_t whole, part = 0, scale = 1000;
    const char *end = digits_parse(text, &whole);

    if (end && *end == '.' && end[1] >= '0' && end[1] <= '9') {
        end++;
        for (; *end >= '0' && *end <= '9' && scale > 1; end++) {
            scale /= 10;
            part += (uint64_t)(*end - '0') * scale;
        }
    }
    if (!end || *end || whole > 1000000 || whole * 1000 + part == 0)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "'%s' is not a positive number with at most three decimals", text);
    *ret_thousandths = whole * 1000 + part;
    return 0;
}

static void unit_print(struct text *out, uint64_t value, const struct unit *units, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((value && value % units[i].factor == 0) || i + 1 == count) {
            text_printf(out, "%" PRIu64 "%s", value / units[i].factor, units[i].name);
            return;
        }
}

void number_print_size(struct text *out, uint64_t bytes)
{
    static const struct unit binary[] = {{"TiB", 1ull << 40},
                                         {"GiB", 1ull << 30},
                                         {"MiB", 1ull << 20},
                                         {"KiB", 1ull << 10},
                                         {"B", 1}};

    unit_print(out, bytes, binary, ARRAY_COUNT(binary));
}

void number_print_duration(struct text *out, uint64_t ms)
{
    unit_print(out, ms, duration_units, ARRAY_COUNT(duration_units));
}
