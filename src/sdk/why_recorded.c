/* SPDX-License-Identifier: Apache-2.0 */
/* Why, of what was recorded: one record replayed, or the refusals of a run in groups. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "author/recorded.h"
#include "author/why_run.h"
#include "sdk/kept.h"
#include "sdk/runs.h"
#include "sdk/why.h"

static void request_free_at(struct cordon_request **request)
{
    cordon_request_free(*request);
}

/* What a replay needs; its asked points into the arena. */
struct replay {
    struct arena *arena;
    struct run_store *store;
    const char *run;
    struct asked asked;
    struct cordon_request *request;
    struct why_source source;
    struct why_world world;
    struct text changed;
    bool is_same;
};

static void replay_close(struct replay *replay)
{
    why_world_close(&replay->world);
    request_free_at(&replay->request);
    text_finish(&replay->changed);
    run_store_close_at(&replay->store);
    arena_free(replay->arena);
}
#define auto_replay cleanup_with(replay_close)

static int replay_begin(struct replay *replay, const char *what, struct error *err)
{
    int status;

    replay->arena = arena_new();
    status = replay->arena ? runs_open(&replay->store, err) : error_memory(err);
    return status < 0 ? status : run_store_find(replay->store, what, &replay->run, err);
}

/* The plan that the run had, as far as it can be made again today. */
static int replay_compile(struct replay *replay, struct error *err)
{
    int status = asked_read(replay->store, replay->run, replay->arena, &replay->asked, err);

    if (status < 0)
        return status;
    status = kept_request(&replay->asked, &replay->request, err);
    if (status < 0)
        return status;
    replay->source = (struct why_source){replay->request, &replay->asked};
    status = why_world_open(&replay->source, &replay->world, err);
    if (status < 0)
        return status;
    status = kept_compare(&replay->asked, &replay->world.assembly, &replay->is_same, &replay->changed, err);
    return status < 0 ? status : replay->changed.is_broken ? error_memory(err) : 0;
}

static const char *changed_of(const struct replay *replay)
{
    return replay->is_same ? NULL : replay->changed.data ? replay->changed.data : "";
}

/* "<run>.<number>" */
static bool is_record(const char *what)
{
    const char *dot = what ? strchr(what, '.') : NULL;

    return dot && dot[1] >= '0' && dot[1] <= '9';
}

/* The run of a record's id, which may be the beginning of one. */
static int find_run(struct replay *replay, const char *what, struct error *err)
{
    char run[RUN_ID_SIZE + 1];
    size_t length = strcspn(what, ".");

    if (length >= sizeof(run))
        return error_set(err, ERROR_INVALID, EINVAL, "'%.60s' is no id of a record: see 'cordon why'", what);
    memcpy(run, what, length);
    run[length] = '\0';
    return replay_begin(replay, run, err);
}

static bool is_same_number(const struct event_record *record, const char *what)
{
    const char *dot = record->id ? strrchr(record->id, '.') : NULL;

    return dot && strcmp(dot, strchr(what, '.')) == 0;
}

static void say(const struct why *why, uint32_t flags, enum cordon_format format, struct text *out)
{
    if (format == CORDON_JSON)
        why_print_json(out, why);
    else
        why_print_text(out, why, flags & CORDON_WHY_COLOUR);
}

/* How often it came, by what is behind it in the record. */
static int count_more(struct event_reader *reader, unsigned sequence, uint64_t *count, struct error *err)
{
    struct event_record record;
    int status;

    while ((status = event_reader_next(reader, &record, err)) > 0)
        if (record.kind == RECORD_REPEATED && record.count.of_sequence == sequence)
            *count += record.count.count;
    return status;
}

/* ---- of a container inside another ---- */

/* Its names are those of a file tree that is gone with the container around, so its plan cannot be made again. */
static const char *inside_of(const struct replay *replay, const struct event_record *started)
{
    auto_text struct text text = {0};

    text_printf(&text, "it ran inside of container %s, and what names meant there went with that: what refuses it is its own policy, or one around",
                started->started.parent);
    return text.is_broken ? "it ran inside of another container" : arena_string(replay->arena, text.data);
}

/* *ret_inside = NULL: it ran inside of none. */
static int look_inside(const struct replay *replay, const char **ret_inside, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int status = run_store_read(replay->store, replay->run, &reader, err);

    *ret_inside = NULL;
    if (status == 0)
        status = event_reader_next(reader, &record, err);
    if (status <= 0 || record.kind != RECORD_STARTED || !record.started.parent)
        return status < 0 ? status : 0;
    *ret_inside = inside_of(replay, &record);
    return *ret_inside ? 0 : error_memory(err);
}

/* What was recorded is all that is known. */
static void judge_recorded(const struct event_record *record, struct origin *ret_rule, struct judged *ret_judged)
{
    bool is_access = record->kind == RECORD_ACCESS;
    const char *reason = is_access ? record->access.reason : record->network.reason;

    *ret_rule = (struct origin){.member = is_access ? record->access.rule : record->network.rule};
    *ret_judged = (struct judged){
        .judgement = strstr(record->type, "denied") ? JUDGED_REFUSED : JUDGED_ALLOWED,
        .errnum = is_access ? record->access.errnum : record->network.errnum,
        .origin = ret_rule->member ? ret_rule : NULL,
        .reason = reason ? reason : "",
    };
}

/* What the plan says of it, and what would allow it. */
static int judge(struct replay *replay, const struct event_record *record, struct why *why, struct judged *judged, struct suggestion *suggestion, struct radius *radius,
                 struct error *err)
{
    const struct suggest_request request = {record->kind == RECORD_NETWORK && record->network.has_request ? record->network.method : NULL,
                                            record->kind == RECORD_NETWORK && record->network.has_request ? record->network.path : NULL};
    int status;

    plan_judge(replay->world.index, why->question, judged);
    if (judged->judgement == JUDGED_ALLOWED || judged->judgement == JUDGED_DEPENDS)
        return 0;
    status = why_settle(&replay->world, why->question, &request, suggestion, radius, err);
    why->suggestion = suggestion;
    why->radius = radius;
    return status;
}

/* `inside` as of look_inside(). */
static int explain_record(struct replay *replay, const struct event_record *record, const char *inside, struct event_reader *again, uint32_t flags,
                          enum cordon_format format, struct text *out, struct error *err)
{
    static struct recorded recorded;
    struct suggestion suggestion = {.none = inside};
    struct radius radius;
    struct origin rule;
    struct judged judged;
    struct why why = {.question = &recorded.question, .judged = &judged, .record = record, .changed = inside ? NULL : changed_of(replay)};
    int status;

    recorded_read(record, NULL, NULL, &recorded);
    why.count = recorded.count ? recorded.count : 1;
    status = count_more(again, record->sequence, &why.count, err);
    if (status < 0)
        return status;
    if (inside) {
        judge_recorded(record, &rule, &judged);
        why.suggestion = judged.judgement == JUDGED_REFUSED ? &suggestion : NULL;
    } else {
        status = judge(replay, record, &why, &judged, &suggestion, &radius, err);
    }
    if (status == 0)
        say(&why, flags, format, out);
    return status;
}

static int why_record(const char *what, uint32_t flags, enum cordon_format format, struct text *out, struct error *err)
{
    auto_replay struct replay replay = {0};
    auto_event_reader struct event_reader *reader = NULL, *again = NULL;
    struct event_record record;
    const char *inside = NULL;
    int status = find_run(&replay, what, err);

    if (status == 0)
        status = look_inside(&replay, &inside, err);

    if (status == 0)
        status = run_store_read(replay.store, replay.run, &reader, err);
    if (status == 0)
        status = run_store_read(replay.store, replay.run, &again, err);
    while (status == 0 && (status = event_reader_next(reader, &record, err)) > 0) {
        status = 0;
        if (!is_same_number(&record, what))
            continue;
        if (record.kind != RECORD_ACCESS && record.kind != RECORD_NETWORK)
            return error_set(err, ERROR_INVALID, EINVAL, "%s is a %s, which nothing refused: see 'cordon runs show'", what, record.type);
        status = inside ? 0 : replay_compile(&replay, err);
        return status < 0 ? status : explain_record(&replay, &record, inside, again, flags, format, out, err);
    }
    return status < 0 ? status : error_set(err, ERROR_NOT_FOUND, ENOENT, "no record %s: see 'cordon why %s'", what, replay.run);
}

/* one run */

static int guess(void *context, const struct question *question, struct judged *ret_judged, struct suggestion *ret_suggestion, struct error *err)
{
    struct replay *replay = context;

    plan_judge(replay->world.index, question, ret_judged);
    *ret_suggestion = (struct suggestion){0};
    if (ret_judged->judgement == JUDGED_ALLOWED || ret_judged->judgement == JUDGED_DEPENDS)
        return 0;
    return why_guess(&replay->world, question, ret_judged, ret_suggestion, err);
}

static int why_run(const char *what, uint32_t flags, enum cordon_format format, struct text *out, struct error *err)
{
    auto_replay struct replay replay = {0};
    auto_event_reader struct event_reader *reader = NULL;
    struct error made = ERROR_INIT;
    struct why_run run = {0};
    bool has_plan;
    int status = replay_begin(&replay, what ? what : "last", err);

    if (status == 0)
        status = run_store_read(replay.store, replay.run, &reader, err);
    if (status == 0)
        status = why_run_read(replay.arena, reader, &run, err);
    if (status < 0)
        return status;
    status = look_inside(&replay, &run.unexplained, err);
    if (status < 0)
        return status;
    has_plan = run.group_count && !run.unexplained && replay_compile(&replay, &made) == 0;
    if (run.group_count && !run.unexplained && !has_plan) {
        run.unexplained = arena_string(replay.arena, made.text);
        if (!run.unexplained)
            return error_memory(err);
    }
    run.changed = has_plan ? changed_of(&replay) : NULL;
    if (format == CORDON_JSON)
        return why_run_print_json(out, &run, has_plan ? guess : NULL, &replay, err);
    return why_run_print_text(out, &run, flags & CORDON_WHY_COLOUR, has_plan ? guess : NULL, &replay, err);
}

int cordon_why_recorded(const char *what, uint32_t flags, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    auto_text struct text out = {0};
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    if (flags & ~CORDON_WHY_COLOUR)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown flags 0x%x", flags);
    status = is_record(what) ? why_record(what, flags, format, &out, public_error(err)) : why_run(what, flags, format, &out, public_error(err));
    return status < 0 ? status : text_take(&out, ret_text, public_error(err));
}
