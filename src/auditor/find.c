/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/find.h"

#include <stdio.h>
#include <string.h>

#include "audit/proof.h"

struct finding {
    const struct find *find;
    uint64_t first, until;
    find_record_fn found;
    void *context;
};

static int look_at(void *context, uint64_t leaf, struct error *err)
{
    const struct finding *finding = context;
    struct reader_entry entry;
    struct record record;
    struct proof proof;
    int status;

    if (leaf < finding->first || leaf >= finding->until)
        return 0;
    status = reader_entry(finding->find->reader, leaf, &entry, err);
    if (status < 0)
        return status;
    record_read(&entry, &record);
    if (!query_matches(&finding->find->query, &record))
        return 0;
    if (finding->find->proves)
        status = proof_of_entry(finding->find->reader, leaf, &proof, err);
    return status < 0 ? status : finding->found(finding->context, &record, err);
}

static int read_all(struct finding *finding, uint64_t first, uint64_t until, struct error *err)
{
    int status = 0;

    for (uint64_t leaf = first; leaf < until && status == 0; leaf++)
        status = look_at(finding, leaf, err);
    return status;
}

static int find_each(const struct find *find, find_record_fn found, void *context, struct error *err)
{
    const uint64_t size = reader_checkpoint(find->reader)->size, minimum = reader_minimum(find->reader);
    struct finding finding = {find, find->first > minimum ? find->first : minimum, find->until && find->until < size ? find->until : size,
                              found, context};
    const uint64_t from = find->index ? index_first(find->index) : 0, to = find->index ? index_size(find->index) : 0;
    int status;

    if (from >= to)
        return read_all(&finding, finding.first, finding.until, err);
    status = read_all(&finding, finding.first, from < finding.until ? from : finding.until, err);
    if (status == 0)
        status = index_find(find->index, &find->query, look_at, &finding, err);
    return status == 0 ? read_all(&finding, to > finding.first ? to : finding.first, finding.until, err) : status;
}

/* Its control group ends with what the launcher calls it. */
static int take_session(void *context, const struct record *record, struct error *err)
{
    struct query *query = context;
    char cgroup[FIELD_TEXT_MAX];
    const char *name = strrchr(record_text(record, FIELD_CGROUP, cgroup), '/');

    (void)err;
    if (!name || strlen(name + 1) >= sizeof(query->session))
        return 0;
    snprintf(query->session, sizeof(query->session), "%s", name + 1);
    query->session_uid = record->entry->stamp.label.uid;
    return 1;
}

int find_records(const struct find *find, find_record_fn found, void *context, struct error *err)
{
    const struct find started = {.reader = find->reader, .index = find->index, .query = {.run = find->query.run, .kind = "run.started", .actor = "agent"}};
    struct find whole = *find;
    int status = find->query.run ? find_each(&started, take_session, &whole.query, err) : 0;

    return status < 0 ? status : find_each(&whole, found, context, err);
}
