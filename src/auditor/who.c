/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/who.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define NAME_SIZE 257 /* LOGIN_NAME_MAX and NUL */
#define KNOWN_MAX 64

static bool is_text(const struct record *record, enum field field, const char *wanted)
{
    char text[FIELD_TEXT_MAX];

    return scan_text(record->fields[field], text, sizeof(text)) && strcmp(text, wanted) == 0;
}

static bool is_system(const struct record *record)
{
    return strcmp(record->entry->stamp.label.actor, "system") == 0;
}

/* The log's own records are not written by anybody, and have none of it. */
static bool is_logs_own(const struct record *record)
{
    return record->fields[FIELD_ACTOR].kind == SCAN_NONE && is_system(record);
}

bool who_is_so(const struct record *record)
{
    const struct stamp_label *label = &record->entry->stamp.label;
    const bool is_agent = strcmp(label->actor, "agent") == 0;
    char uid[16];

    if (record->is_unclear)
        return false;
    if (is_logs_own(record))
        return true;
    snprintf(uid, sizeof(uid), "%u", label->uid);
    if (!is_text(record, FIELD_ACTOR, label->actor) || (!is_system(record) && !is_text(record, FIELD_USER_ID, uid)))
        return false;
    return is_agent ? is_text(record, FIELD_INSTANCE, label->identity) : record->fields[FIELD_INSTANCE].kind == SCAN_NONE;
}

/* No service of names is asked here: this process has nobody that it may talk to. */
static bool is_somebody_elses(const char *name, uint32_t uid)
{
    FILE *users = fopen("/etc/passwd", "re");
    const struct passwd *user;
    bool has_name = false, has_both = false;

    while (users && (user = fgetpwent(users)))
        if (strcmp(user->pw_name, name) == 0) {
            has_name = true;
            has_both |= user->pw_uid == uid;
        }
    if (users)
        fclose(users);
    return has_name && !has_both;
}

/* The same few, again and again. */
static bool is_believed(const char *name, uint32_t uid)
{
    static struct {
        char name[NAME_SIZE];
        uint32_t uid;
        bool is_believed;
    } known[KNOWN_MAX];
    const size_t size = strlen(name), at = (hash_mix(HASH_START, name, size) + uid) % KNOWN_MAX;

    if (size >= NAME_SIZE) /* longer than any */
        return false;
    if (strcmp(known[at].name, name) != 0 || known[at].uid != uid) {
        memcpy(known[at].name, name, size + 1);
        known[at].uid = uid;
        known[at].is_believed = !is_somebody_elses(name, uid);
    }
    return known[at].is_believed;
}

const char *who_name(const struct record *record, char ret_name[FIELD_TEXT_MAX])
{
    record_text(record, FIELD_USER, ret_name);
    if (*ret_name && !is_system(record) && !is_believed(ret_name, record->entry->stamp.label.uid))
        *ret_name = '\0';
    return ret_name;
}

const char *who_id(const char *name)
{
    static char uid[16];
    const struct passwd *user = name && *name ? getpwnam(name) : NULL;

    if (!user)
        return NULL;
    snprintf(uid, sizeof(uid), "%u", user->pw_uid);
    return uid;
}
