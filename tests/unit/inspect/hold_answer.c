/* SPDX-License-Identifier: Apache-2.0 */
/* Answers of servers, cut at every byte, and each thing that two programs could read differently. */
#include "inspect/holder_answer.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "test.h"

/* What was read, as one text: "200|name=value|body|end", or the name of the failure. */
struct told {
    char text[4096];
    size_t size;
};

static void tell(struct told *told, const char *bytes, size_t size)
{
    check(told->size + size < sizeof(told->text));
    memcpy(told->text + told->size, bytes, size);
    told->size += size;
    told->text[told->size] = '\0';
}

static void tell_head(struct told *told, const struct answer *answer)
{
    static const char *const kinds[] = {"none", "length", "chunked"};
    struct answer_field field;
    char text[16];
    size_t at = 0;

    tell(told, text, (size_t)sprintf(text, "%u", answer->status));
    while (answer_next_field(answer, &at, &field)) {
        tell(told, "|", 1);
        tell(told, field.name, field.name_size);
        tell(told, "=", 1);
        tell(told, field.value, field.value_size);
    }
    tell(told, "|", 1);
    tell(told, kinds[answer->body], strlen(kinds[answer->body]));
    tell(told, "|", 1);
}

/* False = it is over. */
static bool feed(struct answer *answer, const char *bytes, size_t size, struct told *told)
{
    unsigned char *copy = malloc(size ? size : 1);
    size_t at = 0;
    bool goes_on = true;

    check(copy != NULL);
    memcpy(copy, bytes, size);
    for (;;) {
        enum hold_failure failure = 0;
        const unsigned char *data = NULL;
        size_t used = 0, got = 0;
        int event = answer_read(answer, copy + at, size - at, &used, &data, &got, &failure, NULL);

        check(used <= size - at);
        at += used;
        if (event == ANSWER_HEAD)
            tell_head(told, answer);
        else if (event == ANSWER_DATA)
            tell(told, (const char *)data, got);
        if (event == ANSWER_END)
            tell(told, answer_goes_on(answer) ? "|end" : "|last", answer_goes_on(answer) ? 4 : 5);
        if (event < 0) {
            told->size = 0;
            tell(told, hold_failure_name(failure), strlen(hold_failure_name(failure)));
        }
        goes_on = event >= 0 && event != ANSWER_END;
        if (!goes_on || (event == ANSWER_MORE && at == size))
            break;
    }
    free(copy);
    return goes_on;
}

static void close_it(struct answer *answer, struct told *told)
{
    enum hold_failure failure = 0;

    if (answer_close(answer, &failure, NULL) == ANSWER_END) {
        tell(told, "|last", 5);
    } else {
        told->size = 0;
        tell(told, hold_failure_name(failure), strlen(hold_failure_name(failure)));
    }
}

static const struct {
    const char *bytes, *told;
    bool is_of_head, is_closed;
} rows[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-A:  b \t\r\n\r\nhello", "200|X-A=b|length|hello|end", false, false},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "200|length||end", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0A;x=y\r\n0123456789\r\n0\r\nT: x\r\n\r\n",
     "200|chunked|abc0123456789|end", false, false},
    {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 204 No\r\n\r\n", "204|none||end", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", "200|Content-Length=5|none||end", true, false},
    {"HTTP/1.1 304 Not\r\nContent-Length: 5\r\nETag: e\r\n\r\n", "304|Content-Length=5|ETag=e|none||end", false, false},
    {"HTTP/1.1 200 OK\r\nConnection: close, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nContent-Length: 1\r\n\r\nx",
     "200|length|x|last", false, false},
    {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", "200|length|x|last", false, false},
    {"HTTP/1.1 200 OK\r\n\r\nuntil the end", "200|chunked|until the end|last", false, true},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=\"utf-8\"\r\nContent-Length: 1\r\n\r\nx", "200|Content-Type=a/b; charset=\"utf-8\"|length|x|end", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: charset\r\nContent-Length: 0\r\n\r\n", "200|Content-Type=charset|Content-Length=0|none||end", true, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=cp037\r\nContent-Length: 0\r\n\r\n", "200|Content-Type=a/b; charset=cp037|Content-Length=0|none||end", true, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\nContent-Length: 1\r\n\r\nx", "200|length|x|end", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n", "200|Content-Length=0|none||end", true, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=ISO-8859-1\r\nContent-Length: 1\r\n\r\nx",
     "200|Content-Type=text/html; charset=ISO-8859-1|length|x|end", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=utf-16\r\nContent-Length: 0\r\n\r\n", "200|Content-Type=a/b; charset=utf-16|Content-Length=0|none||end", true, false},
    /* one thing wrong each */
    {"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-16\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b;a=b; Charset=\"UTF-32LE\"\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=utf-8\r\nContent-Type: a/b; charset=UTF-7\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=cp037\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: text/plain;CharSet = \"UTF-7\"\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=utf-8; charset=IBM273\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=unicode-1-1-utf-7\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Type: a/b; charset=\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Encoding: identity, br\r\nContent-Length: 1\r\n\r\nx", "encoded", false, false},
    {"HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n", "upgraded", false, false},
    {"HTTP/1.1 206 Part\r\nContent-Length: 1\r\n\r\nx", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", "lost", false, true},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "lost", false, true},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 9999999999999999999\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000003\r\nabc\r\n0\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nX: a\r\n folded\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nX : a\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 200 OK\r\nX: \x01\r\n\r\n", "bad-answer", false, false},
    {"HTTP/2 200\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 2000 OK\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1 099 OK\r\n\r\n", "bad-answer", false, false},
    {"HTTP/1.1  200 OK\r\n\r\n", "bad-answer", false, false},
    {"\r\nHTTP/1.1 200 OK\r\n\r\n", "bad-answer", false, false},
    {"SSH-2.0-x\r\n\r\n", "bad-answer", false, false},
};

TEST(an_answer_is_read_alike_wherever_it_is_cut)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        size_t size = strlen(rows[i].bytes);

        for (size_t cut = 0; cut <= size; cut++) {
            struct told told = {.size = 0};
            struct answer answer = {0};
            bool goes_on;

            answer_begin(&answer, rows[i].is_of_head);
            goes_on = feed(&answer, rows[i].bytes, cut, &told);
            if (goes_on)
                goes_on = feed(&answer, rows[i].bytes + cut, size - cut, &told);
            if (goes_on && rows[i].is_closed)
                close_it(&answer, &told);
            if (strcmp(told.text, rows[i].told) != 0)
                test_fail(__FILE__, __LINE__, "row %zu cut at %zu: '%s', not '%s'", i, cut, told.text, rows[i].told);
            answer_finish(&answer);
        }
    }
}

/* 0 while `text` may be said again and again, as long as nothing says no. */
static size_t says_no_after(const char *begin, const char *again, size_t most)
{
    struct told told = {.size = 0};
    struct answer answer = {0};
    size_t count = 0;
    bool goes_on;

    answer_begin(&answer, false);
    goes_on = feed(&answer, begin, strlen(begin), &told);
    while (goes_on && count < most) {
        goes_on = feed(&answer, again, strlen(again), &told);
        count++;
    }
    check(!goes_on);
    check_string(told.text, "bad-answer");
    answer_finish(&answer);
    return count;
}

TEST(nothing_that_a_server_says_before_its_body_is_without_end)
{
    check_int(says_no_after("", "HTTP/1.1 100 Continue\r\n\r\n", 100), 17);
    check(says_no_after("HTTP/1.1 200 OK\r\n", "X: y\r\n", 100000) <= HOLD_HEAD_MAX / 6);
    check(says_no_after("HTTP/1.1 200 OK\r\nX: ", "yyyyyyyyyyyyyyyy", 100000) <= HOLD_HEAD_MAX / 16);
    check(says_no_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "yyyyyyyyyyyyyyyy", 100000) <= 65);
    check(says_no_after("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", "T: trailer trailer\r\n", 100000) <= 1000);
}
