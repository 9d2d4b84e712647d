/* SPDX-License-Identifier: Apache-2.0 */
/* A program for a container that stands: checked, handed to process 1 as a record, and waited for until it was executed. */
#include "tier/process/exec.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tier/process/control.h"
#include "tier/process/descriptors.h"
#include "tier/process/follow.h"
#include "tier/process/hear.h"
#include "tier/process/image.h"
#include "tier/process/run.h"

static int check(const struct tier_run *run, const struct tier_exec *exec, struct error *err)
{
    const struct tier_start as_start = {
        .plan = run->plan,
        .stdio = {exec->stdio[0], exec->stdio[1], exec->stdio[2]},
        .fds = exec->fds,
        .fd_count = exec->fd_count,
        .is_tty = exec->is_tty,
    };

    if (!run->stands)
        return error_set(err, ERROR_INVALID, EINVAL, "the container was started for one program; make one that stands (cordon_create)");
    if (run->is_over)
        return error_set(err, ERROR_INVALID, ESRCH, "the container has ended");
    if (run->is_frozen)
        return error_set(err, ERROR_INVALID, EBUSY, "the container is frozen: thaw it first");
    if (run->is_unsealed != (exec->seals != NULL))
        return error_set(err, ERROR_INTERNAL, EINVAL, run->is_unsealed ? "it is not sealed yet" : "it is sealed");
    if (!exec->argv[0] || !exec->argv[0][0])
        return error_set(err, ERROR_INVALID, EINVAL, "no command to run");
    if (exec->is_main && run->program_count)
        return error_set(err, ERROR_INTERNAL, EINVAL, "only the first program can be the container's own");
    if (run->program_count == UINT32_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the container has had as many programs as can be numbered; make another");
    return descriptors_check(&as_start, err);
}

/* The record, then what init makes 0, 1, 2 and the kept numbers of. */
static int hand_over(struct tier_run *run, const struct tier_exec *exec, uint32_t number, struct error *err)
{
    auto_close int record = -1;
    int fds[RECORD_EXEC_FDS_MAX], status = image_write_exec(exec, &record, err);
    size_t count = 0;

    if (status < 0)
        return status;
    fds[count++] = record;
    for (int i = 0; i < RECORD_STREAMS && !exec->is_tty; i++)
        if (exec->stdio[i] >= 0)
            fds[count++] = exec->stdio[i];
    for (size_t i = 0; i < exec->fd_count; i++)
        fds[count++] = exec->fds[i];
    status = control_send_fds(run->control, MESSAGE_EXEC, number, fds, count);
    if (status < 0 && status != -EPIPE && status != -ECONNRESET)
        return status == -ETOOMANYREFS
                   ? error_set(err, ERROR_LIMIT, ETOOMANYREFS,
                               "this user's processes have more descriptors under way in messages than may be open here: "
                               "end what holds them, or raise the limit of open files (ulimit -n)")
                   : error_system(err, -status, "hand the program to init");
    return 0;
}

/* Init goes on with Landlock and the filter, and finds the program behind this. */
static int seal(struct tier_run *run, const struct tier_exec *exec, struct error *err)
{
    int fds[RECORD_STREAMS], status;
    size_t count = 0;

    for (int i = 0; i < RECORD_STREAMS; i++)
        if (exec->stdio[i] >= 0)
            fds[count++] = exec->stdio[i];
    run->is_unsealed = run->is_settled = false; /* whatever becomes of it */
    status = control_send_fds(run->control, MESSAGE_SEAL, 0, fds, count);
    return status < 0 && status != -EPIPE && status != -ECONNRESET ? error_system(err, -status, "have init seal the container") : 0;
}

/* Nobody waits for it any more: it must not begin later. */
static void give_up(struct tier_run *run, uint32_t number)
{
    if (run->is_over)
        return;
    (void)!control_send_about(run->control, MESSAGE_SIGNAL, number, 9 /* SIGKILL */);
}

static int begun(struct tier_run *run, const struct tier_exec *exec, struct tier_program *ret_program, struct error *err)
{
    struct message *message = &run->asked.message;

    if (!run->asked.is_known)
        return error_set(err, ERROR_SYSTEM, ESRCH, "the container ended before the program began");
    message->action[sizeof(message->action) - 1] = message->object[sizeof(message->object) - 1] = '\0';
    if (message->type == MESSAGE_UNSTARTED)
        return run_message_error(message, err);
    if (exec->is_tty && run->asked.tty < 0)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init gave no terminal");
    *ret_program = (struct tier_program){.number = run->asked.number, .pid = message->value, .tty = take_fd(run->asked.tty)};
    return 0;
}

int exec_start(struct tier_run *run, const struct tier_exec *asked, struct tier_program *ret_program, struct error *err)
{
    struct tier_exec exec = *asked;
    int status;

    for (int i = 0; i < RECORD_STREAMS; i++)
        if (descriptors_is_null_device(exec.stdio[i]))
            exec.stdio[i] = -1;
    status = check(run, &exec, err);
    if (status < 0)
        return status;
    run->asked = (struct run_asked){.number = ++run->program_count, .tty = -1};
    if (exec.seals)
        status = seal(run, &exec, err);
    if (status == 0)
        status = hand_over(run, &exec, run->asked.number, err);
    if (status == 0 && exec.meanwhile)
        status = exec.meanwhile(exec.context, err);
    if (status == 0 && exec.seals)
        status = follow_start(run, exec.seals, true, err);
    if (status > 0)
        status = 0;
    if (status == 0)
        status = hear_asked(run, exec.deadline_ns, exec.cancel_fd ? *exec.cancel_fd : -1, err);
    if (status == 0)
        status = begun(run, &exec, ret_program, err);
    else
        give_up(run, run->asked.number);
    fd_close_at(&run->asked.tty);
    run->asked = (struct run_asked){.tty = -1};
    return status;
}

int exec_signal(struct tier_run *run, uint32_t number, int signal_number, struct error *err)
{
    int status = run->is_over ? 0 : control_send_about(run->control, MESSAGE_SIGNAL, number, signal_number);

    if (status < 0 && status != -EPIPE && status != -ECONNRESET)
        return error_system(err, -status, "forward signal %d", signal_number);
    return 0;
}
