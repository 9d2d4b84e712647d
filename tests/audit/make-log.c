/* SPDX-License-Identifier: Apache-2.0 */
/*
 * make-log DIRECTORY RECORDS [SIZE [GROUP [WRITERS [TICKS]]]]: append known records to a log of the origin cordon/test/host, whose key is
 * DIRECTORY.key; print the verifier key. TICKS: checkpoints on the way. CORDON_TEST_VOLATILE: nothing is waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "audit/log.h"
#include "base/clock.h"
#include "base/memory.h"

#define ORIGIN "cordon/test/host"

static int fail(const struct error *err)
{
    fprintf(stderr, "make-log: %s\n", err->text);
    return 1;
}

static size_t make_body(uint64_t number, size_t size, char *body)
{
    size_t length = (size_t)sprintf(body, "{\"class_uid\":1007,\"time\":%llu,\"number\":%llu,\"fill\":\"", 1795415781000ull + number, (unsigned long long)number);

    if (length + 2 < size) {
        memset(body + length, (char)('a' + number % 26), size - 2 - length);
        length = size - 2;
    }
    strcpy(body + length, "\"}");
    return length + 2;
}

static int fill(struct log *log, const uint64_t *n, struct error *err)
{
    uint64_t *before = mem_alloc((n[3] + 1) * sizeof(*before));
    char body[BODY_SIZE_MAX + 1];

    for (uint64_t i = 0; before && i < n[0]; i++) {
        struct stamp_label label = {.uid = 1000, .gid = 1000, .actor = "agent", .identity = "spiffe://local.0/host/h/user/1000/agent/a/b"};
        int status;

        snprintf(label.writer, sizeof(label.writer), "run:%llu", (unsigned long long)(i % n[3]));
        if (i < n[3])
            before[i] = log_number(log, label.writer);
        status = log_append(log, &label, before[i % n[3]] + i / n[3] + 1, body, make_body(i, n[1], body), err);
        if (status == LOG_TAKEN && (i + 1) % n[2] == 0)
            status = log_commit(log, NULL, err);
        if (status == 0 && n[4] && (i + 1) % (n[0] / n[4] + 1) == 0)
            status = log_tick(log, err);
        if (status < 0)
            return status;
    }
    mem_free(before);
    return log_tick(log, err);
}

int main(int argc, char **argv)
{
    uint64_t n[] = {0, 200, 100, 1, 0}, start; /* records, size, group, writers, ticks */
    struct log_options options = {.origin = ORIGIN, .is_volatile = getenv("CORDON_TEST_VOLATILE") != NULL};
    auto_note_signer struct note_signer *signer = NULL;
    char path[4096], text[NOTE_KEY_TEXT_SIZE];
    struct log *log = NULL;
    struct note_key key;
    struct error err;

    if (argc < 3)
        return 2;
    for (int i = 2; i < argc && i < 7; i++)
        n[i - 2] = strtoull(argv[i], NULL, 10);
    snprintf(path, sizeof(path), "%s.key", argv[1]);
    (void)!mkdir(argv[1], 0755);
    if (note_signer_open(path, ORIGIN, true, &signer, &err) < 0)
        return fail(&err);
    options.signer = signer;
    if (log_open(argv[1], &options, &log, &err) < 0)
        return fail(&err);
    start = clock_monotonic_ns();
    if (fill(log, n, &err) < 0)
        return fail(&err);
    fprintf(stderr, "%.0f records a second\n", (double)n[0] * 1e9 / (double)(clock_monotonic_ns() - start));
    log_close(log);
    note_signer_key(signer, NOTE_ED25519, &key);
    note_key_print(&key, text);
    return puts(text) == EOF;
}
