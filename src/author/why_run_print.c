/* SPDX-License-Identifier: Apache-2.0 */
/* The refusals of a run, for people and for programs. */
#include <string.h>

#include "author/why.h"
#include "author/why_run.h"
#include "base/json.h"

#define SHOWN_MAX 12

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

/* One line of what to do. */
static void add_instead(struct text *out, const struct judged *judged, const struct suggestion *suggestion)
{
    if (judged->judgement == JUDGED_ALLOWED) {
        text_add(out, "no rule refuses it: permissions of the host's files, or what came before, may have");
    } else if (judged->judgement == JUDGED_DEPENDS) {
        text_add_safe(out, judged->reason);
    } else if (suggestion->none) {
        text_add_safe(out, suggestion->none);
    } else if (suggestion->edit_count) {
        const struct suggest_edit *edit = &suggestion->edits[0];

        text_add(out, edit->removed ? "take away " : "add ");
        text_add_safe(out, edit->removed ? edit->removed->member : edit->value);
        if (!edit->removed)
            text_printf(out, " to %s", edit->member);
        if (suggestion->edit_count > 1)
            text_add(out, ", and more");
    }
}

static int print_group(struct text *out, const struct why_group *group, size_t number, bool has_colour, why_guesser *guess, void *context,
                       struct error *err)
{
    struct suggestion suggestion;
    struct judged judged;
    int status;

    text_printf(out, "%2zu. %s", number, has_colour ? "\033[1m" : "");
    text_add_safe(out, group->object);
    text_add(out, has_colour ? "\033[0m" : "");
    if (group->objects > 1)
        text_printf(out, " and %llu more there", (unsigned long long)group->objects - 1);
    text_printf(out, "\n      %s", group->errno_name ? group->errno_name : "refused");
    if (group->count > 1)
        text_printf(out, ", %llu times", (unsigned long long)group->count);
    if (group->exe) {
        text_add(out, ", by ");
        text_add_safe(out, group->exe);
    }
    text_add(out, "\n");
    why_print_wrapped(out, 6, "because", 9, group->reason && *group->reason ? group->reason : "no rule grants it");
    if (group->rule && *group->rule)
        why_print_wrapped(out, 6, "rule", 9, group->rule);
    if (guess) {
        auto_text struct text instead = {0};

        status = guess(context, &group->question, &judged, &suggestion, err);
        if (status < 0)
            return status;
        add_instead(&instead, &judged, &suggestion);
        why_print_wrapped(out, 6, "instead", 9, instead.data ? instead.data : "");
    }
    text_printf(out, "      more     cordon why %s\n", group->id);
    return 0;
}

/* Of what a source could see, these no source saw. */
static void print_unseen(struct text *out, const struct why_run *run)
{
    auto_text struct text names = {0};

    for (size_t i = 0; i < run->lost_count; i++) {
        text_printf(out, "%llu refusal%s of ", (unsigned long long)run->lost[i].count, plural(run->lost[i].count));
        text_add_safe(out, run->lost[i].source);
        text_add(out, " found no room and are in no record.\n");
    }
    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT_; operation++) {
        if (run->seen & 1u << operation)
            continue;
        text_printf(&names, "%s%s", names.length ? ", " : "Refusals that no source of this run sees: ", operation_name((enum operation)operation));
    }
    if (names.length)
        why_print_wrapped(out, 0, "", 0, names.data);
    if (!(run->seen & 1u << OPERATION_READ))
        text_add(out, "`cordon run --watch full` sees more of them; `cordon why --path FILE` asks without a run.\n");
    for (size_t i = 0; i < run->blind_count; i++) {
        text_add(out, "Not seen by ");
        text_add_safe(out, run->blind[i].name);
        text_add(out, ":\n");
        why_print_wrapped(out, 2, "", 0, run->blind[i].text);
    }
}

int why_run_print_text(struct text *out, const struct why_run *run, bool has_colour, why_guesser *guess, void *context, struct error *err)
{
    int status = 0;

    text_printf(out, "%s", run->run);
    if (run->program) {
        text_add(out, "  ");
        text_add_safe(out, run->program);
    }
    if (run->policy) {
        text_add(out, ", policy ");
        text_add_safe(out, run->policy);
    }
    text_printf(out, "%s%s\n", run->end ? ", " : "", run->end ? run->end : "");
    if (!run->group_count)
        text_add(out, "Nothing that was refused is in its record.\n");
    else
        text_printf(out, "%llu refusal%s, the most consequential first.\n", (unsigned long long)run->count, plural(run->count));
    if (run->asked)
        text_printf(out, "A person was asked %llu time%s and allowed %llu.\n", (unsigned long long)run->asked, plural(run->asked),
                    (unsigned long long)run->allowed);
    if (run->changed) {
        text_add(out, "The plan of today is another: ");
        text_add_safe(out, *run->changed ? run->changed : "the machine or the environment changed");
        text_add(out, "\n");
    }
    if (run->unexplained) {
        text_add(out, "What would allow them cannot be said: ");
        text_add_safe(out, run->unexplained);
        text_add(out, "\n");
    }
    for (size_t i = 0; i < run->group_count && i < SHOWN_MAX && status == 0; i++) {
        text_add(out, "\n");
        status = print_group(out, run->groups[i], i + 1, has_colour, guess, context, err);
    }
    if (run->group_count > SHOWN_MAX)
        text_printf(out, "\nand %zu more kinds: --json has all\n", run->group_count - SHOWN_MAX);
    text_add(out, "\n");
    print_unseen(out, run);
    if (run->damaged)
        text_printf(out, "%llu damaged line%s of the record were passed over.\n", (unsigned long long)run->damaged, plural(run->damaged));
    return status;
}

static int json_group(struct json *json, const struct why_group *group, why_guesser *guess, void *context, struct error *err)
{
    auto_text struct text instead = {0};
    struct suggestion suggestion;
    struct judged judged;
    int status;

    json_begin_object(json, NULL);
    json_add_string(json, "id", group->id);
    json_add_string(json, "operation", operation_name(group->question.operation));
    json_add_string(json, "object", group->object);
    json_add_uint(json, "objects", group->objects);
    json_add_uint(json, "count", group->count);
    json_add_string(json, "program", group->exe);
    json_add_string(json, "errno", group->errno_name);
    json_add_string(json, "rule", group->rule);
    json_add_string(json, "reason", group->reason);
    json_add_string(json, "source", group->source);
    if (guess) {
        status = guess(context, &group->question, &judged, &suggestion, err);
        if (status < 0)
            return status;
        add_instead(&instead, &judged, &suggestion);
        json_add_string(json, "verdict", judgement_name(judged.judgement));
    } else {
        json_add_null(json, "verdict");
    }
    json_add_string(json, "instead", guess ? instead.data ? instead.data : "" : NULL);
    json_end(json);
    return 0;
}

int why_run_print_json(struct text *out, const struct why_run *run, why_guesser *guess, void *context, struct error *err)
{
    struct json json = JSON_INIT(out, 2);
    int status = 0;

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-why/1");
    json_add_string(&json, "run", run->run);
    json_add_string(&json, "program", run->program);
    json_add_string(&json, "policy", run->policy);
    json_add_string(&json, "end", run->end);
    json_add_uint(&json, "refusals", run->count);
    json_add_uint(&json, "asked", run->asked);
    json_add_uint(&json, "allowed", run->allowed);
    json_add_string(&json, "changed", run->changed);
    json_add_string(&json, "unexplained", run->unexplained);
    json_begin_array(&json, "groups");
    for (size_t i = 0; i < run->group_count && status == 0; i++)
        status = json_group(&json, run->groups[i], guess, context, err);
    json_end(&json);
    json_begin_array(&json, "lost");
    for (size_t i = 0; i < run->lost_count; i++) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "source", run->lost[i].source);
        json_add_uint(&json, "count", run->lost[i].count);
        json_end(&json);
    }
    json_end(&json);
    json_begin_array(&json, "unseen");
    for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT_; operation++)
        if (!(run->seen & 1u << operation))
            json_add_string(&json, NULL, operation_name((enum operation)operation));
    json_end(&json);
    json_begin_array(&json, "blind");
    for (size_t i = 0; i < run->blind_count; i++) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "source", run->blind[i].name);
        json_add_string(&json, "text", run->blind[i].text);
        json_end(&json);
    }
    json_end(&json);
    json_add_uint(&json, "damaged", run->damaged);
    json_end(&json);
    text_add(out, "\n");
    return status;
}
