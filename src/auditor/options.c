/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/options.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "base/number.h"
#include "base/utf8.h"

enum kind { TEXT = 1, NUMBER, FLAG, HEADER };

static const struct {
    const char *name;
    enum kind kind;
    size_t offset;
} rows[] = {
    {"--log", TEXT, offsetof(struct options, log)},
    {"--verifier", TEXT, offsetof(struct options, verifier)},
    {"--index", TEXT, offsetof(struct options, index)},
    {"--keys", TEXT, offsetof(struct options, keys)},
    {"--format", TEXT, offsetof(struct options, format)},
    {"--url", TEXT, offsetof(struct options, url)},
    {"--header", HEADER, 0},
    {"--state", TEXT, offsetof(struct options, state)},
    {"--authorities", TEXT, offsetof(struct options, authorities)},
    {"--subject", TEXT, offsetof(struct options, subject)},
    {"--name", TEXT, offsetof(struct options, name)},
    {"--id", TEXT, offsetof(struct options, id)},
    {"--runs", TEXT, offsetof(struct options, runs)},
    {"--secret", TEXT, offsetof(struct options, secret)},
    {"--machine", TEXT, offsetof(struct options, machine)},
    {"--actor", TEXT, offsetof(struct options, query.actor)},
    {"--agent", TEXT, offsetof(struct options, query.agent)},
    {"--user", TEXT, offsetof(struct options, query.user)},
    {"--kind", TEXT, offsetof(struct options, query.kind)},
    {"--object", TEXT, offsetof(struct options, query.object)},
    {"--run", TEXT, offsetof(struct options, query.run)},
    {"--since", NUMBER, offsetof(struct options, query.since_us)},
    {"--before", NUMBER, offsetof(struct options, query.until_us)},
    {"--first", NUMBER, offsetof(struct options, first)},
    {"--until", NUMBER, offsetof(struct options, until)},
    {"--limit", NUMBER, offsetof(struct options, limit)},
    {"--through", NUMBER, offsetof(struct options, through)},
    {"--days", NUMBER, offsetof(struct options, days)},
    {"--tries", NUMBER, offsetof(struct options, tries)},
    {"--wait", NUMBER, offsetof(struct options, wait_ms)},
    {"--json", FLAG, offsetof(struct options, is_json)},
    {"--follow", FLAG, offsetof(struct options, follows)},
    {"--apply", FLAG, offsetof(struct options, is_applied)},
    {"--always", FLAG, offsetof(struct options, is_always)},
    {"--release", FLAG, offsetof(struct options, is_released)},
    {"--errors", FLAG, offsetof(struct options, tells_library)},
    {"--whole", FLAG, offsetof(struct options, is_whole)},
};

static int add_header(struct options *options, const char *value, struct error *err)
{
    for (size_t i = 0; i < HEADERS_MAX; i++) {
        if (options->headers[i])
            continue;
        options->headers[i] = value;
        return 0;
    }
    return error_set(err, ERROR_LIMIT, E2BIG, "--header: more than %d", HEADERS_MAX);
}

static int store(struct options *options, size_t row, const char *value, struct error *err)
{
    void *place = (char *)options + rows[row].offset;

    if (rows[row].kind == FLAG) {
        *(bool *)place = true;
        return 0;
    }
    if (!value)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: a value is missing", rows[row].name);
    if (!utf8_is_valid(value, strlen(value)))
        return error_set(err, ERROR_INVALID, EINVAL, "%s: not UTF-8", rows[row].name);
    if (rows[row].kind == HEADER)
        return add_header(options, value, err);
    if (rows[row].kind == NUMBER)
        return number_parse(value, 0, INT64_MAX, place, err);
    *(const char **)place = value;
    return 0;
}

int options_parse(char **args, struct options *ret_options, struct error *err)
{
    struct options options = {.command = args[0]};

    if (!options.command)
        return error_set(err, ERROR_INVALID, EINVAL, "no command");
    for (args++; *args; args++) {
        size_t row = 0;
        int status;

        while (row < ARRAY_COUNT(rows) && strcmp(rows[row].name, *args) != 0)
            row++;
        if (row == ARRAY_COUNT(rows))
            return error_set(err, ERROR_INVALID, EINVAL, "%s: no such option", *args);
        if (rows[row].kind != FLAG)
            args++;
        status = store(&options, row, *args, err);
        if (status < 0)
            return error_prepend(err, "%s", rows[row].name);
    }
    *ret_options = options;
    return 0;
}
