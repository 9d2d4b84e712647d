/* SPDX-License-Identifier: Apache-2.0 */
/* A set-up that does not come to its end: for how long, and who may give it up. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static struct error err;

/* A program whose execve() waits: somebody holds a lease on its file. */
struct leased {
    char *workspace;
    char path[128];
    int fd;
};

static struct leased leased_make(void)
{
    static char workspace[] = "/tmp/cordon-unit-XXXXXX";
    struct leased leased = {.workspace = test_make_directory(workspace)};
    char command[256];

    check(leased.workspace != NULL);
    snprintf(leased.path, sizeof(leased.path), "%s/program", leased.workspace);
    snprintf(command, sizeof(command), "cp /bin/true '%s'", leased.path);
    check_int(system(command), 0);
    leased.fd = open(leased.path, O_RDONLY | O_CLOEXEC);
    check(signal(SIGIO, SIG_IGN) != SIG_ERR);
    if (fcntl(leased.fd, F_SETLEASE, F_WRLCK) < 0)
        test_skip("leases");
    hand_plan_init(&hand, leased.workspace);
    return leased;
}

static void leased_remove(const struct leased *leased)
{
    close(leased->fd);
    check_int(unlink(leased->path), 0);
    check_int(rmdir(leased->workspace), 0);
}

TEST(a_set_up_that_does_not_end_fails_at_its_deadline_and_not_before)
{
    const char *argv[] = {"/ws/program", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path()};
    struct leased leased = leased_make();
    struct tier_run *run = NULL;

    start.deadline_ns = clock_monotonic_ns() + 300 * NS_PER_MS;
    check_int(tier_process.start(&start, NULL, &run, &err), -ETIMEDOUT);
    check_int(err.kind, ERROR_LIMIT);
    check(run == NULL);
    check(clock_monotonic_ns() >= start.deadline_ns);
    check(clock_monotonic_ns() < start.deadline_ns + 20 * NS_PER_S); /* a lease is broken after 45 s */
    check_int(fcntl(leased.fd, F_SETLEASE, F_UNLCK), 0);
    start.deadline_ns = clock_monotonic_ns() + 60 * NS_PER_S;
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    tier_process.finish(run);
    leased_remove(&leased);
}

TEST(a_launch_is_given_up_when_the_caller_says_so)
{
    const char *argv[] = {"/ws/program", NULL};
    int cancel[2];
    struct tier_start start = {.plan = &hand.plan,
                               .argv = argv,
                               .stdio = {-1, -1, -1},
                               .init_path = hand_init_path(),
                               .cancel_fd = &cancel[0]};
    struct leased leased = leased_make();
    struct tier_run *run = NULL;

    check_int(pipe2(cancel, O_CLOEXEC), 0);
    check_int(write(cancel[1], "x", 1), 1);
    check_int(tier_process.start(&start, NULL, &run, &err), -ECANCELED);
    check_contains(err.text, "given up");
    check(run == NULL);
    close(cancel[0]);
    close(cancel[1]);
    leased_remove(&leased);
}
