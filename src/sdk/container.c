/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of a running container. */
#include "sdk/container.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/clock.h"
#include "sdk/keeping.h"
#include "sdk/remote.h"

int cordon_spawn(const struct cordon_request *request, struct cordon_container **ret_container,
                 struct cordon_error *err)
{
    if (request->captures[0] || request->captures[1])
        return error_set(public_error(err), ERROR_INVALID, EINVAL,
                         "capture goes with cordon_run(); ask for pipes instead");
    return container_start(request, ret_container, public_error(err));
}

const char *cordon_container_id(const struct cordon_container *container)
{
    if (container->inside)
        return container->inside->id;
    return container->remote ? remote_id(container->remote) : event_log_run_id(container->log);
}

pid_t cordon_container_pid(const struct cordon_container *container)
{
    if (container->inside)
        return -1;
    return container->remote ? remote_pid(container->remote) : container->assembly.ops->pid(container->run);
}

int cordon_container_stdin_fd(const struct cordon_container *container)
{
    return container->streams.outside[0];
}

int cordon_container_stdout_fd(const struct cordon_container *container)
{
    return container->streams.outside[1];
}

int cordon_container_stderr_fd(const struct cordon_container *container)
{
    return container->streams.outside[2];
}

int cordon_container_tty_fd(const struct cordon_container *container)
{
    if (container->inside)
        return container->inside->tty;
    return container->remote ? remote_tty_fd(container->remote) : container->assembly.ops->tty_fd(container->run);
}

void cordon_container_close_stdin(struct cordon_container *container)
{
    fd_close_at(&container->streams.outside[0]);
    container->streams.outside[0] = -1;
}

int cordon_container_poll_fd(struct cordon_container *container, struct cordon_error *err)
{
    if (container->remote)
        return remote_poll_fd(container->remote);
    if (container->inside)
        return container->inside->socket;
    if (container->watch.epoll < 0) {
        int status = watch_open(container, public_error(err));

        if (status < 0)
            return status;
    }
    return container->watch.epoll;
}

int cordon_container_try_wait(struct cordon_container *container, struct cordon_status *ret_status,
                              struct cordon_error *err)
{
    int status = container_step(container, public_error(err));

    if (status > 0)
        *ret_status = container->status;
    return status;
}

int container_sleep(struct cordon_container *container, uint64_t until_ns, struct error *err)
{
    struct pollfd fds[3 + CONTAINER_WATCHED];
    int watched[CONTAINER_WATCHED];
    nfds_t count = 0;
    uint64_t now = clock_monotonic_ns();
    int timeout = -1;

    if (container->state == CONTAINER_RUNNING)
        fds[count++] = (struct pollfd){.fd = container->remote   ? remote_poll_fd(container->remote)
                                             : container->inside ? container->inside->socket
                                                                 : container->assembly.ops->poll_fd(container->run),
                                       .events = POLLIN};
    if (container->state == CONTAINER_RUNNING && !container->remote && !container->inside) {
        container_watched(container, watched);
        for (size_t i = 0; i < CONTAINER_WATCHED; i++)
            fds[count++] = (struct pollfd){.fd = watched[i], .events = POLLIN}; /* without one poll() looks past it */
    }
    for (int i = 0; i < 2; i++) {
        const struct relay *relay = &container->streams.relays[i];

        if (relay->held)
            fds[count++] = (struct pollfd){.fd = relay->to, .events = POLLOUT};
        else if (relay->from >= 0)
            fds[count++] = (struct pollfd){.fd = relay->from, .events = POLLIN};
    }
    if (until_ns) {
        uint64_t ms = until_ns > now ? (until_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;

        timeout = ms > INT_MAX ? INT_MAX : (int)ms;
    }
    if (poll(fds, count, timeout) < 0 && errno != EINTR)
        return error_system(err, errno, "wait for the container");
    return 0;
}

#define WAIT_MAX_MS (UINT64_MAX / NS_PER_MS / 2) /* as good as for ever */

uint64_t container_until_ns(int64_t timeout_ms)
{
    if (timeout_ms < 0 || (uint64_t)timeout_ms >= WAIT_MAX_MS)
        return 0;
    return clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;
}

int cordon_container_wait(struct cordon_container *container, int64_t timeout_ms,
                          struct cordon_status *ret_status, struct cordon_error *err)
{
    uint64_t mine = container_until_ns(timeout_ms);

    for (;;) {
        int status = cordon_container_try_wait(container, ret_status, err);
        uint64_t next;

        if (status != 0)
            return status;
        if (mine && clock_monotonic_ns() >= mine)
            return 0;
        next = container->remote ? 0 : container_next_ns(container);
        if (!next || (mine && mine < next))
            next = mine;
        status = container_sleep(container, next, public_error(err));
        if (status < 0)
            return status;
    }
}

static void finding_print(struct text *out, const struct event_finding *finding)
{
    text_add(out, "cordon: ");
    if (*finding->path) {
        text_add_safe(out, finding->path);
        text_add(out, ": ");
    }
    if (finding->key) {
        text_add_safe_n(out, finding->key, strnlen(finding->key, EVENT_VALUE_MAX));
        text_add(out, " = ");
        text_add_safe_n(out, finding->value, strnlen(finding->value, EVENT_VALUE_MAX));
        text_add(out, strlen(finding->value) > EVENT_VALUE_MAX ? "...: " : ": ");
    }
    text_printf(out, "%s; to undo: ", finding->text);
    text_add_safe(out, finding->remedy);
    text_add(out, "\n");
}

void container_findings_print(struct text *out, const struct findings *findings)
{
    for (size_t i = 0; i < findings->count; i++)
        if (finding_is_told(&findings->items[i]))
            finding_print(out, &findings->items[i]);
}

static void findings_print_json(struct text *out, const struct findings *findings)
{
    struct json json = JSON_INIT(out, 0);

    json_begin_object(&json, NULL);
    json_begin_array(&json, "findings");
    for (size_t i = 0; i < findings->count; i++) {
        if (!finding_is_told(&findings->items[i]))
            continue;
        json_begin_object(&json, NULL);
        event_finding_members(&json, &findings->items[i]);
        json_end(&json);
    }
    json_end(&json);
    json_end(&json);
    text_add(out, "\n");
}

int cordon_container_findings(const struct cordon_container *container, enum cordon_format format,
                              char **ret_text, struct cordon_error *err)
{
    auto_text struct text out = {0};

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    if (container->state != CONTAINER_ENDED)
        return error_set(public_error(err), ERROR_INVALID, EAGAIN, "the container has not ended");
    if (container->remote)
        text_add(&out, remote_findings(container->remote, format));
    else if (format == CORDON_JSON)
        findings_print_json(&out, &container->findings);
    else
        container_findings_print(&out, &container->findings);
    return text_take(&out, ret_text, public_error(err));
}

/*
 * A shell's word for a command that it did not find or could not execute, where nobody would have seen that it is hidden or denied. Other
 * statuses say as well that nothing matched. Where Landlock alone holds the program, no other way to watch it could see more.
 */
static bool is_unseen(const struct cordon_container *container)
{
    const struct cordon_status *status = &container->status;

    return status->end == CORDON_END_EXITED && (status->code == 126 || status->code == 127) &&
           !(container->sees & 1u << OPERATION_EXECUTE) && container->assembly.plan->wall == PLAN_WALL_NAMESPACES;
}

int cordon_container_denials(const struct cordon_container *container, uint64_t *ret_count, char **ret_text,
                             struct cordon_error *err)
{
    const struct denials *denials = &container->denials;
    const struct workers *workers = &container->workers;
    uint64_t count = denials->count + workers->denied;
    auto_text struct text text = {0};
    const char *told = container->remote ? remote_denials(container->remote, &count) : NULL;

    if (container->state != CONTAINER_ENDED)
        return error_set(public_error(err), ERROR_INVALID, EAGAIN, "the container has not ended");
    if (ret_text) {
        int status;

        if (!told && !count && !container->inside && is_unseen(container))
            text_add(&text, "status 126 and 127 mean a command that was not found or not executed; `cordon run --watch full` shows whether the "
                            "policy hides it");
        text_add(&text, told ? told : denials->text[0] ? denials->text : workers->denied_text);
        status = text_take(&text, ret_text, public_error(err));
        if (status < 0)
            return status;
    }
    *ret_count = count;
    return 0;
}

void container_tell_facts(const struct cordon_container *container, struct container_facts *ret_facts)
{
    const struct plan *plan = container->changed.plan ? container->changed.plan : container->assembly.plan;
    struct event_identity told = {0};
    size_t used = 0;

    *ret_facts = (struct container_facts){.tier = container->assembly.ops ? container->assembly.ops->name : "",
                                          .denials = container->denials.count + container->workers.denied};
    snprintf(ret_facts->identity, sizeof(ret_facts->identity), "%s", container->identity.text);
    if (plan)
        snprintf(ret_facts->digest, sizeof(ret_facts->digest), "%s", plan->policy_digest);
    if (!plan || !container->run || !*container->identity.text)
        return;
    run_identity_tell(&container->identity, container->assembly.plan, container->assembly.ops, container->run, &told);
    for (size_t i = 0; i < told.proof_count; i++)
        used += (size_t)snprintf(ret_facts->proof + used, sizeof(ret_facts->proof) - used, "%s%s", i ? "," : "", told.proof[i]);
}

bool container_memory(const struct cordon_container *container, uint64_t *ret_bytes)
{
    return container->run && container->assembly.ops->memory && container->assembly.ops->memory(container->run, ret_bytes);
}

bool container_times(const struct cordon_container *container, uint64_t *ret_user_us, uint64_t *ret_system_us)
{
    return container->run && container->assembly.ops->times && container->assembly.ops->times(container->run, ret_user_us, ret_system_us);
}

int cordon_container_signal(struct cordon_container *container, int signal_number,
                            struct cordon_error *err)
{
    if (signal_number < 1 || signal_number > 64)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "signal %d does not exist",
                         signal_number);
    if (container->state != CONTAINER_RUNNING)
        return 0;
    if (container->remote)
        return remote_signal(container->remote, signal_number, public_error(err));
    if (container->inside) {
        inside_order(container->inside, NEST_SIGNAL, signal_number, 0, 0);
        return 0;
    }
    return container->assembly.ops->signal(container->run, signal_number, public_error(err));
}

int cordon_container_kill(struct cordon_container *container, struct cordon_error *err)
{
    if (container->state != CONTAINER_RUNNING)
        return 0;
    if (container->remote)
        return remote_kill(container->remote, public_error(err));
    container->is_kill_asked = true;
    if (container->inside) {
        inside_order(container->inside, NEST_KILL, 0, 0, 0);
        return 0;
    }
    if (container->is_frozen)
        nests_kill(&container->nests); /* it is thawed by this */
    return container->assembly.ops->kill(container->run, public_error(err));
}

int cordon_container_resize(struct cordon_container *container, unsigned short rows,
                            unsigned short columns, struct cordon_error *err)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    int fd = cordon_container_tty_fd(container);

    if (fd < 0)
        return error_set(public_error(err), ERROR_INVALID, ENOTTY, "the container has no terminal");
    if (container->inside) {
        inside_order(container->inside, NEST_RESIZE, 0, rows, columns);
        return 0;
    }
    if (ioctl(fd, TIOCSWINSZ, &size) < 0)
        return error_system(public_error(err), errno, "resize the terminal");
    return 0;
}
