/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happened on the machine in order, with who did it: one heading for each stretch of one actor's records, and at the end a
 * line for each actor. A person, each container and each part of Cordon are actors of their own, by the log's stamp alone.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auditor/command.h"
#include "auditor/show.h"
#include "base/json.h"
#include "base/memory.h"

#define CHUNK      65536
#define ACTORS_MAX 10000 /* then those that are new are counted together */

struct actor {
    char kind[STAMP_ACTOR_MAX + 1], identity[STAMP_IDENTITY_MAX + 1];
    uint32_t uid;
    char *name; /* as people read it */
    uint64_t records, refused, first_us, last_us;
};

struct timeline {
    const struct options *options;
    struct text text;
    struct actor *actors;
    size_t count, capacity;
    size_t last; /* whose heading stands, ACTORS_MAX = none */
    char day[11];
};

/* An agent is its container, a person a uid, a part of Cordon its name. */
static bool is_same(const struct actor *actor, const struct stamp_label *label, const char *name)
{
    if (strcmp(actor->kind, label->actor) != 0)
        return false;
    if (strcmp(label->actor, "system") == 0)
        return strcmp(actor->name, name) == 0;
    return actor->uid == label->uid && strcmp(actor->identity, label->identity) == 0;
}

static int add_actor(struct timeline *timeline, const struct stamp_label *label, char *name, struct error *err)
{
    if (timeline->count == timeline->capacity) {
        size_t capacity = timeline->capacity ? 2 * timeline->capacity : 64;
        struct actor *larger = mem_resize(timeline->actors, capacity * sizeof(*larger));

        if (!larger)
            return error_memory(err);
        timeline->actors = larger;
        timeline->capacity = capacity;
    }
    timeline->actors[timeline->count] = (struct actor){.uid = label->uid, .name = name};
    memcpy(timeline->actors[timeline->count].kind, label->actor, sizeof(label->actor));
    memcpy(timeline->actors[timeline->count].identity, label->identity, sizeof(label->identity));
    timeline->count++;
    return 0;
}

static int find_actor(struct timeline *timeline, const struct record *record, size_t *ret_actor, struct error *err)
{
    const struct stamp_label *label = &record->entry->stamp.label;
    auto_free char *name = NULL;
    auto_text struct text text = {0};
    int status;

    show_actor(record, &text);
    status = text_take(&text, &name, err);
    if (status < 0)
        return status;
    if (timeline->last < timeline->count && is_same(&timeline->actors[timeline->last], label, name)) {
        *ret_actor = timeline->last;
        return 0;
    }
    for (size_t i = 0; i < timeline->count; i++) {
        if (is_same(&timeline->actors[i], label, name)) {
            *ret_actor = i;
            return 0;
        }
    }
    if (timeline->count == ACTORS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "timeline: more than %d actors: choose a time (--since, --before) or a user", ACTORS_MAX);
    status = add_actor(timeline, label, name, err);
    if (status < 0)
        return status;
    name = NULL;
    *ret_actor = timeline->count - 1;
    return 0;
}

static void write_heading(struct timeline *timeline, const struct actor *actor, const char *when)
{
    const char *instance = strrchr(actor->identity, '/');

    if (strncmp(timeline->day, when, 10) != 0) {
        snprintf(timeline->day, sizeof(timeline->day), "%.10s", when);
        text_printf(&timeline->text, "%s== %s ==\n", timeline->count > 1 ? "\n" : "", timeline->day);
        timeline->last = ACTORS_MAX;
    }
    if (timeline->last == (size_t)(actor - timeline->actors))
        return;
    timeline->last = (size_t)(actor - timeline->actors);
    text_add(&timeline->text, "\n");
    text_add(&timeline->text, actor->name);
    if (instance && strcmp(actor->kind, "agent") == 0) {
        text_add(&timeline->text, ", ");
        text_add_safe(&timeline->text, instance + 1);
    }
    text_add(&timeline->text, "\n");
}

static int take(void *context, const struct record *record, struct error *err)
{
    struct timeline *timeline = context;
    const uint64_t now_us = record_time_us(record);
    char when[32], disposition[FIELD_TEXT_MAX];
    struct actor *actor;
    size_t number = 0;
    int status = find_actor(timeline, record, &number, err);

    if (status < 0)
        return status;
    actor = &timeline->actors[number];
    record_text(record, FIELD_DISPOSITION, disposition);
    actor->refused += strcmp(disposition, "Blocked") == 0 || strcmp(disposition, "Rejected") == 0 || strcmp(disposition, "Unauthorized") == 0;
    if (!actor->records++ || now_us < actor->first_us)
        actor->first_us = now_us;
    if (now_us > actor->last_us)
        actor->last_us = now_us;
    record_time(now_us, when);
    if (timeline->options->is_json) {
        text_printf(&timeline->text, "{\"actor\":%zu,\"entry\":", number);
        show_json(record, &timeline->text);
        if (timeline->text.length)
            timeline->text.length--; /* its newline */
        text_add(&timeline->text, "}\n");
    } else {
        write_heading(timeline, actor, when);
        text_printf(&timeline->text, "  %.12s #%" PRIu64 " ", when + 11, record->entry->index);
        show_deed(record, timeline->options->keys, &timeline->text);
        text_add(&timeline->text, "\n");
    }
    return timeline->text.length < CHUNK ? 0 : say(&timeline->text, err);
}

static void write_actor_json(struct timeline *timeline, size_t number)
{
    const struct actor *actor = &timeline->actors[number];
    struct json json = JSON_INIT(&timeline->text, 0);

    json_begin_object(&json, NULL);
    json_add_uint(&json, "actor", number);
    json_add_string(&json, "kind", actor->kind);
    json_add_uint(&json, "uid", actor->uid);
    json_add_string(&json, "identity", *actor->identity ? actor->identity : NULL);
    json_add_string(&json, "name", actor->name);
    json_add_uint(&json, "records", actor->records);
    json_add_uint(&json, "refused", actor->refused);
    json_add_uint(&json, "firstUs", actor->first_us);
    json_add_uint(&json, "lastUs", actor->last_us);
    json_end(&json);
    text_add(&timeline->text, "\n");
}

static void write_actors(struct timeline *timeline)
{
    char from[32], to[32];

    if (!timeline->options->is_json && timeline->count)
        text_add(&timeline->text, "\nWho did how much:\n");
    for (size_t i = 0; i < timeline->count; i++) {
        const struct actor *actor = &timeline->actors[i];
        const char *instance = strrchr(actor->identity, '/');

        if (timeline->options->is_json) {
            write_actor_json(timeline, i);
            continue;
        }
        record_time(actor->first_us, from);
        record_time(actor->last_us, to);
        text_printf(&timeline->text, "  %-10s %6" PRIu64 " records, %6" PRIu64 " refused, %s to %s: ", actor->kind, actor->records, actor->refused, from, to);
        text_add(&timeline->text, actor->name);
        if (instance && strcmp(actor->kind, "agent") == 0) {
            text_add(&timeline->text, ", ");
            text_add_safe(&timeline->text, instance + 1);
        }
        text_add(&timeline->text, "\n");
    }
}

int command_timeline(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    struct timeline timeline = {.options = options, .last = ACTORS_MAX};
    struct find find;
    int status = desk_open(&desk, options, err);

    if (status == 0) {
        find = desk_find(&desk);
        status = find_records(&find, take, &timeline, err);
    }
    if (status == 0) {
        write_actors(&timeline);
        status = say(&timeline.text, err);
    }
    for (size_t i = 0; i < timeline.count; i++)
        mem_free(timeline.actors[i].name);
    mem_free(timeline.actors);
    text_finish(&timeline.text);
    return status;
}
