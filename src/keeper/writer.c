/* SPDX-License-Identifier: Apache-2.0 */
/*
 * This keeper as a writer of the audit log: what happens in its containers, as it happens. Records are kept until the log has them, over whatever
 * connections there are one after another.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "event/read.h"
#include "keeper/keeper.h"
#include "logger/client.h"
#include "logger/spool.h"
#include "recording/recording.h"

#define WRITER_BYTES_MAX ((size_t)16 << 20) /* that the log has not acknowledged */
#define END_WAIT_MS      2000
#define SETTLE_WAIT_MS   3000 /* all that this keeper serves waits so long at most for what a policy requires to be in the log */

struct writer {
    struct keeper *keeper;
    struct log_client *client;
    struct event_recorder recorder;
    struct loop_timer later; /* what was added since is sent when all else that is ready now has had its turn */
    struct loop_watch watch; /* fd = -1: no connection */
    bool is_waited_for;      /* by a connection of a container */
    bool is_required;        /* by a policy: what is started has to be in it first */
    bool stands_still;       /* it was waited for in vain, and has acknowledged nothing since */
    int directory;           /* where what the log has not taken is kept as well; -1 = not known yet */
};

static void settle(struct writer *writer, int status);

/* A step may end a session, and with it others of the list. */
static void tell_who_waits(struct keeper *keeper)
{
    for (struct session *session = keeper->sessions; session; session = session->next)
        if (session->container && container_waits_for_log(session->container))
            loop_start(keeper->loop, &session->log_timer, 0);
}

static void writer_ready(struct loop_watch *watch, uint32_t events)
{
    struct writer *writer = container_of(watch, struct writer, watch);
    uint64_t durable = log_client_durable(writer->client);
    int status = log_client_receive(writer->client, NULL);

    if (log_client_durable(writer->client) != durable) {
        writer->stands_still = false;
        if (writer->is_waited_for)
            tell_who_waits(writer->keeper);
        writer->is_waited_for &= log_client_durable(writer->client) < log_client_number(writer->client);
    }
    settle(writer, status == 0 ? log_client_flush(writer->client, NULL) : status);
}

/* `status` of the last call: the client closes a connection that ended, which is no longer watched then. */
static void settle(struct writer *writer, int status)
{
    struct keeper *keeper = writer->keeper;

    if (writer->watch.fd >= 0 && log_client_fd(writer->client) < 0) {
        loop_forget(keeper->loop, &writer->watch);
        writer->watch.fd = -1;
        daemon_tell_gone(keeper, "logger");
    }
    if (writer->watch.fd >= 0 && loop_change(keeper->loop, &writer->watch, status == -EAGAIN ? EPOLLIN | EPOLLOUT : EPOLLIN) < 0)
        writer->watch.fd = -1;
}

int writer_connect(struct keeper *keeper, int fd, struct error *err)
{
    struct writer *writer = keeper->writer;
    int status;

    loop_forget(keeper->loop, &writer->watch);
    writer->watch = (struct loop_watch){.fd = fd, .ready = writer_ready};
    log_client_connect(writer->client, fd);
    status = loop_watch(keeper->loop, &writer->watch, EPOLLIN);
    if (status < 0) {
        writer->watch.fd = -1;
        return error_system(err, -status, "watch the log's connection");
    }
    settle(writer, log_client_flush(writer->client, NULL));
    return 0;
}

/* ---- records ---- */

/* One run. */
struct recorded {
    struct writer *writer;
    struct event_reader *reader;
    struct recording *recording; /* from its first record on */
    char keys[PATH_MAX];         /* "" = none */
    char expected[1024];         /* whose records they are to be; "" = whoever writes them is believed */
    bool is_lost;                /* a record of it had no room, since it was settled last */
};

static void recorded_done(void *context)
{
    struct recorded *recorded = context;

    recording_free(recorded->recording);
    event_reader_free(recorded->reader);
    mem_free(recorded);
}

/* Without it records are in memory alone, and lost with this process: said once. */
static void begin_spool(struct writer *writer, const char *state)
{
    struct keeper *keeper = writer->keeper;
    struct error err = ERROR_INIT;
    struct spool *spool;
    char path[PATH_MAX];
    int fd, status = 0;

    if (snprintf(path, sizeof(path), "%s/" SPOOL_FOLDER, state) >= (int)sizeof(path))
        status = error_set(&err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", state);
    else
        status = file_make_directories(path, 0700, &err);
    writer->directory = -2; /* tried */
    if (status == 0) {
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        status = fd < 0 ? error_system(&err, errno, "open %s", path) : numbers_lift(fd, &fd, &err);
    }
    if (status == 0) {
        writer->directory = fd;
        status = spool_open(fd, keeper->id, KEEPER_NUMBERS_ABOVE, &spool, &err);
    }
    if (status == 0)
        status = log_client_keep(writer->client, spool, &err);
    if (status < 0)
        keeper_say("what the audit log has not taken would be lost with this process: %s", err.text);
    if (writer->directory >= 0)
        left_set_directory(keeper, writer->directory);
}

/* Keys of persons are where `cordon audit` has them: beside the store of runs. */
static int recorded_begin(void *owner, const char *run, const char *runs, void **ret_context, struct error *err)
{
    struct recorded *recorded = mem_alloc(sizeof(*recorded));
    const char *end = runs ? strrchr(runs, '/') : NULL;
    char state[PATH_MAX];
    int status;

    if (!recorded)
        return error_memory(err);
    recorded->writer = owner;
    if (end && recorded->writer->directory == -1) {
        snprintf(state, sizeof(state), "%.*s", (int)(end - runs), runs);
        begin_spool(recorded->writer, state);
    }
    if (end && snprintf(recorded->keys, sizeof(recorded->keys), "%.*s/audit-keys", (int)(end - runs), runs) >= (int)sizeof(recorded->keys))
        status = error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", runs);
    else
        status = event_reader_new(-1, run, &recorded->reader, err);
    if (status < 0)
        mem_free(recorded);
    else
        *ret_context = recorded;
    return status;
}

static int recorded_expect(void *context, const char *identity, struct error *err)
{
    struct recorded *recorded = context;

    if (strlen(identity) >= sizeof(recorded->expected))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "audit: the name of a container is too long");
    memcpy(recorded->expected, identity, strlen(identity) + 1);
    return 0;
}

/* Of one that was refused before it had a name it is the person. */
static int check_expected(const struct recorded *recorded, struct error *err)
{
    const char *identity = recording_identity(recorded->recording);

    if (!*recorded->expected || !*identity || strcmp(identity, recorded->expected) == 0)
        return 0;
    return error_set(err, ERROR_INTERNAL, EPERM, "audit: records of %s claim to be those of %s", recorded->expected, identity);
}

static int begin_recording(struct recorded *recorded, const char *line, size_t size, struct error *err)
{
    const struct recording_options options = {.keys = *recorded->keys ? recorded->keys : NULL};
    struct event_record first;
    int status;

    if (!event_reader_line(recorded->reader, line, size, &first))
        return error_set(err, ERROR_INTERNAL, EINVAL, "audit: the run's first record is none");
    status = recording_new(&options, &first, &recorded->recording, err);
    if (status < 0)
        error_prepend(err, "audit");
    else if (!recorded->recording)
        status = error_set(err, ERROR_INTERNAL, EINVAL, "audit: a run without an identity cannot be attributed");
    else
        status = check_expected(recorded, err);
    return status;
}

static int name_actor(const struct recorded *recorded, struct error *err)
{
    const char *identity = recording_identity(recorded->recording);

    return log_client_name(recorded->writer->client, recording_actor(recorded->recording), *identity ? identity : NULL, err);
}

/* A log that takes nothing holds nothing up here: what finds no room is counted, and the log is told the count. */
static int recorded_hear(void *context, const char *line, size_t size, struct error *err)
{
    struct recorded *recorded = context;
    struct writer *writer = recorded->writer;
    const char *body;
    size_t body_size;
    int status = recorded->recording ? 0 : begin_recording(recorded, line, size, err);

    if (status == 0)
        status = recording_render(recorded->recording, line, size, &body, &body_size, err);
    if (status == 0)
        status = name_actor(recorded, err);
    if (status == 0)
        status = log_client_add(writer->client, body, body_size, NULL, err);
    if (!writer->later.before)
        loop_start(writer->keeper->loop, &writer->later, 0);
    recorded->is_lost |= status == -ENOBUFS;
    return status == -ENOBUFS ? 0 : status;
}

/* What was counted as lost is not there, whatever has come since. */
static int recorded_settle(void *context, struct error *err)
{
    struct recorded *recorded = context;
    struct writer *writer = recorded->writer;
    int status = recorded->is_lost ? error_set(err, ERROR_LIMIT, ENOBUFS, "the audit log takes no records at the moment")
                                   : log_client_wait(writer->client, log_client_number(writer->client), writer->stands_still ? 0 : SETTLE_WAIT_MS, err);

    recorded->is_lost = false;
    writer->is_required = true;
    writer->stands_still = status == -ETIMEDOUT;
    settle(writer, status);
    if (status < 0)
        error_prepend(err, "the audit log");
    return status;
}

static int recorded_settle_later(void *context, uint64_t *ret_at, struct error *err)
{
    struct recorded *recorded = context;

    if (recorded->is_lost) {
        recorded->is_lost = false;
        return error_set(err, ERROR_LIMIT, ENOBUFS, "the audit log takes no records at the moment");
    }
    recorded->writer->is_waited_for = true;
    *ret_at = log_client_number(recorded->writer->client);
    return 0;
}

static bool recorded_is_settled(void *context, uint64_t at)
{
    const struct recorded *recorded = context;

    return log_client_durable(recorded->writer->client) >= at;
}

bool writer_is_awaited(const struct keeper *keeper)
{
    const struct writer *writer = keeper->writer;

    return writer->is_required && (writer->watch.fd < 0 || writer->stands_still);
}

static void send_later(struct loop_timer *timer)
{
    struct writer *writer = container_of(timer, struct writer, later);

    if (writer->watch.fd >= 0)
        settle(writer, log_client_flush(writer->client, NULL));
}

void writer_say(struct keeper *keeper, const char *actor, const char *body, size_t size)
{
    struct writer *writer = keeper->writer;

    /* what finds no room is counted there */
    if (log_client_name(writer->client, actor, NULL, NULL) == 0)
        (void)!log_client_add(writer->client, body, size, NULL, NULL);
    if (!writer->later.before)
        loop_start(keeper->loop, &writer->later, 0);
}

const struct event_recorder *writer_recorder(const struct keeper *keeper)
{
    return &keeper->writer->recorder;
}

void writer_end(struct keeper *keeper)
{
    struct log_client *client = keeper->writer->client;
    struct error err = ERROR_INIT;

    if (log_client_wait(client, log_client_number(client), END_WAIT_MS, &err) < 0)
        keeper_say("the audit log has not taken %" PRIu64 " records, which the next keeper tells it: %s",
                log_client_number(client) - log_client_durable(client), err.text);
    else
        log_client_keep_no_more(client);
}

int writer_begin(struct keeper *keeper, struct error *err)
{
    struct writer *writer = mem_alloc(sizeof(*writer));
    int status;

    if (!writer)
        return error_memory(err);
    *writer = (struct writer){
        .keeper = keeper,
        .recorder = {.owner = writer, .begin = recorded_begin, .expect = recorded_expect, .hear = recorded_hear, .done = recorded_done, .settle = recorded_settle,
                     .settle_later = recorded_settle_later, .is_settled = recorded_is_settled},
        .later.due = send_later,
        .watch.fd = -1,
        .directory = -1,
    };
    status = log_client_new(WRITER_BYTES_MAX, 0, &writer->client, err);
    if (status == 0)
        keeper->writer = writer;
    else
        mem_free(writer);
    return status;
}
