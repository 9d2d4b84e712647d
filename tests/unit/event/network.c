/* SPDX-License-Identifier: Apache-2.0 */
/* What passes the gateway is the program's choice: its records have members that say so little, and a bound. */
#include "test.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "event/log.h"

static char store[] = "/tmp/cordon-unit-XXXXXX";

static struct event_log *log_open(void)
{
    const struct event_options options = {.fd = -1, .runs_directory = store};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    strcpy(store, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(store) != NULL);
    check_int(event_log_open(&options, &log, &err), 0);
    return log;
}

/* The records of the run, the caller mem_free()s. */
static char *log_close(struct event_log *log)
{
    struct error err = ERROR_INIT;
    auto_text struct text path = {0};
    char *text = NULL;
    size_t size;

    check_int(event_run_exited(log, &(struct event_exited){.end = "exited"}, &err), 0);
    text_printf(&path, "%s/%s/events.jsonl", store, event_log_run_id(log));
    check_int(file_read(path.data, 16 << 20, &text, &size, &err), 0);
    event_log_free(log);
    return text;
}

/* Not by strstr(), which a sanitizer lets measure all of the text each time. */
static size_t count_of(const char *text, const char *part)
{
    size_t count = 0;

    for (; *text; text++)
        count += strncmp(text, part, strlen(part)) == 0;
    return count;
}

static struct event_network denied(const char *name)
{
    return (struct event_network){.type = "network.denied", .protocol = "tcp", .address = "192.0.2.1", .port = 1, .name = name,
                                  .reason = "no rule grants it"};
}

TEST(a_program_cannot_fill_the_record_with_small_attempts)
{
    struct event_log *log = log_open();
    struct event_network one = denied("");
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;

    for (int i = 0; i < EVENT_NETWORK_MAX + 10; i++)
        check_int(event_network(log, &one, &err), 0);
    event_network_lost(log, 5);
    check_int(event_network_end(log, &err), 0);
    check_int(event_network_end(log, &err), 0);
    text = log_close(log);
    check_contains(text, "network.lost");
    check(count_of(text, "network.denied") <= EVENT_NETWORK_MAX);
    check(count_of(text, "network.denied") > 1000);
    check_int(count_of(text, "\"type\":\"network.lost\""), 1);
    check_contains(text, "run.exited");
}

TEST(nor_with_large_ones)
{
    static char name[EVENT_TEXT_MAX * 2];
    struct event_log *log = log_open();
    struct event_network one = denied(name);
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;
    size_t count;

    memset(name, '\033', sizeof(name) - 1); /* six bytes each in the record */
    for (int i = 0; i < 2000; i++)
        check_int(event_network(log, &one, &err), 0);
    check_int(event_network_end(log, &err), 0);
    text = log_close(log);
    count = count_of(text, "network.denied");
    check(count > 100 && count < 2000);
    check_contains(text, "run.exited");
}

TEST(what_was_not_lost_is_not_said_to_be)
{
    struct event_log *log = log_open();
    struct event_network one = {.type = "network.closed", .connection = 3, .protocol = "udp", .bytes_up = 10};
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;

    check_int(event_network(log, &one, &err), 0);
    check_int(event_network_gone(log, "gone", &err), 0);
    check_int(event_network_end(log, &err), 0);
    text = log_close(log);
    check(!strstr(text, "network.lost"));
    check_contains(text, "\"connection\":3,\"protocol\":\"udp\",\"address\":null,\"port\":null,\"name\":null,\"pid\":null,\"exe\":null,\"program\":null,\"rule\":null,\"reason\":null,\"errno\":0,\"bytesUp\":10");
    check_contains(text, "\"type\":\"network.gone\",\"text\":\"gone\"");
}

/* Whoever starts programs without end fills no record with them; what has no room is counted. */
TEST(programs_of_a_container_have_a_bound_in_its_record)
{
    static char argument[EVENT_TEXT_MAX + 1];
    struct event_log *log = log_open();
    const char *argv[EVENT_ARGS_MAX + 1] = {0};
    const struct event_exec large = {.number = 1, .argv = argv, .directory = "/", .terminal = "none"};
    const struct event_exec small = {.number = 1, .argv = argv + EVENT_ARGS_MAX, .directory = "/", .terminal = "none"};
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;

    memset(argument, 'a', EVENT_TEXT_MAX);
    for (size_t i = 0; i < EVENT_ARGS_MAX; i++)
        argv[i] = argument;
    for (size_t i = 0; i < 2 * EVENT_EXEC_BYTES_MAX / EVENT_ARGS_MAX / EVENT_TEXT_MAX; i++)
        check_int(event_exec_started(log, &large, &err), 0);
    for (int i = 0; i < EVENT_EXEC_MAX; i++)
        check_int(event_exec_started(log, &small, &err), 0);
    check_int(event_exec_exited(log, 1, &(struct event_exited){.end = "exited"}, &err), 0);
    check_int(event_exec_end(log, &err), 0);
    check_int(event_exec_end(log, &err), 0);
    text = log_close(log);
    check(strlen(text) < EVENT_EXEC_BYTES_MAX + 2 * EVENT_ARGS_MAX * EVENT_TEXT_MAX);
    check_int(count_of(text, "\"type\":\"exec.lost\""), 1);
    check_int(count_of(text, "exec.exited"), 0);
    check_contains(text, "run.exited");
}
