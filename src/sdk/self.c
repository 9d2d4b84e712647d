/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side: records of a hostile program are read as they come, whole or not at all. */
#include "sdk/self.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "author/why.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/path.h"

static void place_clear(struct self *self, size_t place)
{
    fd_close_at(&self->fds[place]);
    self->fds[place] = -1;
    self->resting |= 1u << place;
    self->asked &= ~(1u << place);
    self->waiting &= ~(1u << place);
    self->serial[place]++;
}

/* Who says nothing keeps nobody out for ever: who is turned away leaves a place to the next one. In each step to one: many that
 * come at once do not drive out all that were there, who may have something to say. */
void self_take(struct self *self, int fd)
{
    for (size_t i = 0; i < SELF_SOCKETS; i++)
        if (self->fds[i] < 0 && !(self->resting >> i & 1)) {
            self->fds[i] = fd;
            return;
        }
    close(fd);
    if (self->resting)
        return;
    place_clear(self, self->next_out);
    self->next_out = (self->next_out + 1) % SELF_SOCKETS;
}

void self_close(struct self *self)
{
    for (size_t i = 0; i < SELF_SOCKETS; i++) {
        fd_close_at(&self->fds[i]);
        self->fds[i] = -1;
        self->serial[i]++; /* an answer that is still to come is nobody's */
    }
    self->waiting = self->asked = 0;
}

/* ---- answers ---- */

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

static bool is_whole(const struct self_ask *ask)
{
    return ask->magic == SELF_MAGIC && ends(ask->path, sizeof(ask->path)) && ends(ask->second, sizeof(ask->second)) &&
           ends(ask->host, sizeof(ask->host)) && ends(ask->limit, sizeof(ask->limit)) && ask->operation < OPERATION_COUNT_ &&
           ask->port <= 65535 && ask->protocol <= NET_ICMP;
}

static int question_read(const struct self_ask *ask, char name[NET_NAME_SIZE], struct question *ret_question)
{
    struct question question = {
        .operation = (enum operation)ask->operation,
        .path = ask->path[0] ? ask->path : ask->limit[0] ? ask->limit : NULL,
        .second = ask->second[0] ? ask->second : NULL,
        .exists = ask->operation != OPERATION_CREATE, /* whatever there is outside: the answer must not tell */
        .port = ask->port,
        .protocol = ask->protocol,
        .call = ask->call,
    };

    if (question.operation == OPERATION_NONE || (ask->path[0] && ask->path[0] != '/') || (ask->second[0] && ask->second[0] != '/'))
        return -EINVAL;
    if (ask->host[0] && net_address_parse(ask->host, strlen(ask->host), &question.address) < 0) {
        if (net_name_canonical(ask->host, strlen(ask->host), name, NULL) < 0)
            return -EINVAL;
        question.host = name;
    }
    *ret_question = question;
    return 0;
}

static const char *member_of(const struct judged *judged)
{
    return judged->origin ? judged->origin->member : NULL;
}

static void print_json(struct text *out, const struct question *question, const struct judged *judged)
{
    struct json json = JSON_INIT(out, 0);

    json_begin_object(&json, NULL);
    json_add_string(&json, "schema", "cordon-why-self/1");
    json_add_string(&json, "operation", operation_name(question->operation));
    json_add_string(&json, "path", question->path);
    json_add_string(&json, "second", question->second);
    json_add_string(&json, "host", question->host);
    json_add_string(&json, "judgement", judgement_name(judged->judgement));
    json_add_string(&json, "errno", judged->errnum ? strerrorname_np(judged->errnum) : NULL);
    json_add_string(&json, "layer", judged->first ? mechanism_name(judged->first) : NULL);
    json_add_string(&json, "rule", member_of(judged));
    json_add_string(&json, "reason", judged->reason);
    json_end(&json);
    text_add(out, "\n");
}

static void print_text(struct text *out, const struct question *question, const struct judged *judged)
{
    bool is_refused = judged->judgement == JUDGED_REFUSED || judged->judgement == JUDGED_HIDDEN;

    why_print_question(out, question);
    text_printf(out, ": %s", judgement_name(judged->judgement));
    if (judged->errnum)
        text_printf(out, " (%s)", strerrorname_np(judged->errnum));
    if (judged->reason && *judged->reason) {
        text_add(out, ", ");
        text_add_safe(out, judged->reason);
    }
    text_add(out, "\n");
    if (member_of(judged)) {
        text_add(out, "rule: ");
        text_add_safe(out, member_of(judged));
        text_add(out, "\n");
    }
    if (judged->judgement == JUDGED_HIDDEN)
        text_add(out, "Whether it exists outside is not told in here.\n");
    if (is_refused)
        text_add(out, "Do not try to get around it: say what is needed and why, to whom runs this. Outside, `cordon why`\n"
                      "with the same words proposes the narrowest rule.\n");
}

static int answer_question(struct text *out, const struct self_ask *ask, const struct denials *denials)
{
    char name[NET_NAME_SIZE];
    struct question question;
    struct judged judged;
    int status = question_read(ask, name, &question);

    if (status < 0)
        return status;
    plan_judge(denials->index, &question, &judged);
    if (judged.judgement == JUDGED_MISSING)
        judged.judgement = JUDGED_ALLOWED;
    if (ask->is_json)
        print_json(out, &question, &judged);
    else
        print_text(out, &question, &judged);
    return 0;
}

/* The last first. */
static int answer_denials(struct text *out, const struct self_ask *ask, const struct denials *denials)
{
    struct json json = JSON_INIT(out, 0);
    size_t there = denials->last ? denials->last_count < DENIALS_LAST ? denials->last_count : DENIALS_LAST : 0;

    if (ask->is_json) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "schema", "cordon-why-self/1");
        json_add_uint(&json, "count", denials->last_count);
        json_begin_array(&json, "denials");
    } else if (!there) {
        text_add(out, "nothing that was refused so far was seen\n");
    } else {
        text_printf(out, "%llu refused so far; the last first:\n", (unsigned long long)denials->last_count);
    }
    for (size_t i = 0; i < there; i++) {
        const struct denial *denial = &denials->last[(denials->last_count - 1 - i) % DENIALS_LAST];

        if (ask->is_json) {
            json_begin_object(&json, NULL);
            json_add_string(&json, "operation", operation_name(denial->operation));
            json_add_string(&json, "object", denial->object);
            json_add_string(&json, "errno", strerrorname_np(denial->errnum));
            json_add_string(&json, "rule", denial->rule[0] ? denial->rule : NULL);
            json_add_string(&json, "reason", denial->reason);
            json_end(&json);
        } else {
            text_printf(out, "  %s ", operation_name(denial->operation));
            text_add_safe(out, denial->object);
            text_printf(out, ": %s, ", strerrorname_np(denial->errnum) ? strerrorname_np(denial->errnum) : "refused");
            text_add_safe(out, denial->reason);
            text_add(out, "\n");
        }
    }
    if (ask->is_json) {
        json_end(&json);
        json_end(&json);
        text_add(out, "\n");
    }
    return 0;
}

/* ---- sockets ---- */

static bool answer_send(int fd, int32_t status, const struct text *text)
{
    size_t size = text->length < SELF_ANSWER_MAX ? text->length : SELF_ANSWER_MAX;
    struct iovec parts[] = {{&status, sizeof(status)}, {text->data, size}};
    const struct msghdr message = {.msg_iov = parts, .msg_iovlen = size ? 2 : 1};

    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)(sizeof(status) + size);
}

static bool step_question(int fd, const struct self_ask *ask, struct denials *denials, const struct plan *plan)
{
    auto_text struct text text = {0};
    int status;

    if (!is_whole(ask))
        return false;
    status = denials_index(denials, plan, NULL);
    if (status == 0)
        status = ask->kind == SELF_DENIALS    ? answer_denials(&text, ask, denials)
                 : ask->kind == SELF_QUESTION ? answer_question(&text, ask, denials)
                                              : -EINVAL;
    if (status == 0 && text.is_broken)
        status = -ENOMEM;
    return answer_send(fd, status, &text);
}

static bool answer_identity(int fd, int status, const char *bytes, size_t size, uint64_t until, const struct error *why)
{
    auto_text struct text answer = {0};

    text_add_n(&answer, (const char *)&until, sizeof(until));
    if (status < 0)
        text_add(&answer, why->text);
    else
        text_add_n(&answer, bytes ? bytes : "", size);
    return !answer.is_broken && answer.length <= SELF_ANSWER_MAX && answer_send(fd, status < 0 ? status : 0, &answer);
}

/* Who asked may have gone by now, and its place be another's. */
struct asker {
    struct self *self;
    unsigned place, serial;
};

static void answered(void *context, int status, const char *bytes, size_t size, uint64_t until, const struct error *why)
{
    auto_free struct asker *asker = context;
    struct self *self = asker->self;

    if (self->serial[asker->place] != asker->serial)
        return;
    self->waiting &= ~(1u << asker->place);
    if (!answer_identity(self->fds[asker->place], status, bytes, size, until, why))
        shutdown(self->fds[asker->place], SHUT_RDWR); /* it is closed where its end is seen */
}

/* One question at a time. */
static bool step_identity(struct self *self, unsigned place, const struct self_identity_ask *ask)
{
    struct error err = ERROR_INIT;
    struct asker *asker;
    int status;

    if (!self->identify || (self->waiting >> place & 1) || !self_identity_is_whole(ask))
        return false;
    asker = mem_alloc(sizeof(*asker));
    if (!asker)
        return false;
    *asker = (struct asker){self, place, self->serial[place]};
    self->waiting |= 1u << place;
    status = self->identify(self->identify_context, ask, answered, asker, &err);
    if (status == 0)
        return true;
    mem_free(asker);
    self->waiting &= ~(1u << place);
    return answer_identity(self->fds[place], status, NULL, 0, 0, &err);
}

/* False: it is to be closed. Descriptors that come along are the kernel's to close. */
static bool socket_step(struct self *self, unsigned place, struct denials *denials, const struct plan *plan)
{
    int fd = self->fds[place];
    union {
        struct self_ask question;
        struct self_identity_ask identity;
    } ask;
    ssize_t size = recv(fd, &ask, sizeof(ask), MSG_DONTWAIT | MSG_TRUNC);

    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    if (size == sizeof(ask.question))
        return step_question(fd, &ask.question, denials, plan);
    return size == sizeof(ask.identity) && step_identity(self, place, &ask.identity);
}

void self_look(struct self *self)
{
    struct pollfd waiting[SELF_SOCKETS];

    self->resting = 0;
    self->asked = 0;
    for (size_t i = 0; i < SELF_SOCKETS; i++)
        waiting[i] = (struct pollfd){.fd = self->fds[i], .events = POLLIN};
    if (poll(waiting, SELF_SOCKETS, 0) <= 0)
        return;
    for (size_t i = 0; i < SELF_SOCKETS; i++)
        if (waiting[i].revents)
            self->asked |= 1u << i;
}

void self_step(struct self *self, struct denials *denials, const struct plan *plan)
{
    for (unsigned i = 0; i < SELF_SOCKETS; i++) {
        if (!(self->asked >> i & 1) || socket_step(self, i, denials, plan))
            continue;
        place_clear(self, i);
    }
}
