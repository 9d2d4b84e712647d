/* SPDX-License-Identifier: Apache-2.0 */
/* What cordon-sensord makes of records: whose they are, what is missing, which call was refused. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sensor/calls.h"
#include "sensor/gaps.h"
#include "sensor/listeners.h"

#include "test.h"

/* ---- gaps ---- */

TEST(numbers_that_come_out_of_order_are_not_missing)
{
    struct gaps gaps = {0};

    for (uint64_t i = 0; i < 5000; i += 4) {
        gaps_see(&gaps, 100 + i + 2);
        gaps_see(&gaps, 100 + i + 3);
        gaps_see(&gaps, 100 + i + 2);
        gaps_see(&gaps, 100 + i + 1);
        if (i)
            gaps_see(&gaps, 100 + i);
    }
    check_int(gaps_settle(&gaps), 0);
    check_int(gaps_settle(&gaps), 0);
}

TEST(numbers_that_never_come_are_counted_once)
{
    struct gaps gaps = {0};

    gaps_see(&gaps, 10);
    gaps_see(&gaps, 14);
    check_int(gaps_settle(&gaps), 0); /* they may be on their way */
    gaps_see(&gaps, 12);
    check_int(gaps_settle(&gaps), 2);
    gaps_see(&gaps, 11); /* too late: it was told as missing */
    check_int(gaps_settle(&gaps), 0);
    check_int(gaps_settle(&gaps), 0);
}

TEST(a_leap_counts_whatever_lies_between)
{
    static const uint64_t leaps[] = {2, GAPS_WINDOW - 1, GAPS_WINDOW, GAPS_WINDOW + 1, 2 * GAPS_WINDOW - 1, 2 * GAPS_WINDOW, 2 * GAPS_WINDOW + 1, 1000000};

    for (size_t i = 0; i < ARRAY_COUNT(leaps); i++) {
        struct gaps gaps = {0};
        uint64_t missing = 0;

        gaps_see(&gaps, 1000);
        gaps_see(&gaps, 1000 + leaps[i]);
        for (int round = 0; round < 3; round++)
            missing += gaps_settle(&gaps);
        check_int(missing, leaps[i] - 1);
    }
}

/* Against a plain count of what was left out, with as much disorder as the window allows. */
TEST(random_losses_are_counted_exactly)
{
    unsigned seed = 1, rounds = test_rounds(200);

    for (unsigned round = 0; round < rounds; round++) {
        struct gaps gaps = {0};
        uint64_t next = 1, dropped = 0, missing = 0;

        gaps_see(&gaps, next++);
        for (int i = 0; i < 300; i++) {
            uint64_t held[8];
            unsigned count = 0;

            for (int n = 0; n < 8; n++, next++) {
                seed = seed * 1103515245 + 12345;
                if ((seed >> 16) % 10 == 0 && n != 7)
                    dropped++;
                else
                    held[count++] = next;
            }
            while (count)
                gaps_see(&gaps, held[--count]);
            if (i % 50 == 0)
                missing += gaps_settle(&gaps);
        }
        missing += gaps_settle(&gaps);
        missing += gaps_settle(&gaps);
        check_int(missing, dropped);
    }
}

TEST(the_kernels_numbers_begin_again_after_32_bits)
{
    struct gaps gaps = {0};

    gaps_see(&gaps, 4294967294u);
    gaps_see(&gaps, 4294967295u);
    gaps_see(&gaps, 1);
    gaps_see(&gaps, 3);
    check_int(gaps_settle(&gaps) + gaps_settle(&gaps), 1);
}

/* ---- listeners ---- */

struct ends {
    int reader;
    uint32_t number;
};

static int pair_make(struct ends *ends)
{
    int both[2];

    check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, both) == 0);
    ends->reader = both[0];
    return both[1];
}

static struct ends container(struct listeners *listeners, uint32_t login_uid, const char *cgroup, uint32_t pid, uint32_t owner)
{
    struct sensor_ask ask = {.type = SENSOR_CONTAINER, .owner = owner, .login_uid = login_uid, .pid = pid};
    struct ends ends = {0};

    snprintf(ask.cgroup, sizeof(ask.cgroup), "%s", cgroup);
    check_int(listeners_announce(listeners, pair_make(&ends), &ask, &ends.number), 0);
    return ends;
}

static struct ends asking(struct listeners *listeners, enum listener_kind kind, uint32_t uid, uint32_t pid)
{
    struct ends ends = {0};

    check_int(listeners_add(listeners, pair_make(&ends), uid, &ends.number), 0);
    listeners_at(listeners, ends.number)->kind = kind;
    listeners_at(listeners, ends.number)->pid = pid;
    return ends;
}

static struct listeners *listeners_make(void)
{
    struct listeners *listeners = NULL;
    struct error err;

    check_int(listeners_new(&listeners, &err), 0);
    return listeners;
}

/* How many messages came, the last of which is *told. */
static int count_of(const struct ends *ends, struct sensor_told *told)
{
    char bytes[sizeof(*told) + 2 * PATH_MAX];
    int count = 0;

    while (recv(ends->reader, bytes, sizeof(bytes), MSG_DONTWAIT) > 0) {
        memcpy(told, bytes, sizeof(*told));
        count++;
    }
    return count;
}

static void let_go(struct ends *ends, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(ends[i].reader);
}

TEST(a_container_is_found_by_each_of_its_marks_and_by_no_others)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[] = {container(listeners, 700, "", 0, 1), container(listeners, SENSOR_NO_UID, "/a/b", 0, 1),
                          container(listeners, SENSOR_NO_UID, "/a/b/c", 0, 1), container(listeners, SENSOR_NO_UID, "", 42, 1)};

    check_int(listeners_of_login(listeners, 700), ends[0].number);
    check_int(listeners_of_login(listeners, 701), 0);
    check_int(listeners_of_login(listeners, SENSOR_NO_UID), 0);
    check_int(listeners_of_cgroup(listeners, "/a/b", 4), ends[1].number);
    check_int(listeners_of_cgroup(listeners, "/a/b/d", 6), ends[1].number);
    check_int(listeners_of_cgroup(listeners, "/a/b/c/x", 8), ends[2].number);
    check_int(listeners_of_cgroup(listeners, "/a/bc", 5), 0);
    check_int(listeners_of_cgroup(listeners, "/a", 2), 0);
    check_int(listeners_of_maker(listeners, 42), ends[3].number);
    check_int(listeners_of_maker(listeners, 0), 0);
    listeners_remove(listeners, ends[0].number);
    check_int(listeners_of_login(listeners, 700), 0);
    let_go(ends, ARRAY_COUNT(ends));
}

TEST(a_keeper_is_no_container_and_has_only_as_many_as_it_announced)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[] = {container(listeners, 700, "/k/one", 0, 1000), container(listeners, 701, "", 0, 1000), container(listeners, 702, "", 0, 1001)};
    uint32_t number;

    check_int(listeners_add_keeper(listeners, -1, 1000, "/k", &number), 0);
    check_int(listeners_at(listeners, number)->kind, LISTENER_KEEPER);
    check_int(listeners_of_cgroup(listeners, "/k/one", 6), ends[0].number);
    check_int(listeners_of_cgroup(listeners, "/k/two", 6), 0);
    check_int(listeners_of_owner(listeners, 1000), 2);
    check_int(listeners_of_owner(listeners, 1001), 1);
    listeners_remove(listeners, ends[0].number);
    check_int(listeners_of_owner(listeners, 1000), 1);
    check(!listeners_has_cgroups(listeners));
    check(!listeners_hear_user(listeners, 1000));
    listeners_remove(listeners, number);
    check(!listeners_has_cgroups(listeners));
    let_go(ends, ARRAY_COUNT(ends));
}

TEST(a_keeper_that_no_memory_is_left_for_is_refused)
{
    auto_listeners struct listeners *listeners = listeners_make();
    uint32_t number = 77;

    mem_fail_after(0);
    check_int(listeners_add_keeper(listeners, -1, 1000, "/k", &number), -ENOMEM);
    mem_fail_after(-1);
    check_int(number, 77);
}

TEST(login_uids_that_meet_in_a_bucket_are_told_apart)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[64];

    for (uint32_t i = 0; i < ARRAY_COUNT(ends); i++)
        ends[i] = container(listeners, 1879048192 + i * 16384, "", 0, 1);
    for (uint32_t i = 0; i < ARRAY_COUNT(ends); i += 2)
        listeners_remove(listeners, ends[i].number);
    for (uint32_t i = 0; i < ARRAY_COUNT(ends); i++)
        check_int(listeners_of_login(listeners, 1879048192 + i * 16384), i % 2 ? ends[i].number : 0);
    let_go(ends, ARRAY_COUNT(ends));
}

TEST(what_is_told_goes_to_those_whom_it_concerns_alone)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[] = {container(listeners, 700, "", 0, 1000), container(listeners, 701, "", 0, 1001), asking(listeners, LISTENER_MINE, 1000, 0),
                          asking(listeners, LISTENER_MINE, 1001, 0), asking(listeners, LISTENER_MINE, 1000, 42), asking(listeners, LISTENER_ALL, 0, 0),
                          asking(listeners, LISTENER_NEW, 1000, 0), asking(listeners, LISTENER_CONTROL, 0, 0)};
    const struct fold_owner of_container = {.container = ends[0].number, .uid = 1000, .maker = 41}, of_user = {.uid = 1000, .maker = 42},
                            of_nobody = {.uid = SENSOR_NO_UID};
    const struct sensor_told told = {.type = SENSOR_REFUSED, .count = 1};
    /* of the container, of the user, of nobody known, a gap for some, a gap for everybody */
    static const int wanted[][5] = {{1, 0, 0, 0, 1}, {0, 0, 0, 0, 1}, {1, 1, 0, 0, 1}, {0, 0, 0, 0, 1}, {0, 1, 0, 0, 1}, {1, 1, 1, 1, 1}, {0, 0, 0, 0, 0}, {0, 0, 0, 1, 1}};
    struct sensor_told last;

    for (int way = 0; way < 5; way++) {
        if (way < 3)
            listeners_tell(listeners, way == 0 ? &of_container : way == 1 ? &of_user : &of_nobody, &told, "", "");
        else
            listeners_tell_gap(listeners, SENSOR_GAP_SERIAL, 3, way == 4);
        for (size_t i = 0; i < ARRAY_COUNT(ends); i++)
            check_int(count_of(&ends[i], &last), wanted[i][way]);
    }
    let_go(ends, ARRAY_COUNT(ends));
}

/* The container has a uid of its own, which is no user's. */
TEST(a_user_hears_of_his_container_whatever_its_uid)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[] = {container(listeners, 700, "", 0, 1000), asking(listeners, LISTENER_MINE, 1000, 0), asking(listeners, LISTENER_MINE, 700, 0),
                          asking(listeners, LISTENER_MINE, 1001, 0)};
    const struct fold_owner owner = {.container = ends[0].number, .uid = 700};
    const struct sensor_told told = {.type = SENSOR_REFUSED, .count = 1};
    static const int wanted[] = {1, 1, 0, 0};
    struct sensor_told last;

    listeners_tell(listeners, &owner, &told, "", "");
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++)
        check_int(count_of(&ends[i], &last), wanted[i]);
    let_go(ends, ARRAY_COUNT(ends));
}

TEST(who_does_not_read_hears_how_much_he_missed_before_anything_else)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends = container(listeners, 700, "", 0, 1000);
    const struct fold_owner owner = {.container = ends.number, .uid = 1000};
    const struct sensor_told told = {.type = SENSOR_REFUSED, .count = 7};
    struct sensor_told last = {0};
    int fit;

    for (int i = 0; i < 100000 && !listeners_at(listeners, ends.number)->lost; i++)
        listeners_tell(listeners, &owner, &told, "/x", "");
    listeners_tell(listeners, &owner, &told, "/x", "");
    check_int(listeners_at(listeners, ends.number)->lost, 14);
    fit = count_of(&ends, &last);
    check(fit > 0 && last.type == SENSOR_REFUSED);
    listeners_tell_lost(listeners);
    check_int(count_of(&ends, &last), 1);
    check(last.type == SENSOR_GAP && last.flags == SENSOR_GAP_LISTENER && last.count == 14);
    close(ends.reader);
    listeners_tell(listeners, &owner, &told, "/x", "");
    check_int(listeners_gone(listeners), ends.number);
}

TEST(a_listener_that_never_reads_is_told_of_its_losses_first_when_it_does)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends = container(listeners, 700, "", 0, 1000);
    const struct fold_owner owner = {.container = ends.number};
    const struct sensor_told told = {.type = SENSOR_REFUSED, .count = 1};
    struct sensor_told last = {0};

    while (!listeners_at(listeners, ends.number)->lost)
        listeners_tell(listeners, &owner, &told, "", "");
    check(count_of(&ends, &last) > 0);
    listeners_tell(listeners, &owner, &told, "", "");
    check_int(count_of(&ends, &last), 2);
    check_int(last.type, SENSOR_REFUSED);
    let_go(&ends, 1);
}

TEST(so_many_listeners_and_no_more)
{
    auto_listeners struct listeners *listeners = listeners_make();
    struct ends ends[LISTENERS_USER_MAX + 1] = {0};
    uint32_t number;
    int fd = -1;

    for (uint32_t i = 0; i < LISTENERS_USER_MAX; i++)
        ends[i] = asking(listeners, LISTENER_MINE, 1000, 0);
    check_int(listeners_add(listeners, fd, 1000, &number), -ENOSPC);
    ends[LISTENERS_USER_MAX] = asking(listeners, LISTENER_MINE, 1001, 0);
    listeners_remove(listeners, ends[0].number);
    check_int(listeners_add(listeners, fd, 1000, &number), 0);
    let_go(ends, ARRAY_COUNT(ends));
}

/* ---- calls ---- */

struct heard {
    unsigned count;
    struct sensor_told told[64];
    char path[64][128];
};

static bool is_nobodys(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    (void)context, (void)domain, (void)made, (void)call, (void)owner;
    return false;
}

static int hear(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct heard *heard = context;

    (void)exe;
    check_int(owner->container, 5);
    check(heard->count < ARRAY_COUNT(heard->told));
    heard->told[heard->count] = *told;
    snprintf(heard->path[heard->count++], sizeof(heard->path[0]), "%.*s", told->path_length, path);
    return 0;
}

static void take(struct calls *calls, unsigned type, const char *text)
{
    static struct audit_record record;

    check(record_read(type, text, strlen(text), &record));
    if (calls_is_refused(&record))
        check_int(calls_begin(calls, 5, &record), 0);
    else
        check_int(calls_take(calls, &record), 0);
}

#define CALL(serial, number, result, a0, a1, a2) \
    "audit(1.1:" #serial "): arch=c000003e syscall=" #number " success=no exit=" #result " a0=" #a0 " a1=" #a1 " a2=" #a2 " a3=0 pid=77 auid=700 exe=\"/bin/x\""

TEST(calls_that_fail_are_told_with_what_they_named)
{
    struct heard heard = {0};
    const struct fold_sink sink = {is_nobodys, hear, &heard};
    auto_fold struct fold *fold = NULL;
    auto_calls struct calls *calls = NULL;
    struct error err;

    check_int(fold_new(FOLD_RUN, &sink, &fold, &err), 0);
    check_int(calls_new(fold, &calls, &err), 0);
    take(calls, 1300, CALL(1, 257, -13, ffffff9c, 0, 80000));
    take(calls, 1300, CALL(2, 83, -30, 0, 1ed, 0)); /* another processor's, in between */
    take(calls, 1307, "audit(1.1:1): cwd=\"/home/x\"");
    take(calls, 1302, "audit(1.1:1): item=0 name=\"secret\" inode=12 nametype=NORMAL");
    take(calls, 1307, "audit(1.1:2): cwd=\"/\"");
    take(calls, 1302, "audit(1.1:2): item=0 name=\"/usr\" inode=2 nametype=PARENT");
    take(calls, 1302, "audit(1.1:2): item=1 name=\"/usr/new\" nametype=CREATE");
    check_int(heard.count, 0);
    take(calls, 1320, "audit(1.1:2): ");
    take(calls, 1320, "audit(1.1:1): ");
    check_int(heard.count, 2);
    check_string(heard.path[0], "/usr/new");
    check(heard.told[0].operation == OPERATION_CREATE && heard.told[0].errnum == EROFS && !(heard.told[0].flags & SENSOR_IS_OF_PARENT));
    check_string(heard.path[1], "/home/x/secret");
    check(heard.told[1].operation == OPERATION_READ && heard.told[1].errnum == EACCES && heard.told[1].login_uid == 700);
    check(heard.told[1].flags == (SENSOR_IS_CALL | SENSOR_HAS_PATH));
    take(calls, 1300, CALL(3, 257, -13, 5, 0, 80001));
    take(calls, 1307, "audit(1.1:3): cwd=\"/home/x\"");
    take(calls, 1302, "audit(1.1:3): item=0 name=\"secret\" inode=12 nametype=NORMAL");
    check(calls_holds(calls));
    check_int(calls_flush(calls), 0); /* whose end was lost */
    check(!calls_holds(calls));
    check(heard.count == 3 && heard.told[2].operation == OPERATION_WRITE && heard.told[2].flags & SENSOR_IS_RELATIVE);
    check_string(heard.path[2], "secret");
    take(calls, 1300, CALL(4, 42, -13, 3, 0, 10));
    take(calls, 1306, "audit(1.1:4): saddr=020000357F0000010000000000000000");
    take(calls, 1320, "audit(1.1:4): ");
    check(heard.count == 4 && heard.told[3].operation == OPERATION_CONNECT && heard.told[3].port == 53);
    check_string(heard.told[3].address, "127.0.0.1");
}

TEST(calls_that_succeed_or_fail_by_themselves_are_none)
{
    static struct audit_record record;
    static const char *const texts[] = {CALL(1, 257, 3, 0, 0, 0), CALL(1, 257, -2, 0, 0, 0), CALL(1, 257, -11, 0, 0, 0), CALL(1, 257, 13, 0, 0, 0)};

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        check(record_read(1300, texts[i], strlen(texts[i]), &record));
        check(!calls_is_refused(&record));
    }
}

TEST(more_calls_at_once_than_are_held_are_told_as_far_as_they_came)
{
    struct heard heard = {0};
    const struct fold_sink sink = {is_nobodys, hear, &heard};
    auto_fold struct fold *fold = NULL;
    auto_calls struct calls *calls = NULL;
    struct error err;

    check_int(fold_new(FOLD_RUN, &sink, &fold, &err), 0);
    check_int(calls_new(fold, &calls, &err), 0);
    for (int i = 1; i <= 60; i++) {
        char text[256];

        snprintf(text, sizeof(text), "audit(1.1:%d): arch=c000003e syscall=%d exit=-1 a0=0 a1=0 a2=0 a3=0 pid=7 auid=700", i, 400 + i);
        take(calls, 1300, text);
    }
    check_int(calls_flush(calls), 0);
    check_int(heard.count, 60);
}
