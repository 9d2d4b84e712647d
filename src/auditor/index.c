/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words (kinds, identities, runs, objects) are numbered once. Conditions that are more than equality are the functions of query.c
 * themselves, called by SQLite over the words, of which there are far fewer than records.
 */
#include "auditor/index.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sqlite3.h>

#include "audit/proof.h"
#include "base/memory.h"

#define FORM         "cordon-audit-index/1"
#define BUSY_MS      2000
#define BATCH        20000

struct index {
    sqlite3 *db;
    uint64_t first, size, records_max;
    sqlite3_stmt *word_add, *word_find, *record_add, *object_add;
};

static const char schema[] =
    "CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;"
    "CREATE TABLE IF NOT EXISTS word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"
    "CREATE TABLE IF NOT EXISTS record(leaf INTEGER PRIMARY KEY, time INTEGER, uid INTEGER, actor INTEGER, identity INTEGER, kind INTEGER, run INTEGER, user INTEGER);"
    "CREATE TABLE IF NOT EXISTS object(word INTEGER, leaf INTEGER, PRIMARY KEY(word, leaf)) WITHOUT ROWID;"
    "CREATE INDEX IF NOT EXISTS record_time ON record(time);"
    "CREATE INDEX IF NOT EXISTS record_identity ON record(identity);"
    "CREATE INDEX IF NOT EXISTS record_kind ON record(kind);"
    "CREATE INDEX IF NOT EXISTS record_run ON record(run);";

static int failed(struct index *index, const char *what, struct error *err)
{
    const int code = index->db ? sqlite3_errcode(index->db) : SQLITE_NOMEM;

    if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
        return error_set(err, ERROR_SYSTEM, EBUSY, "index of the log: another process is at it");
    return error_set(err, ERROR_SYSTEM, EIO, "index of the log: %s: %s", what, index->db ? sqlite3_errmsg(index->db) : "no memory");
}

static int run(struct index *index, const char *sql, struct error *err)
{
    return sqlite3_exec(index->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : failed(index, "write", err);
}

/* ---- conditions ---- */

typedef bool (*condition_fn)(const char *text, const char *wanted);

/* SQLite's function of two texts, which calls the condition that it was made with. */
static void call_condition(sqlite3_context *context, int count, sqlite3_value **values)
{
    const condition_fn *condition = sqlite3_user_data(context);
    const char *text = (const char *)sqlite3_value_text(values[0]), *wanted = (const char *)sqlite3_value_text(values[1]);

    (void)count;
    sqlite3_result_int(context, text && wanted && (*condition)(text, wanted));
}

static bool add_conditions(struct index *index)
{
    static const struct {
        const char *name;
        condition_fn condition;
    } conditions[] = {{"is_agent", query_agent}, {"is_kind", query_kind}, {"is_object", query_object}};
    bool is_added = true;

    for (size_t i = 0; i < ARRAY_COUNT(conditions); i++)
        is_added &= sqlite3_create_function(index->db, conditions[i].name, 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                            (void *)(uintptr_t)&conditions[i].condition, call_condition, NULL, NULL) == SQLITE_OK;
    return is_added;
}

/* ---- what it is an index of ---- */

static void hex(const struct merkle_hash *hash, char ret_text[65])
{
    for (size_t i = 0; i < sizeof(hash->bytes); i++)
        snprintf(ret_text + 2 * i, 3, "%02x", hash->bytes[i]);
}

static int node_of(void *context, unsigned height, uint64_t leaf, struct merkle_hash *ret_hash, struct error *err)
{
    return reader_node(context, height, leaf, ret_hash, err);
}

static int meta_set(struct index *index, const char *name, const char *value, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    bool is_done = sqlite3_prepare_v2(index->db, "INSERT OR REPLACE INTO meta VALUES(?,?)", -1, &statement, NULL) == SQLITE_OK &&
                   sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK &&
                   sqlite3_bind_text(statement, 2, value, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(statement) == SQLITE_DONE;

    sqlite3_finalize(statement);
    return is_done ? 0 : failed(index, "write", err);
}

/* "" where it is not there. */
static void meta_get(struct index *index, const char *name, char *ret_value, size_t size)
{
    sqlite3_stmt *statement = NULL;

    ret_value[0] = '\0';
    if (sqlite3_prepare_v2(index->db, "SELECT value FROM meta WHERE name = ?", -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW &&
        sqlite3_column_text(statement, 0))
        snprintf(ret_value, size, "%s", (const char *)sqlite3_column_text(statement, 0));
    sqlite3_finalize(statement);
}

static uint64_t meta_number(struct index *index, const char *name)
{
    char text[32];
    unsigned long long number = 0;

    meta_get(index, name, text, sizeof(text));
    return sscanf(text, "%llu", &number) == 1 ? number : 0;
}

/* Is it an index of this very log: the same origin, and the log still begins with the tree that it was made of? */
static bool is_of(struct index *index, struct reader *reader)
{
    const struct checkpoint *checkpoint = reader_checkpoint(reader);
    char form[64], origin[NOTE_NAME_MAX + 1], root[80], now[65];
    struct merkle_hash hash;

    meta_get(index, "form", form, sizeof(form));
    meta_get(index, "origin", origin, sizeof(origin));
    meta_get(index, "root", root, sizeof(root));
    index->size = meta_number(index, "size");
    index->first = meta_number(index, "first");
    if (strcmp(form, FORM) != 0 || strcmp(origin, checkpoint->origin) != 0 || index->size > checkpoint->size || index->first > index->size)
        return false;
    if (!index->size)
        return true;
    if (proof_root(node_of, reader, index->size, &hash, NULL) < 0)
        return false;
    hex(&hash, now);
    return strcmp(now, root) == 0;
}

static int save(struct index *index, struct reader *reader, struct error *err)
{
    struct merkle_hash hash;
    char root[65] = "", number[32];
    int status = index->size ? proof_root(node_of, reader, index->size, &hash, err) : 0;

    if (index->size && status == 0)
        hex(&hash, root);
    if (status == 0)
        status = meta_set(index, "root", root, err);
    snprintf(number, sizeof(number), "%" PRIu64, index->size);
    if (status == 0)
        status = meta_set(index, "size", number, err);
    snprintf(number, sizeof(number), "%" PRIu64, index->first);
    return status == 0 ? meta_set(index, "first", number, err) : status;
}

static int start_anew(struct index *index, struct reader *reader, struct error *err)
{
    int status = run(index, "BEGIN IMMEDIATE", err);

    if (status < 0)
        return status;
    index->first = index->size = reader_minimum(reader);
    status = run(index, "DROP TABLE IF EXISTS meta; DROP TABLE IF EXISTS word; DROP TABLE IF EXISTS record; DROP TABLE IF EXISTS object", err);
    if (status == 0)
        status = run(index, schema, err);
    if (status == 0)
        status = meta_set(index, "form", FORM, err);
    if (status == 0)
        status = meta_set(index, "origin", reader_checkpoint(reader)->origin, err);
    if (status == 0)
        status = save(index, reader, err);
    return status < 0 ? (run(index, "ROLLBACK", NULL), status) : run(index, "COMMIT", err);
}

static int open_file(struct index *index, const char *file, struct error *err)
{
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE;

    if (sqlite3_open_v2(file, &index->db, flags, NULL) != SQLITE_OK)
        return failed(index, file, err);
    sqlite3_busy_timeout(index->db, BUSY_MS);
    sqlite3_db_config(index->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(index->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    if (!add_conditions(index))
        return failed(index, "open", err);
    /* what is lost of it is made anew */
    return run(index, "PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY; PRAGMA temp_store=MEMORY; PRAGMA cell_size_check=ON; PRAGMA cache_size=-16384", err);
}

/* A file that is no index of SQLite's is thrown away; it holds nothing that the log does not. */
static int open_or_throw_away(struct index *index, const char *file, struct reader *reader, struct error *err)
{
    struct error why = ERROR_INIT;
    int status = open_file(index, file, &why);

    if (status == 0 && run(index, schema, &why) == 0 && is_of(index, reader))
        return 0;
    status = index->db && sqlite3_errcode(index->db) == SQLITE_BUSY ? -EBUSY : start_anew(index, reader, &why);
    if (status == 0 || status == -EBUSY) {
        if (status < 0 && err)
            *err = why;
        return status;
    }
    sqlite3_close(index->db);
    index->db = NULL;
    if (remove(file) < 0 && errno != ENOENT)
        return error_system(err, errno, "index of the log: remove %s", file);
    status = open_file(index, file, err);
    return status == 0 ? start_anew(index, reader, err) : status;
}

static bool prepare(struct index *index)
{
    static const char *const texts[] = {
        "INSERT OR IGNORE INTO word(text) VALUES(?)",
        "SELECT id FROM word WHERE text = ?",
        "INSERT OR REPLACE INTO record VALUES(?,?,?,?,?,?,?,?)",
        "INSERT OR IGNORE INTO object VALUES(?,?)",
    };
    sqlite3_stmt **statements[] = {&index->word_add, &index->word_find, &index->record_add, &index->object_add};
    bool is_prepared = true;

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        is_prepared &= sqlite3_prepare_v3(index->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, statements[i], NULL) == SQLITE_OK;
    return is_prepared;
}

int index_open(const struct index_options *options, struct reader *reader, struct index **ret_index, struct error *err)
{
    auto_index struct index *index = mem_alloc(sizeof(*index));
    int status;

    if (!index)
        return error_memory(err);
    index->records_max = options->records_max ? options->records_max : INDEX_RECORDS_MAX;
    status = open_or_throw_away(index, options->file, reader, err);
    if (status == 0 && !prepare(index))
        status = failed(index, "open", err);
    if (status == 0)
        *ret_index = take_ptr(index);
    return status;
}

void index_close(struct index *index)
{
    if (!index)
        return;
    sqlite3_finalize(index->word_add);
    sqlite3_finalize(index->word_find);
    sqlite3_finalize(index->record_add);
    sqlite3_finalize(index->object_add);
    sqlite3_close(index->db);
    mem_free(index);
}

void index_close_at(struct index **index)
{
    index_close(*index);
}

uint64_t index_first(const struct index *index)
{
    return index->first;
}

uint64_t index_size(const struct index *index)
{
    return index->size;
}

/* ---- taking in ---- */

static bool step(sqlite3_stmt *statement)
{
    const bool is_done = sqlite3_step(statement) == SQLITE_DONE;

    sqlite3_reset(statement);
    return is_done;
}

/* The number of a word, 0 = it could not be kept. */
static int64_t word_of(struct index *index, const char *text)
{
    int64_t id = 0;

    if (sqlite3_bind_text(index->word_find, 1, text, -1, SQLITE_STATIC) != SQLITE_OK)
        return 0;
    if (sqlite3_step(index->word_find) == SQLITE_ROW)
        id = sqlite3_column_int64(index->word_find, 0);
    sqlite3_reset(index->word_find);
    if (id)
        return id;
    if (sqlite3_bind_text(index->word_add, 1, text, -1, SQLITE_STATIC) != SQLITE_OK || !step(index->word_add))
        return 0;
    return sqlite3_last_insert_rowid(index->db);
}

static bool add_objects(struct index *index, const struct record *record)
{
    char text[FIELD_TEXT_MAX];
    bool is_kept = true;

    for (enum field field = FIELD_OBJECTS; field < FIELD_COUNT_ && is_kept; field++) {
        if (!*record_text(record, field, text))
            continue;
        is_kept = sqlite3_bind_int64(index->object_add, 1, word_of(index, text)) == SQLITE_OK &&
                  sqlite3_bind_int64(index->object_add, 2, (int64_t)record->entry->index) == SQLITE_OK && step(index->object_add);
    }
    return is_kept;
}

static bool add_record(struct index *index, const struct record *record)
{
    const struct stamp *stamp = &record->entry->stamp;
    char kind[FIELD_TEXT_MAX], run_id[FIELD_TEXT_MAX], user[FIELD_TEXT_MAX];
    const int64_t values[] = {
        (int64_t)record->entry->index,
        (int64_t)record_time_us(record),
        stamp->label.uid,
        word_of(index, stamp->label.actor),
        word_of(index, stamp->label.identity),
        word_of(index, record_text(record, FIELD_CODE, kind)),
        word_of(index, record_text(record, FIELD_RUN, run_id)),
        word_of(index, record_text(record, FIELD_USER, user)),
    };

    for (size_t i = 0; i < ARRAY_COUNT(values); i++)
        if (sqlite3_bind_int64(index->record_add, (int)i + 1, values[i]) != SQLITE_OK)
            return false;
    return step(index->record_add) && add_objects(index, record);
}

/* Too many: the oldest quarter goes, and words that nothing is about any more. */
static int drop_oldest(struct index *index, struct error *err)
{
    char sql[512];

    if (index->size - index->first <= index->records_max)
        return 0;
    index->first = index->size - index->records_max / 4 * 3;
    snprintf(sql, sizeof(sql),
             "DELETE FROM record WHERE leaf < %" PRIu64 "; DELETE FROM object WHERE leaf < %" PRIu64 ";"
             "DELETE FROM word WHERE id NOT IN (SELECT word FROM object UNION SELECT actor FROM record UNION SELECT identity FROM record"
             " UNION SELECT kind FROM record UNION SELECT run FROM record UNION SELECT user FROM record)",
             index->first, index->first);
    return run(index, sql, err);
}

static int take_in(struct index *index, struct reader *reader, uint64_t until, struct error *err)
{
    for (; index->size < until; index->size++) {
        struct reader_entry entry;
        struct record record;
        int status = reader_entry(reader, index->size, &entry, err);

        if (status < 0)
            return status;
        record_read(&entry, &record);
        if (entry.is_stamped && !add_record(index, &record))
            return failed(index, "write", err);
    }
    return drop_oldest(index, err);
}

int index_update(struct index *index, struct reader *reader, struct error *err)
{
    const uint64_t size = reader_checkpoint(reader)->size;

    if (index->size < reader_minimum(reader)) /* pruned before it was taken in */
        index->first = index->size = reader_minimum(reader);
    while (index->size < size) {
        const uint64_t before = index->size, first = index->first;
        int status = run(index, "BEGIN IMMEDIATE", err);

        if (status < 0)
            return status;
        status = take_in(index, reader, size - before > BATCH ? before + BATCH : size, err);
        if (status == 0)
            status = save(index, reader, err);
        if (status == 0)
            status = run(index, "COMMIT", err);
        if (status < 0) {
            run(index, "ROLLBACK", NULL);
            index->size = before;
            index->first = first;
            return status;
        }
    }
    return 0;
}

/* ---- finding ---- */

/* Conditions as SQL with their parameters: ?1 actor, ?2 agent, ?3 kind, ?4 run, ?5 user's name, ?6 object, ?7 and ?8 its range, ?9 the uid of ?5, ?10 the session of ?4. */
static void write_sql(const struct query *query, struct text *sql)
{
    text_add(sql, "SELECT leaf FROM record WHERE 1");
    if (query->since_us)
        text_printf(sql, " AND time >= %" PRIu64, query->since_us);
    if (query->until_us)
        text_printf(sql, " AND time < %" PRIu64, query->until_us);
    if (query->actor)
        text_add(sql, " AND actor = (SELECT id FROM word WHERE text = ?1)");
    if (query->agent)
        text_add(sql, " AND identity IN (SELECT id FROM word WHERE text >= 'spiffe://' AND text < 'spiffe:/0' AND is_agent(text, ?2))");
    if (query->kind)
        text_add(sql, " AND kind IN (SELECT id FROM word WHERE text >= ?3 AND is_kind(text, ?3))");
    if (query->run && *query->session)
        text_add(sql, " AND (run = (SELECT id FROM word WHERE text = ?4) OR leaf IN (SELECT leaf FROM object WHERE word = (SELECT id FROM word WHERE text = ?10)))");
    else if (query->run)
        text_add(sql, " AND run = (SELECT id FROM word WHERE text = ?4)");
    if (query->user)
        text_add(sql, " AND (CAST(uid AS TEXT) IN (?5, ?9) OR user = (SELECT id FROM word WHERE text = ?5))");
    if (query->object && query_is_pattern(query->object))
        text_add(sql, " AND leaf IN (SELECT leaf FROM object WHERE word IN (SELECT id FROM word WHERE is_object(text, ?6)))");
    else if (query->object)
        text_add(sql, " AND leaf IN (SELECT leaf FROM object WHERE word IN (SELECT id FROM word WHERE text >= ?7 AND text < ?8 AND is_object(text, ?6)))");
    text_add(sql, " ORDER BY leaf");
}

/* All that begins with the object, less a '/' at its end: from itself to what has its last byte one higher. */
static void range_of(const char *object, char ret_from[FIELD_TEXT_MAX], char ret_to[FIELD_TEXT_MAX])
{
    size_t size = strnlen(object, FIELD_TEXT_MAX - 2);

    if (size > 1 && object[size - 1] == '/')
        size--;
    memcpy(ret_from, object, size);
    memcpy(ret_to, object, size);
    ret_from[size] = ret_to[size] = '\0';
    if (size)
        ret_to[size - 1]++; /* no byte of UTF-8 is 0xff */
}

static bool bind(sqlite3_stmt *statement, const struct query *query, const char *from, const char *to)
{
    const char *const values[] = {query->actor, query->agent, query->kind, query->run, query->user, query->object, from, to, query->user_id, query->session};
    const int count = sqlite3_bind_parameter_count(statement);

    for (int i = 0; i < count && i < (int)ARRAY_COUNT(values); i++)
        if (sqlite3_bind_text(statement, i + 1, values[i] ? values[i] : "", -1, SQLITE_STATIC) != SQLITE_OK)
            return false;
    return true;
}

int index_find(struct index *index, const struct query *query, index_leaf_fn leaf, void *context, struct error *err)
{
    auto_text struct text sql = {0};
    char from[FIELD_TEXT_MAX] = "", to[FIELD_TEXT_MAX] = "";
    sqlite3_stmt *statement = NULL;
    int status = 0, code;

    write_sql(query, &sql);
    if (sql.is_broken)
        return error_memory(err);
    if (query->object)
        range_of(query->object, from, to);
    if (sqlite3_prepare_v2(index->db, sql.data, -1, &statement, NULL) != SQLITE_OK || !bind(statement, query, from, to)) {
        status = failed(index, "ask", err);
        sqlite3_finalize(statement);
        return status;
    }
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && status == 0) {
        const int64_t found = sqlite3_column_int64(statement, 0);

        if (found >= 0)
            status = leaf(context, (uint64_t)found, err);
    }
    if (status == 0 && code != SQLITE_DONE && code != SQLITE_ROW)
        status = failed(index, "ask", err);
    sqlite3_finalize(statement);
    return status;
}
