/* SPDX-License-Identifier: Apache-2.0 */
/* Whose refusals are told, how often, and what is known to be missing. */
#include "sensor/fold.h"

#include <errno.h>
#include <string.h>

#include "test.h"

struct heard {
    size_t count;
    struct sensor_told told[64];
    char path[64][64], exe[64][64];
    int answer;
    unsigned uid;
};

static bool is_of_user(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    const struct heard *heard = context;

    (void)domain, (void)call, (void)owner;
    return made && made->uid == heard->uid;
}

static int hear(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct heard *heard = context;

    check(owner->container == 0);
    if (heard->answer)
        return heard->answer;
    check(heard->count < ARRAY_COUNT(heard->told));
    heard->told[heard->count] = *told;
    snprintf(heard->path[heard->count], 64, "%.*s", told->path_length, path);
    snprintf(heard->exe[heard->count], 64, "%.*s", told->exe_length, exe);
    heard->count++;
    return 0;
}

static struct fold *begin(struct heard *heard, unsigned uid)
{
    const struct fold_sink sink = {is_of_user, hear, heard};
    struct fold *fold = NULL;
    struct error err;

    heard->uid = uid;
    check_int(fold_new(FOLD_RUN, &sink, &fold, &err), 0);
    return fold;
}

static int say(struct fold *fold, unsigned type, const char *text)
{
    struct audit_record record;

    check(record_read(type, text, strlen(text), &record));
    return fold_take(fold, &record);
}

#define READ(serial, domain, path) "audit(1.1:" #serial "): domain=" #domain " blockers=fs.read_file path=\"" path "\" dev=\"vda\" ino=5"
#define NEW(serial, domain, uid)   "audit(1.1:" #serial "): domain=" #domain " status=allocated pid=42 uid=" #uid
#define CALL(serial)               "audit(1.1:" #serial "): exit=-13 pid=77 exe=\"/bin/cat\""

TEST(the_first_refusal_waits_for_whose_domain_it_is)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(heard.count, 0);
    check_int(say(fold, 1424, NEW(1, a, 1000)), 0);
    check_int(say(fold, 1300, CALL(1)), 0);
    check_int(heard.count, 2);
    check(heard.told[0].type == SENSOR_DOMAIN && heard.told[0].pid == 42);
    check(heard.told[1].type == SENSOR_REFUSED && heard.told[1].pid == 77 && heard.told[1].errnum == EACCES);
    check_string(heard.path[1], "/x");
    check_string(heard.exe[1], "/bin/cat");
}

TEST(nothing_is_told_of_other_users_nor_of_domains_of_unknown_ones)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(say(fold, 1424, NEW(2, a, 1001)), 0);
    check_int(say(fold, 1423, READ(3, b, "/x")), 0);
    check_int(say(fold, 1424, "audit(1.1:4): domain=a status=deallocated denials=9"), 0);
    check_int(fold_flush(fold), 0);
    check_int(fold_tell_repeated(fold), 0);
    check_int(heard.count, 0);
}

/* Whose domains are many makes no room for himself where this user's are kept. */
static void check_others_drive_out_none(unsigned uid)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, uid);
    char text[128];

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    snprintf(text, sizeof(text), "audit(1.1:1): domain=a status=allocated pid=42 uid=%u", uid);
    check_int(say(fold, 1424, text), 0);
    for (unsigned i = 0; i < 2 * FOLD_RUN.domains; i++) {
        snprintf(text, sizeof(text), "audit(1.1:2): domain=%x status=allocated pid=43 uid=1001", 0x1000 + i);
        check_int(say(fold, 1424, text), 0);
    }
    check_int(say(fold, 1423, READ(3, a, "/y")), 0);
    check_int(fold_flush(fold), 0);
    check_int(heard.count, 3);
    check_string(heard.path[2], "/y");
    check_int(say(fold, 1424, "audit(1.1:4): domain=a status=deallocated denials=2"), 0);
    check(heard.count == 4 && heard.told[3].type == SENSOR_GONE && heard.told[3].count == 0);
}

TEST(other_users_drive_out_no_domain_of_this_one)
{
    check_others_drive_out_none(1000);
}

TEST(other_users_drive_out_no_domain_of_root)
{
    check_others_drive_out_none(0);
}

TEST(equal_refusals_are_counted_and_other_ones_are_not)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(say(fold, 1424, NEW(1, a, 1000)), 0);
    for (int i = 0; i < 1000; i++)
        check_int(say(fold, 1423, READ(2, a, "/x")), 0);
    check_int(say(fold, 1423, READ(3, a, "/y")), 0);
    check_int(fold_flush(fold), 0);
    check_int(heard.count, 3);
    check_string(heard.path[2], "/y");
    check_int(fold_tell_repeated(fold), 0);
    check_int(heard.count, 4);
    check(heard.told[3].type == SENSOR_REFUSED && heard.told[3].count == 1000 && heard.told[1].count == 1);
    check_string(heard.path[3], "/x");
    check_int(fold_tell_repeated(fold), 0);
    check_int(heard.count, 4);
}

TEST(the_kernels_own_count_tells_what_was_lost)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(say(fold, 1424, NEW(1, a, 1000)), 0);
    check_int(say(fold, 1423, READ(2, a, "/x")), 0);
    check_int(say(fold, 1424, "audit(1.1:4): domain=a status=deallocated denials=9"), 0);
    check_int(heard.count, 4);
    check(heard.told[2].type == SENSOR_REFUSED && heard.told[2].count == 1);
    check(heard.told[3].type == SENSOR_GONE && heard.told[3].count == 7);
}

TEST(a_call_is_matched_by_its_event_although_processors_interleave)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(say(fold, 1424, NEW(1, a, 1000)), 0);
    check_int(say(fold, 1423, READ(2, a, "/y")), 0);
    check_int(say(fold, 1300, "audit(1.1:2): exit=-13 pid=78 exe=\"/bin/dd\""), 0);
    check_int(heard.count, 3);
    check(heard.told[1].pid == 0 && heard.told[2].pid == 78); /* that of the first was overtaken, and is nobody else's */
    check_int(say(fold, 1300, CALL(1)), 0);
    check_int(say(fold, 1300, CALL(99)), 0);
    check_int(heard.count, 3);
}

TEST(a_starter_that_is_gone_ends_it)
{
    struct heard heard = {.answer = -EPIPE};
    auto_fold struct fold *fold = begin(&heard, 1000);

    check_int(say(fold, 1423, READ(1, a, "/x")), 0);
    check_int(say(fold, 1424, NEW(1, a, 1000)), -EPIPE);
}

TEST(more_kinds_than_are_remembered_are_told_again_and_never_dropped)
{
    struct heard heard = {0};
    auto_fold struct fold *fold = begin(&heard, 1000);
    char text[256];
    size_t told = 0;

    check_int(say(fold, 1424, NEW(1, a, 1000)), 0);
    for (unsigned i = 0; i < 3 * FOLD_RUN.refusals; i++) {
        struct audit_record record;

        snprintf(text, sizeof(text), "audit(1.1:%u): domain=a blockers=fs.read_file path=\"/%u\" dev=\"vda\" ino=5", i + 2, i);
        check(record_read(1423, text, strlen(text), &record));
        heard.count = 0;
        check_int(fold_take(fold, &record), 0);
        told += heard.count;
    }
    heard.count = 0;
    check_int(fold_flush(fold), 0);
    check_int(told + heard.count, 3 * FOLD_RUN.refusals);
}
