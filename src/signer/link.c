/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/link.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "protocol/socket.h"

#define STEP_ANSWERS 64 /* heard at once: others want to be heard, too */

/* A question, or with answered == NULL what is said of a member: this is of one connection, and not said over another. */
struct item {
    struct item *next;
    struct signer_member *member; /* NULL = it has left */
    struct protocol_out out;
    uint32_t request;
    bool is_sent, refreshes;
    uint64_t due_ns;
    signer_answered *answered;
    void *context;
};

struct signer_link {
    int fd;
    uint64_t connection; /* the how-manieth */
    uint32_t request;
    struct item *first;
    size_t count;
    unsigned sent;
    struct item **at; /* where what is said now comes to stand */
    struct signer_member *hearing;
    struct protocol_received received;
};

int signer_link_new(struct signer_link **ret_link, struct error *err)
{
    struct signer_link *link = mem_alloc(sizeof(*link));

    if (!link)
        return error_memory(err);
    link->fd = -1;
    *ret_link = link;
    return 0;
}

static void take_out(struct signer_link *link, struct item **at)
{
    struct item *item = *at;

    *at = item->next;
    link->count--;
    link->sent -= item->is_sent;
    if (link->at == &item->next)
        link->at = at;
    protocol_free(&item->out);
    mem_free(item);
}

void signer_link_free(struct signer_link *link)
{
    if (!link)
        return;
    while (link->first)
        take_out(link, &link->first);
    fd_close_at(&link->fd);
    mem_free(link);
}

int signer_link_fd(const struct signer_link *link)
{
    return link->fd;
}

static struct item *put_in(struct signer_link *link, struct item **at, uint16_t type, struct signer_member *member)
{
    struct item *item = mem_alloc(sizeof(*item));

    if (!item)
        return NULL;
    item->member = member;
    item->request = ++link->request;
    item->next = *at;
    *at = item;
    link->count++;
    protocol_begin(&item->out, type, item->request);
    return item;
}

/* Behind all others. */
static struct item **last(struct signer_link *link)
{
    struct item **at = &link->first;

    while (*at)
        at = &(*at)->next;
    return at;
}

/* ---- sending ---- */

int signer_link_say(struct signer_link *link, const char *name, const char *facts, const char *const *allowed, struct error *err)
{
    struct item *item = put_in(link, link->at, PROTOCOL_SIGN_OPEN, (*link->at)->member);

    if (!item)
        return error_memory(err);
    protocol_add_text(&item->out, TAG_SIGN_NAME, name);
    if (facts)
        protocol_add_bytes(&item->out, TAG_SIGN_FACTS, facts, strlen(facts));
    if (allowed)
        protocol_add_number(&item->out, TAG_IS_SET, 1); /* those that follow, also where there are none */
    for (size_t i = 0; allowed && allowed[i]; i++)
        protocol_add_text(&item->out, TAG_SIGN_ALLOWED, allowed[i]);
    link->at = &item->next;
    return 0;
}

/* Who asks is known to the signer: what says so is put before the question at `at`. */
static int present(struct signer_link *link, struct item **at, struct error *err)
{
    struct item *question = *at;
    struct signer_member *member = question->member;
    int status;

    member->presented = link->connection;
    member->refused = ERROR_INIT;
    link->at = at;
    status = member->present(member->context, link, err);
    link->at = NULL;
    while (status < 0 && *at != question)
        take_out(link, at);
    if (status < 0)
        member->presented = 0;
    return status;
}

static void answer(struct signer_link *link, struct item **at, int status, const struct protocol_message *message, const struct error *why)
{
    signer_answered *answered = (*at)->answered;
    struct signer_member *member = (*at)->member;
    void *context = (*at)->context;
    const char *bytes = NULL;
    size_t size = 0;

    take_out(link, at);
    if (!member || !answered)
        return;
    if (message)
        bytes = protocol_bytes(message, TAG_SIGN_RESULT, &size);
    answered(context, status, bytes, size, message ? protocol_number(message, TAG_SIGN_UNTIL, 0) : 0, why);
}

/* All that the signer takes at the moment. What cannot be sent because it is gone is found out where it is heard. */
static void send_more(struct signer_link *link)
{
    for (struct item **at = &link->first; *at && link->fd >= 0 && link->sent < SIGNER_LINK_AT_ONCE;) {
        struct item *item = *at;
        struct error err = ERROR_INIT;
        int status = 0;

        if (item->is_sent) {
            at = &item->next;
            continue;
        }
        if (item->answered && item->member && (item->member->presented != link->connection || item->refreshes)) {
            item->refreshes = false;
            status = present(link, at, &err);
            if (status == 0)
                continue; /* what says who it is stands there now */
        }
        if (status == 0) {
            status = protocol_send(link->fd, MSG_DONTWAIT, &item->out, NULL, 0, &err);
            if (status == -EAGAIN || status == -EPIPE || status == -ECONNRESET)
                return;
        }
        if (status < 0) { /* its own fault */
            if (item->member && !item->answered)
                item->member->refused = err;
            answer(link, at, status, NULL, &err);
            at = &link->first;
            continue;
        }
        item->is_sent = true;
        link->sent++;
    }
}

/* ---- connections ---- */

void signer_link_connect(struct signer_link *link, int fd)
{
    fd_close_at(&link->fd);
    link->fd = fd;
    link->connection += fd >= 0;
    for (struct item **at = &link->first; *at;) {
        struct item *item = *at;

        if (!item->answered) {
            take_out(link, at);
            continue;
        }
        link->sent -= item->is_sent;
        item->is_sent = false;
        at = &item->next;
    }
    send_more(link);
    for (struct signer_member *member = fd >= 0 ? link->hearing : NULL, *next; member; member = next) {
        next = member->next;
        member->connected(member->context);
    }
}

int signer_link_serve(struct signer_link *link, const char *within, int *ret_fd, struct error *err)
{
    auto_close int near = -1, far = -1;
    struct item *item;
    int ends[2], status;

    if (link->fd < 0)
        return error_set(err, ERROR_SYSTEM, ENOTCONN, "the signer is not there at the moment");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a socket for the signer");
    near = ends[0];
    far = ends[1];
    item = put_in(link, last(link), PROTOCOL_SIGN_SERVE, NULL);
    if (!item)
        return error_memory(err);
    protocol_add_text(&item->out, TAG_SIGN_NAME, within);
    status = protocol_send(link->fd, MSG_DONTWAIT, &item->out, &far, 1, err);
    if (status < 0) {
        for (struct item **at = &link->first; *at; at = &(*at)->next)
            if (*at == item) {
                take_out(link, at);
                break;
            }
        return status;
    }
    item->is_sent = true;
    link->sent++;
    *ret_fd = take_fd(near);
    return 0;
}

/* ---- hearing ---- */

static struct item **find(struct signer_link *link, uint32_t request)
{
    struct item **at = &link->first;

    while (*at && ((*at)->request != request || !(*at)->is_sent))
        at = &(*at)->next;
    return at;
}

/* What nobody waits for any more is no fault. */
static void heard(struct signer_link *link, const struct protocol_message *message)
{
    struct item **at = find(link, message->request);
    struct signer_member *member = *at ? (*at)->member : NULL;
    struct error why = ERROR_INIT;
    int status = 0;

    if (!*at)
        return;
    if (message->type == PROTOCOL_FAILED) {
        protocol_read_error(message, &why);
        status = why.errnum > 0 ? -why.errnum : -EIO;
    }
    if (status < 0 && member && !(*at)->answered && !member->refused.kind)
        member->refused = why;
    if (status < 0 && member && (*at)->answered && member->refused.kind) {
        why = member->refused; /* that it is not known there is not the reason */
        member->presented = 0; /* tried again with the next question */
    }
    answer(link, at, status, status < 0 ? NULL : message, &why);
}

bool signer_link_step(struct signer_link *link)
{
    for (int i = 0; i < STEP_ANSWERS && link->fd >= 0; i++) {
        int status = protocol_receive(link->fd, MSG_DONTWAIT, &link->received, NULL);

        if (status == -EAGAIN)
            break;
        if (status > 0 && protocol_permit(&link->received.message, PROTOCOL_SIGNER, PROTOCOL_KEEPER, PROTOCOL_JOINED, link->received.fd_count, NULL) < 0)
            status = -EPROTO;
        protocol_drop(&link->received);
        if (status <= 0)
            return false;
        heard(link, &link->received.message);
    }
    send_more(link);
    return true;
}

uint64_t signer_link_expire(struct signer_link *link, uint64_t now_ns)
{
    struct error why = ERROR_INIT;
    uint64_t next = 0;

    (void)!error_set(&why, ERROR_SYSTEM, ETIMEDOUT, link->fd < 0 ? "the signer is not there, for %d s by now: ask again" : "the signer did not answer in %d s: ask again", SIGNER_WAIT_S);
    for (struct item **at = &link->first; *at;) {
        struct item *item = *at;

        if (item->answered && item->due_ns <= now_ns) {
            answer(link, at, -ETIMEDOUT, NULL, &why);
            at = &link->first;
            next = 0;
            continue;
        }
        if (item->answered && (!next || item->due_ns < next))
            next = item->due_ns;
        at = &item->next;
    }
    return next;
}

bool signer_link_is_late(const struct signer_link *link, uint64_t now_ns)
{
    for (const struct item *item = link->first; item; item = item->next)
        if (item->answered && item->is_sent && item->due_ns + SIGNER_LINK_LATE_MS * NS_PER_MS < now_ns + SIGNER_WAIT_S * NS_PER_S)
            return true;
    return false;
}

void signer_link_fail(struct signer_link *link, const struct error *why)
{
    for (struct item **at = &link->first; *at;) {
        if (!(*at)->answered) {
            at = &(*at)->next;
            continue;
        }
        answer(link, at, why->errnum > 0 ? -why->errnum : -EIO, NULL, why);
        at = &link->first;
    }
}

/* ---- members ---- */

int signer_link_ask(struct signer_link *link, struct signer_member *member, const struct signer_question *question, signer_answered *answered,
                    void *context, struct error *err)
{
    struct item *item;

    if (link->count >= SIGNER_LINK_WAITING)
        return error_set(err, ERROR_LIMIT, EAGAIN, "more than %d questions wait for the signer: ask again later", SIGNER_LINK_WAITING);
    item = put_in(link, last(link), PROTOCOL_SIGN_ASK, member);
    if (!item)
        return error_memory(err);
    signer_question_put(&item->out, member->name, question);
    item->refreshes = strcmp(question->what, "attestation") == 0; /* how it is contained may have changed */
    item->due_ns = clock_monotonic_ns() + SIGNER_WAIT_S * NS_PER_S;
    item->answered = answered;
    item->context = context;
    send_more(link);
    return 0;
}

void signer_link_hear(struct signer_link *link, struct signer_member *member)
{
    member->next = link->hearing;
    link->hearing = member;
}

static void hear_no_more(struct signer_link *link, const struct signer_member *member)
{
    for (struct signer_member **at = &link->hearing; *at; at = &(*at)->next)
        if (*at == member) {
            *at = member->next;
            return;
        }
}

void signer_link_leave(struct signer_link *link, struct signer_member *member)
{
    bool is_known = link->fd >= 0 && member->presented == link->connection;
    struct error why = ERROR_INIT;
    struct item *item;

    (void)!error_set(&why, ERROR_SYSTEM, ECANCELED, "the container has ended");
    hear_no_more(link, member);
    for (struct item **at = &link->first; *at;) {
        if ((*at)->member == member) {
            answer(link, at, -ECANCELED, NULL, &why);
            at = &link->first;
            continue;
        }
        at = &(*at)->next;
    }
    member->presented = 0;
    if (!is_known)
        return;
    item = put_in(link, last(link), PROTOCOL_SIGN_CLOSE, NULL);
    if (item)
        protocol_add_text(&item->out, TAG_SIGN_NAME, member->name);
    send_more(link);
}
