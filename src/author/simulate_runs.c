/* SPDX-License-Identifier: Apache-2.0 */
/* The runs whose records are being taken: a file may hold those of many, one behind the other or mixed. */
#include <errno.h>
#include <string.h>

#include "author/simulate_inside.h"

static struct simulate_run **bucket_of(struct simulation *simulation, const char *id)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 0x100000001b3u;
    return &simulation->buckets[(hash ^ hash >> 32) % SIMULATE_BUCKETS];
}

struct simulate_run *simulate_run_of(struct simulation *simulation, const char *id)
{
    struct simulate_run **bucket, *run = simulation->run;

    if (run && strcmp(run->id, id) == 0)
        return run;
    bucket = bucket_of(simulation, id);
    for (run = *bucket; run && strcmp(run->id, id) != 0;)
        run = run->next;
    if (!run) {
        run = mem_alloc(sizeof(*run));
        if (!run)
            return NULL;
        memcpy(run->id, id, strnlen(id, RUN_ID_LENGTH));
        run->next = *bucket;
        *bucket = run;
        simulation->sum.runs++;
    }
    simulation->run = run;
    return run;
}

void simulation_end_runs(struct simulation *simulation)
{
    for (size_t i = 0; i < SIMULATE_BUCKETS; i++)
        while (simulation->buckets[i]) {
            struct simulate_run *run = simulation->buckets[i];

            simulation->buckets[i] = run->next;
            mem_free(run->workspace);
            mem_free(run->seen);
            mem_free(run);
        }
    simulation->run = NULL;
}

int simulate_seen_add(struct simulate_run *run, const struct simulate_seen *seen, struct error *err)
{
    if (run->seen_count == run->seen_room) {
        size_t room = run->seen_room ? run->seen_room * 2 : 256;
        struct simulate_seen *more = mem_resize(run->seen, room * sizeof(*more));

        if (!more)
            return error_memory(err);
        run->seen = more;
        run->seen_room = room;
    }
    run->seen[run->seen_count++] = *seen;
    return 0;
}

const struct simulate_seen *simulate_seen_find(const struct simulate_run *run, unsigned sequence)
{
    size_t low = 0, high = run->seen_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (run->seen[middle].sequence == sequence)
            return &run->seen[middle];
        if (run->seen[middle].sequence < sequence)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
