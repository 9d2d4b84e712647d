/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/query.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

bool query_actor(const char *actor, const char *wanted)
{
    return strcmp(actor, wanted) == 0;
}

/* Is `wanted` one of the names between the slashes behind "/agent/"? */
static bool has_part(const char *identity, const char *wanted)
{
    const char *at = strstr(identity, "/agent/");
    size_t size = strlen(wanted);

    while (at) {
        at++;
        if (strncmp(at, wanted, size) == 0 && (at[size] == '/' || !at[size]))
            return true;
        at = strchr(at, '/');
    }
    return false;
}

bool query_agent(const char *identity, const char *wanted)
{
    size_t size = strlen(wanted);

    if (strncmp(wanted, "spiffe://", 9) == 0)
        return strncmp(identity, wanted, size) == 0 && (!identity[size] || identity[size] == '/' || wanted[size - 1] == '/');
    return size && !strchr(wanted, '/') && strcmp(wanted, "agent") != 0 && strcmp(wanted, "sub") != 0 && has_part(identity, wanted);
}

bool query_kind(const char *kind, const char *wanted)
{
    size_t size = strlen(wanted);

    return strncmp(kind, wanted, size) == 0 && (!kind[size] || kind[size] == '.');
}

bool query_is_pattern(const char *object)
{
    return strpbrk(object, "*?[") != NULL;
}

bool query_object(const char *object, const char *wanted)
{
    size_t size = strlen(wanted);

    if (!*object || !size)
        return false;
    if (query_is_pattern(wanted))
        return fnmatch(wanted, object, 0) == 0;
    if (size > 1 && wanted[size - 1] == '/')
        size--;
    return strncmp(object, wanted, size) == 0 && (!object[size] || object[size] == '/' || wanted[size - 1] == '/');
}

/* What a part of Cordon says of whom something was done for is believed; of anybody else the name is his own word. */
static bool matches_user(const struct query *query, const struct record *record)
{
    char number[16], text[FIELD_TEXT_MAX];

    snprintf(number, sizeof(number), "%u", record->entry->stamp.label.uid);
    if (strcmp(number, query->user) == 0 || (query->user_id && strcmp(number, query->user_id) == 0))
        return true;
    if (query->user_id && strcmp(record->entry->stamp.label.actor, "system") != 0)
        return false;
    return strcmp(record_text(record, FIELD_USER, text), query->user) == 0;
}

/* One that stood ready was given what it has before it was any run's: those records have no run. */
static bool is_of_session(const struct query *query, const struct record *record)
{
    char number[16], text[FIELD_TEXT_MAX];

    if (!*query->session || strcmp(record->entry->stamp.label.actor, "system") != 0 || !query_kind(record_text(record, FIELD_CODE, text), "session"))
        return false;
    snprintf(number, sizeof(number), "%u", query->session_uid);
    return strcmp(record_text(record, FIELD_ENTITY_ID, text), query->session) == 0 && strcmp(record_text(record, FIELD_USER_ID, text), number) == 0;
}

static bool matches_object(const struct record *record, const char *wanted)
{
    char text[FIELD_TEXT_MAX];

    for (enum field field = FIELD_OBJECTS; field < FIELD_COUNT_; field++)
        if (query_object(record_text(record, field, text), wanted))
            return true;
    return false;
}

bool query_matches(const struct query *query, const struct record *record)
{
    const struct stamp *stamp = &record->entry->stamp;
    char text[FIELD_TEXT_MAX];

    if (!record->entry->is_stamped)
        return false;
    if (query->since_us && record_time_us(record) < query->since_us)
        return false;
    if (query->until_us && record_time_us(record) >= query->until_us)
        return false;
    if (query->actor && !query_actor(stamp->label.actor, query->actor))
        return false;
    if (query->agent && !query_agent(stamp->label.identity, query->agent))
        return false;
    if (query->kind && !query_kind(record_text(record, FIELD_CODE, text), query->kind))
        return false;
    if (query->run && strcmp(record_text(record, FIELD_RUN, text), query->run) != 0 && !is_of_session(query, record))
        return false;
    if (query->user && !matches_user(query, record))
        return false;
    return !query->object || matches_object(record, query->object);
}
