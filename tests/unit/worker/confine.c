/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker that reads what programs send can still do: nothing but move bytes. */
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "apart.h"
#include "base/memory.h"
#include "test.h"
#include "worker/wire.h"

/* The wait status of a child that gave up its rights and then does this; 0 = it lived. */
static int status_of_role(enum confine_role role, int (*act)(void))
{
    int status;
    pid_t child = fork();

    if (child == 0) {
        struct error err = ERROR_INIT;

        if (confine_limits(role, &err) < 0 || confine_thread(role, &err) < 0)
            _exit(99);
        _exit(act());
    }
    check_int(waitpid(child, &status, 0), child);
    return status;
}

static int status_of(int (*act)(void))
{
    return status_of_role(CONFINE_PARSER, act);
}

static int dial(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static int connect_what_it_has(void)
{
    return connect(1, NULL, 0) == 0;
}

static int take_connection(void)
{
    return accept4(1, NULL, NULL, 0) >= 0;
}

static int make_inet_pair(void)
{
    int pair[2];

    return socketpair(AF_INET, SOCK_STREAM, 0, pair) == 0;
}

static int make_process(void)
{
    return (int)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) > 0;
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

TEST(a_parser_that_dials_is_killed)
{
    static int (*const acts[])(void) = {dial, connect_what_it_has, take_connection, make_inet_pair, make_process, make_code};

    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        int status = status_of(acts[i]);

        check(WIFSIGNALED(status));
        check_int(WTERMSIG(status), SIGSYS);
    }
}

static int make_pair(void)
{
    int pair[2];

    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static int read_again(void)
{
    char byte;

    return pread(0, &byte, 1, 0) >= 0;
}

TEST(a_holder_that_makes_a_socket_of_any_kind_is_killed)
{
    static int (*const acts[])(void) = {dial,         connect_what_it_has, take_connection, make_inet_pair, make_pair,
                                        make_process, make_code,           read_again};

    for (size_t i = 0; i < ARRAY_COUNT(acts); i++) {
        int status = status_of_role(CONFINE_HOLDER, acts[i]);

        check(WIFSIGNALED(status));
        check_int(WTERMSIG(status), SIGSYS);
    }
}

static int open_file(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}

static int work(void)
{
    int pair[2];
    char byte = 'x';
    void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (memory == MAP_FAILED || getrandom(&byte, 1, 0) != 1 || getpid() <= 0)
        return 1;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0 || fcntl(pair[0], F_SETFL, O_NONBLOCK) < 0)
        return 2;
    if (send(pair[0], &byte, 1, MSG_NOSIGNAL) != 1 || recv(pair[1], &byte, 1, 0) != 1)
        return 3;
    return shutdown(pair[0], SHUT_WR) < 0 ? 4 : 0;
}

TEST(a_parser_moves_bytes_and_reads_no_file)
{
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their calls are not on the list */
#endif
    check_int(status_of(work), 0);
    check_int(status_of(open_file), 0);
}

/* It has what it was given before. */
static int work_on_pair(void)
{
    char byte = 'x';

    if (getrandom(&byte, 1, 0) != 1 || getpid() <= 0 || fcntl(0, F_SETFL, O_NONBLOCK) < 0)
        return 1;
    if (setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &(int){1}, sizeof(int)) < 0 && errno != EOPNOTSUPP)
        return 2;
    return send(0, &byte, 1, MSG_NOSIGNAL) != 1 || recv(1, &byte, 1, 0) != 1;
}

TEST(a_holder_moves_bytes_of_what_it_has_and_reads_no_file)
{
    int pair[2], kept[2] = {fcntl(0, F_DUPFD_CLOEXEC, 10), fcntl(1, F_DUPFD_CLOEXEC, 10)};

#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their calls are not on the list */
#endif
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    check(dup2(pair[0], 0) == 0 && dup2(pair[1], 1) == 1);
    check_int(status_of_role(CONFINE_HOLDER, work_on_pair), 0);
    check_int(status_of_role(CONFINE_HOLDER, open_file), 0);
    for (int i = 0; i < 2; i++) {
        dup2(kept[i], i);
        close(kept[i]);
        close(pair[i]);
    }
}

TEST(a_parser_has_more_memory_than_the_loop_and_an_end_to_it)
{
    static const struct {
        enum confine_role role;
        rlim_t bytes;
    } rows[] = {{CONFINE_MAIN, 64 << 20}, {CONFINE_PARSER, 192 << 20}, {CONFINE_HOLDER, 192 << 20}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        pid_t child = fork();
        int status;

        if (child == 0) {
            struct error err = ERROR_INIT;
            struct rlimit limit;

            _exit(confine_limits(rows[i].role, &err) < 0 || getrlimit(RLIMIT_DATA, &limit) < 0 ||
                  limit.rlim_max != rows[i].bytes);
        }
        check_int(waitpid(child, &status, 0), child);
        check_int(status, 0);
    }
}

static int look_around(void)
{
    struct error err = ERROR_INIT;
    uid_t uid = getuid();

    if (confine_apart(&err) < 0)
        return 1;
    return access("/etc", F_OK) == 0 || getuid() != uid || socket(AF_INET, SOCK_STREAM, 0) < 0 ? 2 : 0;
}

/* With unshare() of these refused. */
static int status_without(int flags, int (*act)(void))
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        apart_forbid(flags);
        _exit(act());
    }
    check_int(waitpid(child, &status, 0), child);
    return status;
}

TEST(namespaces_of_its_own_hold_nothing)
{
    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    check_int(status_without(CLONE_NEWTIME, look_around), 0);
}

TEST(whoever_has_the_rights_needs_no_user_namespace_for_them)
{
    if (!apart_may(CLONE_NEWNS | CLONE_NEWNET))
        test_skip("root");
    check_int(status_without(CLONE_NEWUSER, look_around), 0);
}

static const char *wanted;

/* Its text is to be seen whole by who started it. */
static int be_refused(void)
{
    struct worker_message message;
    struct error err = ERROR_INIT;

    return confine_apart(&err) == -EPERM && err.kind == ERROR_UNENFORCEABLE && strstr(err.text, wanted) &&
                   strstr(err.text, "permit user namespaces to cordon-inspector") && strlen(err.text) < sizeof(message.where)
               ? 0
               : 1;
}

TEST(without_them_it_is_refused_with_the_remedy)
{
    static const struct {
        int flags;
        const char *text;
    } rows[] = {
        {CLONE_NEWUSER | CLONE_NEWNS, "and may not make one"},
        {CLONE_NEWNS, "and has no rights in one"},
        {CLONE_NEWNET, "and has no rights in one"},
    };

    if (!apart_may(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET))
        test_skip("userns");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        wanted = rows[i].text;
        check_int(status_without(rows[i].flags, be_refused), 0);
    }
}
