/* SPDX-License-Identifier: Apache-2.0 */
/* Answers as they are shown, against tests/golden/why; CORDON_GOLDEN_WRITE=1 writes them anew. And questions that are none. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "author/why.h"
#include "author/why_run.h"
#include "fixture.h"

static struct fixture f;

static char *without_root(const char *text)
{
    auto_text struct text out = {0};
    char *result = NULL;

    for (const char *at; (at = strstr(text, f.root)); text = at + strlen(f.root)) {
        text_add_n(&out, text, (size_t)(at - text));
        text_add(&out, "/tmp/cordon-compile-XXXXXX");
    }
    text_add(&out, text);
    check_int(text_take(&out, &result, &f.err), 0);
    return result;
}

static void compare(const char *name, const char *text)
{
    char path[512];
    auto_free char *expected = NULL, *actual = without_root(text);
    size_t size;

    snprintf(path, sizeof(path), "%s/why/%s", CORDON_GOLDEN, name);
    if (getenv("CORDON_GOLDEN_WRITE")) {
        test_write_file(path, actual, 0644);
        return;
    }
    check_int(file_read(path, 1 << 20, &expected, &size, &f.err), 0);
    check_string(actual, expected);
}

static void open_with(const char *yaml)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    f.options.is_dry_run = true;
    make_directory(&f, "ws/src");
    make_directory(&f, "data/in");
    make_file(&f, "data/in/file");
    write_file(&f, "data/in/.env", "TOKEN=1\n");
    make_directory(&f, "home/.ssh");
    make_file(&f, "home/.ssh/id_ed25519");
    accept_text(&f, yaml);
}

static const struct sensitive_places *places(void)
{
    static struct sensitive_places both;

    both = (struct sensitive_places){f.variables.home, f.variables.workspace};
    return &both;
}

static void show(const char *line, struct text *text, struct text *json)
{
    auto_plan_index struct plan_index *index = NULL;
    struct why_asked asked;
    struct judged judged;
    struct suggestion suggestion = {0};
    struct radius radius = {0};
    struct why why = {.question = &asked.question, .judged = &judged};
    struct suggest_input input;
    auto_free char *full = NULL;
    auto_text struct text put = {0};

    for (; *line; line++) {
        if (*line == '@')
            text_add(&put, f.root);
        else
            text_add_n(&put, line, 1);
    }
    check_int(text_take(&put, &full, &f.err), 0);
    check_int(plan_index_new(f.plan, &index, &f.err), 0);
    check_int(why_read_question(f.policy->arena, full, strlen(full), f.variables.workspace, &asked, &f.err), 0);
    plan_judge(index, &asked.question, &judged);
    if (judged.judgement != JUDGED_ALLOWED && judged.judgement != JUDGED_DEPENDS) {
        input = (struct suggest_input){f.policy, f.plan, index, &f.variables, NULL};
        check_int(suggest(f.policy->arena, &input, &asked.question, &judged, &suggestion, &f.err), 0);
        check_int(radius_look(f.policy->arena, &input, NULL, &suggestion, places(), &radius, &f.err), 0);
        why.suggestion = &suggestion;
        why.radius = &radius;
    }
    why_print_text(text, &why, false);
    text_add(text, "\n");
    why_print_json(json, &why);
}

static void show_all(const char *name, const char *const *lines)
{
    auto_text struct text text = {0}, json = {0};
    char file[100];

    for (; *lines; lines++)
        show(*lines, &text, &json);
    snprintf(file, sizeof(file), "%s.txt", name);
    compare(file, text.data);
    snprintf(file, sizeof(file), "%s.json", name);
    compare(file, json.data);
}

TEST(answers_about_files_are_as_written_down)
{
    static const char *const lines[] = {
        "{\"operation\":\"read\",\"path\":\"@/data/in/file\",\"exists\":true}",
        "{\"operation\":\"write\",\"path\":\"@/data/in/file\",\"exists\":true}",
        "{\"operation\":\"delete\",\"path\":\"@/data/in/file\",\"exists\":true}",
        "{\"operation\":\"read\",\"path\":\"@/home/.ssh/id_ed25519\",\"exists\":true}",
        "{\"operation\":\"create\",\"path\":\".envrc\"}",
        "{\"operation\":\"rename\",\"path\":\"a\",\"second\":\"@/data/b\",\"exists\":true}",
        "{\"operation\":\"read\",\"path\":\"/proc/kcore\",\"exists\":true}",
        "{\"operation\":\"read\",\"path\":\"/srv/not/there\"}",
        "{\"operation\":\"read\",\"path\":\"/evil\\u001b[31m\\u202ename\",\"exists\":true}",
        NULL,
    };

    open_with("filesystem:\n  readwritePaths: ['${workspace}']\n  readonlyPaths: ['@/data']\n  protectBuiltin: true\n");
    show_all("files", lines);
    fixture_close(&f);
}

TEST(answers_about_the_network_and_calls_are_as_written_down)
{
    static const char *const lines[] = {
        "{\"operation\":\"connect\",\"host\":\"api.example.com\",\"port\":443}",
        "{\"operation\":\"connect\",\"host\":\"other.example.com\",\"port\":443}",
        "{\"operation\":\"connect\",\"host\":\"10.1.2.3\",\"port\":5432}",
        "{\"operation\":\"connect\",\"host\":\"bad.example.com\",\"port\":443}",
        "{\"operation\":\"syscall\",\"syscall\":\"ptrace\"}",
        "{\"operation\":\"limit\",\"limit\":\"resources.memory\"}",
        "{\"operation\":\"signal\"}",
        NULL,
    };

    open_with("network:\n  egress:\n    allow: [{to: [{host: api.example.com}]}, {to: [{host: bad.example.com}]}]\n"
              "    deny: [{to: [{host: bad.example.com}]}]\nsyscalls: {deny: [ptrace]}\n");
    show_all("network", lines);
    fixture_close(&f);
}

TEST(the_refusals_of_a_run_are_shown_as_written_down)
{
    auto_text struct text text = {0}, json = {0};
    auto_event_reader struct event_reader *reader = NULL;
    struct why_run run;
    int fd = open(CORDON_GOLDEN "/why/run.jsonl", O_RDONLY | O_CLOEXEC);

    check(fd >= 0);
    open_with("filesystem:\n  readwritePaths: ['${workspace}']\n");
    check_int(event_reader_new(fd, NULL, &reader, &f.err), 0);
    check_int(why_run_read(f.policy->arena, reader, &run, &f.err), 0);
    check_int(why_run_print_text(&text, &run, false, NULL, NULL, &f.err), 0);
    check_int(why_run_print_json(&json, &run, NULL, NULL, &f.err), 0);
    compare("run.txt", text.data);
    compare("run-groups.json", json.data);
    fixture_close(&f);
}

TEST(refusals_of_two_addresses_are_two_entries)
{
#define DENIED(number, address)                                                                                                   \
    "{\"schema\":\"cordon-event/1\",\"id\":\"01kdyb0000aaaaaaaaaaaaaaaa." number "\",\"time\":\"2026-01-02T03:04:05.000000000Z\",\"run\":" \
    "\"01kdyb0000aaaaaaaaaaaaaaaa\",\"type\":\"network.denied\",\"protocol\":\"tcp\",\"address\":\"" address "\",\"port\":443}\n"
    static const char lines[] = DENIED("1", "192.0.2.1") DENIED("2", "192.0.2.2") DENIED("3", "192.0.2.1");
    auto_event_reader struct event_reader *reader = NULL;
    int fd = memfd_create("events", MFD_CLOEXEC);
    struct why_run run;

    check(fd >= 0 && write(fd, lines, strlen(lines)) == (ssize_t)strlen(lines) && lseek(fd, 0, SEEK_SET) == 0);
    fixture_open(&f);
    check_int(event_reader_new(fd, NULL, &reader, &f.err), 0);
    check_int(why_run_read(f.policy->arena, reader, &run, &f.err), 0);
    check_int(run.group_count, 2);
    check_int(run.count, 3);
    fixture_close(&f);
}

TEST(a_question_that_is_none_is_refused_by_the_name_of_the_member)
{
    static const struct {
        const char *line, *said;
    } rows[] = {
        {"[]", "an object"},
        {"{\"operation\":\"read\"", "question: an object in JSON is wanted: "},
        {"{\"path\":\"/x\"}", "operation: it is missing"},
        {"{\"operation\":\"eat\"}", "operation: one of look"},
        {"{\"operation\":\"read\",\"path\":7}", "path: a path is wanted"},
        {"{\"operation\":\"read\",\"colour\":\"red\"}", "colour: unknown member"},
        {"{\"operation\":\"connect\",\"host\":\"a b\"}", "host: it is neither"},
        {"{\"operation\":\"connect\",\"host\":\"a\",\"port\":0}", "port: 1 to 65535"},
        {"{\"operation\":\"connect\",\"host\":\"a\",\"protocol\":\"sctp\"}", "protocol: tcp"},
        {"{\"operation\":\"syscall\",\"syscall\":\"fly\"}", "syscall: it is not"},
        {"{\"operation\":\"read\",\"path\":\"/x\",\"exists\":1}", "exists: true or false"},
        {"{\"operation\":\"create\",\"limit\":\"abc\"}", "limit: it means nothing for create"},
        {"{\"operation\":\"read\",\"path\":\"/x\",\"host\":\"a\"}", "host: it means nothing for read"},
        {"{\"operation\":\"read\",\"path\":\"/x\",\"second\":\"/y\"}", "second: it means nothing for read"},
        {"{\"operation\":\"connect\",\"path\":\"/x\",\"host\":\"a\"}", "host: it is either"},
        {"{\"operation\":\"limit\",\"path\":\"/x\"}", "path: it means nothing for limit"},
        {"{\"operation\":\"syscall\"}", "syscall: it is missing"},
        {"{\"operation\":\"syscall\",\"syscall\":\"read\",\"path\":\"/x\"}", "path: it means nothing for syscall"},
        {"{\"operation\":\"read\",\"path\":\"/x\",\"path\":\"/y\"}", "question: an object in JSON is wanted: "},
    };

    fixture_open(&f);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct why_asked asked = {.question = {.operation = OPERATION_LIMIT}};

        check(why_read_question(f.policy->arena, rows[i].line, strlen(rows[i].line), "/", &asked, &f.err) < 0);
        check_contains(f.err.text, rows[i].said);
        check_int(asked.question.operation, OPERATION_LIMIT);
    }
    fixture_close(&f);
}

TEST(a_path_is_plain_by_names_alone)
{
    fixture_open(&f);
    check_string(why_plain_path(f.policy->arena, "/a/b", "../c/./d//e/.."), "/a/c/d");
    check_string(why_plain_path(f.policy->arena, "/", "../../.."), "/");
    check_string(why_plain_path(f.policy->arena, "/x", "/y/"), "/y");
    fixture_close(&f);
}
