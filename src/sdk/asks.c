/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The questions of one run. Whatever is not answered, or cannot be, is refused as it would have been without anybody being asked;
 * what is allowed is opened here, the file that was asked about and no other, and handed to process 1.
 */
#include "sdk/asks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "sdk/container.h"
#include "sdk/pending.h"
#include "sdk/remote.h"

#define POLICY_SIZE_MAX (1024 * 1024)

static struct ask *first(const struct asks *asks)
{
    return asks->count ? asks->queue[0] : NULL;
}

static struct ask *take_at(struct asks *asks, size_t at)
{
    struct ask *ask = asks->queue[at];

    memmove(asks->queue + at, asks->queue + at + 1, (--asks->count - at) * sizeof(asks->queue[0]));
    if (at == 0)
        asks->is_standing = false;
    return ask;
}

void asks_close(struct asks *asks)
{
    while (asks->count)
        ask_free(take_at(asks, asks->count - 1));
}

uint64_t asks_next_ns(const struct asks *asks)
{
    uint64_t next = 0;

    for (size_t i = 0; i < asks->count; i++)
        if (!next || asks->queue[i]->until_ns < next)
            next = asks->queue[i]->until_ns;
    for (size_t i = 0; i < asks->before_count; i++) {
        uint64_t boot = clock_boot_ns(), ends = asks->before[i].ends_ns, at;

        at = clock_monotonic_ns() + (ends > boot ? ends - boot : 0);
        if (ends && (!next || at < next))
            next = at;
    }
    return next;
}

/* ---- what was said before ---- */

/* -1 = nothing. */
static int find_before(const struct asks *asks, const char *digest)
{
    for (size_t i = 0; i < asks->before_count; i++)
        if (strcmp(asks->before[i].digest, digest) == 0)
            return (int)i;
    return -1;
}

/* By the wall's clock, for people; 0 = without an end. */
static uint64_t until_of(const struct ask *ask)
{
    return ask->for_ms ? clock_real_ns() / NS_PER_MS + ask->for_ms : 0;
}

static void remember(struct asks *asks, const struct ask *ask, bool is_allowed)
{
    const char *digest = ask->digest;
    int at = find_before(asks, digest);

    if (at < 0 && asks->before_count == ASKS_QUESTIONS_MAX)
        return;
    if (at < 0) {
        at = (int)asks->before_count++;
        memcpy(asks->before[at].digest, digest, DIGEST_TEXT_SIZE);
    }
    asks->before[at].is_connection = ask->connection;
    asks->before[at].is_allowed = is_allowed;
    asks->before[at].denials += !is_allowed;
    asks->before[at].number = asks->number;
    asks->before[at].ends_ns = is_allowed && ask->for_ms ? clock_boot_ns() + ask->for_ms * NS_PER_MS : 0;
    asks->before[at].until_ms = until_of(ask);
}

/* Whatever was allowed until now is a question again. */
static int forget_ended(struct cordon_container *container, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = 0;

    for (size_t i = 0; i < asks->before_count && status == 0; i++) {
        char question[48];

        if (!asks->before[i].ends_ns || asks->before[i].ends_ns > clock_boot_ns())
            continue;
        asks->before[i].is_allowed = false;
        asks->before[i].ends_ns = 0;
        snprintf(question, sizeof(question), "the answer to question %" PRIu64, asks->before[i].number);
        status = event_grant_ended(container->log, question, asks->before[i].until_ms, err);
    }
    return status;
}

void asks_network_changed(struct asks *asks)
{
    for (size_t i = 0; i < asks->before_count; i++)
        asks->before[i].is_allowed = asks->before[i].is_allowed && !asks->before[i].is_connection;
}

/* ---- answers to process 1 ---- */

/* What it got without anybody being asked. Of a connection the gateway records that. */
static int deny(struct cordon_container *container, struct ask *ask, struct error *err)
{
    int status;

    if (ask->connection) {
        workers_answer(&container->workers, ask->connection, false, 0, 0);
        ask_free(ask);
        return 0;
    }
    (void)container->assembly.ops->answer(container->run, ask->access.ask, -1); /* who does not hear it refuses by itself */
    ask->access.ask = 0;
    status = told_access(&container->denials, container->assembly.plan, container->log, &ask->access, ask->access.source, 0, err);
    ask_free(ask);
    return status;
}

/* The file itself, by the name that was shown: -ESTALE where that is another one now. */
static int allow(struct cordon_container *container, const struct ask *ask, struct error *err)
{
    const struct tier_exact exact = {ask->object, ask->path, ask->flags};
    auto_close int fd = -1;
    int status;

    if (ask->connection) {
        workers_answer(&container->workers, ask->connection, true, ask->layers, ask->for_ms);
        return 0;
    }
    status = container->assembly.ops->open_exact(&exact, &fd, err);
    if (status < 0)
        return status;
    status = container->assembly.ops->answer(container->run, ask->access.ask, fd);
    return status < 0 ? error_system(err, -status, "answer process 1") : 0;
}

/* ---- the record ---- */

static struct event_approval approval_of(const struct asks *asks, const struct ask *ask, const char *answer, uint64_t count)
{
    return (struct event_approval){
        .number = asks->number,
        .digest = ask->digest,
        .operation = ask->operation,
        .path = ask->connection ? NULL : ask->path,
        .named = ask->access.named,
        .name = ask->host,
        .address = ask->address_text,
        .port = ask->port,
        .pid = ask->access.process.pid,
        .exe = ask->access.process.exe,
        .timeout_ms = asks->timeout_ms,
        .answer = answer,
        .until_ms = until_of(ask),
        .count = count,
    };
}

static int record_asked(struct cordon_container *container, struct error *err)
{
    struct asks *asks = &container->asks;
    struct ask *ask = first(asks);
    struct event_approval approval;
    const char *rule;

    asks->number++;
    rule = arena_printf(ask->arena, "%s: %s", ask->rule.member, ask->rule.value);
    if (!rule)
        return error_memory(err);
    approval = approval_of(asks, ask, NULL, 1);
    approval.rule = rule;
    asks->is_standing = true;
    return event_approval_asked(container->log, &approval, err);
}

static int record_answered(struct cordon_container *container, const struct ask *ask, const char *answer, bool is_by_person,
                           const char *rule, uint64_t count, struct error *err)
{
    struct event_approval approval = approval_of(&container->asks, ask, answer, count);

    approval.has_uid = is_by_person;
    approval.uid = is_by_person ? (unsigned)getuid() : 0;
    approval.rule = rule;
    return event_approval_answered(container->log, &approval, err);
}

/* audit.mode: required: the answer is in the log before anything follows from it. */
static int record_pending(struct cordon_container *container, const struct ask *ask, const char *answer, struct error *err)
{
    struct event_approval approval = approval_of(&container->asks, ask, answer, 1);

    if (!pending_is_required(container))
        return 0;
    event_pending(container->log);
    return event_settle(container->log, event_approval_answered(container->log, &approval, err), err);
}

/* What was allowed before, once more. */
static int allow_again(struct cordon_container *container, const struct ask *ask, struct error *err)
{
    int status = record_pending(container, ask, "run", err);

    return status < 0 ? status : allow(container, ask, err);
}

/* ---- the queue ---- */

/* Let the next one stand. Without a number left for it, all that wait are refused. */
static int advance(struct cordon_container *container, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = 0;

    if (asks->count && !asks->is_standing && asks->number < ASKS_QUESTIONS_MAX)
        return record_asked(container, err);
    while (asks->count && !asks->is_standing && status == 0)
        status = deny(container, take_at(asks, 0), err);
    return status;
}

/* The first, and all that are equal to it. *ret_count: so many. */
static int deny_equal(struct cordon_container *container, uint64_t *ret_count, struct error *err)
{
    struct asks *asks = &container->asks;
    char digest[DIGEST_TEXT_SIZE];
    int status = 0;

    memcpy(digest, first(asks)->digest, sizeof(digest));
    *ret_count = 0;
    for (size_t i = 0; i < asks->count && status == 0;) {
        if (strcmp(asks->queue[i]->digest, digest) != 0) {
            i++;
            continue;
        }
        ++*ret_count;
        status = deny(container, take_at(asks, i), err);
    }
    return status;
}

/* What was said before decides before anything costs much: a program may ask in a loop. 1 = it is allowed, 0 = a question, negative: refused. */
static int recall(struct cordon_container *container, struct ask *ask)
{
    const struct asks *asks = &container->asks;
    int before = find_before(asks, ask->digest);
    uint64_t boot = clock_boot_ns(), ends = before >= 0 ? asks->before[before].ends_ns : 0;

    if (ends && ends <= boot)
        return 0;
    ask->for_ms = ends ? (ends - boot) / NS_PER_MS + 1 : 0;
    if (before >= 0 && asks->before[before].is_allowed)
        return allow_again(container, ask, NULL) < 0 ? -ESTALE : 1;
    return before >= 0 && asks->before[before].denials >= ASKS_DENIALS_MAX ? -EACCES : 0;
}

static bool is_closed(const struct cordon_container *container)
{
    return container->asks.count == ASKS_QUEUE_MAX || container->cause != CAUSE_NONE;
}

/* 1 = it waits, or is allowed; 0 = nobody is asked. `ask` is given away where it is 1. */
static int consider(struct cordon_container *container, struct ask **given, struct error *err)
{
    struct asks *asks = &container->asks;
    struct ask *ask = *given;
    int status = recall(container, ask);

    if (status != 0)
        return status > 0;
    if (asks->number >= ASKS_QUESTIONS_MAX)
        return 0;
    status = ask->connection ? asks_judge_connection(container, ask, err) : asks_judge(container, ask, err);
    if (status <= 0)
        return status;
    ask->until_ns = clock_monotonic_ns() + asks->timeout_ms * NS_PER_MS;
    asks->queue[asks->count++] = take_ptr(*given);
    status = advance(container, err);
    return status < 0 ? status : 1;
}

int asks_take(struct cordon_container *container, const struct tier_access *access, struct error *err)
{
    struct ask *ask auto_ask = NULL;
    int status = denials_index(&container->denials, container->assembly.plan, err);

    if (status == 0 && !is_closed(container))
        status = asks_find(container, access, &ask, err);
    if (status == 0 && ask)
        status = consider(container, &ask, err);
    if (status == 0)
        (void)container->assembly.ops->answer(container->run, access->ask, -1);
    return status;
}

static int end_standing(struct cordon_container *container, const char *answer, struct error *err)
{
    const struct ask *ask = first(&container->asks);

    return container->asks.is_standing ? record_answered(container, ask, answer, false, NULL, 1, err) : 0;
}

static int forget_at(struct cordon_container *container, size_t at, struct error *err)
{
    int status = at == 0 ? end_standing(container, "withdrawn", err) : 0;

    ask_free(take_at(&container->asks, at));
    return status;
}

int asks_forget(struct cordon_container *container, uint64_t number, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = 0;

    for (size_t i = 0; i < asks->count && status == 0; i++)
        if (!asks->queue[i]->connection && asks->queue[i]->access.ask == number) {
            status = forget_at(container, i, err);
            break;
        }
    return status < 0 ? status : advance(container, err);
}

/* `connection` 0: all of them. */
static int forget_connection(struct cordon_container *container, uint64_t connection, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = 0;

    for (size_t i = asks->count; i-- > 0 && status == 0;)
        if (asks->queue[i]->connection && (!connection || asks->queue[i]->connection == connection))
            status = forget_at(container, i, err);
    return status < 0 ? status : advance(container, err);
}

static int hold(struct cordon_container *container, const struct worker_message *message, struct error *err)
{
    struct ask *ask auto_ask = NULL;
    int status = denials_index(&container->denials, container->assembly.plan, err);

    if (status == 0 && !is_closed(container))
        status = asks_find_connection(container, message, &ask, err);
    if (status == 0 && ask)
        status = consider(container, &ask, err);
    if (status == 0)
        workers_answer(&container->workers, message->connection, false, 0, 0);
    return status < 0 ? status : 0;
}

int asks_held(struct cordon_container *container, const struct worker_message *message, struct error *err)
{
    if (container->state != CONTAINER_RUNNING)
        return 0;
    if (message && message->type == WORKER_HELD)
        return hold(container, message, err);
    return forget_connection(container, message ? message->connection : 0, err);
}

int asks_end(struct cordon_container *container, struct error *err)
{
    int status = end_standing(container, "withdrawn", err);

    asks_close(&container->asks);
    return status;
}

int asks_step(struct cordon_container *container, uint64_t now_ns, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = forget_ended(container, err);

    for (size_t i = 0; i < asks->count && status == 0;) {
        if (asks->queue[i]->until_ns > now_ns) {
            i++;
            continue;
        }
        if (i == 0 && asks->is_standing) {
            remember(asks, asks->queue[0], false);
            status = end_standing(container, "timeout", err);
        }
        if (status == 0)
            status = deny(container, take_at(asks, i), err);
    }
    return status < 0 ? status : advance(container, err);
}

/* ---- for the library's callers ---- */

int cordon_request_set_ask(struct cordon_request *request, uint64_t timeout_ms, struct cordon_error *err)
{
    if (timeout_ms > ASKS_TIMEOUT_MAX_MS)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "a question stands for at most an hour");
    request->ask_ms = timeout_ms;
    return 0;
}

int cordon_container_approval(const struct cordon_container *container, struct cordon_approval *ret_approval)
{
    const struct asks *asks = &container->asks;
    const struct ask *ask = first(asks);
    uint64_t now = clock_monotonic_ns();

    if (container->remote && container->state == CONTAINER_RUNNING)
        return remote_approval(container->remote, ret_approval);
    if (container->state != CONTAINER_RUNNING || !ask || !asks->is_standing)
        return 0;
    *ret_approval = (struct cordon_approval){
        .number = asks->number,
        .digest = ask->digest,
        .operation = operation_name(ask->operation),
        .path = ask->path,
        .named = ask->access.named,
        .exe = ask->access.process.exe,
        .text = ask->text,
        .rule_file = ask->rule.file,
        .pid = (int32_t)ask->access.process.pid,
        .left_ms = ask->until_ns > now ? (ask->until_ns - now) / NS_PER_MS : 0,
    };
    return 1;
}

static int write_rule(struct cordon_container *container, const struct ask *ask, struct error *err)
{
    char *before auto_free = NULL, *now auto_free = NULL, *after auto_free = NULL;
    const char *file = asks_file(&container->assembly, ask->arena, ask->rule.file);
    struct rule_place place = {.variables = &container->assembly.variables, .name = file};
    size_t size;
    int status;

    if (!file)
        return error_set(err, ERROR_INVALID, ENOENT,
                         "there is no one policy file that the rule belongs to: run with --policy FILE, or allow it for this run");
    status = file_read(file, POLICY_SIZE_MAX, &before, &place.size, err);
    place.text = before;
    if (status == 0)
        status = ask->connection ? askable_write_connection(&place, &ask->rule, &after, err)
                                 : askable_write(&place, &ask->rule, ask->path, &after, err);
    if (status == 0)
        status = file_read(file, POLICY_SIZE_MAX, &now, &size, err);
    if (status < 0)
        return status;
    if (strcmp(before, now) != 0)
        return error_set(err, ERROR_SYSTEM, EAGAIN, "%s was changed meanwhile; answer again", file);
    return file_replace(file, after, strlen(after), err);
}

static int answer_deny(struct cordon_container *container, struct error *err)
{
    struct ask *ask = first(&container->asks);
    uint64_t count = 1;
    int status;

    remember(&container->asks, ask, false);
    for (size_t i = 1; i < container->asks.count; i++)
        count += strcmp(container->asks.queue[i]->digest, ask->digest) == 0;
    status = record_answered(container, ask, "deny", true, NULL, count, err);
    return status < 0 ? status : deny_equal(container, &count, err);
}

/* Those that are equal are opened as well; who finds another file in its place by then is refused. */
static int allow_equal(struct cordon_container *container, const char *digest, uint64_t for_ms, struct error *err)
{
    struct asks *asks = &container->asks;
    int status = 0;

    for (size_t i = 0; i < asks->count && status == 0;) {
        struct ask *ask = asks->queue[i];

        if (strcmp(ask->digest, digest) != 0) {
            i++;
            continue;
        }
        take_at(asks, i);
        ask->for_ms = for_ms;
        if (allow_again(container, ask, NULL) < 0)
            status = deny(container, ask, err);
        else
            ask_free(ask);
    }
    return status;
}

/* Recorded before it is done: no file is opened that the record does not know of. */
static int answer_allow(struct cordon_container *container, enum cordon_answer answer, struct error *err)
{
    static const char *const words[] = {[CORDON_ANSWER_ONCE] = "once", [CORDON_ANSWER_RUN] = "run", [CORDON_ANSWER_RULE] = "rule"};
    struct ask *ask auto_ask = NULL;
    const char *rule = NULL;
    struct error failure = ERROR_INIT;
    int status = record_pending(container, first(&container->asks), words[answer], err);

    if (status < 0) /* the question stands */
        return status;
    if (answer == CORDON_ANSWER_RULE && (first(&container->asks)->connection || asks_try(container, first(&container->asks), NULL) == 0))
        status = write_rule(container, first(&container->asks), err);
    else if (answer == CORDON_ANSWER_RULE)
        answer = CORDON_ANSWER_ONCE; /* which will be refused, and no rule is written for what is not there */
    if (status < 0)
        return status;
    ask = take_at(&container->asks, 0);
    if (answer == CORDON_ANSWER_RULE)
        rule = ask->rule.value;
    status = record_answered(container, ask, words[answer], true, rule, 1, err);
    if (status < 0)
        return status;
    if (allow(container, ask, &failure) < 0) {
        status = record_answered(container, ask, "changed", false, NULL, 1, err);
        if (status == 0)
            status = deny(container, take_ptr(ask), err);
        if (status == 0 && err)
            *err = failure;
        return status < 0 ? status : -ESTALE;
    }
    if (answer == CORDON_ANSWER_ONCE)
        return 0;
    remember(&container->asks, ask, true);
    return allow_equal(container, ask->digest, ask->for_ms, err);
}

static int give_answer(struct cordon_container *container, uint64_t number, const char *digest, enum cordon_answer answer, uint64_t for_ms, struct error *err)
{
    const struct asks *asks = &container->asks;
    int status, next;

    if (container->remote && digest)
        return remote_answer(container->remote, number, digest, answer, for_ms, err);
    if (container->state != CONTAINER_RUNNING || !asks->is_standing || asks->number != number || !digest ||
        strcmp(first(asks)->digest, digest) != 0)
        return error_set(err, ERROR_INVALID, ESTALE, "question %" PRIu64 " does not stand any more", number);
    first(asks)->for_ms = for_ms;
    status = answer == CORDON_ANSWER_DENY ? answer_deny(container, err) : answer_allow(container, answer, err);
    next = advance(container, status < 0 ? NULL : err);
    return status < 0 ? status : next;
}

int cordon_container_answer(struct cordon_container *container, uint64_t number, const char *digest, enum cordon_answer answer,
                            struct cordon_error *public)
{
    struct error *err = public_error(public);

    if (answer < CORDON_ANSWER_DENY || answer > CORDON_ANSWER_RULE)
        return error_set(err, ERROR_INVALID, EINVAL, "answer %d: 0 (deny) to 3 (write the rule) are known", (int)answer);
    return give_answer(container, number, digest, answer, 0, err);
}

int cordon_container_answer_for(struct cordon_container *container, uint64_t number, const char *digest, uint64_t for_ms, struct cordon_error *public)
{
    struct error *err = public_error(public);

    if (!for_ms || for_ms > ASKS_FOR_MAX_MS)
        return error_set(err, ERROR_INVALID, EINVAL, "for how long: from 1 ms to 366 days");
    return give_answer(container, number, digest, CORDON_ANSWER_RUN, for_ms, err);
}
