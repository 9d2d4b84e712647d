/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of logs share: a log with known records, and a machine that records and fails as it is told. */
#ifndef CORDON_TESTS_AUDIT_LOGS_H
#define CORDON_TESTS_AUDIT_LOGS_H

#include "audit/log.h"
#include "audit/machine.h"
#include "audit/reader.h"

#define LOGS_ORIGIN  "cordon/test/host"
#define LOGS_SEGMENT (256u << 10)

/* A directory in memory where there is one: thousands of logs are opened. */
char *logs_directory(char template[32]);
const struct note_signer *logs_signer(void);
const struct note_key *logs_key(void);
struct log *logs_open(const char *directory, const struct log_machine *machine);

extern const struct stamp_label logs_label;

/* Record `number` of a writer: a body that is known from its number, `size` bytes long at least. */
size_t logs_body(uint64_t number, size_t size, char *ret_body);
/* Append records from..to of logs_label's writer. */
void logs_append(struct log *log, uint64_t from, uint64_t to, size_t size);

/*
 * Read the whole log: every entry against its tile, the root of all against the checkpoint, and the records of logs_label's writer:
 * each is there once and in order, from 1 on. How many there are.
 */
uint64_t logs_check(const char *directory, size_t size);

/* ---- a machine ---- */

enum op_kind { OP_PUT, OP_REMOVE, OP_RENAME, OP_RESERVE, OP_WRITE, OP_SYNC, OP_SYNC_DIRECTORY, OP_SYNC_ALL };

struct op {
    enum op_kind kind;
    char name[96], to[96];
    int fd;
    uint64_t offset; /* WRITE; RESERVE: the size */
    unsigned char *bytes;
    size_t size;
};

/* Passes everything on to this machine, and records it. */
struct logs_machine {
    struct log_machine machine;
    struct op *ops;
    size_t op_count, op_room;
    long fail_after; /* so many operations that change something pass, then all fail; negative = none fails */
    int fail_with;
    const char *fail_name; /* ... of those whose name begins so; NULL = all */
    int64_t clock_us;      /* added to the wall clock */
    uint64_t free_bytes;
};

void logs_machine_begin(struct logs_machine *machine);
void logs_machine_finish(struct logs_machine *machine);

#endif
