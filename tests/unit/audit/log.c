/* SPDX-License-Identifier: Apache-2.0 */
/* What a log takes, what it says no to, and what is there when it is opened again. */
#include "audit/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/tile.h"
#include "base/file.h"
#include "base/memory.h"
#include "logs.h"
#include "test.h"

/* The records of the log's own writer that name this event. */
static unsigned count_events(const char *directory, const char *event)
{
    auto_reader struct reader *reader = NULL;
    struct reader_entry entry;
    char part[64];
    struct error err;
    unsigned count = 0;

    snprintf(part, sizeof(part), "\"x_event\":\"%s\"", event);
    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    for (uint64_t i = 0; i < reader_checkpoint(reader)->size; i++) {
        check_int(reader_entry(reader, i, &entry, &err), 0);
        count += strcmp(entry.stamp.label.writer, "cordon-log") == 0 && memmem(entry.body, entry.body_size, part, strlen(part)) != NULL;
    }
    return count;
}

TEST(a_log_holds_what_was_appended_and_goes_on_when_it_is_opened_again)
{
    static const uint64_t ends[] = {1, 2, 255, 256, 257, 700, 1500};
    char directory[32];
    uint64_t from = 1;
    struct error err;

    logs_directory(directory);
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        struct log *log = logs_open(directory, NULL);

        check_string(log_findings(log), "");
        check_int(log_number(log, logs_label.writer), (long long)from - 1);
        logs_append(log, from, ends[i], 300);
        check_int(log_commit(log, NULL, &err), 0);
        check_int(log_number(log, logs_label.writer), (long long)ends[i]);
        log_close(log);
        from = ends[i] + 1;
        check_int(logs_check(directory, 300), (long long)ends[i]);
    }
    check_int(count_events(directory, "log.opened"), ARRAY_COUNT(ends));
}

TEST(a_tree_of_three_levels_is_the_same_after_each_opening)
{
    struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .is_volatile = true};
    char directory[32];
    struct log *log = NULL;
    struct error err;

    logs_directory(directory);
    for (uint64_t from = 1; from < 140000; from += 35000) {
        check_int(log_open(directory, &options, &log, &err), 0);
        logs_append(log, from, from + 34999, 0);
        check_int(log_commit(log, NULL, &err), 0);
        log_close(log);
    }
    check_int(logs_check(directory, 0), 140000);
}

TEST(what_was_not_committed_is_not_there)
{
    char directory[32];
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    logs_append(log, 1, 10, 100);
    check_int(log_commit(log, NULL, &err), 0);
    logs_append(log, 11, 20, 100);
    check_int(log_pending(log), 10);
    log_close(log);
    check_int(logs_check(directory, 100), 10);
}

TEST(a_record_that_is_sent_twice_is_kept_once)
{
    char directory[32], body[64];
    size_t size = logs_body(3, 0, body);
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    logs_append(log, 1, 3, 0);
    check_int(log_append(log, &logs_label, 3, body, size, &err), LOG_DOUBLE); /* before it is durable, */
    check_int(log_commit(log, NULL, &err), 0);
    check_int(log_append(log, &logs_label, 3, body, size, &err), LOG_DOUBLE); /* after that, */
    log_close(log);
    log = logs_open(directory, NULL);
    check_int(log_append(log, &logs_label, 2, body, size, &err), LOG_DOUBLE); /* and after another beginning */
    logs_append(log, 4, 4, 0);
    check_int(log_commit(log, NULL, &err), 0);
    log_close(log);
    check_int(logs_check(directory, 0), 4);
}

TEST(what_is_no_record_is_refused_and_nothing_of_it_stays)
{
    char directory[32];
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    check_int(log_append(log, &logs_label, 1, "{\n}", 3, &err), -EBADMSG);
    check_int(log_append(log, &logs_label, 1, "x", 1, &err), -EBADMSG);
    check_int(log_append(log, &logs_label, 0, "{}", 2, &err), -EINVAL);
    check_int(log_append(log, &logs_label, 1, directory, BODY_SIZE_MAX + 1, &err), -EMSGSIZE);
    logs_append(log, 1, 1, 0);
    check_int(log_commit(log, NULL, &err), 0);
    log_close(log);
    check_int(logs_check(directory, 0), 1);
}

TEST(the_largest_records_have_room_in_a_bundle)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .segment_bytes = 4 << 20};
    char directory[32];
    struct error err;
    struct log *log;

    check_int(log_open(logs_directory(directory), &options, &log, &err), 0);
    logs_append(log, 1, 300, BODY_SIZE_MAX);
    check_int(log_commit(log, NULL, &err), 0);
    log_close(log);
    check_int(log_open(directory, &options, &log, &err), 0);
    logs_append(log, 301, 310, BODY_SIZE_MAX);
    check_int(log_commit(log, NULL, &err), 0);
    log_close(log);
    check_int(logs_check(directory, BODY_SIZE_MAX), 310);
}

TEST(a_log_has_one_writer)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer()};
    struct log *log, *second = NULL;
    char directory[32];
    struct error err;

    log = logs_open(logs_directory(directory), NULL);
    check_int(log_open(directory, &options, &second, &err), -EBUSY);
    check_contains(err.text, "another process writes this log");
    log_close(log);
}

TEST(the_log_of_another_machine_is_not_continued)
{
    struct log_options options = {.origin = "cordon/test/other"};
    struct note_signer *signer = NULL;
    struct log *log, *second = NULL;
    char directory[32];
    struct error err;

    log = logs_open(logs_directory(directory), NULL);
    check_int(log_commit(log, NULL, &err), 0);
    log_close(log);
    check_int(note_signer_new("cordon/test/other", (const unsigned char *)"0123456789abcdef0123456789abcdef", &signer, &err), 0);
    options.signer = signer;
    check_int(log_open(directory, &options, &second, &err), -EINVAL);
    check_contains(err.text, "this is the log cordon/test/host, not cordon/test/other");
    options.origin = LOGS_ORIGIN;
    check_int(log_open(directory, &options, &second, &err), -EINVAL);
    note_signer_free(signer);
}

TEST(a_checkpoint_comes_with_a_thousand_records_and_shows_the_time_with_none)
{
    auto_reader struct reader *reader = NULL;
    uint64_t first = 0, second = 0;
    struct logs_machine machine;
    struct note_key clock;
    char directory[32];
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    note_signer_key(logs_signer(), NOTE_COSIGNATURE, &clock);
    log = logs_open(logs_directory(directory), &machine.machine);
    logs_append(log, 1, 1100, 0);
    check_int(log_commit(log, NULL, &err), 0);
    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    check_int(reader_checkpoint(reader)->size, 1024); /* whole bundles: no file is written twice while much comes */
    check_int(log_tick(log, &err), 0);
    check_int(reader_refresh(reader, &err), 1);
    check_int(reader_checkpoint(reader)->size, 1101);
    check_int(note_verify(reader_note(reader), &clock, &first), NOTE_SIGNED);
    machine.clock_us += 900000;
    machine.clock_us += 900000; /* seen as two steps of less than a second by nobody: one record says so */
    check_int(log_tick(log, &err), 0);
    check_int(reader_refresh(reader, &err), 1);
    check_int(note_verify(reader_note(reader), &clock, &second), NOTE_SIGNED);
    check(second > first);
    log_close(log);
    logs_machine_finish(&machine);
}

TEST(a_clock_that_moves_is_a_record)
{
    struct logs_machine machine;
    char directory[32];
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    log = logs_open(logs_directory(directory), &machine.machine);
    check_int(log_tick(log, &err), 0);
    check_int(count_events(directory, "log.clock_moved"), 0);
    machine.clock_us -= 3600 * 1000000ll;
    check_int(log_tick(log, &err), 0);
    check_int(log_tick(log, &err), 0);
    check_int(count_events(directory, "log.clock_moved"), 1);
    machine.clock_us += 86400 * 1000000ll;
    check_int(log_tick(log, &err), 0);
    check_int(count_events(directory, "log.clock_moved"), 2);
    log_close(log);
    machine.clock_us -= 30 * 86400 * 1000000ll; /* while nobody looked */
    log = logs_open(directory, &machine.machine);
    check_int(log_tick(log, &err), 0);
    check_int(count_events(directory, "log.clock_moved"), 3);
    log_close(log);
    logs_machine_finish(&machine);
}

TEST(losses_are_counted_for_their_writer_and_are_a_record)
{
    auto_reader struct reader *reader = NULL;
    struct reader_entry entry;
    char directory[32];
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    check_int(log_lose(log, &logs_label, 7, &err), 0);
    check_int(log_tick(log, &err), 0);
    logs_append(log, 1, 1, 0);
    check_int(log_tick(log, &err), 0);
    check_int(count_events(directory, "log.lost"), 1);
    log_close(log);
    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    check_int(reader_entry(reader, 2, &entry, &err), 0);
    check_string(entry.stamp.label.writer, logs_label.writer);
    check_int(entry.stamp.lost, 7);
}

TEST(a_writer_has_its_share_of_a_second_and_no_other_pays_for_it)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .writer_bytes_max = 5000};
    struct stamp_label other = logs_label;
    struct log *log = NULL;
    char directory[32], body[1001];
    size_t size = logs_body(6, 1000, body);
    struct error err;

    strcpy(other.writer, "run:2");
    check_int(log_open(logs_directory(directory), &options, &log, &err), 0);
    logs_append(log, 1, 5, 1000);
    check_int(log_append(log, &logs_label, 6, body, size, &err), -EDQUOT);
    check_int(log_append(log, &other, 1, body, size, &err), LOG_TAKEN);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    check_int(count_events(directory, "log.slowed"), 1);
}

/* ---- no room ---- */

TEST(a_full_disk_loses_nothing_that_was_acknowledged_and_is_said)
{
    struct logs_machine machine;
    char directory[32], body[2001];
    uint64_t number = 1, acknowledged = 0;
    struct error err;
    struct log *log;
    int status = 0;

    logs_machine_begin(&machine);
    log = logs_open(logs_directory(directory), &machine.machine);
    machine.fail_after = 20;
    machine.free_bytes = 4096;
    for (; number < 2000 && status == 0; number++) {
        status = log_append(log, &logs_label, number, body, logs_body(number, 2000, body), &err);
        if (status == 0)
            status = log_commit(log, NULL, &err);
        if (status == 0)
            acknowledged = number;
    }
    check_int(status, -ENOSPC);
    check_int(err.kind, ERROR_LIMIT);
    (void)!log_tick(log, &err); /* its own words still find room in the journal */
    machine.fail_after = -1;
    machine.free_bytes = UINT64_MAX;
    check_int(log_tick(log, &err), 0);
    check_int(log_number(log, logs_label.writer), (long long)acknowledged);
    logs_append(log, acknowledged + 1, acknowledged + 50, 2000);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    check_int(logs_check(directory, 2000), (long long)acknowledged + 50);
    check_int(count_events(directory, "log.disk_full"), 1);
    check_int(count_events(directory, "log.disk_room"), 1);
    logs_machine_finish(&machine);
}

TEST(tiles_that_find_no_room_wait_and_no_checkpoint_goes_ahead_of_them)
{
    struct logs_machine machine;
    char directory[32];
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    log = logs_open(logs_directory(directory), &machine.machine);
    check_int(log_tick(log, &err), 0);
    machine.fail_after = 0;
    machine.fail_name = "tile/";
    logs_append(log, 1, 300, 0);
    check_int(log_commit(log, NULL, &err), 0); /* the journal has them */
    check_int(log_append(log, &logs_label, 301, "{}", 2, &err), -ENOSPC);
    check(log_tick(log, &err) < 0);
    check_int(logs_check(directory, 0), 0);
    machine.fail_after = -1;
    check_int(log_tick(log, &err), 0);
    check_int(logs_check(directory, 0), 300);
    log_close(log);
    logs_machine_finish(&machine);
}

TEST(a_disk_that_fails_ends_the_log_and_what_was_acknowledged_is_there_when_it_is_opened_anew)
{
    struct logs_machine machine;
    char directory[32];
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    log = logs_open(logs_directory(directory), &machine.machine);
    logs_append(log, 1, 10, 0);
    check_int(log_commit(log, NULL, &err), 0);
    machine.fail_after = 0;
    machine.fail_name = "sync";
    machine.fail_with = -EIO;
    logs_append(log, 11, 20, 0);
    check_int(log_commit(log, NULL, &err), -EIO);
    machine.fail_after = -1;
    check_int(log_append(log, &logs_label, 21, "{}", 2, &err), -EIO); /* a sync that succeeds later says nothing of what failed */
    check_int(log_commit(log, NULL, &err), -EIO);
    log_close(log);
    log = logs_open(directory, NULL);
    check(log_number(log, logs_label.writer) == 10 || log_number(log, logs_label.writer) == 20);
    log_close(log);
    logs_machine_finish(&machine);
}

/* ---- pruning ---- */

TEST(what_is_pruned_is_gone_and_every_later_proof_holds)
{
    auto_reader struct reader *reader = NULL;
    struct reader_entry entry;
    struct proof proof;
    char directory[32], path[128], hold[64];
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    logs_append(log, 1, 2000, 0);
    check_int(log_tick(log, &err), 0);
    check_int(log_prune(log, 4000, &err), -EINVAL);
    snprintf(hold, sizeof(hold), "%s/hold", directory);
    test_write_file(hold, "700\n", 0644);
    check_int(log_prune(log, 1030, &err), -EPERM);
    check_contains(err.text, "a hold keeps the records from 700 on");
    test_write_file(hold, "nonsense\n", 0644);
    check_int(log_prune(log, 1030, &err), -EPERM);
    check_int(unlink(hold), 0);
    check_int(log_prune(log, 1030, &err), 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    log = logs_open(directory, NULL); /* the tree is known without what is gone */
    logs_append(log, 2001, 2300, 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    snprintf(path, sizeof(path), "%s/tile/entries/003", directory);
    check_int(access(path, F_OK), -1);
    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    check_int(reader_minimum(reader), 1024);
    check_int(reader_entry(reader, 1023, &entry, &err), -ENOENT);
    check_contains(err.text, "has been pruned");
    for (uint64_t i = 1024; i < reader_checkpoint(reader)->size; i++) {
        check_int(reader_entry(reader, i, &entry, &err), 0);
        check_int(proof_of_entry(reader, i, &proof, &err), 0);
    }
}

TEST(the_retry_of_a_pruning_that_a_lost_tile_stopped_is_harmless)
{
    char directory[32];
    struct error err;
    struct log *log;

    log = logs_open(logs_directory(directory), NULL);
    logs_append(log, 1, 1000, 0);
    check_int(log_tick(log, &err), 0);
    check_int(log_prune(log, 512, &err), 0);
    check_int(log_prune(log, 512, &err), 0);
    check_int(log_prune(log, 256, &err), 0);
    log_close(log);
}

/* How many records are gone. */
static uint64_t gone_from(const char *directory)
{
    auto_reader struct reader *reader = NULL;
    struct error err;

    check_int(reader_open(directory, logs_key(), &reader, &err), 0);
    return reader_minimum(reader);
}

#define TEST_DAY_US (86400ll * 1000000)

static uint64_t test_mono_us;
static uint64_t mono_us(void *context)
{
    (void)context;
    return test_mono_us;
}

/* By both clocks. */
static void pass_hours(struct logs_machine *machine, uint64_t hours)
{
    test_mono_us += hours * 3600 * 1000000;
    machine->clock_us += (int64_t)(hours * 3600 * 1000000);
}

TEST(what_is_older_than_it_is_kept_goes_by_itself_and_nothing_that_is_held_or_young)
{
    char directory[32], retain[64], hold[64];
    struct logs_machine machine;
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    machine.machine.mono_us = mono_us;
    test_mono_us = 1000000;
    machine.clock_us = -100 * TEST_DAY_US;
    log = logs_open(logs_directory(directory), &machine.machine);
    snprintf(retain, sizeof(retain), "%s/retain", directory);
    snprintf(hold, sizeof(hold), "%s/hold", directory);
    logs_append(log, 1, 1500, 0);
    check_int(log_tick(log, &err), 0);
    log_close(log);
    machine.clock_us = 0; /* and a hundred days later */
    test_mono_us = 2000000;
    log = logs_open(directory, &machine.machine);
    logs_append(log, 1501, 2000, 0);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0); /* nobody has said so */
    test_write_file(retain, "a year\n", 0644);
    pass_hours(&machine, 1);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0); /* not understood */
    test_write_file(retain, "101\n", 0644);
    pass_hours(&machine, 1);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0); /* all are young enough */
    test_write_file(retain, "99\n", 0644);
    test_write_file(hold, "600\n", 0644);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0); /* it is not looked at again before an hour has passed */
    pass_hours(&machine, 1);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 512);
    check_int(unlink(hold), 0);
    pass_hours(&machine, 1);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 1280); /* the bundle with the first young record stays */
    check_int(log_tick(log, &err), 0);
    log_close(log);
    logs_machine_finish(&machine);
}

TEST(a_clock_that_was_moved_makes_nothing_old_for_a_day)
{
    char directory[32], retain[64];
    struct logs_machine machine;
    struct error err;
    struct log *log;

    logs_machine_begin(&machine);
    machine.machine.mono_us = mono_us;
    test_mono_us = 1000000;
    log = logs_open(logs_directory(directory), &machine.machine);
    snprintf(retain, sizeof(retain), "%s/retain", directory);
    test_write_file(retain, "99\n", 0644);
    logs_append(log, 1, 600, 0);
    check_int(log_tick(log, &err), 0);
    machine.clock_us = 100 * TEST_DAY_US;
    pass_hours(&machine, 2);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0);
    pass_hours(&machine, 23);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 0);
    pass_hours(&machine, 1);
    check_int(log_tick(log, &err), 0);
    check_int(gone_from(directory), 512);
    log_close(log);
    logs_machine_finish(&machine);
}

/* ---- no memory ---- */

TEST(each_allocation_may_fail_once_and_what_was_acknowledged_stays)
{
    const struct log_options options = {.origin = LOGS_ORIGIN, .signer = logs_signer(), .segment_bytes = LOGS_SEGMENT};
    uint64_t acknowledged = 0, there;
    char directory[32], body[256];
    bool has_failed = true;
    struct log *log;

    logs_directory(directory);
    for (long count = 0; has_failed; count++) {
        struct error err = ERROR_INIT;

        log = NULL;
        mem_fail_after(count);
        if (log_open(directory, &options, &log, &err) == 0) {
            uint64_t number = log_number(log, logs_label.writer) + 1;

            if (log_append(log, &logs_label, number, body, logs_body(number, 100, body), &err) == LOG_TAKEN && log_commit(log, NULL, &err) == 0)
                acknowledged = number;
            (void)!log_tick(log, &err);
            log_close(log);
        }
        has_failed = mem_fail_after(-1) < 0;
        check(count < 1000);
        log = logs_open(directory, NULL);
        there = log_number(log, logs_label.writer);
        check(there >= acknowledged);
        check_int(log_tick(log, &err), 0);
        log_close(log);
        check_int(logs_check(directory, 100), (long long)there);
    }
    check(acknowledged > 1);
}
