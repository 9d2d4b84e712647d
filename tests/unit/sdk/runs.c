/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the fixture's request. */
#include "runs.h"

#include <poll.h>
#include <stdlib.h>

#include "test.h"

struct cordon_status status;
struct cordon_error err;

int run_with(int (*change)(struct cordon_request *), struct cordon_output *output)
{
    struct cordon_request *request = fixture_request();
    int result;

    if (change)
        check_int(change(request), 0);
    result = cordon_run(request, &status, output, &err);
    cordon_request_free(request);
    return result;
}

struct cordon_container *spawn(int in, int out, int error)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request = fixture_request();

    check_int(cordon_request_set_stdio(request, in, out, error, &err), 0);
    check_int(cordon_spawn(request, &container, &err), 0);
    cordon_request_free(request);
    return container;
}

int set_short_timeout(struct cordon_request *request)
{
    return cordon_request_set_timeout_ms(request, 20, &err);
}

bool is_readable(int fd, int ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, ms) == 1;
}

void check_events(const char *part)
{
    char *events = fixture_events();

    check_contains(events, part);
    free(events);
}
