/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing of date.h. */
#include "base/date.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>

#define FRACTION_DIGITS 9 /* more says nothing */

/* Exactly so many digits; -1 where there are others. */
static int take_digits(const char **at, unsigned count)
{
    int number = 0;

    for (unsigned i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return -1;
        number = 10 * number + (**at - '0');
    }
    return number;
}

static bool take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    (*at)++;
    return true;
}

/* What is below a millisecond is cut: a grant ends a little early. */
static bool take_fraction(const char **at, unsigned *ret_ms)
{
    unsigned digits = 0, weight = 100, ms = 0;

    *ret_ms = 0;
    if (!take_char(at, '.'))
        return true;
    for (; **at >= '0' && **at <= '9'; (*at)++, digits++) {
        ms += weight * (unsigned)(**at - '0');
        weight /= 10;
    }
    *ret_ms = ms;
    return digits && digits <= FRACTION_DIGITS;
}

static bool take_offset(const char **at, int *ret_minutes)
{
    int sign = **at == '-' ? -1 : 1, hours, minutes;

    *ret_minutes = 0;
    if (take_char(at, 'Z'))
        return true;
    if (!take_char(at, '+') && !take_char(at, '-'))
        return false;
    hours = take_digits(at, 2);
    if (hours < 0 || !take_char(at, ':'))
        return false;
    minutes = take_digits(at, 2);
    *ret_minutes = sign * (60 * hours + minutes);
    return hours <= 23 && minutes >= 0 && minutes <= 59;
}

static bool take_all(const char *text, struct tm *tm, unsigned *ret_ms, int *ret_minutes)
{
    const char *at = text;

    *tm = (struct tm){0};
    if ((tm->tm_year = take_digits(&at, 4)) < 0 || !take_char(&at, '-') || (tm->tm_mon = take_digits(&at, 2)) < 0 || !take_char(&at, '-') ||
        (tm->tm_mday = take_digits(&at, 2)) < 0 || !take_char(&at, 'T') || (tm->tm_hour = take_digits(&at, 2)) < 0 || !take_char(&at, ':') ||
        (tm->tm_min = take_digits(&at, 2)) < 0 || !take_char(&at, ':') || (tm->tm_sec = take_digits(&at, 2)) < 0)
        return false;
    return take_fraction(&at, ret_ms) && take_offset(&at, ret_minutes) && !*at;
}

int date_parse(const char *text, uint64_t *ret_ms, struct error *err)
{
    struct tm tm, same;
    unsigned ms;
    int minutes;
    time_t at;

    if (!take_all(text, &tm, &ms, &minutes))
        return error_set(err, ERROR_INVALID, EINVAL, "'%.40s' is no time with its offset; write it as \"2026-12-24T18:30:00+01:00\", or with Z for UTC", text);
    tm.tm_year -= 1900;
    tm.tm_mon--;
    same = tm;
    at = timegm(&same); /* what there is not, it makes another day of */
    if (same.tm_mon != tm.tm_mon || same.tm_mday != tm.tm_mday || same.tm_hour != tm.tm_hour || same.tm_min != tm.tm_min || same.tm_sec != tm.tm_sec)
        return error_set(err, ERROR_INVALID, ERANGE, "'%.40s': there is no such day or time", text);
    at -= (time_t)minutes * 60;
    if (at <= 0)
        return error_set(err, ERROR_INVALID, ERANGE, "'%.40s' is before 1970", text);
    *ret_ms = (uint64_t)at * 1000 + ms;
    return 0;
}

void date_print(uint64_t ms, char text[DATE_TEXT_SIZE])
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    size_t length;

    text[0] = '\0';
    if (!gmtime_r(&seconds, &tm))
        return;
    length = strftime(text, DATE_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &tm);
    if (ms % 1000)
        snprintf(text + length, DATE_TEXT_SIZE - length, ".%03uZ", (unsigned)(ms % 1000));
    else
        snprintf(text + length, DATE_TEXT_SIZE - length, "Z");
}
