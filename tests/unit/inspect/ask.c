/* SPDX-License-Identifier: Apache-2.0 */
/* Requests from records: what goes to the server, byte by byte, and every record that must not have that effect. */
#include "inspect/holder_ask.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "test.h"

#define VALUE "s3cret/+\"value"

static const struct net_secret_field fields_all[] = {{NET_SECRET_HEADER, "Authorization"},
                                                     {NET_SECRET_QUERY, "api key"},
                                                     {NET_SECRET_BASIC, ""},
                                                     {NET_SECRET_BODY, "/token"}};
static const struct net_secret_field fields_header[] = {{NET_SECRET_HEADER, "X-Key"}};
static struct net_secret items[] = {
    {.name = "ALL", .fields = fields_all, .field_count = 4, .value = VALUE, .value_length = sizeof(VALUE) - 1},
    {.name = "KEY", .fields = fields_header, .field_count = 1, .value = "0123456789", .value_length = 10},
    {.name = "ELSEWHERE", .fields = fields_all, .field_count = 4, .value = "abcdefghijk", .value_length = 11},
};
static const struct net_secrets secrets = {.items = items, .count = 3};

#define USABLE 3u /* not ELSEWHERE */

struct step {
    enum hold_type type;
    unsigned encoding, number;
    uint64_t count;
    const char *text;
};

#define METHOD(m)      {HOLD_REQUEST, 0, 0, 0, m}
#define FIELD(n)       {HOLD_FIELD, 0, 0, 0, n}
#define BASIC(n)       {HOLD_FIELD, HOLD_BASIC, 0, 0, n}
#define BYTES(b)       {HOLD_BYTES, 0, 0, 0, b}
#define SECRET(n, e)   {HOLD_SECRET, e, n, 0, ""}
#define BODY(kind, n)  {HOLD_BODY, kind, 0, n, ""}
#define END            {HOLD_END, 0, 0, 0, ""}
#define STEPS_MAX      12

/* The status of the first step that fails, or 0. */
static int run(struct ask *ask, const struct step *steps, enum hold_failure *ret_failure, struct error *err)
{
    int status = 0;

    for (int i = 0; i < STEPS_MAX && steps[i].type && status == 0; i++) {
        struct hold_record record = {.type = (uint8_t)steps[i].type,
                                     .encoding = (uint8_t)steps[i].encoding,
                                     .number = (uint16_t)steps[i].number,
                                     .count = steps[i].count,
                                     .size = (uint32_t)strlen(steps[i].text)};

        status = ask_take(ask, &record, steps[i].text, ret_failure, err);
    }
    return status;
}

static void expect(const char *host, unsigned port, const struct step *steps, const char *text)
{
    struct queue out auto_queue = {0};
    struct error err = ERROR_INIT;
    enum hold_failure failure = 0;
    struct ask ask;

    ask_init(&ask, &secrets, USABLE, host, port, &out);
    if (run(&ask, steps, &failure, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s (%s)", err.text, hold_failure_name(failure));
    check_int(ask.state, ASK_WHOLE);
    check_int(queue_add(&out, "", 1), 0);
    check_string((char *)queue_head(&out), text);
    ask_finish(&ask);
}

TEST(a_request_is_written_with_the_host_that_was_verified_and_each_value_in_its_place)
{
    static const struct step steps[STEPS_MAX] = {
        METHOD("GET"),   BYTES("/v1?a=b&api+key="), SECRET(0, HOLD_FORM),  BYTES("&c=d"), FIELD("authorization"),
        BYTES("Bearer "), SECRET(0, HOLD_RAW),       FIELD("X-Key"),        SECRET(1, HOLD_RAW), BODY(HOLD_NO_BODY, 0), END};

    expect("api.example.com", 443, steps,
           "GET /v1?a=b&api+key=s3cret%2F%2B%22value&c=d HTTP/1.1\r\nHost: api.example.com\r\nAccept-Encoding: identity\r\n"
           "authorization: Bearer s3cret/+\"value\r\nX-Key: 0123456789\r\n\r\n");
}

/* An escape that has ended, and one of a field before, take nothing of it. */
TEST(an_escape_before_a_value_is_none_of_it_when_it_has_ended)
{
    static const struct step steps[STEPS_MAX] = {
        METHOD("GET"), BYTES("/?api+key=%41%"), BYTES("25"), SECRET(0, HOLD_FORM), BYTES("%4"), FIELD("X-Key"), BYTES("\\\\"),
        SECRET(1, HOLD_RAW), FIELD("X"), BYTES("%4"), BODY(HOLD_NO_BODY, 0), END};

    expect("h.example.com", 443, steps,
           "GET /?api+key=%41%25s3cret%2F%2B%22value%4 HTTP/1.1\r\nHost: h.example.com\r\nAccept-Encoding: identity\r\n"
           "X-Key: \\\\0123456789\r\nX: %4\r\n\r\n");
}

TEST(a_name_and_password_are_encoded_with_the_value_in_them)
{
    static const struct step steps[STEPS_MAX] = {METHOD("GET"), BYTES("/"), BASIC("Authorization"), BYTES("user:"),
                                                 SECRET(0, HOLD_RAW), BODY(HOLD_NO_BODY, 0), END};

    expect("api.example.com", 8443, steps,
           "GET / HTTP/1.1\r\nHost: api.example.com:8443\r\nAccept-Encoding: identity\r\n"
           "Authorization: Basic dXNlcjpzM2NyZXQvKyJ2YWx1ZQ==\r\n\r\n");
}

TEST(a_body_has_the_length_that_was_said_with_its_values)
{
    static const struct step json[STEPS_MAX] = {METHOD("POST"),      BYTES("/"), BODY(HOLD_LENGTH, 27), BYTES("{\"token\":\""),
                                                SECRET(0, HOLD_JSON), BYTES("\"}"), END};
    static const struct step unexpected[STEPS_MAX] = {METHOD("GET"), BYTES("/"), BODY(HOLD_LENGTH, 1), BYTES("x"), END};
    static const struct step chunks[STEPS_MAX] = {METHOD("POST"),       BYTES("/"),  BODY(HOLD_CHUNKED, 0),
                                                  BYTES("token="), SECRET(0, HOLD_FORM), END};

    expect("h.example.com", 443, json,
           "POST / HTTP/1.1\r\nHost: h.example.com\r\nAccept-Encoding: identity\r\nContent-Length: 27\r\n\r\n"
           "{\"token\":\"s3cret/+\\\"value\"}");
    expect("h.example.com", 443, unexpected,
           "GET / HTTP/1.1\r\nHost: h.example.com\r\nAccept-Encoding: identity\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx");
    expect("h.example.com", 443, chunks,
           "POST / HTTP/1.1\r\nHost: h.example.com\r\nAccept-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n"
           "6\r\ntoken=\r\n14\r\ns3cret%2F%2B%22value\r\n0\r\n\r\n");
}

static const struct {
    enum hold_failure failure;
    struct step steps[STEPS_MAX];
} refused[] = {
    /* a secret where it may not stand */
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?other="), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key=a&b="), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?x=1;api+key="), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key=;x="), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?"), BYTES("api%2"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/api+key="), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key="), SECRET(1, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), FIELD("X-Other"), SECRET(0, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), FIELD("Authorizatio"), SECRET(0, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), SECRET(1, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), BASIC("Authorization"), SECRET(1, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("POST"), BYTES("/"), BODY(HOLD_CHUNKED, 0), SECRET(1, HOLD_JSON)}},
    /* a secret whose first bytes would be the end of an escape, however it comes in pieces */
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key=%"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/?api+key=x%"), BYTES("4"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), BYTES("Bearer %4"), SECRET(0, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), BYTES("\\u00"), SECRET(0, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("GET"), BYTES("/"), BASIC("Authorization"), BYTES("a:%"), SECRET(0, HOLD_RAW)}},
    {HOLD_MISPLACED, {METHOD("POST"), BYTES("/"), BODY(HOLD_CHUNKED, 0), BYTES("\\\\\\"), SECRET(0, HOLD_JSON)}},
    {HOLD_MISPLACED, {METHOD("POST"), BYTES("/"), BODY(HOLD_CHUNKED, 0), BYTES("token=%4"), SECRET(0, HOLD_FORM)}},
    {HOLD_MISPLACED, {METHOD("POST"), BYTES("/"), BODY(HOLD_CHUNKED, 0), BYTES("{\"token\":\"\\u"), BYTES("00"), SECRET(0, HOLD_JSON)}},
    /* a secret of somebody else's, or none */
    {HOLD_NOT_FOR_HOST, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), SECRET(2, HOLD_RAW)}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), SECRET(3, HOLD_RAW)}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), SECRET(65535, HOLD_RAW)}},
    /* another encoding than the place has */
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Authorization"), SECRET(0, HOLD_JSON)}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/?api+key="), SECRET(0, HOLD_RAW)}},
    {HOLD_BAD_RECORD, {METHOD("POST"), BYTES("/"), BODY(HOLD_CHUNKED, 0), SECRET(0, HOLD_RAW)}},
    /* bytes that would be read as something else */
    {HOLD_BAD_RECORD, {METHOD("GE T")}},
    {HOLD_BAD_RECORD, {METHOD("TRACE")}},
    {HOLD_BAD_RECORD, {METHOD("CONNECT")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("v1")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/ HTTP/1.1\r\nHost: evil")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/\x80")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/#f")}},
    {HOLD_BAD_RECORD, {METHOD("OPTIONS"), BYTES("*"), BYTES("/")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Host")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Content-Length")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("Range")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("X:")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), FIELD("X"), BYTES("a\r\nHost: evil")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), BASIC("Authorization"), BYTES("u\n:p")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), BASIC("X-Basic")}},
    /* lengths that are not so */
    {HOLD_BAD_RECORD, {METHOD("POST"), BYTES("/"), BODY(HOLD_LENGTH, 3), BYTES("four")}},
    {HOLD_BAD_RECORD, {METHOD("POST"), BYTES("/"), BODY(HOLD_LENGTH, 5), BYTES("four"), END}},
    {HOLD_BAD_RECORD, {METHOD("POST"), BYTES("/"), BODY(HOLD_LENGTH, 15), SECRET(0, HOLD_JSON), BYTES("x")}},
    {HOLD_BAD_RECORD, {METHOD("POST"), BYTES("/"), BODY(HOLD_NO_BODY, 0), BYTES("x")}},
    /* an order that is none */
    {HOLD_BAD_RECORD, {BYTES("/")}},
    {HOLD_BAD_RECORD, {SECRET(0, HOLD_RAW)}},
    {HOLD_BAD_RECORD, {METHOD("GET"), METHOD("GET")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BODY(HOLD_NO_BODY, 0)}},
    {HOLD_BAD_RECORD, {METHOD("GET"), FIELD("X")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), END}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), BODY(HOLD_NO_BODY, 0), FIELD("X")}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), BODY(HOLD_NO_BODY, 0), END, END}},
    {HOLD_BAD_RECORD, {METHOD("GET"), BYTES("/"), BODY(HOLD_NO_BODY, 0), END, METHOD("GET")}},
};

TEST(every_record_that_would_put_a_value_elsewhere_or_make_another_request_is_refused)
{
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        struct queue out auto_queue = {0};
        struct error err = ERROR_INIT;
        enum hold_failure failure = 0;
        struct ask ask;

        ask_init(&ask, &secrets, USABLE, "h.example.com", 443, &out);
        if (run(&ask, refused[i].steps, &failure, &err) == 0)
            test_fail(__FILE__, __LINE__, "row %zu was taken", i);
        if (failure != refused[i].failure)
            test_fail(__FILE__, __LINE__, "row %zu: %s: %s", i, hold_failure_name(failure), err.text);
        if (failure != HOLD_BAD_RECORD) /* there some other value was in its place */
            check(!memmem(queue_head(&out), queue_size(&out), "s3cret", 6));
        check(!strstr(err.text, "s3cret"));
        ask_finish(&ask);
    }
}

TEST(a_request_has_so_many_secrets_fields_and_bytes_and_no_more)
{
    static const struct step begin[STEPS_MAX] = {METHOD("GET"), BYTES("/"), FIELD("X-Key")};
    static char large[HOLD_PAYLOAD_MAX];
    struct hold_record secret = {.type = HOLD_SECRET, .number = 1}, field = {.type = HOLD_FIELD, .size = 1};
    struct hold_record bytes = {.type = HOLD_BYTES, .size = sizeof(large)};
    const struct {
        struct hold_record record;
        unsigned most;
    } rows[] = {{secret, HOLD_USES_MAX}, {field, HOLD_FIELDS_MAX - 1}, {bytes, HOLD_HEAD_MAX / HOLD_PAYLOAD_MAX - 1}};

    memset(large, 'x', sizeof(large));
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct queue out auto_queue = {0};
        enum hold_failure failure = 0;
        struct ask ask;

        ask_init(&ask, &secrets, USABLE, "h.example.com", 443, &out);
        check_int(run(&ask, begin, &failure, NULL), 0);
        for (unsigned j = 0; j < rows[i].most; j++)
            check_int(ask_take(&ask, &rows[i].record, large, &failure, NULL), 0);
        check_int(ask_take(&ask, &rows[i].record, large, &failure, NULL), -EPROTO);
        check_int(failure, HOLD_BAD_RECORD);
        ask_finish(&ask);
    }
}
