/* SPDX-License-Identifier: Apache-2.0 */
/* Until when: so long from now on, or a time of the clock on the wall. */
#include "sdk/keeping.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/number.h"
#include "sdk/remote.h"
#include "sdk/request.h"

/* "2026-12-24T18:30", with seconds, a blank for the T, and 'Z' for UTC; else the caller's own time. */
static bool read_time(const char *text, uint64_t *ret_ms)
{
    struct tm tm = {.tm_isdst = -1};
    char between;
    int used = 0, seconds_used = 0;
    time_t at;

    if (sscanf(text, "%4d-%2d-%2d%c%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &between, &tm.tm_hour, &tm.tm_min, &used) != 6 || (between != 'T' && between != ' '))
        return false;
    if (text[used] == ':' && sscanf(text + used, ":%2d%n", &tm.tm_sec, &seconds_used) != 1)
        return false;
    used += seconds_used;
    tm.tm_year -= 1900;
    tm.tm_mon--;
    if (tm.tm_year < 70 || tm.tm_mon < 0 || tm.tm_mon > 11 || tm.tm_mday < 1 || tm.tm_mday > 31 || tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60)
        return false;
    if (strcmp(text + used, "Z") == 0)
        at = timegm(&tm);
    else if (!text[used])
        at = mktime(&tm);
    else
        return false;
    *ret_ms = (uint64_t)at * 1000;
    return at > 0;
}

int until_parse(const char *text, struct until *ret_until, struct error *err)
{
    struct until until = {0};

    if (read_time(text, &until.at_ms)) {
        if (until.at_ms <= clock_real_ns() / NS_PER_MS)
            return error_set(err, ERROR_INVALID, ERANGE, "until '%.40s': that has passed", text);
    } else if (number_parse_duration(text, &until.left_ms, NULL) < 0 || !until.left_ms) {
        return error_set(err, ERROR_INVALID, EINVAL, "until '%.40s': so long from now on (90s, 30m, 8h), or a time (2026-12-24T18:30, of this machine's clock; 18:30Z is UTC)", text);
    }
    if (until.at_ms > CLOCK_MS_MAX || until.left_ms > CLOCK_MS_MAX - clock_real_ns() / NS_PER_MS)
        return error_set(err, ERROR_INVALID, ERANGE, "until '%.40s': that is behind the year 2262: leave it out for what does not end by itself", text);
    *ret_until = until;
    return 0;
}

int cordon_request_set_until(struct cordon_request *request, const char *when, struct cordon_error *err)
{
    struct until until = {0};
    int status = when ? until_parse(when, &until, public_error(err)) : 0;

    if (status == 0)
        request->until = until;
    return status;
}
