/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that are kept ready, through libcordon.so: a run from the pool is a run like any other. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

static struct cordon_error err;
static struct cordon_status status;
static struct cordon_pool_stats stats;
static char text[65536];
static char run_id[64];

static struct cordon_request *request_new(const char *policy, const char *script)
{
    const char *const argv[] = {"sh", "-c", script, NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, &err), 0);
    if (policy)
        check_int(cordon_request_add_policy_file(request, policy, &err), 0);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    return request;
}

static struct cordon_pool *pool_new(const char *policy, uint32_t ready_max)
{
    struct cordon_request *request = request_new(policy, "true");
    struct cordon_pool *pool = NULL;

    if (cordon_pool_new(request, ready_max, &pool, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    cordon_request_free(request);
    return pool;
}

static void step(struct cordon_pool *pool)
{
    struct pollfd polled = {.fd = cordon_pool_poll_fd(pool, &err), .events = POLLIN};

    check(polled.fd >= 0);
    poll(&polled, 1, 10000);
    if (cordon_pool_step(pool, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    cordon_pool_stats(pool, &stats);
}

static void fill_unsealed(struct cordon_pool *pool)
{
    do
        step(pool);
    while (!stats.unsealed);
}

static void fill(struct cordon_pool *pool)
{
    do
        step(pool);
    while (!stats.ready);
}

/* What a run prints, into `text`; its end into `status`. */
static void run_request(struct cordon_pool *pool, struct cordon_request *request)
{
    struct cordon_container *container = NULL;
    size_t length = 0;
    ssize_t got;
    int started = pool ? cordon_pool_spawn(pool, request, &container, &err) : cordon_spawn(request, &container, &err);

    if (started < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    while ((got = read(cordon_container_stdout_fd(container), text + length, sizeof(text) - 1 - length)) > 0)
        length += (size_t)got;
    text[length] = '\0';
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    snprintf(run_id, sizeof(run_id), "%s", cordon_container_id(container));
    cordon_container_free(container);
    if (pool)
        cordon_pool_stats(pool, &stats);
}

static void run(struct cordon_pool *pool, const char *policy, const char *script)
{
    struct cordon_request *request = request_new(policy, script);

    run_request(pool, request);
    cordon_request_free(request);
}

static void file_write(const char *name, const char *what)
{
    FILE *file = fopen(name, "w");

    check(file != NULL);
    fputs(what, file);
    check_int(fclose(file), 0);
}

TEST(a_run_from_the_pool_is_recorded_as_any_other)
{
    struct cordon_pool *pool;
    char *shown = NULL, first[64];

    sandbox_open();
    pool = pool_new(NULL, 2);
    fill(pool);
    check_int(cordon_runs_list(10, CORDON_JSON, &shown, &err), 0);
    check_contains(shown, "\"runs\": []"); /* what nobody took is no run */
    cordon_string_free(shown);
    run(pool, NULL, "echo hello; exit 3");
    check_int((int)stats.taken_ready, 1);
    check_string(text, "hello\n");
    check_int(status.end, CORDON_END_EXITED);
    check_int(status.exit_status, 3);
    check(status.user_us + status.system_us > 0);
    check_int(cordon_runs_show(run_id, CORDON_JSON, &shown, &err), 0);
    check_contains(shown, "\"type\":\"run.started\"");
    check_contains(shown, "\"argv\":[\"sh\",\"-c\",\"echo hello; exit 3\"]");
    check_contains(shown, "\"type\":\"run.exited\",\"end\":\"exited\",\"code\":3");
    check(!strstr(shown, "exec.started"));
    cordon_string_free(shown);
    strcpy(first, run_id);
    fill(pool);
    run(pool, NULL, "exit 0");
    check(strcmp(first, run_id) != 0);
    cordon_pool_free(pool);
    sandbox_close();
}

/* What was made ready first and taken last is the last: runs are in the order in which they began. */
TEST(a_run_from_the_pool_is_the_last_one)
{
    struct cordon_pool *pool;
    char *shown = NULL, before[64];

    sandbox_open();
    pool = pool_new(NULL, 1);
    fill(pool);
    usleep(2000);
    run(NULL, NULL, "echo before");
    strcpy(before, run_id);
    usleep(2000); /* ids count milliseconds */
    run(pool, NULL, "echo after");
    check_int((int)stats.taken_ready, 1);
    check(strcmp(before, run_id) < 0);
    check_int(cordon_runs_show("last", CORDON_JSON, &shown, &err), 0);
    check_contains(shown, "echo after");
    check_contains(shown, run_id);
    cordon_string_free(shown);
    cordon_pool_free(pool);
    sandbox_close();
}

/* All that a program can learn of where it is, but for numbers of processes and times. */
static const char what_it_sees[] =
    "id; pwd; umask; ulimit -a; hostname; env | sort; cat /proc/1/cgroup /proc/self/uid_map /proc/self/gid_map; "
    "grep -v '^\\(Pid\\|Tgid\\|Ngid\\|NStgid\\|NSpid\\|NSpgid\\|NSsid\\|PPid\\|Vm\\|Rss\\|Hugetlb\\|.*ctxt\\)' /proc/self/status; "
    "sed 's/^[0-9]* [0-9]* [0-9:]* //' /proc/self/mountinfo; ls -la --time-style=+ / /dev /run /tmp 2>/dev/null | grep -v '^total\\| proc$'; "
    "cut -d: -f1 /proc/net/dev; ls /proc/self/fd | grep -c .; cat /proc/self/limits /proc/self/oom_score_adj; ls /proc | grep -v '^[0-9]'";

TEST(a_program_from_the_pool_sees_what_it_would_see_elsewhere)
{
    struct cordon_pool *pool;
    static char fresh[65536];

    sandbox_open();
    run(NULL, NULL, what_it_sees);
    strcpy(fresh, text);
    check(strlen(fresh) > 3000);
    pool = pool_new(NULL, 1);
    fill(pool);
    run(pool, NULL, what_it_sees);
    check_int((int)stats.taken_ready, 1);
    for (const char *a = text, *b = fresh; *a || *b; a++, b++) /* a mismatch is shown by where it is */
        if (*a != *b)
            test_fail(__FILE__, __LINE__, "from the pool '%.80s', else '%.80s'", a, b);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(nothing_of_one_run_is_in_the_next)
{
    struct cordon_pool *pool;

    sandbox_open();
    pool = pool_new(NULL, 4);
    fill(pool);
    run(pool, NULL, "echo secret >/tmp/left; ls /tmp | grep -v cordon-test");
    check_string(text, "left\n");
    fill(pool);
    run(pool, NULL, "ls /tmp | grep -v cordon-test");
    check_string(text, "");
    check_int((int)stats.taken_ready, 2);
    cordon_pool_free(pool);
    sandbox_close();
}

static const char narrow[] = "version: cordon/1\nextends: [coding-agent]\nfilesystem: {deniedPaths: [\"${workspace}/shut\"]}\n";
static const char wide[] = "version: cordon/1\nextends: [coding-agent]\n";

/* The same name, size and second: it is read, and not asked how old it is. */
TEST(a_policy_that_was_rewritten_holds_as_it_is_now)
{
    struct cordon_pool *pool;
    char padded[256];

    sandbox_open();
    check_int(mkdir("../policies", 0755), 0);
    snprintf(padded, sizeof(padded), "%s#%*s\n", wide, (int)(strlen(narrow) - strlen(wide) - 2), "");
    check_int((int)strlen(padded), (int)strlen(narrow));
    file_write("shut", "closed\n");
    file_write("../policies/p.yaml", padded);
    pool = pool_new("../policies/p.yaml", 2);
    fill(pool);
    run(pool, "../policies/p.yaml", "cat shut");
    check_int((int)stats.taken_ready, 1);
    check_string(text, "closed\n");
    fill(pool);
    file_write("../policies/p.yaml", narrow);
    run(pool, "../policies/p.yaml", "cat shut; echo $?");
    check_string(text, "1\n");
    check_int((int)stats.taken_ready, 1);
    check((int)stats.stale > 0);
    fill(pool); /* it makes them by what is there now */
    run(pool, "../policies/p.yaml", "cat shut; echo $?");
    check_string(text, "1\n");
    check_int((int)stats.taken_ready, 2);
    cordon_pool_free(pool);
    sandbox_close();
}

/* What the host has got meanwhile is protected as if the container began now. */
TEST(what_the_host_has_got_since_is_protected)
{
    static const char shut_by_pattern[] = "version: cordon/1\nextends: [coding-agent]\nfilesystem: {deniedPaths: [\"${workspace}/**/*.key\"]}\n";
    struct cordon_pool *pool;

    sandbox_open();
    check_int(mkdir("../policies", 0755), 0);
    check_int(mkdir("deep", 0755), 0);
    file_write("../policies/p.yaml", shut_by_pattern);
    pool = pool_new("../policies/p.yaml", 2);
    fill(pool);
    file_write("deep/new.key", "private\n");
    run(pool, "../policies/p.yaml", "cat deep/new.key; echo $?");
    check_string(text, "1\n");
    fill(pool);
    check_int(mkdir("deep/.git", 0755), 0);
    file_write("deep/.git/config", "[core]\n");
    run(pool, "../policies/p.yaml", "echo x >>deep/.git/config; cat deep/.git/config");
    check_string(text, "[core]\n");
    fill(pool);
    run(pool, "../policies/p.yaml", "mkdir -p deep/own/.git && echo x >deep/own/.git/config && cat deep/own/.git/config");
    check_string(text, "x\n"); /* what the program makes itself it may write */
    cordon_pool_free(pool);
    sandbox_close();
}

/*
 * What may move between the moment in which a container was made ready and that in which it is taken. Each run is held against one without a pool; and
 * what did not move needs no compilation.
 */
static const char moving[] = "version: cordon/1\nextends: [coding-agent]\nfilesystem: {deniedPaths: [\"${workspace}/shut\"], "
                             "readonlyPaths: [\"${workspace}/fixed\"]}\n";
static const char look_around[] = "cat shut/key fixed/in deep/file; echo x >fixed/out; echo x >deep/out; ls -l deep; cat .npmrc; echo x >.npmrc; ls -la";

static void put_stamps_back(const char *name, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};

    check_int(utimensat(AT_FDCWD, name, times, 0), 0);
}

static void exchange_policy(void)
{
    struct stat st;
    FILE *file;

    check_int(stat("../p.yaml", &st), 0);
    file = fopen("../p.yaml", "r+"); /* the same file, size and time */
    check(file != NULL);
    fputs(moving, file);
    check_int(fseek(file, strstr(moving, "/shut") - moving, SEEK_SET), 0);
    fputs("/deep", file);
    check_int(fclose(file), 0);
    put_stamps_back("../p.yaml", &st);
}

static void exchange_directory(void)
{
    check_int(rename("shut", "shut-before"), 0);
    check_int(mkdir("shut", 0755), 0);
    file_write("shut/key", "another\n");
}

static void make_what_was_absent(void) { file_write(".npmrc", "registry\n"); }
static void replace_by_a_link(void)
{
    check_int(rename("fixed", "was-fixed"), 0);
    check_int(symlink("deep", "fixed"), 0);
}

static void move_parent(void)
{
    char here[4096], away[4200];

    check(getcwd(here, sizeof(here)) != NULL);
    snprintf(away, sizeof(away), "%s-away", here);
    check_int(rename(here, away), 0);
    check_int(mkdir(here, 0755), 0);
    check_int(chdir(here), 0);
    check_int(mkdir("shut", 0755), 0);
    check_int(mkdir("fixed", 0755), 0);
    check_int(mkdir("deep", 0755), 0);
    file_write("shut/key", "in the new one\n");
    file_write("fixed/in", "in the new one\n");
}

static void change_mode(void) { check_int(chmod("fixed", 0700), 0); }
static void add_a_name(void) { check_int(link("shut/key", "deep/file"), 0); } /* of what is denied */

/* ./NAME/p.yaml and ./NAME/work */
static void make_workspace(const char *name)
{
    char here[4096];

    check(getcwd(here, sizeof(here)) != NULL);
    check_int(mkdir(name, 0755), 0);
    check_int(chdir(name), 0);
    file_write("p.yaml", moving);
    check_int(mkdir("work", 0755), 0);
    check_int(chdir("work"), 0);
    check_int(mkdir("shut", 0755), 0);
    check_int(mkdir("fixed", 0755), 0);
    check_int(mkdir("deep", 0755), 0);
    file_write("shut/key", "private\n");
    file_write("fixed/in", "fixed\n");
    check_int(chdir(here), 0);
}

/* Until the stamps of directories are believed. */
static void let_stamps_age(void)
{
    struct timespec pause = {.tv_sec = 2, .tv_nsec = 600000000};

    while (nanosleep(&pause, &pause) < 0)
        ;
}

static void check_moved(const char *name, void (*move)(void))
{
    static char fresh[65536];
    struct cordon_pool *pool;

    run(NULL, "../p.yaml", "exit 0"); /* the first one makes directories for caches */
    pool = pool_new("../p.yaml", 1);
    fill(pool);
    run(pool, "../p.yaml", "exit 0");
    if (stats.proved != 1)
        test_fail(__FILE__, __LINE__, "before: %s: nothing moved, and it was compiled", name);
    fill(pool);
    move();
    run(pool, "../p.yaml", look_around);
    if (stats.proved != 1)
        test_fail(__FILE__, __LINE__, "%s was not seen", name);
    strcpy(fresh, text);
    (void)!unlink("deep/out");
    if (move == make_what_was_absent)
        file_write(".npmrc", "registry\n");
    run(NULL, "../p.yaml", look_around);
    if (strcmp(fresh, text) != 0)
        test_fail(__FILE__, __LINE__, "%s: from the pool '%s', else '%s'", name, fresh, text);
    cordon_pool_free(pool);
}

TEST(whatever_moves_before_a_container_is_taken_is_seen)
{
    static const struct {
        const char *name;
        void (*move)(void);
    } moves[] = {
        {"a-policy-with-its-old-stamps", exchange_policy},
        {"a-directory-that-was-exchanged", exchange_directory},
        {"a-name-that-was-absent", make_what_was_absent},
        {"a-directory-that-became-a-link", replace_by_a_link},
        {"a-parent-that-was-renamed", move_parent},
        {"the-mode-of-a-directory", change_mode},
        {"another-name-of-what-is-denied", add_a_name},
    };
    char here[4096];

    sandbox_open();
    check(getcwd(here, sizeof(here)) != NULL);
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++)
        make_workspace(moves[i].name);
    let_stamps_age();
    for (size_t i = 0; i < sizeof(moves) / sizeof(moves[0]); i++) {
        check_int(chdir(moves[i].name), 0);
        check_int(chdir("work"), 0);
        check_moved(moves[i].name, moves[i].move);
        check_int(chdir(here), 0);
    }
    sandbox_close();
}

TEST(where_nothing_moved_nothing_is_compiled)
{
    struct cordon_pool *pool;

    sandbox_open();
    make_workspace("still");
    check_int(chdir("still/work"), 0);
    let_stamps_age();
    run(NULL, "../p.yaml", "exit 0");
    pool = pool_new("../p.yaml", 1);
    fill(pool);
    file_write("new", "somebody works here\n");
    file_write("deep/new", "and here\n");
    setenv("CORDON_TEST_OTHER", "1", 1);
    run(pool, "../p.yaml", "cat shut/key; echo $?");
    check_string(text, "1\n");
    check_int((int)stats.proved, 1);
    fill(pool);
    setenv("PATH", "/bin:/usr/bin", 1); /* by which programs were looked for */
    run(pool, "../p.yaml", "echo $PATH");
    check_string(text, "/bin:/usr/bin\n");
    check_int((int)stats.proved, 1);
    cordon_pool_free(pool);
    sandbox_close();
}

/* A file system that is mounted over a part of the workspace: no file has moved. */
TEST(what_was_mounted_meanwhile_is_seen)
{
    struct cordon_pool *pool;

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    sandbox_open();
    make_workspace("mounted");
    check_int(chdir("mounted/work"), 0);
    let_stamps_age();
    pool = pool_new("../p.yaml", 1);
    fill(pool);
    check_int(mount("shut", "deep", NULL, MS_BIND, NULL), 0);
    run(pool, "../p.yaml", "cat deep/key; echo $?");
    check_string(text, "1\n");
    check_int((int)stats.taken_ready, 0);
    check((int)stats.stale > 0);
    check_int(umount2("deep", MNT_DETACH), 0);
    cordon_pool_free(pool);
    sandbox_close();
}

/* Whoever waits for the pool has asked the same question before the pool does. */
TEST(what_was_mounted_while_somebody_waits_for_the_pool_is_seen)
{
    struct cordon_pool *pool;

    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    sandbox_open();
    make_workspace("waited");
    check_int(chdir("waited/work"), 0);
    check_int(mkdir("other", 0755), 0);
    file_write("other/new", "new\n");
    file_write("deep/new", "old\n");
    let_stamps_age();
    pool = pool_new("../p.yaml", 1);
    fill(pool);
    check_int(mount("other", "deep", NULL, MS_BIND, NULL), 0);
    step(pool);
    run(pool, "../p.yaml", "cat deep/new");
    check_string(text, "new\n");
    check((int)stats.stale > 0);
    check_int(umount2("deep", MNT_DETACH), 0);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(a_workspace_that_was_exchanged_is_another)
{
    struct cordon_pool *pool;
    char here[4096], moved[4200];

    sandbox_open();
    check(getcwd(here, sizeof(here)) != NULL);
    snprintf(moved, sizeof(moved), "%s-moved", here);
    file_write("which", "old\n");
    pool = pool_new(NULL, 2);
    fill(pool);
    check_int(rename(here, moved), 0);
    check_int(mkdir(here, 0755), 0);
    check_int(chdir(here), 0);
    file_write("which", "new\n");
    run(pool, NULL, "cat which");
    check_string(text, "new\n");
    check_int((int)stats.taken_ready, 0);
    cordon_pool_free(pool);
    sandbox_close();
}

/* It is made for that run, and nothing that stood before could have known it. */
TEST(the_record_in_a_file_is_not_the_program_s_to_write)
{
    struct cordon_pool *pool;
    struct cordon_request *request = request_new(NULL, "echo x >>told.jsonl; echo status $?");

    sandbox_open();
    check_int(cordon_request_set_events_file(request, "told.jsonl", &err), 0);
    pool = pool_new(NULL, 2);
    for (int i = 0; i < 2; i++) {
        fill(pool);
        run_request(pool, request);
        check_string(text, "status 2\n");
    }
    cordon_request_free(request);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(the_environment_is_that_of_the_moment)
{
    static const char policy[] = "version: cordon/1\nextends: [coding-agent]\nenvironment: {inherit: [TAKEN]}\n";
    struct cordon_pool *pool;

    sandbox_open();
    check_int(mkdir("../policies", 0755), 0);
    file_write("../policies/p.yaml", policy);
    setenv("TAKEN", "before", 1);
    pool = pool_new("../policies/p.yaml", 2);
    fill(pool);
    setenv("TAKEN", "after", 1);
    run(pool, "../policies/p.yaml", "echo $TAKEN");
    check_string(text, "after\n");
    check_int((int)stats.taken_ready, 1);
    cordon_pool_free(pool);
    sandbox_close();
}

/* A file as a stream can be opened again by name, in a run from the pool too. */
TEST(what_cannot_be_kept_ready_is_completed)
{
    struct cordon_pool *pool;
    struct cordon_request *request;
    int file;

    sandbox_open();
    pool = pool_new(NULL, 2);
    fill(pool);
    while (!stats.prepared)
        step(pool);
    check_int((int)stats.unsealed, 0); /* nobody has given a file to any */
    file_write("../outside", "content\n");
    file_write("../other", "content\n");
    file = open("../outside", O_RDONLY | O_CLOEXEC);
    request = request_new(NULL, "cat /dev/stdin; cat ../other || echo closed");
    check_int(cordon_request_set_stdio(request, file, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    run_request(pool, request);
    check_string(text, "content\nclosed\n");
    check_int((int)stats.taken_prepared, 1);
    check_int((int)stats.taken_ready, 0);
    fill_unsealed(pool); /* now somebody has */
    check_int((int)lseek(file, 0, SEEK_SET), 0);
    run_request(pool, request);
    check_string(text, "content\nclosed\n");
    check_int((int)stats.taken_unsealed, 1);
    check_int((int)stats.taken_prepared, 1);
    check_int((int)stats.proved, 1);
    cordon_request_free(request);
    close(file);
    cordon_pool_free(pool);
    sandbox_close();
}

static void run_with_file(struct cordon_pool *pool, const char *script)
{
    struct cordon_request *request = request_new("../p.yaml", script);
    int file = open("../p.yaml", O_RDONLY | O_CLOEXEC);

    check_int(cordon_request_set_stdio(request, file, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    run_request(pool, request);
    cordon_request_free(request);
    close(file);
}

/* By the compilation of what is ready, where nothing has moved; else by one of its own. */
TEST(what_is_completed_obeys_the_policy_of_now)
{
    struct cordon_pool *pool;

    sandbox_open();
    make_workspace("completed");
    check_int(chdir("completed/work"), 0);
    let_stamps_age();
    run(NULL, "../p.yaml", "exit 0");
    pool = pool_new("../p.yaml", 1);
    fill(pool);
    while (!stats.prepared)
        step(pool);
    setenv("CORDON_TEST_OTHER", "1", 1);
    run_with_file(pool, "cat deep/new; echo new >deep/new; cat deep/new; cat shut/key; cat /dev/stdin | grep -c version");
    check_string(text, "new\n1\n");
    check_int((int)stats.taken_prepared, 1);
    while (!stats.prepared || !stats.ready || !stats.unsealed)
        step(pool);
    exchange_policy(); /* what was open is shut, and the other way around */
    run_with_file(pool, "cat deep/new; cat shut/key");
    check_string(text, "private\n");
    check_int((int)stats.taken_unsealed, 0);
    check((int)stats.stale > 0);
    fill_unsealed(pool);
    run_with_file(pool, "cat deep/new; cat shut/key");
    check_string(text, "private\n");
    check_int((int)stats.taken_unsealed, 1);
    cordon_pool_free(pool);
    sandbox_close();
}

/* Where none of the other kind is left: what it is sealed with is nothing then. */
TEST(what_needs_no_rule_can_have_one_that_waits_for_its_streams)
{
    struct cordon_pool *pool;

    sandbox_open();
    file_write("../p.yaml", "version: cordon/1\nextends: [coding-agent]\n");
    pool = pool_new("../p.yaml", 1);
    run_with_file(pool, "true");
    while (!stats.ready || !stats.unsealed)
        step(pool);
    run(pool, "../p.yaml", "echo first");
    check_int((int)stats.taken_ready, 1);
    run(pool, "../p.yaml", "echo second; cat ../p.yaml || echo closed");
    check_string(text, "second\nclosed\n");
    check_int((int)stats.taken_ready, 1);
    check_int((int)stats.taken_unsealed, 1);
    check_int((int)stats.cold, 1);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(a_terminal_of_the_caller_can_be_opened_again_by_name)
{
    struct cordon_request *request = NULL;
    struct cordon_pool *pool;
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), terminal;

    check(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    terminal = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    check(terminal >= 0);
    sandbox_open();
    pool = pool_new(NULL, 1);
    request = request_new(NULL, "test -t 0 && (exec 3<>/proc/self/fd/0) && echo again");
    check_int(cordon_request_set_stdio(request, terminal, CORDON_STDIO_PIPE, CORDON_STDIO_NULL, &err), 0);
    for (int i = 0; i < 2; i++) {
        run_request(pool, request);
        check_string(text, "again\n");
        check_int((int)stats.taken_unsealed, i);
        while (!stats.unsealed)
            step(pool);
    }
    cordon_request_free(request);
    cordon_pool_free(pool);
    sandbox_close();
    close(terminal);
    close(master);
}

/* Every child of this process. */
static void kill_children(void)
{
    FILE *file = fopen("/proc/thread-self/children", "r");
    int pid;

    if (!file)
        test_skip("/proc/PID/task/TID/children (CONFIG_PROC_CHILDREN)");
    while (fscanf(file, "%d", &pid) == 1)
        kill(pid, SIGKILL);
    fclose(file);
}

TEST(a_container_that_was_killed_in_the_pool_is_nobody_s)
{
    struct cordon_pool *pool;

    sandbox_open();
    pool = pool_new(NULL, 2);
    fill(pool);
    while (!stats.prepared)
        step(pool);
    kill_children();
    usleep(100000); /* a race here is lost by the test alone: what is not dead yet is taken, and runs or fails */
    run(pool, NULL, "echo fine");
    check_string(text, "fine\n");
    check_int((int)stats.taken_ready, 0);
    check((int)stats.failed > 0);
    fill(pool);
    run(pool, NULL, "echo fine");
    check_int((int)stats.taken_ready, 1);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(a_pool_is_bounded_and_leaves_nothing_behind)
{
    struct cordon_request *request;
    struct cordon_pool *pool = NULL;

    sandbox_open();
    request = request_new(NULL, "true");
    check_int(cordon_pool_new(request, 0, &pool, &err), -EINVAL);
    check_int(cordon_pool_new(request, CORDON_POOL_MAX + 1, &pool, &err), -EINVAL);
    cordon_request_free(request);
    pool = pool_new(NULL, 3);
    fill(pool);
    for (int i = 0; i < 30; i++)
        run(pool, NULL, "exit 0");
    for (int i = 0; i < 50; i++) {
        check_int(cordon_pool_step(pool, &err), 0);
        cordon_pool_stats(pool, &stats);
        check(stats.ready + stats.beginning <= 3);
    }
    while (stats.ready < 3)
        step(pool);
    cordon_pool_free(pool);
    sandbox_close();
}

TEST(a_command_that_is_not_there_fails_as_elsewhere)
{
    const char *const argv[] = {"no-such-program", NULL};
    struct cordon_container *container = NULL;
    struct cordon_request *request;
    struct cordon_error fresh;
    struct cordon_pool *pool;

    sandbox_open();
    pool = pool_new(NULL, 2);
    fill(pool);
    request = request_new(NULL, "true");
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_spawn(request, &container, &fresh), -ENOENT);
    check_int(cordon_pool_spawn(pool, request, &container, &err), -ENOENT);
    check_string(err.text, fresh.text);
    check_int(err.kind, CORDON_ERROR_NOT_FOUND);
    cordon_request_free(request);
    cordon_pool_free(pool);
    sandbox_close();
}
