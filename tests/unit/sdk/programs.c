/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that stand, and programs in them, through libcordon.so. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

static struct cordon_error err;
static struct cordon_status status;
static char text[65536];

static struct cordon_request *request_new(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, &err), 0);
    if (script)
        check_int(cordon_request_set_command(request, argv, &err), 0);
    return request;
}

static struct cordon_container *create(const char *policy)
{
    struct cordon_request *request = request_new(NULL);
    struct cordon_container *container = NULL;

    if (policy)
        check_int(cordon_request_add_policy_text(request, "p.yaml", policy, strlen(policy), &err), 0);
    if (cordon_create(request, &container, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    cordon_request_free(request);
    return container;
}

static struct cordon_program *begin(struct cordon_container *container, const char *script)
{
    struct cordon_request *request = request_new(script);
    struct cordon_program *program = NULL;

    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    if (cordon_container_exec(container, request, &program, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    cordon_request_free(request);
    return program;
}

/* What it prints, into `text`; its end into `status`. */
static void finish(struct cordon_program *program)
{
    size_t length = 0;
    ssize_t got;

    cordon_program_close_stdin(program);
    while ((got = read(cordon_program_stdout_fd(program), text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    check_int(cordon_program_wait(program, -1, &status, &err), 1);
    cordon_program_free(program);
}

static void stop(struct cordon_container *container)
{
    check_int(cordon_container_stop(container, 0, &err), 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.end, CORDON_END_STOPPED);
    check_int(status.exit_status, 0);
    cordon_container_free(container);
}

static void show(const char *run)
{
    char *shown = NULL;

    check_int(cordon_runs_show(run, CORDON_JSON, &shown, &err), 0);
    snprintf(text, sizeof(text), "%s", shown);
    cordon_string_free(shown);
}

TEST(programs_share_the_container_and_each_has_its_own_end)
{
    struct cordon_container *container;

    sandbox_open();
    container = create(NULL);
    finish(begin(container, "echo one >note; echo $$; exit 3"));
    check_int(status.end, CORDON_END_EXITED);
    check_int(status.exit_status, 3);
    finish(begin(container, "cat note; kill -KILL $$"));
    check_string(text, "one\n");
    check_int(status.end, CORDON_END_SIGNALED);
    check_int(status.exit_status, 137);
    stop(container);
    sandbox_close();
}

TEST(each_program_and_its_end_are_in_the_record)
{
    struct cordon_container *container;
    char run[64];

    sandbox_open();
    container = create(NULL);
    snprintf(run, sizeof(run), "%s", cordon_container_id(container));
    finish(begin(container, "exit 3"));
    cordon_program_free(begin(container, "sleep 1000"));
    stop(container);
    show(run);
    check_contains(text, "\"type\":\"run.started\"");
    check_contains(text, "\"type\":\"exec.started\",\"number\":1,\"argv\":[\"sh\",\"-c\",\"exit 3\"],\"argvIsCut\":false,\"directory\":");
    check_contains(text, "\"type\":\"exec.exited\",\"number\":1,\"end\":\"exited\",\"code\":3,\"exitStatus\":3");
    check_contains(text, "\"type\":\"exec.exited\",\"number\":2,\"end\":\"signaled\",\"code\":9");
    check_contains(text, "\"type\":\"run.exited\",\"end\":\"stopped\"");
    sandbox_close();
}

/* By the same rules as that of a program of its own: nothing of the caller's that the policy does not take. */
TEST(a_program_has_the_environment_that_a_run_would_have)
{
    static const char policy[] = "version: cordon/1\nextends: [coding-agent]\n"
                                 "environment: {inherit: ['TAKEN', 'MANY_*'], set: {FIXED: 'yes'}}\n";
    const char *const environment[] = {"HOME=/nonsense", "TAKEN=new", "MANY_A=1", "MANY_B=2", "LEFT=secret", "FIXED=no", "PATH=/bin:/usr/bin",
                                       NULL};
    const char *const argv[] = {"sh", "-c", "env | grep -v '^\\(PWD\\|_\\|SHLVL\\|OLDPWD\\)=' | sort", NULL};
    struct cordon_request *request = request_new(NULL);
    struct cordon_output output = {0};
    struct cordon_container *container;
    struct cordon_program *program;
    struct cordon_request *plain;

    sandbox_open();
    setenv("TAKEN", "old", 1);
    check_int(cordon_request_add_policy_text(request, "p.yaml", policy, strlen(policy), &err), 0);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    container = create(policy);
    /* with this process's environment both are the same, */
    check_int(cordon_request_set_capture(request, 65536, SIZE_MAX, &err), 0);
    if (cordon_run(request, &status, &output, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    finish(begin(container, argv[2]));
    check_string(text, output.stdout_data);
    check_contains(text, "TAKEN=old\n");
    cordon_output_finish(&output);
    /* and of another caller's that counts which the program's has. */
    plain = request_new(argv[2]);
    check_int(cordon_request_set_environment(plain, environment, &err), 0);
    check_int(cordon_request_set_stdio(plain, CORDON_STDIO_NULL, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    check_int(cordon_container_exec(container, plain, &program, &err), 0);
    finish(program);
    check_contains(text, "TAKEN=new\n");
    check_contains(text, "MANY_A=1\nMANY_B=2\n");
    check_contains(text, "FIXED=yes\n");
    check(!strstr(text, "LEFT="));
    check(!strstr(text, "nonsense"));
    cordon_request_free(plain);
    cordon_request_free(request);
    stop(container);
    sandbox_close();
}

TEST(a_program_starts_where_the_caller_says_or_the_policy)
{
    struct cordon_request *request = request_new("pwd");
    struct cordon_container *container;
    struct cordon_program *program;
    char here[4096];

    sandbox_open();
    check(getcwd(here, sizeof(here)) != NULL);
    container = create(NULL);
    finish(begin(container, "pwd"));
    check_int(strncmp(text, here, strlen(here)), 0);
    check_int(cordon_request_set_directory(request, "relative", &err), -EINVAL);
    check_int(cordon_request_set_directory(request, "/usr/lib", &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    check_int(cordon_container_exec(container, request, &program, &err), 0);
    finish(program);
    check_string(text, "/usr/lib\n");
    check_int(cordon_request_set_directory(request, "/not/there", &err), 0);
    check_int(cordon_container_exec(container, request, &program, &err), -ENOENT);
    check_contains(err.text, "/not/there");
    cordon_request_free(request);
    stop(container);
    sandbox_close();
}

TEST(a_time_limit_ends_one_program_and_not_the_others)
{
    struct cordon_request *request = request_new("sleep 1000");
    struct cordon_program *limited, *other;
    struct cordon_container *container;

    sandbox_open();
    container = create(NULL);
    other = begin(container, "sleep 1000");
    check_int(cordon_request_set_timeout_ms(request, 300, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL, &err), 0);
    check_int(cordon_container_exec(container, request, &limited, &err), 0);
    check_int(cordon_program_wait(limited, -1, &status, &err), 1);
    check_int(status.end, CORDON_END_TIMEOUT);
    check_int(status.exit_status, 124);
    check_int(cordon_program_try_wait(other, &status, &err), 0);
    check_int(cordon_program_signal(other, SIGTERM, &err), 0);
    check_int(cordon_program_wait(other, -1, &status, &err), 1);
    check_int(status.code, SIGTERM);
    cordon_program_free(limited);
    cordon_program_free(other);
    cordon_request_free(request);
    stop(container);
    sandbox_close();
}

/* What heeds SIGTERM has its time, and is not waited for longer than it needs. */
TEST(a_container_stops_when_nothing_runs_in_it_any_more)
{
    struct cordon_container *container;
    struct cordon_program *program;
    char word[8] = "";

    sandbox_open();
    container = create(NULL);
    program = begin(container, "trap 'echo told; exit 9' TERM; echo ready; while :; do sleep 0.05; done");
    check(read(cordon_program_stdout_fd(program), word, 6) == 6);
    check_int(cordon_container_stop(container, 600000, &err), 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.end, CORDON_END_STOPPED);
    check(status.wall_us < 300000000);
    check_int(cordon_program_try_wait(program, &status, &err), 1);
    check_int(status.code, 9);
    cordon_program_free(program);
    cordon_container_free(container);
    sandbox_close();
}

TEST(one_descriptor_tells_of_every_program_s_end)
{
    struct cordon_container *container;
    struct cordon_program *programs[3];
    int fd, ended = 0;

    sandbox_open();
    container = create(NULL);
    for (int i = 0; i < 3; i++)
        programs[i] = begin(container, i == 2 ? "cat; exit 2" : "exit 1");
    fd = cordon_program_poll_fd(programs[0], &err);
    check(fd >= 0);
    check_int(fd, cordon_container_poll_fd(container, &err));
    while (ended < 2) {
        struct pollfd polled = {.fd = fd, .events = POLLIN};

        check(poll(&polled, 1, 60000) == 1);
        ended = 0;
        for (int i = 0; i < 3; i++)
            ended += cordon_program_try_wait(programs[i], &status, &err) == 1;
    }
    check_int(cordon_program_try_wait(programs[2], &status, &err), 0);
    for (int i = 0; i < 3; i++)
        finish(programs[i]);
    check_int(status.code, 2);
    stop(container);
    sandbox_close();
}

TEST(a_program_outlives_neither_its_container_nor_its_object_the_process)
{
    struct cordon_container *container;
    struct cordon_program *program, *other;

    sandbox_open();
    container = create(NULL);
    program = begin(container, "sleep 1000");
    other = begin(container, "sleep 1000");
    check_int(cordon_container_kill(container, &err), 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.end, CORDON_END_SIGNALED);
    check_int(cordon_program_try_wait(program, &status, &err), 1);
    check_int(status.exit_status, 137);
    cordon_container_free(container);
    check_int(cordon_program_signal(program, SIGTERM, &err), 0);
    check_int(cordon_program_poll_fd(program, &err), -EINVAL);
    cordon_program_free(program);
    cordon_program_free(other);
    sandbox_close();
}

TEST(what_a_program_is_refused_is_in_the_container_s_record)
{
    struct cordon_container *container;
    char run[64];

    sandbox_open();
    container = create(NULL);
    snprintf(run, sizeof(run), "%s", cordon_container_id(container));
    finish(begin(container, "echo x >/usr/refused-name"));
    check(status.code != 0);
    stop(container);
    show(run);
    check_contains(text, "\"type\":\"access.denied\"");
    check_contains(text, "/usr/refused-name");
    sandbox_close();
}

TEST(a_program_with_a_terminal_has_one_of_its_own)
{
    const char *const argv[] = {"sh", "-c", "stty size; exit 4", NULL};
    struct cordon_request *request = request_new(NULL);
    struct cordon_container *container;
    struct cordon_program *program;
    char shown[256] = "";
    ssize_t got, length = 0;

    sandbox_open();
    container = create(NULL);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_tty(request, 21, 77, &err), 0);
    check_int(cordon_container_exec(container, request, &program, &err), 0);
    while ((got = read(cordon_program_tty_fd(program), shown + length, sizeof(shown) - 1 - (size_t)length)) > 0)
        length += got;
    check_contains(shown, "21 77");
    check_int(cordon_program_resize(program, 5, 6, &err), 0);
    check_int(cordon_program_wait(program, -1, &status, &err), 1);
    check_int(status.code, 4);
    cordon_program_free(program);
    cordon_request_free(request);
    stop(container);
    sandbox_close();
}

TEST(what_cannot_stand_is_refused_by_name)
{
    static const char output[] = "version: cordon/1\nextends: [coding-agent]\nresources: {output: 1MiB}\n";
    static const char calls[] = "version: cordon/1\nextends: [coding-agent]\nsyscalls: {deny: [setsid]}\n";
    struct cordon_request *request = request_new("true");
    struct cordon_container *container = NULL;
    struct cordon_program *program = NULL;

    sandbox_open();
    check_int(cordon_request_add_policy_text(request, "p.yaml", output, strlen(output), &err), 0);
    check_int(cordon_create(request, &container, &err), -ENOTSUP);
    check_int(err.kind, CORDON_ERROR_UNENFORCEABLE);
    check_contains(err.text, "resources.output");
    cordon_request_free(request);
    request = request_new("true");
    check_int(cordon_request_add_policy_text(request, "p.yaml", calls, strlen(calls), &err), 0);
    check_int(cordon_create(request, &container, &err), -ENOTSUP);
    check_contains(err.text, "setsid");
    cordon_request_free(request);
    request = request_new("sleep 1000");
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL, &err), 0);
    check_int(cordon_spawn(request, &container, &err), 0);
    check_int(cordon_container_exec(container, request, &program, &err), -EINVAL);
    cordon_container_free(container);
    cordon_request_free(request);
    sandbox_close();
}

/* What a program writes without end, as long as it runs. */
static size_t written(struct cordon_program *program, int timeout_ms)
{
    struct pollfd polled = {.fd = cordon_program_stdout_fd(program), .events = POLLIN};
    ssize_t got = 0;

    if (poll(&polled, 1, timeout_ms) > 0)
        got = read(polled.fd, text, sizeof(text));
    return got > 0 ? (size_t)got : 0;
}

TEST(what_is_frozen_stands_still_until_it_is_thawed_and_can_be_ended)
{
    static const char policy[] = "version: cordon/1\nextends: [coding-agent]\nresources: {pids: 50}\n";
    struct cordon_request *request = request_new("true");
    struct cordon_container *container;
    struct cordon_program *program, *other = NULL;

    sandbox_open();
    check_int(cordon_request_add_policy_text(request, "p.yaml", policy, strlen(policy), &err), 0);
    if (cordon_create(request, &container, &err) < 0 && err.kind == CORDON_ERROR_UNENFORCEABLE) {
        cordon_request_free(request);
        sandbox_close();
        test_skip("cgroup");
    }
    program = begin(container, "while :; do echo x; done");
    check(written(program, 60000) > 0);
    if (cordon_container_freeze(container, &err) == -ENOTSUP) { /* the limit is kept by another mechanism */
        cordon_program_free(program);
        cordon_container_free(container);
        cordon_request_free(request);
        sandbox_close();
        test_skip("cgroup");
    }
    while (written(program, 200) > 0) /* what was in the pipe */
        ;
    check_int((int)written(program, 200), 0);
    check_int(cordon_container_exec(container, request, &other, &err), -EBUSY);
    check_int(cordon_container_freeze(container, &err), 0);
    check_int(cordon_container_thaw(container, &err), 0);
    check(written(program, 60000) > 0);
    check_int(cordon_container_freeze(container, &err), 0);
    check_int(cordon_container_stop(container, 0, &err), 0); /* which thaws it */
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.end, CORDON_END_STOPPED);
    cordon_program_free(program);
    cordon_container_free(container);
    check_int(cordon_create(request, &container, &err), 0);
    check_int(cordon_container_freeze(container, &err), 0);
    cordon_container_free(container); /* frozen, and yet nothing is left of it */
    cordon_request_free(request);
    sandbox_close();
}
