/* SPDX-License-Identifier: Apache-2.0 */
/* The run store: private, bounded, and never somebody else's. */
#include "test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "event/event.h"
#include "event/store.h"

static char runs[64];

static void make_directory(void)
{
    char name[] = "/tmp/cordon-test-store.XXXXXX";

    check(test_make_directory(name) != NULL);
    snprintf(runs, sizeof(runs), "%s/runs", name);
}

static void remove_directory(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%.*s'", (int)(strlen(runs) - strlen("/runs")),
             runs);
    check_int(system(command), 0);
}

static int open_run(struct error *err)
{
    const struct event_options options = {.runs_directory = runs, .fd = -1};
    auto_event_log struct event_log *log = NULL;

    return event_log_open(&options, &log, err);
}

static int count_runs(void)
{
    DIR *directory = opendir(runs);
    struct dirent *entry;
    int count = 0;

    check(directory != NULL);
    while ((entry = readdir(directory)))
        count += run_id_is_valid(entry->d_name);
    closedir(directory);
    return count;
}

TEST(a_run_gets_a_private_directory_and_file)
{
    const struct event_options options = {.fd = -1, .runs_directory = runs};
    struct error err = ERROR_INIT;
    struct event_log *log;
    char path[256];
    struct stat st;

    make_directory();
    check_int(event_log_open(&options, &log, &err), 0);
    check(run_id_is_valid(event_log_run_id(log)));
    snprintf(path, sizeof(path), "%s/%s/events.jsonl", runs, event_log_run_id(log));
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 07777, 0600);
    *strrchr(path, '/') = '\0';
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 07777, 0700);
    check_int(stat(runs, &st), 0);
    check_int(st.st_mode & 07777, 0700);
    event_log_free(log);
    remove_directory();
}

TEST(a_store_that_others_may_write_is_refused)
{
    struct error err = ERROR_INIT;

    make_directory();
    check_int(mkdir(runs, 0700), 0);
    check_int(chmod(runs, 0770), 0);
    check(open_run(&err) < 0);
    check_contains(err.text, "is writable by others");
    check_contains(err.text, runs);
    remove_directory();
}

TEST(a_store_of_somebody_else_is_refused)
{
    struct error err = ERROR_INIT;

    if (geteuid() != 0)
        test_skip("root");
    make_directory();
    check_int(mkdir(runs, 0700), 0);
    check_int(chown(runs, 1, 1), 0);
    check(open_run(&err) < 0);
    check_contains(err.text, "belongs to uid 1");
    check_contains(err.text, "XDG_STATE_HOME");
    remove_directory();
}

TEST(a_store_behind_a_symbolic_link_is_refused)
{
    struct error err = ERROR_INIT;

    make_directory();
    check_int(symlink("/tmp", runs), 0);
    check(open_run(&err) < 0);
    check_int(err.kind, ERROR_SYSTEM);
    remove_directory();
}

TEST(a_store_in_a_place_that_cannot_be_made_is_refused)
{
    const struct event_options options = {.fd = -1, .runs_directory = "/proc/nothing/cordon/runs"};
    struct event_log *log = NULL;
    struct error err = ERROR_INIT;

    check(event_log_open(&options, &log, &err) < 0);
    check(log == NULL);
    check_contains(err.text, "XDG_STATE_HOME");
}

/* Directories as earlier runs leave them, named so that they are the oldest. */
static void make_old_runs(int count)
{
    char path[256];

    check_int(mkdir(runs, 0700), 0);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof(path), "%s/0000%022d", runs, i);
        check_int(mkdir(path, 0700), 0);
    }
}

TEST(the_oldest_runs_go_when_there_are_too_many_and_a_running_one_stays)
{
    const char *oldest = "00000000000000000000000000";
    struct error err = ERROR_INIT;
    char path[256];
    int store, locked;

    make_directory();
    make_old_runs(EVENT_RUNS_MAX + EVENT_RUNS_SLACK);
    snprintf(path, sizeof(path), "%s/%s", runs, oldest);
    check_int(rmdir(path), 0);
    check_int(store_open_run(runs, oldest, &store, &locked, &err), 0);

    check_int(open_run(&err), 0);
    check_int(count_runs(), EVENT_RUNS_MAX + 1);
    check_int(access(path, F_OK), 0);
    close(locked);
    close(store);
    remove_directory();
}

TEST(nothing_goes_while_there_are_few)
{
    struct error err = ERROR_INIT;

    make_directory();
    make_old_runs(EVENT_RUNS_MAX);
    check_int(open_run(&err), 0);
    check_int(count_runs(), EVENT_RUNS_MAX + 1);
    remove_directory();
}

static int attempt_open(void)
{
    struct error err;

    return open_run(&err);
}

TEST(opening_a_record_survives_each_failed_allocation)
{
    make_directory();
    test_each_allocation_fails(attempt_open, 10);
    remove_directory();
}

/* ---- made ahead ---- */

static int count_all(void)
{
    DIR *directory = opendir(runs);
    int count = 0;

    check(directory != NULL);
    while (readdir(directory))
        count++;
    closedir(directory);
    return count - 2;
}

TEST(a_record_that_was_made_ahead_is_no_run_before_it_is_begun)
{
    const struct event_options options = {.fd = -1, .runs_directory = runs};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;
    char path[256];
    struct stat st;

    make_directory();
    check_int(event_log_name(&log, &err), 0);
    event_log_prepare(log, runs);
    check_int(count_runs(), 0);
    check_int(count_all(), 1);
    snprintf(path, sizeof(path), "%s", event_log_run_id(log));
    usleep(2000);
    check_int(event_log_name_anew(log, &err), 0);
    check(strcmp(path, event_log_run_id(log)) < 0);
    check_int(event_log_begin(log, &options, &err), 0);
    check_int(count_runs(), 1);
    check_int(count_all(), 1);
    snprintf(path, sizeof(path), "%s/%s/events.jsonl", runs, event_log_run_id(log));
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 07777, 0600);
    event_log_free(log);
    check_int(count_runs(), 1);
    remove_directory();
}

TEST(a_record_that_was_made_ahead_and_not_wanted_is_gone)
{
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    make_directory();
    check_int(event_log_name(&log, &err), 0);
    event_log_prepare(log, runs);
    check_int(count_all(), 1);
    event_log_free(log);
    check_int(count_all(), 0);
    remove_directory();
}

/* Somebody removed it, or the run is to be recorded elsewhere: then it is as if nothing had been made. */
TEST(a_record_that_was_made_ahead_in_vain_is_made_then)
{
    struct event_options options = {.fd = -1, .runs_directory = runs};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;
    char command[128], other[96];

    make_directory();
    check_int(event_log_name(&log, &err), 0);
    event_log_prepare(log, runs);
    snprintf(command, sizeof(command), "rm -rf '%s'/.[0-9]*", runs);
    check_int(system(command), 0);
    check_int(event_log_begin(log, &options, &err), 0);
    check_int(count_runs(), 1);
    event_log_free(log);
    log = NULL;
    check_int(event_log_name(&log, &err), 0);
    event_log_prepare(log, runs);
    check_int(count_all(), 2);
    snprintf(other, sizeof(other), "%s-elsewhere", runs);
    options.runs_directory = other;
    check_int(event_log_begin(log, &options, &err), 0);
    check_int(count_all(), 1);
    event_log_free(log);
    remove_directory();
}

/* Of a process that was killed: its lock is gone, and it is not young. */
TEST(what_was_made_ahead_by_somebody_who_died_is_swept)
{
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;
    char path[256], command[1024];
    int store;

    make_directory();
    make_old_runs(EVENT_RUNS_MAX + EVENT_RUNS_SLACK);
    check_int(event_log_name(&log, &err), 0);
    event_log_prepare(log, runs);
    snprintf(path, sizeof(path), "%s/.0zzzzzzzzzzzzzzzzzzzzzzzzz", runs);
    snprintf(command, sizeof(command), "mkdir '%s' && touch -d '1 hour ago' '%s/events.jsonl' && touch '%s/request.json'", path, path, path);
    check_int(system(command), 0);
    check_int(store_open(runs, &store, &err), 0);
    store_prune(store);
    close(store);
    check(access(path, F_OK) < 0);
    snprintf(path, sizeof(path), "%s/.%s", runs, event_log_run_id(log)); /* somebody holds it */
    check_int(access(path, F_OK), 0);
    event_log_free(log);
    check(access(path, F_OK) < 0);
    remove_directory();
}

static int pruned(int more)
{
    static int made;
    struct error err = ERROR_INIT;
    char path[256];
    int store;

    for (int i = 0; i < more; i++) {
        snprintf(path, sizeof(path), "%s/0001%022d", runs, made++);
        check_int(mkdir(path, 0700), 0);
    }
    check_int(store_open(runs, &store, &err), 0);
    store_prune(store);
    close(store);
    return count_runs();
}

/* What is kept ready may be more than the slack: it is no reason to look through the store at each start. */
TEST(what_is_made_ahead_makes_no_store_full)
{
    struct event_log *logs[EVENT_RUNS_SLACK + 6] = {NULL};
    struct error err = ERROR_INIT;

    make_directory();
    make_old_runs(EVENT_RUNS_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(logs); i++) {
        check_int(event_log_name(&logs[i], &err), 0);
        event_log_prepare(logs[i], runs);
    }
    check_int(pruned(0), EVENT_RUNS_MAX); /* looked through, and nothing was too much */
    check_int(pruned(EVENT_RUNS_SLACK), EVENT_RUNS_MAX + EVENT_RUNS_SLACK);
    check_int(pruned(1), EVENT_RUNS_MAX);
    for (size_t i = 0; i < ARRAY_COUNT(logs); i++)
        event_log_free(logs[i]);
    check_int(pruned(0), EVENT_RUNS_MAX); /* and when they are gone it is as without them */
    check_int(pruned(EVENT_RUNS_SLACK), EVENT_RUNS_MAX + EVENT_RUNS_SLACK);
    check_int(pruned(1), EVENT_RUNS_MAX);
    remove_directory();
}
