/* SPDX-License-Identifier: Apache-2.0 */
/* libcordon.so as a program that embeds it has it: loaded, used, unloaded, from several threads. */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

static int count_in(const char *directory)
{
    DIR *dir = opendir(directory);
    int count = 0;

    check(dir != NULL);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

static struct cordon_request *request_for(const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    check_int(cordon_request_set_command(request, argv, NULL), 0);
    return request;
}

TEST(the_library_exports_what_its_map_says_and_nothing_else)
{
    struct ran ran;
    char *saved = NULL, command[1024];

    snprintf(command, sizeof(command), "nm -D --defined-only '%s' | grep -v ' A ' | cut -d' ' -f3",
             CORDON_TEST_LIBRARY);
    RUN(&ran, "/bin/sh", "-c", "command -v nm >/dev/null || exit 7");
    if (ran.status == 7)
        test_skip("nm");
    RUN(&ran, "/bin/sh", "-c", command);
    check_int(ran.status, 0);
    check_contains(ran.out, "cordon_run@@CORDON_0.1\n");
    for (char *name = strtok_r(ran.out, "\n", &saved); name; name = strtok_r(NULL, "\n", &saved)) {
        check(strncmp(name, "cordon_", 7) == 0);
        check_contains(name, "@@CORDON_0.1");
    }
}

TEST(loading_and_unloading_leaves_nothing)
{
    int threads = count_in("/proc/self/task"), descriptors = count_in("/proc/self/fd");

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their runtime cannot be loaded twice */
#endif
    /* dlmopen: a copy of its own, although this program is linked with it as well */
    for (int i = 0; i < 3; i++) {
        void *library = dlmopen(LM_ID_NEWLM, CORDON_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
        int (*check_it)(const struct cordon_request *, enum cordon_format, char **,
                        struct cordon_error *);
        int (*new_it)(struct cordon_request **, struct cordon_error *);
        void (*free_it)(struct cordon_request *);
        struct cordon_request *request = NULL;
        struct cordon_error err = {0};

        check(library != NULL);
        *(void **)&new_it = dlsym(library, "cordon_request_new");
        *(void **)&check_it = dlsym(library, "cordon_check");
        *(void **)&free_it = dlsym(library, "cordon_request_free");
        check(new_it && check_it && free_it);
        check_int(new_it(&request, &err), 0);
        check(check_it(request, CORDON_TEXT, NULL, &err) >= 0);
        free_it(request);
        check_int(dlclose(library), 0);
    }
    check_int(count_in("/proc/self/task"), threads);
    check_int(count_in("/proc/self/fd"), descriptors);
}

TEST(unloading_leaves_no_child_of_a_run)
{
    const char *const argv[] = {"true", NULL};
    struct cordon_request *request = NULL;
    struct cordon_error err = {0};
    struct cordon_status status;
    int (*run_it)(const struct cordon_request *, struct cordon_status *, struct cordon_output *,
                  struct cordon_error *);
    void *library;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their runtime cannot be loaded twice */
#endif
    sandbox_open();
    library = dlmopen(LM_ID_NEWLM, CORDON_TEST_LIBRARY, RTLD_NOW | RTLD_LOCAL);
    check(library != NULL);
    *(void **)&run_it = dlsym(library, "cordon_run");
    check(run_it != NULL);
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_environment(request, (const char *const *)environ, &err), 0);
    if (run_it(request, &status, NULL, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(dlclose(library), 0);
    check(waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT | __WALL) < 0);
    cordon_request_free(request);
    sandbox_close();
}

TEST(a_run_captures_output_and_status)
{
    struct cordon_output output = {0};
    struct cordon_status status;
    struct cordon_error err = {0};
    struct cordon_request *request;

    sandbox_open();
    request = request_for("echo out; echo err >&2; exit 3");
    check_int(cordon_request_set_capture(request, 100, 100, &err), 0);
    if (cordon_run(request, &status, &output, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(status.exit_status, 3);
    check_string(output.stdout_data, "out\n");
    check_string(output.stderr_data, "err\n");
    cordon_output_finish(&output);
    cordon_request_free(request);
    sandbox_close();
}

TEST(large_binary_streams_pass_unchanged)
{
    static unsigned char sent[1 << 20], got[1 << 20];
    struct cordon_container *container = NULL;
    struct cordon_error err = {0};
    struct cordon_status status;
    struct cordon_request *request;
    size_t in = 0, out = 0;

    for (size_t i = 0; i < sizeof(sent); i++)
        sent[i] = (unsigned char)(i * 2654435761u >> 13);
    sandbox_open();
    request = request_for("exec cat");
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, CORDON_STDIO_PIPE,
                                       CORDON_STDIO_INHERIT, &err),
              0);
    check_int(cordon_spawn(request, &container, &err), 0);
    check_int(fcntl(cordon_container_stdin_fd(container), F_SETFL, O_NONBLOCK), 0);
    while (out < sizeof(got)) {
        ssize_t step = 0;

        if (in < sizeof(sent))
            step = write(cordon_container_stdin_fd(container), sent + in, sizeof(sent) - in);
        if (step > 0)
            in += (size_t)step;
        if (in == sizeof(sent) && cordon_container_stdin_fd(container) >= 0)
            cordon_container_close_stdin(container);
        step = read(cordon_container_stdout_fd(container), got + out, sizeof(got) - out);
        check(step > 0);
        out += (size_t)step;
    }
    check(memcmp(sent, got, sizeof(got)) == 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.exit_status, 0);
    cordon_container_free(container);
    cordon_request_free(request);
    sandbox_close();
}

TEST(signal_handlers_mask_and_descriptors_of_the_caller_stay_as_they_were)
{
    struct cordon_request *request;
    struct cordon_error err = {0};
    struct cordon_status status;
    struct sigaction handlers[32], handler;
    sigset_t before, after;
    int descriptors;

    sandbox_open();
    request = request_for("exit 0");
    descriptors = count_in("/proc/self/fd");
    sigprocmask(SIG_SETMASK, NULL, &before);
    for (int i = 1; i < 32; i++)
        check_int(sigaction(i, NULL, &handlers[i]), 0);
    check_int(cordon_run(request, &status, NULL, &err), 0);
    sigprocmask(SIG_SETMASK, NULL, &after);
    for (int i = 1; i < 32; i++) {
        check_int(sigismember(&after, i), sigismember(&before, i)); /* nobody writes all of a sigset_t */
        check_int(sigaction(i, NULL, &handler), 0);
        check(handler.sa_handler == handlers[i].sa_handler);
        check_int(handler.sa_flags, handlers[i].sa_flags);
    }
    check_int(count_in("/proc/self/fd"), descriptors);
    check_int(count_in("/proc/self/task"), 3);
    cordon_request_free(request);
    sandbox_close();
}

/* Children of this process that have ended and that nobody has waited for. */
static int count_unreaped(void)
{
    siginfo_t info;
    int count = 0;

    for (; waitid(P_ALL, 0, &info, WEXITED | WNOHANG) == 0 && info.si_pid; count++)
        info.si_pid = 0;
    return count;
}

static void run_expecting(int wanted)
{
    struct cordon_status status = {0};
    struct cordon_error err = {0};
    struct cordon_request *request;
    char script[32];

    snprintf(script, sizeof(script), "exit %d", wanted);
    request = request_for(script);
    if (cordon_run(request, &status, NULL, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(status.exit_status, wanted);
    cordon_request_free(request);
}

TEST(processes_of_ended_containers_do_not_pile_up)
{
    sandbox_open();
    for (int i = 0; i < 24; i++)
        run_expecting(3);
    check(count_unreaped() <= 16);
    sandbox_close();
}

TEST(a_caller_that_waits_for_any_child_or_ignores_them_all_gets_each_status)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request;
    struct cordon_error err = {0};
    struct cordon_status status;
    enum cordon_level level = CORDON_NONE;
    char *text = NULL;

    sandbox_open();
    request = request_for("exit 5");
    check_int(cordon_spawn(request, &container, &err), 0);
    check_int(waitpid(cordon_container_pid(container), NULL, 0), cordon_container_pid(container));
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.exit_status, 5);
    cordon_container_free(container);
    cordon_request_free(request);
    signal(SIGCHLD, SIG_IGN);
    run_expecting(7);
    check_int(cordon_doctor(CORDON_TEXT, &text, &level, &err), 0);
    check(level != CORDON_NONE);
    cordon_string_free(text);
    signal(SIGCHLD, SIG_DFL);
    sandbox_close();
}

#define SMALL_STACK ((size_t)128 * 1024)

static void *run_in_thread(void *wanted);

TEST(a_thread_with_a_small_stack_is_enough)
{
    pthread_attr_t attributes;
    pthread_t thread;
    void *result;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* they widen every frame */
#endif
    sandbox_open();
    check_int(pthread_attr_init(&attributes), 0);
    check_int(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    check_int(pthread_create(&thread, &attributes, run_in_thread, (void *)4), 0);
    check_int(pthread_join(thread, &result), 0);
    check_int((long)result, 4);
    pthread_attr_destroy(&attributes);
    sandbox_close();
}

static void *run_in_thread(void *wanted)
{
    struct cordon_status status = {0};
    struct cordon_error err = {0};
    struct cordon_request *request;
    char script[32];
    long result;

    snprintf(script, sizeof(script), "exit %ld", (long)wanted);
    request = request_for(script);
    result = cordon_run(request, &status, NULL, &err) == 0 ? status.exit_status : -1;
    cordon_request_free(request);
    return (void *)result; /* NOLINT: a small number */
}

TEST(containers_run_from_several_threads_at_once)
{
    pthread_t threads[4];

    sandbox_open();
    for (long i = 0; i < 4; i++)
        check_int(pthread_create(&threads[i], NULL, run_in_thread, (void *)(i + 1)), 0);
    for (long i = 0; i < 4; i++) {
        void *result;

        check_int(pthread_join(threads[i], &result), 0);
        check_int((long)result, i + 1);
    }
    sandbox_close();
}

TEST(descriptors_are_kept_in_whatever_order_they_are_named)
{
    int first = open("/dev/null", O_RDONLY), second = open("/dev/null", O_RDONLY);
    struct cordon_request *request;
    struct cordon_status status;
    struct cordon_error err = {0};
    char script[64];

    sandbox_open();
    snprintf(script, sizeof(script), "[ -e /proc/self/fd/%d ] && [ -e /proc/self/fd/%d ]", first, second);
    request = request_for(script);
    check_int(cordon_request_keep_fd(request, second, &err), 0);
    check_int(cordon_request_keep_fd(request, first, &err), 0);
    check_int(cordon_request_keep_fd(request, second, &err), 0);
    if (cordon_run(request, &status, NULL, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_int(status.exit_status, 0);
    cordon_request_free(request);
    close(first);
    close(second);
    sandbox_close();
}

TEST(only_kept_descriptors_are_inside)
{
    struct cordon_output output = {0};
    struct cordon_status status;
    struct cordon_error err = {0};
    struct cordon_request *request;
    int other = open("/etc/passwd", O_RDONLY), kept = open("/dev/null", O_RDONLY);

    sandbox_open();
    request = request_for("ls /proc/self/fd | sort -n | tr '\\n' ' '");
    check_int(cordon_request_keep_fd(request, kept, &err), 0);
    check_int(cordon_request_set_capture(request, 100, 100, &err), 0);
    check_int(cordon_run(request, &status, &output, &err), 0);
    {
        char wanted[64], *at = output.stdout_data;

        /* ls itself opens the directory: the lowest free number */
        snprintf(wanted, sizeof(wanted), "0 1 2 %d", kept > 3 ? 3 : 4);
        check(strncmp(at, "0 1 2 ", 6) == 0);
        snprintf(wanted, sizeof(wanted), " %d ", kept);
        check_contains(at, wanted);
        snprintf(wanted, sizeof(wanted), " %d ", other);
        check(other == 3 || !strstr(at, wanted));
    }
    cordon_output_finish(&output);
    cordon_request_free(request);
    close(other);
    close(kept);
    sandbox_close();
}

TEST(closed_standard_streams_stay_closed_to_what_is_opened_here)
{
    struct cordon_output output = {0};
    struct cordon_status status;
    struct cordon_error err = {0};
    struct cordon_request *request;
    int kept[2];

    sandbox_open();
    request = request_for("readlink /proc/self/fd/0 /proc/self/fd/2; echo done");
    check_int(cordon_request_set_capture(request, 100, SIZE_MAX, &err), 0);
    kept[0] = fcntl(0, F_DUPFD_CLOEXEC, 10);
    kept[1] = fcntl(2, F_DUPFD_CLOEXEC, 10);
    close(0);
    close(2);
    check_int(cordon_run(request, &status, &output, &err), 0);
    check_int(dup2(kept[0], 0), 0);
    check_int(dup2(kept[1], 2), 2);
    check_string(output.stdout_data, "/dev/null\n/dev/null\ndone\n");
    cordon_output_finish(&output);
    cordon_request_free(request);
    close(kept[0]);
    close(kept[1]);
    sandbox_close();
}

TEST(a_time_limit_ends_everything_inside)
{
    struct cordon_status status;
    struct cordon_error err = {0};
    struct cordon_request *request;

    sandbox_open();
    request = request_for("(trap '' TERM; sleep 100) & sleep 100");
    check_int(cordon_request_set_timeout_ms(request, 1000, &err), 0); /* an emulated processor needs half of it to start */
    check_int(cordon_run(request, &status, NULL, &err), 0);
    check_int(status.end, CORDON_END_TIMEOUT);
    check_int(status.exit_status, 124);
    check(status.wall_us < 10 * 1000000);
    cordon_request_free(request);
    sandbox_close();
}

TEST(a_program_that_is_missing_and_one_that_cannot_be_executed_are_told_apart)
{
    const char *const missing[] = {"no-such-program", NULL};
    const char *const plain[] = {"/etc/passwd", NULL};
    struct cordon_request *request;
    struct cordon_status status;
    struct cordon_error err = {0};

    sandbox_open();
    request = request_for("");
    check_int(cordon_request_set_command(request, missing, &err), 0);
    check(cordon_run(request, &status, NULL, &err) < 0);
    check_int(err.kind, CORDON_ERROR_NOT_FOUND);
    check_int(cordon_request_set_command(request, plain, &err), 0);
    check(cordon_run(request, &status, NULL, &err) < 0);
    check_int(err.kind, CORDON_ERROR_NOT_EXECUTABLE);
    cordon_request_free(request);
    sandbox_close();
}
