/* SPDX-License-Identifier: Apache-2.0 */
#include "keeper/kept_state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/container_name.h"
#include "base/memory.h"
#include "base/number.h"

static const char head[] = "cordon-container/1", end[] = "end";
static const char *const wanted[] = {[KEPT_CREATED] = "created", [KEPT_RUNNING] = "running", [KEPT_STOPPED] = "stopped"};

enum line_kind { LINE_TEXT, LINE_NUMBER, LINE_WANTED, LINE_BOOL };
static const struct line {
    const char *name;
    uint8_t kind;
    size_t offset, size; /* of a number: the most that it may be */
} lines[] = {
    {"name", LINE_TEXT, offsetof(struct kept_state, name), sizeof(((struct kept_state *)0)->name)},
    {"cwd", LINE_TEXT, offsetof(struct kept_state, cwd), sizeof(((struct kept_state *)0)->cwd)},
    {"digest", LINE_TEXT, offsetof(struct kept_state, digest), sizeof(((struct kept_state *)0)->digest)},
    {"boot", LINE_TEXT, offsetof(struct kept_state, boot), sizeof(((struct kept_state *)0)->boot)},
    {"created", LINE_NUMBER, offsetof(struct kept_state, created_ms), CLOCK_MS_MAX},
    {"until", LINE_NUMBER, offsetof(struct kept_state, until_ms), CLOCK_MS_MAX},
    {"until-boot", LINE_NUMBER, offsetof(struct kept_state, until_boot_ns), INT64_MAX},
    {"until-is-time", LINE_BOOL, offsetof(struct kept_state, until_is_time), 0},
    {"wanted", LINE_WANTED, offsetof(struct kept_state, wanted), 0},
};

void kept_state_print(struct text *out, const struct kept_state *state)
{
    text_printf(out, "%s\n", head);
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        const void *at = (const char *)state + lines[i].offset;

        if (lines[i].kind == LINE_TEXT)
            text_printf(out, "%s=%s\n", lines[i].name, (const char *)at);
        else if (lines[i].kind == LINE_NUMBER)
            text_printf(out, "%s=%" PRIu64 "\n", lines[i].name, *(const uint64_t *)at);
        else if (lines[i].kind == LINE_BOOL)
            text_printf(out, "%s=%d\n", lines[i].name, *(const bool *)at);
        else
            text_printf(out, "%s=%s\n", lines[i].name, wanted[state->wanted]);
    }
    text_printf(out, "%s\n", end);
}

static int invalid(struct error *err, const char *what)
{
    return error_set(err, ERROR_INVALID, EINVAL, "what is written down of it cannot be read: %s", what);
}

static int read_value(const struct line *line, const char *value, struct kept_state *state, struct error *err)
{
    void *at = (char *)state + line->offset;
    uint64_t number;

    switch (line->kind) {
    case LINE_TEXT:
        if (strlen(value) >= line->size)
            return invalid(err, line->name);
        memcpy(at, value, strlen(value) + 1);
        return 0;
    case LINE_WANTED:
        for (size_t i = 0; i < ARRAY_COUNT(wanted); i++)
            if (strcmp(value, wanted[i]) == 0) {
                state->wanted = (enum kept_wanted)i;
                return 0;
            }
        return invalid(err, line->name);
    default:
        if (number_parse(value, 0, line->kind == LINE_BOOL ? 1 : line->size, &number, NULL) < 0)
            return invalid(err, line->name);
        if (line->kind == LINE_BOOL)
            *(bool *)at = number;
        else
            *(uint64_t *)at = number;
        return 0;
    }
}

/* Each line once, in their order, and nothing else. */
int kept_state_parse(const char *text, size_t size, struct kept_state *ret_state, struct error *err)
{
    char copy[KEPT_STATE_MAX + 1], *rest = copy, *line;
    struct kept_state state = {.wanted = KEPT_CREATED};

    if (size > KEPT_STATE_MAX || memchr(text, '\0', size))
        return invalid(err, "its size");
    memcpy(copy, text, size);
    copy[size] = '\0';
    line = strsep(&rest, "\n");
    if (!line || strcmp(line, head) != 0)
        return invalid(err, "another version's");
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        size_t length = strlen(lines[i].name);

        line = strsep(&rest, "\n");
        if (!line || strncmp(line, lines[i].name, length) != 0 || line[length] != '=')
            return invalid(err, lines[i].name);
        if (read_value(&lines[i], line + length + 1, &state, err) < 0)
            return -EINVAL;
    }
    line = strsep(&rest, "\n");
    if (!line || strcmp(line, end) != 0 || !rest || *rest)
        return invalid(err, "its end");
    if ((*state.name && !container_name_is_one(state.name)) || state.cwd[0] != '/')
        return invalid(err, "its name or directory");
    *ret_state = state;
    return 0;
}
