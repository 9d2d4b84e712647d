/* SPDX-License-Identifier: Apache-2.0 */
/* The program's side of a question about who it is: used inside a container. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/memory.h"
#include "base/text.h"
#include "sdk/request.h"
#include "sdk/self.h"

#define WAIT_S 60 /* whoever runs this may have to start the signer first */

static int refuse_long(struct error *err, const char *what, size_t most)
{
    return error_set(err, ERROR_LIMIT, E2BIG, "%s: longer than %zu bytes", what, most - 1);
}

static int put(char *to, size_t size, const char *text, const char *what, struct error *err)
{
    if (text && strlen(text) >= size)
        return refuse_long(err, what, size);
    if (text)
        text_put(to, size, text);
    return 0;
}

static int ask_fill(const struct cordon_id_question *question, struct self_identity_ask *ask, struct error *err)
{
    int status = 0;

    ask->magic = SELF_IDENTITY_MAGIC;
    ask->seconds = question->seconds;
    if (!question->what)
        return error_set(err, ERROR_INVALID, EINVAL, "it is not said what is asked for");
    if (question->audience_count > SELF_AUDIENCES)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %u audiences at once", SELF_AUDIENCES);
    if (question->digest_size > sizeof(ask->digest))
        return refuse_long(err, "digest", sizeof(ask->digest) + 1);
    ask->audience_count = (uint32_t)question->audience_count;
    ask->digest_size = (uint32_t)question->digest_size;
    if (question->digest_size)
        memcpy(ask->digest, question->digest, question->digest_size);
    for (size_t i = 0; i < question->audience_count && status == 0; i++)
        status = put(ask->audiences[i], sizeof(ask->audiences[i]), question->audiences[i], "audience", err);
    if (status == 0)
        status = put(ask->what, sizeof(ask->what), question->what, "what is asked for", err);
    if (status == 0)
        status = put(ask->context, sizeof(ask->context), question->context, "context", err);
    if (status == 0)
        status = put(ask->nonce, sizeof(ask->nonce), question->nonce, "nonce", err);
    if (status == 0)
        status = put(ask->to, sizeof(ask->to), question->may_act, "name", err);
    return status < 0 ? status : put(ask->subject, sizeof(ask->subject), question->subject_token, "subject token", err);
}

/* An int32_t, a uint64_t, the bytes. */
static int answer_take(char *bytes, size_t size, char **ret_bytes, size_t *ret_size, uint64_t *ret_until, struct error *err)
{
    int32_t status;
    uint64_t until;
    const size_t head = sizeof(status) + sizeof(until);

    if (size < head)
        return error_set(err, ERROR_SYSTEM, EPROTO, "no answer from whom runs this container");
    memcpy(&status, bytes, sizeof(status));
    memcpy(&until, bytes + sizeof(status), sizeof(until));
    if (status < 0)
        return error_set(err, ERROR_FORBIDDEN, -status, "%.*s", (int)(size - head), bytes + head);
    memmove(bytes, bytes + head, size - head);
    bytes[size - head] = '\0';
    *ret_bytes = bytes;
    *ret_size = size - head;
    if (ret_until)
        *ret_until = until;
    return 0;
}

static int id_ask(const struct cordon_id_question *question, char **ret_bytes, size_t *ret_size, uint64_t *ret_until, struct error *err)
{
    auto_free struct self_identity_ask *ask = mem_alloc(sizeof(*ask));
    auto_free char *bytes = mem_alloc(sizeof(int32_t) + SELF_ANSWER_MAX + 1);
    const struct timeval wait = {.tv_sec = WAIT_S};
    auto_close int fd = -1;
    ssize_t size;
    int status = ask && bytes ? ask_fill(question, ask, err) : error_memory(err);

    if (status == 0)
        status = self_connect("cordon id", &fd, err);
    if (status < 0)
        return status;
    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
        return error_system(err, errno, "set a time to wait");
    if (send(fd, ask, sizeof(*ask), MSG_NOSIGNAL) != sizeof(*ask))
        return error_system(err, errno, "ask whom runs this container");
    size = recv(fd, bytes, sizeof(int32_t) + SELF_ANSWER_MAX, 0);
    if (size < 0)
        return error_system(err, errno, "no answer from whom runs this container");
    status = answer_take(bytes, (size_t)size, ret_bytes, ret_size, ret_until, err);
    if (status == 0)
        bytes = NULL; /* the caller's */
    return status;
}

int cordon_id_ask(const struct cordon_id_question *question, char **ret_bytes, size_t *ret_size, uint64_t *ret_until, struct cordon_error *err)
{
    return id_ask(question, ret_bytes, ret_size, ret_until, public_error(err));
}
