/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/unproved.h"

#include <string.h>

#include "base/json.h"

static const char *const names[] = {[SERVICE_NONE] = "none", [SERVICE_OF_USER] = "user", [SERVICE_OF_SYSTEM] = "system"};
static const char *const phrases[] = {[SERVICE_NONE] = "no service", [SERVICE_OF_USER] = "the user's own service", [SERVICE_OF_SYSTEM] = "the machine's service"};

const char *service_name(enum service_of of)
{
    return names[of];
}

const char *service_phrase(enum service_of of)
{
    return phrases[of];
}

enum service_of service_parse(const char *name)
{
    for (size_t i = 0; name && i < ARRAY_COUNT(names); i++)
        if (strcmp(names[i], name) == 0)
            return (enum service_of)i;
    return SERVICE_NONE;
}

struct known {
    enum service_of of;
    const char *const *proof;
    size_t proof_count;
    const char *protection;
};

static bool is_proved_by(const struct known *known, const char *word)
{
    for (size_t i = 0; i < known->proof_count; i++)
        if (strcmp(known->proof[i], word) == 0)
            return true;
    return false;
}

static bool is_own(const struct known *known)
{
    return known->of != SERVICE_OF_SYSTEM;
}

static bool lacks_login_uid(const struct known *known)
{
    return !is_proved_by(known, "loginuid");
}

static bool lacks_uid(const struct known *known)
{
    return !is_proved_by(known, "uid");
}

/* With any of the others each process of it is known by something that it cannot leave. */
static bool lacks_all(const struct known *known)
{
    return !is_proved_by(known, "loginuid") && !is_proved_by(known, "uid") && !is_proved_by(known, "cgroup") && !is_proved_by(known, "pidfd");
}

static bool lacks_tpm(const struct known *known)
{
    return known->protection && strcmp(known->protection, "file") == 0;
}

static const struct {
    struct unproved row;
    bool (*holds)(const struct known *known);
} rows[] = {
    {{"signatures", "the authority's keys are this user's: whoever has this user's rights can sign any certificate or token about them"}, is_own},
    {{"records", "what is recorded of it is written by this user's processes: whoever has this user's rights can write other records"}, is_own},
    {{"audit", "its processes have no login uid of their own: the kernel's audit records name the login of whoever started it"}, lacks_login_uid},
    {{"files", "its processes have no uid of their own: files and sockets outside that it made are the caller's like any others"}, lacks_uid},
    {{"descendants", "nothing in the kernel holds its processes together: one that left its parent is not told from the caller's own"}, lacks_all},
    {{"keys", "the authority's keys are in a file: whoever could read the disk can sign what it signs"}, lacks_tpm},
};
_Static_assert(ARRAY_COUNT(rows) == UNPROVED_MAX, "as many as there is room for");

size_t unproved_find(enum service_of of, const char *const *proof, size_t proof_count, const char *protection, const struct unproved *ret_rows[UNPROVED_MAX])
{
    const struct known known = {.of = of, .proof = proof, .proof_count = proof_count, .protection = protection};
    size_t count = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].holds(&known))
            ret_rows[count++] = &rows[i].row;
    return count;
}

void unproved_write(struct json *json, const struct unproved *const *found, size_t count)
{
    json_begin_array(json, "unproved");
    for (size_t i = 0; i < count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "what", found[i]->what);
        json_add_string(json, "why", found[i]->why);
        json_end(json);
    }
    json_end(json);
}
