/* SPDX-License-Identifier: Apache-2.0 */
/* What it remembers is on the disk before it signs: after a loss of power it has signed nothing that it does not know of. */
#include "witness/witness.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/file.h"
#include "base/memory.h"

#define PROOF_MAX MERKLE_PROOF_MAX
#define HASH_TEXT (BASE64_TEXT_SIZE(MERKLE_HASH_SIZE) - 1)

struct log {
    struct note_key key;
    struct checkpoint last; /* size 0 = none yet */
};

struct witness {
    char *directory;
    struct note_signer *signer;
    struct log *logs;
    size_t count;
};

int witness_open(const char *directory, const char *name, struct witness **ret_witness, struct error *err)
{
    auto_witness struct witness *witness = mem_alloc(sizeof(*witness));
    char path[PATH_MAX];
    int status;

    if (!witness)
        return error_memory(err);
    witness->directory = mem_string(directory);
    witness->logs = mem_alloc(WITNESS_LOGS_MAX * sizeof(*witness->logs));
    if (!witness->directory || !witness->logs)
        return error_memory(err);
    status = file_make_directories(directory, 0700, err);
    snprintf(path, sizeof(path), "%s/key", directory);
    if (status == 0)
        status = note_signer_open(path, name, true, &witness->signer, err);
    if (status == 0)
        *ret_witness = take_ptr(witness);
    return status;
}

void witness_close(struct witness *witness)
{
    if (!witness)
        return;
    note_signer_free(witness->signer);
    mem_free(witness->directory);
    mem_free(witness->logs);
    mem_free(witness);
}

void witness_close_at(struct witness **witness)
{
    witness_close(*witness);
}

void witness_key(const struct witness *witness, struct note_key *ret_key)
{
    note_signer_key(witness->signer, NOTE_COSIGNATURE, ret_key);
}

/* ---- what it remembers ---- */

static void path_of(const struct witness *witness, const char *origin, char path[PATH_MAX])
{
    struct merkle_hash name;
    int length = snprintf(path, PATH_MAX, "%.3900s/log-", witness->directory);

    merkle_digest(origin, strlen(origin), NULL, 0, &name);
    for (int i = 0; i < 16; i++)
        length += snprintf(path + length, PATH_MAX - (size_t)length, "%02x", name.bytes[i]);
}

static int read_last(const struct witness *witness, struct log *log, struct error *err)
{
    auto_free char *text = NULL;
    char path[PATH_MAX];
    size_t size;
    int status;

    path_of(witness, log->key.name, path);
    if (access(path, F_OK) < 0 && errno == ENOENT)
        return 0;
    status = file_read(path, NOTE_SIZE_MAX, &text, &size, err);
    if (status == 0)
        status = checkpoint_read(text, size, &log->last, err);
    if (status == 0 && strcmp(log->last.origin, log->key.name) != 0)
        status = error_set(err, ERROR_INVALID, EBADMSG, "of %s", log->last.origin);
    if (status < 0)
        error_prepend(err, "%s (what was last signed for %s): ", path, log->key.name);
    return status;
}

static int remember(const struct witness *witness, struct log *log, const struct checkpoint *checkpoint)
{
    auto_text struct text text = {0};
    char path[PATH_MAX];
    struct error err;

    checkpoint_print(checkpoint, &text);
    path_of(witness, log->key.name, path);
    if (text.is_broken || file_replace(path, text.data, text.length, &err) < 0)
        return -EIO;
    log->last = *checkpoint;
    return 0;
}

int witness_add_log(struct witness *witness, const struct note_key *key, struct error *err)
{
    struct log log = {.key = *key};
    int status;

    if (witness->count == WITNESS_LOGS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d logs", WITNESS_LOGS_MAX);
    for (size_t i = 0; i < witness->count; i++)
        if (strcmp(witness->logs[i].key.name, key->name) == 0)
            return error_set(err, ERROR_INVALID, EEXIST, "the log %s has two keys", key->name);
    status = read_last(witness, &log, err);
    if (status == 0)
        witness->logs[witness->count++] = log;
    return status;
}

/* ---- a request ---- */

struct request {
    uint64_t old_size;
    struct merkle_hash proof[PROOF_MAX];
    size_t proof_count;
    struct note note;
    struct checkpoint checkpoint;
};

static bool read_old(const char *line, size_t size, uint64_t *ret_size)
{
    uint64_t value = 0;

    if (size < 5 || size > 4 + 19 || memcmp(line, "old ", 4) != 0 || (line[4] == '0' && size > 5))
        return false;
    for (size_t i = 4; i < size; i++) {
        if (line[i] < '0' || line[i] > '9')
            return false;
        value = value * 10 + (uint64_t)(line[i] - '0');
    }
    *ret_size = value;
    return value <= INT64_MAX;
}

static bool read_request(const char *body, size_t size, struct request *request)
{
    const char *at = body, *end = body + size, *line_end = memchr(at, '\n', size);
    struct error err;

    if (!line_end || !read_old(at, (size_t)(line_end - at), &request->old_size))
        return false;
    for (at = line_end + 1; (line_end = memchr(at, '\n', (size_t)(end - at))) && line_end != at; at = line_end + 1)
        if (request->proof_count == PROOF_MAX || (size_t)(line_end - at) != HASH_TEXT ||
            base64_decode_exact(at, HASH_TEXT, request->proof[request->proof_count++].bytes, MERKLE_HASH_SIZE) != MERKLE_HASH_SIZE)
            return false;
    if (!line_end)
        return false;
    at = line_end + 1;
    return note_parse(at, (size_t)(end - at), &request->note, &err) == 0 &&
           checkpoint_read(request->note.body, request->note.body_size, &request->checkpoint, &err) == 0;
}

static struct log *find_log(struct witness *witness, const char *origin)
{
    for (size_t i = 0; i < witness->count; i++)
        if (strcmp(witness->logs[i].key.name, origin) == 0)
            return &witness->logs[i];
    return NULL;
}

/* In the order in which C2SP tlog-witness has them. */
static enum witness_status judge(struct log *log, const struct request *request, struct text *answer)
{
    const struct checkpoint *next = &request->checkpoint;

    if (note_verify(&request->note, &log->key, NULL) != NOTE_SIGNED)
        return WITNESS_FORBIDDEN;
    if (request->old_size > next->size)
        return WITNESS_BAD_REQUEST;
    if (request->old_size != log->last.size) {
        text_printf(answer, "%llu\n", (unsigned long long)log->last.size);
        return WITNESS_CONFLICT;
    }
    if (request->old_size == next->size && request->old_size > 0 && !merkle_equal(&log->last.root, &next->root))
        return WITNESS_CONFLICT;
    return merkle_is_consistent(log->last.size, &log->last.root, next->size, &next->root, request->proof, request->proof_count)
               ? WITNESS_OK
               : WITNESS_UNPROCESSABLE;
}

enum witness_status witness_take(struct witness *witness, const char *body, size_t size, uint64_t time_s, struct text *answer)
{
    struct request *request = mem_alloc(sizeof(*request));
    enum witness_status status = WITNESS_FAILED;
    struct error err;
    struct log *log;

    if (!request)
        return WITNESS_FAILED;
    if (size > WITNESS_BODY_MAX || !read_request(body, size, request))
        status = WITNESS_BAD_REQUEST;
    else if (!(log = find_log(witness, request->checkpoint.origin)))
        status = WITNESS_NOT_FOUND;
    else {
        status = judge(log, request, answer);
        if (status == WITNESS_OK && remember(witness, log, &request->checkpoint) < 0)
            status = WITNESS_FAILED;
        if (status == WITNESS_OK &&
            note_sign(witness->signer, NOTE_COSIGNATURE, time_s, request->note.body, request->note.body_size, answer, &err) < 0)
            status = WITNESS_FAILED;
    }
    mem_free(request);
    return answer->is_broken ? WITNESS_FAILED : status;
}
