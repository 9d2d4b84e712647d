/* SPDX-License-Identifier: Apache-2.0 */
/* The user's own log: its key lies beside it, one process at a time writes. Where that is the daemon's logger, it is told. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/log.h"
#include "auditor/command.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "identity/name.h"
#include "logger/client.h"
#include "ocsf/ocsf.h"

static int find_names(const struct options *options, struct writer_desk *desk, struct error *err)
{
    struct identity_name host;
    char machine_id[33];
    bool is_own;
    int status = identity_machine_id(options->machine, machine_id, &is_own, err);

    if (status == 0)
        status = identity_local(machine_id, &host, err);
    if (status < 0)
        return status;
    snprintf(desk->host, sizeof(desk->host), "%s", host.host);
    if ((size_t)snprintf(desk->origin, sizeof(desk->origin), "cordon/%s/%s", host.domain, host.host) >= sizeof(desk->origin))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "the name of this machine is too long for a log's");
    return 0;
}

/* The key's directory, where it is not there: for its user alone. */
static int make_around(const char *file, struct error *err)
{
    char directory[4096];
    const char *slash = strrchr(file, '/');

    if (!slash || slash == file || (size_t)snprintf(directory, sizeof(directory), "%.*s", (int)(slash - file), file) >= sizeof(directory))
        return 0;
    return mkdir(directory, 0700) < 0 && errno != EEXIST ? error_system(err, errno, "make %s", directory) : 0;
}

/* With the log, for those who read it: key.pub, as the logger makes it. */
static int tell_key(const struct options *options, const struct note_signer *signer, struct error *err)
{
    char path[4096], text[NOTE_KEY_TEXT_SIZE + 1];
    size_t length;
    struct note_key key;

    if ((size_t)snprintf(path, sizeof(path), "%s/key.pub", options->log) >= sizeof(path))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", options->log);
    if (access(path, F_OK) == 0)
        return 0;
    note_signer_key(signer, NOTE_ED25519, &key);
    note_key_print(&key, text);
    length = strlen(text);
    text[length++] = '\n';
    return file_replace(path, text, length, err);
}

int writer_open(const struct options *options, struct writer_desk *ret_desk, struct error *err)
{
    struct error failure = ERROR_INIT;
    struct log_options log = {0};
    int status;

    *ret_desk = (struct writer_desk){0};
    if (options->through && !options->secret) {
        status = find_names(options, ret_desk, err);
        return status == 0 ? through_open(options, ret_desk, err) : status;
    }
    if (!options->log || !options->secret)
        return error_set(err, ERROR_INVALID, EINVAL, "this log is not your own: who writes it has its key, and records what is done with it");
    status = find_names(options, ret_desk, err);
    if (status == 0 && mkdir(options->log, 0700) < 0 && errno != EEXIST)
        status = error_system(err, errno, "make the log's directory %s", options->log);
    if (status == 0)
        status = make_around(options->secret, err);
    if (status == 0)
        status = note_signer_open(options->secret, ret_desk->origin, true, &ret_desk->signer, err);
    if (status == 0)
        status = tell_key(options, ret_desk->signer, err);
    log.origin = ret_desk->origin;
    log.signer = ret_desk->signer;
    if (status == 0)
        status = log_open(options->log, &log, &ret_desk->log, &failure);
    if (status == -EBUSY && options->through)
        return through_open(options, ret_desk, err);
    if (status == -EBUSY)
        error_prepend(&failure, "the daemon's logger, or another `cordon audit`, has this log (where it is the daemon's, that has to be reachable)");
    if (status < 0 && failure.kind != ERROR_NONE && err)
        *err = failure;
    return status;
}

void writer_close(struct writer_desk *desk)
{
    if (desk->log)
        log_close(desk->log);
    log_client_free(desk->client);
    note_signer_free(desk->signer);
    *desk = (struct writer_desk){0};
}

int writer_append(struct writer_desk *desk, const struct stamp_label *label, uint64_t number, const char *body, size_t size, struct error *err)
{
    return desk->log ? log_append(desk->log, label, number, body, size, err) : through_append(desk, label, body, size, err);
}

int writer_settle(struct writer_desk *desk, uint64_t *ret_size, struct error *err)
{
    int status;

    if (ret_size)
        *ret_size = UINT64_MAX;
    if (!desk->log)
        return through_settle(desk, err);
    status = log_commit(desk->log, ret_size, err);
    return status < 0 ? status : log_checkpoint(desk->log, err);
}

static void write_event(const struct own_words *words, uint64_t number, struct text *out)
{
    struct json json = JSON_INIT(out, 0);
    const uint64_t now = clock_real_ns();
    char text[64], when[32];

    record_time(now / 1000, when);
    snprintf(text, sizeof(text), "audit-%u.%" PRIu64, getuid(), number);
    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-event/1");
    json_add_string(&json, "id", text);
    json_add_string(&json, "time", when);
    json_add_string(&json, "type", words->type);
    if (words->name)
        json_add_string(&json, "name", words->name);
    if (words->subject)
        json_add_string(&json, "subject", words->subject);
    if (words->has_range) {
        json_add_uint(&json, "first", words->first);
        json_add_uint(&json, "next", words->next);
    }
    json_end(&json);
}

static int append(struct writer_desk *desk, const struct own_words *words, struct error *err)
{
    struct stamp_label label = {.uid = getuid(), .gid = getgid(), .actor = "human"};
    const struct ocsf_context context = {.actor = OCSF_HUMAN, .machine = desk->host, .product = "cordon audit", .has_user = true, .uid = getuid()};
    auto_ocsf struct ocsf *ocsf = NULL;
    auto_text struct text event = {0};
    const char *body;
    size_t size;
    uint64_t number;
    int status;

    snprintf(label.writer, sizeof(label.writer), "cordon-audit:%u", label.uid);
    number = desk->log ? log_number(desk->log, label.writer) + 1 : clock_real_ns() / 1000;
    write_event(words, number, &event);
    if (event.is_broken)
        return error_memory(err);
    status = ocsf_new(&context, &ocsf, err);
    if (status == 0)
        status = ocsf_render(ocsf, event.data, event.length, &body, &size, err);
    if (status == 0)
        status = writer_append(desk, &label, number, body, size, err);
    return status < 0 ? status : writer_settle(desk, NULL, err);
}

int own_say(const struct options *options, const struct own_words *words, struct error *err)
{
    auto_writer struct writer_desk desk = {0};
    int status = writer_open(options, &desk, err);

    return status < 0 ? status : append(&desk, words, err);
}
