/* SPDX-License-Identifier: Apache-2.0 */
/* The runs that wait to be committed or discarded; the changes of one, one after another. */
#include <string.h>

#include "base/json.h"
#include "review/inside.h"

static int tell_one(const struct review *review, const struct change *change, int (*hear)(void *context, const struct review_told *told, struct error *err),
                    void *context, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct review_told told = {.what = change_name(change), .kind = object_kind(change->after.mode ? change->after.mode : change->before.mode)};
    int status = 0;

    told.path = arena ? review_name_outside(review, arena, change) : NULL;
    if (told.path && change->from)
        told.from = arena_printf(arena, "%s/%s", review->trees[change->tree].source, change->from);
    if (!told.path || (change->from && !told.from))
        status = error_memory(err);
    return status < 0 ? status : hear(context, &told, err);
}

int review_each(struct review *review, int (*hear)(void *context, const struct review_told *told, struct error *err), void *context, struct error *err)
{
    int status = review_looked(review, err);

    for (size_t i = 0; status == 0 && i < review->change_count; i++)
        status = tell_one(review, &review->changes[i], hear, context, err);
    return status;
}

int review_list(const char *runs_path, bool is_json, struct text *out, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct json json = JSON_INIT(out, 2);
    char **names = NULL;
    size_t count = 0;
    int status = arena ? review_waiting(runs_path, arena, &names, &count, err) : error_memory(err);

    if (status < 0)
        return status;
    if (is_json)
        json_begin_array(&json, NULL);
    for (size_t i = 0; i < count; i++) {
        auto_review struct review *review = NULL;
        struct error failure = ERROR_INIT;
        const char *recovered = "", *why = NULL;

        status = review_open(runs_path, names[i], &review, &recovered, &failure);
        if (!review || review->stuck.kind)
            why = review ? review->stuck.text : failure.text;
        if (is_json) {
            json_begin_object(&json, NULL);
            json_add_string(&json, "run", names[i]);
            json_add_string(&json, "command", review ? review->command : NULL);
            json_add_string(&json, "workspace", review ? review->workspace : NULL);
            json_add_bool(&json, "running", review && review->is_running);
            json_add_string(&json, "recovered", *recovered ? recovered : NULL);
            json_add_string(&json, "error", why);
            json_end(&json);
            continue;
        }
        text_printf(out, "%s  ", names[i]);
        text_add_safe(out, review && *review->workspace ? review->workspace : why);
        if (review) {
            text_add(out, review->is_running ? "  (under way)  " : "  ");
            text_add_safe(out, review->command);
            if (*recovered)
                text_printf(out, "  (%s)", recovered);
            if (why)
                text_printf(out, "  (%s)", why);
        }
        text_add(out, "\n");
    }
    if (is_json)
        json_end(&json);
    if (is_json)
        text_add(out, "\n");
    else if (!count)
        text_add(out, "no reviewed run waits\n");
    return 0;
}
