/* SPDX-License-Identifier: Apache-2.0 */
/* The relay: every byte, in order, counted; and never blocked by its reader. */
#include "sdk/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "test.h"

struct pipes {
    int program; /* the program's end */
    int reader;  /* the caller's end */
    struct relay relay;
};

static void open_pipes(struct pipes *pipes)
{
    struct error err = ERROR_INIT;
    int in[2], out[2];

    check_int(pipe2(in, O_CLOEXEC), 0);
    check_int(pipe2(out, O_CLOEXEC), 0);
    check_int(fcntl(out[1], F_SETFL, O_NONBLOCK), 0);
    check_int(relay_open(&pipes->relay, in[0], out[1], NULL, &err), 0);
    pipes->program = in[1];
    pipes->reader = out[0];
}

static void close_pipes(struct pipes *pipes)
{
    fd_close_at(&pipes->program);
    fd_close_at(&pipes->reader);
    relay_close(&pipes->relay);
}

TEST(bytes_pass_unchanged_and_are_counted)
{
    struct error err = ERROR_INIT;
    struct pipes pipes;
    uint64_t counted = 0;
    char got[8] = "";

    open_pipes(&pipes);
    check_int(file_write_all(pipes.program, "a\0b\377", 4), 0);
    check_int(relay_step(&pipes.relay, 0, &counted, false, &err), 0);
    check_int(counted, 4);
    check_int(read(pipes.reader, got, sizeof(got)), 4);
    check(memcmp(got, "a\0b\377", 4) == 0);
    check(!relay_is_done(&pipes.relay));
    close(take_fd(pipes.program));
    check_int(relay_step(&pipes.relay, 0, &counted, false, &err), 0);
    check(relay_is_done(&pipes.relay));
    check_int(read(pipes.reader, got, sizeof(got)), 0); /* the end, before anything is freed */
    close_pipes(&pipes);
}

TEST(what_is_beyond_the_limit_is_dropped_and_reported)
{
    struct error err = ERROR_INIT;
    struct pipes pipes;
    uint64_t counted = 0;
    char got[8] = "";

    open_pipes(&pipes);
    check_int(file_write_all(pipes.program, "123", 3), 0);
    check_int(relay_step(&pipes.relay, 5, &counted, false, &err), 0);
    check_int(file_write_all(pipes.program, "45", 2), 0);
    check_int(relay_step(&pipes.relay, 5, &counted, false, &err), 0); /* exactly the limit */
    check_int(file_write_all(pipes.program, "6", 1), 0);
    check_int(relay_step(&pipes.relay, 5, &counted, false, &err), 1);
    check_int(read(pipes.reader, got, sizeof(got)), 5);
    check(memcmp(got, "12345", 5) == 0);
    check(pipes.relay.is_incomplete);
    close_pipes(&pipes);
}

TEST(a_reader_that_stands_still_blocks_nothing_and_loses_nothing)
{
    static char block[32768], all[512 * 1024];
    struct error err = ERROR_INIT;
    struct pipes pipes;
    uint64_t counted = 0;
    size_t written = 0, got = 0;

    open_pipes(&pipes);
    check_int(fcntl(pipes.program, F_SETFL, O_NONBLOCK), 0);
    for (;;) {
        ssize_t wrote;

        memset(block, 'a' + (int)(written / sizeof(block) % 26), sizeof(block));
        wrote = write(pipes.program, block, sizeof(block));
        if (wrote < 0)
            break;
        written += (size_t)wrote;
        check_int(relay_step(&pipes.relay, 0, &counted, false, &err), 0);
    }
    check_int(errno, EAGAIN);
    check(written > 65536);
    check(pipes.relay.held > 0);
    close(take_fd(pipes.program));
    check_int(fcntl(pipes.reader, F_SETFL, O_NONBLOCK), 0);
    while (!relay_is_done(&pipes.relay) || got < written) {
        ssize_t step = read(pipes.reader, all + got, sizeof(all) - got);

        check(step > 0);
        got += (size_t)step;
        check_int(relay_step(&pipes.relay, 0, &counted, false, &err), 0);
    }
    check_int(got, written);
    check_int(counted, written);
    for (size_t i = 0; i < got; i++)
        check_int(all[i], 'a' + (int)(i / sizeof(block) % 26));
    close_pipes(&pipes);
}

/* What holds bytes back is waited for by epoll, which knows no files. */
TEST(a_file_takes_everything_at_once)
{
    static char bytes[1 << 21];
    char path[] = "/tmp/cordon-test-relay.XXXXXX";
    struct error err = ERROR_INIT;
    struct relay relay = RELAY_INIT;
    uint64_t counted = 0;
    int from = test_make_file(path), to;

    check(from >= 0);
    check_int(unlink(path), 0);
    to = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    check_int(file_write_all(from, bytes, sizeof(bytes)), 0);
    check_int(lseek(from, 0, SEEK_SET), 0);
    check_int(relay_open(&relay, from, to, NULL, &err), 0);
    while (!relay_is_done(&relay)) {
        check_int(relay_step(&relay, 0, &counted, false, &err), 0);
        check_int(relay.held, 0);
    }
    check_int(counted, sizeof(bytes));
    relay_close(&relay);
}

TEST(a_reader_that_has_gone_closes_the_programs_pipe)
{
    struct error err = ERROR_INIT;
    struct pipes pipes;
    uint64_t counted = 0;

    open_pipes(&pipes);
    close(take_fd(pipes.reader));
    check_int(file_write_all(pipes.program, "x", 1), 0);
    check_int(relay_step(&pipes.relay, 0, &counted, false, &err), 0); /* and no SIGPIPE here */
    check(relay_is_done(&pipes.relay));
    check(pipes.relay.is_incomplete);
    close_pipes(&pipes);
}

TEST(a_capture_keeps_its_maximum_and_says_that_there_was_more)
{
    struct error err = ERROR_INIT;
    struct capture capture = {.max = 4};
    struct relay relay = RELAY_INIT;
    uint64_t counted = 0;
    int in[2];

    check_int(pipe2(in, O_CLOEXEC), 0);
    check_int(relay_open(&relay, in[0], -1, &capture, &err), 0);
    check_int(file_write_all(in[1], "1234", 4), 0);
    check_int(relay_step(&relay, 0, &counted, false, &err), 0);
    check(!relay.is_incomplete);
    check_int(file_write_all(in[1], "5", 1), 0);
    check_int(relay_step(&relay, 0, &counted, false, &err), 0);
    check(relay.is_incomplete);
    check_string(capture.data, "1234");
    check_int(counted, 5);
    relay_close(&relay);
    mem_free(capture.data);
    close(in[1]);
}

TEST(a_pipe_that_somebody_outside_still_holds_ends_with_the_container)
{
    struct error err = ERROR_INIT;
    struct pipes pipes;
    uint64_t counted = 0;
    char got[4];

    open_pipes(&pipes);
    check_int(file_write_all(pipes.program, "x", 1), 0);
    check_int(relay_step(&pipes.relay, 0, &counted, true, &err), 0);
    check(relay_is_done(&pipes.relay));
    check_int(read(pipes.reader, got, sizeof(got)), 1);
    close_pipes(&pipes);
}
