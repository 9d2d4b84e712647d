/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection of HTTP/2 through the inspector, as fuzz-http1.c does it: whatever the program sends, the server hears frames that
 * nghttp2 accepts, and in them requests that the rules permit, for the host of the connection.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <nghttp2/nghttp2.h>

#include "inspect_harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is(const uint8_t *text, size_t size, const char *wanted)
{
    return size == strlen(wanted) && memcmp(text, wanted, size) == 0;
}

static int header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_size,
                  const uint8_t *value, size_t value_size, uint8_t flags, void *context)
{
    (void)session;
    (void)frame;
    (void)flags;
    (void)context;
    if (is(name, name_size, ":authority") && !is(value, value_size, "api.test"))
        abort();
    if (is(name, name_size, ":method") && !is(value, value_size, "GET") && !is(value, value_size, "POST") && !is(value, value_size, "HEAD"))
        abort();
    if (is(name, name_size, ":path") && (value_size < 3 || memcmp(value, "/v1", 3) != 0 || (value_size > 3 && value[3] != '/' && value[3] != '?')))
        abort();
    if (is(name, name_size, "host"))
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char heard[HARNESS_HEARD_MAX];
    size_t length = harness_run(data, size, true, heard);
    nghttp2_session_callbacks *callbacks;
    nghttp2_session *session;

    if (nghttp2_session_callbacks_new(&callbacks) < 0)
        abort();
    nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
    if (nghttp2_session_server_new(&session, callbacks, NULL) < 0)
        abort();
    if (length && nghttp2_session_mem_recv(session, (const uint8_t *)heard, length) < 0)
        abort();
    nghttp2_session_del(session);
    nghttp2_session_callbacks_del(callbacks);
    return 0;
}
