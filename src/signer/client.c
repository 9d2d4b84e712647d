/* SPDX-License-Identifier: Apache-2.0 */
#include "signer/client.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/retire.h"
#include "base/spawn.h"
#include "protocol/socket.h"

static int set_wait(int fd, struct error *err)
{
    const struct timeval wait = {.tv_sec = SIGNER_WAIT_S};

    if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0)
        return error_system(err, errno, "set a time to wait for the signer");
    return 0;
}

static int make_pair(int ends[2], struct error *err)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a socket for the signer");
    return 0;
}

/* An answer, which is of the type `wanted`. What it points to is in *received. */
static int hear(int fd, uint16_t wanted, struct protocol_received *received, struct error *err)
{
    int status = protocol_receive(fd, 0, received, err);

    /* one that ended before it read everything: what it said last is behind that news */
    if (status == 0)
        status = protocol_receive(fd, 0, received, err);
    if (status == 0 || status == -EAGAIN)
        return error_set(err, ERROR_SYSTEM, status ? ETIMEDOUT : ECONNRESET, status ? "the signer did not answer in %d s" : "the signer is gone", SIGNER_WAIT_S);
    if (status < 0)
        return error_prepend(err, "the signer's answer");
    protocol_drop(received);
    if (received->message.type == wanted)
        return 0;
    if (received->message.type != PROTOCOL_FAILED)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the signer answered something else");
    if (err)
        protocol_read_error(&received->message, err);
    return err && err->errnum > 0 ? -err->errnum : -EIO;
}

static int converse(int fd, struct protocol_out *out, uint16_t wanted, struct protocol_received *received, struct error *err)
{
    int status = protocol_send(fd, 0, out, NULL, 0, err);

    return status < 0 ? error_prepend(err, "ask the signer") : hear(fd, wanted, received, err);
}

/* The same where the answer says nothing more. */
static int tell(int fd, struct protocol_out *out, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));

    return received ? converse(fd, out, PROTOCOL_DONE, received, err) : error_memory(err);
}

void signer_end(struct signer_process *process)
{
    if (process->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, process->pidfd, SIGKILL, NULL, 0);
        retire(process->pid, process->pidfd);
    }
    fd_close_at(&process->pidfd);
    fd_close_at(&process->control);
    *process = SIGNER_PROCESS_INIT;
}

/* Execute it, with one end of a pair; the other is *ret_process's. */
static int execute(const char *program, struct signer_process *ret_process, struct error *err)
{
    struct spawn spawn = {.name = "cordon-signer", .channel_number = SIGNER_CHANNEL};
    auto_close int binary = -1, null = -1, inner = -1;
    const char *step = NULL;
    int ends[2], status = spawn_open(program, &binary, err);

    if (status == 0)
        status = make_pair(ends, err);
    if (status < 0)
        return status;
    ret_process->control = ends[0];
    inner = ends[1];
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return error_system(err, errno, "open /dev/null");
    spawn.program = binary;
    spawn.channel = inner;
    spawn.null = null;
    status = set_wait(ret_process->control, err);
    if (status < 0)
        return status;
    status = spawn_program(&spawn, &ret_process->pid, &ret_process->pidfd, &step);
    return status < 0 ? error_system(err, -status, "start the signer: %s", step ? step : "make a process") : 0;
}

/* Who the other end of a new pair is for; the answer comes by the control connection. */
static int serve_send(int control, const char *within, int *ret_fd, struct error *err)
{
    auto_protocol struct protocol_out out;
    auto_close int own = -1, other = -1;
    int ends[2], status = make_pair(ends, err);

    protocol_begin(&out, PROTOCOL_SIGN_SERVE, 0);
    protocol_add_text(&out, TAG_SIGN_NAME, within);
    if (status < 0)
        return status;
    own = ends[0];
    other = ends[1];
    status = set_wait(own, err);
    if (status == 0)
        status = protocol_send(control, 0, &out, &other, 1, err);
    if (status < 0)
        return error_prepend(err, "ask the signer");
    *ret_fd = take_fd(own);
    return 0;
}

/* An answer that says nothing more. */
static int hear_done(int fd, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));

    return received ? hear(fd, PROTOCOL_DONE, received, err) : error_memory(err);
}

int signer_start(const char *program, const char *directory, const char *host, const char *within, struct signer_process *ret_process, int *ret_fd,
                 struct error *err)
{
    struct signer_process process = SIGNER_PROCESS_INIT;
    auto_protocol struct protocol_out out;
    int status;

    protocol_begin(&out, PROTOCOL_SIGN_BEGIN, 0);
    protocol_add_text(&out, TAG_PATH, directory);
    protocol_add_text(&out, TAG_SIGN_NAME, host);
    status = execute(program, &process, err);
    if (status == 0)
        status = protocol_send(process.control, 0, &out, NULL, 0, err);
    if (status == 0)
        status = serve_send(process.control, within, ret_fd, err);
    if (status < 0) {
        signer_end(&process);
        return status;
    }
    *ret_process = process;
    return 0;
}

int signer_await(const struct signer_process *process, struct error *err)
{
    int status = hear_done(process->control, err);

    return status < 0 ? status : hear_done(process->control, err);
}

int signer_serve(int control, const char *within, int *ret_fd, struct error *err)
{
    auto_close int fd = -1;
    int status = serve_send(control, within, &fd, err);

    if (status == 0)
        status = hear_done(control, err);
    if (status < 0)
        return status;
    *ret_fd = take_fd(fd);
    return 0;
}

int signer_open(int fd, const char *name, const char *facts, const char *const *allowed, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SIGN_OPEN, 0);
    protocol_add_text(&out, TAG_SIGN_NAME, name);
    if (facts)
        protocol_add_bytes(&out, TAG_SIGN_FACTS, facts, strlen(facts));
    if (allowed)
        protocol_add_number(&out, TAG_IS_SET, 1); /* those that follow, also where there are none */
    for (size_t i = 0; allowed && allowed[i]; i++)
        protocol_add_text(&out, TAG_SIGN_ALLOWED, allowed[i]);
    return tell(fd, &out, err);
}

int signer_close_name(int fd, const char *name, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SIGN_CLOSE, 0);
    protocol_add_text(&out, TAG_SIGN_NAME, name);
    return tell(fd, &out, err);
}

void signer_question_put(struct protocol_out *out, const char *name, const struct signer_question *question)
{
    protocol_add_text(out, TAG_SIGN_NAME, name);
    protocol_add_text(out, TAG_SIGN_WHAT, question->what);
    for (size_t i = 0; i < question->audience_count; i++)
        protocol_add_text(out, TAG_SIGN_AUDIENCE, question->audiences[i]);
    protocol_add_text(out, TAG_SIGN_SUBJECT, question->subject_token);
    protocol_add_text(out, TAG_SIGN_TO, question->to);
    protocol_add_text(out, TAG_SIGN_NONCE, question->nonce);
    if (question->seconds)
        protocol_add_number(out, TAG_SIGN_SECONDS, question->seconds);
    protocol_add_text(out, TAG_SIGN_CONTEXT, question->context);
    if (question->digest_size)
        protocol_add_bytes(out, TAG_SIGN_DIGEST, question->digest, question->digest_size);
}

int signer_ask(int fd, const char *name, const struct signer_question *question, struct text *text, uint64_t *ret_until, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));
    auto_protocol struct protocol_out out;
    const char *result;
    size_t size = 0;
    int status;

    protocol_begin(&out, PROTOCOL_SIGN_ASK, 0);
    signer_question_put(&out, name, question);
    status = received ? converse(fd, &out, PROTOCOL_SIGN_ANSWER, received, err) : error_memory(err);
    if (status < 0)
        return status;
    result = protocol_bytes(&received->message, TAG_SIGN_RESULT, &size);
    text_add_n(text, result, size);
    if (ret_until)
        *ret_until = protocol_number(&received->message, TAG_SIGN_UNTIL, 0);
    return text->is_broken ? error_memory(err) : 0;
}

int signer_status(int fd, struct signer_status *ret_status, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));
    auto_protocol struct protocol_out out;
    const struct protocol_message *message = received ? &received->message : NULL;
    int status;

    protocol_begin(&out, PROTOCOL_SIGN_STATUS, 0);
    status = received ? converse(fd, &out, PROTOCOL_SIGN_STATUS_IS, received, err) : error_memory(err);
    if (status < 0)
        return status;
    *ret_status = (struct signer_status){
        .containers = protocol_number(message, TAG_COUNT, 0),
        .sequence = protocol_number(message, TAG_NUMBER, 0),
        .pid = protocol_number(message, TAG_PID, 0),
    };
    snprintf(ret_status->host, sizeof(ret_status->host), "%s", protocol_text(message, TAG_SIGN_NAME));
    snprintf(ret_status->protection, sizeof(ret_status->protection), "%s", protocol_text(message, TAG_SIGN_PROTECTION));
    return 0;
}
