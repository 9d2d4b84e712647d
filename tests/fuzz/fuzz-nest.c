/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: any bytes as a request for a container inside. What is refused is refused with a word; what is taken is within the
 * bounds of every request, has a directory and an environment of its own, and written anew and read again it is the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sdk/nest/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void check(const struct cordon_request *request)
{
    hold(request->cwd && request->cwd[0] == '/', "no directory");
    hold(request->environment != NULL, "an environment that is the reader's");
    hold(!request->fd_count && !request->events_file && request->events_fd < 0 && request->cancel_fd < 0, "descriptors or files");
    hold(!request->is_reviewed && !request->is_learning && !request->ask_ms, "what no request says");
    for (size_t i = 0; i < request->policy_count; i++)
        hold(request->policies[i].text != NULL, "a document that is read from a file");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cordon_request *request = NULL, *again = NULL;
    struct error err = ERROR_INIT;
    auto_text struct text first = {0}, second = {0};

    if (nest_request_read(data, size, &request, &err) < 0) {
        hold(err.kind != ERROR_NONE && err.text[0], "refused without a word");
        return 0;
    }
    check(request);
    hold(nest_request_write(request, &first, &err) == 0, "not written anew");
    hold(nest_request_read(first.data, first.length, &again, &err) == 0, "not read again");
    hold(nest_request_write(again, &second, &err) == 0, "not written again");
    hold(first.length == second.length && memcmp(first.data, second.data, first.length) == 0, "another one");
    cordon_request_free(request);
    cordon_request_free(again);
    return 0;
}
