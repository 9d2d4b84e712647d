/* SPDX-License-Identifier: Apache-2.0 */
/* What a real program is refused, as a caller of the library and of `cordon` hears of it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

#define CORDON CORDON_TEST_PROGRAM
#define FLOOD  100000
#ifdef CORDON_SANITIZED /* which keeps what was freed */
#define GROWTH_KIB (512 << 10)
#else
#define GROWTH_KIB (24 << 10)
#endif

static struct ran ran;
static struct cordon_error err;

TEST(a_run_that_failed_says_in_a_line_what_was_refused)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "echo >/usr/a; echo >/usr/b; exit 3");
    check_int(ran.status, 3);
    check_contains(ran.err, "cordon: 2 refused, such as create /usr/b: EROFS; `cordon why` says why\n");
    RUN(&ran, CORDON, "run", "--json", "--", "sh", "-c", "echo >/usr/a; exit 3");
    check(!strstr(ran.err, "refused"));
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "echo 2>/dev/null >/usr/a; true");
    check(!strstr(ran.err, "refused"));
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "exit 3");
    check_string(ran.err, "");
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "exit 127");
    check_string(ran.err, "cordon: status 126 and 127 mean a command that was not found or not executed; `cordon run --watch full` shows whether the policy hides it\n");
    RUN(&ran, CORDON, "run", "--watch", "full", "--", "sh", "-c", "exit 126");
    check_string(ran.err, "");
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "echo >/usr/a; exit 126");
    check_contains(ran.err, "cordon: 1 refused, such as create /usr/a: EROFS; `cordon why` says why\n");
    check(!strstr(ran.err, "126 and 127"));
    RUN(&ran, CORDON, "run", "--json", "--", "sh", "-c", "exit 127");
    check(!strstr(ran.err, "126 and 127"));
    setenv("CORDON_HINT", "0", 1);
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "echo >/usr/a; exit 3");
    check(!strstr(ran.err, "refused"));
    RUN(&ran, CORDON, "run", "--", "sh", "-c", "exit 127");
    check_string(ran.err, "");
    unsetenv("CORDON_HINT");
    sandbox_close();
}

static struct cordon_request *request_of(const char *script, int events)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    if (events >= 0)
        check_int(cordon_request_set_events_fd(request, events, &err), 0);
    return request;
}

static unsigned long number_behind(const char *text, const char *word)
{
    const char *at = strstr(text, word);

    check(at != NULL);
    return strtoul(at + strlen(word), NULL, 10);
}

/* While it still runs: its number outside is asked of the kernel, by its number inside. */
TEST(a_refusal_names_the_process_by_its_number_outside)
{
    struct cordon_container *container = NULL;
    struct cordon_status status;
    struct cordon_request *request;
    char line[16384] = "", path[64], text[4096], inside[32];
    size_t got = 0;
    int events[2];
    FILE *file;

    sandbox_open();
    check_int(pipe2(events, O_CLOEXEC | O_NONBLOCK), 0);
    request = request_of("echo >/usr/a; read wait; true", events[1]);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, CORDON_STDIO_NULL, &err), 0);
    check_int(cordon_spawn(request, &container, &err), 0);
    while (!strstr(line, "access.denied") || !strchr(strstr(line, "access.denied"), '\n')) {
        ssize_t more;

        check_int(cordon_container_wait(container, 10, &status, &err), 0);
        more = read(events[0], line + got, sizeof(line) - 1 - got);
        got += more > 0 ? (size_t)more : 0;
        line[got] = '\0';
    }
    snprintf(path, sizeof(path), "/proc/%lu/status", number_behind(strstr(line, "access.denied"), "\"hostPid\":"));
    snprintf(inside, sizeof(inside), "\t%lu\n", number_behind(strstr(line, "access.denied"), "\"process\":{\"pid\":"));
    file = fopen(path, "re");
    check(file != NULL);
    text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
    fclose(file);
    check(strstr(text, "\nNSpid:") != NULL);
    strchr(strstr(text, "\nNSpid:") + 1, '\n')[1] = '\0';
    check_string(text + strlen(text) - strlen(inside), inside);
    cordon_container_close_stdin(container);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.exit_status, 0);
    cordon_container_free(container);
    cordon_request_free(request);
    close(events[0]);
    close(events[1]);
    sandbox_close();
}

static long resident(void)
{
    struct rusage usage;

    check_int(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

/* Each of another name, so that none is like another. */
TEST(a_flood_of_refusals_is_counted_and_fills_no_memory)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request;
    struct cordon_status status;
    uint64_t count = 0;
    long before;

    sandbox_open();
    request = request_of("exec perl -e 'for (1 .. 100000) { mkdir \"/usr/$_\" }'", -1);
    before = resident();
    check_int(cordon_spawn(request, &container, &err), 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.exit_status, 0);
    check_int(cordon_container_denials(container, &count, NULL, &err), 0);
    check_int((int)count, FLOOD);
    check(resident() - before < GROWTH_KIB);
    cordon_container_free(container);
    cordon_request_free(request);
    sandbox_close();
}
