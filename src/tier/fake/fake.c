/* SPDX-License-Identifier: Apache-2.0 */
/* The fake tier. A timer stands for the program: when it has expired, the program has ended. */
#include "tier/fake/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

struct fake_script fake_script;
struct fake_counts fake_counts;

struct tier_run {
    int timer;
    int stdio[3];
    bool is_over, has_asked;
    struct tier_watcher watcher;
    struct tier_status status;
};

static void fake_arm(struct tier_run *run, unsigned ms)
{
    struct itimerspec when = {.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}};

    if (ms == 0)
        when.it_value.tv_nsec = 1;
    timerfd_settime(run->timer, 0, &when, NULL);
}

static int fake_probe(unsigned wanted, struct facts *ret_facts, struct error *err)
{
    fake_counts.probed = wanted;
    *ret_facts = fake_script.facts;
    return 0;
}

static int fake_start(const struct tier_start *start, struct tier_run *prepared, struct tier_run **ret_run,
                      struct error *err)
{
    struct tier_run *run;

    fake_counts.starts++;
    fake_counts.deadline_ns = start->deadline_ns;
    fake_counts.cancel_fd = start->cancel_fd ? *start->cancel_fd : -1;
    if (fake_script.start_failure.kind && (!fake_script.start_failures || fake_counts.starts <= fake_script.start_failures))
        return error_set(err, (enum error_kind)fake_script.start_failure.kind,
                         fake_script.start_failure.errnum, "%s", fake_script.start_failure.text);
    run = mem_alloc(sizeof(*run));
    if (!run)
        return error_memory(err);
    strncpy(fake_counts.argv0, start->argv[0], sizeof(fake_counts.argv0) - 1);
    run->status = fake_script.status;
    if (start->watcher)
        run->watcher = *start->watcher;
    for (int i = 0; i < 3; i++) {
        fake_counts.stdio[i] = start->stdio[i];
        run->stdio[i] = start->stdio[i] < 0 ? -1 : fcntl(start->stdio[i], F_DUPFD_CLOEXEC, 3);
    }
    for (int i = 0; i < 2; i++)
        if (fake_script.says[i] && run->stdio[i + 1] >= 0 &&
            file_write_all(run->stdio[i + 1], fake_script.says[i], strlen(fake_script.says[i])) < 0)
            run->status.code = 99;
    run->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (!fake_script.runs_forever)
        fake_arm(run, fake_script.runs_ms);
    *ret_run = run;
    return 0;
}

static int fake_poll_fd(const struct tier_run *run)
{
    return run->timer;
}

static void fake_close(struct tier_run *run)
{
    if (run->stdio[0] >= 0) {
        ssize_t got =
            read(run->stdio[0], fake_counts.stdin_data, sizeof(fake_counts.stdin_data) - 1);

        fake_counts.stdin_data[got > 0 ? got : 0] = '\0';
    }
    for (int i = 0; i < 3; i++) {
        fd_close_at(&run->stdio[i]);
        run->stdio[i] = -1;
    }
}

static int fake_tell(struct tier_run *run, const struct tier_access *accesses, size_t count, uint64_t lost, struct error *err)
{
    for (size_t i = 0; i < count && run->watcher.accessed; i++) {
        int status = run->watcher.accessed(run->watcher.context, &accesses[i], accesses[i].source, i ? 0 : lost, err);

        if (status < 0)
            return status;
    }
    return 0;
}

static int fake_answer(struct tier_run *run, uint64_t ask, int fd)
{
    if (fd >= 0)
        fake_counts.allowed++;
    else
        fake_counts.denied++;
    return 0;
}

static int fake_open_exact(const struct tier_exact *exact, int *ret_fd, struct error *err)
{
    if (fake_script.open_failure)
        return error_system(err, -fake_script.open_failure, "the fake tier");
    *ret_fd = fcntl(exact->object, F_DUPFD_CLOEXEC, 3);
    return *ret_fd < 0 ? error_system(err, errno, "copy a descriptor") : 0;
}

static int fake_read_status(struct tier_run *run, struct tier_status *ret_status, struct error *err)
{
    uint64_t expirations;

    if (fake_script.status_failure)
        return error_system(err, -fake_script.status_failure, "the fake tier");
    if (!run->has_asked) {
        int status = fake_tell(run, fake_script.asks, fake_script.ask_count, 0, err);

        run->has_asked = true;
        if (status < 0)
            return status;
    }
    if (!run->is_over && read(run->timer, &expirations, sizeof(expirations)) < 0)
        return 0;
    if (!run->is_over) {
        int status;

        fake_close(run);
        status = fake_tell(run, fake_script.accesses, fake_script.access_count, fake_script.lost, err);
        if (status < 0)
            return status;
    }
    run->is_over = true;
    *ret_status = run->status;
    return 1;
}

static const struct tier_source *fake_sources(const struct tier_run *run, size_t *ret_count)
{
    static const struct tier_source source = {"keeper", 1u << OPERATION_CREATE, "all else"};

    *ret_count = 1;
    return &source;
}

static const struct tier_note *fake_notes(const struct tier_run *run, size_t *ret_count)
{
    *ret_count = fake_script.note_count;
    return fake_script.notes;
}

static void fake_end(struct tier_run *run, int signal_number)
{
    if (!run->is_over)
        run->status = (struct tier_status){.end = TIER_SIGNALED, .code = signal_number};
    fake_arm(run, 0);
}

static int fake_signal(struct tier_run *run, int signal_number, struct error *err)
{
    fake_counts.signals[signal_number]++;
    if (!fake_script.ignores_signals && (signal_number == SIGTERM || signal_number == SIGINT))
        fake_end(run, signal_number);
    return 0;
}

static int fake_kill(struct tier_run *run, struct error *err)
{
    fake_counts.kills++;
    fake_end(run, SIGKILL);
    return 0;
}

static int fake_cpu_time(struct tier_run *run, uint64_t *ret_us)
{
    *ret_us = fake_script.cpu_us;
    return 0;
}

static pid_t fake_pid(const struct tier_run *run)
{
    return 4242;
}

static int fake_tty_fd(const struct tier_run *run)
{
    return -1;
}

static void fake_finish(struct tier_run *run)
{
    if (!run)
        return;
    fake_counts.finishes++;
    fake_close(run);
    close(run->timer);
    mem_free(run);
}

const struct tier_ops tier_fake = {
    .name = "process",
    .probe = fake_probe,
    .start = fake_start,
    .poll_fd = fake_poll_fd,
    .read_status = fake_read_status,
    .sources = fake_sources,
    .notes = fake_notes,
    .answer = fake_answer,
    .open_exact = fake_open_exact,
    .signal = fake_signal,
    .kill = fake_kill,
    .cpu_time = fake_cpu_time,
    .pid = fake_pid,
    .tty_fd = fake_tty_fd,
    .finish = fake_finish,
};

const struct tier_ops *tier_find(const char *name)
{
    return strcmp(name, tier_fake.name) == 0 ? &tier_fake : NULL;
}
