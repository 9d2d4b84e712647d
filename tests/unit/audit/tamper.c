/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whatever is changed in a log, cordon-verify finds: each byte of each file that is published, records that are dropped, put in another
 * order, repeated, cut off; and what a log that was rewritten with its own key cannot hide from who has an older checkpoint.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "audit/verify/verify.h"
#include "base/file.h"
#include "base/memory.h"
#include "logs.h"
#include "test.h"

static int close_verify(struct verify *verify, const char *what)
{
    int status = verify_close(verify, what);

    fclose(verify->out);
    return status;
}

static int verify_with(struct verify *verify, const char *directory)
{
    verify->key = *logs_key();
    verify->has_key = true;
    verify->thread_count = 1;
    verify->out = fopen("/dev/null", "we");
    check(verify->out);
    verify->to = verify->to ? verify->to : UINT64_MAX;
    verify_log(verify, directory);
    return close_verify(verify, directory);
}

static int verify_plain(const char *directory)
{
    struct verify verify = {.has_key = false};

    return verify_with(&verify, directory);
}

static void make_log(const char *directory, uint64_t records)
{
    struct log *log = logs_open(directory, NULL);
    struct error err;

    logs_append(log, 1, records, 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
}

static void path_of(const char *directory, const char *name, char path[128])
{
    snprintf(path, 128, "%s/%s", directory, name);
}

/* Every byte (or each so-manieth) of the file, one bit of it turned: drawn, so that all of them are at last. */
static void turn_each_byte(const char *directory, const char *name, size_t step)
{
    char path[128];
    struct stat about;
    unsigned char byte, turned;
    int fd;

    step *= 20 / test_rounds(20);
    path_of(directory, name, path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    check(fd >= 0 && fstat(fd, &about) == 0 && about.st_size > 0);
    for (off_t at = 0; at < about.st_size; at += (off_t)step) {
        check_int(pread(fd, &byte, 1, at), 1);
        turned = byte ^ (unsigned char)(1 << (unsigned)rand() % 8);
        check_int(pwrite(fd, &turned, 1, at), 1);
        if (verify_plain(directory) != VERIFY_BROKEN)
            test_fail(__FILE__, __LINE__, "%s: byte %lld: %02x for %02x is not found", name, (long long)at, turned, byte);
        check_int(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    check_int(verify_plain(directory), VERIFY_HOLDS);
}

TEST(no_byte_of_a_small_log_can_be_another)
{
    char directory[32];

    make_log(logs_directory(directory), 12);
    check_int(verify_plain(directory), VERIFY_HOLDS);
    turn_each_byte(directory, "checkpoint", 1);
    turn_each_byte(directory, "tile/0/000.p/13", 1);
    turn_each_byte(directory, "tile/entries/000.p/13", 1);
}

TEST(no_byte_of_full_tiles_can_be_another)
{
    char directory[32];

    make_log(logs_directory(directory), 258);
    check_int(verify_plain(directory), VERIFY_HOLDS);
    turn_each_byte(directory, "checkpoint", 1);
    turn_each_byte(directory, "tile/0/000", 3);
    turn_each_byte(directory, "tile/1/000.p/1", 1);
    turn_each_byte(directory, "tile/0/001.p/3", 1);
    turn_each_byte(directory, "tile/entries/001.p/3", 1);
    turn_each_byte(directory, "tile/entries/000", 41);
}

TEST(a_tile_of_a_former_checkpoint_cannot_be_another)
{
    struct log *log;
    char directory[32];
    struct error err;

    log = logs_open(logs_directory(directory), NULL);
    logs_append(log, 1, 4, 0);
    check_int(log_tick(log, &err), 0);
    logs_append(log, 5, 9, 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    turn_each_byte(directory, "tile/0/000.p/5", 1);
    turn_each_byte(directory, "tile/entries/000.p/5", 1);
}

/* ---- records ---- */

struct entries {
    unsigned char *bytes;
    size_t size, starts[TILE_WIDTH + 1];
    unsigned count;
};

static void read_entries(const char *path, struct entries *entries)
{
    const unsigned char *entry;
    struct error err;
    char *bytes;
    size_t at = 0, length;

    check_int(file_read(path, BUNDLE_SIZE_MAX, &bytes, &entries->size, &err), 0);
    entries->bytes = (unsigned char *)bytes;
    entries->count = 0;
    entries->starts[0] = 0;
    while (bundle_next(entries->bytes, entries->size, &at, &entry, &length))
        entries->starts[++entries->count] = at;
}

/* The bundle anew, of these of its entries in this order. */
static void write_entries(const char *path, const struct entries *entries, const unsigned *order, unsigned count)
{
    auto_text struct text bytes = {0};
    struct error err;

    for (unsigned i = 0; i < count; i++)
        text_add_n(&bytes, (char *)entries->bytes + entries->starts[order[i]], entries->starts[order[i] + 1] - entries->starts[order[i]]);
    check_int(file_replace(path, bytes.data ? bytes.data : "", bytes.length, &err), 0);
}

static void expect_broken(const char *directory, const char *what)
{
    if (verify_plain(directory) != VERIFY_BROKEN)
        test_fail(__FILE__, __LINE__, "%s is not found", what);
}

TEST(records_that_are_dropped_moved_or_repeated_are_found)
{
    char directory[32], path[128];
    struct entries entries;

    make_log(logs_directory(directory), 20);
    path_of(directory, "tile/entries/000.p/21", path);
    read_entries(path, &entries);
    check_int(entries.count, 21);
    for (unsigned at = 0; at < 21; at++) {
        unsigned order[TILE_WIDTH], count = 0;

        for (unsigned i = 0; i < 21; i++)
            if (i != at)
                order[count++] = i;
        write_entries(path, &entries, order, count);
        expect_broken(directory, "a record that was dropped");
        write_entries(path, &entries, order, at);
        expect_broken(directory, "a log that was cut off");
        for (unsigned i = 0; i < 21; i++)
            order[i] = i == at ? (at + 1) % 21 : i == (at + 1) % 21 ? at : i;
        write_entries(path, &entries, order, 21);
        expect_broken(directory, "two records in another order");
        for (unsigned i = 0; i < 22; i++)
            order[i] = i <= at ? i : i - 1;
        write_entries(path, &entries, order, 22);
        expect_broken(directory, "a record that is there twice");
    }
    mem_free(entries.bytes);
}

TEST(files_that_are_gone_are_found)
{
    static const char *const names[] = {"checkpoint", "tile/0/000", "tile/entries/000", "tile/entries/001.p/45", "tile/0/001.p/45", "tile/1/000.p/1"};
    char directory[32], path[128], aside[128];

    make_log(logs_directory(directory), 300);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        path_of(directory, names[i], path);
        path_of(directory, "aside", aside);
        check_int(rename(path, aside), 0);
        expect_broken(directory, names[i]);
        check_int(rename(aside, path), 0);
    }
    check_int(verify_plain(directory), VERIFY_HOLDS);
}

/* ---- with the log's own key ---- */

static void copy_file(const char *from, const char *to)
{
    auto_free char *bytes = NULL;
    struct error err;
    size_t size;

    check_int(file_read(from, NOTE_SIZE_MAX, &bytes, &size, &err), 0);
    check_int(file_replace(to, bytes, size, &err), 0);
}

TEST(a_log_that_was_rewritten_with_its_own_key_does_not_continue_the_checkpoint_that_somebody_kept)
{
    char first[32], second[32], checkpoint[128], kept[128];
    struct log *log;
    struct error err;

    make_log(logs_directory(first), 30);
    make_log(logs_directory(second), 40);
    path_of(first, "checkpoint", checkpoint);
    path_of(second, "kept", kept);
    copy_file(checkpoint, kept);
    check_int(verify_plain(second), VERIFY_HOLDS); /* by itself: its own key signed it */
    check_int(verify_with(&(struct verify){.since = kept}, second), VERIFY_BROKEN);
    log = logs_open(first, NULL);
    logs_append(log, 31, 40, 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    check_int(verify_with(&(struct verify){.since = kept}, first), VERIFY_HOLDS);
    check_int(unlink(checkpoint), 0);
    copy_file(kept, checkpoint); /* rolled back: the tiles of the old checkpoint are still there */
    path_of(second, "checkpoint", checkpoint);
    check_int(verify_with(&(struct verify){.since = checkpoint}, first), VERIFY_BROKEN);
}

TEST(a_log_whose_checkpoint_is_forged_does_not_open)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .segment_bytes = LOGS_SEGMENT};
    char first[32], second[32], from[128], to[128];
    struct log *log = NULL;
    struct error err;

    make_log(logs_directory(first), 30);
    make_log(logs_directory(second), 29); /* one record less, signed by the same key */
    path_of(first, "checkpoint", from);
    path_of(second, "checkpoint", to);
    copy_file(from, to);
    check_int(log_open(second, &options, &log, &err), -EBADMSG);
    check_contains(err.text, "acknowledged records are missing");
}

TEST(what_is_damaged_in_the_journal_is_found_before_anything_is_written)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .segment_bytes = LOGS_SEGMENT};
    char directory[32], path[128];
    struct log *log = NULL;
    struct error err;
    int fd;

    log = logs_open(logs_directory(directory), NULL);
    for (uint64_t i = 1; i <= 20; i++) {
        logs_append(log, i, i, 0);
        check_int(log_commit(log, NULL, &err), 0);
    }
    check_int(log_tick(log, &err), 0);
    log_close(log);
    path_of(directory, "journal/00000000000000000000", path);
    fd = open(path, O_RDWR | O_CLOEXEC);
    check(fd >= 0);
    for (off_t at = 0; at < 6000; at += 23) {
        unsigned char byte, turned;

        check_int(pread(fd, &byte, 1, at), 1);
        turned = byte ^ 4;
        check_int(pwrite(fd, &turned, 1, at), 1);
        if (log_open(directory, &options, &log, &err) != -EBADMSG)
            test_fail(__FILE__, __LINE__, "byte %lld of the journal: %02x for %02x is not found", (long long)at, turned, byte);
        check_int(pwrite(fd, &byte, 1, at), 1);
    }
    close(fd);
    log = logs_open(directory, NULL);
    check_int(log_number(log, logs_label.writer), 20);
    log_close(log);
}

/* ---- proofs ---- */

static int verify_proof_text(const char *path, const char *text, size_t size)
{
    struct verify verify = {.has_key = true, .key = *logs_key(), .out = fopen("/dev/null", "we")};
    struct error err;

    check_int(file_replace(path, text, size, &err), 0);
    check(verify.out);
    verify_proof(&verify, path);
    return close_verify(&verify, path);
}

TEST(a_proof_proves_its_record_and_no_byte_of_it_can_be_another)
{
    auto_reader struct reader *reader = NULL;
    auto_text struct text text = {0};
    char directory[32], path[128];
    struct reader_entry entry;
    struct proof proof;
    struct error err;

    make_log(logs_directory(directory), 20);
    path_of(directory, "p.tlog-proof", path);
    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    check_int(reader_entry(reader, 11, &entry, &err), 0);
    check_int(proof_of_entry(reader, 11, &proof, &err), 0);
    check_int(proof_write(11, &proof, reader_note(reader), entry.bytes, entry.size, &text, &err), 0);
    check_int(verify_proof_text(path, text.data, text.length), VERIFY_HOLDS);
    for (size_t i = 0; i < text.length; i++) {
        char was = text.data[i];

        text.data[i] = (char)(was ^ 1 << rand() % 8);
        if (verify_proof_text(path, text.data, text.length) == VERIFY_HOLDS)
            test_fail(__FILE__, __LINE__, "byte %zu of the proof: %02x for %02x is not found", i, (unsigned char)text.data[i], (unsigned char)was);
        text.data[i] = was;
    }
    for (size_t size = 0; size < text.length; size += 7)
        check(verify_proof_text(path, text.data, size) != VERIFY_HOLDS);
}
