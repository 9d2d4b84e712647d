/* SPDX-License-Identifier: Apache-2.0 */
/* What is shown, handed on, kept and erased. */
#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audit/proof.h"
#include "auditor/export.h"
#include "auditor/who.h"
#include "base/file.h"
#include "base/memory.h"
#include "ocsf/veil.h"
#include "test.h"
#include "trail.h"

static unsigned count_lines(const char *text)
{
    unsigned count = 0;

    for (; *text; text++)
        count += *text == '\n';
    return count;
}

TEST(every_record_is_shown_in_one_line_without_what_turns_text)
{
    struct trail trail;
    struct options options;
    char *text;

    trail_open(&trail);
    trail_fill(&trail, 200);
    options = trail_options(&trail);
    text = trail_run(&trail, command_search, &options, NULL);
    check(count_lines(text) >= 200);
    check(!strstr(text, "\xe2\x80\xae"));
    check_contains(text, "agent builder for anna (uid 1000): ");
    check_contains(text, "human bert (uid 1001): ");
    free(text);
    options.is_json = true;
    options.query.kind = "access";
    text = trail_run(&trail, command_search, &options, NULL);
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

        check(json && json_is_object(json_object_get(json, "stamp")) && json_is_object(json_object_get(json, "record")));
        check_int(json_string_length(json_object_get(json, "hash")), 64);
        json_decref(json);
    }
    free(text);
    trail_close(&trail);
}

TEST(the_last_ones_are_the_last_that_match)
{
    struct trail trail;
    struct options options;
    char *all, *last;

    trail_open(&trail);
    trail_fill(&trail, 200);
    options = trail_options(&trail);
    options.query.kind = "network";
    all = trail_run(&trail, command_search, &options, NULL);
    options.limit = 3;
    last = trail_run(&trail, command_tail, &options, NULL);
    check_int(count_lines(last), 3);
    check(strcmp(all + strlen(all) - strlen(last), last) == 0);
    free(all);
    free(last);
    trail_close(&trail);
}

TEST(a_timeline_keeps_people_and_agents_apart)
{
    struct trail trail;
    struct options options;
    char *text, *summary;

    trail_open(&trail);
    trail_fill(&trail, 200);
    options = trail_options(&trail);
    text = trail_run(&trail, command_timeline, &options, NULL);
    summary = strstr(text, "Who did how much:");
    check(summary);
    /* five containers, two people, the log, and the part that wrote */
    check_int(count_lines(strchr(summary, '\n') + 1), TRAIL_AGENTS + 2 + 2);
    check_contains(text, "\nagent builder for anna (uid 1000), 01m6e7gcr0t8v6yqk3x5a9b2c0\n");
    check_contains(text, "\nhuman anna (uid 1000)\n");
    check_contains(text, "\nagent builder for anna (uid 1001), 01m6e7gcr0t8v6yqk3x5a9b2c4\n");
    free(text);
    trail_close(&trail);
}

/* ---- handed on ---- */

static json_t *attribute(json_t *record, const char *key)
{
    json_t *item;
    size_t i;

    json_array_foreach(json_object_get(record, "attributes"), i, item)
        if (strcmp(json_string_value(json_object_get(item, "key")), key) == 0)
            return json_object_get(item, "value");
    return NULL;
}

TEST(what_is_exported_is_what_is_in_the_log)
{
    struct trail trail;
    struct options options;
    char *text, *rest, *line;
    uint64_t leaf = 0;
    json_t *json, *records, *record;
    size_t i;

    trail_open(&trail);
    trail_fill(&trail, 60);
    trail_close(&trail);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, NULL, &reader, NULL), 0);
    options = trail_options(&trail);
    text = trail_run(&trail, command_export, &options, NULL);
    for (rest = text; (line = strsep(&rest, "\n")) && *line; leaf++) {
        struct reader_entry entry;

        check_int(reader_entry(reader, leaf, &entry, NULL), 0);
        check_int(strlen(line), entry.body_size);
        check(memcmp(line, entry.body, entry.body_size) == 0);
    }
    check_int(leaf, reader_checkpoint(reader)->size);
    free(text);
    options.format = "otlp";
    text = trail_run(&trail, command_export, &options, NULL);
    json = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    records = json_object_get(json_array_get(json_object_get(json_array_get(json_object_get(json, "resourceLogs"), 0), "scopeLogs"), 0), "logRecords");
    check_int(json_array_size(records), leaf);
    json_array_foreach(records, i, record)
    {
        char number[32];

        snprintf(number, sizeof(number), "%zu", i);
        check_string(json_string_value(json_object_get(attribute(record, "cordon.log.index"), "intValue")), number);
        check(strlen(json_string_value(json_object_get(record, "timeUnixNano"))) == 19);
        json_decref(json_loads(json_string_value(json_object_get(json_object_get(record, "body"), "stringValue")), 0, NULL));
    }
    json_decref(json);
    free(text);
}

/* User 1000 writes: what he is, and what he would like to be. */
static const struct {
    const char *actor, *who;
    bool is_so;
} claims[] = {
    {"human", "\"actor\":{\"user\":{\"name\":\"nobody here\",\"uid\":\"1000\"}},\"x_actor_type\":\"human\"", true},
    {"human", "\"actor\":{\"user\":{\"name\":\"root\",\"uid\":\"1000\"}},\"x_actor_type\":\"human\"", true},
    {"human", "\"actor\":{\"user\":{\"name\":\"root\",\"uid\":\"0\"}},\"x_actor_type\":\"human\"", false},
    {"human", "\"actor\":{\"user\":{\"name\":\"root\",\"uid\":0}},\"x_actor_type\":\"human\"", false},
    {"human", "\"actor\":{\"user\":{\"name\":\"root\"}},\"x_actor_type\":\"human\"", false},
    {"human", "\"actor\":{\"user\":{\"name\":\"root\",\"uid\":\"0\",\"uid\":\"1000\"}},\"x_actor_type\":\"human\"", false},
    {"human", "\"actor\":{\"user\":{\"uid\":\"1000\"}},\"x_actor_type\":\"human\",\"\\u0061ctor\":{\"user\":{\"name\":\"root\",\"uid\":\"0\"}}", false},
    {"human", "\"actor\":{\"user\":{\"uid\":\"1000\"}},\"x_actor_type\":\"agent\",\"ai_agent\":{\"instance_uid\":\"spiffe://local.test/host/h/user/1000/agent/x/y\"}", false},
    {"human", "\"actor\":{\"user\":{\"uid\":\"1000\"}},\"x_actor_type\":\"human\",\"ai_agent\":{\"instance_uid\":\"spiffe://local.test/host/h/user/1000/agent/x/y\"}", false},
    {"agent", "\"actor\":{\"user\":{\"uid\":\"1000\"}},\"x_actor_type\":\"human\"", false},
    {"agent", "\"actor\":{\"user\":{\"uid\":\"1000\"}},\"x_actor_type\":\"agent\",\"ai_agent\":{\"instance_uid\":\"spiffe://local.test/host/h/user/0/agent/x/y\"}", false},
    {"human", "\"actor\":{\"app_name\":\"cordond\"},\"x_actor_type\":\"system\"", false},
};

static unsigned count_text(const char *text, const char *wanted)
{
    unsigned count = 0;

    for (const char *at = strstr(text, wanted); at; at = strstr(at + 1, wanted))
        count++;
    return count;
}

/* "root" is a user of every machine, and is not 1000. */
TEST(what_a_record_says_of_who_wrote_it_is_held_against_the_logs_word)
{
    struct trail trail;
    struct options options;
    unsigned true_count = 0;
    char body[1024], *text;

    trail_open(&trail);
    for (size_t i = 0; i < ARRAY_COUNT(claims); i++) {
        snprintf(body, sizeof(body), "{\"class_uid\":6003,\"message\":\"m%zu\",\"metadata\":{\"event_code\":\"control.called\"},%s}", i, claims[i].who);
        trail_add_body(&trail, claims[i].actor, *claims[i].actor == 'a' ? "spiffe://local.test/host/h/user/1000/agent/x/z" : "", body);
        true_count += claims[i].is_so;
    }
    check_int(log_commit(trail.writer, NULL, NULL), 0);
    trail_close(&trail);
    options = trail_options(&trail);
    text = trail_run(&trail, command_search, &options, NULL);
    check_int(count_text(text, "says of somebody else"), ARRAY_COUNT(claims) - true_count);
    check_int(count_text(text, "root"), 0);
    check_int(count_text(text, "nobody here (uid 1000)"), 1);
    free(text);
    text = trail_run(&trail, command_timeline, &options, NULL);
    check_int(count_text(text, "root"), 0);
    free(text);
    text = trail_run(&trail, command_export, &options, NULL);
    check_int(count_text(text, "\"class_uid\":6003"), true_count);
    check_int(count_text(text, "\"event_code\":\"log.claimed\""), ARRAY_COUNT(claims) - true_count);
    free(text);
    options.format = "cef";
    text = trail_run(&trail, command_export, &options, NULL);
    check_int(count_text(text, "suser=root"), 0);
    check_int(count_text(text, "suser=nobody here"), 1);
    free(text);
    /* by the name of somebody whom the machine knows, and in the control of nobody */
    options = trail_options(&trail);
    options.query.actor = "human"; /* the log itself is root's here */
    options.query.user = "root";
    options.query.user_id = who_id("root");
    check_string(options.query.user_id, "0");
    options.index = trail.index;
    text = trail_run(&trail, command_search, &options, NULL);
    check_string(text, "");
    free(text);
    options.query.user = "nobody here";
    options.query.user_id = who_id(options.query.user);
    check(!options.query.user_id);
    text = trail_run(&trail, command_search, &options, NULL);
    check_int(count_lines(text), 1);
    free(text);
}

TEST(cef_is_escaped_by_its_rules)
{
    struct trail trail;
    struct options options;
    char *text;

    trail_open(&trail);
    trail_add(&trail, 0,
              "{\"schema\":\"cordon-event/1\",\"id\":\"a.1\",\"time\":\"2026-11-23T08:00:00.000000000Z\",\"run\":\"a\",\"type\":\"access.denied\",\"operation\":\"read\","
              "\"object\":{\"kind\":\"file\",\"named\":\"x\",\"path\":\"/a=b|c\\\\d\\ne\\r\\tf\"},\"rule\":\"x|y=z\",\"reason\":\"because\\nof=it\"}");
    check_int(log_commit(trail.writer, NULL, NULL), 0);
    trail_close(&trail);
    options = trail_options(&trail);
    options.format = "cef";
    options.query.kind = "access";
    text = trail_run(&trail, command_export, &options, NULL);
    check_int(count_lines(text), 1);
    check(strncmp(text, "CEF:0|Cordon|cordon|", 20) == 0);
    check_contains(text, "|100102|refused: reading a file|3|rt=");
    check_contains(text, " filePath=/a\\=b|c\\\\d\\ne\\r f ");
    check_contains(text, " cs4=x|y\\=z");
    check_contains(text, " reason=because\\nof\\=it ");
    free(text);
}

TEST(an_export_goes_on_where_it_was)
{
    struct trail trail;
    struct options options;
    struct error err = ERROR_INIT;
    char *all, *first, *rest, *none;

    trail_open(&trail);
    trail_fill(&trail, 90);
    options = trail_options(&trail);
    all = trail_run(&trail, command_export, &options, NULL);
    options.state = trail.state;
    options.limit = 40;
    first = trail_run(&trail, command_export, &options, NULL);
    options.limit = 0;
    rest = trail_run(&trail, command_export, &options, NULL);
    none = trail_run(&trail, command_export, &options, NULL);
    check_int(count_lines(first), 40);
    check(strlen(first) + strlen(rest) == strlen(all) && strncmp(all, first, strlen(first)) == 0 && strcmp(all + strlen(first), rest) == 0);
    check_string(none, "");
    free(none);
    trail_fill(&trail, 10);
    none = trail_run(&trail, command_export, &options, NULL);
    check_int(count_lines(none), 10);
    test_write_file(trail.state, "cordon-audit-export/1\ncordon/other/log\n5\n", 0600);
    free(trail_run(&trail, command_export, &options, &err));
    check_contains(err.text, "of another log");
    free(all);
    free(first);
    free(rest);
    free(none);
    trail_close(&trail);
}

/* A collector that answers with these, one after the other, and writes what it took to `file`. */
static pid_t collector(const char *file, const int *answers, size_t count, unsigned *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    pid_t pid;

    check(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 5) == 0);
    check(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    *ret_port = ntohs(address.sin_port);
    pid = fork();
    check(pid >= 0);
    if (pid) {
        close(fd);
        return pid;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < count; i++) {
        int peer = accept(fd, NULL, NULL);
        static char text[8 << 20];
        size_t got = 0, wanted = SIZE_MAX;
        char answer[128], *body = NULL;

        while (got < wanted) {
            ssize_t step = recv(peer, text + got, sizeof(text) - 1 - got, 0);

            if (step <= 0)
                break;
            got += (size_t)step;
            text[got] = '\0';
            body = strstr(text, "\r\n\r\n");
            if (body && wanted == SIZE_MAX)
                wanted = (size_t)(body + 4 - text) + strtoul(strcasestr(text, "content-length:") + 15, NULL, 10);
        }
        if (answers[i] == 200 && body) {
            FILE *out = fopen(file, "a");

            fprintf(out, "%s\n", body + 4);
            fclose(out);
        }
        snprintf(answer, sizeof(answer), "HTTP/1.1 %d x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno", answers[i]);
        if (answers[i])
            send(peer, answer, strlen(answer), MSG_NOSIGNAL);
        close(peer);
    }
    _exit(0);
}

TEST(a_collector_that_fails_is_asked_again_and_nothing_is_left_out)
{
    static const int answers[] = {503, 0, 429, 200, 200, 400};
    char url[64], took[128], *text;
    struct trail trail;
    struct options options;
    struct error err = ERROR_INIT;
    unsigned port, records = 0;
    size_t size;
    pid_t pid;

    trail_open(&trail);
    trail_fill(&trail, 600);
    snprintf(took, sizeof(took), "%s/took", trail.directory);
    pid = collector(took, answers, ARRAY_COUNT(answers), &port);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/v1/logs", port);
    options = trail_options(&trail);
    options.format = "otlp";
    options.url = url;
    options.state = trail.state;
    options.wait_ms = 1;
    free(trail_run(&trail, command_export, &options, NULL));
    check_int(file_read(took, 64 << 20, &text, &size, NULL), 0);
    for (const char *at = text; (at = strstr(at, "\"cordon.log.index\"")); at++)
        records++;
    /* the log's own first record too */
    check_int(records, 601);
    mem_free(text);
    /* what is wrong with the request itself is not tried again */
    trail_fill(&trail, 1);
    free(trail_run(&trail, command_export, &options, &err));
    check_contains(err.text, "the collector answers 400: no");
    check_contains(err.text, "records before #601 have arrived");
    waitpid(pid, NULL, 0);
    options.url = "file:///etc/passwd";
    free(trail_run(&trail, command_export, &options, &err));
    check_contains(err.text, "write http://");
    trail_close(&trail);
}

/* ---- proved, kept, erased ---- */

TEST(a_proof_file_holds_against_the_logs_key)
{
    struct trail trail;
    struct options options;
    struct proof_file file;
    struct note_key key;
    struct merkle_hash leaf;
    struct error err = ERROR_INIT;
    char *text;

    trail_open(&trail);
    trail_fill(&trail, 300);
    options = trail_options(&trail);
    options.id = "#250";
    text = trail_run(&trail, command_prove, &options, NULL);
    check_int(proof_read(text, strlen(text), &file, NULL), 0);
    note_signer_key(trail.signer, NOTE_ED25519, &key);
    check_int(note_verify(&file.note, &key, NULL), NOTE_SIGNED);
    auto_reader struct reader *reader = NULL;
    check_int(reader_open(trail.log, &key, &reader, NULL), 0);
    struct reader_entry entry;
    check_int(reader_entry(reader, 250, &entry, NULL), 0);
    merkle_leaf(entry.bytes, entry.size, &leaf);
    check(merkle_is_included(&leaf, file.index, file.checkpoint.size, file.proof.hashes, file.proof.count, &file.checkpoint.root));
    check_int(file.index, 250);
    free(text);
    options.id = "01m6e7gcr0t8v6yqk3x5a9b2c0.777777";
    free(trail_run(&trail, command_prove, &options, &err));
    check_contains(err.text, "no record of the log has this id");
    options.id = "#100000";
    free(trail_run(&trail, command_prove, &options, &err));
    check_int(err.errnum, ENOENT);
    trail_close(&trail);
}

/* Commands that write have this machine's name in the log, so its key and its log are made by them. */
static struct options writing(struct trail *trail)
{
    struct options options = trail_options(trail);

    trail_close(trail);
    options.log = trail->keys; /* not there yet */
    options.keys = NULL;
    options.secret = trail->state;
    options.machine = trail->directory;
    return options;
}

TEST(a_hold_keeps_what_retention_would_drop_and_both_are_recorded)
{
    struct trail trail;
    struct options options;
    struct error err = ERROR_INIT;
    char *text;

    trail_open(&trail);
    options = writing(&trail);
    check_int(mkdir(options.log, 0700), 0);
    options.name = "case-7";
    options.first = 1;
    free(trail_run(&trail, command_hold, &options, NULL));
    free(trail_run(&trail, command_hold, &options, &err));
    check_contains(err.text, "there is one with this name");
    options.name = "../x";
    free(trail_run(&trail, command_hold, &options, &err));
    check_contains(err.text, "a name has letters");
    options.name = NULL;
    text = trail_run(&trail, command_hold, &options, NULL);
    check_string(text, "case-7 keeps the records from #1 on\n");
    free(text);
    options.days = 100000;
    text = trail_run(&trail, command_retain, &options, NULL);
    check_contains(text, "0 of ");
    free(text);
    options.days = 0;
    options.name = "a-week";
    free(trail_run(&trail, command_retain, &options, &err));
    check_contains(err.text, "write six-months");
    options.name = "case-7";
    options.is_released = true;
    free(trail_run(&trail, command_hold, &options, NULL));
    free(trail_run(&trail, command_hold, &options, &err));
    check_contains(err.text, "there is none");
    options.name = NULL;
    options.is_released = false;
    text = trail_run(&trail, command_search, &options, NULL);
    check_contains(text, ": a legal hold began");
    check_contains(text, ": a legal hold ended");
    free(text);
}

TEST(erasing_is_recorded_and_leaves_the_log_whole)
{
    char keys[128], token[VEIL_TOKEN_MAX];
    struct trail trail;
    struct options options;
    struct error err = ERROR_INIT;
    struct veil *veil;
    char *text;

    trail_open(&trail);
    options = writing(&trail);
    snprintf(keys, sizeof(keys), "%s/subjects", trail.directory);
    options.keys = keys;
    options.subject = "uid:1000";
    const struct veil_options cover = {keys, "uid:1000", VEIL_SEALED, VEIL_SEALED, true};
    check_int(veil_open(&cover, &veil, NULL), 0);
    check(veil_cover(veil, VEIL_SEALED, "a.1", 3, "file.path", "/x", 2, token) > 0);
    veil_free(veil);
    text = trail_run(&trail, command_erase, &options, NULL);
    check_contains(text, "the key of uid:1000 is destroyed");
    check(!strstr(text, "this is not in the log"));
    free(text);
    free(trail_run(&trail, command_erase, &options, &err));
    check_contains(err.text, "nothing was covered");
    text = trail_run(&trail, command_search, &options, NULL);
    check_contains(text, "what a person's key covers was erased: uid:1000");
    free(text);
}
