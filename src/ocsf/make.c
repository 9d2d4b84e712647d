/* SPDX-License-Identifier: Apache-2.0 */
/* How a row is written, one function for each way. A way that has nothing to say returns false and writes nothing. */
#include <string.h>

#include "base/hash.h"
#include "ocsf/render.h"

static bool is_covered(const struct rendering *rendering, unsigned cover, enum veil_mode *ret_mode)
{
    const enum veil_mode arguments = veil_arguments(rendering->veil), paths = veil_paths(rendering->veil);

    *ret_mode = cover == COVER_ARGUMENT ? arguments : cover == COVER_PATH ? paths : arguments > paths ? arguments : paths;
    return cover != COVER_NOTHING && *ret_mode != VEIL_CLEAR;
}

/* What was written since `start` is covered: something else takes its place. */
static void cover(struct rendering *rendering, const struct ocsf_row *row, char *start)
{
    struct emit *emit = &rendering->emit;
    char token[VEIL_TOKEN_MAX];
    enum veil_mode mode;
    size_t size;

    if (emit->is_full || !is_covered(rendering, row->cover, &mode))
        return;
    size = veil_cover(rendering->veil, mode, rendering->id.at, rendering->id.size, row->target, start, (size_t)(emit->at - start), token);
    emit->at = start;
    if (size)
        emit_raw(emit, token, size);
    else
        emit_raw(emit, "withheld", 8);
}

/* A string, with its quotes. */
static void write_text(struct rendering *rendering, const struct ocsf_row *row, const char *text, size_t size)
{
    struct emit *emit = &rendering->emit;
    char *start;

    emit_raw(emit, "\"", 1);
    start = emit->at;
    emit_text(emit, text, size, rendering->bounds.text);
    cover(rendering, row, start);
    emit_raw(emit, "\"", 1);
}

static bool make_text(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (value.kind != SCAN_STRING || !value.size)
        return false;
    emit_name(&rendering->emit, row->target);
    write_text(rendering, row, value.at, value.size);
    return true;
}

/* Of a path that is escaped as JSON: what is behind the last '/', but for one at the end. */
static bool make_last(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    size_t start;

    if (value.kind != SCAN_STRING || !value.size)
        return false;
    for (start = value.size - 1; start > 0 && value.at[start - 1] != '/'; start--)
        ;
    value.at += start;
    value.size -= start;
    return make_text(rendering, row, value);
}

/* None that is written has a sign, a fraction or more digits than every reader takes. */
static bool is_whole(struct scan_value value)
{
    uint64_t number;

    return value.kind == SCAN_NUMBER && value.size <= 18 && scan_uint(value, &number);
}

static bool make_number(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (!is_whole(value))
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, value.at, value.size);
    return true;
}

static bool make_number_text(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (!is_whole(value) || (value.size == 1 && *value.at == '0'))
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, "\"", 1);
    emit_raw(&rendering->emit, value.at, value.size);
    emit_raw(&rendering->emit, "\"", 1);
    return true;
}

/* OCSF's numbers of processes have 31 bits. */
static bool make_text_number(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    uint64_t number;

    if (value.kind != SCAN_STRING || value.size > 10 || (value.size > 1 && *value.at == '0'))
        return false;
    value.kind = SCAN_NUMBER;
    if (!scan_uint(value, &number) || number > INT32_MAX)
        return false;
    return make_number(rendering, row, value);
}

static bool make_bool(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (value.kind != SCAN_TRUE && value.kind != SCAN_FALSE)
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, value.at, value.size);
    return true;
}

static bool make_is_there(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (value.kind != SCAN_STRING)
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, "true", 4);
    return true;
}

static bool make_texts(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    struct emit *emit = &rendering->emit;
    struct scan_value item;
    size_t at = 0, count = 0;

    if (value.kind != SCAN_ARRAY || !scan_item(value, &at, &item))
        return false;
    at = 0;
    emit_name(emit, row->target);
    emit_raw(emit, "[", 1);
    while (scan_item(value, &at, &item)) {
        if (item.kind != SCAN_STRING)
            continue;
        if (count++ == rendering->bounds.items) {
            emit->is_cut = true;
            break;
        }
        emit_item(emit);
        write_text(rendering, row, item.at, item.size);
    }
    emit_raw(emit, "]", 1);
    return true;
}

static bool wants_quotes(struct scan_value item)
{
    return !item.size || memchr(item.at, ' ', item.size) || memchr(item.at, '\\', item.size);
}

/* Arguments in one string, as OCSF has a command line: one that is empty, or has a blank or an escape, in quotes. */
static bool make_joined(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    struct emit *emit = &rendering->emit;
    struct scan_value item;
    size_t at = 0, count = 0;
    char *start;

    if (value.kind != SCAN_ARRAY || !scan_item(value, &at, &item)) /* of a container that stands without a program there is none */
        return false;
    at = 0;
    emit_name(emit, row->target);
    emit_raw(emit, "\"", 1);
    start = emit->at;
    while (scan_item(value, &at, &item)) {
        const size_t used = (size_t)(emit->at - start);

        if (item.kind != SCAN_STRING)
            continue;
        if (count == rendering->bounds.items || used >= rendering->bounds.text) {
            emit->is_cut = true;
            break;
        }
        if (count++)
            emit_raw(emit, " ", 1);
        if (wants_quotes(item))
            emit_raw(emit, "\\\"", 2);
        emit_text(emit, item.at, item.size, rendering->bounds.text - used);
        if (wants_quotes(item))
            emit_raw(emit, "\\\"", 2);
    }
    cover(rendering, row, start);
    emit_raw(emit, "\"", 1);
    return true;
}

static bool digits(const char *at, size_t count, unsigned *ret_number)
{
    *ret_number = 0;
    for (size_t i = 0; i < count; i++) {
        if (at[i] < '0' || at[i] > '9')
            return false;
        *ret_number = *ret_number * 10 + (unsigned)(at[i] - '0');
    }
    return true;
}

/* "2026-11-23T08:00:00.123456789Z": days by the civil calendar (proleptic Gregorian, years begin in March). */
static bool read_ms(const char *at, size_t size, uint64_t *ret_ms)
{
    unsigned year, month, day, hour, minute, second, ms = 0;
    uint64_t era_day, days;

    if (size < 20 || at[4] != '-' || at[7] != '-' || at[10] != 'T' || at[13] != ':' || at[16] != ':' || at[size - 1] != 'Z')
        return false;
    if (!digits(at, 4, &year) || !digits(at + 5, 2, &month) || !digits(at + 8, 2, &day) || !digits(at + 11, 2, &hour) ||
        !digits(at + 14, 2, &minute) || !digits(at + 17, 2, &second))
        return false;
    if (year < 1970 || month < 1 || month > 12 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60)
        return false;
    if (size >= 24 && at[19] == '.' && !digits(at + 20, 3, &ms))
        return false;
    year -= month <= 2;
    era_day = (153u * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    days = 365ull * year + year / 4 - year / 100 + year / 400 + era_day - 719468;
    *ret_ms = ((days * 24 + hour) * 60 + minute) * 60000 + second * 1000ull + ms;
    return true;
}

static bool make_ms(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    uint64_t ms;

    if (value.kind != SCAN_STRING || !read_ms(value.at, value.size, &ms))
        return false;
    emit_name(&rendering->emit, row->target);
    emit_uint(&rendering->emit, ms);
    return true;
}

static bool make_us_as_ms(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    uint64_t us;

    if (!scan_uint(value, &us) || !us)
        return false;
    emit_name(&rendering->emit, row->target);
    emit_uint(&rendering->emit, us / 1000);
    return true;
}

static bool make_file_type(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    static const struct {
        const char *kind;
        unsigned type;
    } types[] = {{"file", 1}, {"directory", 2}, {"device", 3}, {"socket", 5}, {"fifo", 6}, {"link", 7}, {"symlink", 7}};
    unsigned type = 0;

    if (!emit_is_open(&rendering->emit, row->target))
        return false;
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        if (scan_is(value, types[i].kind))
            type = types[i].type;
    emit_name(&rendering->emit, row->target);
    emit_uint(&rendering->emit, type);
    return true;
}

static bool make_process(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    if (!is_whole(value) || !rendering->run.size)
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, "\"", 1);
    emit_text(&rendering->emit, rendering->run.at, rendering->run.size, 64);
    emit_raw(&rendering->emit, "/", 1);
    emit_raw(&rendering->emit, value.at, value.size);
    emit_raw(&rendering->emit, "\"", 1);
    return true;
}

struct parent {
    struct scan_value pid, host_pid, exe;
};

static void take_parent(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value)
{
    struct parent *parent = context;

    if (path_size == 3 && memcmp(path, "pid", 3) == 0)
        parent->pid = value;
    if (path_size == 7 && memcmp(path, "hostPid", 7) == 0)
        parent->host_pid = value;
    if (path_size == 3 && memcmp(path, "exe", 3) == 0)
        parent->exe = value;
}

static void write_parent(struct rendering *rendering, const struct ocsf_row *row, struct scan_value object)
{
    struct emit *emit = &rendering->emit;
    struct parent parent = {0};

    scan_members(object, take_parent, &parent);
    emit_item(emit);
    emit_raw(emit, "{", 1);
    if (is_whole(parent.host_pid)) {
        emit_raw(emit, "\"pid\":", 6);
        emit_raw(emit, parent.host_pid.at, parent.host_pid.size);
    }
    if (is_whole(parent.pid)) {
        emit_item(emit);
        emit_raw(emit, "\"uid\":\"", 7);
        emit_text(emit, rendering->run.at, rendering->run.size, 64);
        emit_raw(emit, "/", 1);
        emit_raw(emit, parent.pid.at, parent.pid.size);
        emit_raw(emit, "\"", 1);
    }
    if (parent.exe.kind == SCAN_STRING) {
        emit_item(emit);
        emit_raw(emit, "\"path\":", 7);
        write_text(rendering, row, parent.exe.at, parent.exe.size);
    }
    emit_raw(emit, "}", 1);
}

static bool make_parents(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    struct scan_value item;
    size_t at = 0, count = 0;

    if (value.kind != SCAN_ARRAY || !scan_item(value, &at, &item))
        return false;
    emit_name(&rendering->emit, row->target);
    emit_raw(&rendering->emit, "[", 1);
    do {
        if (item.kind == SCAN_OBJECT && count < rendering->bounds.items)
            write_parent(rendering, row, item);
    } while (++count && scan_item(value, &at, &item));
    emit_raw(&rendering->emit, "]", 1);
    return true;
}

static void name_number(struct emit *emit, const char *name, unsigned number)
{
    emit_name(emit, name);
    emit_uint(emit, number);
}

static void name_word(struct emit *emit, const char *name, const char *word)
{
    if (!word)
        return;
    emit_name(emit, name);
    emit_word(emit, word);
}

static void write_outcome(struct rendering *rendering)
{
    struct emit *emit = &rendering->emit;
    const struct ocsf_outcome *outcome = rendering->outcome;
    const bool is_pending = rendering->is_pending;
    const unsigned status = is_pending ? STATUS_OTHER : outcome ? outcome->status : STATUS_NONE;

    name_number(emit, "status_id", status);
    if (status == STATUS_OTHER)
        name_word(emit, "status", "Pending");
    if (is_pending || !outcome || !outcome->disposition)
        return;
    name_number(emit, "action_id", outcome->action);
    name_word(emit, "action", outcome->action == ACTION_ALLOWED ? "Allowed" : outcome->action ? "Denied" : "Unknown");
    name_number(emit, "disposition_id", outcome->disposition);
    name_word(emit, "disposition", ocsf_disposition_name(outcome->disposition));
}

static bool make_kind(struct rendering *rendering)
{
    struct emit *emit = &rendering->emit;
    const struct ocsf_kind *kind = rendering->kind;

    name_number(emit, "class_uid", kind->class_uid);
    name_word(emit, "class_name", ocsf_class_name(kind->class_uid));
    name_number(emit, "category_uid", kind->class_uid / 1000);
    name_number(emit, "activity_id", kind->activity_id);
    name_word(emit, "activity_name", kind->activity ? kind->activity : ocsf_activity_name(kind->class_uid, kind->activity_id));
    name_number(emit, "type_uid", kind->class_uid * 100 + kind->activity_id);
    name_number(emit, "severity_id", kind->severity);
    if (kind->severity >= SEVERITY_HIGH) {
        emit_name(emit, "is_alert");
        emit_raw(emit, "true", 4);
    }
    write_outcome(rendering);
    name_word(emit, "message", kind->message);
    return true;
}

static bool make_ready(struct rendering *rendering, const struct ocsf_row *row)
{
    if (!rendering->parts->size[row->part])
        return false;
    emit_members(&rendering->emit, row->target, rendering->parts->text[row->part], rendering->parts->size[row->part]);
    return true;
}

static bool make_fixed(struct rendering *rendering, const struct ocsf_row *row)
{
    const bool is_open = emit_is_open(&rendering->emit, row->target);

    if ((row->make == MAKE_DEFAULT && is_open) || (row->make == MAKE_NUMBER_IF && !is_open))
        return false;
    emit_name(&rendering->emit, row->target);
    if (row->make == MAKE_CONST || row->make == MAKE_DEFAULT)
        emit_word(&rendering->emit, row->source);
    else
        emit_raw(&rendering->emit, row->source, strlen(row->source));
    return true;
}

bool make_row(struct rendering *rendering, const struct ocsf_row *row, struct scan_value value)
{
    static bool (*const makers[])(struct rendering *, const struct ocsf_row *, struct scan_value) = {
        [MAKE_TEXT] = make_text,
        [MAKE_NUMBER] = make_number,
        [MAKE_NUMBER_TEXT] = make_number_text,
        [MAKE_TEXT_NUMBER] = make_text_number,
        [MAKE_BOOL] = make_bool,
        [MAKE_IS_THERE] = make_is_there,
        [MAKE_TEXTS] = make_texts,
        [MAKE_JOINED] = make_joined,
        [MAKE_LAST] = make_last,
        [MAKE_MS] = make_ms,
        [MAKE_US_AS_MS] = make_us_as_ms,
        [MAKE_FILE_TYPE] = make_file_type,
        [MAKE_PROCESS] = make_process,
        [MAKE_PARENTS] = make_parents,
    };

    if (row->make == MAKE_KIND)
        return make_kind(rendering);
    if (row->make == MAKE_CONTEXT)
        return make_ready(rendering, row);
    if (!makers[row->make])
        return make_fixed(rendering, row);
    return makers[row->make](rendering, row, value);
}
