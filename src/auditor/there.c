/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/there.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct there_entry {
    size_t run; /* its place among the sorted */
    uint64_t number;
};

static int compare_runs(const void *a, const void *b)
{
    const char *const *x = a, *const *y = b;

    return strcmp(*x, *y);
}

static int compare_entries(const void *a, const void *b)
{
    const struct there_entry *x = a, *y = b;

    if (x->run != y->run)
        return x->run < y->run ? -1 : 1;
    return x->number < y->number ? -1 : x->number > y->number;
}

/* Its place, or run_count. */
static size_t place_of(const struct there *there, const char *run)
{
    const char **found = bsearch(&run, there->runs, there->run_count, sizeof(*there->runs), compare_runs);

    return found ? (size_t)(found - there->runs) : there->run_count;
}

static int note(void *context, const struct record *record, struct error *err)
{
    struct there *there = context;
    char text[FIELD_TEXT_MAX];
    size_t run = place_of(there, record_text(record, FIELD_RUN, text));
    const char *end = strrchr(record_text(record, FIELD_ID, text), '.');
    unsigned long long number;

    if (run == there->run_count || !end || sscanf(end + 1, "%llu", &number) != 1)
        return 0;
    if (there->count == there->room) {
        const size_t room = there->room ? 2 * there->room : 64;
        struct there_entry *larger = mem_resize(there->entries, room * sizeof(*larger));

        if (!larger)
            return error_memory(err);
        there->entries = larger;
        there->room = room;
    }
    there->entries[there->count++] = (struct there_entry){run, number};
    return 0;
}

int there_read(struct there *there, const struct desk *log, const struct run_store *store, const char *run, struct error *err)
{
    struct find find = desk_find(log);
    int status;

    there->run_count = run ? 1 : run_store_count(store);
    there->runs = mem_alloc((there->run_count + 1) * sizeof(*there->runs));
    if (!there->runs)
        return error_memory(err);
    for (size_t i = 0; i < there->run_count; i++)
        there->runs[i] = run ? run : run_store_id(store, i);
    qsort(there->runs, there->run_count, sizeof(*there->runs), compare_runs);
    find.query = (struct query){.run = run};
    find.first = find.until = 0;
    find.proves = false;
    status = find_records(&find, note, there, err);
    if (there->count)
        qsort(there->entries, there->count, sizeof(*there->entries), compare_entries);
    return status;
}

bool there_has(const struct there *there, const char *run, uint64_t number)
{
    const struct there_entry wanted = {place_of(there, run), number};

    return there->count && wanted.run < there->run_count && bsearch(&wanted, there->entries, there->count, sizeof(wanted), compare_entries);
}

void there_free(struct there *there)
{
    mem_free(there->runs);
    mem_free(there->entries);
}
