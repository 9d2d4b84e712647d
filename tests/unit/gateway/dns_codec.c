/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages of the container: what is read, what is refused, what is answered. Each malformed one has a good twin. */
#include "gateway/dns_codec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "dns_message.h"
#include "test.h"

/* From a block of exactly that size: a byte read behind it is found by the sanitizer and by valgrind. */
static int read_copy(const struct message *message, struct dns_question *ret_question)
{
    unsigned char *copy = malloc(message->size ? message->size : 1);
    int status;

    check(copy);
    memcpy(copy, message->bytes, message->size);
    status = dns_question_read(copy, message->size, ret_question);
    free(copy);
    return status;
}

static int status_of(const struct message *message)
{
    struct dns_question question;

    return read_copy(message, &question);
}

TEST(a_question_is_read_and_its_name_is_canonical)
{
    struct message message = message_question(0x1234, "API.Example.org", 28, 1400);
    struct dns_question question;

    check_int(read_copy(&message, &question), 0);
    check_int(question.id, 0x1234);
    check_int(question.type, DNS_AAAA);
    check(question.has_edns);
    check_int(question.udp_size, DNS_UDP_SIZE_MAX);
    check_string(question.name, "api.example.org");
    check_string(question.shown, "API.Example.org");
    check_int(question.section_size, 17 + 4);
}

TEST(what_is_said_of_datagrams_is_held_between_512_and_1232)
{
    static const struct {
        unsigned said;
        size_t held;
    } rows[] = {{1, 512}, {511, 512}, {512, 512}, {513, 513}, {1231, 1231}, {1232, 1232}, {1233, 1232}, {65535, 1232}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message message = message_question(1, "example.org", 1, rows[i].said);
        struct dns_question question;

        check_int(read_copy(&message, &question), 0);
        check_int(question.udp_size, rows[i].held);
    }
}

TEST(no_beginning_of_a_question_is_a_question)
{
    struct message whole = message_question(7, "www.example.org", 1, 1232);
    size_t count = 0;

    check_int(status_of(&whole), 0);
    for (size_t size = 0; size < whole.size; size++, count++) {
        struct message part = whole;

        part.size = size;
        check_int(status_of(&part), size < 12 ? -EBADMSG : DNS_FORMERR);
    }
    check(count > 40);
}

TEST(nothing_may_stand_behind_a_question)
{
    for (unsigned udp_size = 0; udp_size <= 1232; udp_size += 1232)
        for (size_t more = 0; more < 20; more++) {
            struct message message = message_question(7, "example.org", 1, udp_size);

            message_add(&message, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", more);
            check_int(status_of(&message), more ? DNS_FORMERR : 0);
        }
}

TEST(a_message_longer_than_any_question_is_not_read)
{
    struct message message = message_question(7, "example.org", 1, 1232);
    size_t rest = DNS_QUESTION_MAX - message.size - 4;
    unsigned char zeroes[2048] = {0};

    message.size -= 2; /* the OPT record gets one option that fills the message */
    message_add_u16(&message, (unsigned)rest + 4);
    message_add_u16(&message, 12);
    message_add_u16(&message, (unsigned)rest);
    message_add(&message, zeroes, rest);
    check_int(message.size, DNS_QUESTION_MAX);
    check_int(status_of(&message), 0);
    message.bytes[message.size - rest - 1]++;
    message.bytes[message.size - rest - 5]++;
    message_add(&message, zeroes, 1);
    check_int(status_of(&message), DNS_FORMERR);
}

/* Each of the header's bits that a question does not have. */
TEST(the_header_of_a_question_is_that_of_a_question)
{
    static const struct {
        unsigned flags;
        int status;
    } rows[] = {
        {0x0100, 0},           {0x0000, 0},           {0x0120, 0},           {0x0110, 0},
        {0x0180, 0},           {0x0500, 0},           {0x8100, -EBADMSG},    {0x8500, -EBADMSG},
        {0x0900, DNS_NOTIMP},  {0x1100, DNS_NOTIMP},  {0x2100, DNS_NOTIMP},  {0x2900, DNS_NOTIMP},
        {0x7900, DNS_NOTIMP},  {0x0300, DNS_FORMERR}, {0x0140, DNS_FORMERR}, {0x0101, DNS_FORMERR},
        {0x0105, DNS_FORMERR}, {0x010f, DNS_FORMERR},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message message = message_question(7, "example.org", 1, 0);

        message.bytes[2] = (unsigned char)(rows[i].flags >> 8);
        message.bytes[3] = (unsigned char)rows[i].flags;
        if (status_of(&message) != rows[i].status)
            test_fail(__FILE__, __LINE__, "flags %04x: %d", rows[i].flags, status_of(&message));
    }
}

TEST(the_counts_of_a_question_are_those_of_a_question)
{
    static const unsigned counts[] = {0, 1, 2, 3, 255, 256, 257, 0x7fff, 0xffff};
    size_t refused = 0;

    for (size_t field = 0; field < 4; field++)
        for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
            struct message message = message_question(7, "example.org", 1, 1232);
            bool is_good = counts[i] == (field == 0 || field == 3);

            message.bytes[4 + field * 2] = (unsigned char)(counts[i] >> 8);
            message.bytes[5 + field * 2] = (unsigned char)counts[i];
            check_int(status_of(&message), is_good ? 0 : DNS_FORMERR);
            refused += !is_good;
        }
    check_int(refused, 32);
}

TEST(a_second_question_is_refused_even_where_it_is_the_same)
{
    struct message message = message_question(7, "example.org", 1, 0);

    check_int(status_of(&message), 0);
    message_add(&message, message.bytes + 12, message.size - 12);
    check_int(status_of(&message), DNS_FORMERR);
    message.bytes[5] = 2;
    check_int(status_of(&message), DNS_FORMERR);
}

TEST(compressed_and_reserved_labels_are_refused_wherever_they_stand)
{
    static const size_t labels[] = {12, 16, 24, 28}; /* of "www.example.org" and its root */

    for (size_t i = 0; i < ARRAY_COUNT(labels); i++)
        for (unsigned length = 64; length < 256; length++) {
            struct message message = message_question(7, "www.example.org", 1, 0);

            check_int(status_of(&message), 0);
            message.bytes[labels[i]] = (unsigned char)length;
            check_int(status_of(&message), DNS_FORMERR);
        }
}

TEST(a_compressed_name_that_would_be_right_is_refused)
{
    struct message good = message_question(7, "example.org", 1, 0), message = good;

    /* the root as a pointer to a root: the second byte of the counts */
    message.size = 24;
    message_add(&message, "\xc0\x06\0\x01\0\x01", 6);
    check_int(status_of(&message), DNS_FORMERR);
    check_int(status_of(&good), 0);
    /* to itself, and forward */
    for (unsigned to = 0; to < 64; to++) {
        message = good;
        message.size = 12;
        message_add_u16(&message, 0xc000 | to);
        message_add(&message, "\0\x01\0\x01", 4);
        check_int(status_of(&message), DNS_FORMERR);
    }
}

TEST(no_byte_makes_two_spellings_of_one_name)
{
    size_t refused = 0;

    for (unsigned byte = 0; byte < 256; byte++) {
        struct message message = message_question(7, "exaXmple.org", 1, 0);
        bool is_good = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '_';
        struct dns_question question;

        message.bytes[16] = (unsigned char)byte;
        check_int(read_copy(&message, &question), is_good ? 0 : DNS_REFUSED);
        if (!is_good)
            check_string(question.shown, "exa?mple.org");
        refused += !is_good;
    }
    check_int(refused, 256 - 26 - 26 - 10 - 2);
}

TEST(a_dot_within_a_label_is_not_a_dot_between_labels)
{
    struct message good = message_question(7, "evil.example.org", 1, 0), message = {0};
    struct dns_question question;

    message_add(&message, good.bytes, 12);
    message_add(&message, "\x0c" "evil.example\x03org\0\0\x01\0\x01", 22);
    check_int(read_copy(&message, &question), DNS_REFUSED);
    check_string(question.shown, "evil?example.org");
    check_int(read_copy(&good, &question), 0);
}

TEST(names_that_are_no_host_are_refused_and_their_neighbours_are_not)
{
    static const struct {
        const char *wrong, *right;
    } rows[] = {
        {"", "org"},
        {"-a.example.org", "a.example.org"},
        {"a-.example.org", "a-b.example.org"},
        {"127.0.0.1", "127.0.0.1.example.org"},
        {"1.2", "1.2.in-addr.arpa"},
        {"0x7f000001", "0x7f000001.example.org"},
        {"2130706433", "a2130706433"},
        {"example.123", "example.a123"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message wrong = message_question(7, rows[i].wrong, 1, 0);
        struct message right = message_question(7, rows[i].right, 1, 0);

        if (status_of(&wrong) != DNS_REFUSED || status_of(&right) != 0)
            test_fail(__FILE__, __LINE__, "'%s': %d, '%s': %d", rows[i].wrong, status_of(&wrong), rows[i].right,
                      status_of(&right));
    }
}

/* Names of all sizes around the longest: 255 bytes with the root. */
TEST(a_name_longer_than_any_is_refused)
{
    for (size_t last = 1; last <= 63; last++) {
        struct message message = message_question(7, "", 1, 0);
        unsigned char size = (unsigned char)last;
        struct dns_question question;

        message.size = 12;
        for (int i = 0; i < 3; i++)
            message_add(&message, "\x3f" "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 64);
        message_add(&message, &size, 1);
        message_add(&message, "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb", last);
        message_add(&message, "\0\0\x01\0\x01", 5);
        check_int(read_copy(&message, &question), 3 * 64 + 1 + last + 1 <= 255 ? 0 : DNS_FORMERR);
        if (last == 61)
            check_int(strlen(question.name), 253);
    }
}

TEST(only_class_in_is_asked)
{
    for (unsigned class = 0; class < 300; class++) {
        struct message message = message_question(7, "example.org", 1, 0);

        message.bytes[message.size - 2] = (unsigned char)(class >> 8);
        message.bytes[message.size - 1] = (unsigned char)class;
        check_int(status_of(&message), class == 1 ? 0 : DNS_REFUSED);
    }
}

TEST(the_one_other_record_is_an_opt_of_version_0)
{
    static const struct {
        size_t at; /* behind the question */
        unsigned char byte;
        int status;
    } rows[] = {
        {0, 1, DNS_FORMERR}, {0, 0xc0, DNS_FORMERR}, {1, 1, DNS_FORMERR}, {2, 0, DNS_FORMERR}, {2, 1, DNS_FORMERR},
        {2, 250, DNS_FORMERR}, {6, 1, DNS_BADVERS}, {6, 255, DNS_BADVERS}, {7, 0x80, 0}, {8, 1, 0}, {5, 7, 0},
        {9, 1, DNS_FORMERR}, {10, 1, DNS_FORMERR}, {10, 255, DNS_FORMERR}, {3, 0xff, 0}, {4, 0, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message message = message_question(7, "example.org", 1, 1232);
        size_t opt = message.size - 11;

        check_int(status_of(&message), 0);
        message.bytes[opt + rows[i].at] = rows[i].byte;
        if (status_of(&message) != rows[i].status)
            test_fail(__FILE__, __LINE__, "byte %zu as %u: %d", rows[i].at, rows[i].byte, status_of(&message));
    }
}

TEST(options_end_where_their_record_ends)
{
    /* record size, option size, bytes that are there */
    static const struct {
        unsigned record, option, there;
        int status;
    } rows[] = {
        {12, 8, 8, 0},           {4, 0, 0, 0},           {12, 7, 8, DNS_FORMERR}, {12, 9, 8, DNS_FORMERR},
        {11, 8, 8, DNS_FORMERR}, {13, 8, 8, DNS_FORMERR}, {12, 8, 7, DNS_FORMERR}, {12, 8, 9, DNS_FORMERR},
        {3, 0, 0, DNS_FORMERR},  {65535, 8, 8, DNS_FORMERR}, {12, 65535, 8, DNS_FORMERR}, {4, 1, 0, DNS_FORMERR},
        {5, 0, 1, DNS_FORMERR},  {7, 0, 3, DNS_FORMERR}, {8, 0, 4, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct message message = message_question(7, "example.org", 1, 1232);

        message.size -= 2;
        message_add_u16(&message, rows[i].record);
        message_add_u16(&message, 10);
        message_add_u16(&message, rows[i].option);
        message_add(&message, "\0\0\0\0\0\0\0\0\0", rows[i].there);
        if (status_of(&message) != rows[i].status)
            test_fail(__FILE__, __LINE__, "row %zu: %d", i, status_of(&message));
    }
}

TEST(what_could_not_be_read_is_answered_without_its_question)
{
    struct message message = message_question(0x4242, "example.org", 1, 0);
    struct dns_answer answer = {.rcode = DNS_FORMERR, .extended = DNS_EXTENDED_NONE};
    unsigned char bytes[DNS_ANSWER_MAX];
    struct dns_question question;
    struct reply reply;

    message.size = 20;
    check_int(read_copy(&message, &question), DNS_FORMERR);
    reply_read(bytes, dns_answer_write(&question, &answer, 512, bytes), &reply);
    check_int(reply.id, 0x4242);
    check_int(reply.rcode, DNS_FORMERR);
    check(!reply.has_question && !reply.has_opt);
}

/* ---- answers ---- */

static struct net_address address4(unsigned last)
{
    return (struct net_address){.family = AF_INET, .bytes = {192, 0, 2, (unsigned char)last}};
}

static struct reply answered(const struct message *message, const struct dns_answer *answer, size_t limit)
{
    unsigned char bytes[DNS_ANSWER_MAX];
    struct dns_question question;
    struct reply reply;
    size_t size;

    check_int(read_copy(message, &question), 0);
    size = dns_answer_write(&question, answer, limit, bytes);
    check(size <= limit && size <= DNS_ANSWER_MAX);
    reply_read(bytes, size, &reply);
    check(reply.has_question);
    check_int(reply.type, question.type);
    return reply;
}

TEST(an_answer_repeats_the_question_as_it_was_spelled)
{
    struct message message = message_question(0xbeef, "eXaMpLe.oRg", 1, 0);
    struct net_address addresses[] = {address4(1), address4(2)};
    struct dns_answer answer = {
        .ttl_s = 300, .addresses = addresses, .address_count = 2, .extended = DNS_EXTENDED_NONE};
    struct reply reply = answered(&message, &answer, 512);

    check_int(reply.id, 0xbeef);
    check_int(reply.flags, 0x8180);
    check_string(reply.name, "eXaMpLe.oRg");
    check_int(reply.answer_count, 2);
    check_string(reply.answers[0].text, "192.0.2.1");
    check_string(reply.answers[1].text, "192.0.2.2");
    check_int(reply.answers[1].ttl, 300);
    check(!reply.has_opt);
}

TEST(addresses_of_the_other_family_are_not_answered)
{
    struct message message = message_question(1, "example.org", 28, 0);
    struct net_address addresses[] = {address4(1), {.family = AF_INET6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}};
    struct dns_answer answer = {.addresses = addresses, .address_count = 2, .extended = DNS_EXTENDED_NONE};
    struct reply reply = answered(&message, &answer, 512);

    check_int(reply.answer_count, 1);
    check_string(reply.answers[0].text, "2001:db8::1");
}

TEST(a_refusal_says_why_to_who_speaks_edns)
{
    struct message old = message_question(1, "example.org", 1, 0), new = message_question(1, "example.org", 1, 1232);
    struct dns_answer answer = {.rcode = DNS_REFUSED,
                                .extended = DNS_EXTENDED_PROHIBITED,
                                .text = "no rule grants example.org"};
    struct reply reply = answered(&new, &answer, 512);

    check_int(reply.rcode, DNS_REFUSED);
    check_int(reply.extended, 18);
    check_string(reply.text, "no rule grants example.org");
    reply = answered(&old, &answer, 512);
    check_int(reply.rcode, DNS_REFUSED);
    check_int(reply.extended, -1);
}

TEST(an_unknown_version_is_answered_in_the_bits_that_a_header_lacks)
{
    struct message message = message_question(1, "example.org", 1, 1232);
    struct dns_answer answer = {.rcode = DNS_BADVERS, .extended = DNS_EXTENDED_NONE};
    unsigned char bytes[DNS_ANSWER_MAX];
    struct dns_question question;
    struct reply reply;

    message.bytes[message.size - 5] = 1;
    check_int(read_copy(&message, &question), DNS_BADVERS);
    reply_read(bytes, dns_answer_write(&question, &answer, 512, bytes), &reply);
    check_int(reply.rcode, 16);
}

TEST(a_long_reason_is_cut_between_characters_and_goes_before_the_records_do)
{
    struct message message = message_question(1, "example.org", 1, 1232);
    struct net_address address = address4(1);
    char text[1024];
    struct dns_answer answer = {.extended = DNS_EXTENDED_OTHER, .text = text, .addresses = &address, .address_count = 1};
    struct reply reply;

    memset(text, 'x', sizeof(text));
    memcpy(text + DNS_ERROR_TEXT_MAX - 1, "\xc3\xa4\xc3\xa4\xc3\xa4", 6); /* the first does not fit as a whole */
    text[sizeof(text) - 1] = '\0';
    reply = answered(&message, &answer, 1232);
    check_int(strlen(reply.text), DNS_ERROR_TEXT_MAX - 1);
    check_int(reply.answer_count, 1);
    answer.text = "short";
    reply = answered(&message, &answer, 512);
    check_string(reply.text, "short");
    answer.text = text;
    text[399] = 'x';
    reply = answered(&message, &answer, 450);
    check_string(reply.text, "");
    check_int(reply.extended, 0);
    check_int(reply.answer_count, 1);
    check(!reply.is_truncated);
}

/* The longest name and the most addresses do not fit into the smallest datagram. */
TEST(what_does_not_fit_is_truncated_and_says_so)
{
    struct message message = message_question(1, "example.org", 28, 1232);
    struct net_address addresses[DNS_ADDRESSES_MAX + 4];
    struct dns_answer answer = {
        .addresses = addresses, .address_count = ARRAY_COUNT(addresses), .extended = DNS_EXTENDED_NONE};
    struct reply reply;

    for (size_t i = 0; i < ARRAY_COUNT(addresses); i++)
        addresses[i] = (struct net_address){.family = AF_INET6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = (unsigned char)i}};
    reply = answered(&message, &answer, 512);
    check_int(reply.answer_count, 16); /* 12 + 17 + 16 * 28 + 11 = 488 */
    check(!reply.is_truncated);
    reply = answered(&message, &answer, 487);
    check_int(reply.answer_count, 0);
    check(reply.is_truncated);
    reply = answered(&message, &answer, 488);
    check_int(reply.answer_count, 16);
    answer.address_count = 1;
    reply = answered(&message, &answer, 487);
    check_int(reply.answer_count, 1);
}

/* ---- names of addresses ---- */

TEST(an_address_has_one_reverse_name)
{
    static const char *const wrong[] = {
        "", "arpa", "in-addr.arpa", "1.in-addr.arpa", "3.2.1.in-addr.arpa", "5.4.3.2.1.in-addr.arpa",
        "4.3.2.256.in-addr.arpa", "4.3.2.01.in-addr.arpa", "4.3.2.0001.in-addr.arpa", "4.3..1.in-addr.arpa",
        "4.3.2.1.in-addr.arpa.org", "4.3.2.1.ip6.arpa", "x4.3.2.1.in-addr.arpa", "4.3.2.1a.in-addr.arpa",
        "4.3.2.-1.in-addr.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.2.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.g.ip6.arpa",
        "10.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
        "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.in-addr.arpa",
    };
    struct net_address address = {.family = -7};
    char text[64];

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (dns_reverse_address(wrong[i], &address))
            test_fail(__FILE__, __LINE__, "'%s' was read", wrong[i]);
    check_int(address.family, -7);
    check(dns_reverse_address("4.3.2.1.in-addr.arpa", &address));
    check_string(inet_ntop(address.family, address.bytes, text, sizeof(text)), "1.2.3.4");
    check(dns_reverse_address("255.0.10.192.in-addr.arpa", &address));
    check_string(inet_ntop(address.family, address.bytes, text, sizeof(text)), "192.10.0.255");
    check(dns_reverse_address("f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa", &address));
    check_string(inet_ntop(address.family, address.bytes, text, sizeof(text)), "2001:db8::f");
}
