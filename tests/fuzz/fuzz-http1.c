/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of plain HTTP/1.1 through the inspector: the first byte of the input says how much of the rest a program sends,
 * a server sends what is left. Whatever the program sends, the server hears whole requests that the strict reading accepts, that
 * the rules permit, and that name the host of the connection.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/head.h"
#include "inspect_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_request(const struct head *head)
{
    static const char host[] = "api.test";

    if (!span_equals(head->host, host) && !span_equals(head->host, "api.test:80"))
        abort();
    if (!span_equals(head->method, "GET") && !span_equals(head->method, "POST") && !span_equals(head->method, "HEAD"))
        abort();
    if (head->target.size < 3 || memcmp(head->target.at, "/v1", 3) != 0 || head->upgrades)
        abort();
    if (head->target.size > 3 && head->target.at[3] != '/' && head->target.at[3] != '?')
        abort();
}

/* One request at most: the server answers once. */
static void check_heard(const char *bytes, size_t size)
{
    static struct head head;
    http_parser parser;
    const char *what;
    long length = size ? head_size(bytes, size, 0, &what) : 0;

    if (!size)
        return;
    if (length <= 0 || head_read_request(bytes, (size_t)length, &head, &parser, &what) < 0)
        abort();
    check_request(&head);
    if (!head.has_body && size > (size_t)length) /* then another one, after the answer */
        check_heard(bytes + length, size - (size_t)length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char heard[HARNESS_HEARD_MAX];

    check_heard(heard, harness_run(data, size, false, heard));
    return 0;
}
