/* SPDX-License-Identifier: Apache-2.0 */
/* The changes of a run for programs. */
#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "review/inside.h"

static void json_time(struct json *json, const char *key, uint64_t ns)
{
    time_t seconds = (time_t)(ns / NS_PER_S);
    char text[40], whole[24];
    struct tm tm;

    if (!ns) {
        json_add_null(json, key);
        return;
    }
    gmtime_r(&seconds, &tm);
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text, sizeof(text), "%s.%09uZ", whole, (unsigned)(ns % NS_PER_S));
    json_add_string(json, key, text);
}

static void json_object(struct json *json, const char *key, const struct object *object, const char *link)
{
    char mode[8];

    if (!object->mode) {
        json_add_null(json, key);
        return;
    }
    snprintf(mode, sizeof(mode), "%04o", (unsigned)object->mode & 07777);
    json_begin_object(json, key);
    json_add_string(json, "kind", object_kind(object->mode));
    json_add_string(json, "mode", mode);
    json_add_uint(json, "size", object->size);
    json_add_string(json, "link", link);
    json_end(json);
}

static void json_act(struct json *json, const char *key, const struct act *act)
{
    if (!act->time_ns) {
        json_add_null(json, key);
        return;
    }
    json_begin_object(json, key);
    json_add_string(json, "exe", act->exe);
    json_add_uint(json, "pid", act->process);
    json_time(json, "time", act->time_ns);
    json_end(json);
}

static int json_change(struct json *json, const struct review *review, const struct change *change, struct error *err)
{
    const char *path = review_name_outside(review, review->arena, change);
    const char *inside = review_name_inside(review, review->arena, change);

    if (!path || !inside)
        return error_memory(err);
    json_begin_object(json, NULL);
    json_add_string(json, "change", change_name(change));
    json_add_string(json, "path", path);
    json_add_string(json, "inside", inside);
    json_add_string(json, "from", change->from);
    json_object(json, "before", &change->before, NULL);
    json_object(json, "after", &change->after, change->link);
    json_act(json, "first", &change->first);
    json_act(json, "last", &change->last);
    json_add_string(json, "refused", change->refused);
    json_add_string(json, "conflict", change->conflict);
    json_end(json);
    return 0;
}

int show_json(struct text *out, const struct review *review, struct change *const *changes, size_t total, struct error *err)
{
    struct json json = JSON_INIT(out, 2);
    char digest[DIGEST_TEXT_SIZE];
    int status = bound_digest(review, digest, err);

    if (status < 0)
        return status;
    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-review/1");
    json_add_string(&json, "run", review->run);
    json_add_string(&json, "command", review->command);
    json_add_bool(&json, "running", review->is_running);
    json_time(&json, "started", review->started_ns);
    json_add_string(&json, "digest", *digest ? digest : NULL);
    notes_json(&json, review);
    json_begin_array(&json, "changes");
    for (size_t i = 0; i < total && status == 0; i++)
        status = json_change(&json, review, changes[i], err);
    json_end(&json);
    json_end(&json);
    text_add(out, "\n");
    return status;
}
