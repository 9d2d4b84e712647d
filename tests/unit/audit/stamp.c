/* SPDX-License-Identifier: Apache-2.0 */
/* What a log writes in front of a record, read back, and what is no record. */
#include "audit/stamp.h"

#include <errno.h>
#include <string.h>

#include "test.h"

static const struct stamp usual = {
    .sequence = 17, .time_us = 1795415781123456, .mono_us = 99, .boot = "0123456789abcdef0123456789abcdef",
    .label = {.writer = "run-1", .uid = 1000, .gid = 4294967295u, .actor = "agent", .identity = "spiffe://local/host/h/user/1000/agent/a/b"},
    .number = UINT64_MAX, .lost = 3,
};

TEST(a_stamp_is_read_as_it_was_written)
{
    char entry[STAMP_SIZE_MAX + 64];
    size_t size = stamp_print(&usual, entry), body_size;
    struct stamp read;
    const char *body;

    check_string((entry[size] = '\0', entry),
                 "{\"seq\":17,\"time_us\":1795415781123456,\"mono_us\":99,\"boot\":\"0123456789abcdef0123456789abcdef\",\"writer\":\"run-1\","
                 "\"n\":18446744073709551615,\"lost\":3,\"uid\":1000,\"gid\":4294967295,\"actor\":\"agent\","
                 "\"identity\":\"spiffe://local/host/h/user/1000/agent/a/b\"}");
    memcpy(entry + size, "\n{\"a\":1}", 8);
    check(stamp_read((unsigned char *)entry, size + 8, &read, &body, &body_size));
    check(memcmp(&read, &usual, sizeof(read)) == 0);
    check(body_size == 7 && memcmp(body, "{\"a\":1}", 7) == 0);
    for (size_t i = 0; i <= size; i++) /* the newline is the last of it */
        check(!stamp_read((unsigned char *)entry, i, &read, &body, &body_size));
}

TEST(the_largest_label_has_room_in_a_stamp)
{
    struct stamp stamp = {.sequence = INT64_MAX, .time_us = UINT64_MAX, .mono_us = UINT64_MAX, .number = UINT64_MAX, .lost = UINT64_MAX,
                          .label = {.uid = UINT32_MAX, .gid = UINT32_MAX, .actor = "delegated-human"}};
    char text[STAMP_SIZE_MAX];
    struct error err;

    memset(stamp.boot, 'f', STAMP_BOOT_SIZE - 1);
    memset(stamp.label.writer, 'w', STAMP_WRITER_MAX);
    memset(stamp.label.identity, 'i', STAMP_IDENTITY_MAX);
    check_int(stamp_label_check(&stamp.label, &err), 0);
    check(stamp_print(&stamp, text) < STAMP_SIZE_MAX);
}

TEST(a_label_holds_nothing_that_could_look_like_more_of_the_stamp)
{
    struct stamp_label label = usual.label;
    struct error err;

    check_int(stamp_label_check(&label, &err), 0);
    strcpy(label.writer, "a\",\"uid\":0,\"");
    check_int(stamp_label_check(&label, &err), -EINVAL);
    label = usual.label;
    label.writer[0] = '\0';
    check_int(stamp_label_check(&label, &err), -EINVAL);
    label = usual.label;
    strcpy(label.identity, "spiffe://a\nb");
    check_int(stamp_label_check(&label, &err), -EINVAL);
    label = usual.label;
    strcpy(label.actor, "unknown");
    check_int(stamp_label_check(&label, &err), -EINVAL);
    check_contains(err.text, "the actor is agent, human, system or delegated-human");
}

TEST(a_body_is_one_line_of_utf8_and_an_object)
{
    static char large[BODY_SIZE_MAX + 1];
    struct error err;

    memset(large, ' ', sizeof(large));
    large[0] = '{';
    large[BODY_SIZE_MAX - 1] = large[BODY_SIZE_MAX] = '}';
    check_int(stamp_body_check(large, BODY_SIZE_MAX, &err), 0);
    check_int(stamp_body_check(large, BODY_SIZE_MAX + 1, &err), -EMSGSIZE);
    check_int(stamp_body_check("{}", 2, &err), 0);
    check_int(stamp_body_check("{", 1, &err), -EBADMSG);
    check_int(stamp_body_check("[1]", 3, &err), -EBADMSG);
    check_int(stamp_body_check("{\n}", 3, &err), -EBADMSG);
    check_int(stamp_body_check("{\0}", 3, &err), -EBADMSG);
    check_int(stamp_body_check("{\x1b}", 3, &err), -EBADMSG);
    check_int(stamp_body_check("{\"\xff\"}", 5, &err), -EBADMSG);
}
