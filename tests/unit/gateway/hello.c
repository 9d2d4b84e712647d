/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection says of itself: right, in pieces, and with one thing wrong each. */
#include "gateway/hello.h"
#include "gateway/retry.h"

#include <stdlib.h>

#include "test.h"

/* ---- a ClientHello as a list of bytes ---- */

struct bytes {
    unsigned char at[40000];
    size_t size;
};

static void put(struct bytes *bytes, const void *from, size_t size)
{
    check(bytes->size + size <= sizeof(bytes->at));
    memcpy(bytes->at + bytes->size, from, size);
    bytes->size += size;
}

static void put_number(struct bytes *bytes, size_t number, unsigned size)
{
    while (size--) {
        unsigned char byte = (unsigned char)(number >> 8 * size);

        put(bytes, &byte, 1);
    }
}

static void put_field(struct bytes *bytes, unsigned length_size, const struct bytes *field)
{
    put_number(bytes, field->size, length_size);
    put(bytes, field->at, field->size);
}

static void put_server_name(struct bytes *extensions, const char *name, size_t size)
{
    static struct bytes list, entry;

    list.size = entry.size = 0;
    put_number(&entry, 0, 1);
    put_number(&entry, size, 2);
    put(&entry, name, size);
    put_number(extensions, 0, 2);
    put_field(&list, 2, &entry);
    put_field(extensions, 2, &list);
}

static void put_extension(struct bytes *extensions, unsigned type, size_t size)
{
    put_number(extensions, type, 2);
    put_number(extensions, size, 2);
    for (size_t i = 0; i < size; i++)
        put_number(extensions, 0xab, 1);
}

/* The handshake message around these extensions. */
static void put_message(struct bytes *message, const struct bytes *extensions)
{
    static struct bytes body;

    body.size = 0;
    put_number(&body, 0x0303, 2);
    for (int i = 0; i < 32; i++)
        put_number(&body, (size_t)i, 1);
    put_number(&body, 0, 1);
    put_number(&body, 2, 2);
    put_number(&body, 0x1301, 2);
    put_number(&body, 1, 1);
    put_number(&body, 0, 1);
    put_field(&body, 2, extensions);
    put_number(message, 1, 1);
    put_field(message, 3, &body);
}

/* Cut into records of at most `most` bytes. */
static void put_records(struct bytes *records, const struct bytes *message, size_t most)
{
    for (size_t at = 0; at < message->size; at += most) {
        size_t size = message->size - at < most ? message->size - at : most;

        put_number(records, 22, 1);
        put_number(records, 0x0301, 2);
        put_number(records, size, 2);
        put(records, message->at + at, size);
    }
}

static struct bytes extensions, message, records;

static void begin(void)
{
    extensions.size = message.size = records.size = 0;
}

static void end(size_t most)
{
    put_message(&message, &extensions);
    put_records(&records, &message, most);
}

/* In memory of exactly its size, so that a byte read behind it is found. */
static enum hello read_exactly(const void *from, size_t size, char name[NET_NAME_SIZE])
{
    unsigned char *copy = malloc(size ? size : 1);
    enum hello hello;

    check(copy != NULL);
    memcpy(copy, from, size);
    hello = hello_read(copy, size, name);
    free(copy);
    return hello;
}

static enum hello read_text(const char *text, char name[NET_NAME_SIZE])
{
    return read_exactly(text, strlen(text), name);
}

TEST(the_server_name_of_a_client_hello_is_canonical)
{
    char name[NET_NAME_SIZE];

    begin();
    put_extension(&extensions, 43, 3);
    put_server_name(&extensions, "API.Example.org", 15);
    put_extension(&extensions, 16, 12);
    end(16384);
    check_int(read_exactly(records.at, records.size, name), HELLO_NAME);
    check_string(name, "api.example.org");
}

TEST(a_client_hello_in_pieces_is_waited_for_to_its_last_byte)
{
    char name[NET_NAME_SIZE];

    begin();
    put_server_name(&extensions, "api.example.org", 15);
    put_extension(&extensions, 51, 1200);
    end(16384);
    for (size_t size = 0; size < records.size; size++)
        check_int(read_exactly(records.at, size, name), HELLO_MORE);
    check_int(read_exactly(records.at, records.size, name), HELLO_NAME);
}

TEST(a_client_hello_cut_into_records_is_read_as_one)
{
    static const size_t sizes[] = {1, 2, 3, 5, 60};
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(sizes); i++) {
        begin();
        put_server_name(&extensions, "api.example.org", 15);
        end(sizes[i]);
        check_int(read_exactly(records.at, records.size, name), HELLO_NAME);
        check_string(name, "api.example.org");
        check_int(read_exactly(records.at, records.size - 1, name), HELLO_MORE);
        /* a record of another kind between them */
        records.at[5 + sizes[i]] = 23;
        check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
    }
}

TEST(a_second_server_name_is_wrong_wherever_it_stands)
{
    char name[NET_NAME_SIZE];

    begin();
    put_server_name(&extensions, "good.example.org", 16);
    put_extension(&extensions, 16, 4);
    put_server_name(&extensions, "evil.example.org", 16);
    end(16384);
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
    begin();
    put_number(&extensions, 0, 2); /* two names in one list */
    put_number(&extensions, 16, 2);
    put_number(&extensions, 14, 2);
    put(&extensions, "\0\0\4a.bc\0\0\4d.ef", 14);
    end(16384);
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
}

TEST(a_name_that_readers_could_take_for_another_is_wrong)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"good.example.org\0.evil.org", 26}, {"good.example.org.", 17}, {"good..example.org", 17}, {"192.0.2.1", 9},
        {"good.example.org ", 17},           {"g\xc3\xb6od.org", 9},      {"2001:db8::1", 11},        {"*.example.org", 13},
    };
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        begin();
        put_server_name(&extensions, rows[i].text, rows[i].size);
        end(16384);
        check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
    }
}

TEST(a_client_hello_without_a_name_says_so)
{
    char name[NET_NAME_SIZE];

    begin();
    put_extension(&extensions, 43, 3);
    end(16384);
    check_int(read_exactly(records.at, records.size, name), HELLO_NO_NAME);
}

TEST(lengths_that_do_not_fit_are_wrong)
{
    char name[NET_NAME_SIZE];

    begin();
    put_server_name(&extensions, "api.example.org", 15);
    end(16384);
    for (size_t i = 3; i < records.size; i++) {
        unsigned char good = records.at[i];

        /* every length is one of these bytes: whatever is changed, no other name comes out and nothing is read behind */
        records.at[i] = (unsigned char)(good + 1);
        if (read_exactly(records.at, records.size, name) == HELLO_NAME)
            check(strlen(name) == 15);
        records.at[i] = good;
    }
    records.at[6] = 1; /* a message of more than HELLO_MAX bytes */
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
    records.at[6] = 0;
    records.at[3] = 0xff; /* a record longer than any */
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
    records.at[3] = records.at[4] = 0; /* an empty one */
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
}

TEST(a_hello_that_never_ends_is_wrong_and_not_waited_for)
{
    char name[NET_NAME_SIZE];

    begin();
    put_server_name(&extensions, "api.example.org", 15);
    put_extension(&extensions, 21, 16400);
    end(16384);
    check_int(read_exactly(records.at, HELLO_MAX, name), HELLO_WRONG);
    memset(records.at, 'A', sizeof(records.at));
    memcpy(records.at, "GET /", 5);
    check_int(read_exactly(records.at, HELLO_MAX - 1, name), HELLO_MORE);
    check_int(read_exactly(records.at, HELLO_MAX, name), HELLO_WRONG);
}

/* ---- HTTP ---- */

TEST(the_host_of_a_plain_request_is_canonical)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nHost: API.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nAccept: */*\r\nhost:api.example.org:8080 \r\nX: y\r\n\r\nbody",
        "GET / HTTP/1.0\r\nHost: api.example.org\r\n\r\n",
        "POST http://api.example.org/x HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "CONNECT api.example.org:443 HTTP/1.1\r\nHost: api.example.org:443\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: api.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: api.example.org.\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: api.example.org.:80\r\n\r\n",
    };
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        memset(name, 0, sizeof(name));
        check_int(read_text(texts[i], name), HELLO_NAME);
        check_string(name, "api.example.org");
    }
}

TEST(a_plain_request_in_pieces_is_waited_for)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: api.example.org\r\n\r\n";
    char name[NET_NAME_SIZE];

    for (size_t size = 0; size < sizeof(text) - 1; size++)
        check_int(read_exactly(text, size, name), HELLO_MORE);
    check_int(read_exactly(text, sizeof(text) - 1, name), HELLO_NAME);
}

TEST(a_request_that_readers_could_take_differently_is_wrong)
{
    static const char *const texts[] = {
        "GET / HTTP/1.1\r\nHost: a.example.org\r\nHost: b.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example.org\r\nhOST: a.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\n Host: a.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nX: y\r\n\tHost: b.example.org\r\nHost: a.example.org\r\n\r\n",
        "GET / HTTP/1.1\nHost: a.example.org\n\n",
        "GET / HTTP/1.1\r\nX: y\rHost: b.example.org\r\nHost: a.example.org\r\n\r\n",
        "\r\nGET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        " GET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        "GET  / HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        "GET /\thttp/1.1\r\nHost: a.example.org\r\n\r\n",
        "GET http://b.example.org/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        "GET HTTP://u@a.example.org/ HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        "CONNECT b.example.org:443 HTTP/1.1\r\nHost: a.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: u@a.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example.org, b.example.org\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example.org%2e\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.example.org..\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 192.0.2.1.\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: .\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: 0x7f.1\r\n\r\n",
        "GET / HTTP/1.1\r\nHost:\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a.example.org\r\n\r\n",
        "PRI * HTTP/2.1\r\n\r\nSM\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\nHost: a.example.org\r\n\r\n",
    };
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(texts); i++)
        if (read_text(texts[i], name) != HELLO_WRONG)
            test_fail(__FILE__, __LINE__, "not wrong: %s", texts[i]);
}

TEST(a_request_to_an_address_or_of_version_1_0_without_host_says_no_name)
{
    char name[NET_NAME_SIZE];

    check_int(read_text("GET / HTTP/1.1\r\nHost: 192.0.2.1:80\r\n\r\n", name), HELLO_NO_NAME);
    check_int(read_text("GET / HTTP/1.1\r\nHost: [2001:db8::1]\r\n\r\n", name), HELLO_NO_NAME);
    check_int(read_text("GET / HTTP/1.0\r\n\r\n", name), HELLO_NO_NAME);
    check_int(read_text("GET /\r\n", name), HELLO_NO_NAME); /* HTTP/0.9 */
    check_int(read_text("get  /x\n", name), HELLO_NO_NAME);
    check_int(read_text("GET http://a.example.org/\r\n", name), HELLO_NO_NAME);
    check_int(read_text("GET x\r\n", name), HELLO_NOTHING);
    check_int(read_text("GET http://192.0.2.2/ HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n", name), HELLO_WRONG);
}

/* A server that takes it reads behind it what has not been compared. */
TEST(what_a_proxy_puts_in_front_is_wrong)
{
    static const char second[] = "\r\n\r\n\0\r\nQUIT\n!";
    char name[NET_NAME_SIZE];

    check_int(read_text("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET / HTTP/1.1\r\nHost: a.example.org\r\n\r\n", name), HELLO_WRONG);
    check_int(read_text("PROXY UNKNOWN\r\n", name), HELLO_WRONG);
    check_int(read_text("PROXYING\r\n", name), HELLO_NOTHING);
    check_int(read_exactly(second, 12, name), HELLO_WRONG);
    check_int(read_exactly(second, 13, name), HELLO_WRONG);
    check_int(read_exactly(second, 11, name), HELLO_MORE);
    check_int(read_exactly("\r\n\r\n\0\r\nQUAT\n", 12, name), HELLO_NOTHING);
}

/* Some servers take methods of any length. */
TEST(a_long_method_is_a_request_that_is_refused)
{
    char text[200], name[NET_NAME_SIZE];
    size_t size;

    memset(text, 'M', 100);
    check_int(read_exactly(text, 100, name), HELLO_MORE);
    size = 100 + (size_t)snprintf(text + 100, 100, " / HTTP/1.1\r\nHost: a.example.org\r\n\r\n");
    check_int(read_exactly(text, size, name), HELLO_WRONG);
    memcpy(text + 100, "\r\n", 2);
    check_int(read_exactly(text, 102, name), HELLO_NOTHING);
}

TEST(other_protocols_say_nothing_and_are_known_at_once)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
        {"SSH-2.0-OpenSSH_9.2\r\n", 21},
        {"EHLO agent.example.org\r\n", 24},
        {"\0\0\0\10\4\322\26/", 8}, /* PostgreSQL asks for TLS */
        {"*1\r\n$4\r\nPING\r\n", 14},
        {"0033git-upload-pack /x\0host=a.org\0", 35},
        {"\200\1\0\1\0\0\0\4ping", 12}, /* Thrift */
        {"\25\1\0\0\1\0\0\0", 8},         /* a length of 277, as MongoDB has it */
        {"\25\41", 2},
        {"{\"jsonrpc\":\"2.0\"}\n", 18},
        {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 24},
    };
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (read_exactly(rows[i].text, rows[i].size, name) != HELLO_NOTHING)
            test_fail(__FILE__, __LINE__, "row %zu", i);
}

/* What is stepped over in front of a hello would hide its name. */
TEST(a_record_in_front_of_the_hello_is_wrong)
{
    static const struct {
        const char *text;
        size_t size;
        enum hello whole;
    } rows[] = {
        {"\25\3\1\0\2\1\132", 7, HELLO_WRONG}, /* a warning that the user gave up, which some servers drop */
        {"\25\3\3\0\2\1\144", 7, HELLO_WRONG},
        {"\25\1\1\0\2\1\144", 7, HELLO_WRONG}, /* of a version that never was */
        {"\24\3\3\0\1\1", 6, HELLO_WRONG},
        {"\27\3\3\0\1\1", 6, HELLO_WRONG},
        {"\200\56\1\3\1", 5, HELLO_NO_NAME}, /* the hello of SSLv2 */
    };
    char name[NET_NAME_SIZE];

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        begin();
        put(&records, rows[i].text, rows[i].size);
        put_server_name(&extensions, "api.example.org", 15);
        end(16384);
        if (read_exactly(records.at, records.size, name) != rows[i].whole)
            test_fail(__FILE__, __LINE__, "row %zu", i);
        check_int(read_exactly(records.at, 1, name), HELLO_MORE);
    }
}

/* ---- a second hello ---- */

TEST(a_hello_ends_with_its_record)
{
    char name[NET_NAME_SIZE];
    size_t size;

    for (size_t most = 40; most < 16384; most += 400) {
        begin();
        put_server_name(&extensions, "api.example.org", 15);
        put_extension(&extensions, 21, 2000);
        end(most);
        size = records.size;
        put(&records, "\26\3\3\0\4more", 9);
        check_int(read_exactly(records.at, records.size, name), HELLO_NAME);
        check_int(hello_size(records.at, records.size), size);
    }
    check_int(hello_size((const unsigned char *)"GET / HTTP/1.1\r\n", 16), 0);
    /* a second one in the record of the first would go up with it */
    begin();
    put_server_name(&extensions, "api.example.org", 15);
    put_message(&message, &extensions);
    put_message(&message, &extensions);
    put_records(&records, &message, 16384);
    check_int(read_exactly(records.at, records.size, name), HELLO_WRONG);
}

TEST(a_server_that_asks_for_a_second_hello_is_seen)
{
    static const unsigned char retry[RETRY_ANSWER_BYTES] = {
        22,   3,    3,    0,    88,   2,    0,    0,    84,   3,    3,    0xcf, 0x21, 0xad, 0x74,
        0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
        0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};
    unsigned char other[RETRY_ANSWER_BYTES];

    check_int(retry_read_answer(retry, sizeof(retry)), RETRY_ANSWER_RETRY);
    for (size_t size = 0; size < sizeof(retry); size++)
        check_int(retry_read_answer(retry, size), RETRY_ANSWER_MORE);
    memcpy(other, retry, sizeof(other));
    other[42] ^= 1; /* a server's own random number */
    check_int(retry_read_answer(other, sizeof(other)), RETRY_ANSWER_OTHER);
    other[5] = 4;
    check_int(retry_read_answer(other, 6), RETRY_ANSWER_OTHER);
    memcpy(other, retry, sizeof(other));
    other[4] = 37; /* the number is cut */
    check_int(retry_read_answer(other, sizeof(other)), RETRY_ANSWER_WRONG);
    check_int(retry_read_answer((const unsigned char *)"\25\3\3\0\2\2\50", 7), RETRY_ANSWER_OTHER); /* an alert */
    check_int(retry_read_answer((const unsigned char *)"220 mail", 8), RETRY_ANSWER_OTHER);
}

TEST(a_second_hello_may_stand_behind_a_change_of_cipher_and_nothing_else)
{
    char name[NET_NAME_SIZE];

    begin();
    put(&records, "\24\3\3\0\1\1", 6);
    put_server_name(&extensions, "api.example.org", 15);
    end(16384);
    for (size_t size = 0; size < records.size; size++)
        check_int(retry_read_second(records.at, size, name), HELLO_MORE);
    check_int(retry_read_second(records.at, records.size, name), HELLO_NAME);
    check(strcmp(name, "api.example.org") == 0);
    check_int(retry_read_second(records.at + 6, records.size - 6, name), HELLO_NAME);
    records.at[5] = 2;
    check_int(retry_read_second(records.at, records.size, name), HELLO_WRONG);
    records.at[5] = 1;
    records.at[0] = 23; /* early data: what follows it is not looked for */
    check_int(retry_read_second(records.at, records.size, name), HELLO_WRONG);
}
