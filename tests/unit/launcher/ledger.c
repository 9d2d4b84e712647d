/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

#define BLOCKS 3u

static const struct range range = {RANGE_FIRST, BLOCKS * RANGE_BLOCK};

struct place {
    char directory[40], proc[64];
    struct ledger ledger;
};

static void reopen(struct place *place)
{
    struct error err = ERROR_INIT;

    ledger_close(&place->ledger);
    check_int(ledger_open(&place->ledger, place->directory, &range, &err), 0);
    place->ledger.proc = place->proc;
}

static void begin(struct place *place)
{
    *place = (struct place){.directory = "/tmp/cordon-test-XXXXXX", .ledger = {.file = -1}};
    test_make_directory(place->directory);
    snprintf(place->proc, sizeof(place->proc), "%s/proc", place->directory);
    check_int(mkdir(place->proc, 0755), 0);
    reopen(place);
}

static void process(const struct place *place, const char *pid, const char *uids, const char *login)
{
    char path[160], text[200];

    snprintf(path, sizeof(path), "%s/%s", place->proc, pid);
    check_int(mkdir(path, 0755), 0);
    snprintf(path, sizeof(path), "%s/%s/status", place->proc, pid);
    snprintf(text, sizeof(text), "Name:\tx\nUmask:\t0022\nUid:\t%s\nGid:\t0\t0\t0\t0\n", uids);
    test_write_file(path, text, 0644);
    snprintf(path, sizeof(path), "%s/%s/loginuid", place->proc, pid);
    test_write_file(path, login, 0644);
}

static uint32_t take(struct place *place, uint32_t caller)
{
    struct error err = ERROR_INIT;
    uint32_t uid = 0;

    check_int(ledger_take(&place->ledger, caller, &uid, &err), 0);
    return uid;
}

TEST(two_callers_never_have_uids_of_one_block)
{
    struct place place;

    begin(&place);
    check_int(take(&place, 1000), RANGE_FIRST);
    check_int(take(&place, 1001), RANGE_FIRST + RANGE_BLOCK);
    check_int(take(&place, 1000), RANGE_FIRST + 1);
    reopen(&place); /* and not after a restart either */
    check_int(take(&place, 1001), RANGE_FIRST + RANGE_BLOCK);
    check_int(take(&place, 1002), RANGE_FIRST + 2 * RANGE_BLOCK);
    ledger_close(&place.ledger);
}

TEST(a_uid_is_given_again_when_all_others_of_its_block_were)
{
    struct place place;
    uint32_t first;

    begin(&place);
    first = take(&place, 1000);
    ledger_give(&place.ledger, first);
    for (unsigned i = 1; i < RANGE_BLOCK; i++) {
        uint32_t uid = take(&place, 1000);

        check_int(uid, first + i);
        ledger_give(&place.ledger, uid);
    }
    check_int(take(&place, 1000), first);
    check_int(place.ledger.scans, 2); /* not one for each */
    ledger_close(&place.ledger);
}

TEST(a_uid_that_a_process_has_in_any_way_is_not_given)
{
    static const char *const uids[] = {"1879048192\t0\t0\t0", "0\t1879048193\t0\t0", "0\t0\t1879048194\t0", "0\t0\t0\t1879048195", "0\t0\t0\t0"};
    static const char *const logins[] = {"4294967295", "4294967295", "4294967295", "4294967295", "1879048196"};
    struct place place;

    begin(&place);
    for (int i = 0; i < 5; i++)
        process(&place, (char[]){(char)('1' + i), '\0'}, uids[i], logins[i]);
    check_int(take(&place, 1000), RANGE_FIRST + 5);
    ledger_close(&place.ledger);
}

TEST(a_second_block_is_given_when_the_first_is_in_use_and_then_no_more)
{
    struct place place;
    struct error err = ERROR_INIT;
    uint32_t uid = 7;

    begin(&place);
    for (unsigned i = 0; i < BLOCKS * RANGE_BLOCK; i++)
        check_int(take(&place, 1000), RANGE_FIRST + i);
    check_int(ledger_take(&place.ledger, 1000, &uid, &err), -EUSERS);
    check_int(ledger_take(&place.ledger, 1001, &uid, &err), -EUSERS);
    check(uid == 7 && err.kind == ERROR_LIMIT);
    ledger_give(&place.ledger, RANGE_FIRST + 300);
    check_int(ledger_take(&place.ledger, 1001, &uid, &err), -EUSERS);
    check_int(take(&place, 1000), RANGE_FIRST + 300);
    ledger_close(&place.ledger);
}

TEST(a_ledger_with_any_bit_turned_is_refused)
{
    struct place place;
    struct error err = ERROR_INIT;
    char path[128];
    int fd;

    begin(&place);
    take(&place, 1000);
    snprintf(path, sizeof(path), "%s/uids-%u-%u", place.directory, range.first, range.count);
    ledger_close(&place.ledger);
    for (int bit = 0; bit < 128; bit++) {
        unsigned char byte, turned;

        fd = open(path, O_RDWR | O_CLOEXEC);
        check_int(pread(fd, &byte, 1, bit / 8), 1);
        turned = byte ^ (unsigned char)(1 << bit % 8);
        check_int(pwrite(fd, &turned, 1, bit / 8), 1);
        check_int(ledger_open(&place.ledger, place.directory, &range, &err), -EUCLEAN);
        check_int(pwrite(fd, &byte, 1, bit / 8), 1);
        close(fd);
    }
    for (off_t size = 1; size < 16; size++) { /* cut short */
        fd = open(path, O_RDWR | O_CLOEXEC);
        check_int(ftruncate(fd, size), 0);
        close(fd);
        check_int(ledger_open(&place.ledger, place.directory, &range, &err), -EUCLEAN);
        check_int(unlink(path), 0);
        reopen(&place);
        take(&place, 1000);
        ledger_close(&place.ledger);
    }
}

TEST(what_lives_is_kept_over_a_restart_by_its_own_caller_alone)
{
    struct place place;
    struct error err = ERROR_INIT;
    uint32_t uid;

    begin(&place);
    uid = take(&place, 1000);
    reopen(&place);
    check_int(ledger_keep(&place.ledger, 1001, uid, &err), -EINVAL);
    check_int(ledger_keep(&place.ledger, 1000, uid + RANGE_BLOCK, &err), -EINVAL);
    check_int(ledger_keep(&place.ledger, 1000, 5, &err), -EINVAL);
    check_int(ledger_keep(&place.ledger, 1000, uid, &err), 0);
    check_int(ledger_keep(&place.ledger, 1000, uid, &err), -EINVAL);
    check_int(take(&place, 1000), uid + 1);
    ledger_close(&place.ledger);
}

TEST(a_ledger_without_memory_is_an_error_and_no_loss)
{
    struct place place;
    struct error err = ERROR_INIT;
    struct ledger ledger;

    begin(&place);
    for (long i = 0; i < 3; i++) {
        mem_fail_after(i);
        check_int(ledger_open(&ledger, place.directory, &range, &err), -ENOMEM);
        mem_fail_after(-1);
    }
    ledger_close(&place.ledger);
}
