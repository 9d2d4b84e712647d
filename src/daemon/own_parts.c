/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the launcher and the signer tell cordond of what they did, as records of theirs: neither writes the log itself, because the one parses nothing and
 * both have nobody to wait for. The words here are theirs, taken as such: what is no plain text of them stands in no record.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/own.h"
#include "launcher/launch.h"

#define AUDIENCES_SIZE 2048

/* So many were not told: a record of its own, in front of the one that says so. */
static void say_lost(struct core *core, enum own_writer as, const char *name, uint64_t count)
{
    struct own_record record;

    if (!count)
        return;
    own_record_begin(core, &record, as, "log.lost", clock_real_ns());
    json_add_string(&record.json, "writer", name);
    json_add_uint(&record.json, "count", count);
    json_add_string(&record.json, "text", "cordond was not there to hear of them, or too slow");
    own_record_end(core, &record);
}

/* ---- the launcher ---- */

static void add_number(struct json *json, const char *member, uint32_t number)
{
    if (number != UINT32_MAX)
        json_add_uint(json, member, number);
}

static void tell_began(struct own_record *record, const struct launch_note *note)
{
    char text[sizeof(note->text) + 64];

    snprintf(text, sizeof(text), "%u uids from %u on%s%s", note->count, note->uid, *note->text ? "; " : "", note->text);
    json_add_string(&record->json, "name", "cordon-launcher");
    json_add_string(&record->json, "text", text);
}

static void tell_keeper(struct own_record *record, const struct launch_note *note)
{
    json_add_string(&record->json, "entity", "Keeper");
    json_add_string(&record->json, "name", note->group);
    json_add_uint(&record->json, "pid", note->pid);
    add_number(&record->json, "loginUid", note->login_uid); /* its user's: a keeper has none of its own */
}

static void tell_owned(struct own_record *record, const struct launch_note *note)
{
    char name[32];

    snprintf(name, sizeof(name), "%u-%u", note->uid, note->uid + note->count - 1);
    json_add_string(&record->json, "entity", "Uids");
    json_add_string(&record->json, "name", name);
    add_number(&record->json, "uid", note->uid);
    json_add_uint(&record->json, "uids", note->count);
    json_add_string(&record->json, "text", "for ever");
}

/* By what it was called when it was made: one that stood ready becomes a run under another id. Both have the control group, by which the auditor finds it. */
static void tell_session(struct own_record *record, const struct launch_note *note)
{
    struct json *json = &record->json;

    json_add_string(json, "target", note->id);
    json_add_string(json, "entity", "Session");
    json_add_string(json, "group", note->group);
    json_add_uint(json, "pid", note->pid);
    add_number(json, "uid", note->uid);
    add_number(json, "loginUid", note->login_uid);
    add_number(json, "session", note->session);
    if (*note->text)
        json_add_string(json, "cgroup", note->text);
}

static void tell_refused(struct own_record *record, const struct launch_note *note)
{
    static const char *const operations[] = {"connect", "keeper", "attach", "spawn", "idmap", "limit", "order", "count", "end", "admit", "nester", "keep", "kept", "again", "hear"};
    char text[sizeof(note->text) + 64];

    _Static_assert(ARRAY_COUNT(operations) == LAUNCH_TYPE_COUNT_, "one for each type, and for what is none");
    snprintf(text, sizeof(text), "%s", note->text);
    if (note->count)
        snprintf(text + strlen(text), sizeof(text) - strlen(text), " (and %u others since the last of these records)", note->count);
    json_add_string(&record->json, "operation", note->type < ARRAY_COUNT(operations) ? operations[note->type] : "unknown");
    json_add_string(&record->json, "service", "cordon-launcher");
    json_add_string(&record->json, "endpoint", "launcher socket");
    if (*note->id)
        json_add_string(&record->json, "target", note->id);
    json_add_string(&record->json, "outcome", "refused");
    json_add_string(&record->json, "text", text);
    if (!note->pid)
        return;
    json_begin_object(&record->json, "peer");
    json_add_uint(&record->json, "pid", note->pid);
    json_end(&record->json);
}

static const struct {
    const char *type;
    void (*tell)(struct own_record *record, const struct launch_note *note);
} launcher_rows[LAUNCH_NOTED_COUNT_] = {
    [LAUNCH_NOTED_BEGAN] = {"daemon.started", tell_began},    [LAUNCH_NOTED_KEEPER] = {"keeper.started", tell_keeper},
    [LAUNCH_NOTED_KEEPER_ENDED] = {"keeper.ended", tell_keeper}, [LAUNCH_NOTED_OWNED] = {"uids.owned", tell_owned},
    [LAUNCH_NOTED_GIVEN] = {"session.opened", tell_session},  [LAUNCH_NOTED_TAKEN] = {"session.closed", tell_session},
    [LAUNCH_NOTED_REFUSED] = {"control.called", tell_refused},
};

void own_tell_launcher(struct core *core, const struct launch_note *note)
{
    struct own_record record;

    say_lost(core, OWN_LAUNCHER, "cordon-launcher", note->lost);
    own_record_begin(core, &record, OWN_LAUNCHER, launcher_rows[note->kind].type, note->time_ns);
    record.has_user = note->user != UINT32_MAX;
    record.uid = record.has_user ? note->user : 0;
    launcher_rows[note->kind].tell(&record, note);
    own_record_end(core, &record);
}

/* ---- the signer ---- */

/* Of spiffe://.../user/1000/agent/coder/INSTANCE[/sub/INSTANCE]: the user and the innermost instance, which is the run. */
static void find_in_name(const char *name, struct own_record *record)
{
    const char *user = strstr(name, "/user/"), *agent = user ? strstr(user, "/agent/") : NULL;
    unsigned long uid = user ? strtoul(user + 6, NULL, 10) : UINT32_MAX;

    record->has_user = uid < UINT32_MAX;
    record->uid = record->has_user ? (uint32_t)uid : 0;
    record->run = agent ? strrchr(name, '/') + 1 : NULL;
}

static void add_audiences(struct json *json, const struct protocol_message *message)
{
    char joined[AUDIENCES_SIZE];
    struct protocol_field field;
    size_t used = 0;

    for (size_t at = 0; protocol_next(message, &at, &field);)
        if (field.tag == TAG_SIGN_AUDIENCE && used < sizeof(joined))
            used += (size_t)snprintf(joined + used, sizeof(joined) - used, "%s%s", used ? " " : "", (const char *)field.data);
    if (used)
        json_add_string(json, "audience", joined);
}

static void add_time(struct json *json, const char *member, uint64_t seconds_since)
{
    time_t seconds = (time_t)seconds_since;
    char text[40];
    struct tm tm;

    if (!seconds_since || !gmtime_r(&seconds, &tm))
        return;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
    json_add_string(json, member, text);
}

static void add_text(struct json *json, const char *member, const char *text)
{
    if (text && *text)
        json_add_string(json, member, text);
}

void own_tell_signer(struct core *core, const struct protocol_message *message)
{
    static const char *const codes[] = {"issued", "renewed", "exchanged", "signed", "refused", "rotated", "destroyed"};
    const char *code = protocol_text(message, TAG_CODE), *name = protocol_text(message, TAG_SIGN_NAME);
    uint64_t ms = protocol_number(message, TAG_CREATED_MS, 0), count = protocol_number(message, TAG_COUNT, 0);
    struct own_record record;
    char type[64];
    size_t i = 0;

    while (i < ARRAY_COUNT(codes) && strcmp(codes[i], code) != 0)
        i++;
    if (i == ARRAY_COUNT(codes))
        return;
    say_lost(core, OWN_SIGNER, "cordon-signer", protocol_number(message, TAG_NUMBER, 0));
    snprintf(type, sizeof(type), "identity.%s", codes[i]);
    own_record_begin(core, &record, OWN_SIGNER, type, ms ? ms * NS_PER_MS : clock_real_ns());
    if (name && *name)
        find_in_name(name, &record);
    add_text(&record.json, "name", name && *name ? name : "authority");
    add_text(&record.json, "run", record.run);
    add_text(&record.json, "kind", protocol_text(message, TAG_SIGN_WHAT));
    add_text(&record.json, "serial", protocol_text(message, TAG_ID));
    add_audiences(&record.json, message);
    add_time(&record.json, "expires", protocol_number(message, TAG_SIGN_UNTIL, 0));
    add_text(&record.json, "keyProtection", protocol_text(message, TAG_SIGN_PROTECTION));
    add_text(&record.json, "text", protocol_text(message, TAG_TEXT));
    if (count)
        json_add_uint(&record.json, "count", count);
    own_record_end(core, &record);
}
