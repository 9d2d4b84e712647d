/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is neither a file nor a destination: the subset test (subset.h), which here goes on after the first. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/text.h"
#include "policy/model/differ.h"
#include "policy/model/subset.h"

enum unit { UNIT_NONE, UNIT_SIZE, UNIT_TIME, UNIT_MILLI };

static const struct {
    const char *prefix; /* of the member */
    enum difference_area area;
    enum unit unit;
} members[] = {
    {"resources.memory", AREA_LIMITS, UNIT_SIZE},    {"resources.disk", AREA_LIMITS, UNIT_SIZE},
    {"resources.output", AREA_LIMITS, UNIT_SIZE},    {"resources.wallTime", AREA_LIMITS, UNIT_TIME},
    {"resources.cpuTime", AREA_LIMITS, UNIT_TIME},   {"resources.cpus", AREA_LIMITS, UNIT_MILLI},
    {"resources.", AREA_LIMITS, UNIT_NONE},          {"syscalls.", AREA_SYSCALLS, UNIT_NONE},
    {"devices", AREA_DEVICES, UNIT_NONE},            {"unixSockets", AREA_SOCKETS, UNIT_NONE},
    {"environment.", AREA_ENVIRONMENT, UNIT_NONE},   {"isolation.", AREA_ISOLATION, UNIT_NONE},
    {"nested.", AREA_NESTED, UNIT_NONE},             {"ui.", AREA_UI, UNIT_NONE},
    {"secrets", AREA_SECRETS, UNIT_NONE},            {"network", AREA_NETWORK, UNIT_NONE},
    {"runtimeConfig.", AREA_NETWORK, UNIT_NONE},     {"filesystem.", AREA_FILES, UNIT_NONE},
};

/* Index into members, or their number. */
static size_t find_member(const char *member)
{
    size_t i = 0;

    while (i < ARRAY_COUNT(members) && strncmp(member, members[i].prefix, strlen(members[i].prefix)) != 0)
        i++;
    return i;
}

/* A bare number as the documents write it; another text as it is. */
static const char *value_text(struct arena *arena, const char *value, enum unit unit)
{
    auto_text struct text out = {0};
    char *end;
    uint64_t number;

    if (!value || unit == UNIT_NONE || *value < '0' || *value > '9')
        return value;
    number = strtoull(value, &end, 10);
    if (unit == UNIT_SIZE)
        number_print_size(&out, number);
    else if (unit == UNIT_TIME)
        number_print_duration(&out, number);
    else
        text_printf(&out, "%" PRIu64 ".%03" PRIu64, number / 1000, number % 1000);
    return out.is_broken ? NULL : arena_string(arena, out.data);
}

static bool is_known(const struct differ *differ, const struct difference *item)
{
    const char *subject = item->subjects.count ? item->subjects.items[0] : "";

    for (size_t i = 0; i < differ->diff.count; i++) {
        const struct difference *other = &differ->diff.items[i];

        if (other->kind == item->kind && other->member && strcmp(other->member, item->member) == 0 &&
            strcmp(other->subjects.count ? other->subjects.items[0] : "", subject) == 0 && other->area == item->area)
            return true;
    }
    return false;
}

static int fill_item(const struct differ *differ, const struct subset_item *found, const char *sentence, size_t row,
                     struct difference *item)
{
    enum unit unit = row < ARRAY_COUNT(members) ? members[row].unit : UNIT_NONE;
    const char *a = value_text(differ->arena, found->a_value, unit), *b = value_text(differ->arena, found->b_value, unit);
    const char *subject = found->subject ? arena_string(differ->arena, found->subject) : NULL;

    if ((found->a_value && !a) || (found->b_value && !b) || (found->subject && !subject))
        return -ENOMEM;
    item->member = arena_string(differ->arena, found->member ? found->member : "policy");
    item->detail = arena_string(differ->arena, sentence);
    if (!item->member || !item->detail || (subject && words_add(differ->arena, &item->subjects, subject) < 0))
        return -ENOMEM;
    differ_set_values(differ, item, a, b);
    return differ_set_origins(differ, item, found->a_origin, found->b_origin);
}

static int note(void *data, const struct subset_item *found, const char *sentence)
{
    struct differ *differ = data;
    size_t row = find_member(found->member ? found->member : "");
    struct difference made = {.kind = differ->who ? DIFFERENCE_WIDER : DIFFERENCE_NARROWER,
                              .area = row < ARRAY_COUNT(members) ? members[row].area : AREA_OTHER};
    struct difference *item;
    int status = fill_item(differ, found, sentence, row, &made);

    if (status < 0 || is_known(differ, &made))
        return status;
    item = differ_add(differ, made.area);
    if (!item)
        return -ENOMEM;
    *item = made;
    return 0;
}

int differ_settings(struct differ *differ)
{
    static int (*const parts[])(struct subset *) = {subset_network_members, subset_secrets, subset_lists, subset_settings};
    struct subset subset = {.a = differ->policies[differ->who], .b = differ->policies[!differ->who], .scratch = differ->arena,
                            .note = note, .data = differ};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(parts) && status == 0; i++)
        status = parts[i](&subset);
    return status;
}
