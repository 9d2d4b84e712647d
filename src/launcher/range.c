/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/range.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

#define FILE_BYTES_MAX ((size_t)16 << 20)

/* https://systemd.io/UIDS-GIDS/ and login.defs(5). */
static const struct {
    uint32_t first, last;
    const char *whose;
} taken[] = {
    {0, 65535, "accounts of this machine, nobody and systemd's dynamic users"},
    {524288, 1879048191, "systemd's containers (systemd-nspawn)"},
    {2147483648u, UINT32_MAX, "no account: many programs take them as negative"},
};

int range_parse(const char *text, struct range *ret_range, struct error *err)
{
    char first_text[16];
    const char *dash = strchr(text, '-');
    uint64_t first, last;
    int status;

    if (!dash || (size_t)(dash - text) >= sizeof(first_text))
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' is no range of uids: write FIRST-LAST", text);
    memcpy(first_text, text, (size_t)(dash - text));
    first_text[dash - text] = '\0';
    status = number_parse(first_text, 1, UINT32_MAX - 1, &first, err);
    if (status == 0)
        status = number_parse(dash + 1, first, UINT32_MAX - 1, &last, err);
    if (status < 0)
        return status;
    if ((last - first + 1) % RANGE_BLOCK || last - first + 1 > RANGE_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "'%s' has %llu uids: a multiple of %u is needed, at most %u", text,
                         (unsigned long long)(last - first + 1), RANGE_BLOCK, RANGE_MAX);
    *ret_range = (struct range){(uint32_t)first, (uint32_t)(last - first + 1)};
    return 0;
}

static bool overlaps(const struct range *range, uint64_t first, uint64_t last)
{
    return first <= (uint64_t)range->first + range->count - 1 && last >= range->first;
}

static int refuse(const struct range *range, const char *where, unsigned line, const char *name, struct error *err)
{
    return error_set(err, ERROR_FORBIDDEN, EEXIST,
                     "%s:%u: '%.64s' has ids of the containers' range %u-%u: give the launcher another one (--uids)", where, line, name,
                     range->first, range->first + range->count - 1);
}

/* "name:password:ID:..." and "name:FIRST:COUNT". What is not understood has no id. */
static int line_check(const struct range *range, const char *where, unsigned number, char *line, bool is_subordinate, struct error *err)
{
    char *one = strchr(line, ':'), *two = one ? strchr(one + 1, ':') : NULL;
    unsigned long long first, count = 1;

    if (!two)
        return 0;
    first = strtoull(is_subordinate ? one + 1 : two + 1, NULL, 10);
    if (is_subordinate)
        count = strtoull(two + 1, NULL, 10);
    *one = '\0';
    if (count && overlaps(range, first, count > UINT32_MAX ? UINT64_MAX : first + count - 1))
        return refuse(range, where, number, line, err);
    return 0;
}

static int file_check(const struct range *range, const char *etc, const char *name, bool is_subordinate, struct error *err)
{
    auto_free char *text = NULL;
    char path[256], *save = NULL;
    unsigned number = 0;
    size_t size;
    int status;

    snprintf(path, sizeof(path), "%s/%s", etc, name);
    status = file_read(path, FILE_BYTES_MAX, &text, &size, err);
    if (status == -ENOENT)
        return 0;
    for (char *line = status == 0 ? strtok_r(text, "\n", &save) : NULL; line && status == 0; line = strtok_r(NULL, "\n", &save))
        status = line_check(range, path, ++number, line, is_subordinate, err);
    return status;
}

int range_check(const struct range *range, const char *etc, struct error *err)
{
    int status;

    for (size_t i = 0; i < ARRAY_COUNT(taken); i++)
        if (overlaps(range, taken[i].first, taken[i].last))
            return error_set(err, ERROR_FORBIDDEN, EEXIST, "the containers' range %u-%u has ids of %u-%u, which are %s: take %u-%u",
                             range->first, range->first + range->count - 1, taken[i].first, taken[i].last, taken[i].whose, RANGE_FIRST,
                             RANGE_FIRST + RANGE_COUNT - 1);
    status = file_check(range, etc, "passwd", false, err);
    if (status == 0)
        status = file_check(range, etc, "group", false, err);
    if (status == 0)
        status = file_check(range, etc, "subuid", true, err);
    return status == 0 ? file_check(range, etc, "subgid", true, err) : status;
}
