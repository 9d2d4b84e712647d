/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told of recorded runs: over the records in tests/golden/runs, which hold what a program would like a person not to see, or
 * a terminal to do. CORDON_GOLDEN_WRITE=1 writes what is expected.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "event/event.h"
#include "fixture.h"
#include "test.h"

#define GOLDEN CORDON_TEST_GOLDEN "/runs"

static struct cordon_error err;
static struct error failure;

static char *read_whole(const char *path)
{
    char *text = NULL;
    size_t size;

    if (file_read(path, EVENT_RUN_BYTES_MAX, &text, &size, &failure) < 0)
        test_fail(__FILE__, __LINE__, "%s", failure.text);
    return text;
}

/* A store with the runs of tests/golden/runs: only its owner may write to one, which a checkout does not promise. */
static void make_store(void)
{
    DIR *directory = opendir(GOLDEN);
    struct dirent *entry;
    char path[512], from[512];

    fixture_open();
    check(directory != NULL);
    while ((entry = readdir(directory))) {
        auto_free char *text = NULL;

        if (!strstr(entry->d_name, ".jsonl"))
            continue;
        snprintf(from, sizeof(from), "%s/%s", GOLDEN, entry->d_name);
        text = read_whole(from);
        snprintf(path, sizeof(path), "%s/cordon/runs/%.26s", getenv("XDG_STATE_HOME"), entry->d_name);
        check_int(file_make_directories(path, 0700, &failure), 0);
        strcat(path, "/events.jsonl");
        test_write_file(path, text, 0600);
    }
    closedir(directory);
}

/* Takes `text`. */
static void check_golden(char *text, const char *name)
{
    auto_free char *expected = NULL;
    char path[512];

    snprintf(path, sizeof(path), "%s/%s", GOLDEN, name);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, text, 0644);
    } else {
        expected = read_whole(path);
        check_string(text, expected);
    }
    cordon_string_free(text);
}

static char *list(size_t most, enum cordon_format format)
{
    char *text = NULL;

    if (cordon_runs_list(most, format, &text, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return text;
}

static char *show(const char *run, enum cordon_format format)
{
    char *text = NULL;

    if (cordon_runs_show(run, format, &text, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return text;
}

TEST(runs_are_listed_newest_first_in_both_formats)
{
    make_store();
    check_golden(list(100, CORDON_TEXT), "list.txt");
    check_golden(list(2, CORDON_TEXT), "list-two.txt");
    check_golden(list(100, CORDON_JSON), "list.json");
    fixture_close();
}

TEST(a_run_is_shown_in_both_formats)
{
    make_store();
    check_golden(show("01kdyak348a", CORDON_TEXT), "denials.txt");
    check_golden(show("01kdyak348a", CORDON_JSON), "denials.json");
    check_golden(show("01kdyamxq8b", CORDON_TEXT), "refused.txt");
    check_golden(show("01kdyapra8c", CORDON_TEXT), "damaged.txt");
    check_golden(show("01kdyapra8c", CORDON_JSON), "damaged.json");
    check_golden(show("last", CORDON_TEXT), "last.txt");
    fixture_close();
}

static void check_harmless(char *text)
{
    for (const char *at = text; *at; at++)
        check(*at == '\n' || (unsigned char)*at >= 0x20);
    check(!strstr(text, "\xe2\x80\xae") && !strstr(text, "\x7f"));
    cordon_string_free(text);
}

TEST(nothing_that_a_program_chose_reaches_a_terminal_as_it_is)
{
    make_store();
    check_harmless(list(100, CORDON_TEXT));
    check_harmless(show("01kdyak348a", CORDON_TEXT));
    check_harmless(show("01kdyapra8c", CORDON_TEXT));
    check_harmless(show("01kdyak348a", CORDON_JSON));
    check_harmless(list(100, CORDON_JSON));
    fixture_close();
}

TEST(a_run_that_is_not_there_or_not_meant_is_refused)
{
    char *text = NULL;

    make_store();
    check_int(cordon_runs_show("0zz", CORDON_TEXT, &text, &err), -ENOENT);
    check_int(err.kind, CORDON_ERROR_NOT_FOUND);
    check_int(cordon_runs_show("01", CORDON_TEXT, &text, &err), -ENOTUNIQ);
    check_int(cordon_runs_show("../..", CORDON_TEXT, &text, &err), -EINVAL);
    check_int(cordon_runs_show("\x1b[2J", CORDON_TEXT, &text, &err), -EINVAL);
    check(!strchr(err.text, '\x1b'));
    check_int(cordon_runs_show("last", (enum cordon_format)9, &text, &err), -EINVAL);
    check_int(cordon_runs_list(1, (enum cordon_format)9, &text, &err), -EINVAL);
    check(!text);
    fixture_close();
}

TEST(without_a_store_there_are_no_runs)
{
    char *text;

    fixture_open();
    text = list(1, CORDON_TEXT);
    check_string(text, "no run is recorded yet\n");
    cordon_string_free(text);
    text = list(1, CORDON_JSON);
    check_string(text, "{\n  \"runs\": [],\n  \"older\": 0\n}\n");
    cordon_string_free(text);
    fixture_close();
}

TEST(a_run_that_somebody_else_could_have_written_is_named_and_the_others_are_told)
{
    char path[512], *text;

    make_store();
    snprintf(path, sizeof(path), "%s/cordon/runs/01kdyamxq8bbbbbbbbbbbbbbbb/events.jsonl", getenv("XDG_STATE_HOME"));
    check_int(chmod(path, 0666), 0);
    text = list(100, CORDON_TEXT);
    check_contains(text, "01kdyamxq8bbbbbbbbbbbbbbbb");
    check_contains(text, "cannot be read: ");
    check_contains(text, "writable by others");
    check_contains(text, "SIGKILL");
    cordon_string_free(text);
    text = list(100, CORDON_JSON);
    check_contains(text, "\"unreadable\": ");
    cordon_string_free(text);
    check_int(cordon_runs_show("01kdyamxq8b", CORDON_TEXT, &text, &err), -EPERM);
    fixture_close();
}

static int attempt_show(void)
{
    char *text = NULL;
    int status = cordon_runs_show("01kdyapra8c", CORDON_TEXT, &text, &err);

    cordon_string_free(text);
    return status;
}

static int attempt_list(void)
{
    char *text = NULL;
    int status = cordon_runs_list(3, CORDON_TEXT, &text, &err);

    cordon_string_free(text);
    return status;
}

TEST(telling_of_runs_survives_each_failed_allocation)
{
    make_store();
    test_each_allocation_fails(attempt_show, 400);
    test_each_allocation_fails(attempt_list, 400);
    fixture_close();
}
