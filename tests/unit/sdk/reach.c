/* SPDX-License-Identifier: Apache-2.0 */
/* The card of a request, and when it is shown. */
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "fixture.h"
#include "test.h"

static struct cordon_request *request_of(const char *text)
{
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    check_int(cordon_request_add_policy_text(request, "p.yaml", text, strlen(text), NULL), 0);
    return request;
}

static bool is_shown(const char *text)
{
    struct cordon_request *request = request_of(text);
    struct cordon_error err = {0};
    char *card = NULL;
    bool is_shown;

    if (cordon_reach_once(request, &card, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    is_shown = card != NULL;
    cordon_string_free(card);
    cordon_request_free(request);
    return is_shown;
}

TEST(a_card_is_shown_once_for_each_policy)
{
    struct stat st;
    char path[256];

    fixture_open();
    check(is_shown("version: cordon/1\nname: a\n"));
    check(!is_shown("version: cordon/1\nname: a\n"));
    check(is_shown("version: cordon/1\nname: b\n"));
    check(!is_shown("version: cordon/1\nname: a\n"));
    snprintf(path, sizeof(path), "%s/cordon/cards", getenv("XDG_STATE_HOME"));
    check_int(stat(path, &st), 0);
    check_int(st.st_mode & 0777, 0600);
    check_int(st.st_size, 2 * 72);
    fixture_close();
}

TEST(a_list_of_cards_that_is_not_ours_is_written_anew)
{
    char path[256];

    fixture_open();
    check(is_shown("version: cordon/1\nname: a\n"));
    snprintf(path, sizeof(path), "%s/cordon/cards", getenv("XDG_STATE_HOME"));
    test_write_file(path, "something else", 0600);
    check(is_shown("version: cordon/1\nname: a\n"));
    check(!is_shown("version: cordon/1\nname: a\n"));
    check_int(unlink(path), 0);
    check_int(symlink("/etc/passwd", path), 0); /* replaced, not followed */
    check(is_shown("version: cordon/1\nname: a\n"));
    check(!is_shown("version: cordon/1\nname: a\n"));
    fixture_close();
}

TEST(the_list_of_cards_is_bounded)
{
    char path[256], *data = NULL;
    struct stat st;
    size_t size;

    fixture_open();
    check(is_shown("version: cordon/1\nname: a\n"));
    snprintf(path, sizeof(path), "%s/cordon/cards", getenv("XDG_STATE_HOME"));
    check_int(file_read(path, 1024, &data, &size, NULL), 0);
    data = realloc(data, 256 * 72 + 1);
    check(data != NULL);
    for (size_t i = 1; i < 256; i++) {
        memcpy(data + i * 72, data, 72);
        data[i * 72 + 10] = 'x';
    }
    data[256 * 72] = '\0';
    test_write_file(path, data, 0600);
    free(data);
    check(!is_shown("version: cordon/1\nname: a\n"));
    check(is_shown("version: cordon/1\nname: b\n")); /* and the first is forgotten */
    check_int(stat(path, &st), 0);
    check_int(st.st_size, 256 * 72);
    check(is_shown("version: cordon/1\nname: a\n"));
    fixture_close();
}

TEST(a_card_of_an_invalid_policy_is_an_error)
{
    struct cordon_request *request;
    struct cordon_error err = {0};
    char *card = NULL;

    fixture_open();
    request = request_of("version: cordon/1\nfilesystme: {}\n");
    check(cordon_reach(request, CORDON_TEXT, &card, &err) < 0);
    check_contains(err.text, "filesystme");
    check(cordon_reach_once(request, &card, &err) < 0);
    check(cordon_reach(request, CORDON_SARIF, &card, &err) == -EINVAL);
    check(card == NULL);
    cordon_request_free(request);
    fixture_close();
}

TEST(lint_of_a_request_counts_and_prints)
{
    struct cordon_lint_result result = {0};
    struct cordon_request *request;
    struct cordon_error err = {0};
    char *report = NULL;

    fixture_open();
    request = request_of("version: cordon/1\nextends: [base]\nunixSockets: [/run/docker.sock]\n");
    check_int(cordon_lint(request, CORDON_LINT_OFFLINE, NULL, CORDON_JSON, &report, &result, &err), 0);
    check_contains(report, "risk.root-socket");
    check_int(result.errors, 1);
    check_int(result.exposure_tenths, 60 + 3);
    cordon_string_free(report);
    report = NULL;
    check_int(cordon_lint(request, 0x80, NULL, CORDON_TEXT, &report, &result, &err), -EINVAL);
    check_int(cordon_lint(request, 0, NULL, (enum cordon_format)9, &report, &result, &err), -EINVAL);
    check(report == NULL);
    cordon_request_free(request);
    request = request_of("version: cordon/1\nfilesystme: {}\n"); /* invalid: a finding */
    check_int(cordon_lint(request, 0, NULL, CORDON_SARIF, &report, &result, &err), 0);
    check_contains(report, "document.invalid");
    check_contains(report, "\"startLine\": 2");
    check_int(result.errors, 1);
    cordon_string_free(report);
    cordon_request_free(request);
    fixture_close();
}

/* Two rules, a connection for one of them; two trees, of which one is only read. */
TEST(lint_tells_rules_that_no_record_needed)
{
    static const char policy[] = "version: cordon/1\nextends: [base]\nnetwork:\n  egress:\n    allow:\n"
                                 "      - {to: [{host: a.example.org}], ports: [{port: 443, protocol: tcp}]}\n"
                                 "      - {to: [{host: b.example.org}], ports: [{port: 443, protocol: tcp}]}\n"
                                 "filesystem:\n  protectBuiltin: true\n  readwritePaths:\n    - ${workspace}/read\n    - ${workspace}/written\n";
    static const char records[] =
        "{\"schema\":\"cordon-event/1\",\"id\":\"0123456789abcdefghjkmnpqra.1\",\"run\":\"0123456789abcdefghjkmnpqra\","
        "\"time\":\"2026-11-22T20:00:00.000000Z\",\"type\":\"network.connected\",\"connection\":1,\"protocol\":\"tcp\","
        "\"address\":\"93.184.216.34\",\"port\":443,\"name\":\"a.example.org\",\"pid\":2,\"exe\":\"/usr/bin/curl\",\"program\":null,"
        "\"rule\":\"p.yaml\",\"reason\":null,\"errno\":0,\"bytesUp\":0,\"bytesDown\":0,\"durationUs\":0}\n";
    static const char used[] =
        "{\"schema\":\"cordon-event/1\",\"id\":\"0123456789abcdefghjkmnpqra.%d\",\"run\":\"0123456789abcdefghjkmnpqra\",\"time\":\"t\","
        "\"type\":\"access.used\",\"operation\":\"%s\",\"object\":{\"kind\":\"file\",\"named\":null,\"path\":\"%s/work/%s/x\",\"hidden\":false},"
        "\"call\":null,\"errno\":null,\"process\":{\"pid\":2,\"exe\":\"/usr/bin/cat\"},\"count\":1}\n";
    static const char *const files[] = {"records.jsonl", NULL}, *const nowhere[] = {"nowhere.jsonl", NULL};
    struct cordon_lint_result result = {0};
    struct cordon_request *request;
    struct cordon_error err = {0};
    char *report = NULL, all[4096];
    const char *root;
    size_t length;

    root = fixture_open();
    check_int(mkdir("read", 0755) + mkdir("written", 0755), 0);
    test_write_file("records.jsonl", records, 0600);
    request = request_of(policy);
    if (cordon_lint(request, 0, files, CORDON_TEXT, &report, &result, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    check_contains(report, "p.yaml:7:9: warning: network.egress.allow[1] [wide.unused]");
    check_int(result.warnings, 1); /* nothing of files: none was watched */
    cordon_string_free(report);
    report = NULL;
    length = (size_t)snprintf(all, sizeof(all), "%s", records);
    length += (size_t)snprintf(all + length, sizeof(all) - length, used, 2, "read", root, "read");
    snprintf(all + length, sizeof(all) - length, used, 3, "write", root, "written");
    test_write_file("records.jsonl", all, 0600);
    check_int(cordon_lint(request, 0, files, CORDON_TEXT, &report, &result, &err), 0);
    check_contains(report, "${workspace}/read was read by the recorded runs, and written by none");
    check(!strstr(report, "${workspace}/written was"));
    check_int(result.warnings, 2);
    cordon_string_free(report);
    report = NULL;
    check_int(cordon_lint(request, CORDON_LINT_RUNS, NULL, CORDON_TEXT, &report, &result, &err), 0); /* an empty store says nothing */
    check_int(result.warnings, 0);
    cordon_string_free(report);
    report = NULL;
    check(cordon_lint(request, 0, nowhere, CORDON_TEXT, &report, &result, &err) < 0);
    check_contains(err.text, "nowhere.jsonl");
    check_int(cordon_lint(request, CORDON_LINT_OFFLINE | CORDON_LINT_RUNS, NULL, CORDON_TEXT, &report, &result, &err), -EINVAL);
    check(report == NULL);
    cordon_request_free(request);
    fixture_close();
}
