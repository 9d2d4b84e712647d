/* SPDX-License-Identifier: Apache-2.0 */
/* A proof of one record, to be checked by somebody who has no log: cordon-verify, or any program for C2SP's tlog-proof. */
#include <errno.h>
#include <string.h>

#include "audit/proof.h"
#include "auditor/command.h"
#include "base/number.h"

struct wanted {
    const char *id;
    uint64_t leaf;
};

static int take(void *context, const struct record *record, struct error *err)
{
    struct wanted *wanted = context;
    char id[FIELD_TEXT_MAX];

    (void)err;
    if (strcmp(record_text(record, FIELD_ID, id), wanted->id) != 0)
        return 0;
    wanted->leaf = record->entry->index;
    return 1;
}

/* "12" or "#12": that one; else the first whose id it is. */
static int find_leaf(struct desk *desk, const char *id, uint64_t *ret_leaf, struct error *err)
{
    struct wanted wanted = {.id = id};
    struct find find = desk_find(desk);
    char run[FIELD_TEXT_MAX];
    const char *dot = strrchr(id, '.');
    int status;

    if (number_parse(id + (*id == '#'), 0, INT64_MAX, ret_leaf, NULL) == 0)
        return 0;
    if (dot && (size_t)(dot - id) < sizeof(run)) {
        memcpy(run, id, (size_t)(dot - id));
        run[dot - id] = '\0';
        find.query.run = run;
        status = find_records(&find, take, &wanted, err);
        if (status != 0) {
            *ret_leaf = wanted.leaf;
            return status < 0 ? status : 0;
        }
        find.query.run = NULL;
    }
    find.index = NULL;
    status = find_records(&find, take, &wanted, err);
    *ret_leaf = wanted.leaf;
    if (status == 0)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "prove %s: no record of the log has this id (`cordon audit search` lists them)", id);
    return status < 0 ? status : 0;
}

int command_prove(const struct options *options, struct error *err)
{
    auto_desk struct desk desk = {0};
    auto_text struct text text = {0};
    struct reader_entry entry;
    struct proof proof;
    uint64_t leaf = 0;
    int status;

    if (!options->id)
        return error_set(err, ERROR_INVALID, EINVAL, "prove: which record: its id, or #NUMBER");
    status = desk_open(&desk, options, err);
    if (status == 0)
        status = find_leaf(&desk, options->id, &leaf, err);
    if (status == 0)
        status = reader_entry(desk.reader, leaf, &entry, err);
    if (status == 0)
        status = proof_of_entry(desk.reader, leaf, &proof, err);
    if (status == 0)
        status = proof_write(leaf, &proof, reader_note(desk.reader), entry.bytes, entry.size, &text, err);
    return status == 0 ? say(&text, err) : status;
}
