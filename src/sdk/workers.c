/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All that connects a container to a network, as one thing: there is all of it or none. Events come from the gateway alone;
 * the others have nothing more to say once they are ready.
 */
#include "sdk/workers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/told.h"
#include "worker/channel.h"

#define LAST_WORDS_NS (NS_PER_S / 2) /* for what the gateway has to say in the end */
#define ANSWER_NS     (15 * NS_PER_S) /* more than the gateway waits for the inspector */
#define STEP_MESSAGES 256            /* at once: the container wants attention as well */
#define AUTHORITY_MAX ((off_t)64 << 10)

static bool has_rule(const struct net_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].terminates || rules[i].requests)
            return true;
    return false;
}

bool workers_need_inspector(const struct net_rules *rules)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        if (has_rule(rules->layers[i].allow, rules->layers[i].allow_count) ||
            has_rule(rules->layers[i].deny, rules->layers[i].deny_count))
            return true;
    return false;
}

static int tell_pair(const struct worker *a, uint32_t to_a, const struct worker *b, uint32_t to_b, struct error *err)
{
    auto_close int first = -1, second = -1;
    int ends[2], status = worker_pair(ends, err);

    if (status < 0)
        return status;
    first = ends[0];
    second = ends[1];
    status = worker_tell(a, to_a, first, err);
    return status < 0 ? status : worker_tell(b, to_b, second, err);
}

static uint32_t rules_flags(const struct workers *workers)
{
    return (workers->is_asked ? WORKER_RULES_ASKED : 0u) | (workers->is_logged ? WORKER_RULES_LOGGED : 0u);
}

/* Each may wait for the next message only once all of them run: whoever is told of another finds it there. */
static int tell(struct workers *workers, const struct workers_start *start, int record, struct error *err)
{
    int status = worker_tell_kind(&workers->gateway, WORKER_RULES, rules_flags(workers), record, err);

    if (status < 0 || !start->inspector)
        return status;
    status = worker_tell(&workers->inspector, WORKER_RULES, record, err);
    if (status == 0 && start->holder)
        status = worker_tell(&workers->inspector, WORKER_SECRETS, start->placeholders, err);
    if (status == 0)
        status = worker_tell_kind(&workers->inspector, WORKER_TRUST, start->trust_own, start->trust, err);
    if (status == 0)
        status = tell_pair(&workers->gateway, WORKER_INSPECTOR, &workers->inspector, WORKER_GATEWAY, err);
    if (status == 0 && start->holder)
        status = worker_tell(&workers->holder, WORKER_SECRETS, start->values, err);
    if (status == 0 && start->holder)
        status = worker_tell_kind(&workers->holder, WORKER_TRUST, start->trust_own, start->trust, err);
    if (status == 0 && start->holder)
        status = tell_pair(&workers->inspector, WORKER_HOLDER, &workers->holder, WORKER_INSPECTOR, err);
    if (status == 0)
        status = worker_tell(&workers->inspector, WORKER_BEGIN, -1, err);
    return status < 0 || !start->holder ? status : worker_tell(&workers->holder, WORKER_BEGIN, -1, err);
}

static int rules_seal(const struct net_rules *rules, int *ret_fd, struct error *err)
{
    auto_free void *record = NULL;
    size_t size;
    int status = net_rules_write(rules, &record, &size, err);

    return status < 0 ? status : worker_seal("the rules of the network", record, size, ret_fd, err);
}

void workers_prepare(struct workers *workers, const char *gateway)
{
    struct error ignored = ERROR_INIT;

    if (worker_begin(&workers->gateway, gateway, "cordon-gateway", &ignored) < 0)
        worker_kill(&workers->gateway, NULL);
}

int workers_begin(struct workers *workers, const struct workers_start *start, struct error *err)
{
    auto_close int record = -1;
    int status = rules_seal(start->rules, &record, err);

    workers->rules = start->rules;
    /* the slowest first */
    if (status == 0 && start->inspector)
        status = worker_begin(&workers->inspector, start->inspector, "cordon-inspector", err);
    if (status == 0 && start->holder)
        status = worker_begin(&workers->holder, start->holder, "cordon-holder", err);
    if (status == 0 && workers->gateway.channel < 0)
        status = worker_begin(&workers->gateway, start->gateway, "cordon-gateway", err);
    return status < 0 ? status : tell(workers, start, record, err);
}

static int authority_read(struct workers *workers, int fd, struct error *err)
{
    auto_free char *text = NULL;
    struct stat st;

    if (fstat(fd, &st) < 0 || st.st_size <= 0 || st.st_size > AUTHORITY_MAX)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the inspector gave no authority");
    text = mem_alloc((size_t)st.st_size + 1);
    if (!text)
        return error_memory(err);
    if (pread(fd, text, (size_t)st.st_size, 0) != (ssize_t)st.st_size)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the inspector gave no authority");
    workers->authority = take_ptr(text);
    workers->authority_size = (size_t)st.st_size;
    return 0;
}

int workers_await(struct workers *workers, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    auto_close int authority = -1;
    int status = 0;

    if (!net_rules_open_tls(workers->rules))
        return 0;
    status = worker_await_ready(&workers->inspector, deadline_ns, cancel_fd, &authority, err);
    return status < 0 ? status : authority_read(workers, authority, err);
}

/* Those that nobody had to wait for before there was a network. */
static int await_others(struct workers *workers, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    struct worker *const others[] = {&workers->holder, &workers->inspector};
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(others) && status == 0; i++)
        if (others[i]->channel >= 0 && !others[i]->is_ready)
            status = worker_await_ready(others[i], deadline_ns, cancel_fd, NULL, err);
    return status;
}

int workers_attach(struct workers *workers, int network, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    int status = worker_tell(&workers->gateway, WORKER_ATTACH, network, err);

    fd_close_at(&workers->network);
    workers->network = fcntl(network, F_DUPFD_CLOEXEC, 3);
    if (status == 0 && workers->network < 0)
        return error_system(err, errno, "keep the container's network");
    if (status == 0) /* first who may say more than that the gateway misses it */
        status = await_others(workers, deadline_ns, cancel_fd, err);
    return status < 0 ? status : worker_await_ready(&workers->gateway, deadline_ns, cancel_fd, NULL, err);
}

static bool is_about_held(const struct workers *workers, const struct worker_message *message)
{
    return (message->type == WORKER_HELD || message->type == WORKER_UNHELD) && (workers->is_asked || workers->is_logged) && workers->held;
}

void workers_answer(const struct workers *workers, uint64_t connection, bool is_allowed, uint64_t layers, uint64_t for_ms)
{
    const struct worker_message message = {.type = WORKER_ANSWER,
                                           .kind = is_allowed ? WORKER_ANSWER_ALLOW : WORKER_ANSWER_DENY,
                                           .connection = connection,
                                           .count = layers,
                                           .duration_us = for_ms * 1000};

    if (workers->gateway.channel >= 0)
        (void)!channel_send(workers->gateway.channel, &message, true); /* one that cannot be told is gone, and nothing of its goes on */
}

/* 1 = it is gone. */
static int hear(struct workers *workers, struct worker *worker, struct event_log *log, struct error *err)
{
    struct worker_message message;

    for (int i = 0; i < STEP_MESSAGES && worker->channel >= 0; i++) {
        int status = worker_hear(worker, &message, NULL);

        if (status == -ECONNRESET)
            return 1;
        if (status < 0)
            return error_system(err, -status, "hear %s", worker->name);
        if (status == 0)
            return 0;
        if (message.type == WORKER_EVENT && worker == &workers->gateway)
            status = told_record(workers, &message, log, err);
        else if (worker == &workers->gateway && is_about_held(workers, &message))
            status = workers->held(workers->held_context, &message, err);
        else if (message.type == WORKER_ERROR)
            continue; /* its end comes next */
        else
            status = error_set(err, ERROR_INTERNAL, EBADMSG, "%s said something unknown (%u)", worker->name, message.type);
        if (status < 0)
            return status;
    }
    return 0;
}

/* What the gateway answers, with the events that it tells of before. */
static int await_answer(struct workers *workers, struct event_log *log, struct error *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + ANSWER_NS;

    for (;;) {
        struct worker_message message;
        int status = worker_hear(&workers->gateway, &message, NULL);

        if (status < 0)
            return error_set(err, ERROR_SYSTEM, -status, "the gateway ended: the container has no network any more");
        if (status > 0 && message.type == WORKER_APPLIED)
            return 0;
        if (status > 0 && message.type == WORKER_ERROR)
            return worker_refusal(&message, err);
        if (status == 0)
            status = worker_wait(&workers->gateway, deadline_ns, -1, err);
        else if (is_about_held(workers, &message))
            status = workers->held(workers->held_context, &message, err);
        else if (message.type == WORKER_EVENT)
            status = told_record(workers, &message, log, err);
        else
            return error_set(err, ERROR_INTERNAL, EBADMSG, "the gateway said something unknown (%u)", message.type);
        if (status < 0)
            return status;
    }
}

/* By a gateway that has the rights for it still, and ends with its answer. */
static int capture(const struct workers *workers, const char *program, int record, struct error *err)
{
    struct worker other = WORKER_INIT("the gateway that makes routes");
    int status = worker_begin(&other, program, "cordon-gateway", err);

    if (status == 0)
        status = worker_tell(&other, WORKER_CAPTURE, workers->network, err);
    if (status == 0)
        status = worker_tell_kind(&other, WORKER_RULES, rules_flags(workers), record, err);
    if (status == 0)
        status = worker_await_ready(&other, 0, -1, NULL, err);
    worker_kill(&other, NULL);
    return status;
}

int workers_have_rules(const struct workers *workers, const struct net_rules *rules, struct error *err)
{
    void *own = NULL, *other = NULL;
    size_t own_size = 0, other_size = 0;
    struct net_rules now;
    int status;

    if (!rules || !workers->rules)
        return !rules && !workers->rules;
    now = *rules; /* said at another time, they are the same: an end is a time, and where one has come its rule is not among them */
    now.said_real_ms = workers->rules->said_real_ms;
    now.said_boot_ms = workers->rules->said_boot_ms;
    status = net_rules_write(workers->rules, &own, &own_size, err);
    if (status == 0)
        status = net_rules_write(&now, &other, &other_size, err);
    if (status == 0)
        status = own_size == other_size && memcmp(own, other, own_size) == 0;
    mem_free(own);
    mem_free(other);
    return status;
}

/* What is captured is for these rules now: if they do not hold in the end, for the former ones again. */
static int apply_captured(struct workers *workers, const char *program, int record, struct event_log *log, struct error *err)
{
    auto_close int former = -1;
    int status = rules_seal(workers->rules, &former, err);

    if (status == 0)
        status = capture(workers, program, record, err);
    if (status < 0)
        return status;
    status = worker_tell_kind(&workers->gateway, WORKER_RULES, WORKER_RULES_CAPTURED | rules_flags(workers), record, err);
    if (status == 0)
        status = await_answer(workers, log, err);
    if (status < 0 && capture(workers, program, former, NULL) < 0)
        error_prepend(err, "(and what the former rules need could not be made again)");
    return status;
}

int workers_set_rules(struct workers *workers, const char *program, const struct net_rules *rules, struct event_log *log,
                      struct error *err)
{
    struct error refused = ERROR_INIT;
    auto_close int record = -1;
    int status;

    if (workers->gateway.channel < 0)
        return error_set(err, ERROR_SYSTEM, ECONNRESET, "the gateway ended: the container has no network any more");
    status = rules_seal(rules, &record, err);
    if (status == 0)
        status = worker_tell_kind(&workers->gateway, WORKER_RULES, rules_flags(workers), record, err);
    if (status < 0)
        return status;
    status = await_answer(workers, log, &refused);
    if (status < 0 && refused.kind == ERROR_UNENFORCEABLE) {
        refused = (struct error)ERROR_INIT;
        status = apply_captured(workers, program, record, log, &refused);
    }
    if (status == 0)
        workers->rules = rules;
    else if (err)
        *err = refused;
    return status;
}

static struct worker *const *all(struct workers *workers, struct worker *list[WORKERS_MAX])
{
    list[0] = &workers->holder;
    list[1] = &workers->inspector;
    list[2] = &workers->gateway;
    return list;
}

/* Who was the first: the gateway goes when it misses the inspector, which goes when it misses the holder. */
static struct worker *find_ended(struct workers *workers)
{
    struct worker *list[WORKERS_MAX];

    all(workers, list);
    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (worker_has_ended(list[i]))
            return list[i];
    return NULL;
}

static int record_gone(struct workers *workers, struct worker *first, struct event_log *log, struct error *err)
{
    struct worker *ended = find_ended(workers);
    siginfo_t how;
    char text[128];
    int status;

    if (!ended)
        ended = first; /* without a channel it has nothing to live for */
    worker_kill(ended, &how);
    workers_kill(workers);
    status = workers->held ? workers->held(workers->held_context, NULL, err) : 0;
    if (status < 0)
        return status;
    snprintf(text, sizeof(text), "%s ended (%s %d): the container has no network any more", ended->name,
             how.si_code == CLD_EXITED ? "status" : "signal", how.si_status);
    return event_network_gone(log, text, err);
}

int workers_step(struct workers *workers, struct event_log *log, struct error *err)
{
    struct worker *list[WORKERS_MAX], *gone = NULL;

    all(workers, list);
    for (size_t i = WORKERS_MAX; i-- > 0;) { /* the gateway first: what it had to say is heard */
        int status = hear(workers, list[i], log, err);

        if (status < 0)
            return status;
        if (status > 0)
            gone = list[i];
    }
    return gone ? record_gone(workers, gone, log, err) : 0;
}

size_t workers_watched(const struct workers *workers, int fds[WORKERS_MAX])
{
    const int channels[WORKERS_MAX] = {workers->gateway.channel, workers->inspector.channel, workers->holder.channel};
    size_t count = 0;

    for (size_t i = 0; i < WORKERS_MAX; i++)
        if (channels[i] >= 0)
            fds[count++] = channels[i];
    return count;
}

int workers_end(struct workers *workers, struct event_log *log, struct error *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + LAST_WORDS_NS;
    int status = 0;

    if (workers->gateway.channel >= 0)
        shutdown(workers->gateway.channel, SHUT_WR);
    while (status == 0 && workers->gateway.channel >= 0) {
        status = hear(workers, &workers->gateway, log, err);
        if (status == 0 && worker_wait(&workers->gateway, deadline_ns, -1, NULL) < 0)
            break;
    }
    if (status > 0) { /* its ports are shut: that was before its last word */
        worker_leave(&workers->gateway);
        worker_leave(&workers->inspector);
        worker_leave(&workers->holder);
    }
    workers_kill(workers);
    return status < 0 ? status : event_network_end(log, err);
}

void workers_kill(struct workers *workers)
{
    worker_kill(&workers->gateway, NULL);
    worker_kill(&workers->inspector, NULL);
    worker_kill(&workers->holder, NULL);
    fd_close_at(&workers->network);
    workers->network = -1;
    mem_free(take_ptr(workers->authority));
    workers->authority_size = 0;
    told_forget(workers);
}
