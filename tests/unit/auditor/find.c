/* SPDX-License-Identifier: Apache-2.0 */
/* The index finds what reading everything finds, whatever is in it. */
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auditor/show.h"
#include "base/file.h"
#include "base/memory.h"
#include "test.h"
#include "trail.h"

#define LEAVES_MAX 4096

struct found {
    uint64_t leaves[LEAVES_MAX];
    size_t count;
};

static int take(void *context, const struct record *record, struct error *err)
{
    struct found *found = context;

    (void)err;
    check(found->count < LEAVES_MAX);
    found->leaves[found->count++] = record->entry->index;
    return 0;
}

static void search(struct reader *reader, struct index *index, const struct query *query, struct found *ret_found)
{
    const struct find find = {.reader = reader, .index = index, .query = *query};
    struct error err = ERROR_INIT;

    ret_found->count = 0;
    if (find_records(&find, take, ret_found, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

/* Any of these, or none, of each. */
static void choose(struct trail *trail, struct query *query, const struct reader_entry *some)
{
    static const char *const actors[] = {"agent", "human", "system", "nobody"};
    static const char *const agents[] = {"builder", "reviewer", "spiffe://local.test/host/h/user/1000", "spiffe://local.test/host/h/user/100", "01m6e7gcr0t8v6yqk3x5a9b2c3",
                                         "spiffe://local.test/host/h/user/1000/agent/builder/", "sub", "agent", ""};
    static const char *const users[] = {"1000", "1001", "anna", "bert", "100"};
    static const char *const kinds[] = {"access", "access.denied", "network", "network.conn", "run.started", "log", "access."};
    static const char *const objects[] = {"/etc", "/etc/", "/etc/shadow", "/home/anna/w", "/home/anna/w/", "/home/anna/w*", "/", "*.org", "example.org", "192.0.2.1", "192.0.2.?",
                                          "/h[*]me", "x", "p", "/home/anna/w/\xe2\x80\xaetxt", "\xf0", "/e"};
    static const char *const runs[] = {"01m6e7gcr0t8v6yqk3x5a9b2c0", "01m6e7gcr0t8v6yqk3x5a9b2c9"};

    *query = (struct query){0};
    if (trail_random(trail, 3) == 0)
        query->actor = actors[trail_random(trail, ARRAY_COUNT(actors))];
    if (trail_random(trail, 3) == 0)
        query->agent = agents[trail_random(trail, ARRAY_COUNT(agents))];
    if (trail_random(trail, 3) == 0)
        query->user = users[trail_random(trail, ARRAY_COUNT(users))];
    if (trail_random(trail, 3) == 0)
        query->kind = kinds[trail_random(trail, ARRAY_COUNT(kinds))];
    if (trail_random(trail, 2) == 0)
        query->object = objects[trail_random(trail, ARRAY_COUNT(objects))];
    if (trail_random(trail, 5) == 0)
        query->run = runs[trail_random(trail, ARRAY_COUNT(runs))];
    if (trail_random(trail, 5) == 0)
        query->since_us = some->stamp.time_us;
    if (trail_random(trail, 5) == 0)
        query->until_us = some->stamp.time_us;
}

/* So many random queries: the index against reading, which must find something now and then. */
static void compare(struct trail *trail, struct reader *reader, struct index *index, unsigned rounds)
{
    struct found *by_index = malloc(sizeof(*by_index)), *by_reading = malloc(sizeof(*by_reading));
    unsigned hits = 0;

    for (unsigned round = 0; round < rounds; round++) {
        struct reader_entry some;
        struct query query;

        check_int(reader_entry(reader, trail_random(trail, (unsigned)reader_checkpoint(reader)->size), &some, NULL), 0);
        choose(trail, &query, &some);
        search(reader, index, &query, by_index);
        search(reader, NULL, &query, by_reading);
        if (by_index->count != by_reading->count || memcmp(by_index->leaves, by_reading->leaves, by_index->count * sizeof(uint64_t)) != 0)
            test_fail(__FILE__, __LINE__, "%zu by the index, %zu by reading: actor %s agent %s user %s kind %s object %s run %s", by_index->count, by_reading->count,
                      query.actor, query.agent, query.user, query.kind, query.object, query.run);
        hits += by_reading->count > 0;
    }
    check(hits > rounds / 10);
    free(by_index);
    free(by_reading);
}

static struct index *open_index(const struct trail *trail, struct reader *reader, uint64_t most)
{
    const struct index_options options = {trail->index, most};
    struct index *index = NULL;
    struct error err = ERROR_INIT;

    if (index_open(&options, reader, &index, &err) < 0 || index_update(index, reader, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return index;
}

TEST(the_index_finds_what_reading_finds)
{
    struct trail trail;

    trail_open(&trail);
    trail_fill(&trail, 600);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    auto_index struct index *index = open_index(&trail, reader, 0);
    check_int(index_size(index), reader_checkpoint(reader)->size);
    compare(&trail, reader, index, test_rounds(400));
    /* records that came after it was made */
    trail_fill(&trail, 100);
    check_int(reader_refresh(reader, NULL), 1);
    compare(&trail, reader, index, test_rounds(100));
    check_int(index_update(index, reader, NULL), 0);
    compare(&trail, reader, index, test_rounds(100));
    trail_close(&trail);
}

TEST(an_index_that_has_dropped_its_oldest_finds_all_the_same)
{
    struct trail trail;

    trail_open(&trail);
    trail_fill(&trail, 600);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    auto_index struct index *index = open_index(&trail, reader, 200);
    check(index_first(index) > 300);
    compare(&trail, reader, index, test_rounds(200));
    trail_close(&trail);
}

static void spoil(const struct trail *trail, const char *sql)
{
    sqlite3 *db;

    check_int(sqlite3_open(trail->index, &db), SQLITE_OK);
    check_int(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

/* What the index adds is looked at again; what is of another log, or no index at all, is made anew. */
TEST(an_index_is_not_believed)
{
    struct trail trail;

    trail_open(&trail);
    trail_fill(&trail, 300);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    index_close(open_index(&trail, reader, 0));
    spoil(&trail, "UPDATE record SET uid = 1000, actor = (SELECT actor FROM record LIMIT 1), kind = (SELECT kind FROM record LIMIT 1), time = 0 WHERE leaf % 2; INSERT OR IGNORE INTO object SELECT word, leaf + 1 FROM object; INSERT OR IGNORE INTO record VALUES(900000,1,1,1,1,1,1,1)");
    {
        auto_index struct index *index = open_index(&trail, reader, 0);
        struct query query = {.actor = "agent", .kind = "access"};
        struct found found = {.count = 0};
        struct reader_entry entry;
        struct record record;

        search(reader, index, &query, &found);
        for (size_t i = 0; i < found.count; i++) {
            check_int(reader_entry(reader, found.leaves[i], &entry, NULL), 0);
            record_read(&entry, &record);
            check(query_matches(&query, &record));
        }
    }
    spoil(&trail, "UPDATE meta SET value = 'x' WHERE name = 'root'");
    auto_index struct index *again = open_index(&trail, reader, 0);
    compare(&trail, reader, again, test_rounds(50));
    test_write_file(trail.index, "this is no index, and it is longer than the header that SQLite writes at the beginning of its files, really much longer", 0600);
    auto_index struct index *made = open_index(&trail, reader, 0);
    compare(&trail, reader, made, test_rounds(50));
    trail_close(&trail);
}

TEST(a_damaged_record_ends_a_search_and_is_named)
{
    struct trail trail;
    char path[160], *bytes;
    struct error err = ERROR_INIT;
    struct options options;
    size_t size;

    trail_open(&trail);
    trail_fill(&trail, 300);
    trail_close(&trail);
    snprintf(path, sizeof(path), "%s/tile/entries/000", trail.log);
    check_int(file_read(path, 64 << 20, &bytes, &size, NULL), 0);
    bytes[size / 2] ^= 1;
    check_int(file_replace(path, bytes, size, NULL), 0);
    mem_free(bytes);
    options = trail_options(&trail);
    free(trail_run(&trail, command_search, &options, &err));
    check_int(err.errnum, EBADMSG);
}

static void check_run(struct reader *reader, struct index *index, const char *run, const unsigned *leaves, size_t count)
{
    const struct query query = {.run = run};
    struct found found = {.count = 0};

    search(reader, index, &query, &found);
    check_int(found.count, count);
    for (size_t i = 0; i < count; i++)
        check_int(found.leaves[i], reader_checkpoint(reader)->size - 8 + leaves[i]); /* the log's own records come first */
}

/* By the name that the launcher gave it; what others say of it, or of another user's, is not the run's. */
TEST(what_a_container_was_given_before_it_was_a_runs_is_found_with_the_run)
{
#define SESSION(event, uid) "{\"metadata\":{\"event_code\":\"session." event "\"},\"entity\":{\"uid\":\"c1\"},\"actor\":{\"user\":{\"uid\":\"" uid "\"}}}"
#define RUN(event, run, more) "{\"metadata\":{\"event_code\":\"run." event "\",\"correlation_uid\":\"" run "\"}" more "}"
    static const unsigned own[] = {0, 3, 4, 7}, plain[] = {5, 6};
    struct trail trail;

    trail_open(&trail);
    trail_add_body(&trail, "system", "", SESSION("opened", "1000"));
    trail_add_body(&trail, "system", "", SESSION("opened", "1001"));
    trail_add_body(&trail, "agent", "", SESSION("opened", "1000"));
    trail_add_body(&trail, "agent", "", RUN("started", "r1", ",\"x_cgroup\":\"/cordon/1000-3/c1\""));
    trail_add_body(&trail, "agent", "", RUN("exited", "r1", ""));
    trail_add_body(&trail, "agent", "", RUN("started", "r2", ""));
    trail_add_body(&trail, "human", "", RUN("started", "r2", ",\"x_cgroup\":\"/cordon/1000-3/c1\""));
    trail_add_body(&trail, "system", "", SESSION("closed", "1000"));
    check_int(log_commit(trail.writer, NULL, NULL), 0);
    check_int(log_checkpoint(trail.writer, NULL), 0);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    auto_index struct index *index = open_index(&trail, reader, 0);
    for (int round = 0; round < 2; round++) {
        check_run(reader, round ? index : NULL, "r1", own, ARRAY_COUNT(own));
        check_run(reader, round ? index : NULL, "r2", plain, ARRAY_COUNT(plain));
    }
    trail_close(&trail);
}

TEST(conditions)
{
    check(query_agent(trail_identity(0), "builder") && query_agent(trail_identity(0), "01m6e7gcr0t8v6yqk3x5a9b2c0"));
    check(!query_agent(trail_identity(0), "build") && !query_agent(trail_identity(0), "user") && !query_agent(trail_identity(0), ""));
    check(query_agent(trail_identity(3), trail_identity(0)) && !query_agent(trail_identity(0), trail_identity(3)));
    check(query_kind("access.denied", "access") && !query_kind("access.denied", "acc") && !query_kind("access", "access.denied"));
    check(query_object("/etc/shadow", "/etc") && query_object("/etc/shadow", "/etc/") && query_object("/etc/shadow", "/") && query_object("/etc/shadow", "/etc/shadow"));
    check(!query_object("/etcetera", "/etc") && !query_object("/etc", "/etc/shadow") && !query_object("", "/"));
    check(query_object("a.example.org", "*.example.org") && !query_object("example.org", "*.example.org"));
}
