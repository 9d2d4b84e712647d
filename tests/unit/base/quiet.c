/* SPDX-License-Identifier: Apache-2.0 */
/* Writing to descriptors of others: no signal reaches the process, no reader stops it for good. */
#include "base/quiet.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

static int is_pipe_signal_pending(void)
{
    sigset_t pending;

    check_int(sigpending(&pending), 0);
    return sigismember(&pending, SIGPIPE);
}

TEST(a_reader_that_left_is_an_error_and_no_signal)
{
    int ends[2];

    check_int(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    check_int(quiet_write(ends[1], "x", 1), -EPIPE);
    check_int(quiet_write_all(ends[1], "x", 1, 1000), -EPIPE);
    check_int(is_pipe_signal_pending(), 0);
    close(ends[1]);
}

TEST(a_signal_that_was_pending_before_is_left_alone)
{
    sigset_t pipe_only;
    int ends[2];

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    check_int(sigprocmask(SIG_BLOCK, &pipe_only, NULL), 0);
    check_int(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    raise(SIGPIPE);
    check_int(quiet_write(ends[1], "x", 1), -EPIPE);
    check_int(is_pipe_signal_pending(), 1);
    close(ends[1]);
}

TEST(a_reader_that_stands_still_is_waited_for_only_so_long)
{
    static char content[1 << 20];
    int ends[2];

    check_int(pipe2(ends, O_CLOEXEC), 0);
    check_int(quiet_write_all(ends[1], content, sizeof(content), 20), -ETIMEDOUT);
    close(ends[0]);
    close(ends[1]);
}

TEST(everything_reaches_a_reader_that_is_slow)
{
    static char content[300000];
    int ends[2], status;
    pid_t reader;

    check_int(pipe2(ends, O_CLOEXEC), 0);
    reader = fork();
    if (reader == 0) {
        char piece[777];
        size_t total = 0;
        ssize_t got;

        close(ends[1]);
        while ((got = read(ends[0], piece, sizeof(piece))) > 0)
            total += (size_t)got;
        _exit(total == sizeof(content) ? 0 : 1);
    }
    check(reader > 0);
    close(ends[0]);
    check_int(quiet_write_all(ends[1], content, sizeof(content), 10000), 0);
    close(ends[1]);
    check_int(waitpid(reader, &status, 0), reader);
    check_int(status, 0);
}
