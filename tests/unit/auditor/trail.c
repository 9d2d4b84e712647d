/* SPDX-License-Identifier: Apache-2.0 */
#include "trail.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "ocsf/ocsf.h"
#include "test.h"

#define USER "spiffe://local.test/host/h/user/1000/agent/"

static const char *const identities[TRAIL_AGENTS] = {
    USER "builder/01m6e7gcr0t8v6yqk3x5a9b2c0", USER "builder/01m6e7gcr0t8v6yqk3x5a9b2c1", USER "reviewer/01m6e7gcr0t8v6yqk3x5a9b2c2",
    USER "builder/01m6e7gcr0t8v6yqk3x5a9b2c0/sub/01m6e7gcr0t8v6yqk3x5a9b2c3", "spiffe://local.test/host/h/user/1001/agent/builder/01m6e7gcr0t8v6yqk3x5a9b2c4",
};

const char *trail_identity(unsigned agent)
{
    return identities[agent];
}

unsigned trail_random(struct trail *trail, unsigned below)
{
    trail->random = trail->random * 1103515245u + 12345u;
    return (trail->random >> 8) % below;
}

void trail_open(struct trail *trail)
{
    struct log_options options = {.origin = TRAIL_ORIGIN, .is_volatile = true};
    struct error err = ERROR_INIT;

    *trail = (struct trail){.directory = "/tmp/cordon-trail-XXXXXX", .random = 7};
    check(test_make_directory(trail->directory));
    snprintf(trail->log, sizeof(trail->log), "%s/log", trail->directory);
    snprintf(trail->secret, sizeof(trail->secret), "%s/key", trail->directory);
    snprintf(trail->index, sizeof(trail->index), "%s/index", trail->directory);
    snprintf(trail->keys, sizeof(trail->keys), "%s/keys", trail->directory);
    snprintf(trail->state, sizeof(trail->state), "%s/state", trail->directory);
    snprintf(trail->out, sizeof(trail->out), "%s/out", trail->directory);
    check_int(merkle_prepare(NULL), 0);
    check_int(file_make_directories(trail->log, 0700, NULL), 0);
    check_int(note_signer_open(trail->secret, TRAIL_ORIGIN, true, &trail->signer, NULL), 0);
    options.signer = trail->signer;
    if (log_open(trail->log, &options, &trail->writer, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

void trail_close(struct trail *trail)
{
    if (trail->writer)
        log_close(trail->writer);
    trail->writer = NULL;
    note_signer_free(trail->signer);
    trail->signer = NULL;
}

/* Actors: agents, then two people, then a part of Cordon. */
void trail_add(struct trail *trail, unsigned actor, const char *event)
{
    struct stamp_label label = {.uid = 1000, .gid = 1000, .actor = "agent"};
    struct ocsf_context context = {.actor = OCSF_AGENT, .machine = "h", .has_user = true, .uid = 1000, .user_name = "anna"};
    auto_ocsf struct ocsf *ocsf = NULL;
    struct error err = ERROR_INIT;
    const char *body;
    size_t size;

    if (actor < TRAIL_AGENTS) {
        snprintf(label.identity, sizeof(label.identity), "%s", identities[actor]);
        context.identity = identities[actor];
        context.uid = label.uid = actor == 4 ? 1001 : 1000;
    } else {
        context.actor = actor == TRAIL_AGENTS + 2 ? OCSF_SYSTEM : OCSF_HUMAN;
        context.user_name = actor == TRAIL_AGENTS ? "anna" : "bert";
        context.uid = label.uid = actor == TRAIL_AGENTS ? 1000 : 1001;
        context.has_user = context.actor != OCSF_SYSTEM;
        snprintf(label.actor, sizeof(label.actor), "%s", ocsf_actor_name(context.actor));
    }
    snprintf(label.writer, sizeof(label.writer), "w%u", actor);
    check_int(ocsf_new(&context, &ocsf, &err), 0);
    if (ocsf_render(ocsf, event, strlen(event), &body, &size, &err) < 0 ||
        log_append(trail->writer, &label, ++trail->numbers[actor], body, size, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

void trail_add_body(struct trail *trail, const char *actor, const char *identity, const char *body)
{
    struct stamp_label label = {.writer = "body", .uid = 1000, .gid = 1000};
    struct error err = ERROR_INIT;

    snprintf(label.actor, sizeof(label.actor), "%s", actor);
    snprintf(label.identity, sizeof(label.identity), "%s", identity);
    if (log_append(trail->writer, &label, ++trail->numbers[63], body, strlen(body), &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

static void add_random(struct trail *trail, unsigned number)
{
    static const char *const types[] = {"access.denied", "access.used", "network.denied", "network.connected", "run.started", "control.called", "log.held"};
    static const char *const paths[] = {"/etc/shadow", "/etc/passwd", "/home/anna/w/a.c", "/home/anna/w", "/home/anna/word", "/", "/home/anna/w/\\u202etxt", "/h*me"};
    static const char *const hosts[] = {"api.example.org", "example.org", "pypi.org"};
    const unsigned actor = trail_random(trail, TRAIL_AGENTS + 3), run = trail_random(trail, 4);
    char event[2048];

    snprintf(event, sizeof(event),
             "{\"schema\":\"cordon-event/1\",\"id\":\"01m6e7gcr0t8v6yqk3x5a9b2c%u.%u\",\"time\":\"2026-11-23T08:00:00.000000000Z\",\"run\":\"01m6e7gcr0t8v6yqk3x5a9b2c%u\","
             "\"type\":\"%s\",\"operation\":\"read\",\"object\":{\"kind\":\"file\",\"named\":\"x\",\"path\":\"%s\",\"secondNamed\":null,\"second\":null,\"outside\":null,\"hidden\":false,\"isCut\":false},"
             "\"name\":\"%s\",\"address\":\"192.0.2.%u\",\"port\":443,\"protocol\":\"tcp\",\"policy\":\"p\",\"argv\":[\"a|b=c\\\\\"],\"rule\":\"p.yaml:%u: fs|deny=\"}",
             run, number, run, types[trail_random(trail, ARRAY_COUNT(types))], paths[trail_random(trail, ARRAY_COUNT(paths))],
             hosts[trail_random(trail, ARRAY_COUNT(hosts))], trail_random(trail, 5), number % 3);
    trail_add(trail, actor, event);
}

void trail_fill(struct trail *trail, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        add_random(trail, i);
    check_int(log_commit(trail->writer, NULL, NULL), 0);
    check_int(log_checkpoint(trail->writer, NULL), 0);
}

struct options trail_options(const struct trail *trail)
{
    return (struct options){.log = trail->log, .keys = trail->keys};
}

char *trail_run(struct trail *trail, int (*command)(const struct options *, struct error *), const struct options *options, struct error *err)
{
    int fd = open(trail->out, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), before = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10), status;
    struct error why = ERROR_INIT;
    char *text = NULL;
    size_t size;

    check(fd >= 0 && before >= 0);
    fflush(stdout);
    check(dup2(fd, STDOUT_FILENO) >= 0);
    status = command(options, &why);
    check(dup2(before, STDOUT_FILENO) >= 0);
    close(before);
    close(fd);
    if (err)
        *err = why;
    if (!err && status < 0)
        test_fail(__FILE__, __LINE__, "%s", why.text);
    if (err)
        check(status < 0);
    check_int(file_read(trail->out, 64 << 20, &text, &size, NULL), 0);
    return text;
}
