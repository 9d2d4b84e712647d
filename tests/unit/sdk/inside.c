/* SPDX-License-Identifier: Apache-2.0 */
/* Containers inside a container, as who holds that one with the library sees them. tests/nest/run has the rest. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

static struct cordon_container *container;
static struct cordon_error err;

static struct cordon_request *request_of(const char *port, const char *more)
{
    static const char form[] = "version: cordon/1\nextends: [base]\nfilesystem: {readonlyPaths: ['%.*s']}\n%s\n"
                               "network: {egress: {allow: [{to: [{cidr: 192.0.2.1/32}], ports: [{port: %s, protocol: tcp}]}]}}\n";
    static const char program[] = CORDON_TEST_PROGRAM;
    char text[4096];
    struct cordon_request *request = NULL;
    const char *end = strstr(program, "/cli/cordon");

    check(end != NULL);
    check_int(cordon_request_new(&request, &err), 0);
    check(snprintf(text, sizeof(text), form, (int)(end - program), program, more, port) < (int)sizeof(text));
    check_int(cordon_request_add_policy_text(request, "outer.yaml", text, strlen(text), &err), 0);
    return request;
}

static void start(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct cordon_request *request;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their memory is beyond the limits of gateway and nester */
#endif
    signal(SIGPIPE, SIG_IGN);
    sandbox_open();
    request = request_of("80", "nested: {containers: true}");
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    if (cordon_spawn(request, &container, &err) < 0) {
        if (err.kind == CORDON_ERROR_UNENFORCEABLE)
            test_skip("tproxy");
        test_fail(__FILE__, __LINE__, "%s", err.text);
    }
    cordon_request_free(request);
}

/* The next line, while the container is driven. */
static const char *hear(void)
{
    static char line[128];
    struct cordon_status status;
    size_t used = 0;

    while (!used || line[used - 1] != '\n') {
        struct pollfd polled = {.fd = cordon_container_stdout_fd(container), .events = POLLIN};

        check(cordon_container_try_wait(container, &status, &err) >= 0); /* it may end before its last line is read */
        if (poll(&polled, 1, 20) > 0) {
            check_int(read(polled.fd, line + used, 1), 1);
            used++;
        }
        check(used < sizeof(line));
    }
    line[used - 1] = '\0';
    return line;
}

static void finish(int expected)
{
    struct cordon_status status = {0};

    cordon_container_close_stdin(container);
    check_int(cordon_container_wait(container, 60000, &status, &err), 1);
    check_int(status.exit_status, expected);
    cordon_container_free(container);
    sandbox_close();
}

#define RUN_INSIDE CORDON_TEST_PROGRAM " run --profile base -- "

TEST(a_container_inside_ends_when_the_network_around_it_becomes_another)
{
    struct cordon_request *request;

    start(RUN_INSIDE "sh -c 'echo up; sleep 1000'; echo $?; " RUN_INSIDE "echo again; read x; exit 3");
    check_string(hear(), "up");
    request = request_of("81", "nested: {containers: true}");
    check_int(cordon_container_set_network(container, request, &err), 0);
    cordon_request_free(request);
    check_string(hear(), "125");
    check_string(hear(), "again");
    finish(3);
}

TEST(a_container_inside_goes_on_where_another_network_is_refused)
{
    struct cordon_request *request;

    start(RUN_INSIDE "sh -c 'echo up; read x; echo still; exit 4'");
    check_string(hear(), "up");
    request = request_of("81", "nested: {containers: true, number: 2}"); /* something else is another, too */
    check(cordon_container_set_network(container, request, &err) < 0);
    cordon_request_free(request);
    check_int(write(cordon_container_stdin_fd(container), "x\n", 2), 2);
    check_string(hear(), "still");
    finish(4);
}

TEST(a_request_that_watches_more_than_refusals_may_have_none_inside)
{
    const char *const argv[] = {"true", NULL};
    struct cordon_request *request;

    sandbox_open();
    request = request_of("80", "nested: {containers: true}");
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_watch(request, CORDON_WATCH_FULL, &err), 0);
    check(cordon_spawn(request, &container, &err) < 0);
    check_int(err.kind, CORDON_ERROR_UNENFORCEABLE);
    check_contains(err.text, "nested.containers");
    cordon_request_free(request);
    sandbox_close();
}
