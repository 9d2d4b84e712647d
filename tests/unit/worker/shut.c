/* SPDX-License-Identifier: Apache-2.0 */
/* What a program of the daemon keeps of its rights: the places and calls that it names, and nothing beside them. */
#include "worker/shut.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "daemon/daemon.h"
#include "test.h"

static char directory[PATH_MAX];

static const char *at(const char *name)
{
    static char path[PATH_MAX + 64];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static void put(const char *name)
{
    int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    check(fd >= 0);
    close(fd);
}

static void scene(void)
{
    char template[] = "/tmp/test-shut-XXXXXX";

    if (syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) < 3)
        test_skip("Landlock of Linux 6.2");
    check(test_make_directory(template) != NULL);
    snprintf(directory, sizeof(directory), "%s", template);
    check_int(mkdir(at("own"), 0700), 0);
    check_int(mkdir(at("other"), 0700), 0);
    put("own/file");
    put("other/file");
}

/* 0, or the errno of the attempt, in a child that has what `place` says; NULL = all. */
static int attempt(int (*act)(const char *below), const char *below, const struct shut_place *place)
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct error err = ERROR_INIT;

        if (place && shut_files(place, 1, 0, &err) < 0)
            _exit(99);
        _exit(act(below));
    }
    check_int(waitpid(child, &status, 0), child);
    check(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int open_as(const char *below, const char *name, int flags)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "%s/%s", below, name);
    fd = open(at(path), flags | O_CLOEXEC, 0600);
    return fd < 0 ? errno : 0;
}

static int read_file(const char *below)
{
    return open_as(below, "file", O_RDONLY);
}

static int list(const char *below)
{
    return open_as(below, ".", O_RDONLY | O_DIRECTORY);
}

static int cut_file(const char *below)
{
    return open_as(below, "file", O_WRONLY | O_TRUNC);
}

static int make_file(const char *below)
{
    return open_as(below, "new", O_WRONLY | O_CREAT);
}

static int remove_file(const char *below)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/file", below);
    return unlink(at(path)) < 0 ? errno : 0;
}

static int make_directory(const char *below)
{
    char path[64];

    snprintf(path, sizeof(path), "%s/directory", below);
    return mkdir(at(path), 0700) < 0 ? errno : 0;
}

static int execute(const char *unused_arg below)
{
    execl("/bin/true", "true", NULL);
    return errno;
}

/* Each right stands for itself: what needs another one than the place has is refused there, and everything is elsewhere. */
TEST(a_place_has_the_rights_that_it_was_given_and_no_other)
{
    static const struct {
        int (*act)(const char *below);
        unsigned needs;
    } acts[] = {{read_file, SHUT_FILES}, {list, SHUT_LIST}, {cut_file, SHUT_WRITE}, {make_file, SHUT_WRITE}, {make_directory, SHUT_ARRANGE}, {remove_file, SHUT_WRITE}};
    struct shut_place own = {.path = NULL};

    scene();
    own.fd = open(at("own"), O_PATH | O_CLOEXEC);
    check(own.fd >= 0);
    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        own.access = ~acts[i].needs;
        check_int(attempt(acts[i].act, "own", &own), EACCES);
        own.access = acts[i].needs;
        check_int(attempt(acts[i].act, "other", &own), EACCES);
        check_int(attempt(acts[i].act, "own", &own), 0);
        check_int(attempt(acts[i].act, "other", NULL), 0); /* nothing else is in its way */
    }
    check_int(attempt(execute, "", &own), EACCES);
    close(own.fd);
}

TEST(a_place_that_is_not_there_is_an_error_unless_it_may_be_missing)
{
    struct error err = ERROR_INIT;
    struct shut_place missing = {.path = "/nowhere/at-all", .access = SHUT_READ};

    scene();
    check_int(shut_files(&missing, 1, 0, &err), -ENOENT);
    check_contains(err.text, "/nowhere/at-all");
    missing.is_optional = true;
    check_int(attempt(read_file, "own", &missing), EACCES);
}

/* ---- calls ---- */

static int status_of(const struct shut_calls *calls, int (*act)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct error err = ERROR_INIT;

        if (shut_calls(calls, &err) < 0)
            _exit(99);
        _exit(act());
    }
    check_int(waitpid(child, &status, 0), child);
    return status;
}

static int make_pair(void)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0;
}

static int make_inet_pair(void)
{
    int pair[2];

    return socketpair(AF_INET, SOCK_STREAM, 0, pair) < 0;
}

static int make_process(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0;
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int ask_who(void)
{
    return getppid() <= 0;
}

static int own_signals(void)
{
    return fcntl(0, F_SETOWN, getppid()) < 0 ? errno : 0;
}

static int dumpable(void)
{
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0);
}

TEST(a_call_that_is_on_no_list_ends_the_program)
{
    static int (*const acts[])(void) = {make_pair, make_inet_pair, make_process, make_code, ask_who};
    const struct shut_calls none = {.allowed = NULL};

    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        int status = status_of(&none, acts[i]);

        check(WIFSIGNALED(status));
        check_int(WTERMSIG(status), SIGSYS);
    }
}

TEST(what_is_listed_is_allowed_and_what_libraries_do_without_is_refused)
{
    static const int allowed[] = {SYS_getppid, SYS_prctl, SYS_getpid}, refused[] = {SYS_getppid};
    const struct shut_calls both = {.allowed = allowed, .allowed_count = ARRAY_COUNT(allowed), .has_pairs = true};
    const struct shut_calls without = {.refused = refused, .refused_count = ARRAY_COUNT(refused)};
    int status;

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their calls are not on the list */
#endif
    check_int(status_of(&both, ask_who), 0);
    check_int(status_of(&both, make_pair), 0);
    check_int(status_of(&both, dumpable), 0); /* nobody of this user looks into its memory */
    check_int(WEXITSTATUS(status_of(&both, own_signals)), EPERM);
    status = status_of(&both, make_inet_pair);
    check(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    check_int(WEXITSTATUS(status_of(&without, ask_who)), 1); /* refused with an error, which is < 0 */
}

/* Whatever the C library finds wrong is to be read in the journal, not guessed from a system call that is on no list. */
TEST(a_core_that_aborts_says_why_and_ends_by_that)
{
    char said[256] = "";
    int ends[2], status;
    pid_t child;

    scene();
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* they find it first */
#endif
    check_int(pipe2(ends, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        struct error err = ERROR_INIT;
        auto_close int own = open(at("own"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char *volatile wrong = mem_alloc(256);

        if (dup2(ends[1], STDERR_FILENO) < 0 || core_confine(own, &err) < 0)
            _exit(99);
        wrong += 16;
        free(wrong);
        _exit(98);
    }
    close(ends[1]);
    check_int(waitpid(child, &status, 0), child);
    check(read(ends[0], said, sizeof(said) - 1) > 0);
    close(ends[0]);
    check(strstr(said, "free()"));
    check(WIFSIGNALED(status));
    check_int(WTERMSIG(status), SIGABRT);
}
