/* SPDX-License-Identifier: Apache-2.0 */
/* Messages as bytes, and the same with one thing wrong. */
#include "protocol/codec.h"

#include <errno.h>

#include "base/memory.h"
#include "test.h"

#define ROOM 512

struct bytes {
    _Alignas(8) unsigned char data[ROOM];
    size_t size;
};

/* HELLO as a client says it. */
static struct bytes hello(void)
{
    auto_protocol struct protocol_out out;
    struct bytes bytes = {0};

    protocol_begin(&out, PROTOCOL_HELLO, 7);
    protocol_add_number(&out, TAG_VERSION_LEAST, 1);
    protocol_add_number(&out, TAG_VERSION_MOST, 1);
    protocol_add_text(&out, TAG_PROGRAM, "cordon");
    check_int(protocol_finish(&out, NULL), 0);
    check(out.bytes.length <= ROOM);
    memcpy(bytes.data, out.bytes.data, out.bytes.length);
    bytes.size = out.bytes.length;
    return bytes;
}

static void check_refused(const struct bytes *bytes, int status, const char *why)
{
    struct protocol_message message;
    struct error err = ERROR_INIT;

    check_int(protocol_parse(bytes->data, bytes->size, &message, &err), status);
    check_contains(err.text, why);
}

TEST(what_was_written_is_read)
{
    struct bytes bytes = hello();
    struct protocol_message message;

    check_int(protocol_parse(bytes.data, bytes.size, &message, NULL), 0);
    check_int(message.type, PROTOCOL_HELLO);
    check_int(message.request, 7);
    check_int(protocol_number(&message, TAG_VERSION_MOST, 0), 1);
    check_string(protocol_text(&message, TAG_PROGRAM), "cordon");
    check(!protocol_text(&message, TAG_NAME));
    check_int(protocol_number(&message, TAG_UID, 99), 99);
}

TEST(a_message_cut_anywhere_is_refused)
{
    struct bytes whole = hello();

    for (size_t size = 0; size < whole.size; size++) {
        struct bytes cut = whole;
        struct protocol_message message;

        cut.size = size;
        check_int(protocol_parse(cut.data, cut.size, &message, NULL), -EPROTO);
    }
}

/* With any byte of the header or of a field's head changed it is another message or none, never this one. */
TEST(a_message_with_a_changed_byte_is_not_taken_for_the_same)
{
    struct bytes whole = hello();

    for (size_t at = 0; at < whole.size; at++) {
        struct bytes changed = whole;
        struct protocol_message message;

        changed.data[at] ^= 0xff;
        if (protocol_parse(changed.data, changed.size, &message, NULL) == 0)
            check(message.request != 7 || protocol_number(&message, TAG_VERSION_LEAST, 0) != 1 || protocol_number(&message, TAG_VERSION_MOST, 0) != 1 ||
                  strcmp(protocol_text(&message, TAG_PROGRAM), "cordon") != 0);
    }
}

TEST(another_version_says_so)
{
    struct bytes bytes = hello();

    bytes.data[4] = 2;
    check_refused(&bytes, -EPROTONOSUPPORT, "a message of version 2, this is 1");
}

TEST(a_type_that_there_is_not_is_refused)
{
    struct bytes bytes = hello();

    bytes.data[6] = 0xee;
    check_refused(&bytes, -EPROTO, "which there is not");
}

TEST(a_field_twice_is_refused)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_REACH, 1);
    protocol_add_number(&out, TAG_KIND, 1);
    protocol_add_text(&out, TAG_ID, "a");
    protocol_add_text(&out, TAG_ID, "b");
    check_int(protocol_finish(&out, &err), -EPROTO);
    check_contains(err.text, "ID is there twice");
}

TEST(a_field_that_is_missing_is_named)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_REACH, 1);
    protocol_add_number(&out, TAG_KIND, 1);
    check_int(protocol_finish(&out, &err), -EPROTO);
    check_contains(err.text, "message REACH: ID is missing");
}

TEST(a_field_of_another_message_is_refused)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;

    protocol_begin(&out, PROTOCOL_KILL, 1);
    protocol_add_number(&out, TAG_SIGNAL, 9);
    check_int(protocol_finish(&out, &err), -EPROTO);
    check_contains(err.text, "does not belong there");
}

TEST(a_text_that_is_too_long_is_refused)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;
    char name[80];

    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    protocol_begin(&out, PROTOCOL_REMOVE, 1);
    protocol_add_text(&out, TAG_ID, name);
    check_int(protocol_finish(&out, &err), -EPROTO);
    name[64] = '\0';
    protocol_free(&out);
    protocol_begin(&out, PROTOCOL_REMOVE, 1);
    protocol_add_text(&out, TAG_ID, name);
    check_int(protocol_finish(&out, &err), 0);
}

TEST(a_text_with_a_nul_inside_or_none_at_its_end_is_refused)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_REMOVE, 1);
    protocol_add_bytes(&out, TAG_ID, "a\0b", 4);
    check_int(protocol_finish(&out, NULL), -EPROTO);
    protocol_free(&out);
    protocol_begin(&out, PROTOCOL_REMOVE, 1);
    protocol_add_bytes(&out, TAG_ID, "ab", 2);
    check_int(protocol_finish(&out, NULL), -EPROTO);
}

TEST(an_error_comes_out_as_it_went_in_and_never_as_none)
{
    auto_protocol struct protocol_out out;
    struct error sent, heard;
    struct protocol_message message;

    error_set(&sent, ERROR_LIMIT, EDQUOT, "too many");
    protocol_begin(&out, PROTOCOL_FAILED, 3);
    protocol_add_error(&out, &sent, "already_started");
    check_int(protocol_finish(&out, NULL), 0);
    check_int(protocol_parse(out.bytes.data, out.bytes.length, &message, NULL), 0);
    protocol_read_error(&message, &heard);
    check_int(heard.kind, ERROR_LIMIT);
    check_int(heard.errnum, EDQUOT);
    check_string(heard.text, "too many");
    check_string(protocol_text(&message, TAG_CODE), "already_started");
    sent.kind = ERROR_NONE;
    protocol_free(&out);
    protocol_begin(&out, PROTOCOL_FAILED, 3);
    protocol_add_error(&out, &sent, NULL);
    check_int(protocol_finish(&out, NULL), 0);
    check_int(protocol_parse(out.bytes.data, out.bytes.length, &message, NULL), 0);
    protocol_read_error(&message, &heard);
    check_int(heard.kind, ERROR_INTERNAL);
}

static int write_one(void)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_REMOVE, 1);
    protocol_add_text(&out, TAG_ID, "some");
    return protocol_finish(&out, NULL);
}

TEST(each_allocation_of_a_message_may_fail)
{
    test_each_allocation_fails(write_one, 8);
}
