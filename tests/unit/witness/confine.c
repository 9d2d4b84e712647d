/* SPDX-License-Identifier: Apache-2.0 */
/* What is left to a witness or a submitter that somebody took over; each attempt succeeds without confinement. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "witness/confine.h"

enum who { NOBODY, A_WITNESS, A_SUBMITTER };

static int confine_as(enum who who, const char *directory, struct error *err)
{
    int status = who == NOBODY ? 0 : witness_confine(directory, NULL, who == A_SUBMITTER, err);

    if (status < 0 || who == NOBODY)
        return status;
    return who == A_WITNESS ? witness_shut_calls(err) : submit_shut_calls(err);
}

/* What the child returns, or -signal. */
static int in_child(int (*attempt)(void), enum who who)
{
    char directory[] = "/tmp/test-witness-XXXXXX";
    int status;
    pid_t pid;

    check(test_make_directory(directory) != NULL);
    pid = fork();
    if (pid == 0) {
        struct error err = ERROR_INIT;

        if (confine_as(who, directory, &err) < 0)
            _exit(99);
        _exit(attempt());
    }
    check(waitpid(pid, &status, 0) == pid);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

/* 0 = it could be done. */
static int read_passwd(void)
{
    return openat(AT_FDCWD, "/etc/passwd", O_RDONLY | O_CLOEXEC) < 0;
}

static int write_elsewhere(void)
{
    int fd = openat(AT_FDCWD, "/tmp/test-witness-elsewhere", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        unlinkat(AT_FDCWD, "/tmp/test-witness-elsewhere", 0);
    return fd < 0;
}

static int make_process(void)
{
    pid_t pid = fork();

    if (pid == 0)
        _exit(0);
    return pid < 0;
}

static int execute(void)
{
    execl("/bin/true", "true", NULL);
    return 1;
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED;
}

static int make_local_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0;
}

static int send_signal(void)
{
    return kill(getppid(), 0) < 0;
}

static int make_socket(void)
{
    return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0;
}

static int listen_somewhere(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    return fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 1) < 0;
}

static void *nothing(void *context)
{
    return context;
}

static int make_thread(void)
{
    pthread_t thread;

    return pthread_create(&thread, NULL, nothing, NULL) != 0 || pthread_join(thread, NULL) != 0;
}

static void check_refused(int (*const *attempts)(void), size_t count, enum who who)
{
    for (size_t i = 0; i < count; i++) {
        int free_status = in_child(attempts[i], NOBODY), confined = in_child(attempts[i], who);

        if (free_status != 0)
            test_fail(__FILE__, __LINE__, "attempt %zu does not succeed unconfined either: %d", i, free_status);
        if (confined == 0 || confined == 99)
            test_fail(__FILE__, __LINE__, "attempt %zu: %d", i, confined);
    }
}

TEST(nothing_but_its_directory_and_its_connections_is_left_to_a_witness)
{
    static int (*const attempts[])(void) = {read_passwd, write_elsewhere, make_process, execute, make_code, make_local_socket, send_signal, make_socket, listen_somewhere, make_thread};

    check_refused(attempts, ARRAY_COUNT(attempts), A_WITNESS);
}

TEST(a_submitter_has_its_directory_and_makes_connections_and_no_more)
{
    static int (*const attempts[])(void) = {read_passwd, write_elsewhere, make_process, execute, make_code, make_local_socket, send_signal, listen_somewhere};

    check_refused(attempts, ARRAY_COUNT(attempts), A_SUBMITTER);
}

/* libcurl asks for names in a thread. */
TEST(a_submitter_still_makes_threads_and_sockets)
{
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers"); /* their calls are not on the list */
#endif
    check_int(in_child(make_thread, A_SUBMITTER), 0);
    check_int(in_child(make_socket, A_SUBMITTER), 0);
}

TEST(what_a_submitter_does_not_get_is_an_error_and_not_its_end)
{
#if defined(CORDON_SANITIZED)
    test_skip("a build without sanitizers");
#endif
    check_int(in_child(make_process, A_SUBMITTER), 1);
    check_int(in_child(make_code, A_SUBMITTER), 1);
    check_int(in_child(make_process, A_WITNESS), -SIGSYS);
    check_int(in_child(make_code, A_WITNESS), -SIGSYS);
}
