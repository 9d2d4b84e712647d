/* SPDX-License-Identifier: Apache-2.0 */
/* Profiles by name, and folding them into the document that extends them. */
#include "policy/read/profile.h"

#include <string.h>

#include "policy/read/reader.h"

const struct profile *profile_find(const struct profile_set *set, const char *name)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->profiles[i].name, name) == 0)
            return &set->profiles[i];
    return NULL;
}

const char *profile_text(const char *name)
{
    const struct profile *profile = profile_find(&builtin_profiles, name);

    return profile ? profile->text : NULL;
}

static bool is_folded(const struct reader *reader, const char *name)
{
    for (size_t i = 0; i < reader->folded_count; i++)
        if (strcmp(reader->folded[i], name) == 0)
            return true;
    return false;
}

static int check_trail(const struct reader *reader, const struct place *place, const char *name)
{
    for (const struct profile_trail *trail = reader->trail; trail; trail = trail->up)
        if (strcmp(trail->name, name) == 0)
            return reader_refuse(reader, place, "profile '%s' extends itself", name);
    if (reader->trail && reader->trail->depth >= PROFILE_DEPTH_MAX)
        return reader_refuse(
            reader, place,
            "profiles extend each other more than " STRINGIFY(PROFILE_DEPTH_MAX) " deep");
    return 0;
}

/* A profile counts once, where it was named first: what several extend is not repeated. */
int reader_fold_profile(struct reader *reader, const struct place *place, const char *name)
{
    const struct profile *profile = profile_find(reader->profiles, name);
    struct profile_trail trail = {.up = reader->trail, .name = profile->name, .depth = 1};
    struct reader inner = *reader;
    const char **folded;
    int status = check_trail(reader, place, name);

    if (status < 0 || is_folded(reader, name))
        return status;
    folded = arena_append(reader->arena, reader->folded, reader->folded_count);
    if (!folded)
        return error_memory(reader->err);
    *folded = profile->name;
    trail.depth = reader->trail ? reader->trail->depth + 1 : 1;
    inner.folded = reader->folded;
    inner.folded_count = reader->folded_count;
    inner.trail = &trail;
    inner.file = NULL;
    inner.layer = inner.name = arena_printf(reader->arena, "profile %s", profile->name);
    if (!inner.layer)
        return error_memory(reader->err);
    status = reader_read_document(&inner, profile->root);
    reader->folded = inner.folded;
    reader->folded_count = inner.folded_count;
    return status;
}
