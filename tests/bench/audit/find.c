/* SPDX-License-Identifier: Apache-2.0 */
/* How long an index of COUNT records takes, a search by it, and one that reads everything: `find COUNT`. */
#include <stdio.h>
#include <stdlib.h>

#include "../../unit/auditor/trail.h"
#include "base/clock.h"
#include "test.h"

static int count_one(void *context, const struct record *record, struct error *err)
{
    (void)record;
    (void)err;
    ++*(uint64_t *)context;
    return 0;
}

static double since(uint64_t start_ns)
{
    return (double)(clock_monotonic_ns() - start_ns) / 1e9;
}

static void search(const char *what, struct reader *reader, struct index *index, const struct query *query, bool proves)
{
    const struct find find = {.reader = reader, .index = index, .query = *query, .proves = proves};
    uint64_t found = 0, start = clock_monotonic_ns();

    if (find_records(&find, count_one, &found, NULL) < 0)
        exit(1);
    printf("%-46s %8llu found in %8.3f s\n", what, (unsigned long long)found, since(start));
}

TEST(searching)
{
    const char *count = getenv("CORDON_BENCH_RECORDS");
    const unsigned records = count ? (unsigned)strtoul(count, NULL, 10) : 100000;
    const struct query by_path = {.object = "/etc/shadow", .kind = "access.denied", .agent = "reviewer"}, by_name = {.object = "192.0.2.1", .run = "01m6e7gcr0t8v6yqk3x5a9b2c0", .user = "bert"};
    struct trail trail;
    struct index *index = NULL;
    uint64_t start;

    trail_open(&trail);
    trail_fill(&trail, records);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    start = clock_monotonic_ns();
    const struct index_options options = {.file = trail.index};
    check_int(index_open(&options, reader, &index, NULL), 0);
    check_int(index_update(index, reader, NULL), 0);
    printf("index of %u records: %.3f s, %.0f a second\n", records, since(start), records / since(start));
    search("by path, kind and agent, by the index", reader, index, &by_path, true);
    search("the same, everything read", reader, NULL, &by_path, true);
    search("by address, run and user, by the index", reader, index, &by_name, true);
    search("the same, everything read", reader, NULL, &by_name, false);
    index_close(index);
    trail_close(&trail);
}
