/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-submit: shows a log's checkpoints to its witnesses and keeps what they sign, in <log>/witness/. Theory of operation: it reads the
 * log, holds no key, and talks to the network, which the logger does not; it writes <log>/witness alone. What witnesses answer is believed
 * only where their signature holds. One that is down is said, in <log>/witness/status too; the log goes on.
 */
#include <curl/curl.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "audit/proof.h"
#include "audit/reader.h"
#include "base/base64.h"
#include "base/file.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/text.h"
#include "protocol/service.h"
#include "witness/confine.h"

#define STATUS_FAILED 1
#define STATUS_USAGE  2
#define WITNESSES_MAX 16
#define ANSWER_MAX    NOTE_SIZE_MAX
#define TIMEOUT_MS    5000l
#define TRIES         2 /* the first may learn from a conflict what the witness has */
#define KEY_FILE_MAX  4096
#define FRESH_S       30 /* so often also where nothing is new */

static const char usage[] =
    "Usage: cordon-submit --directory LOG --witness URL=KEY... [OPTION...]\n"
    "\n"
    "  --directory LOG    the log's directory; LOG/witness is written to\n"
    "  --witness URL=KEY  a witness: where add-checkpoint is found, and its verifier key, or @FILE with it\n"
    "  --interval TIME    between two checkpoints (default 1s)\n"
    "  --once             one checkpoint, then end: status 1 where a witness has not signed\n"
    "  --version          print it\n";

enum { OPTION_DIRECTORY = 256, OPTION_WITNESS, OPTION_INTERVAL, OPTION_ONCE, OPTION_HELP, OPTION_VERSION };

static const struct option options[] = {
    {"directory", required_argument, NULL, OPTION_DIRECTORY}, {"witness", required_argument, NULL, OPTION_WITNESS},
    {"interval", required_argument, NULL, OPTION_INTERVAL},   {"once", no_argument, NULL, OPTION_ONCE},
    {"help", no_argument, NULL, OPTION_HELP},                 {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

struct witness {
    char url[1024];
    struct note_key key;
    uint64_t size;   /* of the last checkpoint that it has signed */
    uint64_t time_s; /* when that was */
    bool is_down;    /* as was last said */
    char error[ERROR_TEXT_MAX];
    char line[NOTE_SIZE_MAX / 8]; /* its cosignature of this round's checkpoint */
    size_t line_size;
};

static struct witness witnesses[WITNESSES_MAX];
static size_t witness_count;
static volatile sig_atomic_t is_ending;

/* ---- one request ---- */

static size_t take_answer(char *bytes, size_t size, size_t count, void *context)
{
    struct text *answer = context;

    if (answer->length + size * count > ANSWER_MAX)
        return 0;
    text_add_n(answer, bytes, size * count);
    return size * count;
}

static int post(const struct witness *witness, const struct text *body, long *ret_status, struct text *answer, struct error *err)
{
    char why[CURL_ERROR_SIZE] = "", url[1100];
    CURL *curl = curl_easy_init();
    CURLcode code;

    if (!curl)
        return error_memory(err);
    snprintf(url, sizeof(url), "%s/add-checkpoint", witness->url);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->data);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body->length);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_answer);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1l);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    code = curl_easy_perform(curl);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
    curl_easy_cleanup(curl);
    return code == CURLE_OK ? 0 : error_set(err, ERROR_SYSTEM, EIO, "%s", why[0] ? why : curl_easy_strerror(code));
}

static int node(void *context, unsigned height, uint64_t index, struct merkle_hash *ret_hash, struct error *err)
{
    return reader_node(context, height, index, ret_hash, err);
}

static int make_body(struct reader *reader, uint64_t old_size, struct text *body, struct error *err)
{
    const struct note *note = reader_note(reader);
    struct proof proof = {.count = 0};
    int status = proof_consistency(node, reader, old_size, reader_checkpoint(reader)->size, &proof, err);

    if (status < 0)
        return status;
    text_printf(body, "old %llu\n", (unsigned long long)old_size);
    for (size_t i = 0; i < proof.count; i++) {
        char hash[BASE64_TEXT_SIZE(MERKLE_HASH_SIZE)];

        base64_encode(proof.hashes[i].bytes, MERKLE_HASH_SIZE, hash);
        text_printf(body, "%s\n", hash);
    }
    text_add(body, "\n");
    text_add_n(body, note->body, note->body_size);
    text_add(body, "\n");
    for (size_t i = 0; i < note->line_count; i++)
        text_add_n(body, note->lines[i].text, note->lines[i].text_size);
    return body->is_broken ? error_memory(err) : 0;
}

static int take_cosignature(struct witness *witness, struct reader *reader, const struct text *answer, struct error *err)
{
    uint64_t time_s = 0;
    struct note note;
    int status = note_parse_lines(answer->data ? answer->data : "", answer->length, reader_note(reader), &note, err);

    if (status < 0)
        return status;
    if (note_verify(&note, &witness->key, &time_s) != NOTE_SIGNED)
        return error_set(err, ERROR_FORBIDDEN, EBADMSG, "what it answered is not signed by %s", witness->key.name);
    witness->line_size = 0;
    for (size_t i = 0; i < note.line_count; i++)
        if (note.lines[i].id == witness->key.id && witness->line_size + note.lines[i].text_size <= sizeof(witness->line)) {
            memcpy(witness->line + witness->line_size, note.lines[i].text, note.lines[i].text_size);
            witness->line_size += note.lines[i].text_size;
        }
    witness->size = reader_checkpoint(reader)->size;
    witness->time_s = time_s;
    return 0;
}

/* 0 = it has signed, 1 = it has another size than was thought, which is known now. */
static int submit_once(struct witness *witness, struct reader *reader, struct error *err)
{
    auto_text struct text body = {0}, answer = {0};
    uint64_t size = reader_checkpoint(reader)->size;
    long http = 0;
    int status = make_body(reader, witness->size, &body, err);

    if (status == 0)
        status = post(witness, &body, &http, &answer, err);
    if (status < 0)
        return status;
    if (http == 200)
        return take_cosignature(witness, reader, &answer, err);
    if (http == 409 && answer.length > 0) {
        answer.data[strcspn(answer.data, "\n")] = '\0';
        if (number_parse(answer.data, 0, INT64_MAX, &witness->size, NULL) == 0 && witness->size <= size)
            return 1;
        return error_set(err, ERROR_FORBIDDEN, EBADMSG, "it has signed %.20s records of this log, which has %llu: THE LOG HAS BEEN CUT OFF OR REWRITTEN",
                         answer.data, (unsigned long long)size);
    }
    if (http == 409 || http == 422)
        return error_set(err, ERROR_FORBIDDEN, EBADMSG, "what it signed before does not continue in this log: THE LOG HAS BEEN REWRITTEN");
    return error_set(err, ERROR_SYSTEM, EIO, "it answered %ld (%s)", http, http == 403 ? "it knows another key of this log" : http == 404 ? "it does not know this log" : "refused");
}

static int submit(struct witness *witness, struct reader *reader)
{
    struct error err = ERROR_INIT;
    int status = 1;

    witness->line_size = 0;
    for (int i = 0; i < TRIES && status == 1; i++)
        status = submit_once(witness, reader, &err);
    if (status == 0 && witness->is_down)
        fprintf(stderr, "cordon-submit: %s signs again\n", witness->key.name);
    if (status != 0 && (!witness->is_down || strcmp(witness->error, err.text) != 0))
        fprintf(stderr, "cordon-submit: %s (%s): %s\n", witness->key.name, witness->url, err.text);
    snprintf(witness->error, sizeof(witness->error), "%s", status == 0 ? "" : err.text);
    witness->is_down = status != 0;
    return status;
}

/* ---- what is kept ---- */

static int write_file(const char *directory, const char *name, const struct text *text)
{
    struct error err = ERROR_INIT;
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/witness/%s", directory, name);
    if (text->is_broken || file_replace(path, text->data, text->length, &err) < 0) {
        fprintf(stderr, "cordon-submit: %s\n", err.text);
        return -EIO;
    }
    return 0;
}

/* The checkpoint with the log's signatures and those of all who signed it in this round. */
static int keep(const char *directory, const struct reader *reader)
{
    const struct note *note = reader_note(reader);
    auto_text struct text text = {0};
    bool has_one = false;

    text_add_n(&text, note->body, note->body_size);
    text_add(&text, "\n");
    for (size_t i = 0; i < note->line_count; i++)
        text_add_n(&text, note->lines[i].text, note->lines[i].text_size);
    for (size_t i = 0; i < witness_count; i++) {
        text_add_n(&text, witnesses[i].line, witnesses[i].line_size);
        has_one = has_one || witnesses[i].line_size > 0;
    }
    return has_one ? write_file(directory, "checkpoint", &text) : 0;
}

static void tell_status(const char *directory, const struct reader *reader)
{
    uint64_t size = reader_checkpoint(reader)->size;
    auto_text struct text text = {0};

    for (size_t i = 0; i < witness_count; i++) {
        struct json json = JSON_INIT(&text, 0);

        json_begin_object(&json, NULL);
        json_add_string(&json, "witness", witnesses[i].key.name);
        json_add_uint(&json, "size", witnesses[i].size);
        json_add_uint(&json, "lag", size > witnesses[i].size ? size - witnesses[i].size : 0);
        json_add_uint(&json, "time", witnesses[i].time_s);
        json_add_string(&json, "error", witnesses[i].error[0] ? witnesses[i].error : NULL);
        json_end(&json);
        text_add(&text, "\n");
    }
    (void)!write_file(directory, "status", &text);
}

static int do_round(const char *directory, struct reader *reader)
{
    int worst = 0;

    for (size_t i = 0; i < witness_count; i++)
        if (submit(&witnesses[i], reader) != 0)
            worst = -EIO;
    if (keep(directory, reader) < 0)
        worst = -EIO;
    tell_status(directory, reader);
    return worst;
}

/* ---- the program ---- */

static int add_witness(const char *text, struct error *err)
{
    struct witness *witness = &witnesses[witness_count];
    const char *equals = strchr(text, '='), *key = equals ? equals + 1 : "";
    auto_free char *bytes = NULL;
    size_t size = strlen(key);
    int status = 0;

    if (!equals || (size_t)(equals - text) >= sizeof(witness->url) || witness_count == WITNESSES_MAX)
        return error_set(err, ERROR_INVALID, EINVAL, "--witness: not URL=KEY, or more than %d", WITNESSES_MAX);
    memcpy(witness->url, text, (size_t)(equals - text));
    if (key[0] == '@') {
        status = file_read(key + 1, KEY_FILE_MAX, &bytes, &size, err);
        key = bytes;
    }
    while (status == 0 && size > 0 && key[size - 1] == '\n')
        size--;
    if (status == 0)
        status = note_key_read(key, size, &witness->key, err);
    if (status == 0 && witness->key.type != NOTE_COSIGNATURE)
        return error_set(err, ERROR_INVALID, EINVAL, "%s: not the key of a witness", witness->key.name);
    witness_count += status == 0;
    return status;
}

static int open_reader(const char *directory, struct reader **ret_reader, struct error *err)
{
    auto_free char *text = NULL;
    char path[PATH_MAX];
    struct note_key key;
    size_t size;
    int status;

    snprintf(path, sizeof(path), "%s/key.pub", directory);
    status = file_read(path, KEY_FILE_MAX, &text, &size, err);
    while (status == 0 && size > 0 && text[size - 1] == '\n')
        size--;
    if (status == 0)
        status = note_key_read(text, size, &key, err);
    return status == 0 ? reader_open(directory, &key, ret_reader, err) : status;
}

static void end(int number)
{
    is_ending = 1;
}

/* The log may not be there yet, or may be made anew: it is opened again, and said once. */
static int serve(const char *directory, uint64_t interval_ms, bool is_once)
{
    auto_reader struct reader *reader = NULL;
    char said[ERROR_TEXT_MAX] = "";
    uint64_t size = UINT64_MAX;
    time_t last = 0;

    while (!is_ending) {
        struct error err = ERROR_INIT;
        int status = reader ? reader_refresh(reader, &err) : open_reader(directory, &reader, &err);

        if (status < 0) {
            if (strcmp(said, err.text) != 0)
                fprintf(stderr, "cordon-submit: %s\n", err.text);
            text_put(said, sizeof(said), err.text);
            reader_close(take_ptr(reader));
        } else if (reader_checkpoint(reader)->size != size || time(NULL) - last >= FRESH_S) {
            last = time(NULL);
            size = do_round(directory, reader) == 0 ? reader_checkpoint(reader)->size : UINT64_MAX;
        }
        if (is_once)
            return status < 0 || size == UINT64_MAX ? STATUS_FAILED : EXIT_SUCCESS;
        poll(NULL, 0, (int)interval_ms);
    }
    return EXIT_SUCCESS;
}

static int begin(const char *directory, struct error *err)
{
    /* What libcurl reads to find a host and to believe a server. */
    const char *readable[] = {directory, "/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/ssl",
                              "/usr/share/ca-certificates", "/etc/ca-certificates", "/usr/lib", "/lib", "/etc/ld.so.cache", "/run/systemd/resolve", NULL};
    char path[PATH_MAX];
    int status;

    snprintf(path, sizeof(path), "%s/witness", directory);
    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        return error_system(err, errno, "make %s", path);
    if (curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
        return error_memory(err);
    status = merkle_prepare(err);
    return status == 0 ? witness_confine(path, readable, true, err) : status;
}

static int refuse(const char *text)
{
    fprintf(stderr, "cordon-submit: %s\n%s", text, usage);
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    struct error err = ERROR_INIT;
    const char *directory = NULL;
    uint64_t interval_ms = 1000;
    bool is_once = false;
    int option, status = 0;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1 && status == 0) {
        if (option == OPTION_HELP)
            return fputs(usage, stdout) == EOF;
        if (option == OPTION_VERSION)
            return puts("cordon-submit " CORDON_VERSION_TEXT) == EOF;
        if (option == OPTION_DIRECTORY)
            directory = optarg;
        else if (option == OPTION_WITNESS)
            status = add_witness(optarg, &err);
        else if (option == OPTION_INTERVAL)
            status = number_parse_duration(optarg, &interval_ms, &err);
        else if (option == OPTION_ONCE)
            is_once = true;
        else
            return STATUS_USAGE;
    }
    if (status < 0)
        return refuse(err.text);
    if (!directory || witness_count == 0 || optind != argc || interval_ms > INT_MAX)
        return refuse("--directory and --witness are needed, and nothing behind the options");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGTERM, end);
    signal(SIGINT, end);
    if (begin(directory, &err) < 0) {
        fprintf(stderr, "cordon-submit: %s\n", err.text);
        return STATUS_FAILED;
    }
    service_notify("READY=1"); /* by a socket of its own, which it can make no more from here on */
    if (submit_shut_calls(&err) < 0) {
        fprintf(stderr, "cordon-submit: %s\n", err.text);
        return STATUS_FAILED;
    }
    return serve(directory, interval_ms, is_once);
}
