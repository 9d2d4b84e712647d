/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's side of one container: start it, watch its control socket, end it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/retire.h"
#include "tier/process/begin.h"
#include "tier/process/cgroup.h"
#include "tier/process/control.h"
#include "tier/process/descriptors.h"
#include "tier/process/exact.h"
#include "tier/process/exec.h"
#include "tier/process/follow.h"
#include "tier/process/hand_over.h"
#include "tier/process/hear.h"
#include "tier/process/in_place.h"
#include "tier/process/process.h"
#include "tier/process/run.h"
#include "tier/process/serve.h"
#include "tier/process/start_check.h"
#include "tier/process/who.h"

struct tier_run *run_new(void)
{
    struct tier_run *run = mem_alloc(sizeof(*run));

    if (run)
        run->pidfd = run->control = run->tty = run->asks = run->asked.tty = -1;
    return run;
}

void run_reap(struct tier_run *run)
{
    struct pollfd ended = {.fd = run->pidfd, .events = POLLIN};
    siginfo_t ignored;

    while (run->spawner && !run->is_reaped && run->pidfd >= 0) /* another's child */
        run->is_reaped = poll(&ended, 1, -1) > 0;
    while (!run->is_reaped && run->pidfd >= 0)
        if (waitid(P_PIDFD, (id_t)run->pidfd, &ignored, WEXITED | __WALL) == 0 || errno != EINTR)
            run->is_reaped = true;
}

static int frozen_set(struct tier_run *run, bool is_frozen, struct error *err)
{
    int status = run->spawner ? run->spawner->order(run->spawner->context, run->id, is_frozen ? TIER_FREEZE : TIER_THAW, err)
                              : cgroup_freeze(&run->cgroup, is_frozen, err);

    if (status == 0)
        run->is_frozen = is_frozen;
    return status;
}

/* What is frozen does not die, or not before it runs again. */
static void thaw(struct tier_run *run)
{
    if (run->is_frozen)
        (void)!frozen_set(run, false, NULL);
}

void run_finish(struct tier_run *run)
{
    if (!run)
        return;
    if (run->pidfd >= 0 && !run->is_over && run->is_in_place)
        in_place_end(run->control);
    else if (run->pidfd >= 0 && !run->is_over)
        syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0);
    thaw(run);
    if (run->is_over && !run->is_reaped && !run->has_cgroup && !run->spawner)
        retire(run->pid, run->pidfd);
    else
        run_reap(run); /* nothing of it may be left: the tree, or the processes of its cgroup */
    if (run->spawner)
        run->spawner->end(run->spawner->context, run->id);
    else if (run->has_cgroup && !run->cgroup.is_lent)
        (void)!cgroup_close(&run->cgroup);
    if (run->cgroup.is_lent)
        tier_counting_close(&run->cgroup.lent);
    fd_close_at(&run->pidfd);
    fd_close_at(&run->control);
    fd_close_at(&run->tty);
    fd_close_at(&run->asks);
    fd_close_at(&run->asked.tty);
    for (size_t i = 0; i < run->note_count; i++)
        fd_close_at(&run->notes[i].directory);
    in_place_forget(run->scratch);
    who_close(run);
    told_free(run->told);
    mem_free(run);
}

static void run_free_at(struct tier_run **run)
{
    run_finish(*run);
}
#define auto_run cleanup_with(run_free_at)

static int process_prepare(const struct tier_prepare *prepare, struct tier_run **ret_run, struct error *err)
{
    auto_run struct tier_run *run = run_new();
    int status;

    if (!run)
        return error_memory(err);
    status = begin_init(run, BEGIN_EARLY, prepare, err);
    if (status == 0)
        *ret_run = take_ptr(run);
    return status;
}

static void process_foresee_network(struct tier_run *prepared)
{
    if (control_send(prepared->control, MESSAGE_NETWORK, 0) == 0)
        prepared->has_foreseen_network = true;
}

/* What was prepared, or one that begins now. */
static int run_begin(const struct tier_start *start, bool must_be_caller, struct tier_run **run, struct error *err)
{
    const struct tier_prepare given = {.init_path = start->init_path, .fds = start->fds, .fd_count = start->fd_count,
                                       .run_id = start->run_id, .spawner = start->spawner};
    bool is_in_place = start->plan->wall == PLAN_WALL_LANDLOCK;
    enum begin_how how;
    int status = 0;

    if (start->sources && (!*run || !begin_suits(start->plan) || tier_sees_hidden(start))) /* what begins here would see this tree's /proc */
        return error_set(err, ERROR_INTERNAL, EINVAL, "a container from another's tree was not prepared for this plan");
    if (*run && (!begin_suits(start->plan) || must_be_caller || tier_sees_hidden(start) ||
                 ((*run)->has_foreseen_network && start->plan->network == PLAN_NET_HOST))) {
        run_finish(*run);
        *run = NULL;
    }
    if (*run)
        return 0;
    *run = run_new();
    if (!*run)
        return error_memory(err);
    if (is_in_place)
        status = in_place_name(start->plan, (*run)->scratch, err);
    how = is_in_place ? BEGIN_PLACE : tier_sees_hidden(start) ? BEGIN_WITH_VOID
          : start->plan->is_reviewed ? BEGIN_REVIEWED : must_be_caller ? BEGIN_AS_CALLER : BEGIN_FOR_PLAN;
    return status < 0 ? status : begin_init(*run, how, &given, err);
}

/* Its own process sees no control groups. */
static int group_lent(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    const struct tier_limits limits = cgroup_limits_of(start->plan);
    struct cgroup cgroup = CGROUP_INIT;
    int status = start->spawner->group(start->spawner->context, &limits, &cgroup.lent, err);

    if (status < 0)
        return status;
    cgroup.is_lent = true;
    cgroup.is_v2 = cgroup.lent.is_v2;
    run->cgroup = cgroup;
    return 0;
}

/* With a spawner it has a group from the start, and only the limits are missing. */
static int group_open(struct tier_run *run, const struct tier_start *start, struct error *err)
{
    const struct cgroup_wanted wanted = {.id = start->run_id, .limits = cgroup_limits_of(start->plan),
                                         .has_inner = start->plan->nested_number != 0};
    const struct tier_spawner *spawner = start->spawner;
    int status = 0;

    if (!run->spawner && !cgroup_is_needed(start->plan))
        return 0;
    if (run->spawner && spawner->is_inside) /* which facts say before: whoever compiles refuses it by name */
        return cgroup_is_needed(start->plan) ? error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "a limit needs a control group that one inside of another does not have here") : 0;
    if (spawner && spawner->group)
        status = group_lent(run, start, err);
    else if (run->spawner)
        status = cgroup_limits(start->plan, run->spawner, run->id, err);
    if (status == 0 && !run->cgroup.is_lent)
        status = run->spawner ? cgroup_find(&run->cgroup, run->spawned.cgroup, err) : cgroup_open(&run->cgroup, &wanted, err);
    run->has_cgroup = status == 0;
    return status;
}

/* Where what is granted cannot be shown as its own, it is the caller outside, and that is said (tier_proof). */
static int run_begin_granted(const struct tier_start *start, struct tier_run **run, struct error *err)
{
    struct error refused = ERROR_INIT;
    int status = run_begin(start, false, run, err);

    if (status < 0 || !(*run)->has_own_uid)
        return status;
    status = hand_over_grants(*run, start, &refused);
    if (status != -EOPNOTSUPP) {
        if (status < 0 && err)
            *err = refused;
        return status;
    }
    status = run_begin(start, true, run, err);
    if (status == 0)
        snprintf((*run)->spawned.as_caller, sizeof((*run)->spawned.as_caller), "%.*s", (int)sizeof((*run)->spawned.as_caller) - 1, refused.text);
    return status;
}

static int process_start(const struct tier_start *asked, struct tier_run *prepared, struct tier_run **ret_run,
                         struct error *err)
{
    struct tier_start taken = *asked;
    const struct tier_start *start = &taken;
    auto_run struct tier_run *run = prepared;
    int status;

    for (int i = 0; i < RECORD_STREAMS; i++)
        if (descriptors_is_null_device(taken.stdio[i]))
            taken.stdio[i] = -1;
    status = start_check(start, err);
    if (status < 0)
        return status;
    status = descriptors_check(start, err);
    if (status == 0)
        status = run_begin_granted(start, &run, err);
    if (status == 0)
        status = group_open(run, start, err);
    if (status == 0 && start->gateway)
        run->gateway = *start->gateway;
    if (status == 0 && start->watcher && start->watcher->level == TIER_WATCH_FULL && !(hand_over_flags(start) & RECORD_WATCHED))
        status = error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                           "everything can be watched only with namespaces and where process 1 can be handed system calls: "
                           "`cordon doctor` says what is in the way, or leave --watch full out");
    if (status == 0 && start->watcher && start->watcher->ask_ms && !hand_over_may_ask(start))
        status = error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                           "somebody can be asked only with namespaces and where process 1 can be handed system calls: `cordon doctor` "
                           "says what is in the way, or leave --ask out");
    if (status == 0 && start->watcher)
        run->watcher = *start->watcher;
    if (status == 0 && !start->argv) {
        run->stands = true;
        run->plan = start->plan;
        run->programs = start->programs ? *start->programs : (struct tier_programs){0};
    }
    if (status == 0)
        status = hand_over_record(run, start, err);
    if (status == 0)
        status = serve_first(run, start, err);
    if (status == 0 && !start->is_kept_ready)
        status = follow_start(run, start, true, err);
    if (status < 0)
        return status;
    if (start->is_tty && run->tty < 0)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "init gave no terminal");
    *ret_run = take_ptr(run);
    return 0;
}

static int process_poll_fd(const struct tier_run *run)
{
    return run->control;
}

static int process_read_status(struct tier_run *run, struct tier_status *ret_status, struct error *err)
{
    int status = hear_all(run, err);

    if (status < 0 || !run->is_over)
        return status;
    *ret_status = run->status;
    return 1;
}

static const struct tier_source *process_sources(const struct tier_run *run, size_t *ret_count)
{
    *ret_count = run->source_count;
    return run->sources;
}

static const struct tier_note *process_notes(const struct tier_run *run, size_t *ret_count)
{
    *ret_count = run->note_count;
    return run->notes;
}

static int process_answer(struct tier_run *run, uint64_t ask, int fd)
{
    return run->is_over || run->asks < 0 ? -ESRCH : control_answer(run->asks, ask, fd);
}

static int process_signal(struct tier_run *run, int signal_number, struct error *err)
{
    int status = run->is_over ? 0 : control_send(run->control, MESSAGE_SIGNAL, signal_number);

    if (status < 0 && status != -EPIPE && status != -ECONNRESET)
        return error_system(err, -status, "forward signal %d", signal_number);
    return 0;
}

static int process_kill(struct tier_run *run, struct error *err)
{
    if (run->is_over)
        return 0;
    if (run->is_in_place) {
        in_place_order_end(run->control);
        return 0;
    }
    if (syscall(SYS_pidfd_send_signal, run->pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return error_system(err, errno, "kill the container");
    thaw(run); /* after the signal: nothing of it runs on */
    return 0;
}

static int process_adopt(const struct tier_run *run, pid_t pid, struct error *err)
{
    return run->has_cgroup && !run->spawner ? cgroup_join(&run->cgroup, pid, err) : 0;
}

static int process_end(struct tier_run *run, struct error *err)
{
    int status = run->is_over ? 0 : control_send(run->control, MESSAGE_END, 0);

    if (!run->stands)
        return error_set(err, ERROR_INTERNAL, EINVAL, "a container with a program of its own ends with that");
    if (status < 0 && status != -EPIPE && status != -ECONNRESET)
        return error_system(err, -status, "end the container");
    return 0;
}

static int process_freeze(struct tier_run *run, bool is_frozen, struct error *err)
{
    if (run->is_over)
        return 0;
    if ((!run->has_cgroup && !run->spawner) || run->cgroup.is_lent)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "it has no control group of its own, which alone can be frozen: give it a limit (resources.pids) where `cordon doctor` "
                         "finds control groups");
    return run->is_frozen == is_frozen ? 0 : frozen_set(run, is_frozen, err);
}

static int process_limit(struct tier_run *run, const struct tier_limits *limits, struct error *err)
{
    int status;

    if (run->is_over)
        return 0;
    if ((!run->has_cgroup && !run->spawner) || run->cgroup.is_lent)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "it has no control group of its own, by which alone it can be limited while it runs: start it with a limit (resources.pids) where `cordon doctor` "
                         "finds control groups");
    status = cgroup_check_less(&run->cgroup, limits, err);
    if (status == 0 && run->spawner)
        return run->spawner->limit(run->spawner->context, run->id, limits, err);
    return status < 0 ? status : cgroup_limit(&run->cgroup, limits, err);
}

static bool process_memory(const struct tier_run *run, uint64_t *ret_bytes)
{
    return run->has_cgroup && cgroup_memory(&run->cgroup, ret_bytes);
}

static bool process_times(const struct tier_run *run, uint64_t *ret_user_us, uint64_t *ret_system_us)
{
    return run->has_cgroup && cgroup_times(&run->cgroup, ret_user_us, ret_system_us) == 0;
}

static int process_cpu_time(struct tier_run *run, uint64_t *ret_us)
{
    return run->has_cgroup ? cgroup_cpu_time(&run->cgroup, ret_us) : -ENOTSUP;
}

static pid_t process_domain_maker(const struct tier_run *run)
{
    return run->program;
}

static pid_t process_pid(const struct tier_run *run)
{
    return run->pid;
}

static const struct tier_spawned *process_spawned(const struct tier_run *run, bool *ret_has_own_uid)
{
    *ret_has_own_uid = run->spawner && run->has_own_uid;
    return run->spawner ? &run->spawned : NULL;
}

static int process_tty_fd(const struct tier_run *run)
{
    return run->tty;
}

const struct tier_ops tier_process = {
    .name = "process",
    .probe = process_probe,
    .prepare = process_prepare,
    .foresee_network = process_foresee_network,
    .judge_call = process_judge_call,
    .start = process_start,
    .adopt = process_adopt,
    .group_make = group_make,
    .group_join = group_join,
    .group_free = group_free,
    .settle = follow_settle,
    .suits = hand_over_suits,
    .exec = exec_start,
    .serve = serve_file,
    .signal_program = exec_signal,
    .end = process_end,
    .freeze = process_freeze,
    .limit = process_limit,
    .memory = process_memory,
    .times = process_times,
    .poll_fd = process_poll_fd,
    .read_status = process_read_status,
    .executed = who_executed,
    .sources = process_sources,
    .notes = process_notes,
    .answer = process_answer,
    .open_exact = exact_open,
    .signal = process_signal,
    .kill = process_kill,
    .cpu_time = process_cpu_time,
    .pid = process_pid,
    .spawned = process_spawned,
    .domain_maker = process_domain_maker,
    .tty_fd = process_tty_fd,
    .finish = run_finish,
    .leave = retire_finish,
};
