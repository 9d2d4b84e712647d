/* SPDX-License-Identifier: Apache-2.0 */
/* Confined in the host's own tree: who ends whom, what is handed over, and what is left behind. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

#define GONE_MS 20000

static struct hand_plan hand;
static struct plan_private privates[] = {{"HOME", "home"}, {"TMPDIR", "tmp"}};
static struct tier_status status;
static struct error err;
static char output[65536];

static void plan_in_place(const char *workspace)
{
    static const char *const devices[] = {"/dev/null", "/dev/zero"};

    if (syscall(444 /* landlock_create_ruleset */, NULL, 0, 1) < 6)
        test_skip("landlock");
    hand = (struct hand_plan){.env = {"PATH=/usr/bin:/bin", NULL}};
    hand.plan = (struct plan){.mounts = hand.mounts,
                              .rules = hand.rules,
                              .limits = hand.limits,
                              .wall = PLAN_WALL_LANDLOCK,
                              .landlock_files = true,
                              .filter = {.is_in_place = true},
                              .env = hand.env,
                              .env_count = 1,
                              .privates = privates,
                              .private_count = ARRAY_COUNT(privates),
                              .cwd = "/"};
    hand_plan_add(&hand, PLAN_BIND, "/usr", "/usr", false);
    hand_plan_add(&hand, PLAN_BIND, "/etc/ld.so.cache", "/etc/ld.so.cache", false);
    for (size_t i = 0; i < ARRAY_COUNT(devices); i++) {
        hand_plan_add(&hand, PLAN_BIND, devices[i], devices[i], true)->is_device = true;
        hand.rules[hand.plan.rule_count - 1].is_device = true;
    }
    if (workspace)
        hand_plan_add(&hand, PLAN_BIND, workspace, workspace, true);
}

/* A container whose processes all hold the other end of a pipe: it is empty when the last of them is gone. */
struct held {
    struct tier_run *run;
    int alive, out;
};

static void held_start(struct held *held, const char *script)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    int alive[2], out[2];
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .init_path = hand_init_path(), .run_id = "unit",
                               .fd_count = 1};

    check_int(pipe(alive), 0);
    check_int(pipe2(out, O_CLOEXEC), 0);
    fcntl(alive[0], F_SETFD, FD_CLOEXEC);
    start.fds = &alive[1];
    start.stdio[0] = -1;
    start.stdio[1] = start.stdio[2] = out[1];
    check_int(tier_process.start(&start, NULL, &held->run, &err), 0);
    close(alive[1]);
    close(out[1]);
    held->alive = alive[0];
    held->out = out[0];
}

/* Until the script says that it is where the test wants it. */
static void held_await(struct held *held)
{
    struct pollfd polled = {.fd = held->out, .events = POLLIN};
    char byte;

    check_int(poll(&polled, 1, GONE_MS), 1);
    check_int(read(held->out, &byte, 1), 1);
}

static bool held_is_gone(struct held *held)
{
    struct pollfd polled = {.fd = held->alive, .events = POLLIN};

    return poll(&polled, 1, GONE_MS) == 1 && (polled.revents & POLLHUP);
}

static void held_finish(struct held *held)
{
    tier_process.finish(held->run);
    close(held->alive);
    close(held->out);
}

static void held_end(struct held *held)
{
    for (;;) {
        struct pollfd polled = {.fd = tier_process.poll_fd(held->run), .events = POLLIN};

        poll(&polled, 1, -1);
        if (tier_process.read_status(held->run, &status, &err))
            return;
    }
}

static void script_run(const char *script)
{
    struct held held;
    size_t used = 0;
    ssize_t got;

    held_start(&held, script);
    held_end(&held);
    while ((got = read(held.out, output + used, sizeof(output) - used - 1)) > 0)
        used += (size_t)got;
    output[used] = '\0';
    check(held_is_gone(&held));
    held_finish(&held);
}

/* The first child of a process. */
static pid_t child_of(pid_t pid)
{
    char path[64], text[64] = "";
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        test_skip("/proc/PID/task/TID/children");
    check(read(fd, text, sizeof(text) - 1) > 0);
    close(fd);
    return (pid_t)atoi(text);
}

TEST(in_place_the_status_of_the_program_comes_back)
{
    plan_in_place(NULL);
    script_run("exit 42");
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 42);
    script_run("kill -9 $$");
    check_int(status.end, TIER_SIGNALED);
    check_int(status.code, SIGKILL);
}

/* Its parent is process 1, which traces nobody. */
TEST(in_place_a_program_that_asks_to_be_traced_goes_on)
{
    plan_in_place(NULL);
    script_run(hand_traced_script);
    check_string(output, hand_traced_output);
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 42);
}

TEST(in_place_nothing_outlives_the_program)
{
    plan_in_place(NULL);
    script_run("for i in 1 2 3; do (setsid sh -c 'trap \"\" TERM HUP INT; sleep 1000 & sleep 1000' &) ; done; echo x; exit 3");
    check_int(status.code, 3);
}

TEST(in_place_a_storm_of_forks_ends_with_the_order_to)
{
    struct held held;

    plan_in_place(NULL);
    held_start(&held, "echo; storm() { while :; do (setsid sh -c : &); done; }; storm & storm & storm & wait");
    held_await(&held);
    check_int(tier_process.kill(held.run, &err), 0);
    check(held_is_gone(&held));
    held_end(&held);
    check_int(status.end, TIER_LOST);
    held_finish(&held);
}

TEST(in_place_finishing_a_run_ends_it)
{
    struct held held;
    int alive;

    plan_in_place(NULL);
    held_start(&held, "echo; (setsid sleep 1000 &); sleep 1000");
    held_await(&held);
    alive = held.alive;
    tier_process.finish(held.run);
    check(poll(&(struct pollfd){.fd = alive, .events = POLLIN}, 1, 0) == 1); /* already */
    close(held.alive);
    close(held.out);
}

/* Killed from outside: the other of the two ends the container. */
TEST(in_place_the_death_of_the_guard_ends_the_container)
{
    struct held held;

    plan_in_place(NULL);
    held_start(&held, "echo; (setsid sleep 1000 &); sleep 1000");
    held_await(&held);
    check_int(kill(tier_process.pid(held.run), SIGKILL), 0);
    check(held_is_gone(&held));
    held_finish(&held);
}

TEST(in_place_the_death_of_the_supervisor_ends_the_container)
{
    struct held held;

    plan_in_place(NULL);
    held_start(&held, "echo; (setsid sleep 1000 &); sleep 1000");
    held_await(&held);
    check_int(kill(child_of(tier_process.pid(held.run)), SIGKILL), 0);
    check(held_is_gone(&held));
    held_end(&held);
    check_int(status.end, TIER_LOST);
    held_finish(&held);
}

TEST(in_place_the_death_of_the_caller_ends_the_container)
{
    struct held held;
    int alive[2];
    char byte;
    pid_t caller;

    plan_in_place(NULL);
    check_int(pipe2(alive, O_CLOEXEC), 0);
    caller = fork();
    if (caller == 0) {
        held_start(&held, "echo; (setsid sleep 1000 &); sleep 1000");
        held_await(&held);
        dup2(held.alive, 200);
        if (write(alive[1], "x", 1) != 1)
            _exit(1);
        pause();
        _exit(0);
    }
    check_int(read(alive[0], &byte, 1), 1);
    {
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/fd/200", (int)caller);
        held.alive = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        check(held.alive >= 0);
    }
    kill(caller, SIGKILL);
    check_int(waitpid(caller, NULL, 0), caller);
    check(held_is_gone(&held));
    close(held.alive);
    close(alive[0]);
    close(alive[1]);
}

TEST(in_place_neither_guard_nor_supervisor_can_be_signalled)
{
    struct held held;
    char line[256] = "";
    ssize_t got;

    plan_in_place(NULL);
    held_start(&held, "kill -9 $PPID || echo refused; kill -9 -1 2>/dev/null; echo alive; sleep 1000");
    check(poll(&(struct pollfd){.fd = held.out, .events = POLLIN}, 1, GONE_MS) == 1);
    for (size_t used = 0; !strstr(line, "alive") && used < sizeof(line) - 1; used += (size_t)got) {
        got = read(held.out, line + used, sizeof(line) - used - 1);
        check(got > 0);
    }
    check_contains(line, "refused");
    check_int(tier_process.kill(held.run, &err), 0);
    held_end(&held);
    held_finish(&held);
}

/* Every process of this user but the container's must be left alone by kill(-1) of its supervisor. */
TEST(in_place_a_process_outside_survives_the_end)
{
    pid_t bystander;

    plan_in_place(NULL);
    bystander = fork();
    if (bystander == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        pause();
        _exit(0);
    }
    script_run("sleep 1000 & exit 0");
    check_int(waitpid(bystander, NULL, WNOHANG), 0);
    check_int(kill(bystander, SIGKILL), 0);
    check_int(waitpid(bystander, NULL, 0), bystander);
}

TEST(in_place_private_directories_are_there_and_go)
{
    struct stat st;

    plan_in_place(NULL);
    script_run("cd \"$HOME\" && echo hello >file && cat file && mkdir -p \"$TMPDIR\"/a/b/c \"$TMPDIR\"/shut/in && "
               "touch \"$TMPDIR\"/shut/in/file && ln -s / \"$TMPDIR\"/a/link && chmod 000 \"$TMPDIR\"/shut/in \"$TMPDIR\"/shut && "
               "echo \"$HOME\"");
    check_int(status.code, 0);
    check_contains(output, "hello\n");
    *strchr(strchr(output, '/'), '\n') = '\0';
    check_int(stat(strchr(output, '/'), &st), -1);
    *strrchr(output, '/') = '\0';
    check_int(stat(strchr(output, '/'), &st), -1);
    check_int(stat("/usr", &st), 0);
}

/*
 * What the program leaves in its directory decides what is unlinked and entered there. An object outside of all grants,
 * which it cannot change itself, must be as it was: with a link to it in a directory that nothing can be removed from.
 */
static void victim_make(char *ret_root, mode_t mode)
{
    char path[256];
    int fd;

    snprintf(ret_root, 64, "/var/tmp/cordon-unit-XXXXXX");
    check(mkdtemp(ret_root));
    snprintf(path, sizeof(path), "%s/file", ret_root);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    check(fd >= 0);
    check_int(fchmod(fd, mode), 0);
    close(fd);
    snprintf(path, sizeof(path), "%s/directory", ret_root);
    check_int(mkdir(path, 0700), 0);
    check_int(chmod(path, 0711), 0);
}

static void victim_check(const char *root, mode_t mode)
{
    static const char *const names[] = {"file", "directory"};
    const mode_t modes[] = {mode, 0711};
    struct stat st;
    char path[256];

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, names[i]);
        check_int(stat(path, &st), 0);
        check_int(st.st_mode & 07777, modes[i]);
        check_int(remove(path), 0);
    }
    check_int(rmdir(root), 0);
}

/* The directory of the run, which the script printed. */
static void check_gone(void)
{
    struct stat st;

    check(strchr(output, '\n'));
    *strchr(output, '\n') = '\0';
    check_contains(output, "/cordon-");
    check_int(stat(output, &st), -1);
    check_int(errno, ENOENT);
}

TEST(in_place_the_end_changes_no_mode_of_what_links_lead_to)
{
    static const char *const shut[] = {"$top", "$top/sub", "$top/sub $top", "$top/home/a/b $top/home/a"};
    char root[64], script[1024];

    plan_in_place(NULL);
    for (size_t i = 0; i < ARRAY_COUNT(shut); i++) {
        victim_make(root, 0644);
        snprintf(script, sizeof(script),
                 "top=${TMPDIR%%/tmp}; echo $top; chmod 0600 %s/file 2>/dev/null && exit 3; "
                 "mkdir -p $top/sub $top/home/a/b; for d in $top $top/sub $top/home/a $top/home/a/b; do "
                 "ln -s %s/file $d/0file; ln -s %s/directory $d/0directory; ln -s %s/file $d/zfile; done; chmod 0500 %s",
                 root, root, root, root, shut[i]);
        script_run(script);
        check_int(status.code, 0);
        victim_check(root, 0644);
        check_gone();
    }
}

TEST(in_place_a_file_of_mode_0_stays_shut_at_the_end)
{
    char root[64], script[512];

    plan_in_place(NULL);
    victim_make(root, 0);
    snprintf(script, sizeof(script), "top=${TMPDIR%%/tmp}; echo $top; ln -s %s/file $top/evil; chmod 0 $top", root);
    script_run(script);
    check_int(status.code, 0);
    victim_check(root, 0);
    check_gone();
}

TEST(in_place_a_deep_tree_of_shut_directories_goes)
{
    plan_in_place(NULL);
    script_run("echo ${TMPDIR%/tmp}; cd $TMPDIR && touch ../1 && mkdir ../2 ../2/x && i=0 && while [ $i -lt 300 ]; do "
               "mkdir d$i o$i && : >file && cd -P d$i || exit 1; i=$((i + 1)); done; "
               "i=0; while [ $i -lt 300 ]; do cd -P .. && chmod 0 d$((299 - i)) || exit 1; i=$((i + 1)); done");
    check_int(status.code, 0);
    check_gone();
}

TEST(in_place_a_socket_that_could_be_turned_is_not_handed_over)
{
    const char *argv[] = {"true", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path(),
                               .run_id = "unit"};
    int datagram[2], stream[2], lone = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct tier_run *run = NULL;

    plan_in_place(NULL);
    check_int(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagram), 0);
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, stream), 0);
    start.stdio[0] = datagram[0];
    check_int(tier_process.start(&start, NULL, &run, &err), -ENOTSUP);
    check_contains(err.text, "standard input");
    start.stdio[0] = lone;
    check_int(tier_process.start(&start, NULL, &run, &err), -ENOTSUP);
    start.stdio[0] = stream[0];
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    tier_process.finish(run);
    close(lone);
    for (int i = 0; i < 2; i++) {
        close(datagram[i]);
        close(stream[i]);
    }
}

TEST(in_place_an_object_that_was_exchanged_since_it_was_checked_is_refused)
{
    const char *argv[] = {"true", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path(),
                               .run_id = "unit"};
    struct tier_run *run = NULL;

    plan_in_place(NULL);
    hand.mounts[0].inode++;
    check_int(tier_process.start(&start, NULL, &run, &err), -ESTALE);
    check_contains(err.text, "exchanged");
}

/* Permissions change in a writable grant and nowhere else, and times with them. */
TEST(in_place_metadata_changes_in_writable_grants_alone)
{
    char workspace[] = "/tmp/cordon-unit-XXXXXX", beside[] = "/tmp/cordon-unit-XXXXXX", script[2048];
    struct stat st;

    check(test_make_directory(workspace) != NULL);
    check(test_make_directory(beside) != NULL);
    plan_in_place(workspace);
    snprintf(script, sizeof(script),
             "cd %s && touch f && chmod 640 f && touch -d @1 f && chgrp $(id -g) f && ln -s %s out && "
             "! chmod 777 out 2>/dev/null && ! chmod 777 %s 2>/dev/null && ! touch -d @1 %s 2>/dev/null && "
             "! chmod 777 ../${PWD##*/}x 2>/dev/null && mkdir d && chmod 700 d && stat -c %%a:%%Y f",
             workspace, beside, beside, beside);
    check_int(chmod(beside, 0700), 0);
    script_run(script);
    check_contains(output, "640:1\n");
    check_int(status.code, 0);
    check_int(stat(beside, &st), 0);
    check_int(st.st_mode & 07777, 0700);
    check(st.st_mtime != 1);
    snprintf(script, sizeof(script), "rm -rf %s %s", workspace, beside);
    check_int(system(script), 0);
}

/* A name that only begins as a granted one is another directory's. */
TEST(in_place_a_neighbour_with_a_longer_name_is_not_the_grant)
{
    char workspace[] = "/tmp/cordon-unit-XXXXXX", beside[64], script[512];
    struct stat st;

    check(test_make_directory(workspace) != NULL);
    snprintf(beside, sizeof(beside), "%s.old", workspace);
    check_int(mkdir(beside, 0700), 0);
    plan_in_place(workspace);
    snprintf(script, sizeof(script), "chmod 777 %s", beside);
    script_run(script);
    check(status.code != 0);
    check_int(stat(beside, &st), 0);
    check_int(st.st_mode & 07777, 0700);
    check_int(rmdir(beside), 0);
    check_int(rmdir(workspace), 0);
}

static char told_paths[512], told_sources[64], told_exe[256];
static unsigned told_pid;
static pid_t told_host_pid;
static size_t told_count;

static int hear(void *context, const struct tier_access *access, const char *source, uint64_t lost, struct error *ret_err)
{
    (void)context;
    (void)lost;
    (void)ret_err;
    if (!access)
        return 0;
    told_count++;
    snprintf(told_paths + strlen(told_paths), sizeof(told_paths) - strlen(told_paths), "%s %s %d\n", operation_name(access->operation),
             access->path ? access->path : "-", access->errnum);
    snprintf(told_sources + strlen(told_sources), sizeof(told_sources) - strlen(told_sources), "%s ", source);
    snprintf(told_exe, sizeof(told_exe), "%s", access->process.exe ? access->process.exe : "-");
    told_pid = access->process.pid;
    told_host_pid = access->process.host_pid;
    return 0;
}

/* And nothing of what goes through. */
TEST(in_place_refusals_of_changes_and_of_the_filter_are_told)
{
    static const struct tier_watcher watcher = {.accessed = hear};
    const char *workspace = hand_workspace_make();
    char script[1024], expected[512];

    plan_in_place(workspace);
    hand_watcher = &watcher;
    snprintf(script, sizeof(script),
             "cd %s; touch f; chmod 600 f; ln -s /usr/bin/env l; exec perl -e '"
             "$\\ = \" \"; sub try_ { print shift() ? \"through\" : int($!) } try_(chmod 0755, \"/usr/bin/env\"); try_(chmod 0755, \"l\");"
             "try_(chmod 0644, \"f\"); try_(chown 0, 0, \"/usr/bin\"); try_(syscall(272, 0x10000000) == 0)'",
             workspace);
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
    hand_watcher = NULL;
#ifdef __x86_64__
    check_string(output, "1 1 through 1 1 ");
    snprintf(expected, sizeof(expected), "metadata /usr/bin/env %d\nmetadata /usr/bin/env %d\nmetadata /usr/bin %d\nsyscall - %d\n", EPERM,
             EPERM, EPERM, EPERM);
    check_string(told_paths, expected);
    check_string(told_sources, "keeper keeper keeper filter ");
    check_contains(told_exe, "/perl");
    check(told_pid > 1 && (pid_t)told_pid == told_host_pid);
#endif
    hand_workspace_remove(workspace);
}
