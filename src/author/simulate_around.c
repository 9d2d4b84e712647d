/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The directory in which a name is made. The evaluator takes it for one of the program's where a directory is private to the
 * run; a record knows better: what the host had, and the run did not make itself, is not there under a policy that hides it.
 */
#include "author/simulate_inside.h"

#include <string.h>

static uint64_t hash_add(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u; /* FNV-1a */
    return hash;
}

/* A place in the table for a directory of a run, its own or a free one. */
static uint64_t *slot_of(struct simulation *simulation, const struct simulate_run *run, const char *path, size_t length, uint64_t *ret_hash)
{
    uint64_t hash = hash_add(hash_add(0xcbf29ce484222325u, run->id, strlen(run->id)), path, length) | 1;
    size_t at = (hash ^ hash >> 32) % SIMULATE_MADE;

    while (simulation->made[at] && simulation->made[at] != hash)
        at = (at + 1) % SIMULATE_MADE;
    *ret_hash = hash;
    return &simulation->made[at];
}

static bool is_made(struct simulation *simulation, const struct simulate_run *run, const char *path, size_t length)
{
    uint64_t hash;

    return *slot_of(simulation, run, path, length, &hash) != 0;
}

static void made_add(struct simulation *simulation, const struct simulate_run *run, const char *path)
{
    uint64_t hash, *slot = slot_of(simulation, run, path, strlen(path), &hash);

    if (*slot)
        return;
    if (simulation->made_count >= SIMULATE_MADE * 3 / 4) {
        simulation->is_made_full = true;
        return;
    }
    *slot = hash;
    simulation->made_count++;
}

/* The name that comes to be; NULL = none does. */
static const char *new_name(const struct question *question)
{
    switch (question->operation) {
    case OPERATION_CREATE:
        return question->path;
    case OPERATION_RENAME:
    case OPERATION_LINK:
        return question->second;
    default:
        return NULL;
    }
}

void simulate_around(struct simulation *simulation, const struct simulate_run *run, const struct event_record *record,
                     const struct recorded *recorded, struct judged *judged)
{
    const char *name = record->kind == RECORD_ACCESS ? new_name(&recorded->question) : NULL;
    const char *slash = name ? strrchr(name, '/') : NULL;
    struct question question = {.operation = OPERATION_LOOK, .exists = true, .is_directory = true, .exe = recorded->question.exe};
    struct judged around;
    char path[PATH_MAX] not_initialised;

    if (!slash || slash == name)
        return;
    if (judged->judgement == JUDGED_ALLOWED && !simulation->is_made_full &&
        !is_made(simulation, run, name, (size_t)(slash - name))) {
        memcpy(path, name, (size_t)(slash - name));
        path[slash - name] = '\0';
        question.path = path;
        plan_judge(simulation->index, &question, &around);
        if (around.judgement == JUDGED_HIDDEN && record->access.outside) {
            around.what = NULL; /* the directory's name is gone when this returns */
            *judged = around;
        } else if (around.judgement == JUDGED_HIDDEN) {
            judged->judgement = JUDGED_DEPENDS;
            judged->reason = "whether the directory is there: the host has none, and the run did not make it";
        }
    }
    if (recorded->verdict == RECORDED_ALLOWED && recorded->question.is_directory)
        made_add(simulation, run, name);
}
