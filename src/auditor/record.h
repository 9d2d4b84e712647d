/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One record as it is looked for and shown. Who wrote it is the log's word (the stamp); all else is the writer's, who may be a
 * user's own process: it is found by and shown, never obeyed.
 */
#ifndef CORDON_AUDITOR_RECORD_H
#define CORDON_AUDITOR_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "audit/reader.h"
#include "base/text.h"
#include "ocsf/scan.h"

enum field {
    FIELD_CODE = 0, /* metadata.event_code: the type of the record */
    FIELD_ID,
    FIELD_RUN,
    FIELD_CLASS,
    FIELD_ACTIVITY,
    FIELD_ACTIVITY_NAME,
    FIELD_TYPE,
    FIELD_SEVERITY,
    FIELD_STATUS,
    FIELD_DISPOSITION,
    FIELD_TIME,
    FIELD_MESSAGE,
    FIELD_USER,
    FIELD_USER_ID,
    FIELD_ACTOR,
    FIELD_INSTANCE,
    FIELD_AGENT_NAME,
    FIELD_COMMAND,
    FIELD_OPERATION,
    FIELD_RULE,
    FIELD_REASON,
    FIELD_DETAIL,
    FIELD_PORT,
    FIELD_PROTOCOL,
    FIELD_METHOD,
    FIELD_ANSWER,
    FIELD_PHASE,
    FIELD_EXIT,
    FIELD_COUNT_OF,
    FIELD_PRODUCT,
    FIELD_CGROUP,
    FIELD_OBJECTS, /* from here on what a record is about, the first that is there first */
    FIELD_FILE = FIELD_OBJECTS,
    FIELD_FILE_RESULT,
    FIELD_OUTSIDE,
    FIELD_NAMED,
    FIELD_PROCESS_FILE,
    FIELD_HOST,
    FIELD_ADDRESS,
    FIELD_SOCKET,
    FIELD_URL_HOST,
    FIELD_URL_PATH,
    FIELD_QUERY,
    FIELD_KERNEL,
    FIELD_ENTITY,
    FIELD_ENTITY_ID,
    FIELD_TARGET,
    FIELD_API,
    FIELD_FINDING,
    FIELD_WORKSPACE,
    FIELD_SUBJECT,
    FIELD_COUNT_
};

struct record {
    const struct reader_entry *entry;
    struct scan_value fields[FIELD_COUNT_];
    bool is_ocsf; /* the body could be read */
    bool is_unclear; /* who wrote it is said twice, or by names that are escaped: readers will not agree */
};

/* Points into the entry, and holds as long as that. */
void record_read(const struct reader_entry *entry, struct record *ret_record);

/* The text of a field as it is, "" where there is none or it is longer. */
#define FIELD_TEXT_MAX 4096
const char *record_text(const struct record *record, enum field field, char ret_text[FIELD_TEXT_MAX]);
uint64_t record_number(const struct record *record, enum field field);
/* The path of a field in OCSF. */
const char *field_path(enum field field);

/*
 * When it was: as the log had it when it took the record. A writer's own word counts for less, since it could be any time; of
 * records that were imported later by the log's owner ("store/...") it is all there is.
 */
uint64_t record_time_us(const struct record *record);

/* "2026-11-23T08:00:00.123Z" */
void record_time(uint64_t time_us, char ret_text[32]);

#endif
