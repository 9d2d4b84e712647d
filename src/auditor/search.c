/* SPDX-License-Identifier: Apache-2.0 */
/* Records that match, the oldest first; and the last ones, with those that come. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "auditor/command.h"
#include "auditor/show.h"
#include "base/memory.h"

#define CHUNK        65536
#define LAST_DEFAULT 20
#define LAST_MAX     100000
#define POLL_MS      200

struct search {
    const struct options *options;
    struct text text;
    uint64_t count;
};

static int show(struct search *search, const struct record *record, struct error *err)
{
    if (search->options->is_json)
        show_json(record, &search->text);
    else
        show_line(record, search->options->keys, &search->text);
    return search->text.length < CHUNK ? 0 : say(&search->text, err);
}

static int take(void *context, const struct record *record, struct error *err)
{
    struct search *search = context;
    int status = show(search, record, err);

    if (status < 0)
        return status;
    search->count++;
    return search->options->limit && search->count >= search->options->limit;
}

int command_search(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    struct search search = {.options = options};
    struct find find;
    int status = desk_open(&desk, options, err);

    if (status < 0)
        return status;
    find = desk_find(&desk);
    status = find_records(&find, take, &search, err);
    if (status >= 0)
        status = say(&search.text, err);
    text_finish(&search.text);
    return status;
}

/* The leaves of the last `most` that match, the newest first. */
static int find_last(struct desk *desk, uint64_t most, uint64_t *ret_leaves, size_t *ret_count, struct error *err)
{
    const struct find find = desk_find(desk);
    const uint64_t size = reader_checkpoint(desk->reader)->size, minimum = reader_minimum(desk->reader);

    *ret_count = 0;
    for (uint64_t leaf = size; leaf > minimum && *ret_count < most; leaf--) {
        struct reader_entry entry;
        struct record record;
        int status = reader_entry(desk->reader, leaf - 1, &entry, err);

        if (status < 0)
            return status;
        record_read(&entry, &record);
        if (query_matches(&find.query, &record))
            ret_leaves[(*ret_count)++] = leaf - 1;
    }
    return 0;
}

static int show_leaf(struct desk *desk, struct search *search, uint64_t leaf, struct error *err)
{
    struct reader_entry entry;
    struct record record;
    int status = reader_entry(desk->reader, leaf, &entry, err);

    if (status < 0)
        return status;
    record_read(&entry, &record);
    return query_matches(&search->options->query, &record) ? show(search, &record, err) : 0;
}

/* Each new checkpoint is proved to continue the last one before a record of it is shown. */
static int follow(struct desk *desk, struct search *search, struct error *err)
{
    for (;;) {
        const struct timespec pause = {0, POLL_MS * 1000000};
        uint64_t next = reader_checkpoint(desk->reader)->size;
        int status = reader_refresh(desk->reader, err);

        for (; status >= 0 && next < reader_checkpoint(desk->reader)->size; next++)
            status = show_leaf(desk, search, next, err);
        if (status >= 0)
            status = say(&search->text, err);
        if (status < 0)
            return status;
        nanosleep(&pause, NULL);
    }
}

int command_tail(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    struct search search = {.options = options};
    const uint64_t most = options->limit ? options->limit : LAST_DEFAULT;
    auto_free uint64_t *leaves = NULL;
    size_t count = 0;
    int status;

    if (most > LAST_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "tail: at most %d records; `cordon audit search` shows more", LAST_MAX);
    leaves = mem_alloc(most * sizeof(*leaves));
    if (!leaves)
        return error_memory(err);
    status = desk_open(&desk, options, err);
    if (status == 0)
        status = find_last(&desk, most, leaves, &count, err);
    while (status == 0 && count)
        status = show_leaf(&desk, &search, leaves[--count], err);
    if (status == 0)
        status = say(&search.text, err);
    if (status == 0 && options->follows)
        status = follow(&desk, &search, err);
    text_finish(&search.text);
    return status;
}
