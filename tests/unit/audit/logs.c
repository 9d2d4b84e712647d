/* SPDX-License-Identifier: Apache-2.0 */
#include "logs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

const struct stamp_label logs_label = {.writer = "run:1", .uid = 1000, .gid = 1000, .actor = "agent", .identity = "spiffe://local/host/h"};

char *logs_directory(char template[32])
{
    strcpy(template, access("/dev/shm", W_OK) == 0 ? "/dev/shm/cordon-test-XXXXXX" : "/tmp/cordon-test-XXXXXX");
    return test_make_directory(template);
}

const struct note_signer *logs_signer(void)
{
    static struct note_signer *signer;
    struct error err;

    if (!signer)
        check_int(note_signer_new(LOGS_ORIGIN, (const unsigned char *)"0123456789abcdef0123456789abcdef", &signer, &err), 0);
    return signer;
}

const struct note_key *logs_key(void)
{
    static struct note_key key;

    note_signer_key(logs_signer(), NOTE_ED25519, &key);
    return &key;
}

struct log *logs_open(const char *directory, const struct log_machine *machine)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .machine = machine, .segment_bytes = LOGS_SEGMENT};
    struct log *log = NULL;
    struct error err;

    if (log_open(directory, &options, &log, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return log;
}

size_t logs_body(uint64_t number, size_t size, char *ret_body)
{
    size_t length = (size_t)sprintf(ret_body, "{\"number\":%llu,\"fill\":\"", (unsigned long long)number);

    while (length + 2 < size)
        ret_body[length++] = (char)('a' + number % 26);
    strcpy(ret_body + length, "\"}");
    return length + 2;
}

void logs_append(struct log *log, uint64_t from, uint64_t to, size_t size)
{
    char body[BODY_SIZE_MAX + 1];
    struct error err;

    for (uint64_t number = from; number <= to; number++)
        if (log_append(log, &logs_label, number, body, logs_body(number, size, body), &err) != LOG_TAKEN)
            test_fail(__FILE__, __LINE__, "record %llu: %s", (unsigned long long)number, err.text);
}

uint64_t logs_check(const char *directory, size_t size)
{
    auto_reader struct reader *reader = NULL;
    struct merkle_range range = {.size = 0};
    char expected[BODY_SIZE_MAX + 1];
    struct reader_entry entry;
    struct merkle_hash root;
    struct error err;
    uint64_t number = 0;

    if (reader_open(directory, logs_key(), &reader, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    for (uint64_t i = 0; i < reader_checkpoint(reader)->size; i++) {
        if (reader_entry(reader, i, &entry, &err) < 0)
            test_fail(__FILE__, __LINE__, "%s", err.text);
        merkle_add(&range, &entry.leaf);
        check(entry.is_stamped && entry.stamp.sequence == i);
        if (strcmp(entry.stamp.label.writer, logs_label.writer) != 0)
            continue;
        check_int(entry.stamp.number, ++number);
        check_int(entry.body_size, logs_body(number, size, expected));
        check(memcmp(entry.body, expected, entry.body_size) == 0);
    }
    merkle_root(&range, &root);
    check(merkle_equal(&root, &reader_checkpoint(reader)->root));
    return number;
}

/* ---- a machine ---- */

static struct op *note(struct logs_machine *machine, enum op_kind kind, const char *name)
{
    struct op *op;

    if (machine->op_count == machine->op_room) {
        machine->op_room = machine->op_room ? 2 * machine->op_room : 256;
        machine->ops = realloc(machine->ops, machine->op_room * sizeof(*machine->ops));
        check(machine->ops);
    }
    op = &machine->ops[machine->op_count++];
    *op = (struct op){.kind = kind};
    snprintf(op->name, sizeof(op->name), "%s", name);
    return op;
}

static int fails(struct logs_machine *machine, const char *name)
{
    if (machine->fail_after < 0 || (machine->fail_name && strncmp(name, machine->fail_name, strlen(machine->fail_name)) != 0))
        return 0;
    return machine->fail_after == 0 ? machine->fail_with : (machine->fail_after--, 0);
}

static int make_directory(void *context, int directory, const char *name)
{
    return log_machine_own.make_directory(NULL, directory, name);
}

static int put(void *context, int directory, const char *name, const void *bytes, size_t size)
{
    int status = fails(context, name);
    struct op *op;

    if (status == 0)
        status = log_machine_own.put(NULL, directory, name, bytes, size);
    if (status < 0)
        return status;
    op = note(context, OP_PUT, name);
    op->bytes = malloc(size + 1);
    check(op->bytes);
    memcpy(op->bytes, bytes, size);
    op->size = size;
    return 0;
}

static int remove_name(void *context, int directory, const char *name)
{
    int status = log_machine_own.remove(NULL, directory, name);

    if (status == 0)
        note(context, OP_REMOVE, name);
    return status;
}

static int rename_name(void *context, int directory, const char *from, const char *to)
{
    int status = fails(context, to);

    if (status == 0)
        status = log_machine_own.rename(NULL, directory, from, to);
    if (status == 0)
        strcpy(note(context, OP_RENAME, from)->to, to);
    return status;
}

static int reserve(void *context, int directory, const char *name, uint64_t size, int *ret_fd)
{
    int status = fails(context, name);
    struct op *op;

    if (status == 0)
        status = log_machine_own.reserve(NULL, directory, name, size, ret_fd);
    if (status < 0)
        return status;
    op = note(context, OP_RESERVE, name);
    op->fd = *ret_fd;
    op->offset = size;
    return 0;
}

static int write_parts(void *context, int fd, const struct iovec *parts, int count, uint64_t offset)
{
    /* A disk without room still takes what lies in room that was reserved. */
    int status = ((struct logs_machine *)context)->fail_with == -ENOSPC ? 0 : fails(context, "write");
    struct op *op;

    if (status == 0)
        status = log_machine_own.write(NULL, fd, parts, count, offset);
    if (status < 0)
        return status;
    op = note(context, OP_WRITE, "");
    op->fd = fd;
    op->offset = offset;
    for (int i = 0; i < count; i++)
        op->size += parts[i].iov_len;
    op->bytes = malloc(op->size);
    check(op->bytes);
    for (int i = 0, at = 0; i < count; at += (int)parts[i++].iov_len)
        memcpy(op->bytes + at, parts[i].iov_base, parts[i].iov_len);
    return 0;
}

static int sync_file(void *context, int fd)
{
    int status = ((struct logs_machine *)context)->fail_with == -ENOSPC ? 0 : fails(context, "sync");

    if (status == 0)
        note(context, OP_SYNC, "")->fd = fd;
    return status;
}

static int sync_directory(void *context, int directory, const char *name)
{
    int status = fails(context, "sync");

    if (status == 0)
        note(context, OP_SYNC_DIRECTORY, name);
    return status;
}

static int sync_all(void *context, int directory)
{
    int status = fails(context, "sync");

    if (status == 0)
        note(context, OP_SYNC_ALL, "");
    return status;
}

static int free_bytes(void *context, int directory, uint64_t *ret_bytes)
{
    *ret_bytes = ((struct logs_machine *)context)->free_bytes;
    return 0;
}

static uint64_t time_us(void *context)
{
    return log_machine_own.time_us(NULL) + (uint64_t)((struct logs_machine *)context)->clock_us;
}

static uint64_t mono_us(void *context)
{
    return log_machine_own.mono_us(NULL);
}

void logs_machine_begin(struct logs_machine *machine)
{
    *machine = (struct logs_machine){
        .machine = {.context = machine, .make_directory = make_directory, .put = put, .remove = remove_name, .rename = rename_name,
                    .reserve = reserve, .write = write_parts, .sync = sync_file, .sync_directory = sync_directory, .sync_all = sync_all,
                    .free_bytes = free_bytes, .time_us = time_us, .mono_us = mono_us},
        .fail_after = -1, .fail_with = -ENOSPC, .free_bytes = UINT64_MAX,
    };
}

void logs_machine_finish(struct logs_machine *machine)
{
    for (size_t i = 0; i < machine->op_count; i++)
        free(machine->ops[i].bytes);
    free(machine->ops);
}
