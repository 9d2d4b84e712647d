/* SPDX-License-Identifier: Apache-2.0 */
#include "tier/process/follow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "tier/process/control.h"
#include "tier/process/hear.h"

int run_message_error(const struct message *message, struct error *err)
{
    const char *reason = strerrordesc_np(message->value);
    const char *object = message->object;
    int errnum = message->value > 0 ? message->value : EIO;

    switch (message->kind) {
    case ERROR_NOT_FOUND:
        return error_set(err, ERROR_NOT_FOUND, errnum, "%s: not found in the container's PATH and file tree, or the interpreter that it names is not",
                         object);
    case ERROR_NOT_EXECUTABLE:
        return error_set(err, ERROR_NOT_EXECUTABLE, errnum, "%s: cannot be executed: %s", object,
                         reason ? reason : "unknown error");
    case ERROR_UNENFORCEABLE:
        return error_set(err, ERROR_UNENFORCEABLE, errnum,
                         "%s %s: %s: `cordon doctor` says what forbids it", message->action, object,
                         reason ? reason : "unknown error");
    case ERROR_LIMIT:
        return error_set(err, ERROR_LIMIT, errnum, "%s%s", message->action, object);
    case ERROR_INVALID:
        return error_set(err, ERROR_INVALID, errnum, "%s %s: %s", message->action, object,
                         reason ? reason : "unknown error");
    default:
        return error_system(err, errnum, "set-up: %s %s", message->action, object);
    }
}

/* Init has built everything and waits: nothing may be missing that must be there before the program is. */
static int set_up_complete(struct tier_run *run, const struct tier_start *start, bool is_attached, struct error *err)
{
    int status = 0;

    if (start->plan->network == PLAN_NET_GATEWAY && !is_attached)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init is ready and has told nothing of its network");
    if (run->has_cgroup && !run->spawner)
        status = cgroup_join(&run->cgroup, run->pid, err);
    if (status == 0 && control_send(run->control, MESSAGE_GO, 0) < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "init ended during set-up");
    return status;
}

int follow_start(struct tier_run *run, const struct tier_start *start, bool waits, struct error *err)
{
    for (;;) {
        struct message message = {0};
        auto_close int fd = -1;
        int status = waits ? control_await(run->control, start->deadline_ns, start->cancel_fd ? *start->cancel_fd : -1, err) : 0;

        if (status < 0)
            return status;
        status = control_receive(run->control, &message, &fd, waits ? 0 : MSG_DONTWAIT);
        if (status == -EAGAIN && !waits)
            return 0;
        if (status < 0)
            return error_set(err, ERROR_SYSTEM, -status, "init ended without a word, perhaps after the program had started (%s)",
                             strerrordesc_np(-status));
        if (message.type == MESSAGE_ERROR)
            message.action[sizeof(message.action) - 1] = message.object[sizeof(message.object) - 1] = '\0';
        switch (message.type) {
        case MESSAGE_RUNNING:
            run->program = message.value;
            run->has_void_home = run->has_void && message.kind == RECORD_RUNS_OVER_VOID;
            if (start->watcher)
                run->source_count = sources_fill(start->plan, start->watcher, run->has_void + run->has_void_home, run->sources);
            run->is_settled = true;
            return 1;
        case MESSAGE_UNSEALED:
            run->is_settled = run->is_unsealed = true;
            return 1;
        case MESSAGE_ERROR:
            return run_message_error(&message, err);
        case MESSAGE_READY:
            status = set_up_complete(run, start, run->is_attached, err);
            break;
        case MESSAGE_NETWORK:
            status = run->is_attached || !start->gateway || fd < 0
                         ? error_set(err, ERROR_INTERNAL, EBADMSG, "init told of a network that was not asked for")
                         : start->gateway->attach(start->gateway->context, fd, err);
            run->is_attached = true;
            break;
        case MESSAGE_TTY:
            run->tty = take_fd(fd);
            break;
        case MESSAGE_NOTED: /* the keeper's word may come before that of process 1 */
            status = hear_note(run, &message, &fd, err);
            break;
        case MESSAGE_REFUSED:
            hear_later(run, &message);
            break;
        case MESSAGE_ASKS:
            hear_channel(run, &fd);
            break;
        case MESSAGE_UNASKED:
            break;
        case MESSAGE_SELF: /* likewise, of a program that asks at once */
            hear_self(run, &message, &fd);
            break;
        case MESSAGE_TOLD: /* it is taken when read_status() asks */
            if (run->told)
                told_hand(run->told, &message, fd);
            break;
        default:
            return error_set(err, ERROR_INTERNAL, EBADMSG, "init said something unknown (%u)", message.type);
        }
        if (status < 0)
            return status;
    }
}

int follow_settle(struct tier_run *run, const struct tier_start *start, bool waits, struct error *err)
{
    return run->is_settled ? 1 : follow_start(run, start, waits, err);
}
